"""Households that wait for the county in every way, and payments: one run paid, one to be paid, slips that are owed."""

import datetime as dt
from contextlib import suppress

from django.contrib.auth import get_user_model
from django.db import transaction
from stdnum.cn import ric

import suppliers.actions
from suppliers import payments, roster
from suppliers.base import days
from suppliers.models import (
    Cooperative,
    Household,
    HouseholdDraft,
    HouseholdStatus,
    Membership,
    MembershipRequest,
    PaymentRun,
    Produce,
    PurchaseLot,
    Reveal,
)

from . import people

REGISTERED = "脱贫户"
SINCE = dt.date(2021, 1, 1)
# (cooperative, number, head, people, category, year of birth): invented, as their numbers are.
HOUSEHOLDS = [
    ("C01", "WX-N001", "谭长青", 4, REGISTERED, 1975),
    ("C01", "WX-N002", "向朝阳", 3, "边缘易致贫户", 1982),
    ("C03", "WX-N003", "刘家兴", 5, REGISTERED, 1969),
    ("C11", "WX-N004", "黎春梅", 2, "", 1990),
    ("C11", "WX-N005", "袁世友", 6, REGISTERED, 1964),
]
REFUSED, SPLIT_OFF = "WX-N005", "WX-N009"
WITH_RUNS = ("C01", "C11")


def load() -> None:
    """Write what is missing of it."""
    cooperatives = Cooperative.objects.select_related("village").in_bulk(field_name="code")
    staff = get_user_model().objects.get(email=people.email("staff"))
    with transaction.atomic():
        _numbers(cooperatives)
        for code, *words in HOUSEHOLDS:
            if code in cooperatives:
                _register(cooperatives[code], *words)
        _decided(cooperatives, staff)
    for code in WITH_RUNS:
        if code in cooperatives and not PaymentRun.objects.filter(cooperative=cooperatives[code]).exists():
            _pay(cooperatives[code])


def _id_number(n: int, born: int) -> str:
    number = f"500238{born}0101{n:03d}"
    return number + ric.calc_check_digit(number + "0")


def _numbers(cooperatives: dict[str, Cooperative]) -> None:
    """Mobiles and bank accounts of members; every fifth has none and is paid in cash."""
    for code in WITH_RUNS:
        members = Membership.objects.filter(
            cooperative=cooperatives.get(code), household__household_no__startswith="WX0"
        )
        for n, membership in enumerate(members.order_by("household__household_no"), start=1):
            if membership.mobile:
                continue
            membership.mobile = f"1990000{n:04d}"
            membership.bank_account = "" if n % 5 == 0 else f"621700000000000{n:04d}"
            membership.save(update_fields=["mobile", "bank_account"])


def _register(
    cooperative: Cooperative, household_no: str, head: str, size: int, category: str, born: int
) -> Household | None:
    if Household.objects.filter(household_no=household_no).exists():
        return None
    written = suppliers.actions.Registration(
        household_no=household_no,
        head=head,
        id_number=_id_number(int(household_no[-3:]), born),
        village=cooperative.village,
        size=size,
        category=category,
        category_from=SINCE if category else None,
        mobile=f"1990001{household_no[-3:]}0",
        bank_account=f"62170000000000{born}0",
    )
    household, _is_new = suppliers.actions.register_household(
        registration=written, cooperative=cooperative, member_from=days.today()
    )
    return household


def _decided(cooperatives: dict[str, Cooperative], staff) -> None:
    """One refused, one known under the same ID number with another name, one split off, one looked at, one draft."""
    refused = HouseholdStatus.objects.waiting().filter(household__household_no=REFUSED).first()
    if refused:
        roster.refuse_status(spell=refused, why="花名册上没有这一户，请核对户编号", by=staff)
    other = cooperatives.get("C02")
    known = Household.objects.filter(household_no="WX-N001").first()
    if other and known and not MembershipRequest.objects.filter(cooperative=other).exists():
        written = suppliers.actions.Registration(
            household_no="WX-N010", head="谭常青", id_number=known.id_number, village=other.village, size=4
        )
        with suppress(suppliers.actions.KnownOtherwise):  # what it is here for: the county sees both
            suppliers.actions.register_household(registration=written, cooperative=other, member_from=days.today())
    if known and not Household.objects.filter(household_no=SPLIT_OFF).exists():
        roster.split_household(
            household=known,
            household_no=SPLIT_OFF,
            head="谭小川",
            id_number=_id_number(9, 1999),
            size=1,
            on=days.today(),
            why="儿子成家后分户",
            by=staff,
        )
    if known and not Reveal.objects.filter(by=staff).exists():
        roster.reveal(household=known, name=Reveal.Field.NAME, why="核对花名册", by=staff)
    first = cooperatives.get("C01")
    if first and not HouseholdDraft.objects.filter(cooperative=first).exists():
        HouseholdDraft.objects.create(
            cooperative=first,
            written='{"head": "谭家旺"}',
            saved_at=days.now(),
            saved_by=get_user_model().objects.get(email=people.email("c01")),
        )


@transaction.atomic
def _pay(cooperative: Cooperative) -> None:
    """A run that is paid, one that waits, and slips of yesterday that are owed."""
    owner = get_user_model().objects.get(email=people.email(cooperative.code.lower()))
    members = list(
        Household.objects.filter(memberships__cooperative=cooperative).order_by("household_no").distinct()[:5]
    )
    produce = Produce.objects.filter(cooperative=cooperative).order_by("pk").first()
    if produce is None or not members:
        return
    yesterday = days.today() - dt.timedelta(days=1)
    for round_no in (1, 2, 3):
        for n, household in enumerate(members, start=1):
            _slip(cooperative, produce, household, f"{round_no}{n:02d}", yesterday)
        if round_no == 3:
            return
        lots = payments.owed(cooperative).values_list("pk", flat=True)
        run = payments.make_run(cooperative=cooperative, lots=lots, by=owner)
        if round_no == 1:
            payments.mark_paid(run=run, how="bank", receipt=f"HD{yesterday:%m%d}", paid_on=days.today(), by=owner)
            payments.mark_paid(run=run, how="cash", paid_on=days.today(), by=owner)


def _slip(cooperative: Cooperative, produce: Produce, household: Household, number: str, on: dt.date) -> None:
    lot_no = f"{cooperative.code}-DF{number}"
    day = max(on, household.memberships.get(cooperative=cooperative).starts_on)
    if not PurchaseLot.objects.filter(lot_no=lot_no).exists():
        suppliers.actions.enter_lot(
            lot_no=lot_no,
            produce=produce,
            household=household,
            g=int(number) * 250,
            fen_per_kg=1_260,
            bought_on=min(day, days.today()),
        )
