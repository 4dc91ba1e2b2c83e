"""The card of an order that was sent: what all who bought of the same goods in that month did together, as a picture.

It speaks of the pool (`origin.Pool`), never of the order: nobody's name, no number, no sum of the buyer's.
"""

import datetime as dt
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db.models import F
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from suppliers.base import days, paper
from suppliers.base.qr import qr
from suppliers.models import Produce

from ..models import Sale
from . import origin


@dataclass(frozen=True)
class Card:
    """What is on the card; `others` is 0 where they are too few to be counted."""

    produce: Produce
    month: dt.date
    pool: origin.Pool

    @property
    def others(self) -> int:
        others = self.pool.buyers - 1
        return others if others >= origin.FEW else 0

    @property
    def together(self) -> str:
        goods = {"produce": self.produce.name, "month": self.month.month, "others": self.others}
        if self.others:
            return _("You and %(others)s other buyers had %(produce)s sent in month %(month)s.") % goods
        return _("You and others had %(produce)s sent in month %(month)s.") % goods

    @property
    def earned(self) -> str:
        """What growers get, cut to the yuan."""
        return f"{self.pool.paid_fen // 100:,}"

    @property
    def villages(self) -> str:
        return ngettext("%(n)s village", "%(n)s villages", self.pool.villages) % {"n": self.pool.villages}

    @property
    def households(self) -> str:
        return _("%(n)s households") % {"n": f"{self.pool.households:,}"}

    @property
    def growers(self) -> str:
        """How the sum is called: what they got, or get where some slips are still to be paid."""
        return _("Growers got") if self.pool.is_paid else _("Growers get (part of it is still to be paid)")

    @property
    def text(self) -> str:
        """All that the picture says, as a sentence."""
        return _("%(together)s It helped %(villages)s and %(households)s. %(growers)s %(yuan)s yuan.") % {
            "together": self.together,
            "villages": self.villages,
            "households": self.households,
            "growers": self.growers,
            "yuan": self.earned,
        }

    def png(self, address: str) -> bytes:
        """The picture, 1080 × 1440; its QR code leads to `address`. The same figures are drawn once."""
        village = self.produce.cooperative.village
        earned = _("%(yuan)s yuan") % {"yuan": self.earned}
        return paper.png(
            _source(),
            shop=settings.OSCAR_SHOP_NAME,
            place=f"{village.township.name} · {village.name}",
            produce=self.produce.name.split("(")[0],
            year=str(self.month.year),
            month=date_format(self.month, "F"),
            drawing=origin.drawing_of(self.produce.code),
            together=self.together,
            figures=[
                (_("It helped"), self.villages, 60),
                (_("registered"), self.households, 60),
                (_("Growers got") if self.pool.is_paid else _("Growers get"), earned, 60 if len(earned) < 9 else 44),
            ],
            note=_("Every figure is counted from purchase slips. Scan to see how."),
            qr=qr(address),
        )


@cache
def _source() -> str:
    return (Path(__file__).parent / "card.typ").read_text("utf-8")


def of_sale(sale: Sale) -> Card | None:
    """The card of a sale: of its goods, those that most households grew. None before dispatch, and of too few."""
    lines = sale.lines.filter(dispatched_at__isnull=False, refunded_g__lt=F("net_g"))
    sent = {
        (line.produce_id, days.day_of(line.dispatched_at).replace(day=1)): line.produce
        for line in lines.select_related("produce__cooperative__village__township").order_by("pk")
    }
    found = origin.pools(sent)
    told = [Card(produce, key[1], found[key]) for key, produce in sent.items() if not found[key].is_few]
    return max(told, key=lambda card: card.pool.households, default=None)
