"""What holds for every page of the shop."""

import re

import pytest
from django.urls import get_resolver

from tests import factories as f

pytestmark = pytest.mark.django_db

OSCARS = [
    "/checkout/shipping-address/",
    "/checkout/shipping-method/",
    "/checkout/payment-method/",
    "/checkout/payment-details/",
    "/checkout/preview/",
    "/checkout/thank-you/",
    "/checkout/user-address/edit/1/",
    "/basket/saved/",
    "/basket/vouchers/add/",
    "/catalogue/ranges/x/",
    "/catalogue/x_1/reviews/",
    "/wishlists/",
    "/accounts/alerts/",
    "/accounts/notifications/inbox/",
    "/accounts/wishlists/",
]


@pytest.mark.parametrize("address", OSCARS)
def test_no_page_of_oscars_is_left_for_buyers(client, address):
    client.force_login(f.make_user("buyer"))
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "address",
    ["/", "/catalogue/", "/search/?q=x", "/basket/", "/help/", "/licence/", "/orders/", "/accounts/login/", "/accounts/signup/",
     "/accounts/password/reset/", "/nowhere/"],
)  # fmt: skip
def test_pages_are_chinese_in_our_look_and_need_no_other_host(client, address):
    page = client.get(address).content.decode()
    assert '<html lang="zh-Hans-CN">' in page
    assert "shop/css/shop.css" in page
    assert 'href="#content"' in page
    assert not re.search(r'(src|href|action)="(https?:)?//', page)
    assert not re.search(r"<script>|<style|\sstyle=|\son[a-z]+=", page)
    assert page.count("<h1") <= 1


@pytest.mark.parametrize("address", ["/accounts/", "/accounts/email/", "/accounts/password/change/", "/accounts/2fa/"])
def test_pages_of_an_account_are_in_our_look_too(client, address):
    assert client.get(address)["Location"].startswith("/accounts/login/")
    client.force_login(f.make_user("buyer", password="a-long-password"))
    page = client.get(address, follow=True).content.decode()
    assert "shop/css/shop.css" in page
    assert "Menu:" not in page


def test_whoever_signs_up_is_signed_in(client):
    client.post("/accounts/signup/", {"email": "new@test.example", "password1": "a-long-password"})
    assert "new@test.example" in client.get("/accounts/").content.decode()


def test_errors_are_said_in_our_look(client):
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "此路不通" in answer.content.decode()
    client.raise_request_exception = False
    strict = type(client)(enforce_csrf_checks=True)
    answer = strict.post("/orders/", {})
    assert answer.status_code == 403
    assert "请再提交一次" in answer.content.decode()


def test_an_error_of_ours_is_said_without_asking_the_database(client, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError

    monkeypatch.setattr("shop.catalogue.views.shelf.today", fail)
    client.raise_request_exception = False
    answer = client.get("/")
    assert answer.status_code == 500
    assert "这一页没能打开" in answer.content.decode()


def test_english_is_one_press_away(client):
    client.post("/language/setlang/", {"language": "en", "next": "/"})
    page = client.get("/").content.decode()
    assert '<html lang="en">' in page
    assert "What the mountains give now" in page


def test_every_page_of_the_shop_says_who_may_open_it():
    ours = ("shop.catalogue.views", "shop.basket.views", "shop.checkout.views", "shop.customer.views")

    def views(patterns):
        for pattern in patterns:
            if hasattr(pattern, "url_patterns"):
                yield from views(pattern.url_patterns)
            elif getattr(pattern.callback, "__module__", "") in ours:
                yield pattern.callback

    found = list(views(get_resolver().url_patterns))
    assert len(found) >= 14
    assert [view.__name__ for view in found if not getattr(view, "access_policy", None)] == []


@pytest.mark.parametrize(
    "address",
    ["/orders/%00/", "/orders/a%00b/pay/", "/cooperative/consignments/%00/", "/officials/orders/%00/",
     "/officials/orders/%00/refund/", "/officials/households/%00/", "/media/%00", "/media/" + "x" * 3000,
     "/catalogue/a_99999999999999999999999/", "/catalogue/a_999999999999999999/"],
)  # fmt: skip
def test_an_address_of_nothing_that_can_be_is_not_found(client, address):
    client.force_login(f.make_user("staff", is_staff=True))
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("pk", ["9" * 23, "9" * 18, "0"])
def test_nothing_of_a_number_that_no_product_has_goes_into_the_basket(client, pk):
    assert client.post(f"/basket/add/{pk}/", {"quantity": "1"}).status_code == 404


def test_a_parcel_of_no_possible_name_is_not_received(client):
    order = f.place_order((f.make_pack(), 1))
    answer = client.post(f"/orders/{order.sale.token}/received/", {"shipment": "\x00"})
    assert answer.status_code == 302
