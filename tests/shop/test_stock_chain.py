"""Goods that leave another way, batches, corrected slips, and goods carried on from farm to processor to Shandong."""

import datetime as dt
import json
import threading
from contextlib import contextmanager

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction

from logistics.models import Award, Consignment
from shop import invariants, orders
from shop import stock as season
from shop.models import SaleLine
from shop.reports.figures import Figures
from suppliers import actions, stock
from suppliers.base import days
from suppliers.models import (
    CarryOn,
    CooperativeStaff,
    Credit,
    HandOver,
    HouseholdStatus,
    Produce,
    PurchaseLot,
    SaleAllocation,
    SignedAccount,
    Withdrawal,
)
from suppliers.stocktaking import Flag
from tests import factories as f

pytestmark = [pytest.mark.django_db, pytest.mark.money]

MAR_1, MAR_5, MAR_10, MAR_20, APR_2 = (
    dt.date(2019, 3, 1),
    dt.date(2019, 3, 5),
    dt.date(2019, 3, 10),
    dt.date(2019, 3, 20),
    dt.date(2019, 4, 2),
)
H1 = (dt.date(2019, 1, 1), dt.date(2019, 6, 30))


@pytest.fixture(autouse=True)
def books_hold(request):
    """After each test every invariant of the books holds."""
    yield
    if "broken_books" not in request.fixturenames:
        assert list(invariants.violations()) == []


@pytest.fixture
def broken_books():
    """For tests that do what nothing of the shop does."""


@contextmanager
def refused(field: str = ""):
    """What is done within is refused, at `field` if one is named."""
    with pytest.raises(ValidationError) as caught:
        yield
    if field:
        assert list(caught.value.message_dict) == [field]


def drawn(order) -> list[tuple[str, int]]:
    rows = SaleAllocation.objects.filter(line__order=order).order_by("pk")
    return list(rows.values_list("lot__lot_no", "g"))


def credited(order) -> list[int]:
    rows = Credit.objects.filter(allocation__line__order=order).order_by("pk")
    return list(rows.values_list("amount_fen", flat=True))


# ── What leaves another way ──────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_lost_is_taken_from_the_oldest_lots_and_is_not_there_to_be_sold():
    pack = f.make_pack()
    first = f.make_lot(pack.produce, f.make_household(), g=1_000, bought_on=MAR_1)
    second = f.make_lot(pack.produce, f.make_household(), g=4_000, bought_on=MAR_5)
    made = stock.withdraw(produce=pack.produce, kind="lost", g=1_500, on=MAR_10, note="老鼠")
    assert [(one.lot_id, one.g, one.kind) for one in made] == [(first.pk, 1_000, "lost"), (second.pk, 500, "lost")]
    order = f.sell((pack, 1), on=MAR_20)
    assert drawn(order) == [(second.lot_no, 2_500)]
    second.refresh_from_db()
    assert (second.drawn_g, second.withdrawn_g, second.left_g) == (2_500, 500, 1_000)


def test_a_withdrawal_of_a_lot_nobody_has_verified_is_possible_and_of_one_named_lot():
    produce = f.make_produce()
    f.make_lot(produce, None, g=1_000, bought_on=MAR_1)
    unverified = f.make_lot(produce, None, g=2_000, bought_on=MAR_5, verified=False)
    (made,) = stock.withdraw(
        produce=produce, kind="elsewhere", g=2_000, on=MAR_10, lot=unverified, fen_per_kg=900, buyer="集市"
    )
    assert (made.lot, made.fen_per_kg, made.buyer) == (unverified, 900, "集市")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"g": 5_001}, "g"),
        ({"g": 0}, "g"),
        ({"on": dt.date(2019, 2, 28)}, "g"),
        ({"on": dt.date(2999, 1, 1)}, "on"),
        ({"kind": "carried_on"}, "kind"),
        ({"kind": "elsewhere", "fen_per_kg": 0}, "fen_per_kg"),
    ],
)
def test_what_cannot_have_left_is_refused_at_its_field(fields, field):
    produce = f.make_produce()
    f.make_lot(produce, None, g=5_000, bought_on=MAR_1)
    with refused(field):
        stock.withdraw(produce=produce, **{"kind": "lost", "g": 1_000, "on": MAR_5} | fields)
    assert Withdrawal.objects.count() == 0


