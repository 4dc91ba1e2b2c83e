"""How many statements the pages of the shop need: no more for ten things than for one, and few."""

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from oscar.core.loading import get_model

from suppliers.base import days
from tests import factories as f
from tests.bench.load import Form

from .test_checkout import WANG

ConditionalOffer = get_model("offer", "ConditionalOffer")
Benefit = get_model("offer", "Benefit")
Condition = get_model("offer", "Condition")
Line = get_model("order", "Line")
Range = get_model("offer", "Range")
Voucher = get_model("voucher", "Voucher")
pytestmark = pytest.mark.django_db


def shopper(*packs) -> Client:
    client = Client()
    for pack in packs:
        client.post(f"/basket/add/{pack.pk}/", {"quantity": "1"})
    return client


def statements(client: Client, path: str, data: dict | None = None) -> int:
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(path) if data is None else client.post(path, data)
    assert answer.status_code in (200, 302)
    return len(
        [one for one in seen.captured_queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]
    )


def test_a_basket_of_ten_lines_asks_as_often_as_one_of_a_line_and_thrice_once_its_goods_are_known():
    counts, known = [], []
    for lines in (1, 10):
        client = shopper(*(f.make_pack() for _ in range(lines)))
        counts.append(statements(client, "/basket/"))
        known.append(statements(client, "/basket/"))
    assert counts[0] == counts[1] <= 9
    assert known == [3, 3]  # the version of the shelf, the basket, its lines with price and stock


def test_putting_something_into_a_basket_asks_as_often_with_ten_lines_as_with_one():
    counts = []
    for lines in (1, 10):
        more = f.make_pack()
        client = shopper(*(f.make_pack() for _ in range(lines)), more)
        counts.append(statements(client, f"/basket/add/{more.pk}/", {"quantity": "1"}))
    # The version of the shelf, the stock of what is put in, the basket, how much it holds, and then the line.
    assert counts == [5, 5]


@pytest.mark.parametrize("lines", [1, 10])
def test_placing_an_order_takes_at_most_twenty_statements_and_four_a_line(lines):
    client = shopper(*(f.make_pack() for _ in range(lines)))
    form = Form(client.get("/checkout/").content.decode(), "place").values
    assert statements(client, "/checkout/", WANG | {"basket": form["basket"]}) <= 20 + 4 * lines
    assert Line.objects.count() == lines


def test_a_product_asks_at_most_five_times_however_many_packs_there_are_and_once_when_its_goods_are_known():
    produce, counts = f.make_produce(), []
    pack = f.make_pack(produce)
    f.make_household()  # what is known of papers and reviews is of another test
    for _more in range(2):
        Client().get("/catalogue/")  # the shelf has changed, and is read once
        client = Client()
        for _again in range(2):
            client.cookies["messages"] = "something to tell"  # then no page is kept ready
            counts.append(statements(client, pack.product.get_absolute_url()))
        for _ in range(9):
            f.make_pack(produce)
    # The version, packs, pictures; papers and reviews, which the new packs do not change.
    assert counts == [5, 1, 3, 1]


def test_a_list_asks_at_most_six_times_however_many_things_stand_on_it():
    counts = []
    for _more in range(2):
        for _ in range(10):
            f.make_pack(f.make_produce())
        client = shopper(f.make_pack())
        for _again in range(2):
            client.cookies["messages"] = "something to tell"  # then no page is kept ready
            asked = statements(client, "/catalogue/")
        counts.append(asked)
    assert counts[0] == counts[1] <= 6


def make_offer(percent: int, **fields) -> ConditionalOffer:
    everything = Range.objects.create(name=f"all {percent}", includes_all_products=True)
    return ConditionalOffer.objects.create(
        name=f"{percent} %",
        condition=Condition.objects.create(range=everything, type=Condition.COUNT, value=1),
        benefit=Benefit.objects.create(range=everything, type=Benefit.PERCENTAGE, value=percent),
        **fields,
    )


def basket_of(client: Client):
    return client.get("/basket/").wsgi_request.basket


def test_an_offer_for_everybody_counts_although_baskets_are_asked_for_in_few_statements():
    client = shopper(f.make_pack(price_fen=8_800))
    assert str(basket_of(client).total_incl_tax) == "88.00"
    make_offer(50)
    assert str(basket_of(client).total_incl_tax) == "44.00"


def test_an_offer_that_is_over_counts_no_more():
    make_offer(50, status=ConditionalOffer.SUSPENDED)
    assert str(basket_of(shopper(f.make_pack(price_fen=8_800))).total_incl_tax) == "88.00"


def test_a_voucher_in_the_basket_counts():
    client = shopper(f.make_pack(price_fen=8_800))
    now, day = days.now(), dt.timedelta(days=1)
    voucher = Voucher.objects.create(
        name="桃", code="TAO", usage=Voucher.MULTI_USE, start_datetime=now - day, end_datetime=now + day
    )
    voucher.offers.add(make_offer(25, offer_type=ConditionalOffer.VOUCHER))
    basket = basket_of(client)
    assert str(basket.total_incl_tax) == "88.00"
    basket.vouchers.add(voucher)
    assert [one.code for one in basket.vouchers.all()] == ["TAO"]
    assert str(basket_of(client).total_incl_tax) == "66.00"
