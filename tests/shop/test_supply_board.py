"""The supply board: what it shows and what not, its feeds, asking for a quote, and declaring a harvest."""

import csv
import datetime as dt
import io
import json

import pytest
from auditlog.models import LogEntry
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

import suppliers.actions
from shop.sourcing import actions as sourcing
from shop.sourcing import board, tellers
from shop.sourcing.models import Inquiry, Wanted
from suppliers import prices
from suppliers.base import days
from suppliers.harvests import monday
from suppliers.models import Membership, SupplyDeclaration, SupplyDraft
from tests import factories as f

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
TONNE = 1_000_000
NEXT_WEEK = monday(days.today()) + 7 * DAY


@pytest.fixture
def peaches():
    return f.make_produce(code="DT01", name="巫溪冬桃")


def declare(produce, **fields):
    return suppliers.actions.declare_supply(
        **{"produce": produce, "g": 7 * TONNE, "starts_on": NEXT_WEEK, "ends_on": NEXT_WEEK + 6 * DAY} | fields
    )


def cells_of(client, query: str = "") -> list[dict]:
    return client.get(f"/supply/data.json{query}").json()["cells"]


# ── The board ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_declared_stands_on_the_board_with_the_markets_price_beside_it(client, peaches):
    declare(peaches, fen_per_kg=2_000, grade="一级")
    prices.save_price_sheet(market=f.make_market(), week_on=days.today(), prices={"DT01": (850, 1000, 1200)})
    page = client.get("/supply/")
    (shown,) = page.context["ranges"]
    assert (shown.tonnes, shown.price, shown.band_price) == ("7", "¥10.00", "¥8.50–12.00")
    for words in ("巫溪冬桃", "一级", "¥10.00", "¥8.50–12.00"):
        assert words in page.content.decode()


def test_no_household_is_on_the_board_by_number_name_or_village(client, peaches):
    members = [f.make_household(peaches.cooperative) for _n in range(3)]
    for member in members:
        declare(peaches, household=member, g=TONNE)
    said = "".join(client.get(path).content.decode() for path in ("/supply/", "/supply/data.json", "/supply/data.csv"))
    assert "巫溪冬桃" in said
    assert not [word for m in members for word in (m.household_no, m.head, m.village.name) if word in said]


def test_two_households_are_on_the_board_nowhere(client, peaches):
    for _n in range(2):
        declare(peaches, household=f.make_household(peaches.cooperative))
    assert cells_of(client) == []
    assert client.get("/supply/").status_code == 200


def test_a_filter_leaves_out_and_never_tells_more(client, peaches):
    declare(peaches, grade="一级")
    declare(f.make_produce(code="YY01", name="洋芋"), g=TONNE)
    whole = cells_of(client)
    for query in ("?kind=DT01", "?grade=一级", "?township=500238108", f"?from={NEXT_WEEK}&weeks=4"):
        assert all(cell in whole for cell in cells_of(client, query))
    assert [cell["kind"] for cell in cells_of(client, "?kind=DT01")] == ["DT01"]
    assert cells_of(client, f"?from={NEXT_WEEK + 7 * DAY}&weeks=4") == []


@pytest.mark.parametrize(
    "query",
    ["kind=%00", "kind=' OR 1=1", "weeks=1e400", "weeks=-1", "from=9999-99-99", "from=0001-01-01", "township=%F0%9F", "grade=" + "9" * 3000],
)  # fmt: skip
def test_a_filter_that_means_nothing_is_not_heard(client, peaches, query):
    declare(peaches)
    for page in ("", "data.json", "data.csv", "board.png"):
        assert client.get(f"/supply/{page}?{query}").status_code == 200
    assert len(cells_of(client, f"?{query}")) == 1


@pytest.mark.parametrize("n", [1, 10])
def test_the_board_asks_at_most_four_times_once_it_is_worked_out_however_much_is_declared(
    client, n, django_assert_max_num_queries
):
    for i in range(n):
        declare(f.make_produce(code=f"K{i}"))
        f.make_wanted(kind=f"K{i}", state="shown", decided_at=days.now(), decided_by=f.make_user())
    client.get("/")  # what every page keeps: categories
    with django_assert_max_num_queries(7):  # three of them once for each state of the declarations
        client.get("/supply/")
    with django_assert_max_num_queries(4):
        client.get("/supply/")


