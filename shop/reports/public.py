"""The figures of a half-year for everybody: those of the officials' report, without what would speak of one or two.

`figures` returns them as plain data, the same for page, picture and JSON (docs/impact-data.md). They are worked out
from `Report` once for each state of the books: `version` is part of what they are kept under, so nothing sold, received,
refunded or paid is ever missing from them.
"""

import datetime as dt
import hashlib
import re
from dataclasses import dataclass

from django.core.cache import cache
from django.db import connection
from django.db.models.functions import TruncMonth
from django.urls import reverse
from django.utils.translation import gettext as _
from oscar.core.loading import get_model

from suppliers.base import days
from suppliers.models import Credit, HouseholdMerger, HouseholdStatus, Produce, PurchaseLot, SaleAllocation, Township

from .. import places
from ..models import Refund, Sale
from ..payments.models import Payment
from . import charts, disclosure
from .figures import Row, one_moment
from .report import Report, wan_text, window_name

OrderStatusChange = get_model("order", "OrderStatusChange")

SCHEMA = "wuxi-direct/impact/1"
HALF = re.compile(r"(20\d\d)-([12])", re.ASCII)
TOGETHER = "未单列的乡镇"

# What changes when figures change. Rows of the first are never edited; of the last two, dates are filled in.
_TELLTALES = [
    *((model, "MAX(id)") for model in (Credit, SaleAllocation, Refund, Payment, OrderStatusChange, HouseholdMerger)),
    *((HouseholdStatus, what) for what in ("MAX(id)", "COUNT(ends_on)", "MAX(ends_on)")),
    (PurchaseLot, "COUNT(paid_on)"),
]


def version() -> str:
    """The state of the books that figures are worked out from, in one query: another one where anything was booked."""
    asked = ", ".join(f"(SELECT {what} FROM {model._meta.db_table})" for model, what in _TELLTALES)  # noqa: S608 – our own names
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {asked}")
        row = cursor.fetchone()
    return hashlib.sha256(repr((row, days.today())).encode()).hexdigest()[:16]


def half_of(day: dt.date) -> str:
    """2019-1 of a day in the first half of 2019."""
    return f"{day.year}-{1 if day.month <= 6 else 2}"


def window_of(half: str) -> tuple[dt.date, dt.date]:
    """The first and the last day of the half-year `half` (2019-1). Raises ValueError where it names none."""
    named = HALF.fullmatch(half)
    if not named:
        raise ValueError(half)
    return days.half_year(dt.date(int(named[1]), 1 if named[2] == "1" else 7, 1))


def half_name(half: str) -> str:
    """2019年上半年 of 2019-1."""
    return window_name(*window_of(half))


def halves(state: str) -> list[str]:
    """The half-years in which something was sold, the latest first."""
    found = cache.get(f"impact-halves-{state}")
    if found is None:
        sold = Sale.objects.filter(recognised_on__isnull=False).order_by()
        months = sold.annotate(month=TruncMonth("recognised_on")).values_list("month", flat=True).distinct()
        found = sorted({half_of(month) for month in months}, reverse=True)
        cache.set(f"impact-halves-{state}", found)
    return found


def figures(half: str, state: str) -> dict:
    """The public figures of `half` in the `state` of the books (`version()`): integer fen and grams, None is hidden."""
    found = cache.get(f"impact-{half}-{state}")
    if found is None:
        found = _figures(half)
        cache.set(f"impact-{half}-{state}", found)
    return found


def headline(today: dt.date) -> dict | None:
    """What the home page says of this half-year, or of the last of which there is something to say; None of none.

    Keys: label, sales_yuan_wan, paid_yuan_wan (as people read them), households, villages, half, url.
    """
    state = version()
    for half in halves(state):
        if half > half_of(today):
            continue
        totals = figures(half, state)["totals"]
        if totals["households_helped"]:
            return {
                "label": half_name(half),
                "sales_yuan_wan": wan_text(totals["net_sales_fen"]),
                "paid_yuan_wan": wan_text(totals["earned_fen"]),
                "households": totals["households_helped"],
                "villages": totals["villages"],
                "half": half,
                "url": f"{reverse('impact')}?half={half}",
            }
    return None


def points(figures: dict) -> list[charts.Point]:
    """The months of `figures` as they are drawn."""
    return [
        charts.Point(dt.date.fromisoformat(f"{row['month']}-01"), row["sales_fen"], row["cumulative"])
        for row in figures["months"]
    ]