def test_a_withdrawal_is_taken_back_once_by_a_row_that_names_it():
    produce = f.make_produce()
    lot = f.make_lot(produce, None, g=5_000, bought_on=MAR_1)
    (wrong,) = stock.withdraw(produce=produce, kind="graded_out", g=3_000, on=MAR_5)
    back = stock.reverse_withdrawal(withdrawal=wrong)
    assert (back.g, back.reverses, back.withdrawn_on) == (-3_000, wrong, MAR_5)
    lot.refresh_from_db()
    assert lot.left_g == 5_000
    for one in (wrong, back):
        with refused():
            stock.reverse_withdrawal(withdrawal=one)


def at_once(produce, monkeypatch) -> tuple[list[type], PurchaseLot]:
    """Withdraw 8 of 10 kg and sell 8 of the same, both at once; return what was raised.

    The one that withdraws has looked at what is there and waits, before it writes, until the other is done or waits for it.
    """
    (line,) = SaleLine.objects.filter(produce=produce)
    has_looked, has_sold, raised = threading.Event(), threading.Event(), []
    write = stock._withdraw

    def slow(taken, **fields):
        has_looked.set()
        has_sold.wait(1)
        return write(taken, **fields)

    monkeypatch.setattr(stock, "_withdraw", slow)

    def doing(work, done):
        try:
            work()
        except (ValidationError, DatabaseError) as error:
            raised.append(type(error))
        finally:
            done.set()
            connection.close()

    def sell():
        has_looked.wait(10)
        sold = actions.Sold(line.pk, produce.pk, 8_000, 100, days.at(MAR_5))
        left = actions.attribute(sold=[sold])
        if left:
            raised.append(actions.Part)

    threads = [
        threading.Thread(
            target=doing,
            args=(lambda: stock.withdraw(produce=produce, kind="lost", g=8_000, on=MAR_5), threading.Event()),
        ),
        threading.Thread(target=doing, args=(sell, has_sold)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised, PurchaseLot.objects.get(produce=produce)


@pytest.fixture
def ten_kg(broken_books):
    pack = f.make_pack(net_g=8_000, gross_g=8_000)
    f.make_lot(pack.produce, None, g=10_000, bought_on=MAR_1)
    f.pay(f.place_order((pack, 1), placed_at=days.at(MAR_1)), on=MAR_1)
    return pack.produce


needs_two = pytest.mark.skipif("connection.vendor == 'sqlite'", reason="one writer at a time: no race to be had")


@needs_two
@pytest.mark.django_db(transaction=True)
def test_the_same_grams_are_never_withdrawn_and_sold_at_once(ten_kg, monkeypatch):
    raised, lot = at_once(ten_kg, monkeypatch)
    # The lock lets the withdrawal end first; the sale finds 2 of its 8 kg and says that 6 have no lot.
    assert raised == [actions.Part]
    assert (lot.withdrawn_g, lot.drawn_g) == (8_000, 2_000)


@needs_two
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_take_them_and_only_the_constraint_stops_the_second(ten_kg, monkeypatch):
    monkeypatch.setattr(stock, "_lock", lambda *ids: Produce.objects.in_bulk(ids))
    raised, lot = at_once(ten_kg, monkeypatch)
    assert raised == [IntegrityError]
    assert (lot.withdrawn_g, lot.drawn_g) == (0, 8_000)


# ── Corrections ──────────────────────────────────────────────────────────────────────────────────────────────────────


def slip_like(lot: PurchaseLot, **fields) -> dict:
    return {
        "lot_no": f"{lot.lot_no}-2",
        "produce": lot.produce,
        "household": lot.household,
        "g": lot.g,
        "fen_per_kg": lot.fen_per_kg,
        "bought_on": lot.bought_on,
    } | fields


def test_a_wrong_slip_is_taken_back_whole_and_the_right_one_names_it():
    produce = f.make_produce()
    household = f.make_household(produce.cooperative)
    wrong = f.make_lot(produce, household, g=50_000, bought_on=MAR_1)
    right = stock.correct(lot=wrong, why="多写一个零", slip=slip_like(wrong, g=5_000))
    wrong.refresh_from_db()
    assert (wrong.reversed_why, wrong.corrected_by, right.g, right.verified_at) == ("多写一个零", right, 5_000, None)
    assert PurchaseLot.objects.filter(produce=produce).sums()["bought_g"] == 5_000
    with refused():
        stock.take_back(lot=wrong, why="again")


def test_a_slip_is_not_taken_back_where_the_right_one_cannot_be_written():
    produce = f.make_produce()
    wrong = f.make_lot(produce, f.make_household(produce.cooperative), bought_on=MAR_1)
    with refused("g"):
        stock.correct(lot=wrong, why="错了", slip=slip_like(wrong, g=0))
    with refused("why"):
        stock.take_back(lot=wrong, why=" ")
    wrong.refresh_from_db()
    assert wrong.reversed_at is None


def test_a_slip_of_which_something_has_gone_stays():
    pack = f.make_pack()
    sold = f.make_lot(pack.produce, None, g=2_500, bought_on=MAR_1)
    f.sell((pack, 1), on=MAR_5)
    lost, batched, paid = (f.make_lot(f.make_produce(), None, bought_on=MAR_1) for _ in range(3))
    stock.withdraw(produce=lost.produce, kind="lost", g=1, on=MAR_5)
    stock.make_batch(lots=[batched], packed_on=MAR_5)
    PurchaseLot.objects.filter(pk=paid.pk).update(paid_on=MAR_5, paid_fen=1)
    for lot in (sold, lost, batched, paid):
        with refused():
            stock.take_back(lot=lot, why="错了")


def test_the_database_lets_nobody_take_back_what_has_gone_or_stand_a_slip_up_again():
    produce = f.make_produce()
    lot = f.make_lot(produce, None, bought_on=MAR_1)
    stock.take_back(lot=lot, why="记了两遍")
    for change in ({"reversed_at": None, "reversed_why": ""}, {"drawn_g": 1}, {"paid_on": MAR_5, "paid_fen": 1}):
        with pytest.raises(DatabaseError), transaction.atomic():
            PurchaseLot.objects.filter(pk=lot.pk).update(**change)


# ── Batches ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_shipment_from_a_batch_is_drawn_from_its_lots_alone():
    pack = f.make_pack()
    older = f.make_lot(pack.produce, None, g=5_000, bought_on=MAR_1)
    household = f.make_household(pack.produce.cooperative)
    named = f.make_lot(pack.produce, household, g=5_000, bought_on=MAR_5)
    batch = stock.make_batch(lots=[named], packed_on=MAR_5)
    assert batch.trace_code == f"{pack.produce.cooperative.code}-190305-1"
    order = f.sell((pack, 1), on=MAR_10, batch=batch)
    assert drawn(order) == [(named.lot_no, 2_500)]
    assert SaleLine.objects.get(sale=order.sale).batch == batch
    # Without a batch it is first in first out, and the lots of a batch are among the others.
    assert drawn(f.sell((pack, 3), on=MAR_10)) == [(older.lot_no, 5_000), (named.lot_no, 2_500)]


def test_a_batch_that_holds_less_than_the_line_is_refused_and_nothing_is_sent():
    pack = f.make_pack()
    lots = [f.make_lot(pack.produce, None, g=2_000, bought_on=day) for day in (MAR_1, MAR_5)]
    batch = stock.make_batch(lots=lots[:1], packed_on=MAR_1)
    order = f.place_order((pack, 1), placed_at=days.at(MAR_1))
    f.pay(order, on=MAR_1)
    with refused("batch"):
        f.dispatch(order, on=MAR_10, batch=batch)
    assert Consignment.objects.get(order=order).state == Consignment.State.TO_SHIP
    assert SaleAllocation.objects.count() == 0
    f.dispatch(order, on=MAR_10)
    assert [g for _lot, g in drawn(order)] == [2_000, 500]


def test_a_batch_of_other_goods_is_refused():
    pack, other = f.make_pack(), f.make_pack()
    f.make_lot(pack.produce, None, bought_on=MAR_1)
    batch = stock.make_batch(lots=[f.make_lot(other.produce, None, bought_on=MAR_1)], packed_on=MAR_1)
    order = f.place_order((pack, 1), placed_at=days.at(MAR_1))
    f.pay(order, on=MAR_1)
    with refused("batch"):
        f.dispatch(order, on=MAR_10, batch=batch)


def test_a_batch_is_named_at_packing_and_never_after():
    pack = f.make_pack()
    lots = [f.make_lot(pack.produce, None, g=2_500, bought_on=MAR_1) for _ in range(2)]
    first, second = (stock.make_batch(lots=[lot], packed_on=MAR_1) for lot in lots)
    assert second.trace_code.endswith("-2")
    with_batch, without = f.sell((pack, 1), on=MAR_5, batch=second), f.sell((pack, 1), on=MAR_5)
    for order, batch in ((with_batch, first), (with_batch, None), (without, first)):
        with pytest.raises(DatabaseError), transaction.atomic():
            SaleLine.objects.filter(sale=order.sale).update(batch=batch)
    with pytest.raises(DatabaseError), transaction.atomic():
        PurchaseLot.objects.filter(pk=lots[0].pk).update(batch=second)


def test_a_batch_does_not_change_the_share_that_the_subsidy_counts():
    f.make_programme()
    pack = f.make_pack()
    f.make_lot(pack.produce, None, g=7_500, bought_on=MAR_1)
    f.make_lot(pack.produce, None, g=90_000, bought_on=dt.date(2018, 1, 1))  # past its shelf life
    households = f.make_lot(pack.produce, f.make_household(pack.produce.cooperative), g=2_500, bought_on=MAR_5)
    batch = stock.make_batch(lots=[households], packed_on=MAR_5)
    order = f.sell((pack, 1), on=MAR_10, batch=batch)
    f.assess()
    # All of it is a household's; of what the cooperative had, 2.5 of 10 kg.
    assert Award.objects.live().get(shipment__consignment__order=order).share_bp == 2_500
    assert Figures(*H1).household_sales_fen == 8_800


def test_late_tracing_keeps_to_the_batch(broken_books):
    pack = f.make_pack()
    batch = stock.make_batch(lots=[f.make_lot(pack.produce, None, g=1_000, bought_on=MAR_1)], packed_on=MAR_1)
    of_batch, other = (f.sell((pack, 1), on=MAR_5) for _ in range(2))
    # As an import may bring it: a line of the batch with grams that no lot covers.
    with connection.cursor() as cursor:
        on_table = " ON shop_saleline" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER shop_saleline_named_at_packing{on_table}")
    SaleLine.objects.filter(sale=of_batch.sale).update(batch=batch)
    f.make_lot(pack.produce, None, g=9_000, bought_on=MAR_1)
    assert orders.trace_late_lots() == 1
    untraced = dict(SaleLine.objects.values_list("sale", "untraced_g"))
    assert untraced == {of_batch.pk: 1_500, other.pk: 0}


@pytest.mark.parametrize("why", ["none", "kinds", "unverified", "later", "twice"])
def test_a_batch_is_of_verified_lots_of_one_kind_that_are_free(why):
    produce = f.make_produce()
    lot = f.make_lot(produce, None, bought_on=MAR_5)
    lots, on, field = [lot], MAR_10, "lots"
    if why == "none":
        lots = []
    elif why == "kinds":
        lots = [lot, f.make_lot(f.make_produce(produce.cooperative, code="X"), None)]
    elif why == "unverified":
        lots = [f.make_lot(produce, None, verified=False)]
    elif why == "later":
        on, field = MAR_1, "packed_on"
    else:
        stock.make_batch(lots=[lot], packed_on=MAR_10)
    with refused(field):
        stock.make_batch(lots=lots, packed_on=on)


# ── Goods carried on ─────────────────────────────────────────────────────────────────────────────────────────────────


class Chain:
    """Walnuts of two households of a cooperative, handed over to a processor that sells kernels of them."""

    def __init__(self):
        self.fresh = f.make_produce(code="XH01", name="鲜核桃")
        self.giver = self.fresh.cooperative
        self.one, self.other = f.make_household(self.giver), f.make_household(self.giver)
        self.lots = [
            f.make_lot(self.fresh, self.one, g=10_000, fen_per_kg=600, bought_on=MAR_1),
            f.make_lot(self.fresh, self.other, g=5_000, fen_per_kg=601, bought_on=MAR_1),
        ]
        self.batch = stock.make_batch(lots=self.lots, packed_on=MAR_5)
        self.pack = f.make_pack(f.make_produce(code="HR01", name="核桃仁", yield_least_bp=4_000, yield_most_bp=6_000))
        self.kernels = self.pack.produce
        self.taker = self.kernels.cooperative

    def hand_over(self, g: int = 12_000) -> CarryOn:
        return stock.accept(hand_over=stock.offer(batch=self.batch, taker=self.taker, g=g, fen_per_kg=700, on=MAR_5))

    def shell(self, in_g: int = 12_000, out_g: int = 5_500) -> CarryOn:
        raw = Produce.objects.get(cooperative=self.taker, code="XH01")
        return stock.process(produce=raw, into=self.kernels, in_g=in_g, out_g=out_g, on=MAR_10)


def lots_of(carry_on: CarryOn) -> list[tuple]:
    rows = PurchaseLot.objects.filter(carry_on=carry_on).order_by("pk")
    return list(rows.values_list("household", "g", "fen_per_kg", "bought_on", "household_sold_on", "slip"))


def test_a_batch_that_both_sides_agree_on_goes_to_the_takers_books_lot_by_lot():
    chain = Chain()
    offered = stock.offer(batch=chain.batch, taker=chain.taker, g=12_000, fen_per_kg=700, on=MAR_5)
    assert PurchaseLot.objects.filter(produce__cooperative=chain.taker).count() == 0
    made = stock.accept(hand_over=offered)
    one, other = chain.lots
    assert lots_of(made) == [
        (chain.one.pk, 10_000, 600, MAR_5, MAR_1, one.pk),
        (chain.other.pk, 2_000, 601, MAR_5, MAR_1, other.pk),
    ]
    for lot, left_g in ((one, 0), (other, 3_000)):
        lot.refresh_from_db()
        assert lot.left_g == left_g
    # The raw goods are no goods on sale.
    assert Produce.objects.get(cooperative=chain.taker, code="XH01").packs.count() == 0
    with refused():
        stock.accept(hand_over=offered)


def test_kernels_sold_to_shandong_credit_the_households_that_sold_the_walnuts():
    chain = Chain()
    chain.hand_over()
    made = chain.shell()
    # 5.5 kg of 10 and 2 kg: 4,583 and 917 g; 60.00 / 4.583 kg and 12.02 / 0.917 kg, rounded down.
    assert [row[:5] for row in lots_of(made)] == [
        (chain.one.pk, 4_583, 1_309, MAR_10, MAR_1),
        (chain.other.pk, 917, 1_310, MAR_10, MAR_1),
    ]
    assert [row[5] for row in lots_of(made)] == [lot.pk for lot in chain.lots]
    first = f.sell((chain.pack, 1), on=MAR_20)
    second = f.sell((chain.pack, 1), on=MAR_20)
    # 2.5 kg at 13.09 = 32.725; then 2.083 kg at 13.09 = 27.26647 and 0.417 kg at 13.10 = 5.4627.
    assert credited(first) == [3_273]
    assert credited(second) == [2_727, 546]
    # All kernels of the first household are sold: 32.73 + 27.27 = the 60.00 it got, and not a fen more.
    assert sum(Credit.objects.filter(household=chain.one).values_list("amount_fen", flat=True)) == 6_000
    figures = Figures(*H1)
    assert (figures.net_sales_fen, figures.household_sales_fen, figures.earned_fen) == (17_600, 17_600, 6_546)
    assert (figures.households_helped, figures.to_shandong_fen) == (2, 17_600)
    f.give_back(second, on=APR_2, g=2_500, fen=8_800)
    assert credited(second) == [2_727, 546, -2_727, -546]
    figures = Figures(*H1)
    assert (figures.net_sales_fen, figures.earned_fen, figures.households_helped) == (8_800, 3_273, 1)


def test_a_household_that_sold_both_ways_counts_once():
    chain = Chain()
    fresh_pack = f.make_pack(chain.fresh)
    f.make_lot(chain.fresh, chain.one, g=2_500, bought_on=MAR_1)
    chain.hand_over(15_000)
    chain.shell(15_000, 7_500)
    f.sell((chain.pack, 1), on=MAR_20)
    f.sell((fresh_pack, 1), on=MAR_20)
    figures = Figures(*H1)
    assert {row.key: row.households for row in figures.by("cooperative")} == {
        chain.giver.code: 1,
        chain.taker.code: 1,
    }
    assert figures.households_helped == 1


def test_paid_is_the_household_whose_slip_is_paid_however_long_the_chain():
    chain = Chain()
    chain.hand_over()
    chain.shell()
    f.sell((chain.pack, 1), on=MAR_20)
    assert Figures(*H1).households_paid == 0
    PurchaseLot.objects.filter(pk=chain.lots[0].pk).update(paid_on=MAR_1, paid_fen=6_000)
    assert Figures(*H1).households_paid == 1


@pytest.mark.parametrize(
    ("starts", "ends", "share_bp"),
    [(f.LONG_AGO, dt.date(2019, 3, 2), 10_000), (dt.date(2019, 3, 2), None, 0)],
)
def test_the_subsidy_asks_whether_the_household_was_registered_on_the_day_it_sold(starts, ends, share_bp):
    f.make_programme()
    with time_machine.travel(days.at(MAR_10, 18)):  # the day on which it was written down counts too
        chain = Chain()
        HouseholdStatus.objects.all().update(starts_on=starts, ends_on=ends)
        chain.hand_over()
        chain.shell()
    order = f.sell((chain.pack, 1), on=MAR_20)
    f.assess()
    assert Award.objects.live().get(shipment__consignment__order=order).share_bp == share_bp
    assert Figures(*H1).households_helped == (1 if share_bp else 0)


def test_goods_that_no_household_sold_stay_nobodys():
    chain = Chain()
    chain.hand_over(15_000)
    raw = Produce.objects.get(cooperative=chain.taker, code="XH01")
    f.make_lot(raw, None, g=5_000, fen_per_kg=500, bought_on=MAR_1)
    made = stock.process(produce=raw, into=chain.kernels, in_g=20_000, out_g=10_000, on=MAR_10)
    # The other source's was bought first, so it went in first: 2.5 kg; then 5 and 2.5 kg of the households.
    assert [row[:3] for row in lots_of(made)] == [
        (None, 2_500, 1_000),
        (chain.one.pk, 5_000, 1_200),
        (chain.other.pk, 2_500, 1_202),
    ]
    order = f.sell((chain.pack, 1), on=MAR_20)
    assert credited(order) == []
    assert Figures(*H1).other_sales_fen == 8_800


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"out_g": 12_001}, "out_g"),
        ({"out_g": 4_799}, "out_g"),  # 12 kg at 40 %: 4.8 kg at least
        ({"out_g": 7_201}, "out_g"),  # and 7.2 kg at most
        ({"out_g": 0}, "out_g"),
        ({"in_g": 12_001, "out_g": 6_000}, "in_g"),
        ({"in_g": 0}, "in_g"),
        ({"on": dt.date(2999, 1, 1)}, "on"),
        ({"on": MAR_1}, "in_g"),
    ],
)
def test_a_yield_that_cannot_be_is_refused_at_its_field(fields, field):
    chain = Chain()
    chain.hand_over()
    raw = Produce.objects.get(cooperative=chain.taker, code="XH01")
    with refused(field):
        stock.process(produce=raw, into=chain.kernels, **{"in_g": 12_000, "out_g": 6_000, "on": MAR_10} | fields)
    assert CarryOn.objects.count() == 1
    with refused("into"):
        stock.process(produce=raw, into=chain.fresh, in_g=1_000, out_g=500, on=MAR_10)


