"""County staff plan trucks and counters; cooperatives see what rides where."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import logistics.actions
from logistics.models import Consignment, Counter, Departure
from shop import orders
from shop.invariants import violations
from suppliers.base import days
from tests import factories as f
from tests.shop.test_departures import booked, ride

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    f.make_carriers()
    client.force_login(f.make_user(is_staff=True))
    return client


def moment(in_days: int, hour: int) -> str:
    return f"{days.today() + dt.timedelta(days=in_days)}T{hour:02d}:00"


PLAN = {
    "city_code": f.TAIAN,
    "leaves_at": moment(5, 8),
    "cut_off_at": moment(4, 12),
    "capacity_kg": "５,000",
    "least_kg": "",
    "yuan_per_kg": "0.6",
    "name": "示例·广场",
    "address": "东岳大街某广场",
    "area_code": "370902",
    "opens_at": moment(7, 9),
    "closes_at": moment(7, 12),
}


def vehicle(**fields):
    return logistics.actions.plan_vehicle(
        **{
            "plate": "鲁J12345",
            "carrier": f.Carrier.objects.get(pk="ZTC"),
            "city_code": f.TAIAN,
            "departs_on": days.today(),
            "max_load_g": 8_000_000,
        }
        | fields
    )


def test_a_truck_is_planned_and_offered_at_once(staff):
    answer = staff.post("/officials/departures/new/", PLAN)
    truck = Departure.objects.get()
    assert answer["Location"] == f"/officials/departures/{truck.pk}/"
    assert (truck.capacity_g, truck.fen_per_kg, truck.least_g) == (5_000_000, 60, 0)
    assert truck.leaves_at.astimezone(days.SHANGHAI).hour == 8
    assert truck.stops.get().area_code == "370902"
    assert Departure.objects.open_at(days.now()).get() == truck
    staff.post("/officials/departures/new/", PLAN)
    assert Departure.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("city_code", "990000"),
        ("leaves_at", moment(-1, 8)),
        ("leaves_at", "2026"),
        ("leaves_at", "9999-12-31T23:59"),
        ("cut_off_at", moment(6, 8)),
        ("capacity_kg", "0"),
        ("capacity_kg", "-1"),
        ("capacity_kg", "60000"),
        ("capacity_kg", "abc"),
        ("least_kg", "5001"),
        ("yuan_per_kg", "-0.1"),
        ("yuan_per_kg", "101"),
        ("name", ""),
        ("area_code", "370102"),
        ("area_code", "x"),
        ("opens_at", moment(5, 7)),
        ("closes_at", moment(7, 8)),
    ],
)
def test_what_cannot_be_is_said_at_its_field(staff, field, value):
    answer = staff.post("/officials/departures/new/", PLAN | {field: value})
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not Departure.objects.exists()


def test_on_a_phone_every_figure_of_a_truck_says_what_it_is(staff):
    truck = f.make_departure()
    page = staff.get("/officials/departures/").content.decode()
    assert truck.departure_no in page
    assert page.count("as-cards") == 1
    for head in ("发车时间", "截单时间", "已订 / 载重（公斤）"):
        assert f'data-label="{head}"' in page


def test_a_stop_is_added_once(staff):
    truck = f.make_departure()
    stop = {
        "name": "示例·北门",
        "address": "长城路",
        "area_code": "370911",
        "opens_at": moment(7, 14),
        "closes_at": moment(7, 18),
    }
    for status in (302, 200):
        assert staff.post(f"/officials/departures/{truck.pk}/", stop).status_code == status
    assert truck.stops.count() == 2


def test_it_leaves_with_a_vehicle_and_the_cooperative_finds_it_chosen(staff, client):
    truck, walnuts = f.make_departure(), f.make_pack()
    order = ride(truck, (walnuts, 2))
    f.pay(order)
    trip = vehicle()
    other = vehicle(plate="鲁J00000")
    part = Consignment.objects.get()
    staff.post(f"/officials/departures/{truck.pk}/left/", {"vehicle": str(trip.pk)})
    truck.refresh_from_db()
    assert (truck.state, truck.vehicle) == ("left", trip)
    staff.post(f"/officials/departures/{truck.pk}/left/", {"vehicle": str(other.pk)})
    truck.refresh_from_db()
    assert truck.vehicle == trip
    client.force_login(f.make_user(cooperative=walnuts.produce.cooperative))
    for page in ("/cooperative/consignments/", f"/cooperative/consignments/{part.consignment_no}/"):
        assert truck.departure_no in client.get(page).content.decode()
    page = client.get(f"/cooperative/consignments/{part.consignment_no}/ship/").content.decode()
    assert f'value="vehicle:{trip.pk}" selected' in page
    client.post(
        f"/cooperative/consignments/{part.consignment_no}/ship/",
        {
            "carried_by": f"vehicle:{trip.pk}",
            "waybill": "ZTC00000001",
            "gross_kg": "5.3",
            "freight": "10",
            "on": str(days.today()),
        },
    )
    assert part.shipments.get().vehicle == trip
    assert list(violations()) == []


def test_not_every_vehicle_can_be_the_truck(staff):
    truck = f.make_departure(is_refrigerated=True, capacity_g=9_000_000, booked_g=0)
    dry = vehicle()
    elsewhere = vehicle(plate="鲁A1", city_code="370100", is_refrigerated=True)
    for chosen in (str(dry.pk), str(elsewhere.pk), "", "x", "9" * 400, "0"):
        assert staff.post(f"/officials/departures/{truck.pk}/left/", {"vehicle": chosen}).status_code == 302
    truck.refresh_from_db()
    assert (truck.state, truck.vehicle) == ("open", None)


def test_a_truck_that_does_not_go_pays_everybody_back(staff):
    truck, walnuts = f.make_departure(), f.make_pack()
    paid, unpaid = ride(truck, (walnuts, 1)), ride(truck, (walnuts, 1))
    f.pay(paid)
    for _again in range(2):
        staff.post(f"/officials/departures/{truck.pk}/call-off/")
    for order in (paid, unpaid):
        order.refresh_from_db()
        assert order.status == orders.CANCELLED
    paid.sale.refresh_from_db()
    assert paid.sale.refunded_fen == paid.sale.total_fen
    assert booked(truck) == 0
    assert truck.state == "cancelled"
    assert list(violations()) == []


def test_a_truck_that_left_is_not_called_off(staff):
    truck = f.make_departure(state="left")
    staff.post(f"/officials/departures/{truck.pk}/call-off/")
    truck.refresh_from_db()
    assert truck.state == "left"


def test_counters_are_added_and_changed(staff):
    given = {
        "code": "TA09",
        "name": "示例·柜",
        "address": "东岳大街",
        "area_code": "370902",
        "hours": "9–21",
        "is_open": "on",
    }
    staff.post("/officials/counters/", given)
    assert "errorlist" in staff.post("/officials/counters/", given).content.decode()
    staff.post("/officials/counters/TA09/", {k: v for k, v in given.items() if k != "is_open"})
    assert not Counter.objects.get().is_open
    assert staff.get("/officials/counters/NIX/").status_code == 404


def test_nobody_else_posts_here(client):
    truck = f.make_departure()
    for user in (None, f.make_user(), f.make_user("", "official"), f.make_user(cooperative=f.make_cooperative())):
        if user:
            client.force_login(user)
        for page in ("left/", "call-off/", ""):
            answer = client.post(f"/officials/departures/{truck.pk}/{page}")
            assert answer.status_code == (404 if user else 302)
    truck.refresh_from_db()
    assert truck.state == "open"


def test_the_list_takes_as_many_queries_for_ten_trucks_as_for_one(staff):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert staff.get("/officials/departures/").status_code == 200
        return len(seen)

    f.make_departure(), f.make_departure(state="left")
    queries()
    one = queries()
    for _ in range(9):
        f.make_departure(), f.make_departure(state="left")
    assert queries() == one
