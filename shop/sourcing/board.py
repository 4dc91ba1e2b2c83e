"""The supply board (供货信息) as its page, its picture, its text and its feeds show it: the same public cells for all.

What may be told is decided in suppliers/harvests.py; a filter only leaves out cells, so no filter tells more than the whole.
"""

import datetime as dt
from calendar import monthrange
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from django.core.cache import cache
from django.http import QueryDict
from django.utils.translation import gettext as _

from shop.catalogue import version
from shop.templatetags import almanac
from suppliers import board, prices
from suppliers.base import days
from suppliers.base.money import half_up, yuan_text
from suppliers.harvests import DAY, Cell, monday
from suppliers.models import Township

MONTHS = 13  # this one, and twelve more: 52 weeks lie within
SPANS = (4, 8, 13, 26, 52)
USUAL_SPAN = 4
# Of a strip of months; a month is 40 wide whatever its days.
MONTH_WIDTH, HEIGHT = 40, 44


@dataclass(frozen=True)
class Told:
    """All that is public on a day: cells, and the names of their kinds and townships."""

    today: dt.date
    cells: tuple[Cell, ...]
    kinds: Mapping[str, str]
    townships: Mapping[str, str]

    def kind(self, code: str) -> str:
        return self.kinds.get(code, code)

    def place(self, code: str) -> str:
        """A township's name; several together are the county."""
        return self.townships.get(code) or _("Several townships together")


def told() -> Told:
    """What is public now; worked out once for each state of the declarations."""
    today, at = days.today(), version.read()
    key = f"supply-{at.figures}-{at.goods}-{today}"
    found = cache.get(key)
    if found is None:
        cells = tuple(board.cells(today))
        found = Told(today, cells, board.kinds(), dict(Township.objects.values_list("code", "name")))
        cache.set(key, found)
    return found


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to see; what a query does not say, or says wrongly, is not asked."""

    kind: str = ""
    township: str = ""
    grade: str = ""
    starts_on: dt.date | None = None
    weeks: int = USUAL_SPAN

    @classmethod
    def read(cls, query: QueryDict, known: Told) -> "Wanted":
        kind, township, grade = (query.get(name, "") for name in ("kind", "township", "grade"))
        kind = kind if any(cell.kind == kind for cell in known.cells) else ""
        weeks = query.get("weeks", "")
        return cls(
            kind=kind,
            township=township if any(cell.township == township for cell in known.cells) else "",
            grade=grade if any(cell.grade == grade for cell in known.cells) else "",
            starts_on=_day(query.get("from", ""), known.today),
            weeks=int(weeks) if weeks in map(str, SPANS) else 52 if kind else USUAL_SPAN,
        )

    def has(self, cell: Cell) -> bool:
        """Whether `cell` is of what is asked, in whatever week."""
        return all(
            not asked or asked == said
            for asked, said in ((self.kind, cell.kind), (self.township, cell.township), (self.grade, cell.grade))
        )

    def has_week(self, week_on: dt.date, today: dt.date) -> bool:
        first = monday(self.starts_on or today)
        return first <= week_on < first + self.weeks * 7 * DAY


def _day(text: str, today: dt.date) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if abs((day - today).days) < 400 else None


def per_jin(fen_per_kg: int) -> str:
    """10.00 of 2000 fen per kg: yuan per jin, half up."""
    return yuan_text(half_up(fen_per_kg, 2))


def tonnes(g: int) -> str:
    """150 or 18.7 or 0.35: tonnes as people say them, half up."""
    digits = 0 if g >= 100_000_000 else 1 if g >= 1_000_000 else 2
    parts = half_up(g, 10 ** (6 - digits))
    whole, rest = divmod(parts, 10**digits)
    text = f"{whole:,}" + (f".{rest:0{digits}d}".rstrip("0").rstrip(".") if digits else "")
    return text if parts or not g else "<0.01"


def price_range(low: int | None, high: int | None) -> str:
    """¥10.00 or ¥8.00–10.00 (per jin); nothing where none is said."""
    if low is None or high is None:
        return ""
    return f"¥{per_jin(low)}" + (f"–{per_jin(high)}" if high != low else "")


@dataclass(frozen=True)
class Range:
    """A kind of produce over the months: the hills of its weeks, what it comes to, its price beside the market's."""

    kind: str
    name: str
    g: int
    first_on: dt.date
    last_on: dt.date
    places: str
    low_fen_per_kg: int | None
    high_fen_per_kg: int | None
    path: str
    band: prices.Band | None

    @property
    def tonnes(self) -> str:
        return tonnes(self.g)

    @property
    def price(self) -> str:
        return price_range(self.low_fen_per_kg, self.high_fen_per_kg)

    @property
    def band_price(self) -> str:
        return price_range(self.band.low_fen_per_kg, self.band.high_fen_per_kg) if self.band else ""

    @cached_property
    def scale(self) -> dict[str, int] | None:
        """Where band and price lie on a line of a thousand that begins at nothing; None without both."""
        if not self.band or self.low_fen_per_kg is None or self.high_fen_per_kg is None:
            return None
        whole = max(self.band.high_fen_per_kg, self.high_fen_per_kg) * 115 // 100

        def at(fen: int) -> int:
            return fen * 1000 // whole

        low, high = at(self.low_fen_per_kg), at(self.high_fen_per_kg)
        band_low, band_high = at(self.band.low_fen_per_kg), at(self.band.high_fen_per_kg)
        return {
            "band": band_low,
            "band_width": max(band_high - band_low, 8),
            "usual": at(self.band.usual_fen_per_kg),
            "price": max(low - 6, 0),
            "price_width": max(high - low, 0) + 12,
        }


