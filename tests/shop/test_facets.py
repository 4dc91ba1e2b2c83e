"""What a visitor wants of the shelf: filters with their counts, order, and the suggestions while he types."""

import datetime as dt
import re

import pytest
from oscar.core.loading import get_model

from shop.catalogue import facets, inventory
from shop.catalogue.facets import Wanted
from shop.search import finder
from tests import factories as f

DAY = dt.date(2026, 11, 24)


@pytest.fixture
def mountain(db, time_machine):
    """Oranges in season, walnuts in store, plums sold out until July, angelica for institutions; two townships."""
    time_machine.move_to(dt.datetime(2026, 11, 24, 4, tzinfo=dt.UTC))
    poor = f.make_cooperative("C02", village=f.make_village("500238110202", is_deep_poverty=True))
    rich = f.make_cooperative("C01")
    f.make_pack(f.make_produce(rich, code="HT01", name="巫溪核桃(干)"), price_fen=8_800)
    f.make_pack(
        f.make_produce(poor, code="QC01", name="巫溪脐橙", category="fruit", harvest_from="11-15", harvest_to="01-31"),
        price_fen=4_990,
        net_g=5_000,
        gross_g=5_200,
    )
    f.make_pack(
        f.make_produce(rich, code="CL01", name="巫溪脆李", category="fruit", harvest_from="07-01", harvest_to="08-15"),
        price_fen=2_990,
        in_stock=0,
    )
    f.make_pack(f.make_produce(poor, code="DH01", name="独活", category="herb", is_b2b_only=True), price_fen=2_400)


def names(page: str) -> list[str]:
    return re.findall(r'class="card-name"><a[^>]*>([^<]+)<', page)


def shown(client, **query) -> list[str]:
    return names(client.get("/catalogue/", query).content.decode())


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({}, ["QC01", "HT01", "CL01", "DH01"]),
        ({"season": "on"}, ["QC01"]),
        ({"township": "500238110"}, ["QC01", "DH01"]),
        ({"cooperative": "C01"}, ["HT01", "CL01"]),
        ({"deep": "1"}, ["QC01", "DH01"]),
        ({"price": "0-30"}, ["CL01", "DH01"]),
        ({"price": "30-60"}, ["QC01"]),
        ({"price": "60-100", "cooperative": "C01"}, ["HT01"]),
        ({"price": "100-"}, []),
        ({"sort": "price"}, ["DH01", "QC01", "HT01", "CL01"]),  # what is sold out comes last
        ({"sort": "-price"}, ["HT01", "QC01", "DH01", "CL01"]),
        ({"sort": "jin"}, ["DH01", "QC01", "HT01", "CL01"]),  # 4.80, 4.99, 17.60 a jin
        ({"sort": "name"}, ["DH01", "CL01", "HT01", "QC01"]),  # duhuo, wuxicuili, wuxihetao, wuxiqicheng
    ],
)
def test_each_filter_and_order(client, mountain, query, codes):
    by_code = dict(f.Produce.objects.values_list("code", "name"))
    assert shown(client, **query) == [by_code[code] for code in codes]


def test_the_newest_comes_first(client, mountain):
    get_model("catalogue", "Product").objects.filter(pack__produce__code="HT01").update(
        date_created=dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    )
    assert shown(client, sort="new")[0] == "巫溪核桃(干)"


def test_counts_say_what_another_choice_would_show(mountain):
    offers = inventory.offers(DAY)
    found = facets.find(offers, Wanted(township="500238110", season="on"))
    assert [offer.item.code for offer in found.offers] == ["QC01"]
    assert found.counts["township"] == {"500238110": 1}  # of what is in season, nothing is from elsewhere
    assert found.counts["season"] == {"on": 1}
    assert facets.find(offers, Wanted(season="on")).counts["cooperative"] == {"C02": 1}
    assert facets.find(offers, Wanted(cooperative="C01")).counts["cooperative"] == {"C01": 2, "C02": 2}


def test_a_filter_is_a_chip_that_takes_it_off(client, mountain):
    page = client.get("/catalogue/", {"township": "500238110", "sort": "price"}).content.decode()
    chip = re.search(r'class="chip chip-off"\s+href="([^"]*)"', page)[1]
    assert chip == "?sort=price"
    page = client.get("/catalogue/", {"price": "100-", "season": "on"}).content.decode()
    assert page.count("chip-off") == 2
    assert "全部去掉" in page
    assert not names(page)


