"""Sheets that only the shop can write: prices and stock, declarations, waybills."""

import datetime as dt

import pytest
from django.urls import reverse
from oscar.core.loading import get_model

from logistics.models import Shipment
from shop import orders
from shop.listing import band
from shop.listing.models import PriceChange, StockChange
from shop.models import SaleLine
from shop.preorders import actions as preorders
from shop.tasks import sweep_now
from suppliers import actions
from suppliers.base import days
from suppliers.base.sheets import read
from suppliers.models import SheetImport, SupplyDeclaration
from suppliers.sheets import engine

from .. import factories as make
from ..suppliers.test_sheet_imports import press, send, template_of
from ..suppliers.test_sheets import book

pytestmark = pytest.mark.django_db

StockRecord = get_model("partner", "StockRecord")


@pytest.fixture
def pack():
    make.make_carriers()
    return make.make_pack(price_fen=8_800, in_stock=100)


@pytest.fixture
def own(pack, client):
    client.force_login(make.make_user(cooperative=pack.produce.cooperative))
    return pack.produce.cooperative


def exported(client, code: str) -> list[list]:
    return read(client.get(reverse("suppliers:sheet_export", args=[code])).content)[0].rows


def stock_of(pack):
    return StockRecord.objects.get(product=pack.pk)


def test_prices_and_stock_are_changed_by_an_export_that_was_edited_and_taken_back(client, own, pack):
    headings, row = exported(client, "products")
    assert row[:1] + row[2:] == [pack.sku, 88.0, 100.0, 100.0, ""]
    row[2], row[3] = "９２.５元", 120.0
    sheet = send(client, "products", book(headings, row))
    assert engine.plan_of(sheet)[0]["changes"] == [["售价", "88.00 元", "92.50 元"], ["库存", "100", "120"]]
    press(client, "sheet_write", sheet)
    assert (str(stock_of(pack).price), stock_of(pack).num_in_stock) == ("92.50", 120)
    press(client, "sheet_take_back", sheet)
    assert (str(stock_of(pack).price), stock_of(pack).num_in_stock) == ("88.00", 100)
    # Each change has its row, as on the product's page.
    assert list(PriceChange.objects.values_list("old_fen", "new_fen")) == [(8_800, 9_250), (9_250, 8_800)]
    assert list(StockChange.objects.values_list("kind", "delta", "left")) == [("found", 20, 120), ("missing", -20, 100)]
    assert None not in PriceChange.objects.values_list("by", flat=True)


def test_a_price_outside_what_the_county_expects_wants_its_reason(client, own, pack, monkeypatch):
    # 92.50 yuan for 5 jin are 18.50 a jin.
    monkeypatch.setattr(band, "reference_band", lambda *_: (500, 1_800))
    headings, row = exported(client, "products")
    row[2] = 92.5
    assert [error["name"] for error in send(client, "products", book(headings, row)).errors] == ["price_reason"]
    row[5] = "今年果子大"
    press(client, "sheet_write", send(client, "products", book(headings, row)))
    assert PriceChange.objects.get().reason == "今年果子大"


def test_what_was_sold_since_the_export_is_not_put_back_on_the_shelf(client, own, pack):
    headings, row = exported(client, "products")
    make.sell((pack, 30), on=days.today())
    assert stock_of(pack).num_in_stock == 70
    # She changes the price alone: 100 is what the export said, no count of hers.
    sheet = send(client, "products", book(headings, [*row[:2], 90.0, *row[3:]]))
    press(client, "sheet_write", sheet)
    assert (str(stock_of(pack).price), stock_of(pack).num_in_stock) == ("90.00", 70)
    # A count that was made from what is no longer so is refused.
    wrong = send(client, "products", book(headings, [*row[:3], 110.0, row[4]]))
    assert "100 变成了 70" in wrong.errors[0]["say"]


def test_stock_does_not_fall_below_what_is_sold_and_not_sent(client, own, pack):
    make.pay(make.place_order((pack, 10)))
    headings, row = exported(client, "products")
    wrong = send(client, "products", book(headings, [*row[:3], 9.0, row[4]]))
    assert "10 件卖了还没发" in wrong.errors[0]["say"]
    assert send(client, "products", book(headings, [*row[:3], 10.0, row[4]])).counts["changed"] == 1


