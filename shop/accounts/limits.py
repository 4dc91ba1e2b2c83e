"""Where a request comes from. How often something may be tried is counted by suppliers.base.limits."""

import ipaddress

from allauth.account.adapter import get_adapter
from django.http import HttpRequest

from suppliers.base.limits import DAY, HOUR, MINUTE, Limit, forget, give_back, stand_alone, take

<<<<<<< HEAD
__all__ = ["DAY", "HOUR", "MINUTE", "Limit", "address_of", "forget", "give_back", "stand_alone", "take"]
||||||| 57fb070
from .models import Tally


@dataclass(frozen=True)
class Limit:
    """So many `times` within so many `seconds`, counted from the first."""

    name: str
    times: int
    seconds: int


MINUTE, HOUR, DAY = 60, 3600, 86_400


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
    if not Tally.objects.filter(key=key, ends_at__lte=now).update(tries=0, ends_at=ends_at):
        Tally.objects.bulk_create([Tally(key=key, ends_at=ends_at)], ignore_conflicts=True)
    return _count(key, limit)


def _count(key: str, limit: Limit) -> bool:
    running = Tally.objects.filter(key=key, ends_at__gt=days.now(), tries__lt=limit.times)
    return bool(running.update(tries=F("tries") + 1))


def give_back(subject: str, *limits: Limit) -> None:
    """Take back one try that was no guess."""
    keys = [keyed_index(f"{limit.name}:{subject}") for limit in limits]
    Tally.objects.filter(pk__in=keys, tries__gt=0).update(tries=F("tries") - 1)


def forget(subject: str, *limits: Limit) -> None:
    """Begin anew: whoever tried has shown that he may."""
    Tally.objects.filter(pk__in=[keyed_index(f"{limit.name}:{subject}") for limit in limits]).delete()


def stand_alone(subject: str, term: dt.timedelta) -> None:
    """Wait until nobody else is at `subject`, and keep others waiting until the transaction ends.

    For what is counted first and written then. `term` is how long the row is kept.
    """
    key, ends_at = keyed_index(f"alone:{subject}"), days.now() + term
    # An UPDATE locks the row, and on SQLite the database.
    if not Tally.objects.filter(key=key).update(ends_at=ends_at):
        Tally.objects.bulk_create([Tally(key=key, ends_at=ends_at)], ignore_conflicts=True)
        Tally.objects.filter(key=key).update(ends_at=ends_at)
=======
from .models import Tally


@dataclass(frozen=True)
class Limit:
    """So many `times` within so many `seconds`, counted from the first."""

    name: str
    times: int
    seconds: int


MINUTE, HOUR, DAY = 60, 3600, 86_400


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
    if not Tally.objects.filter(key=key, ends_at__lte=now).update(tries=0, ends_at=ends_at):
        Tally.objects.bulk_create([Tally(key=key, ends_at=ends_at)], ignore_conflicts=True)
    return _count(key, limit)


def _count(key: str, limit: Limit) -> bool:
    running = Tally.objects.filter(key=key, ends_at__gt=days.now(), tries__lt=limit.times)
    return bool(running.update(tries=F("tries") + 1))


def give_back(subject: str, *limits: Limit) -> None:
    """Take back one try that was no guess."""
    keys = [keyed_index(f"{limit.name}:{subject}") for limit in limits]
    Tally.objects.filter(pk__in=keys, tries__gt=0).update(tries=F("tries") - 1)


def forget(subject: str, *limits: Limit) -> None:
    """Begin anew: whoever tried has shown that he may."""
    Tally.objects.filter(pk__in=[keyed_index(f"{limit.name}:{subject}") for limit in limits]).delete()


def stand_alone(*subjects: str, term: dt.timedelta) -> None:
    """Wait until nobody else is at these `subjects`, and keep others waiting until the transaction ends.

    For what is counted first and written then. `term` is how long the rows are kept. Whoever names several names them in
    one order everywhere.
    """
    ends_at = days.now() + term
    rows = [Tally(key=keyed_index(f"alone:{subject}"), ends_at=ends_at) for subject in subjects]
    # Whether a row is new or known, this locks it (on SQLite the database).
    Tally.objects.bulk_create(rows, update_conflicts=True, unique_fields=["key"], update_fields=["ends_at"])
>>>>>>> polish3


def address_of(request: HttpRequest) -> str:
    """Where `request` comes from: an IPv4 address, or the network that a household or a phone has of IPv6."""
    address = get_adapter().get_client_ip(request)
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))
