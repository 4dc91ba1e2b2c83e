"""The packing table: what to fetch from which lots, what is printed for whom, goods that leave in parts, money that is due."""

import datetime as dt

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from logistics.models import Consignment, Shipment
from shop import orders
from shop.invariants import violations
from shop.models import Remittance, SaleLine
from shop.packing import actions, money, picking
from suppliers.models import PurchaseLot
from tests import factories as f

pytestmark = pytest.mark.django_db
MARCH = dt.date(2019, 3, 5)


@pytest.fixture
def cooperative():
    return f.make_cooperative()


@pytest.fixture
def walnuts(cooperative):
    """Boxes of 2.5 kg net, 2.65 kg gross, of one produce."""
    return f.make_pack(f.make_produce(cooperative))


@pytest.fixture
def honey(cooperative):
    return f.make_pack(
        f.make_produce(cooperative, code="FM01", name="土蜂蜜"), spec="1公斤装", net_g=1_000, gross_g=1_350
    )


def paid_order(*wares, **fields):
    order = f.place_order(*wares, **fields)
    f.pay(order)
    return order


def leave(order, *, lines=None, waybill: str, **fields):
    f.make_carriers()
    consignment = order.consignments.get()
    return orders.dispatch(
        dispatching=[
            orders.Dispatching(
                consignment=consignment,
                carrier_code="SF",
                waybill=waybill,
                freight_fen=1_000,
                at=orders.days.now(),
                line_ids=lines,
                **fields,
            )
        ]
    )[0]


# ── What to fetch ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_pick_list_takes_from_the_lots_that_dispatch_will_draw_from(cooperative, walnuts):
    today = orders.days.today()
    household = f.make_household(cooperative)
    older = f.make_lot(walnuts.produce, household, g=4_000, bought_on=today - dt.timedelta(days=9))
    newer = f.make_lot(walnuts.produce, household, g=5_000, bought_on=today - dt.timedelta(days=2))
    first, second = paid_order((walnuts, 1)), paid_order((walnuts, 3))
    (fetch,) = picking.pick(picking.to_ship(cooperative), on=today)
    # 4 boxes of 2.5 kg: 4 kg of the older lot, 5 kg of the newer one, 1 kg that nobody has a slip for
    assert (fetch.boxes, fetch.g, fetch.missing_g) == ([(f"{walnuts.product.title}", 4)], 10_000, 1_000)
    assert [(take.lot_no, take.g) for take in fetch.takes] == [
        (older.lot_no, 4_000),
        (newer.lot_no, 5_000),
        ("", 1_000),
    ]
    leave(first, waybill="SF00000001")
    leave(second, waybill="SF00000002")
    older.refresh_from_db()
    newer.refresh_from_db()
    assert (older.drawn_g, newer.drawn_g) == (4_000, 5_000)
    assert picking.pick(picking.to_ship(cooperative), on=today) == []


def test_the_packing_page_asks_as_often_for_one_consignment_as_for_ten(client, cooperative, walnuts, honey):
    client.force_login(f.make_user(cooperative=cooperative))

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get("/cooperative/packing/").status_code == 200
        return len(caught)

    paid_order((walnuts, 1), (honey, 1))
    queries()
    one = queries()
    for _n in range(9):
        paid_order((walnuts, 1), (honey, 2))
    assert queries() == one


# ── Paper ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_slips_and_labels_are_printed_for_one_for_several_and_for_none_of_others(client, cooperative, walnuts):
    order, another = paid_order((walnuts, 2)), paid_order((walnuts, 1))
    numbers = [one.consignments.get().consignment_no for one in (order, another)]
    client.force_login(f.make_user(cooperative=cooperative))
    for name in ("slips", "labels"):
        for query in ("", f"?c={numbers[0]}", f"?c={numbers[0]}&c={numbers[1]}"):
            answer = client.get(f"/cooperative/packing/{name}.pdf{query}")
            assert answer.content.startswith(b"%PDF")
            assert "no-store" in answer["Cache-Control"]
    assert client.get("/cooperative/packing/list.pdf").content.startswith(b"%PDF")
    client.force_login(f.make_user(cooperative=f.make_cooperative()))
    assert client.get(f"/cooperative/packing/labels.pdf?c={numbers[0]}").status_code == 302  # nothing to print


def test_a_label_is_for_a_box_and_carries_the_code_that_its_shipment_gets(cooperative, walnuts, honey, monkeypatch):
    from shop.packing import sheets
    from suppliers.base import paper

    said = {}
    monkeypatch.setattr(paper, "pdf", lambda source, **data: said.update(data) or b"%PDF")
    order = paid_order((walnuts, 2), (honey, 1))
    sheets.labels(picking.to_ship(cooperative), address_of=lambda code: f"https://shop.example/trace/{code}/")
    code = order.consignments.get().next_trace_code
    assert [(label["box"], label["code"], label["name"]) for label in said["labels"]] == [
        ("1/3", code, "王女士"),
        ("2/3", code, "王女士"),
        ("3/3", code, "王女士"),
    ]
    sheets.slips(picking.to_ship(cooperative), address_of=lambda code: code)
    # Whoever opens the box on its way reads no name.
    assert said["slips"][0]["receiver"] == "王*士 138****0001"
    assert leave(order, waybill="SF00000001").trace_code == code


