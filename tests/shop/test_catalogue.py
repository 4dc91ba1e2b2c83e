"""Seasons, and the pages on which produce is found and looked at."""

import datetime as dt
import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.cache import caches
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from oscar.core.loading import get_model

from logistics.models import Departure, Stop
from shop.art import renditions
from shop.catalogue import almanac, season
from shop.catalogue.season import State
from shop.templatetags.almanac import time_left
from suppliers.models import Certificate
from tests import factories as f


@pytest.mark.parametrize(
    ("day", "name", "starts_on", "ends_on"),
    [
        # As the Purple Mountain Observatory prints them.
        (dt.date(2019, 2, 4), "立春", dt.date(2019, 2, 4), dt.date(2019, 2, 18)),
        (dt.date(2019, 6, 21), "夏至", dt.date(2019, 6, 21), dt.date(2019, 7, 6)),
        (dt.date(2020, 12, 21), "冬至", dt.date(2020, 12, 21), dt.date(2021, 1, 4)),
        (dt.date(2024, 4, 4), "清明", dt.date(2024, 4, 4), dt.date(2024, 4, 18)),
        (dt.date(2025, 10, 23), "霜降", dt.date(2025, 10, 23), dt.date(2025, 11, 6)),
        (dt.date(2026, 2, 18), "雨水", dt.date(2026, 2, 18), dt.date(2026, 3, 4)),  # eight minutes before midnight
        (dt.date(2026, 11, 24), "小雪", dt.date(2026, 11, 22), dt.date(2026, 12, 6)),
    ],
)
def test_a_day_has_its_solar_term(day, name, starts_on, ends_on):
    term = season.term_of(day)
    assert (str(term.name), term.starts_on, term.ends_on) == (name, starts_on, ends_on)


def test_the_terms_of_a_year_follow_each_other_without_a_gap():
    day, count = dt.date(2026, 1, 5), 0
    while day < dt.date(2027, 1, 5):
        term = season.term_of(day)
        assert term.starts_on == day
        assert 14 <= (term.ends_on - day).days + 1 <= 16
        day, count = term.ends_on + dt.timedelta(days=1), count + 1
    assert count == 24


@pytest.mark.parametrize(
    ("window", "day", "is_on"),
    [
        (("09-20", "11-15"), dt.date(2026, 9, 19), False),
        (("09-20", "11-15"), dt.date(2026, 9, 20), True),
        (("09-20", "11-15"), dt.date(2026, 11, 15), True),
        (("09-20", "11-15"), dt.date(2026, 11, 16), False),
        (("11-15", "01-31"), dt.date(2026, 12, 31), True),
        (("11-15", "01-31"), dt.date(2027, 1, 31), True),
        (("11-15", "01-31"), dt.date(2027, 2, 1), False),
        (("12-01", "02-28"), dt.date(2028, 2, 29), False),
        (("01-01", "12-31"), dt.date(2028, 2, 29), True),
    ],
)
def test_a_harvest_is_on_within_its_window_also_over_the_new_year(window, day, is_on):
    assert season.is_on(*window, day) is is_on


def test_what_begins_within_six_weeks_is_soon():
    assert season.state("12-01", "02-28", dt.date(2026, 10, 17)) == State.SOON  # 45 days ahead
    assert season.state("12-01", "02-28", dt.date(2026, 10, 16)) == State.OVER
    assert season.state("02-15", "04-20", dt.date(2026, 12, 31)) == State.OVER
    assert season.state("02-15", "04-20", dt.date(2027, 1, 1)) == State.SOON
    assert season.next_start("02-29", dt.date(2026, 12, 1)) == dt.date(2027, 3, 1)


@pytest.fixture
def late_november(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 24, 4, tzinfo=dt.UTC))  # noon in Shanghai


@pytest.fixture
def oranges(db, late_november):
    return f.make_pack(
        f.make_produce(
            code="QC01", name="巫溪脐橙", category="fruit", harvest_from="11-15", harvest_to="01-31", shelf_life_days=30
        )
    )


@pytest.fixture
def walnuts(db, late_november):
    return f.make_pack(f.make_produce(code="HT01", name="巫溪核桃"))


def html(client, address: str, **query) -> str:
    response = client.get(address, query)
    assert response.status_code == 200
    return response.content.decode()


