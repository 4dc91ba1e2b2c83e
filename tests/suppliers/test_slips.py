"""The purchase ledger: slips that are written once, their papers, and who says that they are right or wrong."""

import base64
import datetime as dt
import io
import json
import threading
import uuid

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from shop.logs import without_tokens
from suppliers import actions, slips, stock
from suppliers.base import access, days
from suppliers.models import DisputeStep, PurchaseLot, SlipDispute, SlipPhoto, TownshipStaff
from tests import factories as f

pytestmark = pytest.mark.django_db

TODAY = days.today()


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "green").save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def produce():
    return f.make_produce()


@pytest.fixture
def household(produce):
    return f.make_household(produce.cooperative)


@pytest.fixture
def own(produce, client):
    client.force_login(f.make_user(cooperative=produce.cooperative))
    return produce.cooperative


@pytest.fixture
def lot(produce, household):
    """A slip of 60 kg at 18.50 yuan, with a key for its household; nobody has verified it."""
    return actions.enter_lot(produce=produce, household=household, g=60_000, fen_per_kg=1_850, bought_on=TODAY)


def entry(produce, household, **fields) -> dict:
    """What the queue of a phone sends."""
    return {
        "entry_key": str(uuid.uuid4()),
        "cooperative": produce.cooperative.code,
        "household": household.household_no,
        "produce": str(produce.pk),
        "grade": "一级",
        "weight": "120",
        "weight_unit": "jin",
        "price": "9.25",
        "price_unit": "jin",
        "bought_on": TODAY.isoformat(),
        "lot_no": "",
        "signed_how": "fingerprint",
        "confirmed": "",
        "photo": "",
    } | fields


def send(client, said):
    body = said if isinstance(said, bytes) else json.dumps(said)
    return client.post(reverse("suppliers:entry"), body, content_type="application/json")


# ── Written once ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_entry_is_written_with_its_paper_and_gets_the_next_number_of_its_cooperative_and_day(
    client, own, produce, household
):
    photo = "data:image/jpeg;base64," + base64.b64encode(jpeg()).decode()
    answers = [send(client, entry(produce, household, photo=photo, confirmed="twice")).json() for _ in range(2)]
    day = f"{TODAY:%Y%m%d}"
    assert [answer["lot_no"] for answer in answers] == [f"{own.code}-{day}-001", f"{own.code}-{day}-002"]
    lot = PurchaseLot.objects.get(lot_no=answers[0]["lot_no"])
    assert (lot.g, lot.fen_per_kg, lot.grade, lot.signed_how) == (60_000, 1_850, "一级", "fingerprint")
    assert lot.household_key
    assert answers[0]["url"] == reverse("suppliers:lot", args=[lot.pk])
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM suppliers_slipphoto WHERE lot_id = %s", [lot.pk])
        stored = bytes(cursor.fetchone()[0])
    assert b"\xff\xd8" not in stored  # a token, not a JPEG
    assert client.get(reverse("slip-photo", args=[lot.pk])).content.startswith(b"\xff\xd8")


def test_an_entry_sent_twice_is_one_slip_and_answers_the_same(client, own, produce, household):
    said = entry(produce, household)
    first, second = send(client, said), send(client, said)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert PurchaseLot.objects.count() == 1


def test_control_without_its_key_the_same_entry_would_be_two_slips(client, own, produce, household):
    said = entry(produce, household, confirmed="twice")
    for _ in range(2):
        send(client, said | {"entry_key": str(uuid.uuid4())})
    assert PurchaseLot.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("has_key", "slips_written"), [(True, 1), (False, 2)])
def test_two_tabs_that_send_at_the_same_moment_write_one_slip_and_without_a_key_two(has_key, slips_written):
    produce = f.make_produce()
    household = f.make_household(produce.cooperative)
    key = uuid.uuid4() if has_key else None
    begin = threading.Barrier(2, timeout=10)

    def write():
        begin.wait()
        actions.enter_lot(produce=produce, household=household, g=1_000, fen_per_kg=100, bought_on=TODAY, entry_key=key)
        connections.close_all()

    tabs = [threading.Thread(target=write) for _ in range(2)]
    [tab.start() for tab in tabs]
    [tab.join(20) for tab in tabs]
    assert PurchaseLot.objects.count() == slips_written


def test_an_entry_with_a_key_that_another_slip_has_is_refused(client, own, produce, household):
    said = entry(produce, household)
    send(client, said)
    answer = send(client, said | {"weight": "130"})
    assert answer.status_code == 422
    assert f"{own.code}-{TODAY:%Y%m%d}-001" in answer.json()["errors"][""][0]
    assert PurchaseLot.objects.get().g == 60_000