def test_only_verified_goods_within_their_shelf_life_are_carried_on():
    chain = Chain()
    f.make_lot(chain.fresh, None, g=50_000, bought_on=MAR_1, verified=False)
    into = f.make_produce(chain.giver, code="X")
    with refused("in_g"):
        stock.process(produce=chain.fresh, into=into, in_g=15_001, out_g=1_000, on=MAR_10)
    Produce.objects.filter(pk=chain.fresh.pk).update(shelf_life_days=8)
    chain.fresh.refresh_from_db()
    with refused("in_g"):
        stock.process(produce=chain.fresh, into=into, in_g=1_000, out_g=1_000, on=MAR_10)


def test_a_hand_over_that_is_declined_or_called_off_moves_nothing():
    chain = Chain()
    for decide in (stock.decline, stock.call_off):
        offered = stock.offer(batch=chain.batch, taker=chain.taker, g=1_000, fen_per_kg=700, on=MAR_5)
        decide(hand_over=offered)
        with refused():
            stock.accept(hand_over=offered)
    assert CarryOn.objects.count() == 0
    assert HandOver.objects.open().count() == 0


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"g": 15_001}, "g"), ({"g": 0}, "g"), ({"fen_per_kg": 0}, "fen_per_kg"), ({"on": dt.date(2999, 1, 1)}, "on")],
)
def test_a_hand_over_that_cannot_be_is_refused_at_its_field(fields, field):
    chain = Chain()
    with refused(field):
        stock.offer(**{"batch": chain.batch, "taker": chain.taker, "g": 1, "fen_per_kg": 1, "on": MAR_5} | fields)
    with refused("taker"):
        stock.offer(batch=chain.batch, taker=chain.giver, g=1, fen_per_kg=1, on=MAR_5)


