"""What a query finds: signs, sounds, first letters, other names."""

import pytest

from shop.search import finder, words
from tests import factories as f


def test_a_query_is_reduced_to_its_words():
    assert words.words('冬桃" OR 1=1; <b>') == ("冬桃", "or", "1", "b")
    assert words.words("ＤＴ") == ("dt",)
    assert words.words("，。！…") == ()
    assert len(words.words("核桃 冬桃 脐橙 洋芋 香菇 木耳 蜂蜜 腊肉 党参 独活")) == words.MOST_WORDS


def test_a_query_of_any_length_is_cut():
    assert words.words("桃" * 20_000) == words.words("桃" * words.LONGEST_QUERY)


def finds(query: str, *texts: tuple[str, int]) -> bool:
    return bool(words.Index({1: texts}, named_from=5).score(words.words(query)))


@pytest.mark.parametrize("query", ["冬桃", "dongtao", "dongt", "dt", "DT", "东桃", "桃", "dontao", "dong tao"])
def test_signs_sounds_and_first_letters_find_the_same(query):
    assert finds(query, ("巫溪冬桃", 8))


@pytest.mark.parametrize("query", ["核桃", "hetao", "t", "on", "", "%_", "\"' OR"])
def test_what_is_not_meant_is_not_found(query):
    assert not finds(query, ("巫溪冬桃", 8))


@pytest.mark.parametrize("query", ["老鹰茶", "laoyingcha", "naoyinca", "lyc", "脑鹰茶", "老阴茶"])
def test_a_thing_is_found_as_it_is_said_in_the_south_west(query):
    assert finds(query, ("老鹰茶", 8))


def test_signs_count_more_than_their_sound_and_that_more_than_nearly_their_sound():
    index = words.Index({1: [("冬桃", 8)], 2: [("东桃", 8)], 3: [("冻淘", 8)], 4: [("蹲桃", 8)]})
    scores = index.score(["冬桃"])
    assert scores[1] > scores[2] == scores[3]
    assert 4 not in scores
    assert index.score(["dontao"])[1] < index.score(["dongtao"])[1]


def test_first_letters_find_names_alone():
    assert finds("zy", ("种药", 8))
    assert not finds("zy", ("种药合作社", 2))


@pytest.mark.parametrize("query", ["土豆", "马铃薯", "洋芋", "tudou", "td"])
def test_a_thing_is_found_by_its_other_names(query):
    assert finds(query, ("巫溪洋芋", 8), (words.with_other_names("巫溪洋芋"), 7))


@pytest.fixture
def shelf(db):
    peaches = f.make_cooperative("C01")
    type(peaches).objects.filter(pk=peaches.pk).update(name="示例·谭家坪冬桃种植专业合作社")
    peaches.refresh_from_db()
    return {
        "peach": f.make_pack(f.make_produce(peaches, code="DT01", name="巫溪冬桃", variety="映霜红", category="fruit")),
        "walnut": f.make_pack(f.make_produce(peaches, code="HT01", name="巫溪核桃(干)")),
        "potato": f.make_pack(f.make_produce(code="YY01", name="巫溪洋芋(马铃薯)", variety="米拉", category="staple")),
    }


def found(query: str) -> list[str]:
    by_id = {produce.pk: produce.code for produce in f.Produce.objects.all()}
    return [by_id[pk] for pk in finder.find(query)]


def test_the_shelf_is_searched(shelf):
    assert found("冬桃") == found("dongtao") == found("dt") == ["DT01"]  # not the walnuts of a peach cooperative
    assert found("土豆") == found("洋芋") == found("tudou") == ["YY01"]
    assert found("映霜红") == ["DT01"]
    assert found("好吃的核桃") == ["HT01"]
    assert set(found("谭家坪")) == {"DT01", "HT01"}
    assert found("zzz") == found("") == found("%_") == found("\"' OR") == []


def test_what_is_not_public_is_not_found(shelf):
    product = shelf["peach"].product
    product.is_public = False
    product.save()
    assert found("映霜红") == []


def test_the_page_shows_what_is_found_and_says_when_nothing_is(client, shelf):
    page = client.get("/search/", {"q": "dongtao"}).content.decode()
    assert "巫溪冬桃" in page
    assert "巫溪洋芋" not in page
    assert "没有找到" in client.get("/search/", {"q": "zzz"}).content.decode()
    assert client.get("/search/").status_code == 200
    for odd in ['"', "'" * 30, "桃" * 20_000, "a\x00b", "%", "NEAR(", "<script>alert(1)</script>"]:
        page = client.get("/search/", {"q": odd})
        assert page.status_code == 200
        assert b"<script>alert" not in page.content
