"""What is one's own: orders, addresses, an old order once more, finding an order without an account, and going away."""

import datetime as dt
import re

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from oscar.core.loading import get_model

from shop import invariants, orders, tasks
from shop.accounts import actions, codes
from shop.accounts.models import Erasure, Session
from shop.aftersales import actions as aftersales
from shop.aftersales.models import Review
from shop.models import InvoiceWish, Refund, Sale
from shop.together import actions as together
from suppliers.base import access, days
from tests import factories as f

Basket = get_model("basket", "Basket")
Order = get_model("order", "Order")
UserAddress = get_model("address", "UserAddress")
Voucher = get_model("voucher", "Voucher")
User = get_user_model()
pytestmark = pytest.mark.django_db

PASSWORD = "walnuts-from-wuxi"
HOME = {
    "name": "王女士",
    "mobile": "13805380001",
    "province": "370000",
    "city": "370900",
    "district": "370902",
    "street": "东岳大街 1 号",
    "keep": "1",
}
TODAY = days.today()


def main(response) -> str:
    assert response.status_code == 200
    return response.content.decode().partition("<main")[2].partition("</main")[0]


@pytest.fixture
def buyer():
    return f.make_user(password=PASSWORD)


@pytest.fixture
def signed_in(client, buyer):
    client.force_login(buyer)
    return client


def bought(user, *wares, until="received"):
    """An order of `user` that has come as far as `until`."""
    order = f.place_order(*(wares or [(f.make_pack(), 1)]), user=user)
    if until != "placed":
        f.pay(order)
    if until in ("dispatched", "received"):
        shipments = f.dispatch(order, on=TODAY)
        if until == "received":
            orders.receive(shipments=shipments, on=TODAY, how=Sale.Receipt.BUYER)
    order.refresh_from_db()
    return order


# ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_account_shows_how_many_orders_are_in_each_state_and_what_to_do_next(signed_in, buyer):
    for until in ("placed", "paid", "dispatched", "dispatched"):
        bought(buyer, until=until)
    bought(f.make_user(), until="dispatched")
    page = main(signed_in.get("/accounts/"))
    counts = dict(re.findall(r'state=([\w-]+)".*?(?:class="count">(\d+)<|</a>)', page, re.DOTALL))
    assert counts == {"to-pay": "1", "packing": "1", "on-its-way": "2", "received": ""}
    assert page.count("查看物流") == 2
    assert page.count("/pay/") == 1


def test_the_account_leads_everybody_to_the_desk_they_work_at(client):
    doors = ("/officials/", "/officials/slips/")
    for who, shown in [
        (f.make_user(), None),
        (f.make_user("", access.TAIAN), "/officials/"),
        (f.make_user("", access.TOWNSHIP), "/officials/slips/"),
        (f.make_user(is_staff=True), "/officials/"),
    ]:
        client.force_login(who)
        page = client.get("/accounts/").content.decode()
        assert [door for door in doors if f'href="{door}"' in page] == ([shown] if shown else [])


@pytest.mark.parametrize(
    ("state", "shown"),
    [("", 4), ("to-pay", 1), ("on-its-way", 1), ("received", 1), ("over", 1), ("no such", 4), ("\x00", 4)],
)
def test_orders_are_listed_by_state(signed_in, buyer, state, shown):
    for until in ("placed", "dispatched", "received"):
        bought(buyer, until=until)
    orders.cancel(order=bought(buyer, until="placed"), reason="", by=buyer)
    assert main(signed_in.get("/accounts/orders/", {"state": state})).count("order-row") == shown


@pytest.mark.parametrize("page", ["/accounts/", "/accounts/orders/", "/accounts/addresses/"])
def test_ten_orders_and_addresses_take_as_many_queries_as_one(signed_in, buyer, page):
    def queries() -> int:
        signed_in.get(page)  # what is new on the shelf is read once
        with CaptureQueriesContext(connection) as caught:
            signed_in.get(page)
        return len(caught)

    def more(n: int) -> None:
        bought(buyer)
        signed_in.post("/accounts/addresses/new/", HOME | {"street": f"东岳大街 {n} 号"})

    more(1)
    one = queries()
    for n in range(2, 11):
        more(n)
    queries()  # which shows, and forgets, what the pages before had to say
    assert queries() == one