def test_a_batch_from_which_goods_have_gone_since_they_were_offered_is_refused():
    chain = Chain()
    offered = stock.offer(batch=chain.batch, taker=chain.taker, g=12_000, fen_per_kg=700, on=MAR_5)
    stock.withdraw(produce=chain.fresh, kind="lost", g=4_000, on=MAR_5)
    with refused("g"):
        stock.accept(hand_over=offered)
    offered.refresh_from_db()
    assert offered.state == HandOver.State.OFFERED


def test_what_was_carried_on_wrongly_is_taken_back_while_nothing_of_it_has_gone():
    chain = Chain()
    chain.hand_over()
    wrong = chain.shell()
    back = stock.undo_carry_on(carry_on=wrong, why="称错了")
    assert (back.in_g, back.out_g, back.reverses) == (-12_000, -5_500, wrong)
    assert set(PurchaseLot.objects.filter(carry_on=wrong).values_list("reversed_why", flat=True)) == {"称错了"}
    right = chain.shell(out_g=6_000)
    with refused():
        stock.undo_carry_on(carry_on=wrong, why="again")
    f.sell((chain.pack, 1), on=MAR_20)
    with refused():
        stock.undo_carry_on(carry_on=right, why="too late")


# ── A season's account ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def walnuts():
    """Season 2018 of walnuts, September to August: opening stock, three sources, all ways out. Kernels are made of some."""
    pack = f.make_pack()
    produce = pack.produce
    before = dt.date(2018, 8, 30)
    f.make_lot(produce, None, g=3_000, bought_on=before)
    stock.withdraw(produce=produce, kind="lost", g=1_000, on=before)
    f.make_lot(produce, f.make_household(produce.cooperative), g=10_000, bought_on=dt.date(2018, 9, 1))
    f.make_lot(produce, f.make_household(produce.cooperative, category=""), g=6_000, bought_on=MAR_1)
    f.make_lot(produce, None, g=4_000, bought_on=MAR_1, verified=False)
    f.sell((pack, 2), on=MAR_20)
    stock.withdraw(produce=produce, kind="lost", g=500, on=MAR_20)
    stock.withdraw(produce=produce, kind="graded_out", g=700, on=MAR_20)
    (wrong,) = stock.withdraw(produce=produce, kind="elsewhere", g=800, on=MAR_20)
    stock.reverse_withdrawal(withdrawal=wrong)
    stock.withdraw(produce=produce, kind="elsewhere", g=900, on=MAR_20)
    kernels = f.make_produce(produce.cooperative, code="HR01", name="核桃仁")
    stock.process(produce=produce, into=kernels, in_g=1_000, out_g=450, on=MAR_20)
    # The next season's.
    f.make_lot(produce, None, g=99_000, bought_on=dt.date(2019, 9, 1))
    return produce


