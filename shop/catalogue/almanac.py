"""The year of the mountains drawn: as a ring of harvests, and as the strip of a single one.

Pure: no clock, no database. A year has 366 days here, so that a month-day has its place in every year. On the ring the
year begins at the top and runs clockwise; lengths are in the units of its view box (`SIDE` × `SIDE`).
"""

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from . import season

MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
BEFORE_MONTH = (0, *accumulate(MONTH_DAYS))
YEAR_DAYS = 366

SIDE = 520
CENTRE = SIDE / 2
RIM = 204
OUTERMOST, STEP = 188, 17
LETTER = 13


def day_number(month_day: str) -> int:
    """How many days of a leap year are over when the day "MM-DD" begins."""
    month, day = map(int, month_day.split("-"))
    return BEFORE_MONTH[month - 1] + day - 1


def months_of(harvest_from: str, harvest_to: str) -> tuple[int, ...]:
    """The months, 1 to 12, in which a harvest has a day; in the order of the year."""
    first, last = int(harvest_from[:2]), int(harvest_to[:2])
    if harvest_from <= harvest_to:
        return tuple(range(first, last + 1))
    return tuple(month for month in range(1, 13) if month >= first or month <= last)


@dataclass(frozen=True)
class Span:
    """A part of a strip that is `YEAR_DAYS` wide."""

    x: int
    width: int


def strip(harvest_from: str, harvest_to: str) -> tuple[Span, ...]:
    """The harvest on a strip of the year: one span, or two where it runs over the New Year."""
    starts, ends = day_number(harvest_from), day_number(harvest_to) + 1
    if starts < ends:
        return (Span(starts, ends - starts),)
    return (Span(0, ends), Span(starts, YEAR_DAYS - starts))


def place(day: dt.date) -> int:
    """Where `day` lies on a strip of the year."""
    return day_number(f"{day:%m-%d}")


@dataclass(frozen=True)
class Harvest:
    """What a ring shows of a harvest."""

    name: str
    kind: str
    harvest_from: str
    harvest_to: str


@dataclass(frozen=True)
class Arc:
    """A harvest on the ring: its line, the line its name is written along (empty where there is no room), its months."""

    harvest: Harvest
    line: str
    name_line: str
    months: tuple[int, ...]


@dataclass(frozen=True)
class Ring:
    """The year as a ring on a day: its harvests, the terms' marks on the rim, the wedge of the current term, today's hand."""

    arcs: tuple[Arc, ...]
    marks: str
    term: str
    hand: str


def ring(harvests: Iterable[Harvest], day: dt.date) -> Ring:
    """Draw `harvests` on as few tracks as they need, the earliest outside. What is there all year is left out."""
    tracks: list[set[int]] = []
    arcs = []
    some = (one for one in harvests if not season.is_all_year(one.harvest_from, one.harvest_to))
    for harvest in sorted(some, key=lambda one: (one.harvest_from, one.harvest_to, one.name)):
        spans = strip(harvest.harvest_from, harvest.harvest_to)
        # A week lies between two harvests on one track, or their round ends would touch.
        days = {x % YEAR_DAYS for span in spans for x in range(span.x - 7, span.x + span.width + 7)}
        track = next((i for i, taken in enumerate(tracks) if not taken & days), len(tracks))
        if track == len(tracks):
            tracks.append(set())
        tracks[track] |= days
        arcs.append(_arc(harvest, OUTERMOST - track * STEP))
    term = season.term_of(day)
    wedge = _line(RIM, place(term.starts_on), place(term.ends_on) + 1)
    innermost = OUTERMOST - max(len(tracks) - 1, 0) * STEP
    return Ring(
        arcs=tuple(arcs),
        marks="".join(
            f"M{_point(RIM, place(starts_on))}L{_point(RIM + 7, place(starts_on))}" for starts_on in _terms(day)
        ),
        term=f"M{CENTRE:g} {CENTRE:g}L{wedge[1:]}Z",
        hand=f"M{_point(innermost - STEP / 2, place(day))}L{_point(RIM + 10, place(day))}",
    )


def _terms(day: dt.date) -> Iterable[dt.date]:
    """The first days of the 24 terms from the one of `day` on."""
    for _n in range(24):
        term = season.term_of(day)
        yield term.starts_on
        day = term.ends_on + dt.timedelta(days=1)


def _arc(harvest: Harvest, radius: float) -> Arc:
    starts, ends = day_number(harvest.harvest_from), day_number(harvest.harvest_to) + 1
    days = (ends - starts) % YEAR_DAYS
    # The middle of the letters lies on the line, a little inside or outside of the arc's own.
    is_below = 0.25 < ((starts + days / 2) / YEAR_DAYS) % 1 < 0.75
    has_room = days / YEAR_DAYS * math.tau * radius > (len(harvest.name) + 0.5) * LETTER
    name_line = ""
    if has_room:
        name_line = _line(radius + (4.5 if is_below else -4.5), starts, ends, is_back=is_below)
    return Arc(
        harvest=harvest,
        line=_line(radius, starts, ends),
        name_line=name_line,
        months=months_of(harvest.harvest_from, harvest.harvest_to),
    )


def _line(radius: float, starts: int, ends: int, *, is_back: bool = False) -> str:
    """The arc from one day clockwise to another; with `is_back` the same, drawn from its end."""
    is_large = (ends - starts) % YEAR_DAYS > YEAR_DAYS / 2
    here, there = (ends, starts) if is_back else (starts, ends)
    return f"M{_point(radius, here)}A{radius:g} {radius:g} 0 {is_large:d} {not is_back:d} {_point(radius, there)}"


def _point(radius: float, days: float) -> str:
    angle = days / YEAR_DAYS * math.tau
    return f"{CENTRE + radius * math.sin(angle):.1f} {CENTRE - radius * math.cos(angle):.1f}"
