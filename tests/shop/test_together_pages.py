"""The pages of group orders: whoever has the link joins; who started it sees no more than he needs."""

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from logistics.models import Departure
from shop import tasks
from shop.accounts.models import GONE
from shop.checkout import unpaid
from shop.models import Sale
from shop.together import board
from shop.together.models import GroupOrder, Participation
from suppliers.base import days
from tests import factories as f

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def walnuts():
    return f.make_pack(gross_g=2_650, in_stock=100)


@pytest.fixture
def starter():
    return f.make_user()


@pytest.fixture
def group(walnuts, starter):
    return f.make_group_order(walnuts, starter=starter)


def url(group: GroupOrder, page: str = "") -> str:
    return f"/together/{group.token}/{page}"


def key_of(client, group: GroupOrder) -> str:
    return client.get(url(group, "join/")).context["form"]["key"].value()


def said(group: GroupOrder, key: str, **changed) -> dict:
    pack = group.packs.first()
    return {
        "place": "1",
        "key": key,
        "name": "王小明",
        "mobile": "13805381234",
        f"q_{pack.pk}": "2",
        "is_fresh_confirmed": "on",
    } | changed


def text_of(answer) -> str:
    return answer.content.decode()


# ── Behind the link ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_link_shows_what_where_when_and_who_without_their_names(client, group):
    f.join(group, 2, name="王小明")
    page = text_of(client.get(url(group)))
    for shown in (group.title, group.stop.name, "王**", "× 2", "88.00", 'property="og:title"', "我也要"):
        assert shown in page
    for hidden in ("小明", "1380538", "尾号"):
        assert hidden not in page
    assert "发起人操作" not in page


def test_a_link_that_nobody_made_leads_nowhere(client, group):
    for page in ("", "progress/", "qr.svg", "join/"):
        assert client.get(f"/together/nothing/{page}").status_code == 404


def test_the_refreshed_part_stops_when_nobody_can_join_any_more(client, group):
    assert client.get(url(group, "progress/")).status_code == 200
    assert "hx-get" in text_of(client.get(url(group, "progress/")))
    with time_machine.travel(group.closes_at, tick=False):
        answer = client.get(url(group, "progress/"))
    assert answer.status_code == 286
    assert "hx-get" not in text_of(answer)


def test_the_qr_code_is_a_picture_of_the_link(client, group):
    answer = client.get(url(group, "qr.svg"))
    assert answer["Content-Type"] == "image/svg+xml"
    assert b"<svg" in answer.content


