"""The board as a picture for a WeChat group: what comes next, how much of it, and a QR code that leads to all of it."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from shop.templatetags.almanac import month_day
from suppliers.base import paper, qr

from . import board

ROWS = 8


def png(known: board.Told, wanted: board.Wanted, address: str) -> bytes:
    """The picture, 1080 × 1440. The same board is drawn once."""
    found = board.ranges(known, wanted)
    most = sorted(found, key=lambda one: -one.g)[:ROWS]
    shown = [one for one in found if one in most]
    total = board.tonnes(sum(one.g for one in found)) if found else "0"
    return paper.png(
        _source(),
        shop=settings.OSCAR_SHOP_NAME,
        day=date_format(known.today, "DATE_FORMAT"),
        title=_("Supply from Wuxi"),
        sum=_("%(n)d kinds, %(tonnes)s t in the next twelve months") % {"n": len(found), "tonnes": total},
        rows=[
            (
                one.name.split("(")[0],
                _("%(tonnes)s t") % {"tonnes": one.tonnes},
                Truncator(f"{_span(one)} · {one.places}").chars(34),
                _("%(price)s per jin") % {"price": one.price} if one.price else "",
            )
            for one in shown
        ],
        note=_("Scan for weeks, townships and a quote."),
        qr=qr.qr(address),
    )


def _span(one: board.Range) -> str:
    return f"{month_day(one.first_on)}–{month_day(one.last_on)}"


@cache
def _source() -> str:
    return (Path(__file__).parent / "card.typ").read_text("utf-8")