def test_another_cooperatives_product_is_not_found_by_its_code(client, own, pack):
    other = make.make_pack()
    sheet = send(client, "products", template_of(client, "products", (other.sku, "", 1, 1, "")))
    assert [error["name"] for error in sheet.errors] == ["sku"]


def harvest(g_jin, starts_in: int = 10, *, produce: str = "核桃") -> tuple:
    starts_on = days.today() + dt.timedelta(days=starts_in)
    return (produce, "", g_jin, starts_on, starts_on + dt.timedelta(days=20), "", "", "")


def test_a_declaration_is_made_replaced_and_the_earlier_one_holds_again_when_it_is_taken_back(client, own, pack):
    first = send(client, "declarations", template_of(client, "declarations", harvest(20_000)))
    press(client, "sheet_write", first)
    declared = SupplyDeclaration.objects.get()
    assert (declared.g, declared.replaced_by) == (10_000_000, None)
    second = send(client, "declarations", template_of(client, "declarations", harvest("8吨")))
    assert engine.plan_of(second)[0]["changes"] == [["重量", "10000 公斤", "8000 公斤"]]
    press(client, "sheet_write", second)
    declared.refresh_from_db()
    assert declared.replaced_by.g == 8_000_000
    assert send(client, "declarations", book(*exported(client, "declarations"))).counts["same"] == 1
    press(client, "sheet_take_back", first)
    assert first.state == "applied"  # it was replaced
    press(client, "sheet_take_back", second)
    assert SupplyDeclaration.objects.get().replaced_by is None


def test_what_a_sheet_does_not_ask_for_stays_as_it_was_declared(client, own, pack):
    starts_on = days.today() + dt.timedelta(days=10)
    said = {"produce": pack.produce, "starts_on": starts_on, "ends_on": starts_on + dt.timedelta(days=20)}
    declared = actions.declare_supply(
        **said,
        g=10_000_000,
        variety="香玲",
        mu_hundredths=10_000,
        trees=2_000,
        unusual_why="大年",
        confidence="certain",
    )
    actions.call_off_supply(declaration=actions.declare_supply(**said, g=1_000))
    headings, row = exported(client, "declarations")
    assert row[7] == "香玲"
    press(client, "sheet_write", send(client, "declarations", book(headings, [*row[:2], 18_000, *row[3:]])))
    now = SupplyDeclaration.objects.standing().get()
    assert (now.g, now.replaces, now.variety, now.mu_hundredths, now.trees) == (
        9_000_000, declared, "香玲", 10_000, 2_000
    )  # fmt: skip
    assert (now.unusual_why, now.confidence) == ("大年", "certain")
    # So much from so few trees cannot be, whoever writes it.
    wrong = send(client, "declarations", book(headings, [*row[:2], "9000吨", *row[3:]]))
    assert [error["name"] for error in wrong.errors] == ["g"]


def test_pre_sales_follow_what_a_sheet_declares(client, own, pack):
    press(client, "sheet_write", send(client, "declarations", template_of(client, "declarations", harvest(4_000))))
    ships_from = days.today() + dt.timedelta(days=10)
    # 2,000 kg in 21 days are 666.6 kg in the week; half of it in boxes of 2.5 kg are 133.
    presale = preorders.open_presale(
        of=pack, ships_from=ships_from, closes_at=days.now() + dt.timedelta(days=5), price_fen=9_000
    )
    assert presale.quota == 133
    less = send(client, "declarations", template_of(client, "declarations", harvest(2_000)))
    press(client, "sheet_write", less)
    presale.refresh_from_db()
    assert presale.quota == 66
    press(client, "sheet_take_back", less)
    assert less.state == "applied"  # buyers order from it