# ── Once more ────────────────────────────────────────────────────────────────────────────────────────────────────────


def in_basket(user) -> dict[int, int]:
    return dict(Basket.open.get(owner=user).lines.values_list("product", "quantity"))


def test_an_old_order_is_in_the_basket_again_with_one_press_and_what_is_gone_is_said(signed_in, buyer):
    plenty, few, none, hidden, kilos = (f.make_pack(spec=f"{n} 号装", in_stock=10) for n in range(1, 6))
    order = bought(buyer, (plenty, 2), (few, 4), (none, 1), (hidden, 1), (kilos, 1))
    few.product.stockrecords.update(num_in_stock=3, num_allocated=0)
    none.product.stockrecords.update(num_in_stock=0, num_allocated=0)
    hidden.product.is_public = False
    hidden.product.save()
    type(kilos).objects.filter(pk=kilos.pk).update(is_per_kg=True)
    response = signed_in.post(f"/orders/{order.sale.token}/again/", follow=True)
    assert response.redirect_chain == [("/basket/", 302)]
    assert in_basket(buyer) == {plenty.pk: 2, few.pk: 3}
    page = main(response)
    assert re.search(r"已放回购物车：[^。]*1 号装。", page)
    assert re.search(r"2 号装存货不够，已放入 3 件", page)
    assert re.search(r"暂时买不到：[^。]*3 号装、[^。]*4 号装、[^。]*5 号装。", page)


@pytest.mark.stock
def test_what_is_in_the_basket_already_counts(signed_in, buyer):
    pack = f.make_pack(in_stock=10)
    order = bought(buyer, (pack, 4))
    pack.product.stockrecords.update(num_in_stock=5, num_allocated=0)
    signed_in.post(f"/orders/{order.sale.token}/again/")
    signed_in.post(f"/orders/{order.sale.token}/again/")
    signed_in.post(f"/orders/{order.sale.token}/again/")
    assert in_basket(buyer) == {pack.pk: 5}


def test_a_product_that_was_deleted_is_said_by_its_name_in_the_order(signed_in, buyer):
    order = bought(buyer)
    title = order.lines.get().title
    order.lines.update(product=None, stockrecord=None)
    assert f"暂时买不到：{title}" in main(signed_in.post(f"/orders/{order.sale.token}/again/", follow=True))


def test_anothers_order_is_not_there_to_be_bought_again(signed_in, client):
    order = bought(f.make_user())
    assert signed_in.post(f"/orders/{order.sale.token}/again/").status_code == 404
    assert signed_in.get(f"/orders/{order.sale.token}/again/").status_code == 405


# ── Addresses ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_address_is_kept_changed_preferred_and_removed(signed_in, buyer):
    signed_in.post("/accounts/addresses/new/", HOME | {"is_default": "on"})
    signed_in.post("/accounts/addresses/new/", HOME | {"street": "长城路 2 号"})
    first, second = UserAddress.objects.filter(user=buyer).order_by("pk")
    assert (first.in_full, first.mobile) == ("山东省 泰安市 泰山区 东岳大街 1 号", "13805380001")
    assert (first.is_default_for_shipping, second.is_default_for_shipping) == (True, False)
    assert "长城路 2 号" in signed_in.get(f"/accounts/addresses/{second.pk}/").content.decode()
    signed_in.post(f"/accounts/addresses/{second.pk}/", HOME | {"street": "长城路 3 号"})
    signed_in.post(f"/accounts/addresses/{second.pk}/default/")
    first.refresh_from_db()
    second.refresh_from_db()
    assert second.line1 == "长城路 3 号"
    assert (first.is_default_for_shipping, second.is_default_for_shipping) == (False, True)
    signed_in.post(f"/accounts/addresses/{first.pk}/remove/")
    assert list(UserAddress.objects.all()) == [second]


