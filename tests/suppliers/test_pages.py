"""The pages of a cooperative about what it buys from whom, through the client."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from suppliers.base import days
from suppliers.forms_roster import STEPS
from suppliers.models import Household, HouseholdDraft, HouseholdStatus, Membership, PurchaseLot

from .. import factories as make

pytestmark = pytest.mark.django_db

ID_NUMBER, OTHER_ID_NUMBER = "11010519491231002X", "110105199003072346"


@pytest.fixture
def produce():
    return make.make_produce()


@pytest.fixture
def own(produce, client):
    client.force_login(make.make_user(cooperative=produce.cooperative))
    return produce.cooperative


def slip(bought, seller=None, **fields) -> dict:
    return {
        "lot_no": "0001",
        "produce": bought.pk,
        "household": seller.household_no if seller else "",
        "weight": "120",
        "weight_unit": "jin",
        "price": "9.25",
        "price_unit": "jin",
        "bought_on": days.today().isoformat(),
    } | fields


def enter(client, data: dict):
    return client.post(reverse("suppliers:slip"), data)


def errors(response) -> dict[str, list[str]]:
    assert response.status_code == 200
    return {name: list(said) for name, said in response.context["form"].errors.items()}


@pytest.mark.parametrize("name", ["ledger", "slip", "households", "household_new"])
def test_a_visitor_signs_in_a_buyer_finds_no_such_page_and_staff_read_it(name, client, own):
    address = reverse(f"suppliers:{name}")
    assert client.get(address).status_code == 200
    client.logout()
    assert client.get(address).status_code == 302
    client.force_login(make.make_user())
    assert client.get(address).status_code == 404


def test_a_slip_in_jin_is_kept_in_grams_and_fen_per_kilogram(client, own, produce):
    household = make.make_household(own)
    response = enter(client, slip(produce, household, weight="１,２00.5斤", bought_on="2019年3月1日"))
    lot = PurchaseLot.objects.get()
    assert response["Location"] == reverse("suppliers:lot", args=[lot.pk])
    # 1,200.5 斤 of 500 g; 9.25 yuan a 斤 are 18.50 yuan a kilogram.
    assert (lot.g, lot.fen_per_kg, lot.bought_on) == (600_250, 1_850, dt.date(2019, 3, 1))
    assert (lot.household, lot.lot_no, lot.verified_at) == (household, f"{own.code}-0001", None)
    assert lot.entered_by is not None


def test_kilograms_are_taken_as_they_are(client, own, produce):
    enter(client, slip(produce, is_other_source="on", weight="60", weight_unit="kg", price="18.5", price_unit="kg"))
    lot = PurchaseLot.objects.get()
    assert (lot.g, lot.fen_per_kg, lot.household) == (60_000, 1_850, None)


def test_a_household_is_found_by_number_with_its_masked_name_by_name_or_by_masked_name(client, own, produce):
    household = make.make_household(own)
    for n, written in enumerate([f"{household.household_no.lower()} 谭*成", "谭大成", "谭*成", "TDC", "tandacheng"]):
        enter(client, slip(produce, lot_no=f"{n}", household=written, confirmed="twice price_low"))
    assert list(PurchaseLot.objects.values_list("household", flat=True)) == [household.pk] * 5


@pytest.mark.parametrize(
    ("written", "field", "message"),
    [
        ({"bought_on": "2999-01-01"}, "bought_on", "还没有到"),
        ({"bought_on": "soon"}, "bought_on", "日期"),
        ({"weight": "0"}, "weight", "大于 0"),
        ({"weight": "-1"}, "weight", "大于 0"),
        ({"weight": "1000000000"}, "weight", "100 吨"),
        ({"weight": "1e400"}, "weight", "15"),
        ({"weight": "1.2345"}, "weight", "小数"),
        ({"weight": "1.001"}, "weight", "不到一克"),
        ({"price": "1.001"}, "price", "不是整分"),
        ({"price": "0"}, "price", "大于 0"),
        ({"price": "1000000000"}, "price", "大于 0"),
        ({"household": "WX-nobody"}, "household", "没有这个"),
        ({"household": ""}, "household", "请填写农户"),
        ({"is_other_source": "on"}, "household", "只能选一个"),
        ({"produce": "0"}, "produce", "有效"),
        ({"weight_unit": "stone"}, "weight_unit", "有效"),
    ],
)
def test_a_slip_that_cannot_be_true_is_refused_at_its_field(client, own, produce, written, field, message):
    household = make.make_household(own)
    said = errors(enter(client, slip(produce, household, **written)))
    assert list(said) == [field]
    assert message in said[field][0]
    assert PurchaseLot.objects.count() == 0


def test_another_cooperatives_household_and_produce_cannot_be_named(client, own, produce):
    stranger = make.make_household(make.make_cooperative())
    assert "household" in errors(enter(client, slip(produce, stranger)))
    assert "produce" in errors(enter(client, slip(make.make_produce(), make.make_household(own))))
    assert PurchaseLot.objects.count() == 0


def test_two_members_of_one_name_are_told_apart_by_number(client, own, produce):
    first, second = make.make_household(own), make.make_household(own)
    said = errors(enter(client, slip(produce, household="谭大成")))
    assert first.household_no in said["household"][0]
    assert second.household_no in said["household"][0]


def test_a_household_was_a_member_on_the_day_of_purchase(client, own, produce):
    household = make.make_household(own)
    Membership.objects.update(starts_on=days.today())
    said = errors(enter(client, slip(produce, household, bought_on="2019-03-01")))
    assert "不是合作社的社员" in said["household"][0]


def test_a_slip_number_is_entered_once_by_a_cooperative_and_is_free_for_another(client, own, produce):
    household = make.make_household(own)
    enter(client, slip(produce, household))
    assert "已经在台账" in errors(enter(client, slip(produce, household, confirmed="twice")))["lot_no"][0]
    other = make.make_produce()
    client.force_login(make.make_user(cooperative=other.cooperative))
    enter(client, slip(other, make.make_household(other.cooperative)))
    assert PurchaseLot.objects.count() == 2


def test_a_payment_by_the_bank_verifies_a_slip_once(client, own, produce):
    lot = make.make_lot(produce, make.make_household(own), verified=False)
    address = reverse("suppliers:lot", args=[lot.pk])
    assert client.get(address).status_code == 200
    for day in ("2999-01-01", "2018-12-31"):
        assert "付款日期" in errors(client.post(address, {"receipt": "R1", "paid_on": day}))["paid_on"][0]
    client.post(address, {"receipt": "R1", "paid_on": "2019-01-02"})
    client.post(address, {"receipt": "R2", "paid_on": "2019-01-03"})
    lot.refresh_from_db()
    assert (lot.verified_how, lot.voucher, lot.paid_on) == (PurchaseLot.Verified.BANK, "R1", dt.date(2019, 1, 2))
    # 10 kg at 18.50 yuan.
    assert lot.paid_fen == 18_500


def test_another_cooperatives_slip_is_not_there(client, own):
    lot = make.make_lot(make.make_produce(), verified=False)
    address = reverse("suppliers:lot", args=[lot.pk])
    assert client.get(address).status_code == 404
    assert client.post(address, {"receipt": "R1", "paid_on": "2019-01-02"}).status_code == 404
    lot.refresh_from_db()
    assert lot.verified_at is None


def registration(**fields) -> dict:
    return {
        "household_no": "WX900001",
        "head": "向秀英",
        "id_number": ID_NUMBER,
        "village": make.make_village().pk,
        "size": "4",
        "category": "脱贫户",
        "category_from": "2021-01-01",
        "member_from": days.today().isoformat(),
    } | fields


def register(client, **fields):
    """Answer one question after another, and write the household down; where an answer is refused, its screen."""
    answers = registration(**fields)
    address = reverse("suppliers:household_new")
    for names in STEPS.values():
        answer = client.post(address, {name: answers.get(name, "") for name in names})
        if answer.status_code != 302:
            return answer
        address = answer["Location"]
    assert client.get(address).status_code == 200
    return client.post(address)


def test_a_household_is_written_down_with_its_status_and_membership_and_its_id_number_shown_masked(client, own):
    assert register(client, id_number=" 11010519491231 002x").status_code == 302
    household = Household.objects.get()
    assert household.id_number == ID_NUMBER
    assert household.statuses.get().category == "脱贫户"
    assert household.memberships.get().cooperative == own
    assert HouseholdDraft.objects.count() == 0
    page = client.get(reverse("suppliers:households")).content.decode()
    assert "向秀英" in page  # its own member
    assert "等县里审核" in page
    assert ID_NUMBER not in page + client.get(f"/cooperative/households/{household.household_no}/").content.decode()


def test_a_household_known_under_the_same_id_number_joins_and_is_not_written_twice(client, own):
    register(client)
    other = make.make_cooperative()
    client.force_login(make.make_user(cooperative=other))
    register(client, category="脱贫不稳定户")
    household = Household.objects.get()
    assert household.household_no == "WX900001"
    assert set(household.cooperatives.all()) == {own, other}
    assert "已经是社员" in errors(register(client))["id_number"][0]


@pytest.mark.parametrize(
    ("written", "field", "message"),
    [
        ({"id_number": OTHER_ID_NUMBER}, "household_no", "另一户"),
        ({"id_number": "110105194912310021", "household_no": "WX2"}, "id_number", "身份证号"),
        ({"id_number": "1", "household_no": "WX2"}, "id_number", "身份证号"),
        ({"id_number": OTHER_ID_NUMBER, "household_no": "WX2", "size": "0"}, "size", "1 到 30"),
        ({"id_number": OTHER_ID_NUMBER, "household_no": "WX2", "size": "1000000000"}, "size", "1 到 30"),
        ({"id_number": OTHER_ID_NUMBER, "household_no": "WX2", "category": "富户"}, "category", "有效"),
        ({"id_number": OTHER_ID_NUMBER, "household_no": "WX2", "category_from": ""}, "category_from", "什么时候"),
        (
            {"id_number": OTHER_ID_NUMBER, "household_no": "WX2", "category_from": "2999-01-01"},
            "category_from",
            "还没有到",
        ),
        ({"id_number": OTHER_ID_NUMBER, "household_no": "WX2", "member_from": "2999-01-01"}, "member_from", "还没有到"),
        ({"id_number": OTHER_ID_NUMBER, "household_no": "WX2", "village": "1"}, "village", "有效"),
    ],
)
def test_a_household_that_cannot_be_so_is_refused_at_its_field(client, own, written, field, message):
    register(client)
    said = errors(register(client, **written))
    assert list(said) == [field]
    assert message in said[field][0]
    assert (Household.objects.count(), Membership.objects.count(), HouseholdStatus.objects.count()) == (1, 1, 1)


def test_a_member_does_not_join_again_from_an_earlier_day(client, own):
    register(client, member_from="2019-06-01", category_from="2019-01-01")
    assert list(errors(register(client, member_from="2019-01-01", category_from="2019-01-01"))) == ["id_number"]
    assert Membership.objects.count() == 1


def test_households_are_found_by_number_or_name_among_own_members(client, own):
    household = make.make_household(own)
    make.make_household(make.make_cooperative())
    for sought in (household.household_no[3:].lower(), "谭大成", "谭*成"):
        assert list(client.post(reverse("suppliers:households"), {"q": sought}).context["page"]) == [household]
    assert not list(client.post(reverse("suppliers:households"), {"q": "nobody"}).context["page"])
    # A name in an address would stand in the logs.
    assert len(client.get(reverse("suppliers:households"), {"q": "nobody"}).context["page"]) > 0


@pytest.mark.parametrize("name", ["ledger", "slip", "households"])
def test_ten_rows_take_as_many_queries_as_one(client, own, produce, name):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse(f"suppliers:{name}")).status_code == 200
        return len(queries)

    make.make_lot(produce, make.make_household(own))
    count()  # what the first request alone asks
    one = count()
    for _ in range(9):
        make.make_lot(produce, make.make_household(own))
    assert count() == one
