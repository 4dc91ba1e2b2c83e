"""What the supply board is made of: declarations as plain rows, in one query each."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet, Sum

from . import harvests
from .models import Cooperative, Produce, PurchaseLot, SupplyDeclaration

# So many weeks from this one on are on the board.
WEEKS = 52

COLUMNS = (
    "code", "township", "grade", "g", "starts_on", "ends_on", "fen_per_kg", "produce", "household", "households",
)  # fmt: skip


def declared(rows: QuerySet[SupplyDeclaration]) -> list[harvests.Declared]:
    """`rows` (SupplyDeclaration) as the rules take them."""
    return [
        harvests.Declared(code, township, grade, g, starts, ends, fen, produce or 0, household or 0, households or 0)
        for code, township, grade, g, starts, ends, fen, produce, household, households in rows.with_place().values_list(
            *COLUMNS
        )
    ]


def cells(today: dt.date) -> list[harvests.Cell]:
    """The public cells of the 52 weeks from this one on."""
    first = harvests.monday(today)
    rows = SupplyDeclaration.objects.standing().between(first, first + dt.timedelta(days=7 * WEEKS - 1))
    return harvests.cells(declared(rows), first, WEEKS)


def kinds() -> dict[str, str]:
    """The name of each kind of produce, by its code."""
    return dict(Produce.objects.order_by("code", "pk").values_list("code", "name"))


@dataclass(frozen=True)
class Delivery:
    """What was declared and what was delivered of one produce in one of its seasons."""

    produce: Produce
    season: harvests.Season

    @property
    def percent(self) -> int:
        """How much of what was declared came, in a hundred, rounded down."""
        return self.season.delivered_g * 100 // self.season.declared_g

    @property
    def length(self) -> int:
        """What came on a scale of a thousand for twice of what was declared."""
        return min(self.season.delivered_g * 500 // self.season.declared_g, 1000)


def deliveries(cooperatives: Iterable[Cooperative], *, begun_by: dt.date, since: dt.date) -> list[Delivery]:
    """Declared against delivered, for each produce of `cooperatives` and each season that began from `since` to a day.

    Delivered is what was bought (standing slips) in the season's days. Two queries, however many there are.
    """
    rows = SupplyDeclaration.objects.standing().filter(
        produce__cooperative__in=cooperatives, starts_on__gte=since, starts_on__lte=begun_by
    )
    by_produce = defaultdict(list)
    for one in declared(rows):
        by_produce[one.source].append(one)
    bought = defaultdict(list)
    lots = PurchaseLot.objects.filter(produce__in=list(by_produce), bought_on__gte=since, reversed_at=None)
    for produce_id, day, g in lots.order_by().values_list("produce", "bought_on").annotate(Sum("g")):
        bought[produce_id].append((day, g))
    produce = Produce.objects.select_related("cooperative").in_bulk(list(by_produce))
    found = [
        Delivery(produce[pk], season)
        for pk, of_it in by_produce.items()
        for season in harvests.seasons(of_it, bought[pk])
    ]
    return sorted(
        found, key=lambda one: (one.produce.cooperative.code, one.produce.code, -one.season.starts_on.toordinal())
    )