def test_the_same_address_twice_is_said_and_kept_once(signed_in):
    signed_in.post("/accounts/addresses/new/", HOME)
    assert "已有这个地址" in main(signed_in.post("/accounts/addresses/new/", HOME))
    assert UserAddress.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "请填写收货人姓名"),
        ("name", "王\x00", "不允许"),
        ("mobile", "123", "11 位手机号"),
        ("province", "710000", "请选择省"),
        ("district", "110101", "请选择区/县"),
        ("street", "东" * 500, "120"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_at_its_field(signed_in, field, value, message):
    assert message in main(signed_in.post("/accounts/addresses/new/", HOME | {field: value}))
    assert not UserAddress.objects.exists()


def test_choosing_a_province_brings_its_cities_without_a_script(signed_in):
    page = main(signed_in.post("/accounts/addresses/new/", {"province": "370000", "pick": "1"}))
    assert "济南市" in page
    assert "errorlist" not in page


@pytest.mark.parametrize("what", ["", "default/", "remove/"])
def test_anothers_address_is_not_there(signed_in, client, what):
    other = Client()
    other.force_login(f.make_user())
    other.post("/accounts/addresses/new/", HOME)
    theirs = UserAddress.objects.get()
    assert signed_in.post(f"/accounts/addresses/{theirs.pk}/{what}", HOME).status_code == 404
    assert signed_in.post(f"/accounts/addresses/{10**30}/{what}", HOME).status_code == 404
    assert UserAddress.objects.get().line1 == "东岳大街 1 号"


def test_an_address_book_has_an_end(signed_in, buyer):
    from shop.customer import views_account

    signed_in.post("/accounts/addresses/new/", HOME)
    one = UserAddress.objects.get()
    UserAddress.objects.bulk_create(
        [
            UserAddress(user=buyer, country_id="CN", hash=str(n), line1=str(n), phone_number=one.phone_number)
            for n in range(views_account.MOST_ADDRESSES - 1)
        ]
    )
    page = main(signed_in.post("/accounts/addresses/new/", HOME | {"street": "还要一个"}, follow=True))
    assert "地址簿已满" in page
    assert UserAddress.objects.count() == views_account.MOST_ADDRESSES


def test_a_name_is_kept(signed_in, buyer):
    signed_in.post("/accounts/profile/", {"name": "  王女士 "})
    buyer.refresh_from_db()
    assert str(buyer) == "王女士"
    assert "errorlist" in main(signed_in.post("/accounts/profile/", {"name": "王" * 31}))


# ── Finding an order without an account ──────────────────────────────────────────────────────────────────────────────


def find(client, number, tail="0001"):
    return client.post("/orders/", {"number": number, "tail": tail})


def test_an_order_is_found_by_its_number_and_the_tail_of_the_mobile_number(client):
    order = f.place_order((f.make_pack(), 1))
    assert find(client, f" {order.number.lower()} ").url == f"/orders/{order.sale.token}/"


def test_an_order_that_is_not_there_is_answered_and_counted_like_one_that_is():
    order = f.place_order((f.make_pack(), 1))
    seen = []
    for n, number in enumerate((order.number, "261125ABCDEFG")):
        guesser = Client(REMOTE_ADDR=f"203.0.113.{n}")
        answers = [main(find(guesser, number, "9999")).replace(number, "…") for _ in range(11)]
        seen.append([re.sub(r'value="[^"]{64}"', "", answer) for answer in answers])
    assert seen[0] == seen[1]
    assert "没有" in seen[0][9]
    assert "一小时" in seen[0][10]
    # From then on the right tail is not looked at, from wherever it comes.
    assert "一小时" in main(find(Client(REMOTE_ADDR="203.0.113.77"), order.number))


def test_many_numbers_from_one_address_come_to_an_end():
    guesser = Client(REMOTE_ADDR="203.0.113.5")
    for n in range(60):
        find(guesser, f"NUMBER{n}")
    order = f.place_order((f.make_pack(), 1))
    assert "一小时" in main(find(guesser, order.number))
    assert find(Client(REMOTE_ADDR="203.0.113.6"), order.number).status_code == 302


# ── Going away ───────────────────────────────────────────────────────────────────────────────────────────────────────


def erase(client, **more):
    return client.post("/accounts/erase/", {"erase": "1", "is_sure": "on", "password": PASSWORD} | more)


@pytest.mark.journey
def test_an_erased_account_is_gone_and_its_orders_stay_nobodys(signed_in, buyer):
    EmailAddress.objects.create(user=buyer, email=buyer.email, verified=True, primary=True)
    order = bought(buyer)
    signed_in.post("/accounts/addresses/new/", HOME)
    signed_in.post(f"/basket/add/{f.make_pack().pk}/", {"quantity": "2"})
    email, figures = buyer.email, (order.sale.goods_fen, order.sale.recognised_on)
    assert erase(signed_in).url == "/"
    assert not User.objects.exists()
    assert not EmailAddress.objects.exists()
    assert not UserAddress.objects.exists()
    assert not Basket.objects.exclude(status=Basket.SUBMITTED).exists()
    order = Order.objects.get()
    assert (order.user, order.sale.goods_fen, order.sale.recognised_on) == (None, *figures)
    assert order.shipping_address.first_name == "王女士"
    assert signed_in.get("/accounts/").status_code == 302
    answer = signed_in.post("/accounts/login/", {"login": email, "password": PASSWORD})
    assert answer.status_code == 200
    assert find(Client(), order.number).url == f"/orders/{order.sale.token}/"
    assert list(invariants.violations()) == []


def test_every_session_of_an_erased_account_ends_and_no_other(signed_in, buyer):
    elsewhere, other = Client(), Client()
    elsewhere.force_login(buyer)
    somebody = f.make_user()
    other.force_login(somebody)
    assert Session.objects.filter(person=buyer.pk).count() == 2
    erase(signed_in)
    assert elsewhere.get("/accounts/").status_code == 302
    assert list(Session.objects.exclude(person=None).values_list("person", flat=True)) == [somebody.pk]


def test_who_signs_in_by_code_erases_by_a_code(client):
    user = User.objects.create_user(mobile="+8613805380001")
    client.force_login(user)
    assert 'name="password"' not in main(client.get("/accounts/erase/"))
    assert client.post("/accounts/erase/", {"send": "1"}).url == "/accounts/erase/"
    code = client.session[f"code-{codes.ERASE}"]["shown"]
    assert code in main(client.get("/accounts/erase/"))
    assert "验证码不对" in main(erase(client, code=f"{(int(code) + 1) % 10**6:06d}"))
    assert erase(client, code=code).url == "/"
    assert not User.objects.exists()


def test_who_has_neither_writes_a_word(client):
    user = User.objects.create_user(email="who@test.example")
    client.force_login(user)
    assert "注销" in main(erase(client, word="好的"))
    assert User.objects.exists()
    assert erase(client, word="注销").url == "/"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"password": "wrong"}, "密码不对"),
        ({"password": ""}, "请填写登录密码"),
        ({"password": "\x00"}, "不允许"),
        ({"is_sure": ""}, "勾选"),
    ],
)
def test_nothing_is_erased_without_proof_and_consent(signed_in, buyer, changed, message):
    assert message in main(erase(signed_in, **changed))
    assert User.objects.filter(pk=buyer.pk).exists()