def test_the_papers_own_number_is_kept_and_the_automatic_one_goes_on_after_it(client, own, produce, household):
    send(client, entry(produce, household, lot_no=f"{TODAY:%Y%m%d}-007"))
    assert send(client, entry(produce, household, confirmed="twice")).json()["lot_no"].endswith("-008")
    assert (
        send(client, entry(produce, household, lot_no="0815", confirmed="twice")).json()["lot_no"] == f"{own.code}-0815"
    )
    again = send(client, entry(produce, household, lot_no="0815", confirmed="twice"))
    assert (again.status_code, list(again.json()["errors"])) == (422, ["lot_no"])


# ── What the queue sends ─────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_odd_is_asked_once_and_written_when_it_is_confirmed(client, own, produce, household):
    for n in range(3):
        f.make_lot(produce, household, g=60_000, fen_per_kg=1_850, bought_on=TODAY - dt.timedelta(days=n + 1))
    said = entry(produce, household, price="2", weight="1200")
    asked = send(client, said)
    assert (asked.status_code, list(asked.json()["doubts"])) == (409, ["price_low", "heavy"])
    assert "平时每斤 6.47 到 12.02 元" in asked.json()["doubts"]["price_low"]  # 18.50 a kg, three tenths beside, by jin
    assert PurchaseLot.objects.filter(bought_on=TODAY).count() == 0
    assert send(client, said | {"confirmed": "price_low heavy"}).status_code == 200
    twice = send(client, entry(produce, household))
    assert list(twice.json()["doubts"]) == ["twice"]


def test_what_the_server_refuses_is_said_by_field(client, own, produce, household):
    answer = send(client, entry(produce, household, price="0.001") | {"household": "WX-nobody"})
    assert (answer.status_code, sorted(answer.json()["errors"])) == (422, ["household", "price"])
    answer = send(client, entry(produce, household, weight="0"))
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["weight"])
    assert PurchaseLot.objects.count() == 0


def test_an_entry_of_another_cooperative_is_kept_for_whoever_works_there(client, own, produce, household):
    other = f.make_produce()
    answer = send(client, entry(other, f.make_household(other.cooperative)))
    assert (answer.status_code, answer.json()["state"]) == (403, "foreign")
    # One's own cooperative with another's produce is simply wrong.
    answer = send(client, entry(other, household, cooperative=own.code))
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["produce"])
    assert PurchaseLot.objects.count() == 0


@pytest.mark.parametrize(
    "said",
    [b"", b"[]", b"{", b"[" * 100_000, b'{"entry_key": 1}', b'{"x": "y"}', b"\xff\xfe", b'"\\ud800"', b"1" * 10_000],
)
def test_what_no_page_of_ours_sends_is_broken_and_nothing_is_written(client, own, said):
    answer = send(client, said)
    assert (answer.status_code, answer.json()["state"]) == (400, "broken")


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("lot_no", "\ud800", 400),
        ("photo", "javascript:alert(1)", 400),
        ("photo", "data:image/jpeg;base64,!!!", 400),
        ("photo", "data:image/jpeg;base64," + base64.b64encode(b"no picture").decode(), 422),
        ("entry_key", "", 400),
        ("entry_key", "no-uuid", 422),
        ("lot_no", "\x00", 422),
        ("produce", "9" * 40, 422),
        ("weight", "1e400", 422),
        ("bought_on", "2999-01-01", 422),
        ("household", "字" * 5_000, 422),
    ],
)
def test_a_field_that_cannot_be_is_refused_and_nothing_is_written(
    client, own, produce, household, field, value, status
):
    assert send(client, entry(produce, household) | {field: value}).status_code == status
    assert PurchaseLot.objects.count() == 0


def test_an_entry_is_bounded_before_it_is_read(client, own, produce, household):
    answer = send(client, entry(produce, household, photo="x" * 2_200_000))
    assert (answer.status_code, list(answer.json()["errors"])) == (413, ["photo"])


def test_who_is_signed_out_or_forges_writes_nothing(client, own, produce, household):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(f.make_user(cooperative=produce.cooperative))
    assert send(strict, entry(produce, household)).status_code == 403
    token = strict.get(reverse("suppliers:ready")).json()["token"]
    body = json.dumps(entry(produce, household))
    path = reverse("suppliers:entry")
    answer = strict.post(path, body, content_type="application/json", headers={"X-CSRFToken": token})
    assert answer.status_code == 200
    client.logout()
    assert send(client, entry(produce, household)).status_code == 302
    assert client.get(reverse("suppliers:ready")).status_code == 302
    assert PurchaseLot.objects.count() == 1