def queries(client, address: str) -> int:
    """How many statements a page takes that is not kept ready made, once the shelf is in memory."""
    client.get(address)
    caches["pages"].clear()
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


def test_home_shows_the_term_what_is_in_season_and_what_is_stored(client, oranges, walnuts):
    f.make_pack(f.make_produce(code="CL01", name="巫溪脆李", harvest_from="07-01", harvest_to="08-15"), in_stock=0)
    page = html(client, "/")
    assert "小雪" in page
    season_part, _heading, rest = page.partition("山里一年")
    assert "巫溪脐橙" in season_part
    assert "巫溪核桃" not in season_part
    year_part, _heading, store_part = rest.partition("仓储好货")
    assert "巫溪核桃" in store_part
    assert "巫溪脆李" not in store_part  # sold out
    assert re.search(r"脆李</b>\s*<span>预计7月上市</span>\s*<small>眼下已售罄", year_part)


def test_an_empty_shop_has_a_home_and_a_shelf(client, db):
    assert "山里这时候" in html(client, "/")
    assert "这会儿没有" in html(client, "/catalogue/")


def test_the_shelf_has_one_card_for_each_produce_of_a_cooperative(client, walnuts):
    f.make_pack(walnuts.produce, spec="大宗·公斤", net_g=1000, gross_g=1020, is_per_kg=True, price_fen=2_600)
    page = html(client, "/catalogue/")
    assert page.count('class="card-name"') == 1
    assert "88.00" in page
    assert "¥17.60/斤" in page  # 88.00 for 5 jin
    assert "仓储现货" in page


def test_the_shelf_is_filtered_by_season_township_and_category(client, oranges, walnuts):
    other = f.make_produce(
        f.make_cooperative(village=f.make_village("500238110202")), code="DS01", name="党参", category="herb"
    )
    f.make_pack(other)
    assert "巫溪核桃" not in html(client, "/catalogue/", season="on")
    assert "巫溪脐橙" in html(client, "/catalogue/", season="on")
    page = html(client, "/catalogue/", township="500238110")
    assert "党参" in page
    assert "巫溪核桃" not in page
    category = get_model("catalogue", "Category").objects.get(slug="herb")
    page = html(client, category.get_absolute_url())
    assert "党参" in page
    assert "巫溪核桃" not in page
    assert client.get(f"/catalogue/category/wrong_{category.pk}/")["Location"] == category.get_absolute_url()
    assert client.get("/catalogue/category/none_999999/").status_code == 404


def test_the_shelf_is_sorted_by_price(client, walnuts):
    f.make_pack(f.make_produce(code="YY01", name="洋芋"), price_fen=2_980)
    page = html(client, "/catalogue/", sort="price")
    assert page.index("洋芋") < page.index("巫溪核桃")
    page = html(client, "/catalogue/", sort="-price")
    assert page.index("巫溪核桃") < page.rindex("洋芋")


@pytest.mark.parametrize("odd", ["page=999", "page=x", "sort=%27", "township=%00", "season=1e9", "township=371200"])
def test_an_odd_address_of_the_shelf_is_no_error(client, walnuts, odd):
    assert client.get(f"/catalogue/?{odd}").status_code == 200


@pytest.mark.parametrize(("address", "most"), [("/catalogue/", 6), ("/catalogue/?sort=price", 6), ("/", 8)])
def test_ten_kinds_of_produce_take_as_many_queries_as_one(client, walnuts, address, most):
    client.get(address)
    one = queries(client, address)
    for n in range(9):
        f.make_pack(f.make_produce(code=f"P{n}", name=f"山货{n}"))
    assert queries(client, address) == one <= most


def test_a_product_page_says_who_grew_it_and_where(client, walnuts):
    today = dt.date(2026, 11, 24)
    for day in (today, today, dt.date(2025, 11, 24)):
        f.make_lot(walnuts.produce, f.make_household(), bought_on=day)
    f.make_lot(walnuts.produce, f.make_household(category=""), bought_on=today)  # not registered
    f.make_lot(walnuts.produce, f.make_household(), bought_on=today, verified=False)
    f.make_lot(walnuts.produce, f.make_household(), bought_on=dt.date(2025, 11, 23))  # 366 days ago
    page = html(client, walnuts.product.get_absolute_url())
    assert "<b>3</b>" in page
    assert "户建档农户近一年供过货" in page
    for part in (walnuts.produce.cooperative.name, "镇108", "村223", "88.00"):
        assert part in page
    assert "9月1日 – 10月10日" in page


