"""Pages for everybody: a parcel's trace, a half-year's figures, the card of a month. Sums are worked out by hand."""

import datetime as dt
import io
import json
import re

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from logistics.models import Shipment
from shop import orders
from shop.models import Sale
from shop.reports import card, origin, public
from shop.reports.figures import Figures
from shop.reports.report import Report
from suppliers.base import days
from suppliers.models import Certificate, HouseholdStatus, PurchaseLot
from tests import factories as f

pytestmark = [pytest.mark.django_db, pytest.mark.money]

H1 = (dt.date(2019, 1, 1), dt.date(2019, 6, 30))
MARCH = dt.date(2019, 3, 1)


@pytest.fixture(autouse=True)
def nothing_kept():
    cache.clear()


@pytest.fixture
def march():
    """Walnuts of one cooperative, three households of 2.5 kg each at 18.50 a kg, sold to three buyers in March."""
    pack = f.make_pack()
    for day in (1, 2, 3):
        household = f.make_household(pack.produce.cooperative)
        f.make_lot(pack.produce, household, g=2_500, bought_on=dt.date(2019, 2, day))
    sold = [f.sell((pack, 1), on=dt.date(2019, 3, day)) for day in (5, 6, 7)]
    return {"pack": pack, "cooperative": pack.produce.cooperative, "orders": sold}


def shipment_of(order) -> Shipment:
    return Shipment.objects.get(consignment__order=order)


def trace(client, order, **named):
    return client.get(reverse("trace", kwargs={"code": shipment_of(order).trace_code}), **named)


def pay_all_slips() -> None:
    PurchaseLot.objects.update(paid_on=dt.date(2019, 3, 31), paid_fen=4_625)


# ── The trace of a parcel ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_trace_tells_of_the_month_and_of_nobody(client, march):
    order = march["orders"][0]
    html = trace(client, order).content.decode()
    assert "<b>3 户登记农户</b>" in html
    assert "2019-02-01" in html  # the lot that this parcel was drawn from
    assert "2019-02-02" not in html
    assert "2019-03-05" in html
    assert march["cooperative"].village.name in html
    for private in (order.number, "王女士", "东岳大街", "5380001", "88.00", "谭大成", shipment_of(order).waybill):
        assert private not in html


def test_two_households_are_too_few_to_be_told(client):
    pack = f.make_pack()
    for day in (1, 2):
        f.make_lot(pack.produce, f.make_household(), g=2_500, bought_on=dt.date(2019, 2, day))
    f.sell((pack, 1), on=dt.date(2019, 3, 5))
    order = f.sell((pack, 1), on=dt.date(2019, 3, 6))
    html = trace(client, order).content.decode()
    assert "不足 3 户登记农户" in html
    assert "2 户" not in html


def test_a_household_that_was_not_registered_on_the_day_of_purchase_is_not_counted(client, march):
    HouseholdStatus.objects.filter(household=PurchaseLot.objects.first().household).update(ends_on=dt.date(2019, 1, 1))
    assert origin.pools([(march["pack"].produce.pk, MARCH)])[march["pack"].produce.pk, MARCH].households == 2


def test_growers_prices_are_told_where_the_cooperative_tells_and_all_is_paid(client, march):
    order = march["orders"][0]
    assert "9.25" not in trace(client, order).content.decode()
    pay_all_slips()
    cache.clear()
    assert "9.25" not in trace(client, order).content.decode()
    march["cooperative"].shows_grower_price = True
    march["cooperative"].save()
    cache.clear()
    assert "¥9.25" in trace(client, order).content.decode()  # half of 18.50
    PurchaseLot.objects.filter(bought_on=dt.date(2019, 2, 3)).update(paid_on=None, paid_fen=None)
    cache.clear()
    assert "9.25" not in trace(client, order).content.decode()


def test_papers_of_the_cooperative_and_of_the_goods_are_shown_and_no_others(client, march):
    def paper(number: str, **fields):
        given = {"cooperative": march["cooperative"], "kind": "test", "issued_on": dt.date(2019, 1, 1)}
        Certificate.objects.create(number=number, **given | fields)

    other = f.make_produce(march["cooperative"], code="LR01")
    paper("MINE", produce=march["pack"].produce)
    paper("EVERYTHING")
    paper("EXPIRED", expires_on=dt.date(2019, 3, 1))
    paper("BACON", produce=other)
    paper("OTHERS", cooperative=f.make_cooperative())
    html = trace(client, march["orders"][0]).content.decode()
    assert ["MINE" in html, "EVERYTHING" in html] == [True, True]
    assert [number in html for number in ("EXPIRED", "BACON", "OTHERS")] == [False, False, False]


