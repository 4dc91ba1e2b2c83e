"""Codes of six digits that prove whose a mobile number is: asked for, sent, and good once, in the browser that asked.

Whether a number has an account is not asked here, so nothing here can tell. A code's row holds a keyed digest of number
and code; the browser's session holds the number. Five tries a code, ten minutes, and few codes a number and an address.
"""

import datetime as dt
import secrets
from dataclasses import asdict, dataclass

from django.db.models import F
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from suppliers.base import days
from suppliers.base.privacy import keyed_index

from . import limits, sms
from .models import Code

DIGITS, TRIES, MINUTES = 6, 5, 10
WAIT_S = 60  # before another is sent

PER_NUMBER = (
    limits.Limit("code-number-minute", 1, WAIT_S - 5),  # a little less than the page counts down
    limits.Limit("code-number-hour", 5, limits.HOUR),
    limits.Limit("code-number-day", 10, limits.DAY),
)
# Mobile operators put many phones behind one address.
PER_ADDRESS = (
    limits.Limit("code-address-hour", 30, limits.HOUR),
    limits.Limit("code-address-day", 100, limits.DAY),
)

SIGN_IN, CHANGE, ERASE = "sign-in", "change-mobile", "erase"


class TooMany(Exception):
    """Too many codes were asked for, for this number or from this address."""


class Wrong(Exception):
    """This is not the code."""


class Over(Exception):
    """The code was used, or tried too often, or is too old: another must be asked for."""


@dataclass(frozen=True)
class Asked:
    """What a session knows of the code that was sent for one purpose."""

    token: str
    mobile: str
    sent_at: float
    then: str = ""  # where to go on to
    shown: str = ""  # the code itself, in the demo alone

    @property
    def wait_s(self) -> int:
        """How many seconds until another code can be sent."""
        return max(0, min(WAIT_S, round(self.sent_at + WAIT_S - days.now().timestamp())))


def _key(purpose: str) -> str:
    return f"code-{purpose}"


def asked(request: HttpRequest, purpose: str) -> Asked | None:
    """The code that this browser has asked for, if any."""
    kept = request.session.get(_key(purpose))
    return Asked(**kept) if kept else None


def send(request: HttpRequest, *, mobile: str, purpose: str, then: str = "") -> Asked:
    """Send a code to `mobile`. The one before it, if this browser asked for one, is good no longer.

    The same number asked for twice within a minute is one code (a second press, a second tab). Raises TooMany and
    sms.NotSent.
    """
    before = asked(request, purpose)
    good = Code.objects.filter(pk=before.token, tries__lt=TRIES) if before else Code.objects.none()
    if before and before.mobile == mobile and before.wait_s and good.exists():
        return _keep(request, purpose, before, then=then)
    if not (limits.take(limits.address_of(request), *PER_ADDRESS) and limits.take(mobile, *PER_NUMBER)):
        raise TooMany
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    token = secrets.token_urlsafe(32)
    sms.send(mobile, code)
    Code.objects.create(
        token=token,
        digest=_digest(token, purpose, mobile, code),
        expires_at=days.now() + dt.timedelta(minutes=MINUTES),
    )
    if before:
        Code.objects.filter(pk=before.token).delete()
    sent = Asked(token, mobile, days.now().timestamp(), shown=code if sms.is_demo() else "")
    return _keep(request, purpose, sent, then=then)


def _keep(request: HttpRequest, purpose: str, one: Asked, *, then: str) -> Asked:
    one = Asked(**asdict(one) | {"then": then})
    request.session[_key(purpose)] = asdict(one)
    return one


def check(request: HttpRequest, *, purpose: str, code: str) -> Asked:
    """Return what was asked for, once, if `code` is the one that was sent. Raises Wrong or Over."""
    one = asked(request, purpose)
    if one is None:
        raise Over
    rows = Code.objects.filter(pk=one.token, expires_at__gt=days.now(), tries__lt=TRIES)
    # The try is counted before the code is looked at: a thousand at once are five.
    if not rows.update(tries=F("tries") + 1):
        raise Over
    row = Code.objects.filter(pk=one.token).first()
    if row is None:
        raise Over
    if not constant_time_compare(row.digest, _digest(one.token, purpose, one.mobile, code)):
        if row.tries >= TRIES:
            raise Over
        raise Wrong
    # Of two who bring the right code, one takes it.
    if not Code.objects.filter(pk=one.token).delete()[0]:
        raise Over
    del request.session[_key(purpose)]
    return one


def _digest(token: str, purpose: str, mobile: str, code: str) -> str:
    return keyed_index(f"{token}:{purpose}:{mobile}:{code}")