@dataclass(frozen=True)
class Bar:
    """A row as a bar: what it is of, its length in thousandths of the longest, and what stands beside it."""

    name: str
    length: int
    row: dict


@dataclass(frozen=True)
class Tile:
    """A city of Shandong on the grid, by where it lies; `shade` is 0 for nothing to 4 for the most, None is hidden."""

    name: str
    fen: int | None
    shade: int | None
    column: int
    line: int


# Where the sixteen cities lie, as tiles: the peninsula to the east, the Yellow River in the north-west.
GRID = {
    "德州": (1, 1),
    "滨州": (2, 1),
    "东营": (3, 1),
    "烟台": (5, 1),
    "威海": (6, 1),
    "聊城": (1, 2),
    "济南": (2, 2),
    "淄博": (3, 2),
    "潍坊": (4, 2),
    "青岛": (5, 2),
    "泰安": (2, 3),
    "临沂": (3, 3),
    "日照": (4, 3),
    "菏泽": (1, 4),
    "济宁": (2, 4),
    "枣庄": (3, 4),
}


def shapes(figures: dict) -> dict:
    """What a page draws of `figures`: `stairs`, `channels`, `products`, `townships` as bars, `tiles` of cities."""
    totals = figures["totals"]
    channels = dict(Sale.Channel.choices)
    stairs = [
        (_("Sales"), totals["net_sales_fen"]),
        (_("of it for goods of these households"), totals["household_sales_fen"]),
        (_("Earned by households"), totals["earned_fen"]),
    ]
    named = [{"name": str(channels[row["code"]]), **row} for row in figures["channels"]]
    # In the data it is a name like the others; who reads the page is told in his language.
    homes = [
        {**row, "name": row["name"] if row["code"] else _("Townships not shown one by one")}
        for row in figures["townships"]
    ]
    most = max((row["sales_fen"] or 0 for row in figures["cities"]), default=0)
    tiles = []
    for row in figures["cities"]:
        name, fen = row["name"].removesuffix("市"), row["sales_fen"]
        tiles.append(Tile(name, fen, None if fen is None else _shade(fen, most), *GRID[name]))
    return {
        "stairs": _bars([{"name": name, "fen": fen} for name, fen in stairs], "fen"),
        "channels": _bars(named, "sales_fen"),
        "products": _bars([row for row in figures["products"] if row["sales_fen"] != 0], "sales_fen"),
        "townships": _bars(homes, "earned_fen"),
        "tiles": tiles,
    }