def test_a_seasons_account_by_hand(walnuts):
    (row,) = season.rows([walnuts], year=2018)
    account = row.account
    # 3 − 1 kg were there; 10, 6 and 4 kg were bought; 5 sold, 0.9 elsewhere, 0.7 graded out, 0.5 lost, 1 made into kernels.
    assert (account.opening_g, account.registered_g, account.households_g, account.others_g) == (
        2_000,
        10_000,
        6_000,
        4_000,
    )
    assert (account.sold_g, account.elsewhere_g, account.graded_out_g, account.lost_g, account.carried_on_g) == (
        5_000,
        900,
        700,
        500,
        1_000,
    )
    assert (account.unverified_g, account.untraced_g, account.on_hand_g) == (4_000, 0, 13_900)
    assert row.flags == [Flag.NOT_SIGNED]
    kernels = Produce.objects.get(code="HR01")
    (made,) = season.rows([kernels], year=2018)
    assert (made.account.carried_in_g, made.account.bought_g, made.account.on_hand_g) == (450, 0, 450)
    (following,) = season.rows([walnuts], year=2019)
    assert (following.account.opening_g, following.account.others_g) == (13_900, 99_000)


def test_a_refund_takes_the_sale_back_and_not_the_goods(walnuts):
    sold = SaleLine.objects.get()
    f.give_back(sold.sale.order, on=APR_2, g=5_000, fen=17_600)
    assert season.rows([walnuts], year=2018)[0].account.sold_g == 5_000


