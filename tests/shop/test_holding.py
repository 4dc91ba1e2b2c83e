"""How many unpaid orders one visitor has open at once: each holds stock, and room on a truck."""

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import time_machine
from django.db import connection

from shop import holding, orders
from shop.accounts import limits
from shop.holding import Holder, TooManyUnpaid
from shop.models import Sale
from suppliers.base import days
from tests import factories as f
from tests.shop.test_checkout import WANG, key

pytestmark = [pytest.mark.django_db, pytest.mark.stock]
MOBILE, OTHER = "+8613805380001", "+8613805389999"


@pytest.fixture
def walnuts():
    return f.make_pack(in_stock=100)


def hold(pack, holder: Holder, **fields):
    """An unpaid order of `holder`, placed by himself; to the mobile number of the factory."""
    return f.place_order((pack, 1), user=holder.user, holder=holder, **fields)


def held(pack) -> int:
    return pack.product.stockrecords.get().num_allocated or 0


def test_the_fourth_unpaid_order_of_an_account_is_refused_and_names_the_others(walnuts):
    own = Holder(f.make_user())
    placed = [hold(walnuts, own) for _ in range(3)]
    with pytest.raises(TooManyUnpaid) as refused:
        hold(walnuts, own)
    assert [sale.order for sale in refused.value.sales] == placed
    assert held(walnuts) == 3
    hold(walnuts, Holder(f.make_user()))  # somebody else orders


@pytest.mark.parametrize("way", ["pay", "cancel", "wait"])
def test_paying_cancelling_or_half_an_hour_makes_room(walnuts, way):
    own = Holder(f.make_user())
    first, *_others = [hold(walnuts, own) for _ in range(3)]
    if way == "pay":
        f.pay(first)
    elif way == "cancel":
        orders.cancel(order=first, reason="x")
    with time_machine.travel(days.now() + dt.timedelta(minutes=31 if way == "wait" else 0)):
        hold(walnuts, own)


def test_a_guest_is_known_by_the_mobile_number_and_a_customer_is_not(walnuts):
    for _ in range(3):
        hold(walnuts, Holder(mobile=MOBILE))
    with pytest.raises(TooManyUnpaid):
        hold(walnuts, Holder(mobile=MOBILE))
    hold(walnuts, Holder(mobile=OTHER))
    hold(walnuts, Holder(f.make_user(), mobile=MOBILE))  # whoever signs in is not kept out by what a stranger wrote


def test_an_institution_and_whoever_is_on_terms_hold_as_much_as_they_order(walnuts):
    canteen = Holder(f.make_user())
    for _ in range(4):
        hold(walnuts, canteen, buyer_kind=Sale.BuyerKind.INSTITUTION, organisation="食堂")
    own = Holder(f.make_user())
    for _ in range(4):
        orders.ship_on_terms(order=hold(walnuts, own))


def test_many_of_one_office_order_as_long_as_they_pay(walnuts, monkeypatch):
    monkeypatch.setattr(holding, "MOST_FROM_ONE_ADDRESS", 4)
    colleagues = [Holder(f.make_user(), address="203.0.113.9") for _ in range(6)]
    for one in colleagues[:4]:
        last = hold(walnuts, one)
    with pytest.raises(TooManyUnpaid) as refused:
        hold(walnuts, colleagues[4])
    assert refused.value.sales == []  # they are not his
    hold(walnuts, Holder(f.make_user(), address="203.0.113.10"))
    f.pay(last)
    hold(walnuts, colleagues[4])


def test_where_an_order_was_made_from_is_kept_as_long_as_it_holds_something_and_tells_no_address(walnuts):
    paid, cancelled = (hold(walnuts, Holder(f.make_user(), address="203.0.113.9")) for _ in range(2))
    kept = Sale.objects.get(order=paid).held_from
    assert kept
    assert "203" not in kept
    f.pay(paid)
    orders.cancel(order=cancelled, reason="x")
    assert set(Sale.objects.values_list("held_from", flat=True)) == {""}


