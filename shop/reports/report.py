"""The officials' report of a window: its words, its headline and its tables, once for page, CSV, Excel and JSON alike."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from suppliers.base import days
from suppliers.base.money import apportion, half_up
from suppliers.models import Cooperative, Produce, Township

from .. import places
from ..models import Sale
from .figures import Figures, one_moment

# What the households that count are called, from which day on (counting rule 4). Data, so not translated.
WORDS_FOR_HOUSEHOLDS = (
    (dt.date.min, "建档立卡贫困户"),
    (dt.date(2021, 1, 1), "脱贫户和监测户"),
)

# How a column's values are meant; what they look like is up to the page or the file.
TEXT, COUNT, MONEY, WEIGHT, SHARE, DAY = "text", "count", "money", "weight", "share", "day"


@dataclass(frozen=True)
class Column:
    """A column of a table. Values are integers: fen for MONEY, grams for WEIGHT, basis points for SHARE."""

    key: str
    label: str
    kind: str = COUNT


@dataclass(frozen=True)
class Table:
    """Rows of raw values under columns, a row of totals, and the footnote that says how they are to be read."""

    code: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[object]]
    total: Sequence[object]
    note: str
    # Row by row, what is to be pointed out beside its name.
    marks: Sequence[str] = ()

    @property
    def marked_rows(self) -> list[dict]:
        """Each row as its cells (value, column) and its mark."""
        marks = list(self.marks) or [""] * len(self.rows)
        return [{"cells": self._cells(row), "mark": mark} for row, mark in zip(self.rows, marks, strict=True)]

    @property
    def total_cells(self) -> list[tuple[object, Column]]:
        return self._cells(self.total)

    def _cells(self, row: Sequence[object]) -> list[tuple[object, Column]]:
        return list(zip(row, self.columns, strict=True))


NOT_ADDED_UP = gettext_lazy(
    "The last row counts each household once. Its column does not add up: one household may stand in several rows."
)


def words_for_households(starts: dt.date, ends: dt.date) -> str:
    """What the households are called that a report of `starts`…`ends` counts."""
    words = []
    for i, (since, word) in enumerate(WORDS_FOR_HOUSEHOLDS):
        until = WORDS_FOR_HOUSEHOLDS[i + 1][0] if i + 1 < len(WORDS_FOR_HOUSEHOLDS) else dt.date.max
        if starts < until and ends >= since:
            words.append(word)
    return "、".join(words)


def window_name(starts: dt.date, ends: dt.date) -> str:
    """A window as people say it: 2019年上半年, 2019年3月, else both days."""
    year = {"year": starts.year}
    if starts.year == ends.year and starts.day == 1 and ends == days.month_end(ends):
        months = (starts.month, ends.month)
        if months == (1, 12):
            return _("year %(year)s") % year
        if months == (1, 6):
            return _("first half of %(year)s") % year
        if months == (7, 12):
            return _("second half of %(year)s") % year
        if starts.month == ends.month:
            return _("month %(month)s of %(year)s") % (year | {"month": starts.month})
    return _("%(from)s to %(to)s") % {"from": starts.isoformat(), "to": ends.isoformat()}


def wan_text(fen: int) -> str:
    """`fen` in 万元 (ten thousand yuan) with two decimals, half up: 606.77."""
    hundredths = half_up(fen, 10_000)
    sign, hundredths = ("-", -hundredths) if hundredths < 0 else ("", hundredths)
    return f"{sign}{hundredths // 100:,}.{hundredths % 100:02d}"


def roughly_wan(fen: int) -> str:
    """`fen` as a sentence says it: floored to the hundred 万元 (600多万元), exact below."""
    hundreds, rest = divmod(fen, 100 * 1_000_000)
    if fen < 100 * 1_000_000:
        return _("%(wan)s × 10,000 yuan") % {"wan": wan_text(fen)}
    if rest == 0:
        return _("%(wan)s × 10,000 yuan") % {"wan": hundreds * 100}
    return _("more than %(wan)s × 10,000 yuan") % {"wan": hundreds * 100}


def roughly_households(n: int) -> str:
    """A number of households as a sentence says it: floored to the hundred (1400余户), exact below."""
    if n < 100 or n % 100 == 0:
        return _("%(n)s households") % {"n": n}
    return _("more than %(n)s households") % {"n": n // 100 * 100}


def city_name(code: str) -> str:
    """山东省泰安市 of 370900; the code itself where nobody knows it."""
    try:
        return places.full_name(code)
    except places.UnknownArea:
        return code


class Report:
    """Everything the report of `starts`…`ends` says. `Report.of` reads all of it at one moment."""

    def __init__(self, starts: dt.date, ends: dt.date):
        self.starts, self.ends = starts, ends
        self.figures = Figures(starts, ends)
        self.cut_off = timezone.localtime(days.now(), days.SHANGHAI)

    @classmethod
    def of(cls, starts: dt.date, ends: dt.date) -> Self:
        """The report with all figures worked out, so that they fit each other whatever is sold meanwhile."""
        found = cls(starts, ends)
        with one_moment():
            _kept = found.headline, found.tables
        return found

    @property
    def name(self) -> str:
        return window_name(self.starts, self.ends)

    @property
    def title(self) -> str:
        return _("Consumption relief report, %(window)s (as of %(month)s-%(day)s)") % {
            "window": self.name,
            "month": self.as_of.month,
            "day": self.as_of.day,
        }

    @property
    def as_of(self) -> dt.date:
        """The last day that the figures can know of."""
        return min(self.ends, self.cut_off.date())

    @property
    def households_word(self) -> str:
        return words_for_households(self.starts, self.ends)

    @property
    def narrative(self) -> str:
        return _("By %(month)s-%(day)s, cumulative sales reached %(sales)s and helped %(households)s (%(word)s).") % {
            "month": self.as_of.month,
            "day": self.as_of.day,
            "sales": roughly_wan(self.figures.net_sales_fen),
            "households": roughly_households(self.figures.households_helped),
            "word": self.households_word,
        }

    @cached_property
    def shares_bp(self) -> tuple[int, int, int]:
        """户源, 非户源, 未溯源 in basis points of net sales. They sum to 10,000 (to 0 where nothing was sold)."""
        f = self.figures
        parts = (f.household_sales_fen, f.other_sales_fen, f.untraced_fen)
        if f.net_sales_fen <= 0 or min(parts) < 0:
            # A window of refunds alone has no meaningful shares.
            return (0, 0, 0)
        return tuple(apportion(10_000, parts))

    @cached_property
    def tables(self) -> Mapping[str, Table]:
        """The tables by their code, in the order of the page."""
        found = [
            self._months(),
            self._by("channel", _("By channel"), _("Channel"), lambda code: str(Sale.Channel(code).label)),
            self._townships(),
            self._cooperatives(),
            self._by("product", _("By product"), _("Product"), self._product_names().__getitem__),
            self._by("city", _("By city"), _("City"), city_name),
        ]
        return {table.code: table for table in found}

    @cached_property
    def headline(self) -> list[tuple[str, int, str]]:
        """The figures above the tables as (label, value, kind of value)."""
        f = self.figures
        return [
            (_("Net sales"), f.net_sales_fen, MONEY),
            (_("of it from registered households"), f.household_sales_fen, MONEY),
            (_("of it from other sources"), f.other_sales_fen, MONEY),
            (_("of it untraced"), f.untraced_fen, MONEY),
            (_("Earned by households"), f.earned_fen, MONEY),
            (_("Households helped"), f.households_helped, COUNT),
            (_("of them paid out"), f.households_paid, COUNT),
            (_("of them under 100 yuan"), f.households_under_100_yuan, COUNT),
            (_("People in households helped"), f.people, COUNT),
            (_("Earned by a household on average"), f.mean_earned_fen, MONEY),
            (_("Weight sold"), f.net_weight_g, WEIGHT),
            (_("Orders"), f.orders, COUNT),
            (_("Sales to Shandong"), f.to_shandong_fen, MONEY),
            (_("Sales elsewhere"), f.elsewhere_fen, MONEY),
            (_("Gross sales"), f.gross_fen, MONEY),
            (_("Refunds"), f.refunded_fen, MONEY),
            (_("Received but unpaid"), f.received_unpaid_fen, MONEY),
            (_("Households registered"), f.registered, COUNT),
        ]

    def as_data(self) -> dict:
        """All figures as plain data: integer fen and grams."""
        f = self.figures
        return {
            "from": self.starts.isoformat(),
            "to": self.ends.isoformat(),
            "cut_off": self.cut_off.isoformat(timespec="seconds"),
            "households_are": self.households_word,
            "orders": f.orders,
            "gross_fen": f.gross_fen,
            "refunded_fen": f.refunded_fen,
            "net_sales_fen": f.net_sales_fen,
            "household_sales_fen": f.household_sales_fen,
            "other_sales_fen": f.other_sales_fen,
            "untraced_fen": f.untraced_fen,
            "earned_fen": f.earned_fen,
            "to_shandong_fen": f.to_shandong_fen,
            "elsewhere_fen": f.elsewhere_fen,
            "received_unpaid_fen": f.received_unpaid_fen,
            "net_weight_g": f.net_weight_g,
            "households_helped": f.households_helped,
            "households_paid": f.households_paid,
            "households_under_100_yuan": f.households_under_100_yuan,
            "households_registered": f.registered,
            "people": f.people,
            "mean_earned_fen": f.mean_earned_fen,
            "tables": {
                table.code: {
                    "columns": [column.key for column in table.columns],
                    "rows": [list(row) for row in table.rows],
                    "total": list(table.total),
                }
                for table in self.tables.values()
            },
        }

    def _months(self) -> Table:
        f, months = self.figures, self.figures.months
        return Table(
            "months",
            _("By month"),
            [
                Column("month", _("Month"), TEXT),
                Column("orders", _("Orders")),
                Column("sales", _("Sales"), MONEY),
                Column("weight", _("Weight"), WEIGHT),
                Column("helped", _("Helped in the month")),
                Column("newly", _("Newly helped")),
                Column("cumulative", _("Cumulative (distinct)")),
                Column("earned", _("Earned by households"), MONEY),
            ],
            [
                (
                    f"{m.starts_on:%Y-%m}",
                    m.orders,
                    m.sales_fen,
                    m.weight_g,
                    m.households,
                    m.newly_helped,
                    m.cumulative,
                    m.earned_fen,
                )
                for m in months
            ],
            (
                _("Total (distinct)"),
                f.orders,
                f.net_sales_fen,
                f.net_weight_g,
                f.households_helped,
                sum(m.newly_helped for m in months),
                f.households_helped,
                f.earned_fen,
            ),
            _(
                "A household helped in several months counts in each of them and once in the last row: never add up "
                "“Helped in the month”. “Newly helped” is what the cumulative figure rose by; it adds up, and a late "
                "refund can make it negative."
            ),
        )

    def _by(
        self,
        dimension: str,
        title: str,
        label: str,
        name: Callable[[str], str],
        *,
        marks: Mapping[object, str] | None = None,
    ) -> Table:
        f, rows = self.figures, self.figures.by(dimension)
        return Table(
            dimension,
            title,
            [
                Column(dimension, label, TEXT),
                Column("orders", _("Orders")),
                Column("sales", _("Sales"), MONEY),
                Column("part", _("Share of sales"), SHARE),
                Column("weight", _("Weight"), WEIGHT),
                Column("households", _("Households helped")),
                Column("household_sales", _("From households"), MONEY),
                Column("earned", _("Earned by households"), MONEY),
            ],
            [
                (
                    name(str(r.key)),
                    r.orders,
                    r.sales_fen,
                    self._part_bp(r.sales_fen),
                    r.weight_g,
                    r.households,
                    r.household_sales_fen,
                    r.earned_fen,
                )
                for r in rows
            ],
            (
                _("Total (distinct)"),
                f.orders,
                f.net_sales_fen,
                self._part_bp(f.net_sales_fen),
                f.net_weight_g,
                f.households_helped,
                f.household_sales_fen,
                f.earned_fen,
            ),
            str(NOT_ADDED_UP),
            [(marks or {}).get(r.key, "") for r in rows],
        )

    def _part_bp(self, fen: int) -> int | None:
        whole = self.figures.net_sales_fen
        return half_up(fen * 10_000, whole) if whole > 0 else None

    def _cooperatives(self) -> Table:
        cooperatives = {c.code: c for c in Cooperative.objects.select_related("village__township")}
        return self._by(
            "cooperative",
            _("By cooperative"),
            _("Cooperative"),
            lambda code: f"{cooperatives[code].name}({cooperatives[code].village.township.name})",
            marks={
                code: _("deep-poverty township")
                for code, c in cooperatives.items()
                if c.village.township.is_deep_poverty
            },
        )

    @staticmethod
    def _product_names() -> dict[str, str]:
        # Several cooperatives sell the same product: it is one row, under the name that the first gave it.
        return dict(Produce.objects.order_by("code", "-cooperative").values_list("code", "name"))

    def _townships(self) -> Table:
        f, rows = self.figures, self.figures.townships()
        townships = Township.objects.in_bulk()
        listed = {row.key for row in rows}
        unheard = [code for code, t in townships.items() if t.is_deep_poverty and code not in listed]
        table = [
            (rank, townships[row.key].name, row.households, row.people, row.household_sales_fen, row.earned_fen)
            for rank, row in enumerate(rows, start=1)
        ] + [(None, townships[code].name, 0, 0, 0, 0) for code in unheard]
        return Table(
            "township",
            _("By home township of the households"),
            [
                Column("rank", _("Rank")),
                Column("township", _("Township"), TEXT),
                Column("households", _("Households helped")),
                Column("people", _("People")),
                Column("household_sales", _("From households"), MONEY),
                Column("earned", _("Earned by households"), MONEY),
            ],
            table,
            (
                None,
                _("Sum of all rows"),
                f.households_helped,
                f.people,
                f.household_sales_fen,
                f.earned_fen,
            ),
            _("A household lives in one township, so these columns add up. Deep-poverty townships are always listed."),
            [
                _("deep-poverty township") if townships[code].is_deep_poverty else ""
                for code in [row.key for row in rows] + unheard
            ],
        )
