"""Changes to the roster: what the county decides on, who changes what, who looks. Each is one transaction."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from . import actions
from .base import days, identity, limits, privacy
from .models import (
    Cooperative,
    Household,
    HouseholdChange,
    HouseholdMerger,
    HouseholdStatus,
    Membership,
    MembershipRequest,
    PurchaseLot,
    Reveal,
)
from .models.people import COUNTED_CATEGORIES

LEAST_REASON, MOST_REASON = 4, 120
CHANGEABLE = ("size", "mobile", "bank_account")
# A day's honest work is below; whoever copies a register is stopped.
REVEALS = (limits.Limit("reveal-hour", 20, limits.HOUR), limits.Limit("reveal-day", 60, limits.DAY))


def reason(why: str) -> str:
    """`why`, tidied. Raises ValidationError where it says nothing, or more than fits."""
    why = " ".join(why.replace("\x00", " ").split())
    if not LEAST_REASON <= len(why) <= MOST_REASON:
        raise ValidationError({"why": _("Write the reason in a few words (4 to 120 signs).")})
    return why


# ── Statuses that wait for the county ────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def propose_status(
    *, household: Household, cooperative: Cooperative, category: str, starts_on: dt.date
) -> HouseholdStatus:
    """Write down what a cooperative knows of its member's status; it counts when the county approves it.

    Raises ValidationError by field for an unknown category, a day to come, and while an earlier word of the cooperative waits.
    """
    if category not in COUNTED_CATEGORIES:
        raise ValidationError({"category": _("Choose a category from the list.")})
    if starts_on > days.today():
        raise ValidationError({"category_from": _("This day is still to come.")})
    Household.objects.select_for_update(no_key=True).get(pk=household.pk)
    if HouseholdStatus.objects.waiting().filter(household=household, proposed_by=cooperative).exists():
        raise ValidationError({"category": _("What you wrote before still waits for the county.")})
    return HouseholdStatus.objects.create(
        household=household,
        category=category,
        starts_on=starts_on,
        approved_at=None,
        proposed_by=cooperative,
        proposed_at=days.now(),
    )


@dataclass
class Decided:
    """What an approval did: spells approved, those that an approved one said before, those left because they clash."""

    approved: list[HouseholdStatus] = field(default_factory=list)
    confirmed: list[HouseholdStatus] = field(default_factory=list)
    clashing: list[HouseholdStatus] = field(default_factory=list)

    @property
    def households(self) -> set[int]:
        return {spell.household_id for spell in self.approved}


@transaction.atomic
def approve_statuses(*, spells: Iterable[int], by) -> Decided:
    """Approve the waiting ones of `spells` (ids), in the order (household, from, id); those decided already stay as they are.

    An open spell that began earlier ends the day before. A spell that an approved one says already confirms it, so nothing
    counts twice. One that would overlap otherwise clashes and is left waiting.
    """
    waiting = HouseholdStatus.objects.waiting().filter(pk__in=list(spells))
    homes = list(
        Household.objects.select_for_update(no_key=True)
        .filter(pk__in=waiting.values("household"))
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    standing: dict[int, list[HouseholdStatus]] = defaultdict(list)
    for spell in HouseholdStatus.objects.approved().filter(household__in=homes).order_by("starts_on"):
        standing[spell.household_id].append(spell)
    decided, ended, now = Decided(), [], days.now()
    # Read again under the lock: somebody may have decided meanwhile.
    for spell in waiting.select_related("household").order_by("household", "starts_on", "pk"):
        others = standing[spell.household_id]
        over = [other for other in others if _overlap(spell, other)]
        same = [o for o in over if o.category == spell.category and o.starts_on <= spell.starts_on]
        if same and (same[0].ends_on is None or (spell.ends_on and spell.ends_on <= same[0].ends_on)):
            spell.confirms = same[0]
            decided.confirmed.append(spell)
            continue
        if any(other.ends_on is not None or other.starts_on >= spell.starts_on for other in over):
            decided.clashing.append(spell)
            continue
        for other in over:
            other.ends_on = spell.starts_on - dt.timedelta(days=1)
            ended.append(other)
        spell.approved_at, spell.approved_by = now, by
        others.append(spell)
        decided.approved.append(spell)
    # What ends makes room first, and one that was approved here may have been ended here too.
    HouseholdStatus.objects.bulk_update([s for s in ended if s not in decided.approved], ["ends_on"], batch_size=200)
    HouseholdStatus.objects.bulk_update(decided.approved, ["approved_at", "approved_by", "ends_on"], batch_size=200)
    HouseholdStatus.objects.bulk_update(decided.confirmed, ["confirms"], batch_size=200)
    return decided


def _overlap(one: HouseholdStatus, other: HouseholdStatus) -> bool:
    return (one.ends_on is None or other.starts_on <= one.ends_on) and (
        other.ends_on is None or other.ends_on >= one.starts_on
    )


@transaction.atomic
def refuse_status(*, spell: HouseholdStatus, why: str, by) -> HouseholdStatus:
    """Refuse a waiting spell; it stays as history with the reason. Raises ValidationError where it is decided already."""
    why = reason(why)
    spell = HouseholdStatus.objects.select_for_update().get(pk=spell.pk)
    if spell.approved_at or spell.refused_at or spell.confirms_id:
        raise ValidationError(_("Somebody has decided on this already. Nothing was changed."))
    spell.refused_at, spell.refused_by, spell.refused_why = days.now(), by, why
    spell.save(update_fields=["refused_at", "refused_by", "refused_why"])
    return spell


def check_status(*, spell: HouseholdStatus, by) -> bool:
    """Note that the township has checked a waiting spell; return whether it was the first to."""
    waiting = HouseholdStatus.objects.waiting().filter(pk=spell.pk, checked_at=None)
    return bool(waiting.update(checked_at=days.now(), checked_by=by))


@transaction.atomic
def decide_request(*, request: MembershipRequest, is_granted: bool, why: str, by) -> MembershipRequest:
    """Let the household of `request` join as the one that is known, or refuse it with a reason.

    Raises ValidationError where it is decided already, or the household is a member meanwhile.
    """
    why = "" if is_granted else reason(why)
    request = MembershipRequest.objects.select_for_update().get(pk=request.pk)
    if request.decided_at:
        raise ValidationError(_("Somebody has decided on this already. Nothing was changed."))
    request.decided_at, request.decided_by, request.is_granted, request.why = days.now(), by, is_granted, why
    request.save(update_fields=["decided_at", "decided_by", "is_granted", "why"])
    if is_granted:
        written = actions.Registration.of_text(request.written)
        household = Household.objects.select_for_update(no_key=True).get(pk=request.household_id)
        if not household.id_index:
            household.id_number = written.id_number
            household.save(update_fields=["id_number", "id_index"])
        own = Membership.objects.filter(household=household, cooperative=request.cooperative_id)
        if own.on(request.member_from) or own.filter(starts_on__gt=request.member_from):
            raise ValidationError(_("This household is a member of that cooperative already."))
        actions.join(
            household=household,
            registration=written,
            cooperative=request.cooperative,
            member_from=request.member_from,
        )
    return request


# ── Members ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def membership_of(household: Household, cooperative: Cooperative) -> Membership | None:
    """The newest spell of `household` in `cooperative`, whose words about it hold."""
    return Membership.objects.filter(household=household, cooperative=cooperative).order_by("-starts_on").first()


@transaction.atomic
def change_member(
    *,
    household: Household,
    cooperative: Cooperative,
    by,
    size: int | None = None,
    mobile: str | None = None,
    bank_account: str | None = None,
) -> list[HouseholdChange]:
    """Write down what has changed of a member, each with who and when; return the changes (none where nothing did).

    What a cooperative writes is its own; the household's row follows it while the household has no other cooperative. How
    many people there are is counted, and the last word holds. Raises ValidationError by field.
    """
    said = {"size": size, "mobile": mobile, "bank_account": bank_account}
    return change_members(changes={household.pk: said}, cooperative=cooperative, by=by)


@transaction.atomic
def change_members(
    *, changes: Mapping[int, Mapping[str, Any]], cooperative: Cooperative, by=None
) -> list[HouseholdChange]:
    """`change_member` of many, by the household's id, all or none. Raises ValidationError by field of the first that cannot be."""
    homes = Household.objects.select_for_update(no_key=True).order_by("pk").in_bulk(list(changes))
    spells = Membership.objects.filter(household__in=list(homes))
    newest = {one.household_id: one for one in spells.filter(cooperative=cooperative).order_by("starts_on")}
    shared = set(spells.exclude(cooperative=cooperative).values_list("household", flat=True))
    written: list[HouseholdChange] = []
    touched: dict[int, Membership] = {}
    for pk, said in changes.items():
        household, membership = homes[pk], newest.get(pk)
        values = {name: said.get(name) for name in CHANGEABLE}
        if errors := actions.contact_errors(**values):
            raise ValidationError(errors)
        if membership is None:
            raise ValidationError(_("This household is no member of the cooperative."))
        for name, value in values.items():
            before = getattr(membership, name)
            if name == "size" and before is None:
                before = household.size
            if value is None or value == before:
                continue
            setattr(membership, name, value)
            if name == "size" or pk not in shared:
                setattr(household, name, value)
            written.append(_change(household, cooperative, name, masked(name, before), masked(name, value), by))
            touched[pk] = membership
    Membership.objects.bulk_update(touched.values(), CHANGEABLE, batch_size=200)
    Household.objects.bulk_update([homes[pk] for pk in touched], CHANGEABLE, batch_size=200)
    return HouseholdChange.objects.bulk_create(written, batch_size=1000)


