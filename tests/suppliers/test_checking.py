"""A township checks the slips of its own households, and of no others."""

import datetime as dt

import pytest

from suppliers import slips
from suppliers.base import access
from suppliers.models import PurchaseLot, SlipDispute, SlipPhoto, TownshipStaff
from tests import factories as f

pytestmark = pytest.mark.django_db

MAR_1 = dt.date(2019, 3, 1)


@pytest.fixture
def lots():
    produce = f.make_produce()
    own = f.make_lot(produce, f.make_household(produce.cooperative), bought_on=MAR_1, verified=False)
    elsewhere = f.make_household(produce.cooperative)
    elsewhere.village = f.make_village("500238243212")
    elsewhere.save()
    return own, f.make_lot(produce, elsewhere, bought_on=MAR_1, verified=False)


@pytest.fixture
def township(client, lots):
    user = f.make_user("", access.TOWNSHIP)
    TownshipStaff.objects.create(user=user, township=lots[0].household.village.township)
    client.force_login(user)
    return client


def test_a_checked_slip_counts_and_leaves_the_list(township, lots):
    own, other = lots
    page = township.get("/officials/slips/").content.decode()
    assert own.lot_no in page
    assert other.lot_no not in page
    assert own.household.head not in page  # masked
    assert township.post("/officials/slips/", {"slip": own.pk}).status_code == 302
    own.refresh_from_db()
    assert (own.verified_how, own.verified_by) == (PurchaseLot.Verified.TOWNSHIP, TownshipStaff.objects.get().user)
    township.get("/officials/slips/")  # shows the message that names the slip, once
    assert own.lot_no not in township.get("/officials/slips/").content.decode()


@pytest.mark.parametrize("slip", ["", "0", "-1", "x", "9" * 40, "1e3", "２３"])
def test_a_slip_that_is_not_there_is_not_found(township, slip):
    assert township.post("/officials/slips/", {"slip": slip}).status_code == 404


def test_another_townships_slip_is_not_found(township, lots):
    assert township.post("/officials/slips/", {"slip": lots[1].pk}).status_code == 404
    assert PurchaseLot.objects.unverified().count() == 2


def test_the_list_asks_the_database_as_often_for_ten_slips_as_for_one(township, lots, django_assert_max_num_queries):
    for _ in range(10):
        f.make_lot(lots[0].produce, lots[0].household, bought_on=MAR_1, verified=False)
    with django_assert_max_num_queries(8):
        township.get("/officials/slips/")


@pytest.mark.parametrize("who", [{"is_staff": True}, {}])
def test_who_has_no_township_finds_no_slips_not_even_those_without_a_household(client, who):
    slip = f.make_lot(f.make_produce(), None, bought_on=MAR_1, verified=False)
    client.force_login(f.make_user("", *([] if who else [access.TOWNSHIP]), **who))
    assert slip.lot_no not in client.get("/officials/slips/").content.decode()
    assert client.post("/officials/slips/", {"slip": slip.pk}).status_code == 404
    slip.refresh_from_db()
    assert slip.verified_at is None


# ── Several at once, and refusing ────────────────────────────────────────────────────────────────────────────────────


def test_ticked_slips_are_shown_with_their_sums_and_then_checked_together(township, lots):
    own, elsewhere = lots
    second = f.make_lot(own.produce, own.household, g=5_000, bought_on=MAR_1, verified=False)
    disputed = f.make_lot(own.produce, own.household, bought_on=MAR_1, verified=False)
    slips.dispute(lot=disputed, raised_by="household", about="weight")
    ticked = {"slips": [own.pk, second.pk, disputed.pk, elsewhere.pk, "x", "9" * 40]}
    preview = township.post("/officials/slips/", ticked | {"act": "preview"})
    # 10 kg and 5 kg at 18.50.
    assert (preview.context["g"], preview.context["fen"]) == (15_000, 27_750)
    assert (preview.context["ready"], preview.context["held"]) == ([own, second], [disputed])
    assert PurchaseLot.objects.verified().count() == 0
    township.post("/officials/slips/", ticked | {"act": "check"})
    assert set(PurchaseLot.objects.verified()) == {own, second}
    assert township.post("/officials/slips/", {"act": "check"}).status_code == 302


def test_a_slip_is_refused_with_a_reason_and_then_the_county_decides(township, lots):
    own, elsewhere = lots
    address = f"/officials/slips/{own.pk}/"
    assert township.get(address).status_code == 200
    assert township.get(f"/officials/slips/{elsewhere.pk}/").status_code == 404
    assert township.post(address, {"about": "unpaid", "words": ""}).context["form"].errors
    township.post(address, {"about": "unpaid", "words": "农户说没有收到钱。"})
    dispute = SlipDispute.objects.get()
    assert (dispute.raised_by, dispute.steps.get().words) == ("township", "农户说没有收到钱。")
    township.post(address, {"act": "check"})
    own.refresh_from_db()
    assert own.verified_at is None
    assert "有异议" in township.get("/officials/slips/").content.decode()


def test_the_queue_is_filtered_by_village_cooperative_and_paper(township, lots):
    own, _elsewhere = lots
    other = f.make_lot(f.make_produce(), own.household, bought_on=MAR_1, verified=False)
    SlipPhoto.objects.create(lot=other, content=b"x")

    def found(**asked) -> set:
        return set(township.get("/officials/slips/", asked).context["page"])

    assert found() == found(village=own.household.village_id) == found(village="x" * 30, paper="?") == {own, other}
    assert found(cooperative=own.produce.cooperative_id) == found(paper="none") == {own}
    assert found(paper="photo") == {other}