def test_the_password_cannot_be_guessed_there(signed_in):
    for _ in range(5):
        erase(signed_in, password="guess")
    assert "15 分钟" in main(erase(signed_in))
    assert User.objects.exists()


@pytest.mark.parametrize("until", ["placed", "paid", "dispatched"])
def test_nobody_goes_while_an_order_is_under_way(signed_in, buyer, until):
    order = bought(buyer, until=until)
    page = main(signed_in.get("/accounts/erase/"))
    assert order.number in page
    assert 'name="erase"' not in page
    assert order.number in main(erase(signed_in))
    with pytest.raises(actions.OrdersUnderWay):
        actions.erase(user=buyer)
    assert User.objects.filter(pk=buyer.pk).exists()


def test_goods_received_on_terms_are_to_be_paid_first(buyer):
    order = f.place_order((f.make_pack(), 1), user=buyer)
    orders.ship_on_terms(order=order)
    orders.receive(shipments=f.dispatch(order, on=TODAY), on=TODAY, how=Sale.Receipt.BUYER)
    with pytest.raises(actions.OrdersUnderWay):
        actions.erase(user=buyer)
    f.pay(order)
    actions.erase(user=buyer)


@pytest.mark.parametrize("role", ["staff", "cooperative", *access.ROLES])
def test_who_works_here_is_told_whom_to_ask(client, role):
    if role == "staff":
        user = f.make_user(is_staff=True, password=PASSWORD)
    elif role == "cooperative":
        user = f.make_user(cooperative=f.make_cooperative(), password=PASSWORD)
    else:
        user = f.make_user("", role, password=PASSWORD)
    client.force_login(user)
    assert "县运营中心" in main(client.get("/accounts/erase/"))
    assert "县运营中心" in main(erase(client))
    with pytest.raises(actions.WorksHere):
        actions.erase(user=user)
    assert User.objects.filter(pk=user.pk).exists()