def test_codes_are_read_however_they_are_typed(client, march):
    shipment = shipment_of(march["orders"][0])
    Shipment.objects.filter(pk=shipment.pk).update(trace_code="01K3M9QX2T")
    assert client.get("/trace/o l-k3m9qx2t/").status_code == 200
    assert client.get("/trace/", {"code": "oIk3m9 qx2t"}).url == "/trace/01K3M9QX2T/"


@pytest.mark.parametrize("code", ["7K3M9QX2TB", "x", "U" * 10, "'--", "a" * 3000, "①②③④⑤⑥⑦⑧⑨⑩", "<b>"])
def test_unknown_codes_are_not_found_and_ask_to_look_again(client, code):
    response = client.get(f"/trace/{code}/")
    assert response.status_code == 404
    assert "没有这个溯源码" in response.content.decode()
    assert "<b></b>" not in response.content.decode()
    assert client.get("/trace/", {"code": code}).status_code in (200, 302)


def test_a_trace_asks_as_often_for_one_kind_of_goods_as_for_five(client):
    def queries(n: int) -> int:
        cooperative = f.make_cooperative()
        packs = [f.make_pack(f.make_produce(cooperative, code=f"P{n}{i}")) for i in range(n)]
        for pack in packs:
            f.make_lot(pack.produce, f.make_household(), g=2_500)
        order = f.sell(*((pack, 1) for pack in packs), on=dt.date(2019, 3, 5))
        code = shipment_of(order).trace_code
        with CaptureQueriesContext(connection) as caught:
            assert client.get(f"/trace/{code}/").status_code == 200
        return len(caught)

    queries(1)
    assert queries(1) == queries(5) <= 10


def test_a_trace_says_in_which_season_its_goods_are_picked(client, march):
    page = client.get(f"/trace/{shipment_of(march['orders'][0]).trace_code}/").content.decode()
    assert "采收期" in page
    assert "9月1日 – 10月10日" in page


# ── The pool ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_pool_is_exact_to_the_fen_after_refunds(march):
    produce = march["pack"].produce
    pool = origin.pools([(produce.pk, MARCH)])[produce.pk, MARCH]
    # Three times 2.5 kg × 18.50
    assert (pool.households, pool.villages, pool.paid_fen, pool.g, pool.unpaid) == (3, 1, 3 * 4_625, 7_500, 3)
    f.give_back(march["orders"][0], on=dt.date(2019, 3, 20), g=1_250, fen=4_400)
    # 1.25 kg × 18.50 = 23.125, half up 23.13
    assert origin.pools([(produce.pk, MARCH)])[produce.pk, MARCH].paid_fen == 3 * 4_625 - 2_313
    f.give_back(march["orders"][1], on=dt.date(2019, 3, 20), g=2_500, fen=8_800)
    left = origin.pools([(produce.pk, MARCH)])[produce.pk, MARCH]
    assert (left.households, left.paid_fen) == (2, 2 * 4_625 - 2_313)


def test_a_pool_says_what_the_credits_say(march):
    produce = march["pack"].produce
    f.give_back(march["orders"][0], on=dt.date(2019, 3, 20), g=1_111, fen=4_400)
    assert origin.pools([(produce.pk, MARCH)])[produce.pk, MARCH].paid_fen == Figures(*H1).earned_fen


def test_a_pool_is_of_its_month_by_the_clock_of_shanghai(march):
    pack = march["pack"]
    f.make_lot(pack.produce, f.make_household(), g=2_500, bought_on=dt.date(2019, 2, 9))
    order = f.place_order((pack, 1), placed_at=days.at(dt.date(2019, 3, 31), 9))
    f.pay(order, on=dt.date(2019, 3, 31))
    f.dispatch(order, on=dt.date(2019, 3, 31))
    # 23:30 of the last of March is still March in Shanghai, 00:30 of the first of April is April (and March in UTC).
    for moment, households in ((days.at(dt.date(2019, 3, 31), 23, 30), 4), (days.at(dt.date(2019, 4, 1), 0, 30), 3)):
        order.sale.lines.update(dispatched_at=moment)
        assert origin.pools([(pack.produce.pk, MARCH)])[pack.produce.pk, MARCH].households == households