def test_the_receiver_is_masked_thirty_days_after_the_parcel_left_and_gone_when_it_has_come(cooperative, walnuts):
    with time_machine.travel(dt.datetime(2026, 3, 1, 4, tzinfo=dt.UTC), tick=False):
        order = paid_order((walnuts, 1))
        shipment = leave(order, waybill="SF00000001")
    consignment = Consignment.objects.get(order=order)
    left = dt.date(2026, 3, 1)
    assert picking.contact_of(consignment, on=left + dt.timedelta(days=30)).name == "王女士"
    late = picking.contact_of(consignment, on=left + dt.timedelta(days=31))
    assert (late.name, late.mobile, late.address) == ("王*士", "138****0001", "山东省 泰安市")
    orders.receive(shipments=[shipment], on=left, how=Shipment.Receipt.BUYER)
    assert picking.contact_of(Consignment.objects.get(order=order), on=left) is None


# ── In parts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_goods_leave_in_parts_and_the_freight_the_buyer_paid_sums_to_what_was_paid(cooperative, walnuts, honey):
    order = paid_order((walnuts, 2), (honey, 1))  # 5.3 kg and 1.35 kg gross
    nuts, pot = SaleLine.objects.filter(sale=order.sale).order_by("pk")
    first = leave(order, lines=[pot.pk], waybill="SF00000001")
    consignment = order.consignments.get()
    assert consignment.state == Consignment.State.TO_SHIP
    assert consignment.next_trace_code != first.trace_code
    order.refresh_from_db()
    assert order.status == orders.PAID
    assert not orders.cancel(order=order, reason="too late")
    second = leave(order, waybill="SF00000002")
    assert [second.shipment_no[-2:], second.net_g] == ["-2", 5_000]
    paid = order.sale.freight_fen
    # By gross weight, largest remainder: 1.35 of 6.65 kg
    assert abs(first.buyer_paid_freight_fen * 6_650 - paid * 1_350) <= 6_650
    assert first.buyer_paid_freight_fen + second.buyer_paid_freight_fen == paid
    order.refresh_from_db()
    assert (order.consignments.get().state, order.status) == (Consignment.State.DISPATCHED, orders.DISPATCHED)
    today = orders.days.today()
    orders.receive(shipments=[first], on=today, how=Shipment.Receipt.BUYER)
    assert order.consignments.get().state == Consignment.State.DISPATCHED
    orders.receive(shipments=[second], on=today, how=Shipment.Receipt.BUYER)
    order.sale.refresh_from_db()
    assert (order.consignments.get().state, order.sale.recognised_on) == (Consignment.State.RECEIVED, today)
    assert list(violations()) == []
    assert nuts.pk != pot.pk


def test_a_line_that_has_left_does_not_leave_again(walnuts, honey):
    order = paid_order((walnuts, 1), (honey, 1))
    line = SaleLine.objects.filter(sale=order.sale).first()
    leave(order, lines=[line.pk], waybill="SF00000001")
    with pytest.raises(ValidationError, match="已经发走"):
        leave(order, lines=[line.pk], waybill="SF00000002")
    with pytest.raises(ValidationError):
        leave(order, lines=[], waybill="SF00000003")
    assert Shipment.objects.count() == 1


def test_when_the_rest_is_given_back_the_consignment_is_where_its_parcels_are(walnuts, honey):
    order = paid_order((walnuts, 1), (honey, 1))
    nuts, pot = SaleLine.objects.filter(sale=order.sale).order_by("pk")
    sent = leave(order, lines=[nuts.pk], waybill="SF00000001")
    today = orders.days.today()
    f.give_back(order, on=today, g=1_000, fen=pot.goods_fen, line=pot.line)
    order.refresh_from_db()
    assert (order.consignments.get().state, order.status) == (Consignment.State.DISPATCHED, orders.DISPATCHED)
    orders.receive(shipments=[sent], on=today, how=Shipment.Receipt.BUYER)
    assert order.consignments.get().state == Consignment.State.RECEIVED
    assert list(violations()) == []