def test_what_is_called_off_or_over_is_gone_at_once(client, peaches):
    told = declare(peaches)
    assert len(cells_of(client)) == 1
    suppliers.actions.call_off_supply(declaration=told)
    assert cells_of(client) == []


# ── Feeds ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_feeds_are_whole_when_nothing_is_declared(client):
    answer = client.get("/supply/data.json")
    assert answer.json() == {"schema": "wuxi-direct/supply/1", "as_of": days.today().isoformat(), "cells": []}
    assert answer["Access-Control-Allow-Origin"] == "*"
    (heads,) = csv.reader(io.StringIO(client.get("/supply/data.csv").content.decode("utf-8-sig")))
    assert heads[:3] == ["kind", "name", "week_on"]
    assert client.get("/supply/board.png")["Content-Type"] == "image/png"


def test_a_text_that_a_spreadsheet_would_run_is_only_a_text(client):
    declare(f.make_produce(code="DT01", name="=cmd|'/c calc'!A1"), grade="@SUM(1)")
    rows = list(csv.DictReader(io.StringIO(client.get("/supply/data.csv").content.decode("utf-8-sig"))))
    assert (rows[0]["name"], rows[0]["grade"]) == ("'=cmd|'/c calc'!A1", "'@SUM(1)")
    assert rows[0]["g"] == "7000000"


def test_who_has_the_feed_already_is_told_so(client, peaches):
    declare(peaches)
    etag = client.get("/supply/data.json")["ETag"]
    assert client.get("/supply/data.json", headers={"If-None-Match": etag}).status_code == 304
    assert client.get("/supply/data.json?kind=DT01", headers={"If-None-Match": etag}).status_code == 200


def test_the_text_to_paste_says_product_tonnes_days_place_and_price(client, peaches):
    declare(peaches, fen_per_kg=2_000)
    text = client.get("/supply/").context["text"].splitlines()
    assert len(text) == 3
    assert all(words in text[1] for words in ("巫溪冬桃", "7 吨", "镇108", "¥10.00"))
    assert text[2] == "http://testserver/supply/"


@pytest.mark.parametrize(
    ("g", "words"),
    [(150_000_000, "150"), (18_749_999, "18.7"), (350_000, "0.35"), (1_000_000, "1"), (4_000, "<0.01"), (0, "0")],
)
def test_tonnes_are_said_as_people_say_them(g, words):
    assert board.tonnes(g) == words


# ── Asking, and wanting ──────────────────────────────────────────────────────────────────────────────────────────────

ASKED = {
    "kind": "DT01", "tonnes": "12.5", "week_on": f"{NEXT_WEEK + 2 * DAY}", "city_code": "370900",
    "organisation": "示例·某医院工会", "contact": "周小兰", "mobile": "138 0538 0210", "note": "=1+1 分三批",
}  # fmt: skip


def test_an_inquiry_reaches_the_county_with_who_asks_encrypted(client, peaches):
    assert client.post("/supply/ask/", ASKED).status_code == 302
    asked = Inquiry.objects.get()
    assert (asked.g, asked.week_on, asked.mobile) == (12_500_000, NEXT_WEEK, "+8613805380210")
    raw = Inquiry.objects.extra(select={"raw": "mobile", "who": "contact"}).values("raw", "who").get()
    assert "13805380210" not in raw["raw"]
    assert "周小兰" not in raw["who"]


@pytest.mark.parametrize(
    "wrong",
    [{"tonnes": "0"}, {"tonnes": "1e30"}, {"kind": "XX"}, {"city_code": "110000"}, {"mobile": "12"}, {"week_on": "2019-01-01"}, {"contact": "\x00"}],
)  # fmt: skip
def test_an_inquiry_that_cannot_be_answered_is_not_written(client, peaches, wrong):
    answer = client.post("/supply/ask/", ASKED | wrong)
    assert answer.status_code == 200
    assert answer.context["form"].errors.keys() == wrong.keys()
    assert not Inquiry.objects.exists()


def test_so_many_inquiries_an_hour_come_from_one_place(client, peaches):
    for _n in range(6):
        client.post("/supply/ask/", ASKED)
    assert client.post("/supply/ask/", ASKED).status_code == 200
    assert Inquiry.objects.count() == 6