def test_buyers_are_counted_once_by_account_or_by_mobile_number(march):
    pack, user = march["pack"], f.make_user("twice")
    f.make_lot(pack.produce, f.make_household(), g=50_000, bought_on=dt.date(2019, 2, 9))
    for day in (8, 9):
        order = f.place_order((pack, 1), placed_at=days.at(dt.date(2019, 3, day)), user=user)
        f.pay(order, on=dt.date(2019, 3, day))
        f.dispatch(order, on=dt.date(2019, 3, day))
    # The three of the fixture have one mobile number, the other two one account.
    assert origin.pools([(pack.produce.pk, MARCH)])[pack.produce.pk, MARCH].buyers == 2


# ── The card ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_card_is_a_picture_of_what_the_page_says_too(client, march):
    sale = march["orders"][0].sale
    page = client.get(reverse("orders:order", kwargs={"token": sale.token})).content.decode()
    # 3 × 46.25 = 138.75, cut to the yuan
    assert "您与大家一起买下巫溪核桃(干)。带动 1 个村、3户，农户应得（部分货款待付） 138 元。" in page
    address = reverse("orders:card", kwargs={"token": sale.token})
    assert address in page
    response = client.get(address)
    picture = Image.open(io.BytesIO(response.content))
    assert (response["Content-Type"], picture.format, picture.size) == ("image/png", "PNG", (1080, 1440))


def test_the_card_holds_nothing_of_the_buyers(client, march, monkeypatch):
    said = {}
    monkeypatch.setattr(card.paper, "png", lambda source, **data: said.update(data) or b"")
    order = march["orders"][0]
    client.get(reverse("orders:card", kwargs={"token": order.sale.token}))
    text = json.dumps(said, ensure_ascii=False)
    for private in (order.number, order.sale.token, "王女士", "5380001", "88.00", "东岳大街"):
        assert private not in text


def test_others_are_counted_from_three_on():
    produce = f.make_produce()
    for buyers, others in ((1, 0), (3, 0), (4, 3), (313, 312)):
        assert card.Card(produce, MARCH, origin.Pool(households=27, buyers=buyers)).others == others


def test_there_is_no_card_of_two_households_nor_before_dispatch_nor_of_another_account(client, march):
    pack = f.make_pack()
    f.make_lot(pack.produce, f.make_household(), g=5_000)
    few = f.sell((pack, 1), on=dt.date(2019, 3, 5)).sale
    placed = f.place_order((pack, 1)).sale
    own = f.place_order((march["pack"], 1), user=f.make_user()).sale
    for sale in (few, placed, own):
        assert client.get(reverse("orders:card", kwargs={"token": sale.token})).status_code == 404
    page = client.get(reverse("orders:order", kwargs={"token": few.token})).content.decode()
    assert "card.png" not in page


def test_an_order_page_asks_as_often_for_one_parcel_as_for_four(client):
    def queries(n: int) -> int:
        packs = [f.make_pack() for _n in range(n)]
        for pack in packs:
            f.make_lot(pack.produce, f.make_household(), g=5_000)
        sale = f.sell(*((pack, 1) for pack in packs), on=dt.date(2019, 3, 5)).sale
        with CaptureQueriesContext(connection) as caught:
            assert client.get(reverse("orders:order", kwargs={"token": sale.token})).status_code == 200
        return len(caught)

    queries(1)
    assert queries(1) == queries(4)


# ── The public figures ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def half_year():
    """Nuts of four households from one township and bacon of one from another; 88.00 and 18.50 a kg as ever."""
    nuts = f.make_pack(f.make_produce(f.make_cooperative(village=f.make_village("500238104200"))))
    bacon = f.make_pack(f.make_produce(code="LR01", name="高山腊肉"))
    for n in range(4):
        household = f.make_household()
        household.village = f.make_village(f"50023810420{n % 2}")
        household.save()
        f.make_lot(nuts.produce, household, g=2_500)
    lonely = f.make_household()
    f.make_lot(bacon.produce, lonely, g=2_500)
    for day in (1, 2, 3, 4):
        f.sell((nuts, 1), on=dt.date(2019, 1, day))
    return {"nuts": nuts, "bacon": bacon, "bacon_order": f.sell((bacon, 1), on=dt.date(2019, 3, 5))}


