"""How often something may be tried. Counted in the database, so for all processes together and with nothing lost.

What is counted is kept under a keyed index: the table tells neither numbers nor addresses.
"""

import datetime as dt
from dataclasses import dataclass

from django.apps import apps
from django.db.models import F

from . import days
from .privacy import keyed_index


@dataclass(frozen=True)
class Limit:
    """So many `times` within so many `seconds`, counted from the first."""

    name: str
    times: int
    seconds: int


MINUTE, HOUR, DAY = 60, 3600, 86_400


def _tallies():
    # Asked by name: the table is among the accounts, above this package, as the user model is.
    return apps.get_model("accounts", "Tally").objects


def take(subject: str, *limits: Limit) -> bool:
    """Count a try of `subject` under each of `limits`, up to one that refuses it. Return whether all of them allow it."""
    return all(_take(subject, limit) for limit in limits)


def _take(subject: str, limit: Limit) -> bool:
    key = keyed_index(f"{limit.name}:{subject}")
    if _count(key, limit):
        return True
    # None yet, or one that is over: of several who find it so, the first begins anew and all are counted.
    now = days.now()
    ends_at = now + dt.timedelta(seconds=limit.seconds)
    if not _tallies().filter(key=key, ends_at__lte=now).update(tries=0, ends_at=ends_at):
        _tallies().bulk_create([_tallies().model(key=key, ends_at=ends_at)], ignore_conflicts=True)
    return _count(key, limit)


def _count(key: str, limit: Limit) -> bool:
    running = _tallies().filter(key=key, ends_at__gt=days.now(), tries__lt=limit.times)
    return bool(running.update(tries=F("tries") + 1))


def give_back(subject: str, *limits: Limit) -> None:
    """Take back one try that was no guess."""
    keys = [keyed_index(f"{limit.name}:{subject}") for limit in limits]
    _tallies().filter(pk__in=keys, tries__gt=0).update(tries=F("tries") - 1)


def forget(subject: str, *limits: Limit) -> None:
    """Begin anew: whoever tried has shown that he may."""
    _tallies().filter(pk__in=[keyed_index(f"{limit.name}:{subject}") for limit in limits]).delete()


def stand_alone(*subjects: str, term: dt.timedelta) -> None:
    """Wait until nobody else is at these `subjects`, and keep others waiting until the transaction ends.

    For what is counted first and written then. `term` is how long the rows are kept. Whoever names several names them in
    one order everywhere.
    """
    ends_at = days.now() + term
    rows = [_tallies().model(key=keyed_index(f"alone:{subject}"), ends_at=ends_at) for subject in subjects]
    # Whether a row is new or known, this locks it (on SQLite the database).
    _tallies().bulk_create(rows, update_conflicts=True, unique_fields=["key"], update_fields=["ends_at"])