def owner_of(produce):
    return f.make_user(cooperative=produce.cooperative)


def sign(produce, by, **fields):
    given = {"year": 2018, "counted_on": dt.date(2019, 8, 31), "counted_g": 13_900, "explained": "lost", "note": ""}
    return season.sign(produce=produce, **given | fields, by=by)


def test_the_owner_signs_what_he_counted_and_what_is_missing_is_written_off(walnuts):
    signed = sign(walnuts, owner_of(walnuts), counted_g=13_000)
    assert (signed.book_g, signed.counted_g, signed.explained) == (13_900, 13_000, "lost")
    figures = json.loads(signed.figures)
    assert (figures["account"]["lost_g"], figures["account"]["on_hand_g"]) == (1_400, 13_000)
    assert signed.sha256 == stock.digest(signed.figures) == stock.digest(stock.signed_text(figures))
    (row,) = season.rows([walnuts], year=2018)
    assert row.flags == []
    assert (row.account.on_hand_g, row.signed) == (13_000, signed)
    assert season.rows([walnuts], year=2019)[0].account.opening_g == 13_000


def test_the_same_books_give_the_same_text_to_sign(walnuts):
    first = sign(walnuts, owner_of(walnuts))
    account = season.accounts({walnuts.pk: (first.starts_on, first.counted_on)})[walnuts.pk]
    assert json.loads(first.figures)["account"] == account.text()