def test_a_buyer_whose_own_cancellation_paid_money_back_can_go(buyer):
    order = bought(buyer, until="paid")
    assert orders.cancel(order=order, reason="cancelled by the buyer", by=buyer)
    assert Refund.objects.get().by == buyer
    actions.erase(user=buyer)
    assert Refund.objects.get().by is None
    assert not User.objects.exists()


def test_who_hands_out_for_others_goes_when_they_have_their_goods(signed_in, buyer):
    group = f.make_group_order(starter=buyer, words="我住三号楼", least_joiners=1)
    one = f.join(group)
    together.close(group=group)
    page = main(signed_in.get("/accounts/erase/"))
    assert group.title in page
    assert 'name="erase"' not in page
    with time_machine.travel(group.stop.departure.cut_off_at + dt.timedelta(hours=1), tick=False):
        tasks.sweep_now()
        f.dispatch(one.sale.order, on=days.today())
    with time_machine.travel(group.stop.opens_at, tick=False):
        together.hand_out(participation=one, by=buyer)
        with pytest.raises(actions.HandsOut):
            actions.erase(user=buyer)
    with time_machine.travel(group.stop.opens_at + dt.timedelta(hours=1), tick=False):
        assert tasks.sweep_now()["hand-outs received"] == 1
        actions.erase(user=buyer)
    group.refresh_from_db()
    one.refresh_from_db()
    assert (group.starter, group.host, group.words) == (None, "已注销", "")
    assert (one.handed_out_by, one.is_handed_out_by_erased) == (None, True)
    assert one.handed_out_at is not None
    page = main(Client().get(group.get_absolute_url()))
    assert "/list/" not in page  # nobody who is not signed in is taken for the starter
    assert list(invariants.violations()) == []


@pytest.mark.parametrize("state", ["open", "short"])
def test_nobody_leaves_a_group_order_alone_that_is_not_decided(buyer, state):
    group = f.make_group_order(starter=buyer)
    if state == "short":
        f.join(group)
        together.close(group=group)
    group.refresh_from_db()
    assert group.state == state
    with pytest.raises(actions.HandsOut):
        actions.erase(user=buyer)
    together.call_off(group=group)
    together.give_money_back()
    actions.erase(user=buyer)
    assert not User.objects.filter(pk=buyer.pk).exists()


def test_reviews_of_an_erased_account_are_a_guests(buyer):
    f.make_carriers()
    mine, theirs = bought(buyer), bought(f.make_user())
    for order in (mine, theirs):
        aftersales.review(line=order.sale.lines.get(), stars=4, text="香")
    actions.erase(user=buyer)
    reviews = Review.objects.in_bulk(field_name="pk")
    names = {pk: (review.name, review.stars, review.text) for pk, review in reviews.items()}
    assert names == {
        mine.sale.lines.get().pk: ("泰安买家", 4, "香"),
        theirs.sale.lines.get().pk: ("王**", 4, "香"),
    }


def test_photos_and_words_of_claims_go_with_the_address_and_what_was_decided_stays(buyer, settings):
    settings.ERASED_ADDRESSES_KEPT_DAYS = 90
    claims = [
        aftersales.claim(
            line=order.sale.lines.get(), spoiled_bp=3_000, photos=[b"jpeg"], note="王女士家的", by=order.user
        )
        for order in (bought(buyer), bought(f.make_user()))
    ]
    mine, theirs = claims
    aftersales.approve(claim=mine, by=f.make_user(is_staff=True), decided_as="county")
    actions.erase(user=buyer)
    mine.refresh_from_db()
    assert (mine.asked_by, mine.note, mine.photos.count()) == (None, "王女士家的", 1)
    with time_machine.travel(Erasure.objects.get().erased_at + dt.timedelta(days=90), tick=False):
        assert actions.pseudonymise_due() == 1
    for claim in claims:
        claim.refresh_from_db()
    assert (mine.note, mine.photos.count(), mine.state, mine.approved_bp) == ("", 0, "paid", 3_000)
    assert mine.refund.goods_fen == 2_640  # 30 % of 88.00
    assert (theirs.note, theirs.photos.count()) == ("王女士家的", 1)