def at_once(do, things: list) -> list:
    start = Barrier(len(things))

    def one(thing):
        try:
            start.wait()
            return do(thing)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(things)) as pool:
        return list(pool.map(one, things))


def place(basket, user, holder) -> bool:
    try:
        orders.place(
            basket=basket,
            shipping_address=None,
            shipping_method=f.ByWeight("370902"),
            city_code=f.TAIAN,
            user=user,
            holder=holder,
        )
    except TooManyUnpaid:
        return False
    return True


def baskets(pack, user) -> list:
    return [f.make_basket((pack, 1), user=user) for _ in range(6)]


@pytest.mark.django_db(transaction=True)
def test_of_six_orders_at_once_three_are_placed():
    pack, user = f.make_pack(), f.make_user()
    own = Holder(user, address="203.0.113.9")
    done = at_once(lambda basket: place(basket, user, own), baskets(pack, user))
    assert (sum(done), held(pack)) == (3, 3)


@pytest.mark.django_db(transaction=True)
def test_counted_by_reading_first_all_six_are(monkeypatch):
    """The control: what `stand_alone` is for."""
    pack, user = f.make_pack(), f.make_user()
    own = Holder(user, address="203.0.113.9")
    monkeypatch.setattr(limits, "stand_alone", lambda *_subjects, **_term: None)
    everybody_has_read = Barrier(6)

    def naive(basket) -> bool:
        holding.check(own)
        everybody_has_read.wait()
        return place(basket, user, None)

    done = at_once(naive, baskets(pack, user))
    assert (sum(done), held(pack)) == (6, 6)


# ── Pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def order_online(client, pack, **changed):
    client.post(f"/basket/add/{pack.pk}/", {"quantity": "1"})
    return client.post("/checkout/", WANG | {"basket": key(client)} | changed)


def links(answer) -> list[str]:
    box = answer.content.decode().partition('id="unpaid"')[2].partition("</div>")[0]
    return re.findall(r'href="([^"]+)"', box)


def test_a_guest_is_led_to_his_unpaid_orders_and_goes_on_after_cancelling_one(client, walnuts):
    for _ in range(3):
        assert order_online(client, walnuts).status_code == 302
    tokens = list(Sale.objects.order_by("pk").values_list("token", flat=True))
    refused = order_online(client, walnuts)
    assert links(refused) == [f"/orders/{token}/" for token in tokens]
    assert "先付款或取消其中一个" in refused.content.decode()
    assert "东岳大街 1 号" in refused.content.decode()  # what was written is kept
    client.post(f"/orders/{tokens[0]}/cancel/")
    assert order_online(client, walnuts).status_code == 302


def test_who_writes_somebody_elses_number_is_not_led_to_his_orders(client, walnuts):
    for _ in range(3):
        hold(walnuts, Holder(mobile=MOBILE))
    assert links(order_online(client, walnuts)) == ["/orders/"]


def test_where_many_are_unpaid_from_one_address_the_page_says_to_wait(client, walnuts, monkeypatch):
    monkeypatch.setattr(holding, "MOST_FROM_ONE_ADDRESS", 1)
    order_online(client, walnuts, mobile="13805381111")
    refused = order_online(client, walnuts, mobile="13805382222")
    assert "请过几分钟再试" in refused.content.decode()
    assert links(refused) == []


def test_a_group_order_is_joined_three_times_unpaid_and_then_says_so(client, walnuts):
    group = f.make_group_order(walnuts)
    url = f"/together/{group.token}/join/"

    def join():
        page_key = client.get(url).context["form"]["key"].value()
        said = {"place": "1", "key": page_key, "name": "王小明", "mobile": "13805380001", f"q_{walnuts.pk}": "1"}
        return client.post(url, said | {"is_fresh_confirmed": "on"})

    assert [join().status_code for _ in range(3)] == [302, 302, 302]
    refused = join()
    assert len(links(refused)) == 3
    group.stop.departure.refresh_from_db()
    assert group.stop.departure.booked_g == 3 * walnuts.gross_g