def test_staff_look_at_a_number_only_by_a_press_that_is_written_down(client):
    asked = f.make_inquiry()
    client.force_login(f.make_user(is_staff=True))
    at = reverse("inquiry", args=[asked.pk])
    assert "13805380210" not in client.get(at).content.decode()
    seen = LogEntry.objects.filter(action=LogEntry.Action.ACCESS)
    assert not seen.exists()
    assert "13805380210" in client.post(at, {"look": "1"}).content.decode()
    assert seen.count() == 1
    client.post(at, {"state": "answered", "text": "已回电"})
    asked.refresh_from_db()
    assert (asked.state, asked.notes.get().text) == ("answered", "已回电")


def test_what_is_wanted_shows_once_the_county_has_read_it_and_never_says_who(client, peaches):
    wanted = {name: said for name, said in ASKED.items() if name not in ("week_on", "note")} | {
        "starts_on": f"{NEXT_WEEK}", "ends_on": f"{NEXT_WEEK + 20 * DAY}", "price": "9.5", "until": f"{NEXT_WEEK}",
    }  # fmt: skip
    assert client.post("/supply/wanted/", wanted).status_code == 302
    post = Wanted.objects.get()
    assert (post.g, post.fen_per_kg, post.state) == (12_500_000, 1_900, "waiting")
    declare(peaches)
    assert client.get("/supply/").context["sought"] == []
    client.force_login(f.make_user(is_staff=True))
    client.post("/officials/wanted/", {"wanted": post.pk, "state": "shown"})
    client.logout()
    page = client.get("/supply/").content.decode()
    assert "12.5 吨" in page
    assert not [word for word in ("周小兰", "13805380210", "某医院工会") if word in page]


def test_a_post_is_gone_after_its_day(client):
    f.make_wanted(state="shown", decided_at=days.now(), decided_by=f.make_user(), until=days.today() - DAY)
    assert client.get("/supply/").context["sought"] == []


# ── Declaring ────────────────────────────────────────────────────────────────────────────────────────────────────────


def tell(client, at: str, **answers):
    """Answer question by question; return the last answer."""
    said = {
        "what": {"what": ""},
        "variety": {"variety": "映霜红", "grade": "一级"},
        "amount": {"weight": "6000", "weight_unit": "jin"},
        "when": {"starts_on": f"{NEXT_WEEK}", "ends_on": f"{NEXT_WEEK + 6 * DAY}"},
        "price": {"price": "10", "price_unit": "jin"},
        "sure": {"confidence": "certain"},
    } | answers
    for step in [*(["where"] if "where" in said else []), *(step for step in said if step != "where")]:
        answer = client.post(f"{at}/declare/{step}/", said[step])
        assert answer.status_code == 302, (step, answer.context["form"].errors)
    return client.post(f"{at}/declare/check/")


@pytest.fixture
def desk(client, peaches):
    client.force_login(f.make_user(cooperative=peaches.cooperative))
    return client


def test_a_cooperative_declares_question_by_question(desk, peaches):
    assert tell(desk, "/cooperative/supply", what={"what": peaches.pk}).status_code == 302
    told = SupplyDeclaration.objects.get()
    assert (told.produce, told.g, told.fen_per_kg, told.confidence) == (peaches, 3 * TONNE, 2_000, "certain")
    assert (told.variety, told.grade, told.household) == ("映霜红", "一级", None)
    assert not SupplyDraft.objects.exists()


def test_a_second_press_declares_nothing_twice(desk, peaches):
    tell(desk, "/cooperative/supply", what={"what": peaches.pk})
    told = SupplyDeclaration.objects.get()
    desk.post(f"/cooperative/supply/{told.pk}/")
    teller = tellers.of_cooperative(peaches.cooperative, told.declared_by)
    first, second = tellers.Draft.of(teller), tellers.Draft.of(teller)
    tellers.declare(first, photo=None)
    with pytest.raises(ValidationError):
        tellers.declare(second, photo=None)
    assert SupplyDeclaration.objects.standing().count() == 1


def test_answers_are_kept_until_the_harvest_is_declared(desk, peaches):
    desk.post("/cooperative/supply/declare/what/", {"what": peaches.pk})
    desk.post("/cooperative/supply/declare/amount/", {"weight": "６０００斤", "weight_unit": "jin"})
    assert "６０００斤" in desk.get("/cooperative/supply/declare/amount/").content.decode()
    # The check sends back to the first question that is open.
    assert desk.get("/cooperative/supply/declare/check/")["Location"] == "/cooperative/supply/declare/variety/"
    desk.post("/cooperative/supply/declare/what/", {"anew": "1"})
    assert not SupplyDraft.objects.exists()


