import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from oscar.apps.basket.abstract_models import AbstractBasket
from oscar.core.loading import get_class, get_model

from shop.basket import models
from tests import factories as f

Basket = get_model("basket", "Basket")
Line = get_model("basket", "Line")
pytestmark = pytest.mark.django_db


@pytest.fixture
def basket():
    basket = Basket.objects.create()
    basket.strategy = get_class("partner.strategy", "Selector")().strategy()
    return basket


def test_a_frozen_basket_thaws(basket):
    basket.freeze()
    assert Basket.objects.get().status == Basket.FROZEN
    basket.thaw()
    assert Basket.objects.get().status == Basket.OPEN


def test_a_basket_that_became_an_order_is_not_opened_again(basket):
    basket.freeze()
    Basket.objects.update(status=Basket.SUBMITTED)  # the payment arrived meanwhile
    basket.thaw()
    assert basket.status == Basket.SUBMITTED
    assert Basket.objects.get().status == Basket.SUBMITTED


@pytest.mark.parametrize("quantity", [0, -1, 10**9])
def test_what_is_no_quantity_does_not_get_into_a_basket(basket, quantity):
    with pytest.raises(ValueError, match="no quantity"):
        basket.add(f.make_pack().product, quantity)
    assert basket.is_empty


def test_nothing_is_put_into_a_basket_that_is_not_open(basket):
    pack = f.make_pack()
    basket.freeze()
    with pytest.raises(PermissionDenied):
        basket.add(pack.product, 1)
    assert not Line.objects.exists()


def held_after_two_at_once(monkeypatch, where, name: str, add) -> int:
    """How many a basket of one pack holds after `add` of another, while somebody else adds one as it comes to `where.name`."""
    first, second = f.make_basket((pack := f.make_pack(), 1)), Basket.objects.get()
    second.strategy = first.strategy
    done = getattr(where, name)

    def and_another_first(*args, **kwargs):
        monkeypatch.setattr(where, name, done)
        add(second, pack.product)
        return done(*args, **kwargs)

    monkeypatch.setattr(where, name, and_another_first)
    add(first, pack.product)
    return Line.objects.get().quantity


def test_two_who_add_at_once_lose_nothing(monkeypatch):
    assert held_after_two_at_once(monkeypatch, models, "_add_up", Basket.add_product) == 3


def test_as_oscar_adds_one_would_be_lost(monkeypatch):
    assert held_after_two_at_once(monkeypatch, Line, "save", AbstractBasket.add_product) == 2


def test_what_has_no_price_yet_cannot_be_put_in(client, basket):
    pack = f.make_pack()
    pack.product.stockrecords.update(price=None)
    assert client.post(f"/basket/add/{pack.pk}/", {"quantity": "1"}).status_code == 404
    with pytest.raises(ValueError, match="no price"):
        basket.add(pack.product, 1)


def test_what_is_added_twice_is_one_line_at_its_price(basket):
    pack = f.make_pack(price_fen=8_801)
    basket.add(pack.product, 2)
    basket.add(pack.product, 3)
    assert basket.quantities() == {pack.pk: 5}
    line = Line.objects.get()
    assert (line.quantity, str(line.price_excl_tax), str(line.price_incl_tax)) == (5, "88.01", "88.01")
    assert (line.price_currency, line.product_id, line.stockrecord.product_id) == ("CNY", pack.pk, pack.pk)
    assert line.date_created <= line.date_updated
    assert [(one.quantity, one.product) for one in basket.all_lines()] == [(5, pack.product)]


def test_the_price_in_the_stock_record_is_what_is_paid(basket):
    basket.add(f.make_pack(price_fen=8_801).product, 3)
    assert str(basket.total_incl_tax) == "264.03"
    assert str(basket.total_tax) == "0.00"


def test_freight_weighs_each_cooperatives_part_alone(basket):
    basket.add(f.make_pack(gross_g=2_650).product, 2)  # 5.3 kg, billed 6: 5.20 + 5 × 1.20 = 11.20
    basket.add(f.make_pack(net_g=800, gross_g=900).product, 1)  # another's, billed 1: 5.20
    repository = get_class("shipping.repository", "Repository")()
    (method,) = repository.get_shipping_methods(basket, f.ShippingAddress(area_code="370902"))
    assert str(method.calculate(basket).incl_tax) == "16.40"
    assert repository.get_shipping_methods(basket, f.ShippingAddress(area_code="710100")) == []


def test_ten_lines_take_as_many_queries_as_one():
    def queries_for(lines: int) -> int:
        basket = Basket.objects.create()
        basket.strategy = get_class("partner.strategy", "Selector")().strategy()
        for _ in range(lines):
            basket.add(f.make_pack().product, 1)
        basket = Basket.objects.get(pk=basket.pk)
        basket.strategy = get_class("partner.strategy", "Selector")().strategy()
        with CaptureQueriesContext(connection) as seen:
            assert basket.total_incl_tax == lines * 88
            get_class("shipping.repository", "Repository")().get_shipping_methods(basket)[0].calculate(basket)
            assert not any(line.get_warning() for line in basket.all_lines())
        return len(seen)

    assert queries_for(10) == queries_for(1)


def in_basket() -> dict[str, int]:
    lines = get_model("basket", "Line").objects.filter(basket__status="Open")
    return dict(lines.values_list("product__title", "quantity"))


@pytest.fixture
def walnuts():
    return f.make_pack(in_stock=10)


