"""Orders ride direct trucks as long as there is room (a bounded thing that many want at once)."""

import datetime as dt
import threading

import pytest
from django.db import connection

import logistics.actions
from logistics.actions import TruckClosed, TruckFull
from logistics.models import Consignment, Departure
from shop import orders
from shop.invariants import violations
from shop.models import Sale
from shop.partner.exceptions import OutOfStock
from suppliers.base import days
from tests import factories as f

pytestmark = [pytest.mark.django_db, pytest.mark.stock]


@pytest.fixture
def walnuts():
    return f.make_pack(gross_g=2_650)


def booked(departure: Departure) -> int:
    departure.refresh_from_db()
    return departure.booked_g


def ride(departure: Departure, *wares, **fields):
    return f.place_order(*wares, delivery=Sale.Delivery.TRUCK, stop=departure.stops.first(), **fields)


def test_what_is_booked_is_not_booked_again():
    truck = f.make_departure(capacity_g=10_000)
    logistics.actions.book(departure=truck, g=8_000)
    with pytest.raises(TruckFull) as full:
        logistics.actions.book(departure=truck, g=2_001)
    assert (full.value.room_g, booked(truck)) == (2_000, 8_000)
    logistics.actions.book(departure=truck, g=2_000)
    logistics.actions.release(departure=truck, g=9_000)
    assert booked(truck) == 1_000
    with pytest.raises(ValueError, match="not booked"):
        logistics.actions.release(departure=truck, g=1_001)
    assert booked(truck) == 1_000


def test_nothing_is_booked_after_the_cut_off_nor_on_a_truck_that_left():
    late = f.make_departure(cut_off_at=days.now() - dt.timedelta(seconds=1))
    gone, cancelled = f.make_departure(state="left"), f.make_departure(state="cancelled")
    for truck in (late, gone, cancelled):
        with pytest.raises(TruckClosed):
            logistics.actions.book(departure=truck, g=1)
    # An order on paper, written down after the cut-off, was in time.
    logistics.actions.book(departure=late, g=1, at=late.cut_off_at - dt.timedelta(hours=1))
    assert booked(late) == 1


@pytest.mark.parametrize("g", [0, -1])
def test_nought_or_less_is_no_load(g):
    truck = f.make_departure()
    for change in (logistics.actions.book, logistics.actions.release):
        with pytest.raises(ValueError, match="no load"):
            change(departure=truck, g=g)


def test_departures_are_asked_for_by_city_time_and_room():
    truck = f.make_departure(capacity_g=1_000)
    f.make_departure(city_code="370100")
    f.make_departure(cut_off_at=days.now())
    open_ones = Departure.objects.to_city(f.TAIAN).open_at(days.now())
    assert list(open_ones.with_room_for(1_000)) == [truck]
    assert not open_ones.with_room_for(1_001).exists()


def test_an_order_takes_its_gross_weight_and_gives_it_back_once(walnuts):
    truck = f.make_departure()
    order = ride(truck, (walnuts, 3))
    assert booked(truck) == 7_950  # 3 × 2,650
    assert (order.sale.channel, order.sale.delivery) == ("group", "truck")
    assert list(violations()) == []
    assert orders.cancel(order=order, reason="x")
    assert not orders.cancel(order=order, reason="x")
    assert booked(truck) == 0
    assert list(violations()) == []


def test_who_does_not_pay_in_time_leaves_the_truck(walnuts):
    truck = f.make_departure()
    ride(truck, (walnuts, 1), minutes_to_pay=0)
    paid = ride(truck, (walnuts, 1))
    f.pay(paid)
    assert orders.expire_unpaid() == 1
    assert booked(truck) == 2_650
    assert list(violations()) == []


def test_what_is_paid_back_before_it_left_gives_its_room_back_and_what_left_does_not(walnuts):
    honey = f.make_pack(gross_g=1_200, net_g=1_000)
    truck = f.make_departure()
    order = ride(truck, (walnuts, 1), (honey, 2))
    f.pay(order)
    line = order.sale.lines.get(pack=honey)
    for _again in range(2):
        f.give_back(order, on=days.today(), g=2_000, fen=line.goods_fen, line=line, key="once")
    assert booked(truck) == 2_650
    f.give_back(order, on=days.today(), g=0, fen=0, line=line)  # an empty refund of a line that is back already
    assert booked(truck) == 2_650
    f.dispatch(order, on=days.today())
    last = order.sale.lines.get(pack=walnuts)
    f.give_back(order, on=days.today(), g=2_500, fen=last.goods_fen, line=last)
    assert booked(truck) == 2_650
    assert list(violations()) == []


def test_a_paid_order_that_is_cancelled_gives_its_room_back(walnuts):
    truck = f.make_departure()
    order = ride(truck, (walnuts, 2))
    f.pay(order)
    assert orders.cancel(order=order, reason="x")
    assert booked(truck) == 0
    assert list(violations()) == []


def test_an_order_that_does_not_fit_changes_nothing(walnuts):
    truck = f.make_departure(capacity_g=2_649)
    with pytest.raises(TruckFull):
        ride(truck, (walnuts, 1))
    assert not Sale.objects.exists()
    assert (booked(truck), walnuts.product.stockrecords.get().num_allocated) == (0, 0)
    roomy = f.make_departure()
    with pytest.raises(OutOfStock):
        ride(roomy, (f.make_pack(in_stock=1), 2))
    assert booked(roomy) == 0


def test_cold_goods_ride_refrigerated_or_not_at_all():
    peaches = f.make_pack(f.make_produce(code="DT01", is_cold_chain=True))
    with pytest.raises(orders.NeedsCold):
        ride(f.make_departure(), (peaches, 1))
    cold = f.make_departure(is_refrigerated=True)
    ride(cold, (peaches, 1))
    assert booked(cold) == 2_650


def all_at_once(change, buyers: int) -> int:
    """Let `buyers` threads do `change` at the same moment; return for how many it worked."""
    ready, worked = threading.Barrier(buyers), []

    def buy():
        ready.wait()
        try:
            change()
            worked.append(1)
        except TruckFull:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=buy) for _ in range(buyers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(worked)


@pytest.mark.django_db(transaction=True)
def test_of_twelve_orders_at_once_five_get_the_last_room(walnuts):
    truck = f.make_departure(capacity_g=5 * 2_650 + 2_649)
    assert all_at_once(lambda: ride(Departure.objects.get(pk=truck.pk), (walnuts, 1)), 12) == 5
    assert booked(truck) == 5 * 2_650
    assert Sale.objects.count() == Consignment.objects.count() == 5
    assert list(violations()) == []


@pytest.mark.django_db(transaction=True)
def test_who_looks_first_and_writes_then_books_more_than_there_is():
    truck = f.make_departure(capacity_g=5_000)
    looked = threading.Barrier(12)

    def look_then_write():
        found = Departure.objects.get(pk=truck.pk)
        looked.wait()
        if found.room_g < 1_000:
            raise TruckFull(found, 1_000)
        Departure.objects.filter(pk=truck.pk).update(booked_g=found.booked_g + 1_000)

    assert all_at_once(look_then_write, 12) == 12  # and five fit
    assert booked(truck) == 1_000
