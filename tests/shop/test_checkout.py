"""From the basket to the order, and what its buyer can do with it."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from oscar.core.loading import get_model

from shop import orders
from shop.models import Sale
from suppliers.base import days
from tests import factories as f

Order = get_model("order", "Order")
UserAddress = get_model("address", "UserAddress")
pytestmark = pytest.mark.django_db

WANG = {
    "name": "王女士",
    "mobile": "138 0538 0001",
    "province": "370000",
    "city": "370900",
    "district": "370902",
    "street": "东岳大街 1 号",
    "email": "",
    "note": "放门口",
    "place": "1",
}


@pytest.fixture
def walnuts():
    return f.make_pack(in_stock=10)


@pytest.fixture
def full(client, walnuts):
    """A visitor with two boxes of walnuts in the basket."""
    client.post(f"/basket/add/{walnuts.pk}/", {"quantity": "2"})
    return client


def key(client) -> str:
    return re.search(r'name="basket"\s+value="([^"]+)"', client.get("/checkout/").content.decode()).group(1)


def place(client, **changed):
    return client.post("/checkout/", WANG | {"basket": key(client)} | changed)


def errors(answer) -> str:
    assert answer.status_code == 200
    return " ".join(re.findall(r"<li>([^<]+)</li>", answer.content.decode().partition("<main")[2]))


@pytest.mark.journey
def test_a_visitor_orders_and_pays(full, walnuts):
    answer = place(full)
    sale = Sale.objects.get()
    assert answer["Location"] == f"/orders/{sale.token}/pay/"
    assert (sale.goods_fen, sale.freight_fen, sale.city_code) == (17_600, 1_120, "370900")
    address = sale.order.shipping_address
    assert (address.in_full, address.mobile) == ("山东省 泰安市 泰山区 东岳大街 1 号", "13805380001")
    assert (address.area_code, sale.note, sale.order.status) == ("370902", "放门口", "placed")
    page = full.get(answer["Location"]).content.decode()
    assert "演示付款" in page
    assert "187.20" in page
    answer = full.post(answer["Location"], follow=True)
    assert "付款成功" in answer.content.decode()
    sale.refresh_from_db()
    assert sale.paid_fen == 18_720
    full.post(f"/orders/{sale.token}/pay/")
    assert sale.order.payments.count() == 1
    assert full.get("/checkout/")["Location"] == "/basket/"


def test_the_order_says_what_its_note_is(full):
    place(full)
    page = full.get(f"/orders/{Sale.objects.get().token}/").content.decode()
    assert re.search(r"给合作社的留言</span><br>\s*放门口", page)


@pytest.mark.money
def test_a_price_that_changed_meanwhile_is_shown_before_anything_is_ordered(full, walnuts):
    page = full.get("/checkout/").content.decode()
    seen = dict(re.findall(r'name="(basket|goods_fen)"\s+value="([^"]+)"', page))
    assert seen["goods_fen"] == "17600"
    walnuts.product.stockrecords.update(price=98)
    answer = full.post("/checkout/", WANG | seen)
    assert "刚刚变了" in answer.content.decode()
    assert answer.context["goods_fen"] == 19_600
    assert not Sale.objects.exists()
    full.post("/checkout/", WANG | seen | {"goods_fen": "19600"})
    assert Sale.objects.get().goods_fen == 19_600


@pytest.mark.stock
def test_the_same_page_sent_twice_is_one_order(full, walnuts):
    posted = WANG | {"basket": key(full)}
    first = full.post("/checkout/", posted)
    second = full.post("/checkout/", posted)
    sale = Sale.objects.get()
    assert first["Location"] == f"/orders/{sale.token}/pay/"
    assert second["Location"] == f"/orders/{sale.token}/"
    assert walnuts.product.stockrecords.get().num_allocated == 2


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "请填写收货人姓名"),
        ("mobile", "", "请填写收货人手机号"),
        ("mobile", "12345", "11 位手机号"),
        ("mobile", "053812345678", "11 位手机号"),
        ("province", "", "请选择省"),
        ("province", "710000", "请选择省"),
        ("city", "110100", "请选择市"),
        ("district", "", "请选择区/县"),
        ("district", "110101", "请选择区/县"),
        ("district", "370902'", "请选择区/县"),
        ("street", "", "请填写街道"),
        ("street", "东", "地址太短"),
        ("email", "nobody", "不是电子邮箱"),
        ("note", "字" * 201, "200"),
        ("name", "王\x00", "不允许"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_ordered(full, field, value, message):
    assert message in errors(place(full, **{field: value}))
    assert not Order.objects.exists()


@pytest.mark.parametrize("number", ["13805380001", "+86 138-0538-0001", "0086 13805380001", "１３８０５３８０００１"])
def test_a_mobile_number_is_taken_as_people_write_it(full, number):
    place(full, mobile=number)
    assert Sale.objects.get().order.shipping_address.mobile == "13805380001"


def test_fresh_goods_ask_for_a_confirmation_which_is_kept(client):
    peaches = f.make_pack(f.make_produce(code="DT01", name="冬桃", shelf_life_days=15, is_cold_chain=True))
    client.post(f"/basket/add/{peaches.pk}/", {"quantity": "1"})
    assert "请先勾选确认" in errors(place(client))
    place(client, is_fresh_confirmed="on")
    assert Sale.objects.get().is_fresh_confirmed


def test_stored_goods_ask_for_none(full):
    assert "七天无理由" not in full.get("/checkout/").content.decode()


def test_another_province_shows_its_cities_and_its_freight_without_a_script(full):
    page = full.post("/checkout/", WANG | {"basket": key(full), "province": "110000", "pick": "1", "place": ""}).content
    assert not Order.objects.exists()
    posted = {name: value for name, value in WANG.items() if name != "place"}
    page = full.post("/checkout/", posted | {"basket": key(full), "province": "110000", "pick": "1"}).content.decode()
    assert 'value="王女士"' in page
    assert "市辖区" in page
    assert "泰安市" not in page.partition('id="places"')[2].partition("</fieldset>")[0]
    assert "¥17.00" in page  # 5.3 kg, billed 6: 7.00 + 5 × 2.00


def test_the_districts_of_a_municipality_are_written_without_the_word_between(full):
    place(full, province="110000", city="110100", district="110101")
    sale = Sale.objects.get()
    assert sale.order.shipping_address.in_full == "北京市 东城区 东岳大街 1 号"
    assert (sale.city_code, sale.freight_fen) == ("110100", 1_700)


def test_an_account_keeps_its_address_once_and_is_offered_it(client, walnuts):
    user = f.make_user("buyer")
    client.force_login(user)
    for _ in range(2):
        client.post(f"/basket/add/{walnuts.pk}/", {"quantity": "1"})
        place(client, is_kept="on")
    book = UserAddress.objects.get(user=user)
    assert book.in_full == "山东省 泰安市 泰山区 东岳大街 1 号"
    client.post(f"/basket/add/{walnuts.pk}/", {"quantity": "1"})
    assert 'value="东岳大街 1 号"' in client.get("/checkout/").content.decode()
    assert Order.objects.filter(user=user).count() == 2
    client.post(f"/accounts/addresses/{book.pk}/remove/")
    assert not UserAddress.objects.exists()


@pytest.mark.stock
def test_who_comes_too_late_is_told_what_is_gone(full, walnuts, monkeypatch):
    basket_key = key(full)
    monkeypatch.setattr("shop.basket.views.refusal", lambda *_args: "")  # somebody buys between the look and the order
    walnuts.product.stockrecords.update(num_in_stock=1)
    answer = full.post("/checkout/", WANG | {"basket": basket_key}, follow=True)
    assert "慢了一步" in answer.content.decode()
    assert not Order.objects.exists()
    assert walnuts.product.stockrecords.get().num_allocated in (0, None)


@pytest.fixture
def sale(walnuts):
    return f.place_order((walnuts, 1)).sale


def test_an_order_of_an_account_is_nobody_elses(client, walnuts):
    owner = f.make_user("owner")
    sale = f.place_order((walnuts, 1), user=owner).sale
    address = f"/orders/{sale.token}/"
    assert client.get(address)["Location"].startswith("/accounts/login/")
    assert client.get(f"{address}pay/").status_code == 404
    client.force_login(f.make_user("other"))
    assert client.get(address).status_code == 404
    for action in ("pay", "received", "cancel"):
        assert client.post(f"{address}{action}/").status_code == 404
    client.force_login(owner)
    assert client.get(address).status_code == 200
    assert client.get("/orders/wrong-token/").status_code == 404


def test_a_guest_finds_the_order_by_number_and_mobile(client, sale):
    number = sale.order.number
    answer = client.post("/orders/", {"number": number.lower(), "tail": "0001"})
    assert answer["Location"] == f"/orders/{sale.token}/"
    assert "没有找到" in client.post("/orders/", {"number": number, "tail": "0002"}).content.decode()
    assert "没有找到" in client.post("/orders/", {"number": "X", "tail": "0001"}).content.decode()


def test_nobody_guesses_four_digits(client, sale):
    for tail in range(9000, 9010):
        client.post("/orders/", {"number": sale.order.number, "tail": str(tail)})
    answer = client.post("/orders/", {"number": sale.order.number, "tail": "0001"})
    assert "查询次数太多" in answer.content.decode()


@pytest.mark.journey
def test_the_buyer_confirms_that_it_came(client, walnuts):
    household = f.make_household()
    f.make_lot(walnuts.produce, household, bought_on=days.today())
    order = f.place_order((walnuts, 1))
    f.pay(order)
    f.dispatch(order, on=days.today())
    address = f"/orders/{order.sale.token}/"
    page = client.get(address).content.decode()
    assert "确认收货" in page
    assert "TEST" in page  # the waybill
    assert "这一单出自不到 3 户农家。" in page  # one household
    assert "138****0001" in page
    assert "13805380001" not in page
    answer = client.post(f"{address}received/", follow=True)
    assert "已确认收货" in answer.content.decode()
    client.post(f"{address}received/")
    sale = Sale.objects.get()
    assert (sale.received_on, sale.received_how, sale.order.status) == (days.today(), "buyer", "received")
    assert client.get(f"{address}received/").status_code == 405


@pytest.mark.stock
def test_the_buyer_gives_up_an_order_that_was_not_sent(client, sale, walnuts):
    f.pay(sale.order)
    assert "订单已取消" in client.post(f"/orders/{sale.token}/cancel/", follow=True).content.decode()
    sale.refresh_from_db()
    assert (Order.objects.get().status, sale.refunded_fen) == (orders.CANCELLED, sale.total_fen)
    assert walnuts.product.stockrecords.get().num_allocated == 0


def test_what_is_on_its_way_cannot_be_given_up(client, sale):
    f.pay(sale.order)
    f.dispatch(sale.order, on=days.today())
    assert "不能取消" in client.post(f"/orders/{sale.token}/cancel/", follow=True).content.decode()
    assert Order.objects.get().status == orders.DISPATCHED


def test_a_cancelled_order_cannot_be_paid(client, sale):
    orders.cancel(order=sale.order, reason="test")
    assert client.post(f"/orders/{sale.token}/pay/")["Location"] == f"/orders/{sale.token}/"
    assert not sale.order.payments.exists()


def test_production_has_no_demo_payment(client, sale, settings):
    settings.PRODUCTION = True
    assert "演示付款" not in client.get(f"/orders/{sale.token}/pay/").content.decode()
    client.post(f"/orders/{sale.token}/pay/")
    assert not sale.order.payments.exists()


def test_the_account_shows_its_orders_and_no_others(client, walnuts):
    user = f.make_user("buyer")
    own = f.place_order((walnuts, 1), user=user).sale
    other = f.place_order((walnuts, 1)).sale
    client.force_login(user)
    page = client.get("/accounts/").content.decode()
    assert own.token in page
    assert other.token not in page


def test_ten_lines_and_ten_orders_take_as_many_queries_as_one(client):
    def queries(address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200
        return len(seen)

    def sent(lines: int):
        order = f.place_order(*[(f.make_pack(), 1) for _ in range(lines)], user=user)
        f.pay(order)
        f.dispatch(order, on=days.today())
        return f"/orders/{order.sale.token}/"

    user = f.make_user("buyer")
    client.force_login(user)
    one = sent(1)
    # Two of them are asked so that its origin, month by month, tells of no fewer than three households (reports/origin.py).
    assert queries(one) == (once := queries(one)) <= 16
    listed = queries("/accounts/")
    assert queries(sent(10)) == once
    assert queries("/accounts/") == listed
    for n in (1, 10):
        for _ in range(n - 1 or 1):
            client.post(f"/basket/add/{f.make_pack().pk}/", {"quantity": "1"})
        if n == 1:
            checkout = queries("/checkout/")
    assert queries("/checkout/") == checkout