def test_without_a_script_one_form_does_the_same_and_posted_twice_it_is_one_slip(client, own, produce, household):
    said = entry(produce, household) | {"photo": SimpleUploadedFile("p.jpg", jpeg(), content_type="image/jpeg")}
    first = client.post(reverse("suppliers:slip"), said)
    said["photo"] = SimpleUploadedFile("p.jpg", jpeg(), content_type="image/jpeg")
    second = client.post(reverse("suppliers:slip"), said)
    assert first["Location"] == second["Location"]
    assert SlipPhoto.objects.count() == 1
    # What is odd is asked on the page, and its button confirms it.
    asked = client.post(reverse("suppliers:slip"), entry(produce, household))
    assert list(asked.context["doubts"]) == ["twice"]
    assert 'name="confirmed" value="twice"' in asked.content.decode()
    assert PurchaseLot.objects.count() == 1


def test_the_page_says_no_name_but_masked_ones_outside_of_what_its_search_needs(client, own, household):
    page = client.get(reverse("suppliers:slip")).content.decode()
    shown, _, searched = page.partition('<script id="scales"')
    assert "谭*成" in shown
    assert "谭大成" not in shown
    assert "tandacheng tdc" in searched


# ── Who says that it is right ────────────────────────────────────────────────────────────────────────────────────────


def household_page(lot) -> str:
    return reverse("household-slip", args=[lot.household_key])


def test_a_household_confirms_its_slip_once_with_the_code_on_it(client, lot):
    page = client.get(household_page(lot))
    assert (page["X-Robots-Tag"], "no-store" in page["Cache-Control"]) == ("noindex, nofollow", True)
    text = page.content.decode()
    assert "谭*成" in text
    assert "¥1,110.00" in text  # 60 kg at 18.50
    for secret in (lot.household.head, lot.household.household_no, lot.lot_no):
        assert secret not in text
    address = reverse("household-right", args=[lot.household_key])
    assert client.get(address).status_code == 405
    for _ in range(2):
        assert client.post(address).status_code == 302
    lot.refresh_from_db()
    assert (lot.verified_how, lot.verified_by) == ("household", None)
    assert "您已确认" in client.get(household_page(lot)).content.decode()


def test_a_cooperative_does_not_confirm_its_own_slip(client, own, lot):
    assert "slip-say" not in client.get(household_page(lot)).content.decode()
    assert client.post(reverse("household-right", args=[lot.household_key])).status_code == 403
    lot.refresh_from_db()
    assert lot.verified_at is None


def test_no_log_tells_the_code_of_a_slip(lot):
    said = {"event": "", "request": f"GET {household_page(lot)}wrong/"}
    assert lot.household_key not in str(without_tokens(None, "", said))


@pytest.mark.parametrize("key", ["x", "x" * 24, "x" * 400, "\x00", "None"])
def test_a_key_that_is_none_finds_nothing(client, lot, key):
    assert client.get(f"/slip/{key}/").status_code == 404


def test_whoever_guesses_keys_soon_finds_nothing_at_all(client, lot):
    for n in range(30):
        client.get(f"/slip/guess{n}/")
    assert client.get(household_page(lot)).status_code == 404


def test_answers_are_counted_per_slip(client, lot):
    address = reverse("household-wrong", args=[lot.household_key])
    first = client.post(address, {"about": "weight", "words": "少写了十斤", "mobile": ""})
    assert first.status_code == 302
    for _ in range(5):
        assert client.post(address, {"about": "price"}).status_code == 200  # one is open already
    assert client.post(address, {"about": "price"}).status_code == 403


@pytest.mark.parametrize(
    "fields", [{}, {"about": "x"}, {"about": "weight", "mobile": "12"}, {"about": "weight", "words": "字" * 301}]
)
def test_a_dispute_that_says_nothing_is_refused_at_its_field(client, lot, fields):
    page = client.post(reverse("household-wrong", args=[lot.household_key]), fields)
    assert page.status_code == 200
    assert page.context["form"].errors
    assert not SlipDispute.objects.exists()


@pytest.fixture
def dispute(lot):
    return slips.dispute(lot=lot, raised_by="household", about="weight", words="少写了十斤", mobile="13800138000")


def test_while_a_dispute_is_open_neither_household_nor_township_verifies_and_the_bank_still_does(lot, dispute):
    for how in ("household", "township"):
        with pytest.raises(ValidationError):
            actions.verify_lot(lot=lot, how=how)
    actions.verify_lot(lot=lot, how="bank", receipt="R1", paid_on=TODAY)
    lot.refresh_from_db()
    assert lot.verified_how == "bank"


