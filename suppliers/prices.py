"""The weekly price sheet of wholesale markets, and the band that a price is held against."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from . import harvests
from .base import days
from .base.money import half_up
from .models import Market, MarketPrice

# An older price says nothing of today.
GOOD_FOR_DAYS = 28
MOST_FEN_PER_JIN = 10_000_00


@dataclass(frozen=True)
class Band:
    """What a kind of produce costs wholesale, in fen per kg: lowest, usual (the mean of the markets) and highest."""

    low_fen_per_kg: int
    usual_fen_per_kg: int
    high_fen_per_kg: int
    week_on: dt.date
    markets: tuple[str, ...]


def reference_band(produce_code: str, day: dt.date) -> Band | None:
    """The band of a kind of produce on `day`: of the last week up to it that has prices, at most four weeks old."""
    return reference_bands([produce_code], day).get(produce_code)


def reference_bands(produce_codes: Iterable[str], day: dt.date) -> dict[str, Band]:
    """The bands of several kinds on `day`, in one query; a kind without prices has none."""
    rows = MarketPrice.objects.filter(
        kind__in=list(produce_codes),
        superseded_at=None,
        week_on__lte=day,
        week_on__gt=day - dt.timedelta(days=GOOD_FOR_DAYS),
    ).select_related("market")
    by_kind: dict[str, list[MarketPrice]] = {}
    for row in rows.order_by("kind", "-week_on", "market"):
        found = by_kind.setdefault(row.kind, [])
        if not found or found[0].week_on == row.week_on:
            found.append(row)
    return {kind: _band(found) for kind, found in by_kind.items()}


def _band(rows: list[MarketPrice]) -> Band:
    return Band(
        low_fen_per_kg=2 * min(row.low_fen_per_jin for row in rows),
        usual_fen_per_kg=half_up(2 * sum(row.usual_fen_per_jin for row in rows), len(rows)),
        high_fen_per_kg=2 * max(row.high_fen_per_jin for row in rows),
        week_on=rows[0].week_on,
        markets=tuple(row.market.name for row in rows),
    )


Prices = tuple[int, int, int]  # low, usual, high, in fen per jin


@transaction.atomic
def save_price_sheet(*, market: Market, week_on: dt.date, prices: Mapping[str, Prices], by=None) -> int:
    """Write the prices of a week, by kind of produce; what is the same stays, what differs is corrected. Return how many are new.

    Raises ValidationError by kind where low, usual and high do not follow each other, and for a week still to come.
    """
    week_on = harvests.monday(week_on)
    if week_on > days.today():
        raise ValidationError({"week_on": _("This week is still to come.")})
    errors = {
        kind: _("Low, usual, high: none above the next, all above zero and at most 10,000 yuan.")
        for kind, (low, usual, high) in prices.items()
        if not 0 < low <= usual <= high <= MOST_FEN_PER_JIN
    }
    if errors:
        raise ValidationError(errors)
    # The market is the lock of its sheet.
    market = Market.objects.select_for_update().get(pk=market.pk)
    standing = {row.kind: row for row in MarketPrice.objects.filter(market=market, week_on=week_on, superseded_at=None)}
    now, new, corrected = days.now(), [], []
    for kind, (low, usual, high) in prices.items():
        before = standing.get(kind)
        if before and (before.low_fen_per_jin, before.usual_fen_per_jin, before.high_fen_per_jin) == (low, usual, high):
            continue
        if before:
            corrected.append(before.pk)
        new.append(
            MarketPrice(
                market=market,
                kind=kind,
                week_on=week_on,
                low_fen_per_jin=low,
                usual_fen_per_jin=usual,
                high_fen_per_jin=high,
                entered_at=now,
                entered_by=by,
            )
        )
    MarketPrice.objects.filter(pk__in=corrected).update(superseded_at=now)
    MarketPrice.objects.bulk_create(new)
    return len(new)
