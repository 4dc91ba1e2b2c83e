"""The roster: what the county decides on, what one cooperative may know of another's member, who changes, who looks."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from logistics.models import Award, Shipment
from shop import roster as county
from suppliers import actions, roster
from suppliers.base import access, days, identity
from suppliers.models import (
    Credit,
    Household,
    HouseholdChange,
    HouseholdDraft,
    HouseholdMerger,
    HouseholdStatus,
    Membership,
    MembershipRequest,
    Reveal,
    TownshipStaff,
)
from tests import factories as f

pytestmark = pytest.mark.django_db

ID_NUMBER, OTHER_ID_NUMBER = "11010519491231002X", "110105199003072346"
MOBILE, OTHER_MOBILE = "13800138000", "13900139000"
ACCOUNT, OTHER_ACCOUNT = "6217000010001234567", "6228480402564890018"
JAN_1, MAR_1, MAR_5 = dt.date(2019, 1, 1), dt.date(2019, 3, 1), dt.date(2019, 3, 5)


def written(**fields) -> actions.Registration:
    return actions.Registration(
        **{
            "household_no": "WX900001",
            "head": "向秀英",
            "id_number": ID_NUMBER,
            "village": f.make_village(),
            "size": 4,
            "category": "建档立卡贫困户",
            "category_from": JAN_1,
            "mobile": MOBILE,
            "bank_account": ACCOUNT,
        }
        | fields
    )


def register(cooperative, **fields) -> Household:
    household, _is_new = actions.register_household(
        registration=written(**fields), cooperative=cooperative, member_from=JAN_1
    )
    return household


@pytest.fixture
def staff():
    return f.make_user(is_staff=True)


# ── One household in two cooperatives ────────────────────────────────────────────────────────────────────────────────


def test_a_household_of_two_cooperatives_is_one_and_neither_reads_the_others_words(client):
    first, second = f.make_cooperative(), f.make_cooperative()
    household = register(first)
    assert register(second, size=6, mobile=OTHER_MOBILE, bank_account=OTHER_ACCOUNT, category="") == household
    client.force_login(f.make_user(cooperative=second))
    pages = [client.get(f"/cooperative/households/{path}").content.decode() for path in ("", "WX900001/")]
    assert "6 人" in pages[0]
    for page in pages:
        for foreign in ("建档立卡贫困户", first.name, first.code, "138****8000", "****4567"):
            assert foreign not in page
    assert "139****9000" in pages[1]
    # The county sees both.
    client.force_login(f.make_user(is_staff=True))
    page = client.get("/officials/households/WX900001/").content.decode()
    assert first.name in page
    assert second.name in page


def test_what_does_not_agree_with_what_is_known_is_told_to_the_county_alone(client, staff):
    first, second = f.make_cooperative(), f.make_cooperative()
    household = register(first)
    with pytest.raises(actions.KnownOtherwise) as told:
        register(second, household_no="WX900002", head="向英", size=2)
    said = " ".join(told.value.messages)
    assert not any(word in said for word in ("WX900001", "秀", first.name))
    assert Household.objects.count() == 1
    assert not Membership.objects.filter(cooperative=second).exists()
    client.force_login(f.make_user(cooperative=second))
    page = client.get("/cooperative/households/").content.decode()
    assert "向英" in page
    assert "WX900002" in page
    assert not any(word in page for word in ("WX900001", "向秀英", first.name))
    client.force_login(staff)
    page = client.get("/officials/approvals/").content.decode()
    assert all(word in page for word in ("WX900001", "WX900002", first.name, second.name, "姓名不一致"))
    assert "向秀英" not in page
    asked = MembershipRequest.objects.get()
    client.post("/officials/approvals/", {"what": "grant", "request": asked.pk})
    assert set(household.cooperatives.all()) == {first, second}
    with pytest.raises(ValidationError):
        roster.decide_request(request=asked, is_granted=False, why="已经处理过了", by=staff)


def test_a_refused_request_is_read_with_its_reason(client, staff):
    first, second = f.make_cooperative(), f.make_cooperative()
    register(first)
    with pytest.raises(actions.KnownOtherwise):
        register(second, head="向英")
    client.force_login(staff)
    asked = MembershipRequest.objects.get().pk
    client.post("/officials/approvals/", {"what": "deny", "request": asked, "why": ""})  # no reason, no refusal
    assert MembershipRequest.objects.get().decided_at is None
    client.post("/officials/approvals/", {"what": "deny", "request": asked, "why": "姓名和身份证不符"})
    client.force_login(f.make_user(cooperative=second))
    assert "姓名和身份证不符" in client.get("/cooperative/households/").content.decode()


def test_a_household_from_a_list_without_id_numbers_is_matched_by_its_number_by_the_county(staff):
    listed, cooperative = f.make_household(), f.make_cooperative()
    with pytest.raises(actions.KnownOtherwise):
        register(cooperative, household_no=listed.household_no)
    roster.decide_request(request=MembershipRequest.objects.get(), is_granted=True, why="", by=staff)
    assert list(listed.cooperatives.all()) == [cooperative]
    listed.refresh_from_db()
    assert listed.id_number == ID_NUMBER
    assert listed.id_index


def test_of_another_cooperatives_household_there_is_no_page(client):
    register(f.make_cooperative())
    client.force_login(f.make_user(cooperative=f.make_cooperative()))
    for path in ("", "end/", "reveal/", "people/", "mobile/", "bank/", "status/"):
        assert client.get(f"/cooperative/households/WX900001/{path}").status_code == 404
        assert client.post(f"/cooperative/households/WX900001/{path}", {"size": 3}).status_code == 404


@pytest.mark.parametrize(
    ("number", "is_one"),
    [
        (" 11010519491231 002x", True),
        ("500238198505053410", True),  # born before Chongqing had its codes, first card after
        ("110105194912310021", False),  # wrong check digit
        ("110105194913310020", False),  # month 13
        ("110105294912310028", False),  # born in 2949
        ("11010519491231", False),
        ("一" * 18, False),
        ("", False),
    ],
)
def test_an_id_number_has_its_check_digit_and_a_day_of_birth(number, is_one):
    if is_one:
        assert identity.id_number(number) == "".join(number.split()).upper()
    else:
        with pytest.raises(ValueError, match="no ID number"):
            identity.id_number(number)


# ── Drafts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_begun_is_kept_encrypted_and_goes_on_where_it_stood(client):
    cooperative = f.make_cooperative()
    client.force_login(f.make_user(cooperative=cooperative))
    first = client.post("/cooperative/households/new/", {"head": "向秀英"})
    client.post(first["Location"], {"id_number": ID_NUMBER})
    draft = HouseholdDraft.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT written FROM suppliers_householddraft")
        kept = cursor.fetchone()[0]
    assert "向秀英" not in kept
    assert ID_NUMBER not in kept
    assert "没填完的" in client.get("/cooperative/households/").content.decode()
    # "check" leads to the first open question.
    assert client.get(f"/cooperative/households/new/{draft.pk}/check/")["Location"].endswith("/number/")
    client.force_login(f.make_user(cooperative=f.make_cooperative()))
    assert client.get(f"/cooperative/households/new/{draft.pk}/head/").status_code == 404
    client.force_login(f.make_user(cooperative=cooperative))
    client.post(f"/cooperative/households/new/{draft.pk}/drop/")
    assert not HouseholdDraft.objects.exists()


# ── The county decides ───────────────────────────────────────────────────────────────────────────────────────────────


def sold_from(household: Household, cooperative, on: dt.date = MAR_5):
    pack = f.make_pack(f.make_produce(cooperative, code=f"P{household.pk}"))
    f.make_lot(pack.produce, household, bought_on=MAR_1)
    return f.sell((pack, 1), on=on)


def helped() -> int:
    return (
        Credit.objects.between(JAN_1, dt.date(2019, 12, 31)).eligible().households_helped(as_of=dt.date(2019, 12, 31))
    )


def test_a_status_counts_from_its_approval_and_open_awards_are_worked_out_again(staff):
    f.make_programme()
    cooperative = f.make_cooperative()
    household = register(cooperative)
    sold_from(household, cooperative)
    f.assess()
    assert helped() == 0
    assert Award.objects.get().share_bp == 0
    county.approve_statuses(spells=[household.statuses.get().pk], by=staff)
    assert helped() == 1
    assert not Shipment.objects.get().is_assessed
    f.assess()
    assert Award.objects.get().share_bp == 10_000


def test_a_settled_award_stays_as_it_is_when_a_status_comes_late(staff):
    import logistics.actions

    version = f.make_programme(min_parcels_per_supplier_quarter=0)
    cooperative = f.make_cooperative()
    household = register(cooperative)
    pack = f.make_pack(f.make_produce(cooperative))
    f.make_lot(pack.produce, f.make_household(cooperative), g=1_250, bought_on=JAN_1)
    f.make_lot(pack.produce, household, bought_on=MAR_1)
    f.sell((pack, 1), on=MAR_5)
    f.assess()
    logistics.actions.settle(programme=version.programme.code, starts=JAN_1, ends=dt.date(2019, 6, 30))
    assert Award.objects.get().state == Award.State.SETTLED
    before = Award.objects.values().get()
    county.approve_statuses(spells=[household.statuses.get().pk], by=staff)
    f.assess()
    assert Award.objects.values().get() == before


def test_what_is_approved_ends_the_open_status_before_it_and_the_same_word_twice_counts_once(staff):
    first, second, third = f.make_cooperative(), f.make_cooperative(), f.make_cooperative()
    household = register(first)
    register(second)
    register(third, category="脱贫户", category_from=dt.date(2021, 1, 1))
    decided = roster.approve_statuses(spells=household.statuses.values_list("pk", flat=True), by=staff)
    assert (len(decided.approved), len(decided.confirmed), decided.clashing) == (2, 1, [])
    spells = household.statuses.approved().order_by("starts_on").values_list("category", "starts_on", "ends_on")
    assert list(spells) == [
        ("建档立卡贫困户", JAN_1, dt.date(2020, 12, 31)),
        ("脱贫户", dt.date(2021, 1, 1), None),
    ]
    assert household.statuses.waiting().count() == 0
    assert roster.approve_statuses(spells=household.statuses.values_list("pk", flat=True), by=staff).approved == []


def test_what_would_overlap_is_left_for_a_refusal_which_stays_as_history(staff):
    cooperative = f.make_cooperative()
    household = register(cooperative, category="脱贫户", category_from=dt.date(2021, 1, 1))
    roster.approve_statuses(spells=[household.statuses.get().pk], by=staff)
    early = roster.propose_status(
        household=household, cooperative=cooperative, category="建档立卡贫困户", starts_on=dt.date(2020, 1, 1)
    )
    assert roster.approve_statuses(spells=[early.pk], by=staff).clashing == [early]
    with pytest.raises(ValidationError):
        roster.refuse_status(spell=early, why=" ", by=staff)
    roster.refuse_status(spell=early, why="与已通过的重叠", by=staff)
    with pytest.raises(ValidationError):
        roster.refuse_status(spell=early, why="与已通过的重叠", by=staff)
    assert (household.statuses.count(), household.statuses.approved().count()) == (2, 1)
    # Approved spells never overlap, whoever writes them.
    with pytest.raises(IntegrityError), transaction.atomic():
        HouseholdStatus.objects.create(household=household, category="脱贫户", starts_on=dt.date(2022, 1, 1))


def test_many_are_approved_after_a_preview_that_changes_nothing(client, staff):
    cooperative = f.make_cooperative()
    homes = [
        register(cooperative, household_no=f"WX90000{n}", id_number=number)
        for n, number in enumerate((ID_NUMBER, OTHER_ID_NUMBER), start=1)
    ]
    client.force_login(staff)
    shown = client.post("/officials/approvals/", {"what": "approve", "all": "1"})
    assert "将通过 2 条" in shown.content.decode()
    assert HouseholdStatus.objects.waiting().count() == 2
    shown = client.post("/officials/approvals/", {"what": "approve", "spell": [h.statuses.get().pk for h in homes]})
    client.post("/officials/approvals/", {"what": "approve", "confirmed": "yes", "spells": shown.context["spells"]})
    assert HouseholdStatus.objects.waiting().count() == 0
    assert {spell.approved_by for spell in HouseholdStatus.objects.all()} == {staff}


def test_a_preview_counts_what_would_count(staff):
    cooperative = f.make_cooperative()
    today = days.today()
    household = register(cooperative)
    pack = f.make_pack(f.make_produce(cooperative))
    f.make_lot(pack.produce, household, bought_on=today)
    f.sell((pack, 1), on=today)
    spell = household.statuses.get().pk
    _decided, counts = county.what_if(lambda: roster.approve_statuses(spells=[spell], by=staff))
    assert [(count.before, count.after) for count in counts] == [(0, 1), (0, 1)]
    assert household.statuses.get().approved_at is None


def test_a_township_checks_its_own_and_decides_nothing(client):
    own, other = f.make_cooperative(), f.make_cooperative()
    mine = register(own)
    theirs = register(other, household_no="WX900002", id_number=OTHER_ID_NUMBER, village=f.make_village("500238243212"))
    user = f.make_user("", access.TOWNSHIP)
    TownshipStaff.objects.create(user=user, township=mine.village.township)
    client.force_login(user)
    page = client.get("/officials/approvals/").content.decode()
    assert mine.household_no in page
    assert theirs.household_no not in page
    spells = list(HouseholdStatus.objects.values_list("pk", flat=True))
    for what in ("check", "approve", "refuse"):
        client.post("/officials/approvals/", {"what": what, "spell": spells, "why": "不合规定的", "confirmed": "yes"})
    assert HouseholdStatus.objects.waiting().count() == 2
    assert [s.checked_by for s in HouseholdStatus.objects.order_by("pk")] == [user, None]
    assert client.get(f"/officials/households/{theirs.household_no}/reveal/").status_code == 404
    assert client.get(f"/officials/households/{mine.household_no}/reveal/").status_code == 200


# ── Splits and mergers ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_split_household_counts_as_the_one_it_came_from(client, staff):
    cooperative = f.make_cooperative()
    household = f.make_household(cooperative)
    client.force_login(staff)
    asked = {
        "household_no": "WX900009",
        "head": "谭小成",
        "id_number": ID_NUMBER,
        "size": "2",
        "on": "2019-02-01",
        "why": "儿子成家分户",
    }
    address = f"/officials/households/{household.household_no}/split/"
    client.post(address, asked)
    assert Household.objects.count() == 1
    assert client.post(address, asked | {"confirmed": "yes"}).status_code == 302
    newcomer = Household.objects.get(household_no="WX900009")
    merger = newcomer.mergers.get()
    assert (merger.kind, merger.into, merger.made_by) == (HouseholdMerger.Kind.SPLIT, household, staff)
    sold_from(household, cooperative)
    sold_from(newcomer, cooperative)
    assert Credit.objects.values("household").distinct().count() == 2
    assert helped() == 1


def test_a_split_takes_some_of_the_people_and_a_merger_needs_a_reason(staff):
    household = f.make_household()
    fields = {"household_no": "WX9", "head": "谭小成", "id_number": ID_NUMBER, "on": MAR_1, "by": staff}
    with pytest.raises(ValidationError) as refused:
        roster.split_household(household=household, size=4, why="儿子成家分户", **fields)
    assert list(refused.value.message_dict) == ["size"]
    with pytest.raises(ValidationError):
        county.merge(household=household, into=f.make_household(), on=MAR_1, why="", by=staff)
    assert not HouseholdMerger.objects.exists()


# ── Changes ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_changes_are_kept_with_who_and_when_and_numbers_masked(client):
    cooperative = f.make_cooperative()
    household = register(cooperative)
    user = f.make_user(cooperative=cooperative)
    client.force_login(user)
    client.post("/cooperative/households/WX900001/mobile/", {"mobile": "139 0013 9000"})
    client.post("/cooperative/households/WX900001/mobile/", {"mobile": OTHER_MOBILE})  # again: nothing
    client.post("/cooperative/households/WX900001/bank/", {"bank_account": ""})
    client.post("/cooperative/households/WX900001/people/", {"size": "5"})
    rows = HouseholdChange.objects.order_by("pk").values_list("field", "before", "after", "by")
    assert list(rows) == [
        ("mobile", "138****8000", "139****9000", user.pk),
        ("bank_account", "****4567", "", user.pk),
        ("size", "4", "5", user.pk),
    ]
    household.refresh_from_db()
    assert (household.mobile, household.bank_account, household.size) == (OTHER_MOBILE, "", 5)
    with pytest.raises(IntegrityError), transaction.atomic():
        HouseholdChange.objects.update(after="")


def test_a_second_cooperative_changes_its_own_words_alone():
    first, second = f.make_cooperative(), f.make_cooperative()
    household = register(first)
    register(second, mobile="", bank_account="")
    roster.change_member(household=household, cooperative=second, by=None, mobile=OTHER_MOBILE)
    household.refresh_from_db()
    assert household.mobile == MOBILE
    assert roster.membership_of(household, first).mobile == MOBILE
    assert roster.membership_of(household, second).mobile == OTHER_MOBILE


def test_a_membership_ends_on_a_day_after_its_last_slip():
    cooperative = f.make_cooperative()
    household = register(cooperative)
    f.make_lot(f.make_produce(cooperative), household, bought_on=MAR_1)
    for day in (dt.date(2018, 1, 1), dt.date(2019, 2, 28), days.today() + dt.timedelta(days=1)):
        with pytest.raises(ValidationError):
            roster.end_membership(household=household, cooperative=cooperative, on=day, by=None)
    roster.end_membership(household=household, cooperative=cooperative, on=MAR_1, by=None)
    assert not Household.objects.members_of(cooperative, on=MAR_5).exists()
    with pytest.raises(ValidationError):
        roster.end_membership(household=household, cooperative=cooperative, on=MAR_5, by=None)


# ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_number_is_shown_for_a_reason_once_and_noted(client, staff):
    household = register(f.make_cooperative())
    client.force_login(staff)
    address = "/officials/households/WX900001/reveal/"
    assert ID_NUMBER not in client.get(address, {"field": "id_number", "why": "核对身份证"}).content.decode()
    assert ID_NUMBER not in client.post(address, {"field": "id_number", "why": " "}).content.decode()
    assert not Reveal.objects.exists()
    answer = client.post(address, {"field": "id_number", "why": "核对身份证"})
    assert ID_NUMBER in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    row = Reveal.objects.get()
    assert (row.household, row.field, row.why, row.by) == (household, "id_number", "核对身份证", staff)
    assert "核对身份证" in client.get("/officials/reveals/").content.decode()
    for change in (lambda: Reveal.objects.update(why="没有看"), lambda: Reveal.objects.all().delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_a_cooperative_sees_its_own_numbers_and_never_an_id_number(client):
    cooperative = f.make_cooperative()
    register(cooperative)
    client.force_login(f.make_user(cooperative=cooperative))
    address = "/cooperative/households/WX900001/reveal/"
    assert ACCOUNT in client.post(address, {"field": "bank_account", "why": "核对存折"}).content.decode()
    assert ID_NUMBER not in client.post(address, {"field": "id_number", "why": "核对身份证"}).content.decode()
    assert [row.field for row in Reveal.objects.all()] == ["bank_account"]


def test_who_looks_too_often_is_stopped_before_anything_is_shown(staff):
    household = register(f.make_cooperative())
    for _n in range(20):
        roster.reveal(household=household, name="mobile", why="逐户核对手机", by=staff)
    with pytest.raises(ValidationError):
        roster.reveal(household=household, name="mobile", why="逐户核对手机", by=staff)
    assert Reveal.objects.count() == 20


@pytest.mark.parametrize("address", ["/cooperative/households/", "/officials/approvals/", "/officials/reveals/"])
def test_ten_households_take_as_many_queries_as_one(client, staff, address):
    cooperative = f.make_cooperative()

    def one_more() -> None:
        household = f.make_household(cooperative)
        HouseholdStatus.objects.create(
            household=household,
            category="脱贫户",
            starts_on=dt.date(2021, 1, 1),
            approved_at=None,
            proposed_by=cooperative,
            proposed_at=days.now(),
        )
        Reveal.objects.create(household=household, field="head", why="抽查姓名", at=days.now(), by=staff)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    client.force_login(f.make_user(cooperative=cooperative) if "cooperative" in address else staff)
    one_more()
    count()
    one = count()
    for _n in range(9):
        one_more()
    assert count() == one
