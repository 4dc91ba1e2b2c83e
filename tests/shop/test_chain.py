"""From a sale to a household and back: what is drawn, credited, reversed and counted, the sums by hand."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from shop import invariants, orders
from shop.models import Sale, SaleLine
from shop.reports.figures import Figures
from suppliers import actions
from suppliers.base import days
from suppliers.models import Credit, Household, PurchaseLot, SaleAllocation, counts_as
from tests import factories as f

pytestmark = [pytest.mark.django_db, pytest.mark.money]

MAR_1, MAR_5, MAR_20, APR_2 = dt.date(2019, 3, 1), dt.date(2019, 3, 5), dt.date(2019, 3, 20), dt.date(2019, 4, 2)
H1 = (dt.date(2019, 1, 1), dt.date(2019, 6, 30))


def drawn(order) -> list[tuple[int, int]]:
    """Grams and fen of each allocation of `order`, in the order they were made."""
    return list(SaleAllocation.objects.filter(line__order=order).order_by("pk").values_list("g", "sales_fen"))


def credited(order) -> list[tuple[int, dt.date]]:
    credits = Credit.objects.filter(allocation__line__order=order).order_by("pk")
    return list(credits.values_list("amount_fen", "credited_on"))


def test_a_sale_is_drawn_from_its_lots_and_credits_the_household_on_the_day_it_is_recognised():
    pack = f.make_pack()
    household = f.make_household(pack.produce.cooperative)
    f.make_lot(pack.produce, household, g=1_000, bought_on=MAR_1)
    f.make_lot(pack.produce, None, g=9_000, bought_on=MAR_1)
    order = f.sell((pack, 1), on=MAR_5)
    # 88.00 over 1.0 and 1.5 kg: 35.20 and 52.80; the household is credited 1 kg × 18.50.
    assert drawn(order) == [(1_000, 3_520), (1_500, 5_280)]
    assert credited(order) == [(1_850, MAR_5)]
    figures = Figures(*H1)
    assert (figures.net_sales_fen, figures.household_sales_fen, figures.other_sales_fen) == (8_800, 3_520, 5_280)
    assert (figures.earned_fen, figures.households_helped, figures.people) == (1_850, 1, 4)


def test_nothing_is_credited_before_receipt_and_nothing_before_payment():
    pack = f.make_pack()
    f.make_lot(pack.produce, f.make_household(pack.produce.cooperative), bought_on=MAR_1)
    on_its_way = f.sell((pack, 1), on=MAR_5, received=False)
    on_terms = f.place_order((pack, 1), minutes_to_pay=None)
    orders.ship_on_terms(order=on_terms)
    orders.receive(shipments=f.dispatch(on_terms, on=MAR_5), on=MAR_20, how=Sale.Receipt.ACCEPTANCE)
    assert credited(on_its_way) == credited(on_terms) == []
    assert Figures(*H1).net_sales_fen == 0
    assert Figures(*H1).received_unpaid_fen == 8_800

    f.pay(on_terms, on=APR_2)
    assert credited(on_terms) == [(4_625, APR_2)]  # 2.5 kg × 18.50, on the later of receipt and payment
    assert Sale.objects.get(order=on_terms).recognised_on == APR_2


def test_a_line_half_covered_keeps_its_untraced_half_until_a_late_lot_comes():
    pack = f.make_pack()
    household = f.make_household(pack.produce.cooperative)
    f.make_lot(pack.produce, household, g=1_250, bought_on=MAR_1)
    order = f.sell((pack, 1), on=MAR_5)
    line = SaleLine.objects.get(sale=order.sale)
    assert (line.untraced_g, line.untraced_fen) == (1_250, 4_400)
    assert Figures(*H1).untraced_fen == 4_400

    f.make_lot(pack.produce, household, g=1_000, bought_on=MAR_5)
    assert orders.trace_late_lots() == 1
    line.refresh_from_db()
    # 44.00 over 1,000 and 250 g: 35.20 and 8.80; the late lot's credit has the day the sale was recognised.
    assert (line.untraced_g, line.untraced_fen) == (250, 880)
    assert drawn(order) == [(1_250, 4_400), (1_000, 3_520)]
    # 1.25 kg × 18.50 = 23.125, half up 23.13
    assert credited(order) == [(2_313, MAR_5), (1_850, MAR_5)]
    assert Figures(*H1).untraced_fen == 880


def test_a_late_lot_that_was_bought_after_dispatch_traces_nothing():
    pack = f.make_pack()
    order = f.sell((pack, 1), on=MAR_5)
    f.make_lot(pack.produce, f.make_household(pack.produce.cooperative), bought_on=dt.date(2019, 3, 6))
    assert orders.trace_late_lots() == 0
    assert drawn(order) == []


def test_an_unverified_lot_counts_only_once_it_is_verified():
    pack = f.make_pack()
    lot = f.make_lot(pack.produce, f.make_household(pack.produce.cooperative), bought_on=MAR_1, verified=False)
    order = f.sell((pack, 1), on=MAR_5)
    assert drawn(order) == []
    actions.verify_lot(lot=lot, how=PurchaseLot.Verified.TOWNSHIP)
    assert orders.trace_late_lots() == 1
    assert drawn(order) == [(2_500, 8_800)]


def test_a_lot_past_its_shelf_life_is_passed_over():
    pack = f.make_pack(f.make_produce(shelf_life_days=15))
    f.make_lot(pack.produce, f.make_household(pack.produce.cooperative), bought_on=dt.date(2019, 3, 4))
    fresh = f.make_lot(pack.produce, None, bought_on=MAR_5)
    order = f.sell((pack, 1), on=MAR_20)  # the first lot is 16 days old, the second 15
    assert list(SaleAllocation.objects.filter(line__order=order).values_list("lot", "g")) == [(fresh.pk, 2_500)]


def test_a_refund_in_a_later_month_makes_that_months_newly_helped_fall():
    pack = f.make_pack()
    for _ in range(2):
        f.make_lot(pack.produce, f.make_household(pack.produce.cooperative), g=2_500, bought_on=MAR_1)
    first = f.sell((pack, 1), on=MAR_5)
    f.sell((pack, 1), on=MAR_5)
    f.give_back(first, on=APR_2, g=2_500, fen=8_800)
    months = {month.starts_on.month: month for month in Figures(*H1).months}
    assert (months[3].households, months[3].newly_helped, months[3].cumulative) == (2, 2, 2)
    assert (months[4].households, months[4].newly_helped, months[4].cumulative) == (0, -1, 1)
    assert (months[3].sales_fen, months[4].sales_fen) == (17_600, -8_800)
    assert Figures(*H1).households_helped == 1
    assert credited(first) == [(4_625, MAR_5), (-4_625, APR_2)]
    first.refresh_from_db()
    assert first.status == "refunded"


def test_two_refunds_of_one_line_add_up_to_exactly_the_line():
    pack = f.make_pack(price_fen=8_801)
    household = f.make_household(pack.produce.cooperative)
    f.make_lot(pack.produce, household, g=1_333, bought_on=MAR_1)
    f.make_lot(pack.produce, household, g=1_167, bought_on=MAR_1)
    order = f.sell((pack, 1), on=MAR_5)
    # 88.01 by 1333:1167: 46.9269 and 41.0831 → 46.93 and 41.08
    assert drawn(order) == [(1_333, 4_693), (1_167, 4_108)]
    f.give_back(order, on=MAR_20, g=1_000, fen=3_001)
    # 1,000 g by 1333:1167 = 533.2 and 466.8 → 533 and 467; 30.01 = 16.0013 and 14.0087 → 16.00 and 14.01
    assert drawn(order)[2:] == [(-533, -1_600), (-467, -1_401)]
    f.give_back(order, on=APR_2, g=1_500, fen=5_800)
    assert drawn(order)[4:] == [(-800, -3_093), (-700, -2_707)]
    assert sum(g for g, _ in drawn(order)) == sum(fen for _, fen in drawn(order)) == 0
    # Credits: 24.66 and 21.59 (1.167 × 18.50 = 21.5895); back 9.86 (0.533 × 18.50 = 9.8605) and 8.64, then the rest.
    assert [fen for fen, _ in credited(order)] == [2_466, 2_159, -986, -864, -1_480, -1_295]
    assert Figures(*H1).households_helped == 0


def test_a_refund_never_returns_grams_to_a_lot():
    pack = f.make_pack()
    lot = f.make_lot(pack.produce, f.make_household(pack.produce.cooperative), g=2_500, bought_on=MAR_1)
    order = f.sell((pack, 1), on=MAR_5)
    f.give_back(order, on=MAR_20, g=2_500, fen=8_800)
    lot.refresh_from_db()
    assert lot.drawn_g == 2_500
    assert drawn(f.sell((pack, 1), on=MAR_20)) == []


def test_a_refund_before_receipt_counts_from_the_day_the_sale_does():
    pack = f.make_pack()
    f.make_lot(pack.produce, f.make_household(pack.produce.cooperative), bought_on=MAR_1)
    order = f.sell((pack, 1), on=MAR_5, received=False)
    f.give_back(order, on=MAR_20, g=500, fen=1_760)
    assert Figures(*H1).net_sales_fen == 0
    shipments = [c.shipments.get() for c in order.consignments.all()]
    orders.receive(shipments=shipments, on=APR_2, how=Sale.Receipt.BUYER)
    # 2.5 kg × 18.50 = 46.25 and back 0.5 kg × 18.50 = 9.25, both on the day of receipt
    assert credited(order) == [(4_625, APR_2), (-925, APR_2)]
    assert Figures(*H1).net_sales_fen == 7_040
    assert Figures(dt.date(2019, 3, 1), dt.date(2019, 3, 31)).net_sales_fen == 0


def test_a_household_that_was_not_registered_on_the_day_of_purchase_is_paid_but_not_counted():
    pack = f.make_pack()
    late = f.make_household(pack.produce.cooperative, since=MAR_5)
    f.make_lot(pack.produce, late, g=2_500, bought_on=MAR_1)
    order = f.sell((pack, 1), on=MAR_20)
    assert credited(order) == [(4_625, MAR_20)]
    figures = Figures(*H1)
    assert (figures.households_helped, figures.earned_fen, figures.other_sales_fen) == (0, 0, 8_800)


def test_two_households_count_as_one_from_the_day_they_are_merged():
    pack = f.make_pack()
    one, other = (f.make_household(pack.produce.cooperative, size=size) for size in (3, 5))
    for household in (one, other):
        f.make_lot(pack.produce, household, g=2_500, bought_on=MAR_1)
    f.sell((pack, 2), on=MAR_5)
    assert (Figures(*H1).households_helped, Figures(*H1).people) == (2, 8)
    actions.merge_households(household=one, into=other, on=dt.date(2019, 4, 1))
    assert (Figures(*H1).households_helped, Figures(*H1).people) == (1, 5)
    march = Figures(dt.date(2019, 3, 1), dt.date(2019, 3, 31))
    assert march.households_helped == 2  # as of the end of March they were two


def test_a_chain_of_mergers_counts_as_the_last_one():
    households = [f.make_household(f.make_cooperative()) for _ in range(3)]
    actions.merge_households(household=households[0], into=households[1], on=MAR_1)
    actions.merge_households(household=households[1], into=households[2], on=APR_2)
    pack = f.make_pack()
    for household in households:
        f.make_lot(pack.produce, household, g=2_500, bought_on=MAR_1)
    f.sell((pack, 3), on=MAR_5)
    assert Figures(dt.date(2019, 3, 1), dt.date(2019, 3, 31)).households_helped == 2
    assert Figures(*H1).households_helped == 1
    with pytest.raises(ValidationError):
        actions.merge_households(household=households[2], into=households[0], on=APR_2)


def test_two_households_of_one_lot_each_and_a_household_of_two_cooperatives_are_counted_distinct():
    first, second = f.make_pack(), f.make_pack()
    household = f.make_household(first.produce.cooperative)
    for pack in (first, second):
        f.make_lot(pack.produce, household, bought_on=MAR_1)
        f.sell((pack, 1), on=MAR_5)
    figures = Figures(*H1)
    assert figures.households_helped == 1
    assert [row.households for row in figures.by("cooperative")] == [1, 1]


def test_an_order_of_two_cooperatives_counts_when_the_last_part_has_come():
    first, second = f.make_pack(), f.make_pack()
    order = f.place_order((first, 1), (second, 1))
    f.pay(order, on=MAR_1)
    one, other = f.dispatch(order, on=MAR_5)
    orders.receive(shipments=[one], on=MAR_20, how=Sale.Receipt.CARRIER)
    assert Figures(*H1).net_sales_fen == 0
    orders.receive(shipments=[other], on=APR_2, how=Sale.Receipt.CARRIER)
    sale = Sale.objects.get(order=order)
    assert (sale.received_on, sale.recognised_on) == (APR_2, APR_2)


def test_the_same_event_pays_an_order_once_and_a_wrong_amount_pays_nothing():
    order = f.place_order((f.make_pack(), 1))
    total = order.sale.total_fen
    wrong = orders.pay(order=order, event_id="e1", gateway="demo", amount_fen=total - 1)
    assert not wrong.applied
    right = orders.pay(order=order, event_id="e2", gateway="demo", amount_fen=total)
    again = orders.pay(order=order, event_id="e2", gateway="demo", amount_fen=total)
    second = orders.pay(order=order, event_id="e3", gateway="demo", amount_fen=total)
    assert right.applied
    assert again == right
    assert not second.applied
    assert Sale.objects.get(order=order).paid_fen == total


def test_the_same_refund_key_gives_money_back_once():
    pack = f.make_pack()
    order = f.sell((pack, 1), on=MAR_5)
    f.give_back(order, on=MAR_20, g=500, fen=1_000, key="k")
    f.give_back(order, on=MAR_20, g=500, fen=1_000, key="k")
    assert Sale.objects.get(order=order).refunded_goods_fen == 1_000


@pytest.mark.parametrize(("g", "fen"), [(2_501, 100), (0, 8_801), (-1, 0), (0, -1), (0, 8_800)])
def test_a_refund_beyond_the_line_is_refused_and_writes_nothing(g, fen):
    order = f.sell((f.make_pack(), 1), on=MAR_5)
    with pytest.raises(ValidationError):
        f.give_back(order, on=MAR_20, g=g, fen=fen)
    assert Sale.objects.get(order=order).refunded_goods_fen == 0


@pytest.mark.stock
def test_a_cancelled_order_frees_its_stock_and_gives_back_freight_and_goods():
    pack = f.make_pack(in_stock=3)
    order = f.place_order((pack, 2))
    stock = pack.product.stockrecords.get()
    assert stock.num_allocated == 2
    f.pay(order)
    assert orders.cancel(order=order, reason="不想要了")
    stock.refresh_from_db()
    sale = Sale.objects.get(order=order)
    assert (stock.num_in_stock, stock.num_allocated) == (3, 0)
    assert (sale.refunded_fen, sale.paid_fen) == (sale.total_fen, sale.total_fen)
    assert not orders.cancel(order=order, reason="不想要了")


@pytest.mark.stock
def test_what_is_dispatched_leaves_the_store_and_cannot_be_cancelled():
    pack = f.make_pack(in_stock=3)
    order = f.place_order((pack, 2), placed_at=None)
    f.pay(order)
    f.dispatch(order, on=dt.date(2020, 1, 2))
    stock = pack.product.stockrecords.get()
    assert (stock.num_in_stock, stock.num_allocated) == (1, 0)
    assert not orders.cancel(order=order, reason="太晚了")


@pytest.mark.stock
def test_a_line_given_back_before_it_left_frees_its_stock_and_the_rest_goes_on():
    kept, dropped = f.make_pack(in_stock=5), f.make_pack(in_stock=5)
    order = f.place_order((kept, 1), (dropped, 2))
    f.pay(order, on=MAR_1)
    line = order.sale.lines.get(pack=dropped)
    f.give_back(order, on=MAR_5, g=5_000, fen=17_600, line=line)
    stock = dropped.product.stockrecords.get()
    assert (stock.num_in_stock, stock.num_allocated) == (5, 0)
    (shipment,) = f.dispatch(order, on=MAR_5)
    order.refresh_from_db()
    assert order.status == "dispatched"
    orders.receive(shipments=[shipment], on=MAR_20, how=Sale.Receipt.CARRIER)
    order.refresh_from_db()
    assert (order.status, order.sale.received_how) == ("received", "carrier")
    assert Figures(*H1).net_sales_fen == 8_800  # both lines were paid, one was given back
    assert list(invariants.violations()) == []


@pytest.mark.stock
def test_boxes_given_back_before_they_left_stay_in_the_store():
    pack = f.make_pack(in_stock=10)
    order = f.place_order((pack, 4))
    f.pay(order, on=MAR_1)
    stock = pack.product.stockrecords.get()
    # 1 kg of four boxes of 2.5 kg: all four are sent, one of them lighter.
    f.give_back(order, on=MAR_5, g=1_000, fen=3_520)
    stock.refresh_from_db()
    assert (stock.num_in_stock, stock.num_allocated, stock.free) == (10, 4, 6)
    # 4 kg more: 5 kg are left, two boxes; two lie in the store and can be sold.
    f.give_back(order, on=MAR_5, g=4_000, fen=14_080)
    stock.refresh_from_db()
    assert (stock.num_in_stock, stock.num_allocated, stock.free) == (10, 2, 8)
    f.dispatch(order, on=MAR_5)
    stock.refresh_from_db()
    assert (stock.num_in_stock, stock.num_allocated, stock.free) == (8, 0, 8)
    # What has left and is given back does not come back.
    f.give_back(order, on=MAR_20, g=2_500, fen=8_800)
    stock.refresh_from_db()
    assert (stock.num_in_stock, stock.num_allocated) == (8, 0)
    assert list(invariants.violations()) == []


def test_the_last_part_given_back_before_it_left_closes_an_order_whose_other_part_has_come():
    first, second = f.make_pack(), f.make_pack()
    order = f.place_order((first, 1), (second, 1))
    f.pay(order, on=MAR_1)
    f.make_carriers()
    consignment = order.consignments.get(cooperative=first.produce.cooperative)
    orders.dispatch(
        dispatching=[
            orders.Dispatching(
                consignment=consignment, carrier_code="SF", waybill="SF12345678", freight_fen=0, at=f.days.at(MAR_5)
            )
        ]
    )
    orders.receive(shipments=list(consignment.shipments.all()), on=MAR_20, how=Sale.Receipt.BUYER)
    assert Sale.objects.get(order=order).received_on is None
    f.give_back(order, on=APR_2, g=2_500, fen=8_800, line=order.sale.lines.get(pack=second))
    sale = Sale.objects.get(order=order)
    assert (sale.received_on, sale.received_how, sale.recognised_on) == (MAR_20, "buyer", MAR_20)


def test_what_was_given_back_in_full_on_its_way_stays_refunded_though_it_comes():
    order = f.sell((f.make_pack(), 1), on=MAR_5, received=False)
    f.give_back(order, on=MAR_20, g=2_500, fen=8_800)
    shipments = [c.shipments.get() for c in order.consignments.all()]
    orders.receive(shipments=shipments, on=APR_2, how=Sale.Receipt.CARRIER)
    order.refresh_from_db()
    assert order.status == "refunded"
    assert Figures(*H1).net_sales_fen == 0


@pytest.mark.stock
def test_an_unpaid_order_expires_and_frees_its_stock_while_one_on_terms_never_does():
    pack = f.make_pack(in_stock=3)
    f.place_order((pack, 1), minutes_to_pay=-1)
    on_terms = f.place_order((pack, 1), minutes_to_pay=-1)
    orders.ship_on_terms(order=on_terms)
    assert orders.expire_unpaid() == 1
    assert pack.product.stockrecords.get().num_allocated == 1


@pytest.mark.stock
def test_more_than_there_is_cannot_be_ordered_and_leaves_no_half_an_order():
    from shop.partner.exceptions import OutOfStock

    enough, short = f.make_pack(in_stock=5), f.make_pack(in_stock=1)
    basket = f.make_basket((enough, 2), (short, 1))
    f.place_order((short, 1))
    with pytest.raises(OutOfStock):
        orders.place(basket=basket, shipping_address=None, shipping_method=f.ByWeight("370902"), city_code=f.TAIAN)
    assert enough.product.stockrecords.get().num_allocated == 0
    basket.refresh_from_db()
    assert basket.status == "Open"


def test_one_basket_becomes_one_order():
    basket = f.make_basket((f.make_pack(), 1))
    terms = {"basket": basket, "shipping_address": None, "shipping_method": f.ByWeight("370902"), "city_code": f.TAIAN}
    order = orders.place(**terms)
    with pytest.raises(orders.AlreadyPlaced) as caught:
        orders.place(**terms)
    assert caught.value.order == order


def test_allocations_credits_and_slips_cannot_be_edited_even_by_sql():
    pack = f.make_pack()
    f.make_lot(pack.produce, f.make_household(pack.produce.cooperative), bought_on=MAR_1)
    f.sell((pack, 1), on=MAR_5)
    for statement in (
        "UPDATE suppliers_saleallocation SET g = g + 1",
        "DELETE FROM suppliers_credit",
        "UPDATE suppliers_credit SET amount_fen = 0",
        "UPDATE suppliers_purchaselot SET fen_per_kg = 1",
        "DELETE FROM suppliers_purchaselot",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


CORRUPTIONS = {
    "grams appear in a lot": ("suppliers_purchaselot", "UPDATE suppliers_purchaselot SET drawn_g = drawn_g + 1"),
    "an allocation grows": (
        "suppliers_saleallocation",
        "UPDATE suppliers_saleallocation SET sales_fen = sales_fen + 1",
    ),
    "a credit is made up": ("suppliers_credit", "UPDATE suppliers_credit SET amount_fen = amount_fen + 100"),
    "a line sells for more": ("shop_saleline", "UPDATE shop_saleline SET goods_fen = goods_fen + 1"),
    "an award is paid without the ledger": (
        "logistics_award",
        "UPDATE logistics_award SET state = 'settled', settled_fen = 1",
    ),
    "a budget looks fuller": ("logistics_programmeversion", "UPDATE logistics_programmeversion SET spent_fen = 1"),
    "stock is held for nobody": ("partner_stockrecord", "UPDATE partner_stockrecord SET num_allocated = 1"),
    "a payment grows": ("payments_payment", "UPDATE payments_payment SET amount_fen = amount_fen + 1"),
}


@pytest.fixture
def honest_books():
    f.make_programme(2019)
    pack = f.make_pack()
    f.make_lot(pack.produce, f.make_household(pack.produce.cooperative), bought_on=MAR_1)
    order = f.sell((pack, 1), on=MAR_5)
    f.assess()
    f.give_back(order, on=MAR_20, g=500, fen=1_000)


def test_verify_ledger_finds_nothing_wrong_with_honest_books(honest_books, capsys):
    call_command("verify_ledger")
    assert "invariants hold" in capsys.readouterr().out


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_verify_ledger_finds_each_corruption(honest_books, corruption):
    from shop import database

    _table, statement = CORRUPTIONS[corruption]
    database.remove()  # the triggers would refuse it: this is somebody with the database's own keys
    with connection.cursor() as cursor:
        cursor.execute(statement)
    with pytest.raises(CommandError):
        call_command("verify_ledger")


def test_a_refund_before_receipt_was_noted_counts_on_its_own_day_in_sales_and_credits_alike():
    pack = f.make_pack()
    f.make_lot(pack.produce, f.make_household(pack.produce.cooperative), g=10_000, bought_on=MAR_1)
    order = f.sell((pack, 1), on=MAR_5, received=False)
    f.give_back(order, on=APR_2, g=2_500, fen=8_800)
    shipment = order.consignments.get().shipments.get()
    orders.receive(shipments=[shipment], on=MAR_20, how=Sale.Receipt.CARRIER)
    # 2.5 kg × 18.50 = 46.25 come in March and go in April, as the 88.00 of sales do.
    assert credited(order) == [(4_625, MAR_20), (-4_625, APR_2)]
    march = Figures(dt.date(2019, 3, 1), dt.date(2019, 3, 31))
    assert (march.net_sales_fen, march.household_sales_fen, march.households_helped) == (8_800, 8_800, 1)
    april = Figures(dt.date(2019, 4, 1), dt.date(2019, 4, 30))
    assert (april.net_sales_fen, april.household_sales_fen, april.other_sales_fen) == (-8_800, -8_800, 0)


def test_the_rest_of_an_order_waits_while_one_box_of_a_consignment_is_still_to_leave():
    pack = f.make_pack()
    order = f.place_order((pack, 2), placed_at=days.at(MAR_1, 9))
    f.pay(order, on=MAR_1)
    f.give_back(order, on=MAR_5, g=2_500, fen=8_800)
    assert order.consignments.get().state == "to_ship"
    assert f.dispatch(order, on=MAR_5)[0].net_g == 2_500


def test_goods_that_have_not_left_are_not_taken_back_whole_for_part_of_their_price():
    order = f.place_order((f.make_pack(), 1), placed_at=days.at(MAR_1, 9))
    f.pay(order, on=MAR_1)
    with pytest.raises(ValidationError) as caught:
        f.give_back(order, on=MAR_5, g=2_500, fen=8_000)
    assert "fen" in caught.value.message_dict
    assert Sale.objects.get(order=order).refunded_fen == 0


def test_a_refund_repeated_after_the_order_was_cancelled_leaves_it_cancelled():
    order = f.place_order((f.make_pack(), 1), placed_at=days.at(MAR_1, 9))
    f.pay(order, on=MAR_1)
    assert orders.cancel(order=order, reason="changed my mind")
    f.give_back(order, on=MAR_5, g=2_500, fen=8_800, key=f"cancel-{order.number}")
    order.refresh_from_db()
    assert (order.status, order.sale.refunds.count()) == ("cancelled", 1)


def test_an_order_paid_at_the_last_moment_is_not_cancelled_by_a_sweep_that_saw_it_unpaid(monkeypatch):
    order = f.place_order((f.make_pack(), 1), minutes_to_pay=-1)
    expire = orders._expire

    def pay_first(sale_id):
        f.pay(order)
        return expire(sale_id)

    monkeypatch.setattr(orders, "_expire", pay_first)
    assert orders.expire_unpaid() == 0
    order.refresh_from_db()
    assert (order.status, order.sale.refunds.count()) == ("paid", 0)


def test_lines_that_no_lot_can_cover_any_more_do_not_keep_others_from_being_traced():
    pack = f.make_pack(f.make_produce(shelf_life_days=10))
    household = f.make_household(pack.produce.cooperative)
    f.sell((pack, 1), on=MAR_20)  # nothing was on the books
    f.make_lot(pack.produce, household, bought_on=MAR_1)  # 19 days old on 20 March
    later = f.sell((pack, 1), on=APR_2)
    f.make_lot(pack.produce, household, bought_on=APR_2)
    assert orders.trace_late_lots(limit=1) == 1
    assert drawn(later) == [(2_500, 8_800)]


def test_a_merger_written_down_late_never_counts_two_households_for_one():
    cooperative = f.make_cooperative()
    first, second, last = (f.make_household(cooperative) for _ in range(3))
    actions.merge_households(household=first, into=second, on=MAR_20)
    actions.merge_households(household=second, into=last, on=MAR_5)
    one_of = dict(Household.objects.annotate(one=counts_as(APR_2, "pk")).values_list("pk", "one"))
    assert one_of == {first.pk: last.pk, second.pk: last.pk, last.pk: last.pk}
    before = dict(Household.objects.annotate(one=counts_as(dt.date(2019, 3, 10), "pk")).values_list("pk", "one"))
    assert before == {first.pk: first.pk, second.pk: last.pk, last.pk: last.pk}
