"""The pages of a cooperative about what travels, through the client."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from logistics.models import Award, Consignment, Shipment, Vehicle
from shop.models import SaleLine
from suppliers.base import days
from suppliers.models import SaleAllocation

from .. import factories as make

pytestmark = pytest.mark.django_db

WAYBILL = "SF1234567890"


@pytest.fixture
def pack():
    make.make_carriers()
    return make.make_pack()


@pytest.fixture
def own(pack, client):
    """The cooperative of `pack`, whose staff has signed in."""
    cooperative = pack.produce.cooperative
    client.force_login(make.make_user(cooperative=cooperative))
    return cooperative


def to_ship(*wares) -> Consignment:
    order = make.place_order(*wares)
    make.pay(order)
    return Consignment.objects.get(order=order, cooperative=wares[0][0].produce.cooperative)


def truck(**fields) -> Vehicle:
    return Vehicle.objects.create(
        **{
            "vehicle_no": f"T{next(make.serial)}",
            "carrier_id": "ZTC",
            "city_code": make.TAIAN,
            "departs_on": days.today(),
            "max_load_g": 10_000_000,
        }
        | fields
    )


def url(name: str, consignment: Consignment) -> str:
    return reverse(name, args=[consignment.consignment_no])


def filled(**fields) -> dict:
    return {
        "carried_by": "SF",
        "waybill": WAYBILL,
        "gross_kg": "2.7",
        "freight": "12",
        "other_subsidy": "",
        "on": days.today().isoformat(),
    } | fields


def errors(response) -> dict[str, list[str]]:
    assert response.status_code == 200
    return {name: list(said) for name, said in response.context["form"].errors.items()}


PAGES = ["logistics:home", "logistics:consignments", "logistics:vehicles", "logistics:vehicle_new", "logistics:awards"]


@pytest.mark.parametrize("name", PAGES)
def test_a_visitor_signs_in_a_buyer_finds_no_such_page_and_staff_read_it(name, client, own):
    assert client.get(reverse(name)).status_code == 200
    client.logout()
    asked = client.get(reverse(name))
    assert asked.status_code == 302
    assert "login" in asked["Location"]
    client.force_login(make.make_user())
    assert client.get(reverse(name)).status_code == 404


def test_a_consignment_shows_own_lines_and_the_receiver_and_nothing_of_the_buyers_other_lines(client, own, pack):
    other = make.make_pack(make.make_produce(name="大宁河谷脐橙"), price_fen=77_700)
    order = make.place_order((pack, 1), (other, 1), user=make.make_user("secret-buyer"))
    make.pay(order)
    consignment = Consignment.objects.get(order=order, cooperative=own)
    page = client.get(url("consignment", consignment)).content.decode()
    assert "巫溪核桃(干) 5斤装" in page
    assert "王女士" in page
    assert "13805380001" in page
    assert "脐橙" not in page
    assert "secret-buyer" not in page
    assert "88.00" not in page
    assert "777.00" not in page
    assert str(order.total_incl_tax) not in page
    listed = client.get(reverse("logistics:consignments")).content.decode()
    assert "巫溪核桃(干) 5斤装" in listed
    assert "脐橙" not in listed
    assert "王女士" not in listed


def test_another_cooperatives_consignment_is_not_there(client, own):
    foreign = to_ship((make.make_pack(), 1))
    assert client.get(url("consignment", foreign)).status_code == 404
    assert client.post(url("ship", foreign), filled()).status_code == 404
    assert Shipment.objects.count() == 0


def test_the_receiver_is_forgotten_once_the_parcel_has_come(client, own, pack):
    order = make.sell((pack, 1), on=dt.date(2019, 3, 1))
    page = client.get(url("consignment", Consignment.objects.get(order=order))).content.decode()
    assert "王女士" not in page
    assert "13805380001" not in page
    assert "东岳大街" not in page


def test_a_parcel_is_shipped_once_and_a_second_post_says_so(client, own, pack):
    lot = make.make_lot(pack.produce, make.make_household(own), bought_on=days.today() - dt.timedelta(days=3))
    consignment = to_ship((pack, 1))
    assert client.get(url("ship", consignment)).status_code == 200
    first = client.post(url("ship", consignment), filled(waybill=" sf12 3456 7890 ", gross_kg="２.7公斤"), follow=True)
    assert WAYBILL in first.content.decode()
    second = client.post(url("ship", consignment), filled(waybill="SF0000000099"), follow=True)
    assert "已经发过货" in second.content.decode()
    shipment = Shipment.objects.get()
    assert (shipment.waybill, shipment.gross_g, shipment.billed_g, shipment.freight_fen) == (
        WAYBILL,
        2_700,
        3_000,
        1_200,
    )
    assert SaleAllocation.objects.get().lot == lot
    assert SaleLine.objects.get().dispatched_at is not None


@pytest.mark.parametrize(
    ("written", "field", "message"),
    [
        ({"waybill": "1234567"}, "waybill", "8 到 24"),
        ({"waybill": "单号12345678"}, "waybill", "8 到 24"),
        ({"waybill": "'; DROP TABLE--"}, "waybill", "8 到 24"),
        ({"gross_kg": "0"}, "gross_kg", "净重 2.5 公斤"),
        ({"gross_kg": "-1"}, "gross_kg", "净重 2.5 公斤"),
        ({"gross_kg": "2.499"}, "gross_kg", "净重 2.5 公斤"),
        ({"gross_kg": "50001"}, "gross_kg", "50 吨"),
        ({"gross_kg": "1000000000"}, "gross_kg", "50 吨"),
        ({"gross_kg": "9" * 40}, "gross_kg", "15"),
        ({"gross_kg": "heavy"}, "gross_kg", "数字"),
        ({"freight": "-1"}, "freight", "运费"),
        ({"freight": "1000000000"}, "freight", "运费"),
        ({"other_subsidy": "-1"}, "other_subsidy", "金额"),
        ({"other_subsidy": "1000000000"}, "other_subsidy", "金额"),
        ({"on": "2999-01-01"}, "on", "还没有到"),
        ({"on": "2019-01-01"}, "on", "不可能在此之前"),
        ({"carried_by": ""}, "carried_by", "必填项"),
        ({"carried_by": "NONE"}, "carried_by", "列表"),
        ({"carried_by": "ZTC"}, "carried_by", "列表"),
        ({"carried_by": "vehicle:999999999999999999999"}, "carried_by", "列表"),
    ],
)
def test_what_cannot_be_true_is_said_at_its_field_and_nothing_is_written(client, own, pack, written, field, message):
    consignment = to_ship((pack, 1))
    said = errors(client.post(url("ship", consignment), filled(**written)))
    assert list(said) == [field]
    assert message in said[field][0]
    consignment.refresh_from_db()
    assert consignment.state == Consignment.State.TO_SHIP
    assert Shipment.objects.count() == 0


def test_a_waybill_is_used_once(client, own, pack):
    first, second = to_ship((pack, 1)), to_ship((pack, 1))
    client.post(url("ship", first), filled())
    said = errors(client.post(url("ship", second), filled(waybill=WAYBILL.lower())))
    assert "已经用过" in said["waybill"][0]
    assert Shipment.objects.count() == 1


def test_goods_ride_on_a_vehicle_to_their_city_that_has_room_and_has_left(client, own, pack):
    consignment = to_ship((pack, 1))
    elsewhere = truck(city_code="370100")
    small = truck(max_load_g=2_600)
    later = truck(departs_on=days.today() + dt.timedelta(days=2))
    long_gone = truck(departs_on=days.today() - dt.timedelta(days=8))
    right = truck()
    page = client.get(url("ship", consignment)).content.decode()
    offered = [v.vehicle_no in page for v in (elsewhere, small, later, long_gone, right)]
    assert offered == [False, True, False, False, True]
    for vehicle, field, message in (
        (elsewhere, "carried_by", "另一个城市"),
        (later, "carried_by", "晚于"),
        (long_gone, "carried_by", "早在"),
        (small, "gross_kg", "还能装 2.6 公斤"),
    ):
        said = errors(client.post(url("ship", consignment), filled(carried_by=f"vehicle:{vehicle.pk}")))
        assert message in said[field][0]
    client.post(url("ship", consignment), filled(carried_by=f"vehicle:{right.pk}"))
    shipment = Shipment.objects.get()
    assert (shipment.vehicle, shipment.carrier_id) == (right, "ZTC")


def test_an_unpaid_or_cancelled_consignment_cannot_be_shipped(client, own, pack):
    order = make.place_order((pack, 1))
    consignment = Consignment.objects.get(order=order)
    assert client.post(url("ship", consignment), filled()).status_code == 302
    assert Shipment.objects.count() == 0


def test_home_says_what_is_to_ship_oldest_first_what_is_expected_and_whom_it_helped(client, own, pack):
    today = days.today()
    household = make.make_household(own)
    make.make_lot(pack.produce, household, bought_on=today - dt.timedelta(days=3))
    make.make_programme(today.year)
    make.sell((pack, 1), on=today, freight_fen=2_000)
    make.assess()
    earlier = to_ship((pack, 2))
    earlier.order.date_placed -= dt.timedelta(days=2)
    earlier.order.save()
    later = to_ship((pack, 1))
    page = client.get(reverse("logistics:home"))
    assert [c.consignment_no for c in page.context["to_ship"]] == [earlier.consignment_no, later.consignment_no]
    assert page.context["helped"] == 1
    # One parcel of 3 kg billed: 2.00 yuan × 1.30, one household, tier A before thresholds over several shipments.
    assert page.context["subsidy"]["provisional_fen"] == 260
    assert later.consignment_no in page.content.decode()


def test_awards_show_each_shipment_with_its_reason_and_the_sums_of_half_years(client, own, pack):
    make.make_programme(2019)
    make.make_lot(pack.produce, make.make_household(own), g=50_000)
    make.sell((pack, 1), on=dt.date(2019, 3, 1))
    make.sell((pack, 1), on=dt.date(2019, 7, 1))
    make.sell((make.make_pack(), 1), on=dt.date(2019, 3, 1))
    make.assess()
    page = client.get(reverse("logistics:awards"), {"period": "2019-01-01"})
    periods = page.context["periods"]
    assert [(p.starts, p.shipments, p.provisional_fen) for p in periods] == [
        (dt.date(2019, 7, 1), 1, 260),
        (dt.date(2019, 1, 1), 1, 260),
    ]
    shown = list(page.context["page"])
    assert [award.shipment.cooperative for award in shown] == [own]
    assert shown[0].explanation in page.content.decode()
    assert client.get(reverse("logistics:awards"), {"period": "yesterday"}).status_code == 404


def weighed(vehicle: Vehicle, client, **fields):
    note = {"weigh_note": "GB-7", "net_kg": "2.5"} | fields
    return client.post(reverse("logistics:vehicle", args=[vehicle.pk]), note)


def test_a_weigh_note_makes_the_goods_aboard_due_again(client, own, pack):
    make.make_programme(2019)
    vehicle = truck(departs_on=dt.date(2019, 3, 1), is_refrigerated=True)
    make.sell((pack, 1), on=dt.date(2019, 3, 1), vehicle=vehicle)
    make.assess()
    assert Shipment.objects.get().is_assessed
    assert client.get(reverse("logistics:vehicle", args=[vehicle.pk])).status_code == 200
    assert weighed(vehicle, client, has_temperature_log="on").status_code == 302
    vehicle.refresh_from_db()
    assert (vehicle.weigh_note, vehicle.net_g, vehicle.has_temperature_log) == ("GB-7", 2_500, True)
    assert not Shipment.objects.get().is_assessed


@pytest.mark.parametrize("net_kg", ["0", "-3", "10000.01", "1000000000"])
def test_a_net_weight_is_above_zero_and_within_the_rated_load(client, own, pack, net_kg):
    vehicle = truck(departs_on=dt.date(2019, 3, 1))
    make.sell((pack, 1), on=dt.date(2019, 3, 1), vehicle=vehicle)
    said = errors(weighed(vehicle, client, net_kg=net_kg))
    assert "10000 公斤" in said["net_kg"][0]
    vehicle.refresh_from_db()
    assert vehicle.net_g is None


def test_a_weigh_note_stays_once_an_award_is_frozen(client, own, pack):
    make.make_programme(2019)
    vehicle = truck(departs_on=dt.date(2019, 3, 1))
    make.sell((pack, 1), on=dt.date(2019, 3, 1), vehicle=vehicle)
    make.assess()
    Award.objects.update(state=Award.State.FROZEN)
    assert "保持不变" in errors(weighed(vehicle, client))["__all__"][0]
    vehicle.refresh_from_db()
    assert vehicle.net_g is None
    assert Shipment.objects.get().is_assessed


def test_a_vehicle_without_own_goods_cannot_be_weighed(client, own):
    vehicle = truck()
    assert weighed(vehicle, client).status_code == 404


def test_a_vehicle_is_planned_once_a_day(client, own):
    trip = {
        "plate": "渝f 12345",
        "carrier": "ZTC",
        "city_code": make.TAIAN,
        "departs_on": days.today().isoformat(),
        "max_load_kg": "10,000",
    }
    assert client.post(reverse("logistics:vehicle_new"), trip).status_code == 302
    assert "已经在" in errors(client.post(reverse("logistics:vehicle_new"), trip))["plate"][0]
    assert (
        "50 吨" in errors(client.post(reverse("logistics:vehicle_new"), trip | {"max_load_kg": "0"}))["max_load_kg"][0]
    )
    vehicle = Vehicle.objects.get()
    assert (vehicle.plate, vehicle.max_load_g) == ("渝F12345", 10_000_000)
    assert client.get(reverse("logistics:vehicles")).status_code == 200


def test_who_works_for_two_cooperatives_chooses(client, own, pack):
    second = make.make_pack().produce.cooperative
    user = make.make_user(cooperative=own)
    make.CooperativeStaff.objects.create(user=user, cooperative=second, starts_on=make.LONG_AGO)
    client.force_login(user)
    home = reverse("logistics:home")
    assert client.get(home).wsgi_request.cooperative == own
    assert client.get(home, {"cooperative": second.code}).wsgi_request.cooperative == second
    client.post(reverse("suppliers:choose"), {"code": second.code})
    assert client.get(home).wsgi_request.cooperative == second
    assert client.get(home, {"cooperative": make.make_cooperative().code}).status_code == 404
    assert client.post(reverse("suppliers:choose"), {"code": "none"}).status_code == 404


@pytest.mark.parametrize("name", ["logistics:home", "logistics:consignments", "logistics:vehicles", "logistics:awards"])
def test_ten_rows_take_as_many_queries_as_one(client, own, pack, name):
    make.make_programme(2019)

    def a_row() -> None:
        to_ship((pack, 1))
        vehicle = truck()
        make.sell((pack, 1), on=dt.date(2019, 3, 1), vehicle=truck(departs_on=dt.date(2019, 3, 1)))
        order = make.place_order((pack, 1))
        make.pay(order)
        make.dispatch(order, on=days.today(), vehicle=vehicle)
        make.assess()

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            query = {"period": "2019-01-01"} if name == "logistics:awards" else {}
            assert client.get(reverse(name), query).status_code == 200
        return len(queries)

    a_row()
    count()  # what the first request alone asks
    one = count()
    for _ in range(9):
        a_row()
    assert count() == one


def test_no_page_says_english_words(client, own, pack):
    """The texts of these pages are translated; what stays Latin are codes."""
    make.make_programme(2019)
    make.sell((pack, 1), on=dt.date(2019, 3, 1))
    make.assess()
    consignment = to_ship((pack, 1))
    for path in [*(reverse(name) for name in PAGES), url("consignment", consignment), url("ship", consignment)]:
        page = client.get(path).content.decode()
        main = re.sub(r"<[^>]*>", " ", page[page.index("<main") : page.index("</main>")])
        assert not re.findall(r"[a-z]{4,}", main), path
