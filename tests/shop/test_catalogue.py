"""Seasons, and the pages on which produce is found and looked at."""

import datetime as dt

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from oscar.core.loading import get_model

from shop.catalogue import season
from shop.catalogue.season import State
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
    season_part, _heading, rest = page.partition("仓储好货")
    assert "巫溪脐橙" in season_part
    assert "巫溪核桃" not in season_part
    assert "巫溪核桃" in rest
    assert "2027年7月1日 开采" in rest


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