def test_a_coupon_that_an_erased_account_has_used_stays_used(buyer):
    order = bought(buyer)
    now = days.now()
    coupon = Voucher.objects.create(
        name="一次", code="ONCE", usage=Voucher.SINGLE_USE, start_datetime=now, end_datetime=now + dt.timedelta(days=1)
    )
    coupon.applications.create(order=order, user=buyer)
    actions.erase(user=buyer)
    assert not coupon.is_available_to_user(user=f.make_user())[0]


def test_what_others_keep_as_evidence_undoes_the_erasure_as_a_whole(buyer):
    order = bought(buyer)
    lot = f.make_lot(f.make_produce())
    type(lot).objects.filter(pk=lot.pk).update(entered_by=buyer)
    UserAddress.objects.create(user=buyer, country_id="CN", line1="东岳大街 1 号")
    with pytest.raises(actions.StillNeeded):
        actions.erase(user=buyer)
    order.refresh_from_db()
    assert order.user == buyer
    assert UserAddress.objects.filter(user=buyer).exists()
    assert not Erasure.objects.exists()


def test_what_others_rely_on_is_said_on_the_page(signed_in, buyer):
    lot = f.make_lot(f.make_produce())
    type(lot).objects.filter(pk=lot.pk).update(entered_by=buyer)
    response = signed_in.post("/accounts/erase/", {"erase": "1", "is_sure": "on", "password": PASSWORD}, follow=True)
    assert "还有别人要用到" in main(response)
    assert User.objects.filter(pk=buyer.pk).exists()


def test_name_number_and_street_go_from_the_orders_when_their_time_is_over(buyer, settings):
    settings.ERASED_ADDRESSES_KEPT_DAYS = 90
    theirs = bought(f.make_user())
    order = bought(buyer)
    Sale.objects.filter(pk=order.pk).update(note="放门口")
    InvoiceWish.objects.create(sale=order.sale, kind="personal", title="王女士", email="wang@test.example")
    actions.erase(user=buyer)
    erased_at = Erasure.objects.get().erased_at
    with time_machine.travel(erased_at + dt.timedelta(days=90, seconds=-1), tick=False):
        assert actions.pseudonymise_due() == 0
    with time_machine.travel(erased_at + dt.timedelta(days=90), tick=False):
        assert tasks.sweep_now()["orders of erased accounts pseudonymised"] == 1
        assert actions.pseudonymise_due() == 0
    order = Order.objects.get(pk=order.pk)
    address = order.shipping_address
    assert (address.first_name, address.mobile, address.line1) == ("已注销", "", "")
    assert (address.in_full, address.area_code) == ("山东省 泰安市 泰山区", "370902")
    assert (order.sale.note, order.sale.invoice_wish.title, order.sale.invoice_wish.email) == ("", "已注销", "")
    assert theirs.shipping_address.first_name == "王女士"
    client = Client()
    assert "王女士" not in main(client.get(f"/orders/{order.sale.token}/"))
    assert find(client, order.number).status_code == 200  # there is no tail any more


def test_an_erasure_does_not_end_before_it_begins(buyer):
    order = bought(buyer)
    with pytest.raises(IntegrityError), transaction.atomic():
        Erasure.objects.create(order=order, erased_at=days.now(), pseudonymised_at=days.now() - dt.timedelta(seconds=1))


def test_the_sweep_takes_away_what_is_over(client):
    client.post("/accounts/login/", {"mobile": "13805380001"})
    with time_machine.travel(days.now() + dt.timedelta(days=31), tick=False):
        assert tasks.sweep_now()["sessions and codes over"] >= 5
    assert not Session.objects.exists()


def test_what_the_shop_keeps_is_said_to_everybody(client):
    assert "90 天" in main(client.get("/privacy/"))
