"""A season's account of one kind of goods (收发存), and what does not add up in it. Plain rules on grams and days."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum


class Flag(Enum):
    """What an auditor looks at in a season's account."""

    NOBODY_SOLD = "nobody_sold"  # more was sold or is there than was ever bought
    REGISTERED_ALONE = "registered_alone"  # registered households' slips alone, and goods sold that no slip covers
    NOT_SIGNED = "not_signed"  # the season is over and nobody signed for it
    CHANGED = "changed"  # the books say something else now than was signed


@dataclass(frozen=True)
class Account:
    """What came in and went out of one kind of goods in a season, in grams.

    `untraced_g` left here in sales that no slip covers: it is in no lot, so it is not among what the books took out.
    """

    opening_g: int = 0
    registered_g: int = 0
    households_g: int = 0
    others_g: int = 0
    carried_in_g: int = 0
    sold_g: int = 0
    elsewhere_g: int = 0
    graded_out_g: int = 0
    lost_g: int = 0
    carried_on_g: int = 0
    untraced_g: int = 0
    unverified_g: int = 0

    @property
    def bought_g(self) -> int:
        """Bought from registered households, other households and other sources."""
        return self.registered_g + self.households_g + self.others_g

    @property
    def in_g(self) -> int:
        return self.opening_g + self.bought_g + self.carried_in_g

    @property
    def out_g(self) -> int:
        return self.sold_g + self.elsewhere_g + self.graded_out_g + self.lost_g + self.carried_on_g

    @property
    def on_hand_g(self) -> int:
        """What is there by the books."""
        return self.in_g - self.out_g

    @property
    def registered_bp(self) -> int | None:
        """The share of registered households in what was bought, in basis points, cut; None where nothing was."""
        return self.registered_g * 10_000 // self.bought_g if self.bought_g else None

    @property
    def untraced_bp(self) -> int | None:
        """The share of what was sold here that no slip covers, in basis points, cut; None where nothing was sold."""
        sold = self.sold_g + self.untraced_g
        return self.untraced_g * 10_000 // sold if sold else None

    def from_nobody_g(self, counted_g: int | None = None) -> int:
        """The grams that were sold or are there and that nobody sold: out, untraced and counted, less what came in."""
        on_hand_g = self.on_hand_g if counted_g is None else counted_g
        return max(0, self.out_g + self.untraced_g + on_hand_g - self.in_g)

    @property
    def is_empty(self) -> bool:
        return not (self.in_g or self.out_g or self.untraced_g)

    def text(self) -> dict[str, int]:
        """All of it by name, as it is signed."""
        return asdict(self) | {"bought_g": self.bought_g, "on_hand_g": self.on_hand_g}


def flags(
    account: Account,
    *,
    is_over: bool,
    from_nobody_g: int,
    counted_g: int | None = None,
    signed: Mapping[str, int] | None = None,
) -> list[Flag]:
    """What does not add up in `account`, in the order of `Flag`.

    `counted_g` is what the owner counted, None before he has; `signed` what he signed, to be compared with `account`,
    which is of the same days then.
    """
    found = []
    if from_nobody_g:
        found.append(Flag.NOBODY_SOLD)
    if account.untraced_g and account.bought_g and account.registered_g == account.bought_g:
        found.append(Flag.REGISTERED_ALONE)
    if is_over and counted_g is None and not account.is_empty:
        found.append(Flag.NOT_SIGNED)
    if signed is not None and any(signed.get(name) != g for name, g in account.text().items()):
        found.append(Flag.CHANGED)
    return found


@dataclass(frozen=True)
class Season:
    """From the first day of a harvest to the day before the next one: in it goes what was harvested then."""

    starts_on: dt.date
    ends_on: dt.date
    harvest_ends_on: dt.date

    @property
    def year(self) -> int:
        return self.starts_on.year


def season_of(harvest_from: str, harvest_to: str, day: dt.date) -> Season:
    """The season in which `day` lies, of goods that are harvested from a month-day to a month-day each year."""
    starts_on = _on(day.year, harvest_from)
    if starts_on > day:
        starts_on = _on(day.year - 1, harvest_from)
    return season_from(harvest_from, harvest_to, starts_on.year)


def season_from(harvest_from: str, harvest_to: str, year: int) -> Season:
    """The season that begins in `year`."""
    starts_on = _on(year, harvest_from)
    # A harvest that ends before it begins in the calendar runs over the New Year.
    harvest_ends_on = _on(year if harvest_to >= harvest_from else year + 1, harvest_to)
    return Season(starts_on, _on(year + 1, harvest_from) - dt.timedelta(days=1), harvest_ends_on)


def _on(year: int, month_day: str) -> dt.date:
    month, day = map(int, month_day.split("-"))
    try:
        return dt.date(year, month, day)
    except ValueError:  # 02-29, in a year without one
        return dt.date(year, month + 1, 1)