def months(today: dt.date) -> list[dt.date]:
    """The first days of the months on the strip."""
    first = today.replace(day=1)
    found = [first]
    while len(found) < MONTHS:
        found.append(days.month_end(found[-1]) + DAY)
    return found


def place_of(day: dt.date, today: dt.date) -> float:
    """Where `day` lies on the strip of months."""
    month = (day.year - today.year) * 12 + day.month - today.month
    return (month + (day.day - 1) / monthrange(day.year, day.month)[1]) * MONTH_WIDTH


def ranges(known: Told, wanted: Wanted) -> list[Range]:
    """A range of hills for each kind, what comes first first."""
    by_kind: dict[str, list[Cell]] = defaultdict(list)
    for cell in known.cells:
        if wanted.has(cell):
            by_kind[cell.kind].append(cell)
    weeks = {kind: _by_week(cells) for kind, cells in by_kind.items()}
    highest = max((max(of_it.values()) for of_it in weeks.values()), default=1)
    bands = prices.reference_bands(by_kind, known.today) if by_kind else {}
    found = []
    for kind, cells in by_kind.items():
        lows = [cell.low_fen_per_kg for cell in cells if cell.low_fen_per_kg]
        highs = [cell.high_fen_per_kg for cell in cells if cell.high_fen_per_kg]
        townships = dict.fromkeys(cell.township for cell in cells)
        found.append(
            Range(
                kind=kind,
                name=known.kind(kind),
                g=sum(cell.g for cell in cells),
                first_on=cells[0].week_on,
                last_on=cells[-1].week_on + 6 * DAY,
                places="、".join(known.place(code) for code in townships),
                low_fen_per_kg=min(lows, default=None),
                high_fen_per_kg=max(highs, default=None),
                path=_hills(weeks[kind], known.today, highest),
                band=bands.get(kind),
            )
        )
    return sorted(found, key=lambda one: (one.first_on, -one.g))


def _by_week(cells: Sequence[Cell]) -> dict[dt.date, int]:
    weeks: dict[dt.date, int] = defaultdict(int)
    for cell in cells:
        weeks[cell.week_on] += cell.g
    return weeks


def _hills(weeks: Mapping[dt.date, int], today: dt.date, highest: int) -> str:
    """The weeks as a line of hills over the strip; a small harvest is a small hill, but one that can be seen."""
    tall = HEIGHT * 0.92 * (max(weeks.values()) / highest) ** (1 / 3)
    most = max(weeks.values())
    points = []
    day = min(weeks) - 7 * DAY
    while day <= max(weeks) + 7 * DAY:
        points.append((place_of(day + 3 * DAY, today), HEIGHT - tall * weeks.get(day, 0) / most))
        day += 7 * DAY
    line = f"M{points[0][0]:.1f} {HEIGHT}"
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (x0 + x1) / 2
        line += f"C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
    return f"{line}V{HEIGHT}Z"


@dataclass(frozen=True)
class Week:
    """A week of the list, and what there is in it."""

    starts_on: dt.date
    ends_on: dt.date
    rows: list[dict]


def weeks(known: Told, wanted: Wanted) -> list[Week]:
    """The weeks that are asked for and in which there is something."""
    found: dict[dt.date, list[dict]] = defaultdict(list)
    for cell in known.cells:
        if wanted.has(cell) and wanted.has_week(cell.week_on, known.today):
            found[cell.week_on].append(
                {
                    "kind": cell.kind,
                    "name": known.kind(cell.kind),
                    "place": known.place(cell.township),
                    "grade": cell.grade,
                    "tonnes": tonnes(cell.g),
                    "price": price_range(cell.low_fen_per_kg, cell.high_fen_per_kg),
                }
            )
    return [Week(week, week + 6 * DAY, rows) for week, rows in found.items()]


def text(known: Told, shown: Sequence[Range], sought: Sequence, address: str) -> str:
    """What is `shown` as a message to a group: a line for each kind."""
    lines = [_("Supply from Wuxi, %(day)s") % {"day": _short(known.today)}]
    for one in shown:
        line = _("%(name)s: %(tonnes)s t, %(first)s to %(last)s, %(places)s") % {
            "name": one.name,
            "tonnes": one.tonnes,
            "first": _short(one.first_on),
            "last": _short(one.last_on),
            "places": one.places,
        }
        lines.append(line + (", " + _("%(price)s per jin") % {"price": one.price} if one.price else ""))
    if len(lines) == 1:
        lines.append(_("Nothing is declared at the moment."))
    lines += [
        _("Wanted: %(name)s %(tonnes)s t, until %(day)s")
        % {"name": known.kind(one.kind), "tonnes": tonnes(one.g), "day": _short(one.until)}
        for one in sought
    ]
    return "\n".join([*lines, address])


def _short(day: dt.date) -> str:
    return almanac.month_day(day)