def test_a_page_costs_as_many_queries_for_ten_neighbours_as_for_one(client, group, starter):
    def queries(page: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(url(group, page)).status_code == 200
        return len(caught)

    client.force_login(starter)
    f.join(group)
    client.get(url(group))
    one = [queries(page) for page in ("", "progress/", "list/")]
    for _n in range(9):
        f.join(group)
    assert [queries(page) for page in ("", "progress/", "list/")] == one
    assert max(one) <= 16


# ── Joining ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_neighbour_joins_without_an_account_and_goes_on_to_pay(client, group):
    answer = client.post(url(group, "join/"), said(group, key_of(client, group)))
    sale = Sale.objects.get()
    assert answer["Location"] == f"/orders/{sale.token}/pay/"
    assert (sale.goods_fen, sale.freight_fen) == (17_600, 360)  # 5.3 kg, six begun, at 60 fen
    assert sale.order.shipping_address.line1.endswith(group.stop.name)
    assert "您已上车" in text_of(client.get(url(group)))
    client.cookies.clear()
    assert sale.token not in text_of(client.get(url(group)))


def test_an_order_says_that_it_waits_for_the_group_order_and_not_that_it_is_packed(client, group):
    sale = f.join(group).sale
    page = f"/orders/{sale.token}/"
    waits = text_of(client.get(page))
    assert "确定成团后马上装箱" in waits
    assert "正在装箱" not in waits
    assert "备货中" not in waits
    f.join(group)
    with time_machine.travel(group.closes_at + HOUR, tick=False):
        tasks.sweep_now()
        packed = text_of(client.get(page))
    assert "备货中" in packed
    assert "确定成团后" not in packed


def test_who_is_on_one_that_does_not_go_is_asked_to_choose(client, group):
    sale = f.join(group).sale
    with time_machine.travel(group.closes_at + HOUR, tick=False):
        tasks.sweep_now()
        page = text_of(client.get(f"/orders/{sale.token}/"))
    assert "请在下面选" in page
    assert "正在装箱" not in page


def test_the_same_page_posted_twice_is_one_order(client, group):
    key = key_of(client, group)
    first = client.post(url(group, "join/"), said(group, key))
    assert client.post(url(group, "join/"), said(group, key))["Location"] == first["Location"]
    assert Sale.objects.count() == 1


def test_a_key_that_we_did_not_give_out_joins_nobody(client, group):
    for key in ("", "made up", "\x00", "a" * 300):
        answer = client.post(url(group, "join/"), said(group, key))
        assert answer.status_code in (200, 400)
    assert not Sale.objects.exists()


@pytest.mark.parametrize(
    "quantity", ["", "0", "-1", "1000000000", "两箱", "1.5", "1e3", "9" * 5_000, "101", "'; --", "None"]
)
def test_a_quantity_that_is_none_is_said_at_its_field(client, group, quantity):
    pack = group.packs.first()
    answer = client.post(url(group, "join/"), said(group, key_of(client, group), **{f"q_{pack.pk}": quantity}))
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not Sale.objects.exists()


def test_what_was_not_chosen_or_is_no_mobile_number_joins_nobody(client, group):
    other = f.make_pack()
    pack = group.packs.first()
    key = key_of(client, group)
    wrong = [
        {f"q_{pack.pk}": "", f"q_{other.pk}": "3"},
        {"mobile": "12345"},
        {"name": ""},
        {f"q_{pack.pk}": "0"},
    ]
    for changed in wrong:
        answer = client.post(url(group, "join/"), said(group, key, **changed))
        assert answer.context["form"].errors
    assert not Sale.objects.exists()


def test_fresh_goods_want_the_confirmation(client):
    oranges = f.make_pack(f.make_produce(code="QC01", name="脐橙", shelf_life_days=30))
    group = f.make_group_order(oranges)
    sent = said(group, key_of(client, group))
    del sent["is_fresh_confirmed"]
    assert "is_fresh_confirmed" in client.post(url(group, "join/"), sent).context["form"].errors
    assert not Sale.objects.exists()


def test_more_than_the_truck_takes_is_said_with_what_it_takes(client, walnuts):
    group = f.make_group_order(walnuts, departure=f.make_departure(capacity_g=4_000))
    page = text_of(client.post(url(group, "join/"), said(group, key_of(client, group))))
    assert "只剩 4 公斤" in page
    assert not Sale.objects.exists()


def test_nobody_joins_after_the_cut_off(client, group):
    key = key_of(client, group)
    with time_machine.travel(group.closes_at, tick=False):
        assert client.get(url(group, "join/"))["Location"] == url(group)
        assert client.post(url(group, "join/"), said(group, key))["Location"] == url(group)
    assert not Sale.objects.exists()


def test_what_is_not_on_sale_any_more_cannot_be_joined_with(client, group, walnuts):
    key = key_of(client, group)
    walnuts.product.is_public = False
    walnuts.product.save()
    assert client.post(url(group, "join/"), said(group, key)).status_code == 200
    assert not Sale.objects.exists()


def test_the_sums_are_worked_out_anew_without_placing_anything(client, group):
    sent = said(group, key_of(client, group))
    del sent["place"]
    answer = client.post(url(group, "join/"), sent)
    assert answer.context["sums"] == {"goods_fen": 17_600, "freight_fen": 360, "total_fen": 17_960}
    assert answer.context["form"]["name"].value() == "王小明"
    assert not Sale.objects.exists()


# ── Short: the two taps ──────────────────────────────────────────────────────────────────────────────────────────────


def test_who_is_on_a_short_one_chooses_on_his_order_page(client, group):
    one = f.join(group)
    later = f.make_departure(in_days=12)
    with time_machine.travel(group.closes_at, tick=False):
        tasks.sweep_now()
        page = text_of(client.get(f"/orders/{one.sale.token}/"))
        assert "等下一班车" in page
        assert f"/together/orders/{one.sale.token}/money-back/" in page
        client.post(f"/together/orders/{one.sale.token}/roll-over/")
        one.refresh_from_db()
        assert one.group.departure == later
        # Again: nothing more.
        assert "已经处理过了" in text_of(client.post(f"/together/orders/{one.sale.token}/roll-over/", follow=True))
        client.post(f"/together/orders/{one.sale.token}/money-back/")
    assert one.sale.refunds.count() == 1


def test_the_taps_are_the_buyers_alone_and_never_a_get(client, group):
    owner = f.make_user()
    pack = group.packs.first()
    client.force_login(owner)
    client.post(url(group, "join/"), said(group, key_of(client, group), **{f"q_{pack.pk}": "1"}))
    one = Participation.objects.get()
    f.pay(one.sale.order)
    client.logout()
    ordinary = f.place_order((pack, 1))
    for tap in ("roll-over", "money-back"):
        assert client.post(f"/together/orders/{one.sale.token}/{tap}/").status_code == 404
        assert client.post(f"/together/orders/{ordinary.sale.token}/{tap}/").status_code == 404
        assert client.get(f"/together/orders/{one.sale.token}/{tap}/").status_code == 405


# ── The starter ──────────────────────────────────────────────────────────────────────────────────────────────────────


def form_of(departure: Departure, *packs, **changed) -> dict:
    arrives = days.day_of(departure.leaves_at) + dt.timedelta(days=2)
    return {
        "packs": [pack.pk for pack in packs],
        "title": "阳光小区拼核桃",
        "host": "张阿姨",
        "words": "",
        "point": "阳光小区南门",
        "district": "370902",
        "address": "岱宗大街 1 号",
        "day": str(arrives),
        "hours": "17-20",
        "closes_at": f"{departure.cut_off_at.astimezone(days.SHANGHAI):%Y%m%d%H%M}",
        "least_by": "joiners",
        "least": "5",
    } | changed


def test_who_starts_one_chooses_among_what_may_ride(client, starter, walnuts):
    cold = f.make_pack(f.make_produce(is_cold_chain=True, name="冻鸡"))
    bulk = f.make_pack(is_per_kg=True)
    departure = f.make_departure()
    address = f"/together/start/{departure.departure_no}/"
    assert client.get(address).status_code == 302  # to the sign-in
    client.force_login(starter)
    offered = {int(value) for value, _label in client.get(address).context["form"].fields["packs"].choices}
    assert walnuts.pk in offered
    assert offered.isdisjoint({cold.pk, bulk.pk})
    answer = client.post(address, form_of(departure, walnuts))
    started = GroupOrder.objects.get()
    assert answer["Location"] == url(started)
    assert (started.starter, started.least_joiners, started.stop.name) == (starter, 5, "阳光小区南门")
    assert days.day_of(started.stop.opens_at) == days.day_of(departure.leaves_at) + dt.timedelta(days=2)
    assert started.title in text_of(client.get("/together/"))


@pytest.mark.parametrize(
    "changed",
    [
        {"least": "0"},
        {"least": "-1"},
        {"least": "1000000000"},
        {"least": "五"},
        {"packs": []},
        {"packs": ["999999"]},
        {"district": "370103"},
        {"day": "2019-01-01"},
        {"hours": "1-2"},
        {"closes_at": "202001010000"},
        {"point": ""},
        {"title": "长" * 31},
        {"least_by": "tonnes"},
    ],
)
def test_what_cannot_be_is_said_at_its_field(client, starter, walnuts, changed):
    departure = f.make_departure()
    client.force_login(starter)
    answer = client.post(f"/together/start/{departure.departure_no}/", form_of(departure, walnuts, **changed))
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not GroupOrder.objects.exists()


def test_nobody_starts_on_a_truck_that_is_closed(client, starter):
    client.force_login(starter)
    assert client.get("/together/start/none/").status_code == 404
    assert client.get(f"/together/start/{f.make_departure(state='left').departure_no}/").status_code == 404


STARTERS = ("list/", "list.pdf")
STARTERS_POSTS = ("tick/", "close/", "call-off/", "roll-over/")


def test_what_the_starter_may_do_another_starter_does_not_find(client, group):
    one = f.join(group)
    for page in STARTERS + STARTERS_POSTS:
        answer = client.post(url(group, page)) if page in STARTERS_POSTS else client.get(url(group, page))
        assert answer.status_code == 302  # to the sign-in
    other = f.make_group_order(starter=f.make_user())
    client.force_login(other.starter)
    for page in STARTERS:
        assert client.get(url(group, page)).status_code == 404
    for page in STARTERS_POSTS:
        assert client.post(url(group, page), {"tick": one.pk}).status_code == 404
        assert client.get(url(other, page)).status_code == 405
    # Nor does he tick off on his own list who is on somebody else's.
    assert client.post(url(other, "tick/"), {"tick": one.pk}).status_code == 404
    for wrong in ({}, {"tick": "x"}, {"tick": "9" * 30}, {"untick": "-1"}):
        assert client.post(url(other, "tick/"), wrong).status_code == 404
    group.refresh_from_db()
    assert group.state == "open"


def test_the_starter_ticks_off_and_takes_a_mistake_back(client, group, starter):
    one, two = f.join(group, name="王小明"), f.join(group, 3, name="李雷")
    client.force_login(starter)
    assert "未发车" in text_of(client.get(url(group, "list/")))
    client.post(url(group, "tick/"), {"tick": one.pk})
    assert not Participation.objects.filter(handed_out_at__isnull=False).exists()
    with time_machine.travel(group.closes_at + HOUR, tick=False):
        client.force_login(starter)  # four days later
        tasks.sweep_now()
        for participation in (one, two):
            f.dispatch(participation.sale.order, on=days.today())
        page = text_of(client.get(url(group, "list/")))
        assert "王**" in page
        assert one.sale.order.shipping_address.mobile[-4:] in page
        for hidden in ("小明", "1380538", "176.00", "88.00"):
            assert hidden not in page
        client.post(url(group, "tick/"), {"tick": one.pk})
        assert not Participation.objects.filter(handed_out_at__isnull=False).exists()  # the truck is on its way
    with time_machine.travel(group.stop.opens_at, tick=False):
        client.force_login(starter)
        client.post(url(group, "tick/"), {"tick": one.pk})
        assert "撤回" in text_of(client.get(url(group, "list/")))
        client.post(url(group, "tick/"), {"untick": one.pk})
        client.post(url(group, "tick/"), {"tick": two.pk})
    ticked = Participation.objects.filter(handed_out_at__isnull=False)
    assert [(one.pk, one.handed_out_by) for one in ticked] == [(two.pk, starter)]


def test_the_list_is_printed_with_what_it_takes_and_no_more(client, group, starter):
    f.join(group, name="王小明")
    client.force_login(starter)
    answer = client.get(url(group, "list.pdf"))
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")


def test_the_starter_closes_calls_off_and_rolls_over(client, group, starter):
    one = f.join(group)
    f.make_departure(in_days=12)
    client.force_login(starter)
    client.post(url(group, "close/"))
    group.refresh_from_db()
    assert group.state == "short"
    answer = client.post(url(group, "roll-over/"))
    one.refresh_from_db()
    assert answer["Location"] == url(one.group)
    client.post(url(one.group, "call-off/"))
    assert one.sale.refunds.count() == 1
    one.group.refresh_from_db()
    assert one.group.state == "cancelled"


def test_looking_writes_nothing(client, group, starter):
    f.join(group)
    client.force_login(starter)
    for page in ("", "progress/", "qr.svg", "join/", "list/", "list.pdf"):
        with CaptureQueriesContext(connection) as caught:
            client.get(url(group, page))
        assert not [q["sql"] for q in caught if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))], page


