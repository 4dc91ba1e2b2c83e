"""A cooperative that is suspended: nothing of it can be bought, and what was ordered before is sent."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from shop import orders
from shop.basket.again import buy_again
from shop.catalogue import shelf
from shop.preorders.models import Presale
from suppliers import joining
from suppliers.base import days
from suppliers.models import Pack

from .. import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def pack():
    return make.make_pack(make.make_produce(name="巫溪映霜桃"))


def suspend(pack) -> None:
    joining.suspend(cooperative=pack.produce.cooperative, by=make.make_user(is_staff=True), reason="检测不合格")


def resume(pack) -> None:
    joining.resume(cooperative=pack.produce.cooperative, by=make.make_user(is_staff=True), reason="复检合格")


def shown_at(address: str) -> bool:
    """Whether a visitor who has nothing of his own sees the product there (of a page that may be kept ready made)."""
    return "巫溪映霜桃" in Client().get(address).content.decode()


@pytest.mark.parametrize("address", ["/catalogue/", "/search/?q=映霜桃", "/"])
def test_its_products_leave_lists_and_search_at_once_and_come_back_at_once(pack, address):
    make.make_pack(make.make_produce(code="QC01", name="巫溪脐橙"))
    assert shown_at(address)
    suspend(pack)
    assert not shown_at(address)
    resume(pack)
    assert shown_at(address)


def test_the_page_of_a_product_says_so_kindly_and_offers_other_things(client, pack):
    address = shelf.wares(Pack.objects.filter(pk=pack.pk), days.today())[0].url
    assert b"basket" in client.get(address).content
    suspend(pack)
    answer = client.get(address)
    said = answer.content.decode()
    assert answer.status_code == 200
    assert pack.produce.cooperative.name in said
    assert reverse("catalogue:index") in said
    assert reverse("basket:add", args=[pack.pk]) not in said
    resume(pack)
    assert reverse("basket:add", args=[pack.pk]) in client.get(address).content.decode()


def test_it_cannot_be_put_into_a_basket(client, pack):
    suspend(pack)
    answer = client.post(reverse("basket:add", args=[pack.pk]), {"quantity": "1"})
    assert pack.produce.cooperative.name in answer.content.decode()
    assert "q-" not in client.get("/basket/").content.decode()


def test_what_is_in_a_basket_is_refused_there_and_at_the_checkout_with_a_plain_message(client, pack):
    client.post(reverse("basket:add", args=[pack.pk]), {"quantity": "2"})
    assert client.get("/checkout/").status_code == 200
    suspend(pack)
    said = client.get("/basket/").context["parcels"][0].items[0].error
    assert said
    assert client.get("/checkout/")["Location"] == reverse("basket:summary")
    assert client.post("/checkout/", {"place": "yes"})["Location"] == reverse("basket:summary")
    assert not orders.Order.objects.exists()


def test_the_strategy_says_that_nothing_of_it_is_available(pack):
    basket = make.make_basket((pack, 1))
    assert basket.all_lines()[0].purchase_info.availability.is_available_to_buy
    suspend(pack)
    fresh = make.make_basket((Pack.objects.get(pk=pack.pk), 1))
    availability = fresh.all_lines()[0].purchase_info.availability
    assert not availability.is_available_to_buy
    assert str(availability.message)


def test_it_is_not_bought_again_from_an_old_order(pack):
    order = make.place_order((pack, 1))
    suspend(pack)
    done = buy_again(basket=make.make_basket(), order=order)
    assert done.gone
    assert not done.put


def test_its_pre_sales_take_no_orders(pack):
    later = days.today() + dt.timedelta(days=30)
    presale = Presale.objects.create(
        pack=make.make_pack(pack.produce),
        of=pack,
        ships_from=later,
        ships_to=later,
        closes_at=days.at(later, 0),
        share_bp=5_000,
        declared_g=1,
        quota=1,
        opened_at=days.now(),
    )
    assert list(Presale.objects.open_at(days.now())) == [presale]
    suspend(pack)
    assert list(Presale.objects.open_at(days.now())) == []


def test_orders_placed_before_stay_and_are_paid_and_shipped(pack):
    order = make.place_order((pack, 1))
    suspend(pack)
    make.pay(order)
    shipments = make.dispatch(order, on=days.today())
    order.refresh_from_db()
    assert len(shipments) == 1
    assert order.status == orders.DISPATCHED


def test_its_own_home_says_why(client, pack):
    suspend(pack)
    client.force_login(make.make_user(cooperative=pack.produce.cooperative))
    assert "检测不合格" in client.get(reverse("logistics:home")).content.decode()


def test_a_basket_asks_no_more_for_ten_lines_than_for_one(client):
    def asked() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get("/basket/").status_code == 200
        return len(caught)

    packs = [make.make_pack(make.make_produce(code=f"T{n:03d}")) for n in range(10)]
    client.post(reverse("basket:add", args=[packs[0].pk]), {"quantity": "1"})
    client.get("/basket/")  # takes the message of the toast away
    few = asked()
    for one in packs[1:]:
        client.post(reverse("basket:add", args=[one.pk]), {"quantity": "1"})
    client.get("/basket/")
    assert asked() == few