def test_a_signed_account_stays_and_what_changes_the_books_afterwards_shows(walnuts):
    signed = sign(walnuts, owner_of(walnuts))
    with pytest.raises(DatabaseError), transaction.atomic():
        SignedAccount.objects.filter(pk=signed.pk).update(counted_g=1)
    f.make_lot(walnuts, None, g=1_000, bought_on=MAR_1)
    assert season.rows([walnuts], year=2018)[0].flags == [Flag.CHANGED]


def test_more_than_the_books_say_is_no_loss_and_shows_as_goods_that_nobody_sold(walnuts):
    owner = owner_of(walnuts)
    with refused("explained"):
        sign(walnuts, owner, counted_g=14_000)
    with refused("note"):
        sign(walnuts, owner, counted_g=14_000, explained="note")
    sign(walnuts, owner, counted_g=14_000, explained="note", note="秤不准")
    (row,) = season.rows([walnuts], year=2018)
    assert (row.flags, row.from_nobody_g) == ([Flag.NOBODY_SOLD], 100)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"counted_on": dt.date(2018, 10, 9)}, "counted_on"),
        ({"counted_on": dt.date(2019, 9, 1)}, "counted_on"),
        ({"year": 2999, "counted_on": dt.date(2999, 12, 1)}, "counted_on"),
    ],
)
def test_a_count_lies_between_the_harvest_and_the_next(walnuts, fields, field):
    with refused(field):
        sign(walnuts, owner_of(walnuts), **fields)