def data(client, half: str = "2019-1") -> dict:
    return client.get("/impact/data.json", {"half": half}).json()


def test_public_totals_are_the_officials_to_the_fen(client, half_year):
    found, theirs = data(client)["totals"], Report.of(*H1).as_data()
    assert {key: value for key, value in found.items() if key in theirs} == {
        key: theirs[key] for key in found if key in theirs
    }
    # 5 × 88.00, 5 × 46.25; four households live in two villages, the fifth in a third
    assert (found["net_sales_fen"], found["earned_fen"]) == (44_000, 23_125)
    assert (found["households_helped"], found["villages"]) == (5, 3)


def test_every_row_that_is_shown_is_the_officials(client, half_year):
    tables, found = Report.of(*H1).tables, data(client)
    assert [row["sales_fen"] for row in found["months"]] == [row[2] for row in tables["months"].rows]
    assert [(row["name"], row["sales_fen"]) for row in found["products"]] == [
        (row[0], row[2]) for row in tables["product"].rows
    ]
    assert [row["sales_fen"] for row in found["channels"]] == [row[2] for row in tables["channel"].rows]


def test_one_household_of_a_product_is_hidden_and_so_is_what_would_give_it_away(client, half_year):
    found = data(client)
    assert [(row["code"], row["households"], row["earned_fen"]) for row in found["products"]] == [
        ("HT01", 4, None),  # 185.00 is not told: 231.25 less it is what one household earned
        ("LR01", None, None),
    ]
    january, march = found["months"][0], found["months"][2]
    assert (january["households"], january["earned_fen"], january["cumulative"]) == (4, None, None)
    assert (march["households"], march["earned_fen"]) == (None, None)
    assert found["months"][5]["cumulative"] == 5


def test_townships_that_are_hidden_are_told_together(client, half_year):
    # Four in one and one in another: alone neither can stand, together they are the total.
    assert data(client)["townships"] == [
        {"code": None, "name": public.TOGETHER, "is_deep_poverty": False, "households": 5, "earned_fen": 23_125}
    ]
    for language, words in (("zh-hans", public.TOGETHER), ("en", "Townships not shown one by one")):
        page = client.get("/impact/", {"half": "2019-1"}, HTTP_ACCEPT_LANGUAGE=language).content.decode()
        assert f"<b>{words}</b>" in page


def test_a_half_year_of_two_households_tells_of_sales_alone(client):
    pack = f.make_pack()
    for _n in range(2):
        f.make_lot(pack.produce, f.make_household(), g=2_500)
    f.sell((pack, 2), on=dt.date(2019, 3, 5))
    found = data(client)
    hidden = ("earned_fen", "households_helped", "household_sales_fen", "untraced_fen", "other_sales_fen", "people")
    assert found["totals"]["net_sales_fen"] == 17_600
    assert [found["totals"][key] for key in hidden] == [None] * 6
    assert found["townships"] == []
    rows = found["months"] + found["products"] + found["channels"]
    assert {value for row in rows for key, value in row.items() if key in ("households", "earned_fen")} <= {None}
    html = client.get("/impact/", {"half": "2019-1"}).content.decode()
    assert "不足3户" in html
    assert "92.50" not in html
    assert public.headline(dt.date(2019, 6, 1)) is None


def test_a_citys_one_order_is_not_told(client, half_year):
    cities = {row["code"]: row["sales_fen"] for row in data(client)["cities"]}
    assert cities["370900"] == 44_000
    nuts = f.make_pack()
    order = f.place_order((nuts, 1), area_code="370202", placed_at=days.at(dt.date(2019, 4, 1)))
    f.pay(order, on=dt.date(2019, 4, 1))
    sent = f.dispatch(order, on=dt.date(2019, 4, 1))
    orders.receive(shipments=sent, on=dt.date(2019, 4, 1), how=Sale.Receipt.CARRIER)
    cities = {row["code"]: row["sales_fen"] for row in data(client)["cities"]}
    assert (cities["370200"], cities["370900"], cities["370100"]) == (None, None, 0)