def test_a_visitor_puts_things_in_and_finds_them_there(client, walnuts):
    answer = client.post(f"/basket/add/{walnuts.pk}/", {"quantity": "2"}, follow=True)
    assert "已加入购物车" in answer.content.decode()
    page = client.get("/basket/").content.decode()
    assert walnuts.produce.cooperative.name in page
    assert "¥176.00" in page  # 2 × 88.00
    assert "¥11.20" in page  # 5.3 kg, billed 6: 5.20 + 5 × 1.20
    assert "¥187.20" in page


def test_buy_now_leads_to_the_checkout(client, walnuts):
    answer = client.post(f"/basket/add/{walnuts.pk}/", {"quantity": "1", "then": "checkout"})
    assert answer["Location"] == "/checkout/"


BAD = [
    ("-1", "数量至少为 1"),
    ("0", "数量至少为 1"),
    ("1000000000", "数量太大"),
    ("9" * 5_000, "数量太大"),
    ("abc", "请填写整数"),
    ("1.5", "请填写整数"),
    ("", "请填写数量"),
    ("11", "只剩 10 件"),
]


@pytest.mark.stock
@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_bad_quantity_is_said_at_the_field_and_nothing_is_put_in(client, walnuts, text, message):
    answer = client.post(f"/basket/add/{walnuts.pk}/", {"quantity": text})
    assert answer.status_code == 200
    assert message in answer.content.decode().partition('id="quantity-error"')[2].partition("</p>")[0]
    assert in_basket() == {}


@pytest.mark.stock
@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_bad_quantity_in_the_basket_changes_nothing(client, walnuts, text, message):
    honey = f.make_pack(f.make_produce(code="FM01", name="蜂蜜"))
    client.post(f"/basket/add/{walnuts.pk}/", {"quantity": "2"})
    client.post(f"/basket/add/{honey.pk}/", {"quantity": "1"})
    first, second = get_model("basket", "Line").objects.order_by("pk")
    answer = client.post("/basket/", {f"q-{first.pk}": text, f"q-{second.pk}": "5"})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert message in page.partition(f'id="error-{first.pk}"')[2].partition("</p>")[0]
    assert in_basket() == {walnuts.product.title: 2, honey.product.title: 1}  # nothing half-done


def test_quantities_are_set_in_any_width_of_digits(client, walnuts):
    client.post(f"/basket/add/{walnuts.pk}/", {"quantity": "2"})
    line = get_model("basket", "Line").objects.get()
    assert client.post("/basket/", {f"q-{line.pk}": "３"})["Location"] == "/basket/"
    assert in_basket() == {walnuts.product.title: 3}


def test_what_is_in_the_basket_counts_towards_what_is_left(client, walnuts):
    client.post(f"/basket/add/{walnuts.pk}/", {"quantity": "8"})
    answer = client.post(f"/basket/add/{walnuts.pk}/", {"quantity": "3"})
    assert "只剩 10 件，您的购物车里已有 8 件" in answer.content.decode()
    assert in_basket() == {walnuts.product.title: 8}


def test_a_line_is_removed_and_nobody_elses(client, walnuts):
    others = f.make_basket((walnuts, 4))
    client.post(f"/basket/add/{walnuts.pk}/", {"quantity": "2"})
    client.post("/basket/", {"remove": str(others.lines.get().pk)})
    assert others.lines.count() == 1
    own = get_model("basket", "Line").objects.exclude(basket=others).get()
    client.post("/basket/", {"remove": str(own.pk)})
    assert "购物车是空的" in client.get("/basket/").content.decode()


def test_what_was_sold_meanwhile_is_said_and_keeps_one_from_the_checkout(client, walnuts):
    client.post(f"/basket/add/{walnuts.pk}/", {"quantity": "2"})
    walnuts.product.stockrecords.update(num_in_stock=1)
    assert "只剩 1 件" in client.get("/basket/").content.decode()
    assert client.get("/checkout/")["Location"] == "/basket/"
    walnuts.product.stockrecords.update(num_in_stock=0)
    assert "已售罄，请移除" in client.get("/basket/").content.decode()


def test_signing_in_brings_the_basket_along(client, walnuts):
    f.make_user("buyer", password="a-long-password")
    client.post(f"/basket/add/{walnuts.pk}/", {"quantity": "2"})
    client.post("/accounts/login/", {"login": "buyer@test.example", "password": "a-long-password"})
    assert Basket.objects.get(status="Open").owner.email == "buyer@test.example"
    assert in_basket() == {walnuts.product.title: 2}
    assert "¥176.00" in client.get("/basket/").content.decode()


def test_looking_around_writes_nothing(client, walnuts):
    client.force_login(f.make_user("buyer"))
    for address in ("/", "/catalogue/", walnuts.product.get_absolute_url(), "/basket/", "/search/?q=ht"):
        with CaptureQueriesContext(connection) as seen:
            client.get(address)
        assert [q["sql"] for q in seen if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))] == []
    assert not Basket.objects.exists()


def test_the_page_of_ten_lines_takes_as_many_queries_as_that_of_one(client, walnuts):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/basket/").status_code == 200
        return len(seen)

    client.post(f"/basket/add/{walnuts.pk}/", {"quantity": "1"})
    client.get("/basket/")
    one = queries()
    for _ in range(9):
        client.post(f"/basket/add/{f.make_pack().pk}/", {"quantity": "1"})
    client.get("/basket/")
    assert queries() == one <= 9