def test_fewer_than_three_households_are_not_told_apart(client, walnuts):
    address = walnuts.product.get_absolute_url()
    assert "还没有建档农户" in html(client, address)
    household = f.make_household()
    for _ in range(3):
        f.make_lot(walnuts.produce, household, bought_on=dt.date(2026, 11, 20))
    assert "<b>&lt;3</b>" in html(client, address)


def test_a_product_page_asks_as_much_for_ten_packs_and_lots_as_for_one(client, walnuts):
    address = walnuts.product.get_absolute_url()
    f.make_lot(walnuts.produce, f.make_household(), bought_on=dt.date(2026, 11, 20))
    client.get(address)
    one = queries(client, address)
    for n in range(9):
        f.make_pack(walnuts.produce, spec=f"{n}斤", net_g=n * 500 + 500, gross_g=n * 500 + 600)
        f.make_pack(f.make_produce(code="HT01"))
        f.make_lot(walnuts.produce, f.make_household(), bought_on=dt.date(2026, 11, 20))
    assert queries(client, address) == one <= 8


def test_sold_out_is_said_and_cannot_be_bought(client, late_november, db):
    pack = f.make_pack(in_stock=0)
    page = html(client, pack.product.get_absolute_url())
    assert "已售罄" in page
    assert "下一季 2027年9月1日 开采" in page
    assert "加入购物车" not in page


def test_bulk_goods_are_for_institutions_in_words(client, db):
    bulk = f.make_pack(spec="大宗·公斤", net_g=1000, gross_g=1020, is_per_kg=True)
    herb = f.make_pack(f.make_produce(code="DH01", name="独活", is_b2b_only=True))
    for pack, words in ((bulk, "大宗货按吨卖给食堂"), (herb, "药材原料，不是食品")):
        page = html(client, pack.product.get_absolute_url())
        assert words in page
        assert "加入购物车" not in page
        response = client.post(f"/basket/add/{pack.pk}/", {"quantity": "1"})
        assert "仅供单位采购" in response.content.decode()
        assert not get_model("basket", "Line").objects.exists()


def test_a_product_that_is_not_public_or_not_ours_is_not_found(client, walnuts):
    address = walnuts.product.get_absolute_url()
    assert client.get(f"/catalogue/x_{walnuts.pk}/")["Location"] == address
    walnuts.product.is_public = False
    walnuts.product.save()
    assert client.get(address).status_code == 404
    assert client.get("/catalogue/x_999999/").status_code == 404
    assert client.post(f"/basket/add/{walnuts.pk}/").status_code == 404


# ── The almanac ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("window", "spans", "months"),
    [
        (("01-01", "01-31"), [(0, 31)], (1,)),
        (("03-01", "03-01"), [(60, 1)], (3,)),  # 31 days of January, 29 of February are over
        (("11-15", "01-31"), [(0, 31), (319, 47)], (1, 11, 12)),
        (("01-01", "12-31"), [(0, 366)], tuple(range(1, 13))),
    ],
)
def test_a_harvest_has_its_place_in_the_year(window, spans, months):
    assert [(span.x, span.width) for span in almanac.strip(*window)] == spans
    assert almanac.months_of(*window) == months


def test_harvests_that_overlap_lie_on_tracks_of_their_own_and_others_share_one():
    def line(name, *window):
        return almanac.Harvest(name, "fruit", *window)

    day = dt.date(2026, 11, 24)
    arcs = almanac.ring(
        [line("李", "07-01", "08-15"), line("橙", "11-15", "01-31"), line("桃", "08-01", "11-01")], day
    ).arcs
    radius = {arc.harvest.name: arc.line.partition("A")[2].split()[0] for arc in arcs}
    assert radius["李"] == radius["橙"] == "188"
    assert radius["桃"] == "171"
    assert almanac.ring([line("鸡", "01-01", "12-31")], day).arcs == ()
    # A quarter of the year is 91.5 days: 1 July is 182 days on, half the way round, at the foot of the ring.
    assert next(arc for arc in arcs if arc.harvest.name == "李").line.startswith("M263.2 448.0")
    assert next(arc for arc in arcs if arc.harvest.name == "桃").months == (8, 9, 10, 11)