def test_figures_are_never_stale(client, half_year):
    assert data(client)["totals"]["net_sales_fen"] == 44_000
    f.give_back(half_year["bacon_order"], on=dt.date(2019, 6, 1), g=2_500, fen=8_800)
    assert data(client)["totals"] | {"net_sales_fen": 35_200, "households_helped": 4} == data(client)["totals"]
    PurchaseLot.objects.filter(produce__code="HT01").update(paid_on=dt.date(2019, 6, 2), paid_fen=4_625)
    assert data(client)["totals"]["households_paid"] == 4
    # Goods of nobody: no credit is written when they are received, and the sale counts all the same.
    f.sell((f.make_pack(), 1), on=dt.date(2019, 6, 3))
    assert data(client)["totals"]["net_sales_fen"] == 44_000
    HouseholdStatus.objects.update(ends_on=dt.date(2018, 1, 1))
    assert data(client)["totals"]["households_helped"] == 0


def test_the_same_figures_are_worked_out_once(client, half_year):
    client.get("/impact/", {"half": "2019-1"})
    with CaptureQueriesContext(connection) as caught:
        client.get("/impact/data.json", {"half": "2019-1"})
    assert len(caught) == 1


def test_the_data_can_be_fetched_from_anywhere_and_are_fetched_once(client, half_year):
    first = client.get("/impact/data.json", {"half": "2019-1"})
    assert first["Access-Control-Allow-Origin"] == "*"
    assert "public" in first["Cache-Control"]
    assert first.json()["schema"] == "wuxi-direct/impact/1"
    again = client.get("/impact/data.json", {"half": "2019-1"}, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("half", ["2018-2", "2019-3", "x", "2019-1\x00", "9" * 500, "２０１９-1", ""])
def test_half_years_that_are_not_there_lead_to_one_that_is(client, half_year, half):
    page = client.get("/impact/", {"half": half})
    assert page.status_code == 200
    assert "2019年上半年" in page.content.decode()
    assert client.get("/impact/data.json", {"half": half}).status_code == (404 if half else 200)
    assert client.get("/impact/months.svg", {"half": half}).status_code == 404


def test_before_the_first_sale_the_page_says_so(client):
    assert "还没有销售" in client.get("/impact/").content.decode()
    assert client.get("/impact/data.json").status_code == 404
    assert public.headline(dt.date(2019, 6, 1)) is None


def test_the_page_names_households_as_the_scheme_of_its_days_does(client, half_year):
    html = client.get("/impact/", {"half": "2019-1"}).content.decode()
    assert "建档立卡贫困户" in html
    assert "脱贫户" not in html
    for private in ("谭大成", "WX0"):
        assert private not in html
    assert not re.search(r" style=", html)


def test_the_headline_of_the_home_page_is_of_the_last_half_year_with_something_to_say(half_year):
    assert public.headline(dt.date(2026, 11, 25)) == {
        "label": "2019年上半年",
        "sales_yuan_wan": "0.04",
        "paid_yuan_wan": "0.02",
        "households": 5,
        "villages": 3,
        "half": "2019-1",
        "url": "/impact/?half=2019-1",
    }
    assert public.headline(dt.date(2018, 12, 31)) is None


def test_months_still_to_come_are_not_told(client, march):
    with time_machine.travel(days.at(dt.date(2019, 3, 20), 9)):
        found = public.figures("2019-1", public.version())
        assert [row["month"] for row in found["months"]] == ["2019-01", "2019-02", "2019-03"]
        assert [point.starts_on.month for point in public.points(found)] == [1, 2, 3]


def test_the_public_page_says_in_plain_words_what_the_report_has_its_term_for(client, march):
    page = client.get("/impact/", {"half": "2019-1"}).content.decode()
    assert "其中：买这些农户的货" in page
    assert "户源" not in page


def test_the_picture_of_the_months_leaves_out_what_is_hidden(client, half_year):
    assert b"<svg" in client.get("/impact/months.svg", {"half": "2019-1"}).content
    points = public.points(public.figures("2019-1", public.version()))
    assert [point.cumulative for point in points] == [None, None, 5, 5, 5, 5]
