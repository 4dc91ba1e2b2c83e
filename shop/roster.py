"""What the county decides about households, with what follows from it for the subsidy; and what would follow, to be seen first."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import transaction

import logistics.actions
import logistics.tasks
from suppliers import actions, roster
from suppliers.base import days
from suppliers.base.bell import ring
from suppliers.models import Credit, Household, HouseholdStatus


@transaction.atomic
def approve_statuses(*, spells: Iterable[int], by) -> roster.Decided:
    """Approve waiting spells; what the households' goods earned is worked out again where it is not settled."""
    decided = roster.approve_statuses(spells=spells, by=by)
    if logistics.actions.reassess(households=decided.households):
        ring(logistics.tasks.assess_dispatched_shipments)
    return decided


@dataclass(frozen=True)
class Count:
    """Households helped from a day to a day: `before` a change and `after` it."""

    starts: dt.date
    ends: dt.date
    before: int
    after: int


class _TakenBack(Exception):
    pass


def what_if(change: Callable[[], object]) -> tuple[object, list[Count]]:
    """What `change` would return, and how it would change the households helped this half-year and this year.

    The change itself is made, counted and taken back, so a preview never says anything else than what happens. What it
    raises goes to the caller.
    """
    today = days.today()
    windows = [days.half_year(today), (dt.date(today.year, 1, 1), dt.date(today.year, 12, 31))]
    before = [_helped(*window) for window in windows]
    found: list = []
    try:
        with transaction.atomic():
            found.append(change())
            after = [_helped(*window) for window in windows]
            raise _TakenBack
    except _TakenBack:
        pass
    return found[0], [Count(*w, b, a) for w, b, a in zip(windows, before, after, strict=True)]


def _helped(starts: dt.date, ends: dt.date) -> int:
    return Credit.objects.between(starts, ends).eligible().households_helped(as_of=ends)


def merge(*, household: Household, into: Household, on: dt.date, why: str, by) -> None:
    """From a day, `household` counts as `into` (并户)."""
    actions.merge_households(household=household, into=into, on=on, by=by, why=roster.reason(why))


def waiting(*, township: str | None = None):
    """Spells that wait for the county, the oldest word first; of one township where its code is given."""
    spells = HouseholdStatus.objects.waiting()
    if township is not None:
        spells = spells.filter(household__village__township=township)
    return spells.select_related("household__village__township", "proposed_by", "checked_by").order_by(
        "proposed_at", "pk"
    )