def masked(name: str, value) -> str:
    """`value` of a household as a page or the history may show it."""
    if not value:
        return ""
    if name == "mobile":
        return privacy.mask_mobile(value)
    if name == "bank_account":
        return privacy.mask_tail(value, width=8)
    if name == "id_number":
        return privacy.mask_tail(value, width=18)
    if name == "head":
        return privacy.mask_name(value)
    return str(value)


def _change(household: Household, cooperative: Cooperative, name: str, before: str, after: str, by) -> HouseholdChange:
    return HouseholdChange(
        household=household, cooperative=cooperative, field=name, before=before, after=after, at=days.now(), by=by
    )


@transaction.atomic
def end_membership(*, household: Household, cooperative: Cooperative, on: dt.date, by) -> Membership:
    """End a membership with the day `on`. Raises ValidationError for a day that cannot be, or after which there are slips."""
    household = Household.objects.select_for_update(no_key=True).get(pk=household.pk)
    membership = membership_of(household, cooperative)
    if membership is None or (membership.ends_on and membership.ends_on < days.today()):
        raise ValidationError(_("This membership has ended already."))
    if on > days.today():
        raise ValidationError({"ends_on": _("This day is still to come.")})
    if on < membership.starts_on:
        raise ValidationError({"ends_on": _("It became a member on %(day)s only.") % {"day": membership.starts_on}})
    later = (
        PurchaseLot.objects.standing()
        .filter(household=household, produce__cooperative=cooperative, bought_on__gt=on)
        .order_by("-bought_on")
        .first()
    )
    if later:
        raise ValidationError(
            {"ends_on": _("There is a slip of %(day)s. End it on that day or later.") % {"day": later.bought_on}}
        )
    before = str(membership.ends_on or "")
    membership.ends_on = on
    membership.save(update_fields=["ends_on"])
    _change(household, cooperative, HouseholdChange.Field.MEMBERSHIP, before, str(on), by).save()
    return membership


