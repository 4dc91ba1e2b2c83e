"""What no page of ours sends: said plainly, and nothing is half-written."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from oscar.core.loading import get_model

from shop import orders
from shop.aftersales.models import NoReasonReturn, Photo, Review, SpoilageClaim
from shop.models import Sale
from suppliers.base import days
from tests import factories as f
from tests.shop.test_aftersales import files
from tests.shop.test_checkout import place
from tests.suppliers.test_pictures import png_that_says

UserAddress = get_model("address", "UserAddress")
pytestmark = pytest.mark.django_db


@pytest.fixture
def line():
    """A line that came today, of an order without an account."""
    order = f.place_order((f.make_pack(), 2))
    f.pay(order)
    orders.receive(shipments=f.dispatch(order, on=days.today()), on=days.today(), how=Sale.Receipt.BUYER)
    return order.sale.lines.get()


def book(user, name: str) -> UserAddress:
    address = {"line1": f"{name}家", "line3": "泰山区", "line4": "泰安市", "state": "山东省", "country_id": "CN"}
    return UserAddress.objects.create(user=user, first_name=name, area_code="370902", **address)


@pytest.fixture
def checkout(client):
    """The checkout of a buyer with an address and something in the basket."""
    buyer = f.make_user()
    book(buyer, "王女士")
    client.force_login(buyer)
    client.post(f"/basket/add/{f.make_pack().pk}/", {"quantity": "1"})
    return client


def test_the_address_of_somebody_else_is_not_shown_at_the_checkout(checkout):
    theirs = book(f.make_user(), "李先生")
    for number in (theirs.pk, -1, 10**30, "x", "\x00", "字" * 5_000, "[{}]"):
        page = checkout.get("/checkout/", {"address": number}).content.decode()
        assert "李先生" not in page
        assert "王女士家" in page  # one's own first, as without a number


@pytest.mark.parametrize("number", [-1, 10**30, "x", "\x00", "[{}]"])
def test_an_address_that_is_none_still_leads_to_an_order(checkout, number):
    answer = place(checkout, address=number)
    assert answer.status_code == 302
    assert Sale.objects.count() == 1


@pytest.mark.parametrize(
    ("page", "fields"),
    [("claim-new", {"percent": "30"}), ("review-new", {"stars": "5", "text": "好吃"})],
)
def test_a_photo_that_says_144_megapixels_is_refused_with_words_and_nothing_is_kept(client, line, page, fields):
    huge = SimpleUploadedFile("x.png", png_that_says(12_000, 12_000), content_type="image/png")
    answer = client.post(
        reverse(f"aftersales:{page}", args=[line.sale.token, line.pk]), fields | {"photos": [*files(2), huge]}
    )
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "第 3 张照片" in text
    assert "2000 万像素" in text
    for rows in (SpoilageClaim, NoReasonReturn, Review, Photo):
        assert not rows.objects.exists()


@pytest.mark.parametrize("quantity", ["-1", "0", "1000000000", "两箱", "", "\x00", "[{}]"])
def test_a_bad_quantity_in_the_basket_does_not_reach_the_checkout(client, quantity):
    pack = f.make_pack(in_stock=5)
    client.post(f"/basket/add/{pack.pk}/", {"quantity": "2"})
    row = get_model("basket", "Line").objects.get()
    assert client.post("/basket/", {f"q-{row.pk}": quantity, "then": "checkout"}).status_code == 200
    place(client)
    assert Sale.objects.get().goods_fen == 17_600  # two at 88.00, as before