def test_what_a_household_says_and_its_mobile_are_encrypted(dispute):
    with connection.cursor() as cursor:
        cursor.execute("SELECT mobile FROM suppliers_slipdispute")
        assert "138" not in cursor.fetchone()[0]
        cursor.execute("SELECT words FROM suppliers_disputestep")
        assert "十斤" not in cursor.fetchone()[0]


def test_the_cooperative_answers_the_county_looks_up_the_mobile_and_takes_a_wrong_slip_back(client, own, lot, dispute):
    page = client.get(reverse("suppliers:lot", args=[lot.pk])).content.decode()
    assert "少写了十斤" in page
    assert "13800138000" not in page
    client.post(reverse("suppliers:slip_answer", args=[lot.pk]), {"words": "秤没有调零。"})
    county = f.make_user(is_staff=True)
    client.force_login(county)
    address = reverse("dispute", args=[dispute.pk])
    page = client.get(address).content.decode()
    assert "秤没有调零。" in page
    assert "138****8000" in page
    assert "13800138000" not in page
    assert "13800138000" in client.post(address, {"act": "look_up"}).content.decode()
    assert client.post(address, {"outcome": "wrong", "reason": ""}).context["form"].errors
    client.post(address, {"outcome": "wrong", "reason": "过磅单是 70 公斤。"})
    dispute.refresh_from_db()
    lot.refresh_from_db()
    assert (dispute.outcome, bool(dispute.closed_at)) == ("wrong", True)
    assert (lot.reversed_by, lot.left_g) == (county, 0)
    steps = list(dispute.steps.values_list("kind", "made_by"))
    assert [kind for kind, _by in steps] == ["opened", "answered", "looked_up", "closed"]
    assert steps[2][1] == steps[3][1] == county.pk
    # A second decision changes nothing.
    client.post(address, {"outcome": "stands", "reason": "改主意了"})
    dispute.refresh_from_db()
    assert dispute.outcome == "wrong"
    assert "作废" in client.get(household_page(lot)).content.decode()


def test_a_slip_found_right_can_be_verified_again_and_disputed_at_most_three_times(lot, dispute):
    county = f.make_user(is_staff=True)
    for n in range(slips.MOST_DISPUTES):
        if n:
            dispute = slips.dispute(lot=lot, raised_by="household", about="price")
        slips.close(dispute=dispute, outcome="stands", reason="过磅单相符。", by=county)
    with pytest.raises(ValidationError):
        slips.dispute(lot=lot, raised_by="household", about="price")
    actions.verify_lot(lot=lot, how="township")
    lot.refresh_from_db()
    assert lot.verified_how == "township"


def test_a_wrong_slip_of_which_something_was_paid_stays_on_the_books(lot, dispute):
    actions.verify_lot(lot=lot, how="bank", receipt="R1", paid_on=TODAY)
    slips.close(dispute=dispute, outcome="wrong", reason="重量不对。", by=f.make_user(is_staff=True))
    lot.refresh_from_db()
    assert lot.reversed_at is None
    with pytest.raises(ValidationError):
        stock.take_back(lot=lot, why="写错了")


def test_what_was_said_is_never_edited(dispute):
    for change in (
        lambda: DisputeStep.objects.update(words="x"),
        lambda: SlipDispute.objects.update(about="price"),
        lambda: SlipDispute.objects.all().delete(),
    ):
        with pytest.raises(Exception, match="never edited|foreign key|Cannot delete"), transaction.atomic():
            change()


def test_a_cooperative_takes_back_what_it_wrote_wrongly_with_a_reason(client, own, lot):
    address = reverse("suppliers:correct", args=[lot.pk])
    client.post(address, {"only": "1", "only-why": " "})
    lot.refresh_from_db()
    assert lot.reversed_at is None
    client.post(address, {"only": "1", "only-why": "户主选错了"})
    lot.refresh_from_db()
    assert (lot.reversed_why, lot.left_g) == ("户主选错了", 0)
    with pytest.raises(ValidationError):
        actions.verify_lot(lot=lot, how="bank")