def test_an_unusual_weight_is_asked_about_and_an_empty_one_is_reckoned(desk, peaches):
    desk.post("/cooperative/supply/declare/what/", {"what": peaches.pk})
    at = "/cooperative/supply/declare/amount/"
    assert "unusual_why" not in desk.get(at).content.decode()
    odd = {"weight": "60000", "weight_unit": "jin", "mu": "10"}
    assert "unusual_why" in desk.post(at, odd).content.decode()
    assert desk.post(at, odd | {"unusual_why": "新品种"}).status_code == 302
    answer = tell(
        desk,
        "/cooperative/supply",
        what={"what": peaches.pk},
        amount={"weight": "", "weight_unit": "jin", "trees": "100"},
    )
    assert answer.status_code == 302
    assert SupplyDeclaration.objects.get().g == 4_500 * 500  # 45 jin a tree


def test_what_is_said_again_replaces_what_was_said_before(desk, peaches):
    tell(desk, "/cooperative/supply", what={"what": peaches.pk})
    first = SupplyDeclaration.objects.get()
    assert desk.post(f"/cooperative/supply/{first.pk}/")["Location"] == "/cooperative/supply/declare/amount/"
    desk.post("/cooperative/supply/declare/amount/", {"weight": "4000", "weight_unit": "jin"})
    desk.post("/cooperative/supply/declare/check/")
    (standing,) = SupplyDeclaration.objects.standing()
    assert (standing.g, standing.replaces, standing.grade) == (2 * TONNE, first, "一级")


def test_another_cooperatives_declaration_is_not_found(desk):
    told = declare(f.make_produce(code="DT01"))
    assert desk.post(f"/cooperative/supply/{told.pk}/").status_code == 404
    assert desk.post(f"/cooperative/supply/{told.pk}/", {"off": "1"}).status_code == 404


def test_a_photo_is_drawn_anew_and_seen_by_the_cooperative_and_the_county_alone(desk, client, peaches):
    drawn = io.BytesIO()
    Image.new("RGB", (30, 20), "green").save(drawn, "PNG")
    tell(desk, "/cooperative/supply", what={"what": peaches.pk})
    told = SupplyDeclaration.objects.get()
    desk.post(f"/cooperative/supply/{told.pk}/")
    bad = desk.post("/cooperative/supply/declare/check/", {"photo": SimpleUploadedFile("x.png", b"<svg>")})
    assert bad.context["form"].errors["photo"]
    desk.post("/cooperative/supply/declare/check/", {"photo": SimpleUploadedFile("x.png", drawn.getvalue())})
    told = SupplyDeclaration.objects.standing().get()
    at = reverse("supply:photo", args=[told.pk])
    assert desk.get(at).content[:2] == b"\xff\xd8"
    client.force_login(f.make_user(cooperative=f.make_cooperative()))
    assert client.get(at).status_code == 404


def test_a_household_declares_by_its_link_and_no_longer_when_it_is_taken_back(client, peaches):
    member = f.make_household(peaches.cooperative)
    key = suppliers.actions.give_supply_key(household=member, cooperative=peaches.cooperative)
    at = f"/supply/mine/{key.key}"
    page = client.get(f"{at}/").content.decode()
    assert member.head not in page
    assert tell(client, at, what={"what": peaches.pk}).status_code == 302
    told = SupplyDeclaration.objects.get()
    assert (told.household, told.produce, told.declared_by) == (member, peaches, None)
    other = declare(peaches, household=f.make_household(peaches.cooperative))
    assert client.post(f"{at}/{other.pk}/", {"off": "1"}).status_code == 404
    type(key).objects.update(revoked_at=days.now())
    assert client.get(f"{at}/").status_code == 404
    assert client.post(f"{at}/declare/check/").status_code == 404


def test_a_collector_declares_for_his_village_before_any_cooperative_is_known(client, peaches):
    user, village = f.make_user(), f.make_village()
    suppliers.actions.appoint_collector(user=user, village=village, starts_on=days.today())
    client.force_login(user)
    answer = tell(client, "/supply/collect", where={"village": village.pk, "households": "9"}, what={"what": "DT01"})
    assert answer.status_code == 302
    told = SupplyDeclaration.objects.get()
    assert (told.kind, told.produce, told.village, told.households) == ("DT01", None, village, 9)
    refused = client.post(
        "/supply/collect/declare/where/", {"village": f.make_village("500238101206").pk, "households": "1"}
    )
    assert refused.context["form"].errors["village"]


