"""The figures officials read, for any window of days. Definitions: docs/definitions.md, and on the page itself.

Sales are dated by the later of receipt and full payment, refunds by the day they are paid; households are counted
distinct, by their net credit in the window. Money in fen, weight in grams. Each table is one or two grouped queries,
whatever the number of rows.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from django.db import connection
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncMonth

from suppliers.base import days
from suppliers.models import Credit, Household, counts_as
from suppliers.models.ledger import unpaid_lot

from ..models import RefundLine, Sale, SaleLine

UNDER_FEN = 100_00


@contextmanager
def one_moment() -> Iterator[None]:
    """Within it all queries see the database as it was at the first of them, so a report's figures fit each other.

    It is for reading. Inside a transaction it changes nothing.
    """
    if connection.in_atomic_block:
        yield
        return
    begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if connection.vendor == "postgresql" else "BEGIN"
    with connection.cursor() as cursor:  # not atomic(): on SQLite that would wait for the writers' lock
        cursor.execute(begin)
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


@dataclass(frozen=True)
class Row:
    """One row of a table: net sales, weight and orders of a value, and the distinct households it helped."""

    key: object
    sales_fen: int = 0
    weight_g: int = 0
    orders: int = 0
    households: int = 0
    household_sales_fen: int = 0
    earned_fen: int = 0
    people: int = 0


@dataclass(frozen=True)
class Month:
    """A month of the window: helped in the month, newly helped, helped since the window's first day."""

    starts_on: dt.date
    sales_fen: int
    weight_g: int
    orders: int
    households: int
    newly_helped: int
    cumulative: int
    earned_fen: int


# Where each dimension is found from a sale's line, a refund's line and a credit.
DIMENSIONS: Mapping[str, tuple[str, str, str]] = {
    "channel": ("sale__channel", "line__sale__channel", "allocation__line__sale_line__sale__channel"),
    "city": ("sale__city_code", "line__sale__city_code", "allocation__line__sale_line__sale__city_code"),
    "cooperative": ("cooperative__code", "line__cooperative__code", "allocation__lot__produce__cooperative__code"),
    "product": ("produce__code", "line__produce__code", "allocation__lot__produce__code"),
}