def test_a_category_is_a_filter_of_all_produce_and_of_a_search(client, mountain):
    fruit = get_model("catalogue", "Category").objects.get(slug="fruit")
    assert shown(client, category=fruit.pk) == ["巫溪脐橙", "巫溪脆李"]
    page = client.get("/search/", {"q": "wuxi", "category": fruit.pk}).content.decode()
    assert names(page) == ["巫溪脐橙", "巫溪脆李"] or names(page) == ["巫溪脆李", "巫溪脐橙"]


def test_what_is_sold_out_says_when_it_comes_again(client, mountain):
    page = client.get("/catalogue/", {"price": "0-30", "cooperative": "C01"}).content.decode()
    assert "已售罄" in page
    assert "预计7月上市" in page


@pytest.mark.parametrize(("households", "word"), [(2, ""), (3, "3 户")])
def test_a_card_names_village_and_cooperative_and_no_fewer_than_three_households(client, mountain, households, word):
    walnuts = f.Produce.objects.get(code="HT01")
    for _n in range(households):
        f.make_lot(walnuts, f.make_household(), bought_on=DAY)
    page = client.get("/catalogue/", {"price": "60-100"}).content.decode()
    origin = re.sub(r"<[^>]+>", "", re.search(r'<p class="card-origin">(.*?)</p>', page, re.DOTALL)[1])
    assert "村223" in origin
    assert "示例·合作社C01" in origin
    assert word in origin
    assert ("户" in origin) is bool(word)


@pytest.mark.parametrize(
    "said",
    [
        {"township": "500238110'"},
        {"category": "9" * 30},
        {"category": "²"},
        {"page": "-1"},
        {"page": "9" * 400},
        {"page": "٣"},
        {"sort": "\x00", "deep": "yes", "season": "ON", "price": "30"},
        {"q": "\x00"},
    ],
)
def test_what_is_said_wrongly_is_not_heard(mountain, said):
    assert Wanted.read(said, inventory.goods()) == Wanted()


def test_an_address_says_what_is_wanted_in_one_way(mountain):
    said = {"season": "on", "q": "  冬桃   大 ", "township": "500238110", "page": "1"}
    wanted = Wanted.read(said, inventory.goods())
    assert wanted.query() == "q=%E5%86%AC%E6%A1%83+%E5%A4%A7&township=500238110&season=on"
    assert wanted.without("q", "township").query() == "season=on"
    assert len(Wanted.read({"q": "桃" * 20_000}, inventory.goods()).q) == facets.LONGEST_QUERY


# ── Suggestions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_produce_categories_and_townships_are_suggested(client, mountain):
    get_model("catalogue", "Category").objects.filter(slug="fruit").update(name="橙子水果")
    suggested = finder.suggest("cheng")
    assert [one.name for one in suggested["goods"]] == ["巫溪脐橙"]
    assert [one.name for one in suggested["categories"]] == ["橙子水果"]
    assert [(one.name, one.url) for one in finder.suggest("镇110")["townships"]] == [
        ("镇110", "/catalogue/?township=500238110")
    ]
    page = client.get("/search/suggestions/", {"q": "橙"}).content.decode()
    assert page.count('role="option"') == 2
    assert page.count('role="group"') == 2


@pytest.mark.parametrize("query", ["", " ", "\x00", "'", "😀", "<zz>", "zzz", "%"])
def test_of_nothing_nothing_is_suggested(client, mountain, query):
    answer = client.get("/search/suggestions/", {"q": query})
    assert answer.status_code == 200
    assert not answer.content.strip()


def test_a_query_of_twenty_thousand_signs_is_no_error(client, mountain):
    for query in ("桃" * 20_000, "a\x00b😀\"'" * 4_000):
        assert client.get("/search/suggestions/", {"q": query}).status_code == 200
        assert client.get("/search/", {"q": query}).status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [("巫溪脐橙", "QC01"), ("橙子", "QC01"), ("qc", "QC01"), ("qicheng 5斤", "QC01"), ("李子", "CL01"), ("cuili", "CL01"),
     ("胡桃", "HT01"), ("hetao 尖山", "HT01"), ("heitao", ""), ("独活", "DH01"), ("du huo", "DH01")],
)  # fmt: skip
def test_names_of_the_shop_are_found_as_people_write_them(mountain, query, code):
    by_id = dict(f.Produce.objects.values_list("pk", "code"))
    found = [by_id[pk] for pk in finder.find(query)]
    assert found[:1] == ([code] if code else [])


def test_looking_for_something_costs_the_same_for_one_thing_and_ten(client, mountain, django_assert_num_queries):
    client.get("/search/suggestions/", {"q": "wuxi"})
    with django_assert_num_queries(1):
        client.get("/search/suggestions/", {"q": "wuxi"})