def test_home_says_for_each_month_what_is_ripe(client, oranges, walnuts):
    page = html(client, "/")
    september = page.partition('id="ripe-9"')[2].partition('id="ripe-10"')[0]
    assert "核桃" in september
    assert "脐橙" not in september
    assert re.search(r'id="month-11"\s+value="11"\s+aria-controls="ripe-11"\s+checked', page)
    assert page.count(" checked") == 1


def make_departure(**fields):
    now = dt.datetime(2026, 11, 24, 4, tzinfo=dt.UTC)
    departure = Departure.objects.create(
        **{
            "departure_no": f"D{Departure.objects.count()}",
            "city_code": "370900",
            "cut_off_at": now + dt.timedelta(days=2, hours=3, minutes=30),
            "leaves_at": now + dt.timedelta(days=3),
            "capacity_g": 3_000_000,
            "booked_g": 1_216_500,
            "fen_per_kg": 60,
        }
        | fields
    )
    Stop.objects.create(
        departure=departure,
        name="岱庙社区",
        address="东岳大街",
        area_code="370902",
        opens_at=now + dt.timedelta(days=5),
        closes_at=now + dt.timedelta(days=5, hours=2),
    )
    return departure


def test_home_counts_down_to_the_truck_whose_orders_close_next(client, walnuts):
    assert "直通车" not in html(client, "/")
    make_departure()
    page = html(client, "/")
    for words in (
        "开往泰安市的直通车",
        "2 天 3 小时</time>",
        "已装 41%",
        "1,216.5 / 3,000 公斤",
        "运费每公斤 0.60 元",
        "岱庙社区",
    ):
        assert words in page
    before = Departure.objects.get()
    make_departure(city_code="370100", cut_off_at=before.cut_off_at - dt.timedelta(days=1))
    assert "开往济南市的直通车" in html(client, "/")


@pytest.mark.parametrize(
    "gone", [{"state": Departure.State.CANCELLED}, {"state": Departure.State.LEFT}, {"cut_off_at": dt.datetime(2026, 11, 24, 3, 59, tzinfo=dt.UTC)}]
)  # fmt: skip
def test_home_shows_no_truck_that_takes_no_orders(client, walnuts, gone):
    make_departure(**gone)
    assert "直通车" not in html(client, "/")


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (dt.timedelta(days=2, hours=3, minutes=59), "2 天 3 小时"),
        (dt.timedelta(days=2, minutes=59), "2 天"),
        (dt.timedelta(hours=3, minutes=5, seconds=30), "3 小时 5 分钟"),
        (dt.timedelta(seconds=59), "0 分钟"),
        (dt.timedelta(days=-1), "0 分钟"),
    ],
)
def test_what_is_left_is_said_in_two_units(late_november, left, words):
    with translation.override("zh-hans"):
        assert time_left(dt.datetime(2026, 11, 24, 4, tzinfo=dt.UTC) + left) == words


def test_home_has_nothing_of_whoever_looks_and_ten_trucks_cost_as_much_as_one(client, walnuts):
    make_departure()
    client.get("/")
    one = queries(client, "/")
    for _ in range(9):
        make_departure()
    assert queries(client, "/") == one <= 9


def test_home_without_its_pictures_weighs_at_most_90_kilobytes_compressed(client, late_november, db):
    for n in range(16):
        f.make_pack(f.make_produce(code=f"P{n}", name=f"山货{n}", harvest_from="09-01", harvest_to="12-10"))
    make_departure()
    page = client.get("/").content
    found = re.findall(r'(?:<link rel="stylesheet"\s+href|<script[^>]*\ssrc)="([^"]+)"', page.decode())
    files = [finders.find(address.removeprefix("/static/")) for address in found]
    assert len(files) >= 3  # ours, our script, htmx
    assert all(files)
    weights = [len(gzip.compress(text)) for text in (page, *(Path(file).read_bytes() for file in files))]
    assert sum(weights) <= 90 * 1024, weights


