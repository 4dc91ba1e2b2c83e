"""How goods come to their buyer: the checkout with its ways, pasted addresses, invoices and coupons."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from logistics.models import Departure
from shop import orders
from shop.checkout.ways import ways
from shop.invariants import violations
from shop.models import InvoiceWish, Sale
from suppliers.base import days
from tests import factories as f
from tests.shop.test_checkout import WANG, errors, key, place

pytestmark = pytest.mark.django_db


@pytest.fixture
def walnuts():
    return f.make_pack(in_stock=50)


@pytest.fixture
def full(client, walnuts):
    """A visitor with two boxes of walnuts, 5.3 kg, in the basket."""
    client.post(f"/basket/add/{walnuts.pk}/", {"quantity": "2"})
    return client


def by_truck(client, stop, **changed):
    bare = {"name": "王女士", "mobile": "13805380001", "place": "1", "delivery": "truck", "truck": str(stop.pk)}
    return client.post("/checkout/", bare | {"basket": key(client)} | changed)


@pytest.mark.journey
def test_a_buyer_fetches_it_from_a_truck_and_needs_no_address(full):
    truck = f.make_departure(fen_per_kg=60)
    stop = truck.stops.get()
    answer = by_truck(full, stop)
    sale = Sale.objects.get()
    assert answer["Location"] == f"/orders/{sale.token}/pay/"
    assert (sale.delivery, sale.channel, sale.stop, sale.city_code) == ("truck", "group", stop, f.TAIAN)
    assert sale.freight_fen == 360  # 6 kg begun × 0.60
    assert sale.expected_on == days.day_of(stop.opens_at)
    address = sale.order.shipping_address
    assert address.in_full == f"山东省 泰安市 泰山区 擂鼓石大街 99 号广场 {stop.name}"
    assert (address.area_code, address.mobile) == ("370902", "13805380001")
    truck.refresh_from_db()
    assert truck.booked_g == 5_300
    for page in (answer["Location"], f"/orders/{sale.token}/"):
        text = full.get(page).content.decode()
        assert stop.name in text
        assert f"预计{sale.expected_on.month}月{sale.expected_on.day}日到泰安" in text
    assert list(violations()) == []


def test_a_buyer_fetches_it_at_a_counter(full):
    counter = f.make_counter()
    bare = {"name": "王女士", "mobile": "13805380001", "place": "1", "delivery": "counter", "counter": str(counter.pk)}
    full.post("/checkout/", bare | {"basket": key(full)})
    sale = Sale.objects.get()
    assert (sale.delivery, sale.channel, sale.counter, sale.city_code) == ("counter", "retail", counter, f.TAIAN)
    assert sale.freight_fen == 700  # 3.00 + 5 × 0.80
    assert sale.expected_on == days.today() + dt.timedelta(days=5)  # no truck goes there: as a parcel


def test_a_parcel_says_when_it_comes(full):
    place(full)
    assert Sale.objects.get().expected_on == days.today() + dt.timedelta(days=5)


def test_each_way_shows_its_price_and_day(full):
    truck = f.make_departure(fen_per_kg=60)
    f.make_counter()
    page = full.get("/checkout/").content.decode()
    on = days.day_of(truck.stops.get().opens_at)
    assert page.count(f"预计{on.month}月{on.day}日到泰安") == 2  # the truck, and the counter that it serves
    for price in ("¥11.20", "¥3.60", "¥7.00"):
        assert price in page
    stops = full.post("/checkout/", {"delivery": "truck"}).content.decode()
    assert "还可装" not in stops  # there is room enough
    assert "截单" in stops
    assert 'name="street"' in stops  # what was written of an address is kept, hidden
    assert '<input type="hidden" name="street"' in stops


def test_trucks_are_shown_with_their_stops_the_own_citys_first(full, walnuts):
    elsewhere = f.make_departure(city_code="370100", in_days=3)
    later, sooner = f.make_departure(in_days=9), f.make_departure(in_days=5, capacity_g=60_000)
    f.make_stop(sooner)
    offered = ways(f.make_basket((walnuts, 1)), area_code="370902")
    assert [(truck.departure, len(truck.stops)) for truck in offered.own_trucks] == [(sooner, 2), (later, 1)]
    assert [truck.departure for truck in offered.other_trucks] == [elsewhere]
    page = full.post("/checkout/", {"delivery": "truck", "province": "370000", "city": "370900"}).content.decode()
    assert page.count("截单") == 3  # once a truck, not once a stop
    assert (
        page.index(sooner.stops.first().name)
        < page.index("去其他城市的直通车")
        < page.index(elsewhere.stops.get().name)
    )


def test_room_is_spoken_of_where_it_is_short(full, walnuts):
    truck = f.make_departure(capacity_g=100_000, booked_g=90_000)
    basket = f.make_basket((walnuts, 1))
    assert not ways(basket, area_code="370902").own_trucks[0].is_short_of_room  # a tenth is left
    Departure.objects.filter(pk=truck.pk).update(booked_g=91_000)
    assert ways(basket, area_code="370902").own_trucks[0].is_short_of_room
    assert "只能再装 9 公斤" in full.post("/checkout/", {"delivery": "truck"}).content.decode()


def test_cold_goods_are_offered_refrigerated_trucks_alone(walnuts):
    f.make_departure()
    cold = f.make_departure(is_refrigerated=True)
    peaches = f.make_pack(f.make_produce(code="DT01", is_cold_chain=True))
    offered = ways(f.make_basket((peaches, 1)), area_code="370902")
    assert [truck.departure for truck in offered.trucks] == [cold]
    # And what needs no cold leaves its room to what does.
    assert cold not in [truck.departure for truck in ways(f.make_basket((walnuts, 1)), area_code="370902").trucks]


def test_a_full_truck_is_shown_and_cannot_be_chosen(full):
    truck = f.make_departure(capacity_g=5_299)
    page = full.post("/checkout/", {"delivery": "truck"}).content.decode()
    assert "只剩 5 公斤空位" in page
    answer = by_truck(full, truck.stops.get())
    assert "只剩 5 公斤空位" in answer.content.decode()
    assert not Sale.objects.exists()


@pytest.mark.parametrize("pk", ["", "999", "-1", "abc", "9" * 500, "1;--"])
def test_a_stop_that_is_none_is_not_changed_for_another(full, pk):
    f.make_departure()
    answer = by_truck(full, f.make_departure().stops.get(), truck=pk)
    assert answer.status_code == 200
    assert "请重新选择" in answer.content.decode()
    assert not Sale.objects.exists()


def test_a_truck_that_closed_meanwhile_is_said_to_be(full):
    truck = f.make_departure()
    f.make_departure()
    basket_key = key(full)
    Departure.objects.filter(pk=truck.pk).update(state="left")
    answer = by_truck(full, truck.stops.get(), basket=basket_key)
    assert "请重新选择" in answer.content.decode()
    assert not Sale.objects.exists()


def test_who_is_beaten_to_the_last_room_keeps_what_was_written(full, monkeypatch):
    truck = f.make_departure()

    def too_late(**_terms):
        raise orders.NeedsCold(truck, "full")

    monkeypatch.setattr(orders, "place", too_late)
    page = by_truck(full, truck.stops.get()).content.decode()
    assert "慢了一步" in page
    assert "王女士" in page


@pytest.mark.parametrize("delivery", ["", "plane", "truck", "counter"])
def test_a_way_that_is_none_breaks_nothing(full, delivery):
    answer = place(full, delivery=delivery)
    assert answer.status_code in (200, 302)
    assert Sale.objects.exists() is (delivery == "")


def test_a_pasted_address_fills_the_fields_and_orders_nothing(full):
    text = "李雷 13900001111 山东省济南市历下区泉城路180号"
    page = full.post("/checkout/", {"pasted": text, "paste": "1", "name": "王女士"}).content.decode()
    assert 'value="李雷"' in page
    assert 'value="泉城路180号"' in page
    assert re.search(r'<option value="370102"\s+selected', page)
    kept = full.post(
        "/checkout/", {"pasted": "你好", "paste": "1", "name": "王女士", "street": "东岳大街"}
    ).content.decode()
    assert 'value="东岳大街"' in kept
    assert not Sale.objects.exists()


@pytest.mark.parametrize("text", ["\x00", "[{}]", "字" * 20_000, "<script>alert(1)</script>"])
def test_anything_may_be_pasted(full, text):
    answer = full.post("/checkout/", {"pasted": text, "paste": "1"})
    assert answer.status_code in (200, 400)
    assert "<script>alert(1)" not in answer.content.decode()


UNIT = {
    "invoice": "unit",
    "invoice_title": "泰安市某公司",
    "tax_id": "91110000600037341L",
    "invoice_email": "a@b.example",
}


def test_a_unit_gets_its_invoice(full):
    place(full, **UNIT | {"tax_id": " ９１110000-600037341l "})
    wish = InvoiceWish.objects.get()
    assert (wish.kind, wish.title, wish.tax_id, wish.email) == (
        "unit",
        "泰安市某公司",
        "91110000600037341L",
        "a@b.example",
    )


def test_a_person_gets_one_in_the_receivers_name(full):
    place(full, invoice="personal", tax_id="nonsense")
    wish = InvoiceWish.objects.get()
    assert (wish.kind, wish.title, wish.tax_id) == ("personal", "王女士", "")


def test_without_a_wish_there_is_none(full):
    place(full)
    assert not InvoiceWish.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("invoice_title", "", "单位全称"),
        ("tax_id", "", "请填写单位税号"),
        ("tax_id", "91110000600037341M", "税号不正确"),
        ("tax_id", "12345", "税号不正确"),
        ("invoice_email", "nobody", "不是电子邮箱"),
    ],
)
def test_what_is_wrong_with_an_invoice_is_said(full, field, value, message):
    assert message in errors(place(full, **UNIT | {field: value}))
    assert not Sale.objects.exists()


def test_a_coupon_at_the_checkout_and_in_the_basket(full):
    f.make_coupon(percent=10)
    page = full.post("/checkout/", {"coupon": "tao10", "coupon_in": "1", "name": "王女士"}).content.decode()
    assert "−¥17.60" in page
    assert 'value="王女士"' in page
    assert "¥169.60" in page  # 176.00 − 17.60 + 11.20
    assert "−¥17.60" in full.get("/basket/").content.decode()
    full.post("/basket/", {"coupon_out": "TAO10"})
    assert "−¥17.60" not in full.get("/basket/").content.decode()
    assert "没有这个优惠码" in full.post("/basket/", {"coupon": "nix"}).content.decode()
    full.post("/basket/", {"coupon": "TAO10"})
    place(full)
    assert Sale.objects.get().goods_fen == 15_840


def test_a_coupon_that_was_used_up_meanwhile_is_said_to_be(full, monkeypatch):
    voucher = f.make_coupon(percent=10, usage="Single use")
    full.post("/basket/", {"coupon": "TAO10"})
    basket_key = key(full)
    other = f.place_order((f.make_pack(), 1))
    voucher.applications.create(order=other)
    answer = full.post("/checkout/", WANG | {"basket": basket_key}, follow=True)
    assert "用完" in answer.content.decode()
    assert Sale.objects.count() == 1


@pytest.mark.journey
def test_a_guest_needs_three_requests_after_the_basket(full):
    basket_key = key(full)  # 1: the page
    paying = full.post("/checkout/", WANG | {"basket": basket_key})  # 2: the order
    full.post(paying["Location"])  # 3: the payment, on the page that 2 leads to
    assert Sale.objects.get().paid_on == days.today()


def test_placing_an_order_takes_some_queries_and_four_a_line(client):
    def queries(lines: int) -> int:
        for _ in range(lines):
            client.post(f"/basket/add/{f.make_pack().pk}/", {"quantity": "1"})
        posted = WANG | {"basket": key(client)}
        with CaptureQueriesContext(connection) as seen:
            assert client.post("/checkout/", posted).status_code == 302
        return len([query for query in seen if "SAVEPOINT" not in query["sql"]])

    queries(1)
    one, eleven = queries(1), queries(11)
    assert eleven - one <= 4 * 10
    # 24: the posted page, the basket and the ways are 10 of them, the order with its sale and consignments the rest.
    assert one <= 24 + 4


def test_the_page_takes_as_many_queries_for_ten_trucks_as_for_one(full):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            full.post("/checkout/", {"delivery": "truck"})
        return len(seen)

    f.make_departure(), f.make_counter()
    queries()
    one = queries()
    for _ in range(9):
        f.make_departure(), f.make_counter()
    assert queries() == one


@pytest.mark.parametrize("cookie", ["[{}]", "", "1:abc", "\x7f", "\xe5\xad" * 50, "9" * 4000, "{}:{}"])
def test_a_basket_cookie_that_is_none_is_an_empty_basket(client, cookie):
    client.cookies["oscar_open_basket"] = cookie
    assert "购物车是空的" in client.get("/basket/").content.decode()
    assert client.get("/checkout/").status_code == 302


def test_a_foreign_line_is_not_changed(full, walnuts):
    others = f.make_basket((walnuts, 4))
    line = others.lines.get()
    assert full.post("/basket/", {f"q-{line.pk}": "9", "remove": ""}).status_code == 302
    full.post("/basket/", {"remove": str(line.pk)})
    line.refresh_from_db()
    assert line.quantity == 4