# ── The start page ───────────────────────────────────────────────────────────────────────────────────────────────────

JINAN = "370100"


def trucks(client, **asked) -> tuple[set, set]:
    """The trucks of one's own city, and those that are folded."""
    page = client.get("/together/", asked).context
    return {one.pk for one in page["own_trucks"]}, {one.pk for one in page["other_trucks"]}


def test_the_trucks_of_ones_own_city_come_first_and_the_others_are_folded(client):
    here, elsewhere = f.make_departure(), f.make_departure(city_code=JINAN)
    assert trucks(client) == ({here.pk}, {elsewhere.pk})
    assert trucks(client, to=JINAN) == ({elsewhere.pk}, {here.pk})
    assert trucks(client, to="1;--") == ({here.pk}, {elsewhere.pk})
    page = text_of(client.get("/together/"))
    assert page.index(here.departure_no) < page.index('<details class="fold"') < page.index(elsewhere.departure_no)
    assert "近期没有去青岛市的直通车" in text_of(client.get("/together/", {"to": "370200"}))


@pytest.mark.parametrize("is_guest", [True, False])
def test_ones_own_city_is_where_ones_goods_went_last(client, walnuts, is_guest):
    here, elsewhere = f.make_departure(), f.make_departure(city_code=JINAN)
    user = None if is_guest else f.make_user()
    order = f.place_order((walnuts, 1), area_code="370102", user=user)
    if is_guest:
        kept = HttpResponse()
        kept.set_signed_cookie(unpaid.COOKIE, order.sale.token, salt=unpaid.COOKIE)
        client.cookies = kept.cookies
    else:
        client.force_login(user)
    assert trucks(client) == ({elsewhere.pk}, {here.pk})


def test_somebody_who_erased_his_account_is_named_as_such(group):
    joined = f.join(group)
    address = joined.sale.order.shipping_address
    address.first_name, address.phone_number = GONE, ""
    address.save()
    assert [row.name for row in board.rows(group)] == ["已注销"]