# ── A product's page ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_growers_pay_is_shown_where_the_cooperative_wants_it_and_three_households_share_it(client, walnuts):
    address = walnuts.product.get_absolute_url()
    on = dt.date(2026, 11, 20)
    for g, fen_per_kg in ((10_000, 1_800), (30_000, 2_000)):
        f.make_lot(walnuts.produce, f.make_household(), g=g, fen_per_kg=fen_per_kg, bought_on=on)
    cooperative = walnuts.produce.cooperative
    cooperative.shows_grower_price = True
    cooperative.save()
    assert "向农户收购的均价" not in html(client, address)  # two households
    third = f.make_household()
    f.make_lot(walnuts.produce, third, g=60_000, fen_per_kg=1_700, bought_on=on)
    f.make_lot(walnuts.produce, third, g=99_000, fen_per_kg=9_900, bought_on=on, verified=False)
    f.make_lot(walnuts.produce, None, g=99_000, fen_per_kg=9_900, bought_on=on)  # no household
    f.make_lot(walnuts.produce, third, g=99_000, fen_per_kg=9_900, bought_on=dt.date(2025, 11, 23))  # long ago
    # 10 kg × 18 + 30 kg × 20 + 60 kg × 17 = 1,800 yuan for 100 kg: 18.00 a kilogram, 9.00 a jin.
    assert "<b><small>¥</small>9.00</b>" in html(client, address)
    cooperative.shows_grower_price = False
    cooperative.save()
    assert "向农户收购的均价" not in html(client, address)


def test_papers_are_shown_while_they_are_valid(client, walnuts):
    cooperative, kinds = walnuts.produce.cooperative, Certificate.Kind
    papers = [
        ("其余", f.make_produce(cooperative, code="HR01"), None, dt.date(2026, 1, 1)),
        ("到期", walnuts.produce, dt.date(2026, 11, 23), dt.date(2026, 1, 1)),
        ("今天", walnuts.produce, dt.date(2026, 11, 24), dt.date(2026, 1, 1)),
        ("全社", None, None, dt.date(2026, 1, 1)),
        ("将来", None, None, dt.date(2026, 11, 25)),
    ]
    for number, produce, expires_on, issued_on in papers:
        Certificate.objects.create(
            cooperative=cooperative, produce=produce, kind=kinds.TEST, number=number, issued_on=issued_on,
            expires_on=expires_on,
        )  # fmt: skip
    page = html(client, walnuts.product.get_absolute_url())
    assert [number for number, *_rest in papers if number in page] == ["今天", "全社"]


@pytest.mark.parametrize(
    ("to", "city", "price", "day"),
    [
        ("", "泰安市", "7.60", "11月29日"),  # 2.65 kg: 5.20 and twice 1.20; two days to send, three on the way
        ("370200", "青岛市", "7.60", "11月29日"),
        ("500000", "重庆市", "5.60", "11月27日"),
        ("650000", "新疆维吾尔自治区", "38.00", "12月4日"),
        ("710000", "泰安市", "7.60", "11月29日"),  # not served
        ("x\x00" + "9" * 3000, "泰安市", "7.60", "11月29日"),
    ],
)
def test_a_product_page_says_what_it_costs_to_a_city_and_when_it_is_there(client, walnuts, to, city, price, day):
    page = html(client, walnuts.product.get_absolute_url(), **({"to": to} if to else {}))
    assert re.search(rf"<option value=\"\d+\" selected>{city}", page)
    assert page.count(" selected") == 1
    assert f"运费 ¥{price} / 件" in page
    assert f"约 {day}到" in page


def add_picture(pack, n: int) -> None:
    get_model("catalogue", "ProductImage").objects.create(
        product=pack.product,
        original=ContentFile(renditions.render("HT01", 40), name=f"{n}.webp"),
        caption=f"图{n}",
        display_order=n,
    )


def test_a_product_page_with_everything_on_it_takes_eight_queries(client, walnuts):
    cooperative = walnuts.produce.cooperative
    cooperative.shows_grower_price = True
    cooperative.save()
    address = walnuts.product.get_absolute_url()
    client.get(address)
    one = queries(client, address)
    for n in range(9):
        Certificate.objects.create(
            cooperative=cooperative, kind=Certificate.Kind.TEST, number=str(n), issued_on=dt.date(2026, 1, 1)
        )
        add_picture(walnuts, n)
    assert queries(client, address) == one <= 8


def test_a_product_has_its_pictures_in_a_gallery(client, walnuts):
    for n in range(2):
        add_picture(walnuts, n)
    page = html(client, walnuts.product.get_absolute_url())
    assert page.count("data-show") == 2
    assert 'alt="图1"' in page