def test_waybills_ship_what_is_filled_in_and_leave_the_rest(client, own, pack):
    make.make_lot(pack.produce, make.make_household(own), g=50_000)
    placed = [make.place_order((pack, 1)) for _n in range(3)]
    for order in placed:
        make.pay(order)
    headings, *rows = exported(client, "waybills")
    assert [row[2] for row in rows] == ["泰安市"] * 3
    rows[0][3:9] = ["SF 顺丰速运", "sf 1234 5678", 3.0, 12, "", ""]
    rows[1][3:9] = ["顺丰", "SF87654321", "", "", "", days.today()]
    sheet = send(client, "waybills", book(headings, *rows))
    assert (sheet.counts["new"], sheet.counts["skipped"]) == (2, 1), sheet.errors
    press(client, "sheet_write", sheet)
    assert sheet.state == "applied", sheet.notice
    first, second = Shipment.objects.order_by("waybill")
    assert (first.waybill, first.gross_g, first.freight_fen) == ("SF12345678", 3_000, 1_200)
    assert (second.waybill, second.gross_g, second.freight_fen) == ("SF87654321", 2_650, 0)
    # Sent in again as it was edited, nothing is shipped twice; what left cannot be taken back.
    again = send(client, "waybills", book(headings, *rows, ["合计"]))
    assert (again.counts["new"], again.counts["same"], again.counts["wrong"]) == (0, 2, 0)
    press(client, "sheet_take_back", sheet)
    assert (sheet.state, Shipment.objects.count()) == ("applied", 2)


def test_a_waybill_ships_all_that_is_left_of_a_consignment_that_left_in_part(client, own, pack):
    other = make.make_pack(produce=pack.produce)
    order = make.place_order((pack, 1), (other, 1))
    make.pay(order)
    first, left = SaleLine.objects.filter(sale=order.pk).order_by("pk")
    dispatching = orders.Dispatching(
        consignment=order.consignments.get(),
        carrier_code="SF",
        waybill="SF12345678",
        freight_fen=0,
        at=days.now(),
        line_ids=[first.pk],
    )
    orders.dispatch(dispatching=[dispatching])
    headings, row = exported(client, "waybills")
    assert row[1].count("×") == 1
    row[3:9] = ["SF", "SF12345678", "", "", "", ""]
    assert send(client, "waybills", book(headings, row)).counts["same"] == 1
    row[4] = "SF12345679"
    sheet = send(client, "waybills", book(headings, row))
    press(client, "sheet_write", sheet)
    assert sheet.state == "applied", sheet.notice
    second = Shipment.objects.get(waybill="SF12345679")
    assert (second.gross_g, list(second.lines.values_list("line", flat=True))) == (left.gross_g, [left.pk])
    assert order.consignments.get().state == "dispatched"


def test_a_waybill_that_cannot_be_is_named_and_nothing_is_shipped(client, own, pack):
    for _n in range(2):
        make.pay(make.place_order((pack, 1)))
    headings, *rows = exported(client, "waybills")
    rows[0][3:9] = ["SF", "SF12345678", "", "", "", ""]
    rows[1][3:9] = ["马帮", "SF12345678", 0.1, "", "", ""]
    stranger = ["C9-999", "", "", "SF", "SF12345679", "", "", "", ""]
    sheet = send(client, "waybills", book(headings, *rows, stranger))
    assert {(error["row"], error["name"]) for error in sheet.errors} == {(3, "carrier"), (4, "consignment_no")}
    rows[1][3] = "顺丰"
    sheet = send(client, "waybills", book(headings, *rows))
    assert {(error["row"], error["name"]) for error in sheet.errors} == {(3, "gross_g"), (3, "waybill")}
    assert Shipment.objects.count() == 0


def test_a_waybill_that_another_cooperative_used_sends_the_sheet_back(client, own, pack):
    other = make.make_pack()
    order = make.place_order((other, 1))
    make.pay(order)
    (shipment,) = make.dispatch(order, on=days.today())
    make.pay(make.place_order((pack, 1)))
    headings, row = exported(client, "waybills")
    row[3:9] = ["SF", shipment.waybill, "", "", "", ""]
    sheet = send(client, "waybills", book(headings, row))
    press(client, "sheet_write", sheet)
    assert (sheet.state, Shipment.objects.count()) == ("checked", 1)
    assert "运单" in sheet.notice


def test_the_sweep_finishes_what_no_worker_was_rung_for(client, own, pack, monkeypatch):
    monkeypatch.setattr(engine, "ROWS_AT_ONCE", 0)
    sheet = send(client, "declarations", template_of(client, "declarations", harvest(20_000)))
    assert sheet.state == "mapped"
    assert sweep_now()["sheets checked or written"] == 1
    press(client, "sheet_write", sheet)
    assert sheet.state == "confirmed"
    sweep_now()
    assert SheetImport.objects.get().state == "applied"