class Figures:
    """The figures of `starts`…`ends`, both days included; each is worked out when it is first asked for."""

    def __init__(self, starts: dt.date, ends: dt.date):
        self.starts, self.ends = starts, ends

    @cached_property
    def _lines(self):
        return SaleLine.objects.filter(sale__recognised_on__gte=self.starts, sale__recognised_on__lte=self.ends)

    @cached_property
    def _refunds(self):
        return RefundLine.objects.filter(refund__counted_on__gte=self.starts, refund__counted_on__lte=self.ends)

    @cached_property
    def _credits(self):
        return Credit.objects.filter(kind=Credit.Kind.SALE).between(self.starts, self.ends).eligible()

    @cached_property
    def _sold(self) -> dict:
        return self._lines.aggregate(
            orders=Count("sale", distinct=True),
            gross_fen=Sum("goods_fen", default=0),
            sold_g=Sum("net_g", default=0),
            sold_untraced_fen=Sum("untraced_fen", default=0),
            shandong_fen=Sum("goods_fen", default=0, filter=Q(sale__city_code__startswith="37")),
        )

    @cached_property
    def _given_back(self) -> dict:
        return self._refunds.aggregate(
            back_fen=Sum("fen", default=0),
            back_g=Sum("g", default=0),
            back_untraced_fen=Sum("untraced_fen", default=0),
            shandong_fen=Sum("fen", default=0, filter=Q(line__sale__city_code__startswith="37")),
        )

    @property
    def orders(self) -> int:
        return self._sold["orders"]

    @property
    def gross_fen(self) -> int:
        return self._sold["gross_fen"]

    @property
    def refunded_fen(self) -> int:
        return self._given_back["back_fen"]

    @property
    def net_sales_fen(self) -> int:
        """销售额: goods paid for and received, without freight, less refunds."""
        return self.gross_fen - self.refunded_fen

    @property
    def to_shandong_fen(self) -> int:
        return self._sold["shandong_fen"] - self._given_back["shandong_fen"]

    @property
    def elsewhere_fen(self) -> int:
        return self.net_sales_fen - self.to_shandong_fen

    @property
    def net_weight_g(self) -> int:
        return self._sold["sold_g"] - self._given_back["back_g"]

    @cached_property
    def _earned(self) -> dict:
        return self._credits.aggregate(
            sales_fen=Sum("allocation__sales_fen", default=0), fen=Sum("amount_fen", default=0)
        )

    @property
    def household_sales_fen(self) -> int:
        """户源销售额: the part of net sales drawn from registered households' lots."""
        return self._earned["sales_fen"]

    @property
    def earned_fen(self) -> int:
        """农户实得: what those households were paid for these goods."""
        return self._earned["fen"]

    @cached_property
    def untraced_fen(self) -> int:
        """未溯源: the part of net sales that no verified lot covers (yet)."""
        since_given_back = RefundLine.objects.filter(line__in=self._lines).aggregate(
            since_fen=Sum("untraced_fen", default=0)
        )
        return self._sold["sold_untraced_fen"] + since_given_back["since_fen"] - self._given_back["back_untraced_fen"]

    @property
    def other_sales_fen(self) -> int:
        """非户源: the part of net sales drawn from lots of other sources."""
        return self.net_sales_fen - self.household_sales_fen - self.untraced_fen

    @cached_property
    def received_unpaid_fen(self) -> int:
        """Goods that were received by the last day of the window and are not paid: no sales yet, shown apart."""
        unpaid = Sale.objects.filter(received_on__lte=self.ends, paid_on=None)
        return unpaid.aggregate(fen=Sum("goods_fen", default=0))["fen"]

    @property
    def _helped(self) -> list[tuple[int, int]]:
        """Each distinct household helped, with its net credit."""
        return [(household, fen) for household, (fen, _sales) in self._by_household.items() if fen > 0]

    @property
    def households_helped(self) -> int:
        """带动贫困户: distinct households with a positive net credit in the window."""
        return len(self._helped)

    @property
    def households_under_100_yuan(self) -> int:
        return sum(1 for _household, fen in self._helped if fen < UNDER_FEN)

    @property
    def mean_earned_fen(self) -> int:
        """What a household helped earned on average, cut to the fen."""
        return self.earned_fen // self.households_helped if self._helped else 0

    @cached_property
    def people(self) -> int:
        """The people of the households helped."""
        return self._credits.people(as_of=self.ends)

    @cached_property
    def villages(self) -> int:
        """The villages that the households helped live in."""
        return len({self._homes[household][0] for household, _fen in self._helped})

    @cached_property
    def households_paid(self) -> int:
        """其中已兑付: households helped all of whose lots in these sales are paid for."""
        unpaid = (
            self._credits.filter(unpaid_lot("allocation__lot__"))
            .annotate(counts_as=counts_as(self.ends))
            .values_list("counts_as", flat=True)
            .distinct()
        )
        return len({household for household, _fen in self._helped} - set(unpaid))

    @cached_property
    def registered(self) -> int:
        """Households registered on the last day of the window."""
        return Household.objects.counted_on(self.ends).count()

    @cached_property
    def months(self) -> list[Month]:
        """当月带动, 当月新增 and 累计(去重), for each month that the window touches."""
        sold = self._by_month(self._lines, "sale__recognised_on", fen="goods_fen", g="net_g", orders="sale")
        back = self._by_month(self._refunds, "refund__counted_on", fen="fen", g="g", orders="refund")
        net: dict[dt.date, dict[int, int]] = defaultdict(dict)
        rows = (
            self._credits.order_by()
            .annotate(month=TruncMonth("credited_on"), counts_as=counts_as(self.ends))
            .values_list("month", "counts_as")
            .annotate(net_fen=Sum("amount_fen"))
        )
        for month, household, fen in rows:
            net[month][household] = fen
        months, running, helped_before = [], defaultdict(int), 0
        for month in days.months(self.starts, self.ends):
            for household, fen in net[month].items():
                running[household] += fen
            cumulative = sum(1 for fen in running.values() if fen > 0)
            plus, minus = sold.get(month, (0, 0, 0)), back.get(month, (0, 0, 0))
            months.append(
                Month(
                    starts_on=month,
                    sales_fen=plus[0] - minus[0],
                    weight_g=plus[1] - minus[1],
                    orders=plus[2],
                    households=sum(1 for fen in net[month].values() if fen > 0),
                    newly_helped=cumulative - helped_before,
                    cumulative=cumulative,
                    earned_fen=sum(net[month].values()),
                )
            )
            helped_before = cumulative
        return months

    @staticmethod
    def _by_month(rows, day: str, *, fen: str, g: str, orders: str) -> dict[dt.date, tuple[int, int, int]]:
        grouped = (
            rows.order_by()
            .annotate(month=TruncMonth(day))
            .values_list("month")
            .annotate(Sum(fen), Sum(g), Count(orders, distinct=True))
        )
        return {month: (fen, g, n) for month, fen, g, n in grouped}

    def by(self, dimension: str) -> list[Row]:
        """One row for each value of `dimension` (channel, city, cooperative, product), largest sales first.

        Its households are distinct within the row: the column does not add up, and is never summed.
        """
        of_line, of_refund, of_credit = DIMENSIONS[dimension]
        sold = (
            self._lines.order_by()
            .values_list(of_line)
            .annotate(Sum("goods_fen"), Sum("net_g"), Count("sale", distinct=True))
        )
        back = self._refunds.order_by().values_list(of_refund).annotate(Sum("fen"), Sum("g"))
        found = {key: [fen, g, n] for key, fen, g, n in sold}
        for key, fen, g in back:
            row = found.setdefault(key, [0, 0, 0])
            row[0] -= fen
            row[1] -= g
        helped = self._helped_by(of_credit)
        return sorted(
            (Row(key, fen, g, n, *helped.get(key, (0, 0, 0))) for key, (fen, g, n) in found.items()),
            key=lambda row: (-row.sales_fen, str(row.key)),
        )

    def townships(self) -> list[Row]:
        """One row for each home township of the households helped: these add up, a household lives in one township.

        A merged household is at home where the one lives that it counts as.
        """
        found: dict[object, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for household, (earned_fen, sales_fen) in self._by_household.items():
            _village, township, size = self._homes[household]
            row = found[township]
            row[0] += earned_fen > 0
            row[1] += sales_fen
            row[2] += earned_fen
            row[3] += size if earned_fen > 0 else 0
        return sorted(
            (
                Row(key, households=n, household_sales_fen=sales_fen, earned_fen=earned_fen, people=people)
                for key, (n, sales_fen, earned_fen, people) in found.items()
            ),
            key=lambda row: (-row.earned_fen, str(row.key)),
        )

    @cached_property
    def _homes(self) -> dict[int, tuple[str, str, int]]:
        """Village, township and size of each distinct household."""
        homes = Household.objects.filter(pk__in=self._credits.values(as_one=counts_as(self.ends))).order_by()
        rows = homes.values_list("pk", "village", "village__township", "size")
        return {pk: (village, township, size) for pk, village, township, size in rows}

    @cached_property
    def _by_household(self) -> dict[int, tuple[int, int]]:
        """What each distinct household earned, and the sales of its goods."""
        rows = (
            self._credits.order_by()
            .annotate(counts_as=counts_as(self.ends))
            .values_list("counts_as")
            .annotate(Sum("amount_fen"), Sum("allocation__sales_fen"))
        )
        return {household: (earned_fen, sales_fen) for household, earned_fen, sales_fen in rows}

    def _helped_by(self, path: str) -> dict[object, tuple[int, int, int]]:
        """For each value at `path` from a credit: distinct households helped, their sales, what they earned."""
        rows = (
            self._credits.order_by()
            .annotate(key=F(path), counts_as=counts_as(self.ends))
            .values_list("key", "counts_as")
            .annotate(Sum("amount_fen"), Sum("allocation__sales_fen"))
        )
        found: dict[object, list[int]] = defaultdict(lambda: [0, 0, 0])
        for key, _household, earned_fen, sales_fen in rows:
            row = found[key]
            row[0] += earned_fen > 0
            row[1] += sales_fen
            row[2] += earned_fen
        return {key: tuple(row) for key, row in found.items()}
