"""Places by their GB codes."""

import json
from collections import Counter
from importlib import resources

import pytest

from shop import places

WUXI = json.loads(resources.files("suppliers.data").joinpath("wuxi.json").read_text("utf-8"))


def test_wuxi_has_32_townships_and_329_villages_and_every_village_lies_in_one():
    townships = {t["code"]: t["name"] for t in WUXI["townships"]}
    villages = {v["code"]: v["name"] for v in WUXI["villages"]}
    assert (len(townships), len(villages)) == (32, 329)
    assert {code[:9] for code in villages} == set(townships)
    assert villages["500238110202"] == "谭家村"
    assert townships["500238110"] == "峰灵镇"
    assert (len(WUXI["townships"]), len(WUXI["villages"])) == (32, 329), "no code twice"


def test_village_names_are_names_and_not_committees():
    assert not [v for v in WUXI["villages"] if "委员会" in v["name"]]


def test_shandong_has_its_16_cities_and_no_laiwu():
    cities = places.children("370000")
    assert [area.code[2:4] for area in cities] == [f"{n:02}" for n in (*range(1, 12), *range(13, 18))]
    assert places.Area("370900", "泰安市") in cities


def test_taian_has_six_districts():
    assert [area.name for area in places.children("370900")] == [
        "泰山区",
        "岱岳区",
        "宁阳县",
        "东平县",
        "新泰市",
        "肥城市",
    ]


def test_there_are_31_provinces_and_each_has_cities_with_districts():
    assert len(places.children()) == 31
    cities = [city for province in places.children() for city in places.children(province.code)]
    assert all(places.children(city.code) for city in cities)
    assert all(places.children(province.code) for province in places.children())
    codes = Counter(d.code for city in cities for d in places.children(city.code))
    assert max(codes.values()) == 1


def test_a_district_knows_its_city_and_province():
    assert places.city_of("370902") == places.Area("370900", "泰安市")
    assert places.province_of("370902") == places.Area("370000", "山东省")
    assert places.district("370902").name == "泰山区"


def test_a_full_name_is_what_one_writes_on_a_parcel():
    assert places.full_name("370902") == "山东省泰安市泰山区"
    assert places.full_name("370900") == "山东省泰安市"
    assert places.full_name("370000") == "山东省"
    assert places.full_name("110101") == "北京市东城区"
    assert places.full_name("500238") == "重庆市巫溪县"
    assert places.full_name("441900") == "广东省东莞市"
    assert places.full_name("419001") == "河南省济源市"


def test_laiwu_is_jinan_since_2019():
    assert places.full_name("371202") == "山东省济南市莱芜区"
    assert places.district("371203").code == "370117"
    assert places.city_of("371200").code == "370100"


@pytest.mark.parametrize("code", ["", "37", "371299", "999999", "37090", "abc", "370900", "山东省泰安市"])
def test_what_is_no_district_is_refused(code):
    with pytest.raises(places.UnknownArea):
        places.district(code)


def test_unknown_codes_have_no_city_no_province_and_no_children():
    with pytest.raises(places.UnknownArea):
        places.city_of("379999")
    with pytest.raises(places.UnknownArea):
        places.province_of("990000")
    with pytest.raises(places.UnknownArea):
        places.full_name("370999")
    assert places.children("370902") == () == places.children("nonsense")


@pytest.mark.parametrize(
    ("code", "there"), [("370902", True), ("371202", True), ("500238", False), ("", False), ("137000", False)]
)
def test_shandong_is_a_code_that_starts_with_37(code, there):
    assert places.is_shandong(code) is there


def test_the_picker_data_are_small_enough_for_a_phone():
    assert len(resources.files("shop.places").joinpath("areas.json").read_bytes()) < 150_000