def _bars(rows: list[dict], key: str) -> list[Bar]:
    longest = max((row[key] or 0 for row in rows), default=0)
    return [Bar(row["name"], max(row[key] or 0, 0) * 1000 // longest if longest > 0 else 0, row) for row in rows]


def _shade(fen: int, most: int) -> int:
    """0 for nothing, then a step for each time that four times as much was sold."""
    if fen <= 0:
        return 0
    return next((shade for shade, part in ((4, 4), (3, 16), (2, 64)) if fen * part >= most), 1)


def _figures(half: str) -> dict:
    report = Report(*window_of(half))
    with one_moment():
        f = report.figures
        totals = {
            "net_sales_fen": f.net_sales_fen,
            "to_shandong_fen": f.to_shandong_fen,
            "elsewhere_fen": f.elsewhere_fen,
            "net_weight_g": f.net_weight_g,
            "household_sales_fen": f.household_sales_fen,
            "other_sales_fen": f.other_sales_fen,
            "untraced_fen": f.untraced_fen,
            "earned_fen": f.earned_fen,
            "households_helped": f.households_helped,
            "households_paid": f.households_paid,
            "people": f.people,
            "villages": f.villages,
        }
        tables = {
            "months": _months([month for month in f.months if month.starts_on <= report.as_of]),
            "channels": _by(f.by("channel"), lambda code: {"code": code}),
            "products": _by(f.by("product"), _named(_product_names())),
            "townships": _townships(f.townships()),
            "cities": _cities(f.by("city")),
        }
    if disclosure.is_few(f.households_helped) or (not f.households_helped and f.earned_fen):
        # Then every share of the households in the sales is theirs alone.
        totals |= dict.fromkeys(
            (
                "household_sales_fen",
                "other_sales_fen",
                "untraced_fen",
                "earned_fen",
                "households_helped",
                "households_paid",
                "people",
                "villages",
            )
        )
        tables["townships"] = []
        for row in (row for name in ("months", "channels", "products") for row in tables[name]):
            row |= {key: None for key in ("households", "cumulative", "earned_fen") if key in row}
    elif disclosure.is_few(f.households_paid) or disclosure.is_few(f.households_helped - f.households_paid):
        totals["households_paid"] = None
    return {
        "schema": SCHEMA,
        "half": half,
        "from": report.starts.isoformat(),
        "to": report.ends.isoformat(),
        "as_of": report.as_of.isoformat(),
        "cut_off": report.cut_off.isoformat(timespec="seconds"),
        "households_are": report.households_word,
        "few": disclosure.FEW,
        "totals": totals,
        **tables,
    }


def _months(months) -> list[dict]:
    hidden = disclosure.hidden([disclosure.Cell(m.households, m.earned_fen) for m in months])
    cumulative = disclosure.steps([m.cumulative for m in months])
    return [
        {
            "month": f"{m.starts_on:%Y-%m}",
            "sales_fen": m.sales_fen,
            "weight_g": m.weight_g,
            "households": None if disclosure.Cell(m.households, m.earned_fen).is_few else m.households,
            "cumulative": so_far,
            "earned_fen": None if i in hidden else m.earned_fen,
        }
        for i, (m, so_far) in enumerate(zip(months, cumulative, strict=True))
    ]


def _by(rows: list[Row], name) -> list[dict]:
    """Rows of which only the money adds up: a hidden sum hides others with it, a hidden count does not."""
    cells = [disclosure.Cell(row.households, row.earned_fen) for row in rows]
    hidden = disclosure.hidden(cells)
    return [
        {
            **name(str(row.key)),
            "sales_fen": row.sales_fen,
            "weight_g": row.weight_g,
            "households": None if cell.is_few else row.households,
            "earned_fen": None if i in hidden else row.earned_fen,
        }
        for i, (row, cell) in enumerate(zip(rows, cells, strict=True))
    ]


def _named(names: dict[str, str]):
    return lambda code: {"code": code, "name": names.get(code, code)}


def _product_names() -> dict[str, str]:
    return dict(Produce.objects.order_by("code", "-cooperative").values_list("code", "name"))


def _townships(rows: list[Row]) -> list[dict]:
    """Every column adds up here, so what is hidden stands together in one row; deep-poverty townships stay named."""
    townships = Township.objects.in_bulk()
    found = {row.key: row for row in rows}
    unheard = [
        Row(code) for code, township in sorted(townships.items()) if township.is_deep_poverty and code not in found
    ]
    rows = [*rows, *unheard]
    cells = [disclosure.Cell(r.households, r.earned_fen, is_wanted=townships[r.key].is_deep_poverty) for r in rows]
    hidden = disclosure.hidden(cells)
    shown = [
        {
            "code": row.key,
            "name": townships[row.key].name,
            "is_deep_poverty": townships[row.key].is_deep_poverty,
            "households": None if i in hidden else row.households,
            "earned_fen": None if i in hidden else row.earned_fen,
        }
        for i, row in enumerate(rows)
        if i not in hidden or townships[row.key].is_deep_poverty
    ]
    if hidden:
        together = {
            "households": sum(rows[i].households for i in hidden),
            "earned_fen": sum(rows[i].earned_fen for i in hidden),
        }
        shown.append({"code": None, "name": TOGETHER, "is_deep_poverty": False, **together})
    return shown


def _cities(rows: list[Row]) -> list[dict]:
    """The sixteen cities of Shandong: what was sold there, hidden where one or two orders are all."""
    sold = dict.fromkeys((area.code for area in places.children("370000")), (0, 0))
    for row in rows:
        if places.is_shandong(str(row.key)):
            code = places.city_of(row.key).code  # of a city that was merged away: its successor
            orders, sales_fen = sold[code]
            sold[code] = orders + row.orders, sales_fen + row.sales_fen
    hidden = disclosure.hidden([disclosure.Cell(orders, sales_fen) for orders, sales_fen in sold.values()])
    return [
        {"code": code, "name": places.city_of(code).name, "sales_fen": None if i in hidden else sales_fen}
        for i, (code, (_orders, sales_fen)) in enumerate(sold.items())
    ]