def test_a_household_that_a_collector_speaks_for_is_tied_to_the_cooperative_that_buys_it(client, peaches):
    user, member = f.make_user(), f.make_household(peaches.cooperative)
    suppliers.actions.appoint_collector(user=user, village=member.village, starts_on=days.today())
    client.force_login(user)
    tell(
        client,
        "/supply/collect",
        where={"village": member.village_id, "household": member.household_no.lower()},
        what={"what": "DT01"},
    )
    told = SupplyDeclaration.objects.get()
    assert (told.produce, told.kind, told.household) == (peaches, "", member)
    assert Membership.objects.filter(household=member).count() == 1


def test_a_stale_harvest_is_named_on_the_cooperatives_first_page(desk, peaches):
    told = declare(peaches)
    assert not tellers.stale(peaches.cooperative)
    SupplyDeclaration.objects.filter(pk=told.pk).update(declared_at=days.now() - 31 * DAY)
    assert "快采收了" in desk.get("/cooperative/").content.decode()


def test_a_cooperative_gives_links_to_its_own_members_alone(desk, peaches):
    member, stranger = f.make_household(peaches.cooperative), f.make_household()
    assert desk.post("/cooperative/supply/links/", {"household": stranger.pk}).status_code == 404
    page = desk.post("/cooperative/supply/links/", {"household": member.pk}, follow=True)
    assert member.supply_keys.get().key in page.content.decode()
    desk.post("/cooperative/supply/links/", {"household": member.pk, "revoke": "1"})
    assert not member.supply_keys.filter(revoked_at=None).exists()


# ── The county's desk ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_price_sheet_begins_with_last_weeks_prices(client, peaches):
    market, week = f.make_market(), monday(days.today())
    prices.save_price_sheet(market=market, week_on=week - 7 * DAY, prices={"DT01": (850, 1000, 1200)})
    client.force_login(f.make_user(is_staff=True))
    page = client.get(f"/officials/prices/TA/?week={week}&copy=1").content.decode()
    assert 'value="8.50"' in page
    sent = {"week_on": f"{week}", "DT01-low": "9", "DT01-usual": "10", "DT01-high": ""}
    assert client.post("/officials/prices/TA/", sent).context["form"].errors.keys() == {"DT01-usual"}
    assert client.post("/officials/prices/TA/", sent | {"DT01-high": "12.5"}).status_code == 302
    assert prices.reference_band("DT01", days.today()).high_fen_per_kg == 2_500


def test_the_county_appoints_a_collector_by_mobile_and_ends_his_post(client):
    user, village = f.make_user(mobile="+8613900001111"), f.make_village()
    client.force_login(f.make_user(is_staff=True))
    sent = {"who": "13900001111", "village": village.pk, "starts_on": f"{days.today()}"}
    assert client.post("/officials/collectors/", sent | {"who": "13900009999"}).context["form"].errors["who"]
    assert client.post("/officials/collectors/", sent).status_code == 302
    post = user.collects_in.get()
    assert client.post("/officials/collectors/", {"end": post.pk}).status_code == 302
    post.refresh_from_db()
    assert post.ends_on is not None


def test_the_json_of_the_board_is_json_that_machines_read(client, peaches):
    declare(peaches, fen_per_kg=2_000, grade="一级")
    (cell,) = json.loads(client.get("/supply/data.json").content)["cells"]
    assert cell == {
        "kind": "DT01", "name": "巫溪冬桃", "week_on": NEXT_WEEK.isoformat(), "township": "500238108",
        "township_name": "镇108", "grade": "一级", "g": 7 * TONNE, "low_fen_per_kg": 2_000, "high_fen_per_kg": 2_000,
    }  # fmt: skip


def test_who_erases_his_account_leaves_no_name_or_number_behind(client):
    user = f.make_user()
    f.make_inquiry(asked_by=user)
    f.make_wanted(posted_by=user)
    sourcing.forget(user=user)
    assert (Inquiry.objects.get().contact, Inquiry.objects.get().mobile) == ("", "")
    assert not Wanted.objects.exists()