# ── Who sees the paper ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_photo_is_for_the_cooperative_the_township_of_the_household_and_the_county(client, lot):
    SlipPhoto.objects.create(lot=lot, content=jpeg())
    other_place = f.make_village("500238243212")
    townships = [f.make_user("", access.TOWNSHIP), f.make_user("", access.TOWNSHIP)]
    TownshipStaff.objects.create(user=townships[0], township=lot.household.village.township)
    TownshipStaff.objects.create(user=townships[1], township=other_place.township)
    see = [
        f.make_user(cooperative=lot.produce.cooperative),
        townships[0],
        f.make_user("", access.AUDITOR),
        f.make_user(is_staff=True),
    ]
    blind = [
        f.make_user(cooperative=f.make_cooperative()),
        townships[1],
        f.make_user("", access.TAIAN),
        f.make_user(),
    ]
    address = reverse("slip-photo", args=[lot.pk])
    for user in see:
        client.force_login(user)
        answer = client.get(address)
        assert answer.content.startswith(b"\xff\xd8")
        assert "no-store" in answer["Cache-Control"]
    for user in blind:
        client.force_login(user)
        assert client.get(address).status_code == 404
    client.logout()
    assert client.get(address).status_code == 404


# ── Looking slips up ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_ledger_is_filtered_by_state_household_product_and_month_with_its_sums(
    client, own, produce, household, lot
):
    paid = f.make_lot(produce, f.make_household(own), g=10_001, fen_per_kg=1_850, bought_on=dt.date(2026, 3, 31))
    PurchaseLot.objects.filter(pk=paid.pk).update(paid_on=TODAY, paid_fen=18_502)
    other = f.make_lot(f.make_produce(own, code="DT01"), None, g=5_000, bought_on=dt.date(2026, 4, 1))
    gone = f.make_lot(produce, household, verified=False, bought_on=dt.date(2026, 3, 1))
    stock.take_back(lot=gone, why="写错了")
    slips.dispute(lot=lot, raised_by="household", about="weight")

    def found(**asked) -> set:
        return set(client.get(reverse("suppliers:ledger"), asked).context["page"])

    assert found() == {lot, paid, other}
    assert found(which="unverified") == found(which="disputed") == found(which="unpaid") == {lot}
    assert found(which="reversed") == {gone}
    assert found(which="left") == {paid, other}
    assert found(month="2026-03") == found(month="2026年3月") == {paid}
    assert found(household=household.household_no.lower()) == {lot}
    assert found(produce=other.produce_id) == {other}
    assert found(which="left", month="2026-04", produce=produce.pk) == set()
    for nonsense in ({"month": "2026-13"}, {"produce": "9" * 30}, {"which": "x"}):
        assert found(**nonsense) == {lot, paid, other}
    costs = client.get(reverse("suppliers:ledger")).context["costs"]
    # 60 kg, 10.001 kg and 5 kg at 18.50: 1,110.00 + 185.0185 (half up 185.02) + 92.50.
    assert costs == {"slips": 3, "bought_g": 75_001, "cost_fen": 111_000 + 18_502 + 9_250}


def test_ten_slips_take_as_many_queries_as_one(client, own, produce, household, lot):
    SlipPhoto.objects.create(lot=lot, content=jpeg())
    slips.dispute(lot=lot, raised_by="household", about="weight")
    staff, township = f.make_user(is_staff=True), f.make_user("", access.TOWNSHIP)
    TownshipStaff.objects.create(user=township, township=household.village.township)
    seen = [(None, "suppliers:ledger"), (None, "suppliers:slip"), (staff, "disputes"), (township, "slips")]
    cooperative = f.make_user(cooperative=own)

    def counts() -> list[int]:
        found = []
        for user, name in seen:
            client.force_login(user or cooperative)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(reverse(name)).status_code == 200
            found.append(len(queries))
        return found

    counts()
    one = counts()
    for _ in range(9):
        another = f.make_lot(produce, f.make_household(own), bought_on=TODAY, verified=False)
        SlipPhoto.objects.create(lot=another, content=b"x")
        slips.dispute(lot=another, raised_by="household", about="price", words="不对")
    assert counts() == one


def test_the_printed_slip_has_a_code_where_there_is_a_household_and_older_ones_get_theirs(
    client, own, produce, household
):
    old = f.make_lot(produce, household, verified=False)
    address = reverse("suppliers:slip_paper", args=[old.pk])
    assert "data:image/svg+xml" not in client.get(address).content.decode()
    client.post(reverse("suppliers:slip_key", args=[old.pk]))
    for paper in ("", "roll"):
        page = client.get(address, {"paper": paper}).content.decode()
        assert "data:image/svg+xml" in page
        assert household.head not in page
    key = PurchaseLot.objects.get(pk=old.pk).household_key
    client.post(reverse("suppliers:slip_key", args=[old.pk]))
    assert PurchaseLot.objects.get(pk=old.pk).household_key == key