@transaction.atomic
def split_household(
    *, household: Household, household_no: str, head: str, id_number: str, size: int, on: dt.date, why: str, by
) -> Household:
    """Write a household that was split off (分户) from `household` on a day: from then on it counts as the one it came from.

    It has the village, the memberships and the status of that household on the day. Its people are counted with it, so
    the size of the first stays. Raises ValidationError by field.
    """
    why = reason(why)
    errors = {}
    try:
        id_number = identity.id_number(id_number)
    except ValueError:
        errors["id_number"] = _("This is no ID number. It has 18 signs; check each digit against the card.")
    household = Household.objects.select_for_update(no_key=True).get(pk=household.pk)
    if on > days.today():
        errors["on"] = _("This day is still to come.")
    if not 1 <= size < household.size:
        errors["size"] = _("Fewer people leave a household than it has: 1 to %(most)s.") % {"most": household.size - 1}
    if not actions.HOUSEHOLD_NO.fullmatch(household_no):
        errors["household_no"] = _("The number has letters, digits and - alone, such as WX900001.")
    elif Household.objects.filter(household_no=household_no).exists():
        errors["household_no"] = _("This number is another household's. Check the number and the ID number.")
    if "id_number" not in errors and Household.objects.filter(id_index=privacy.keyed_index(id_number)).exists():
        errors["id_number"] = _("A household is known under this ID number already.")
    if errors:
        raise ValidationError(errors)
    last = HouseholdMerger.objects.filter(household=household).order_by("-merged_on", "-pk").first()
    try:
        with transaction.atomic():
            newcomer = Household.objects.create(
                household_no=household_no, head=head, id_number=id_number, village_id=household.village_id, size=size
            )
    except IntegrityError as error:  # somebody wrote it at the same moment
        raise ValidationError({"household_no": _("This household has just been entered.")}) from error
    HouseholdMerger.objects.create(
        household=newcomer,
        kind=HouseholdMerger.Kind.SPLIT,
        into_id=last.into_id if last else household.pk,
        merged_on=on,
        why=why,
        made_by=by,
    )
    for status in HouseholdStatus.objects.approved().on(on).filter(household=household):
        HouseholdStatus.objects.create(
            household=newcomer, category=status.category, starts_on=on, ends_on=status.ends_on, approved_by=by
        )
    for membership in Membership.objects.on(on).filter(household=household):
        Membership.objects.create(
            household=newcomer, cooperative_id=membership.cooperative_id, starts_on=on, ends_on=membership.ends_on
        )
    return newcomer


# ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def reveal(
    *, household: Household, name: str, why: str, by, cooperative: Cooperative | None = None
) -> list[tuple[Cooperative | None, str]]:
    """What is written of `household` under `name` (a Reveal.Field), in clear, by whom it was written; it is noted who looks.

    To a `cooperative`: its own words alone, and never the ID number. Raises ValidationError without a reason, for a field
    that is not its to see, and where somebody has looked too often.
    """
    shown = (Reveal.Field.MOBILE, Reveal.Field.BANK_ACCOUNT)
    allowed = shown if cooperative else (Reveal.Field.NAME, Reveal.Field.ID_NUMBER, *shown)
    if name not in allowed:
        raise ValidationError({"field": _("Choose what you need to see.")})
    why = reason(why)
    if not limits.take(str(by.pk), *REVEALS):
        raise ValidationError(_("You have looked at many households already. Go on in an hour, or ask the county."))
    # What is shown was noted first.
    Reveal.objects.create(household=household, field=name, why=why, at=days.now(), by=by, cooperative=cooperative)
    if name in (Reveal.Field.NAME, Reveal.Field.ID_NUMBER):
        return [(None, getattr(household, name))]
    written = Membership.objects.filter(household=household).order_by("cooperative", "-starts_on")
    if cooperative:
        written = written.filter(cooperative=cooperative)
    found: dict[int, tuple[Cooperative | None, str]] = {}
    for membership in written.select_related("cooperative"):
        found.setdefault(membership.cooperative_id, (membership.cooperative, getattr(membership, name)))
    values = [pair for pair in found.values() if pair[1]]
    own = getattr(household, name)
    if not cooperative and own and own not in [value for _cooperative, value in values]:
        values.insert(0, (None, own))
    return values