def test_parts_are_ticked_on_the_form_and_a_scan_leads_there_and_back(client, cooperative, walnuts, honey):
    f.make_carriers()
    order = paid_order((walnuts, 1), (honey, 1))
    nuts, pot = SaleLine.objects.filter(sale=order.sale).order_by("pk")
    consignment = order.consignments.get()
    client.force_login(f.make_user(cooperative=cooperative))
    answer = client.post(
        "/cooperative/packing/scan/", {"code": f"https://shop.example/trace/{consignment.next_trace_code.lower()}/"}
    )
    assert answer.url == f"/cooperative/consignments/{consignment.consignment_no}/ship/?scan=1"
    form = {"carried_by": "SF", "gross_kg": "2.7", "freight": "10", "on": str(orders.days.today())}
    answer = client.post(answer.url, form | {"waybill": "SF00000001", "lines": [str(nuts.pk)]})
    assert answer.url == "/cooperative/packing/scan/"
    assert Consignment.objects.get().state == Consignment.State.TO_SHIP
    answer = client.post(
        f"/cooperative/consignments/{consignment.consignment_no}/ship/", form | {"waybill": "SF00000002"}
    )
    assert answer.status_code == 302
    assert Consignment.objects.get().state == Consignment.State.DISPATCHED
    answer = client.post("/cooperative/packing/scan/", {"code": consignment.consignment_no})
    assert "不用发货" in answer.content.decode()
    client.force_login(f.make_user(cooperative=f.make_cooperative()))
    answer = client.post("/cooperative/packing/scan/", {"code": consignment.consignment_no})
    assert "没有这个码" in answer.content.decode()
    assert pot.pk


# ── Money ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_due_is_what_was_sold_less_refunds_with_the_freight_less_what_was_sent(cooperative, walnuts):
    order = f.sell((walnuts, 2), on=MARCH)  # 2 × 88.00
    f.give_back(order, on=dt.date(2019, 4, 2), g=250, fen=880)
    paid_order((walnuts, 1))  # paid, not received
    other = f.sell((f.make_pack(), 1), on=MARCH)
    Shipment.objects.filter(consignment__order=order).update(buyer_paid_freight_fen=1_200)
    found = money.balance(cooperative)
    # 176.00 − 8.80 + 12.00
    assert (found.sold_fen, found.refunded_fen, found.freight_fen, found.due_fen) == (17_600, 880, 1_200, 17_920)
    assert found.on_the_way_fen == 8_800
    actions.remit(cooperative=cooperative, amount_fen=10_000, remitted_on=MARCH, reference="R-1", by=None)
    assert money.balance(cooperative).due_fen == 7_920
    assert [(one.month, one.net_fen, one.freight_fen, one.remitted_fen) for one in money.months(cooperative)] == [
        (dt.date(2019, 4, 1), -880, 0, 0),
        (dt.date(2019, 3, 1), 17_600, 1_200, 10_000),
    ]
    due = {one.pk: fen for one, fen in money.balances()}
    assert due[cooperative.pk] == 7_920
    assert due[SaleLine.objects.get(sale=other.sale).cooperative_id] == 8_800


def test_freight_given_back_after_the_goods_left_is_not_due(cooperative, walnuts):
    order = f.sell((walnuts, 1), on=MARCH)
    freight = order.sale.freight_fen
    Shipment.objects.filter(consignment__order=order).update(buyer_paid_freight_fen=freight)
    orders.refund(
        refunds=[
            orders.Refunding(
                key="freight", sale_id=order.sale.pk, lines=[], freight_fen=300, on=MARCH, reason="late", by=None
            )
        ]
    )
    assert money.balance(cooperative).freight_fen == freight - 300
    assert money.months(cooperative)[0].freight_fen == freight - 300
    assert {one.pk: fen for one, fen in money.balances()}[cooperative.pk] == 8_800 + freight - 300


def test_no_more_is_sent_than_is_due_and_a_receipt_counts_once(cooperative, walnuts):
    f.sell((walnuts, 1), on=MARCH)
    with pytest.raises(ValidationError):
        actions.remit(cooperative=cooperative, amount_fen=8_801, remitted_on=MARCH, reference="R-1", by=None)
    actions.remit(cooperative=cooperative, amount_fen=4_000, remitted_on=MARCH, reference="R-1", by=None)
    with pytest.raises(ValidationError):
        actions.remit(cooperative=cooperative, amount_fen=4_000, remitted_on=MARCH, reference="R-1", by=None)
    assert Remittance.objects.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Remittance.objects.update(amount_fen=1)


def test_the_county_writes_down_what_it_sent_and_the_cooperative_sees_it(client, cooperative, walnuts):
    f.sell((walnuts, 1), on=MARCH)
    client.force_login(f.make_user(is_staff=True))
    assert "88.00" in client.get("/officials/money/").content.decode()
    address = f"/officials/money/{cooperative.code}/"
    refused = client.post(address, {"amount": "88.01", "remitted_on": "2019-03-06", "reference": "R-7"})
    assert "应付不超过 88.00 元" in refused.content.decode()
    assert client.post(address, {"amount": "88", "remitted_on": "2019-03-06", "reference": "R-7"}).status_code == 302
    client.force_login(f.make_user(cooperative=cooperative))
    page = client.get("/cooperative/money/").content.decode()
    assert "R-7" in page
    assert "今天应付给您" in page
    assert PurchaseLot.objects.count() == 0
