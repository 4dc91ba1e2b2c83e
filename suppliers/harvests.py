"""What declared harvests come to: spread over weeks, told without naming anybody, and held against area and trees.

Pure: integer grams and fen, days in Shanghai. Each day of a harvest is taken to bring the same; a part of it is the
difference of what has come by its last day and by the day before its first, so parts sum to the whole exactly.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

G_PER_JIN = 500
# Cells that rest on fewer households than this are not told apart in public.
FEW = 3
# So many times above the highest yield a number is a slip of the finger.
ABSURD_TIMES = 4
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Declared:
    """A standing declaration. `source` is the produce it is of (0 for none), `household` whose (0 for nobody's); `households`
    how many it speaks for. With none of the two it is the cooperative's own word."""

    kind: str
    township: str
    grade: str
    g: int
    starts_on: dt.date
    ends_on: dt.date
    fen_per_kg: int | None = None
    source: int = 0
    household: int = 0
    households: int = 0

    @property
    def is_own(self) -> bool:
        return not (self.household or self.households)

    def g_between(self, starts: dt.date, ends: dt.date) -> int:
        """The grams that come from `starts` to `ends`, both included."""
        first, last = max(starts, self.starts_on), min(ends, self.ends_on)
        if first > last:
            return 0
        whole = (self.ends_on - self.starts_on).days + 1
        before, by = (first - self.starts_on).days, (last - self.starts_on).days + 1
        return self.g * by // whole - self.g * before // whole


def counted(declared: Iterable[Declared]) -> list[Declared]:
    """`declared` without what is said twice: a cooperative's own word on a produce covers its households' for those days.

    Of a household's harvest that is covered in part the days outside remain, with their grams.
    """
    declared = list(declared)
    own = defaultdict(list)
    for one in declared:
        if one.is_own:
            own[one.source].append((one.starts_on, one.ends_on))
    kept = []
    for one in declared:
        if one.is_own or not one.source:
            kept.append(one)
        else:
            kept += [_cut(one, first, last) for first, last in _outside(one, own[one.source])]
    return [one for one in kept if one.g]


def _outside(one: Declared, covers: Sequence[tuple[dt.date, dt.date]]) -> list[tuple[dt.date, dt.date]]:
    """The spells of `one` that none of `covers` has a day of."""
    left, first = [], one.starts_on
    for starts, ends in sorted(covers):
        if starts > one.ends_on:
            break
        if first < starts:
            left.append((first, starts - DAY))
        first = max(first, ends + DAY)
    if first <= one.ends_on:
        left.append((first, one.ends_on))
    return left


def _cut(one: Declared, first: dt.date, last: dt.date) -> Declared:
    return Declared(
        one.kind, one.township, one.grade, one.g_between(first, last), first, last,
        one.fen_per_kg, one.source, one.household, one.households,
    )  # fmt: skip


def expected_g(declared: Iterable[Declared], starts: dt.date, ends: dt.date) -> int:
    """The grams of `declared` that come from `starts` to `ends`, none counted twice."""
    return sum(one.g_between(starts, ends) for one in counted(declared))


def monday(day: dt.date) -> dt.date:
    """The first day of the week of `day`."""
    return day - dt.timedelta(days=day.weekday())


@dataclass(frozen=True)
class Cell:
    """What everybody may know of a kind of produce in a week: from a township, or with none from several together.

    Prices in fen per kg, None where none is said. `grade` is empty where several stand together.
    """

    kind: str
    week_on: dt.date
    township: str
    grade: str
    g: int
    low_fen_per_kg: int | None
    high_fen_per_kg: int | None


Key = tuple[dt.date, str, str, str]  # week, kind, township, grade


def cells(declared: Iterable[Declared], first_week: dt.date, weeks: int) -> list[Cell]:
    """The public cells of `declared` over so many weeks, by week, kind, township and grade.

    What rests on fewer than FEW households and no cooperative's own word is told for the county alone (township and
    grade empty); where that rests on as few, not at all.
    """
    parts: dict[Key, list[tuple[Declared, int]]] = defaultdict(list)
    for one in counted(declared):
        week = max(monday(one.starts_on), first_week)
        for _n in range(weeks):
            if week > one.ends_on or (week - first_week).days >= 7 * weeks:
                break
            if g := one.g_between(week, week + 6 * DAY):
                parts[week, one.kind, one.township, one.grade].append((one, g))
            week += 7 * DAY
    told: list[Cell] = []
    together: dict[Key, list[tuple[Declared, int]]] = defaultdict(list)
    for key, rows in parts.items():
        if _may_be_told(rows):
            told.append(_cell(key, rows))
        else:
            together[key[0], key[1], "", ""] += rows
    told += [_cell(key, rows) for key, rows in together.items() if _may_be_told(rows)]
    return sorted(told, key=lambda cell: (cell.week_on, cell.kind, cell.township == "", cell.township, cell.grade))


def _may_be_told(rows: Sequence[tuple[Declared, int]]) -> bool:
    named = {one.household for one, _g in rows if one.household}
    return any(one.is_own for one, _g in rows) or len(named) + sum(one.households for one, _g in rows) >= FEW


def _cell(key: Key, rows: Sequence[tuple[Declared, int]]) -> Cell:
    week, kind, township, grade = key
    prices = [one.fen_per_kg for one, _g in rows if one.fen_per_kg]
    return Cell(
        kind=kind,
        week_on=week,
        township=township,
        grade=grade,
        g=sum(g for _one, g in rows),
        low_fen_per_kg=min(prices, default=None),
        high_fen_per_kg=max(prices, default=None),
    )


class Verdict(Enum):
    """What to make of a weight beside an area and a number of trees."""

    FITS = "fits"
    UNUSUAL = "unusual"  # outside of what is usual: it needs a reason
    ABSURD = "absurd"  # nobody harvests that: a slip of the finger


@dataclass(frozen=True)
class Yields:
    """What is usual of a kind, in jin: from–to per mu, and per tree; None where nobody counts by it."""

    per_mu_jin: tuple[int, int] | None = None
    per_tree_jin: tuple[int, int] | None = None
    source: str = ""

    def judge(self, g: int, *, mu_hundredths: int = 0, trees: int = 0) -> Verdict:
        """Whether `g` can come from so much land and so many trees; what is not said is not judged."""
        verdict = Verdict.FITS
        for bounds, hundredths in ((self.per_mu_jin, mu_hundredths), (self.per_tree_jin, trees * 100)):
            if not bounds or not hundredths:
                continue
            low, high = (jin * G_PER_JIN * hundredths for jin in bounds)
            if g * 100 > high * ABSURD_TIMES:
                return Verdict.ABSURD
            if not low <= g * 100 <= high:
                verdict = Verdict.UNUSUAL
        return verdict

    def estimate_g(self, *, mu_hundredths: int = 0, trees: int = 0) -> int | None:
        """The grams in the middle of what is usual, by trees where they are counted, else by mu; None of nothing to go by."""
        if self.per_tree_jin and trees:
            return sum(self.per_tree_jin) * trees * G_PER_JIN // 2
        if self.per_mu_jin and mu_hundredths:
            return sum(self.per_mu_jin) * mu_hundredths * G_PER_JIN // 200
        return None


@dataclass(frozen=True)
class Season:
    """A harvest of one produce: its days, and the grams that were declared for it and delivered in it."""

    starts_on: dt.date
    ends_on: dt.date
    declared_g: int
    delivered_g: int


def seasons(declared: Iterable[Declared], delivered: Iterable[tuple[dt.date, int]]) -> list[Season]:
    """Declarations of one produce whose days touch, taken together, beside what was bought in those days; the latest first."""
    spells: list[list[Declared]] = []
    ends = None
    for one in sorted(counted(declared), key=lambda d: d.starts_on):
        if ends is None or one.starts_on > ends + DAY:
            spells.append([])
            ends = one.ends_on
        spells[-1].append(one)
        ends = max(ends, one.ends_on)
    delivered = list(delivered)
    found = []
    for spell in spells:
        first, last = spell[0].starts_on, max(one.ends_on for one in spell)
        found.append(
            Season(first, last, sum(one.g for one in spell), sum(g for day, g in delivered if first <= day <= last))
        )
    return found[::-1]