def test_a_day_is_counted_once_and_nobody_but_the_owner_signs(walnuts):
    owner = owner_of(walnuts)
    packer = owner_of(walnuts)
    CooperativeStaff.objects.filter(user=packer).update(role=CooperativeStaff.Role.PACKER)
    for somebody in (packer, f.make_user(is_staff=True), owner_of(f.make_produce())):
        with refused():
            sign(walnuts, somebody)
    sign(walnuts, owner)
    with refused("counted_on"):
        sign(walnuts, owner)
    assert SignedAccount.objects.count() == 1


def test_slips_of_registered_households_alone_show_beside_what_was_sold():
    pack = f.make_pack()
    f.make_lot(pack.produce, f.make_household(pack.produce.cooperative), g=2_500, bought_on=MAR_1)
    first = f.sell((pack, 4), on=MAR_5)
    f.give_back(first, on=MAR_20, g=2_500, fen=8_800)
    (row,) = season.rows([pack.produce], year=2018)
    # 10 kg left, 2.5 of them have a slip. A quarter was given back: the goods had left all the same.
    assert (row.account.sold_g, row.account.untraced_g) == (2_500, 7_500)
    assert (row.account.registered_bp, row.account.untraced_bp, row.from_nobody_g) == (10_000, 7_500, 7_500)
    assert row.flags == [Flag.NOBODY_SOLD, Flag.REGISTERED_ALONE, Flag.NOT_SIGNED]
