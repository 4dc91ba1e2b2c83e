"""What a cooperative is owed: what was sold, given back, sent to it, and what of it is still due."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import TruncMonth

from logistics.models import Award, Shipment
from suppliers.base.money import apportion
from suppliers.models import Cooperative

from ..models import RefundLine, Remittance, Sale, SaleLine


@dataclass(frozen=True)
class Month:
    """The money of one month, in fen: each by the day on which it counts."""

    month: dt.date
    sold_fen: int = 0
    refunded_fen: int = 0
    freight_fen: int = 0
    subsidy_fen: int = 0
    remitted_fen: int = 0

    @property
    def net_fen(self) -> int:
        return self.sold_fen - self.refunded_fen


@dataclass(frozen=True)
class Balance:
    """How it stands today, in fen. `due_fen`: sold, less refunds, and the buyers' freight, less what was remitted."""

    sold_fen: int
    refunded_fen: int
    freight_fen: int
    remitted_fen: int
    on_the_way_fen: int
    subsidy_fen: int

    @property
    def due_fen(self) -> int:
        return self.sold_fen - self.refunded_fen + self.freight_fen - self.remitted_fen


def _sold(cooperative: Cooperative) -> QuerySet:
    return SaleLine.objects.filter(cooperative=cooperative, sale__recognised_on__isnull=False)


def _refunded(cooperative: Cooperative) -> QuerySet:
    return RefundLine.objects.filter(line__cooperative=cooperative, refund__counted_on__isnull=False)


def _freight(cooperative: Cooperative) -> QuerySet:
    """What buyers paid for freight of recognised sales, as it stands on this cooperative's shipments."""
    return Shipment.objects.filter(cooperative=cooperative, consignment__order__sale__recognised_on__isnull=False)


def _freight_given_back(cooperative: Cooperative | None = None) -> Iterator[tuple[int, dt.date, int]]:
    """What of buyers' freight was given back after the goods had left: (cooperative, day the sale counts, fen).

    What is left of an order's freight is shared by what each cooperative's shipments were given of it.
    """
    sales = Sale.objects.filter(refunded_freight_fen__gt=0, recognised_on__isnull=False)
    if cooperative:
        sales = sales.filter(order__consignments__cooperative=cooperative)
    left = {sale.pk: (sale.freight_fen - sale.refunded_freight_fen, sale.recognised_on) for sale in sales}
    given: dict[int, dict[int, int]] = defaultdict(dict)
    rows = (
        Shipment.objects.filter(consignment__order__in=left).order_by().values_list("consignment__order", "cooperative")
    )
    for sale_id, cooperative_id, fen in rows.annotate(Sum("buyer_paid_freight_fen")):
        given[sale_id][cooperative_id] = fen
    for sale_id, by_cooperative in given.items():
        fen, on = left[sale_id]
        if sum(by_cooperative.values()) <= fen:
            continue
        parts = apportion(fen, list(by_cooperative.values()))
        for (cooperative_id, had), keeps in zip(by_cooperative.items(), parts, strict=True):
            if had > keeps and (cooperative is None or cooperative_id == cooperative.pk):
                yield cooperative_id, on, had - keeps


def balance(cooperative: Cooperative) -> Balance:
    """How the money of `cooperative` stands, in a fixed number of queries."""
    under_way = SaleLine.objects.filter(
        cooperative=cooperative, sale__recognised_on=None, sale__paid_on__isnull=False
    ).filter(refunded_fen__lt=F("goods_fen"))
    settled = Award.objects.live().of(cooperative).aggregate(n=Sum("settled_fen", default=0))
    return Balance(
        sold_fen=_sold(cooperative).aggregate(n=Sum("goods_fen", default=0))["n"],
        refunded_fen=_refunded(cooperative).aggregate(n=Sum("fen", default=0))["n"],
        freight_fen=_freight(cooperative).aggregate(n=Sum("buyer_paid_freight_fen", default=0))["n"]
        - sum(fen for _cooperative, _on, fen in _freight_given_back(cooperative)),
        remitted_fen=Remittance.objects.filter(cooperative=cooperative).aggregate(n=Sum("amount_fen", default=0))["n"],
        on_the_way_fen=under_way.aggregate(n=Sum(F("goods_fen") - F("refunded_fen"), default=0))["n"],
        subsidy_fen=settled["n"],
    )


def months(cooperative: Cooperative) -> list[Month]:
    """The money of `cooperative` month by month, the newest first, of the months in which there was any."""
    found: dict[dt.date, Month] = {}

    def add(rows: QuerySet, day: str, amount: str, name: str) -> None:
        by_month = rows.order_by().annotate(month=TruncMonth(day)).values_list("month").annotate(n=Sum(amount))
        for month, fen in by_month:
            found[month] = replace(found.get(month, Month(month)), **{name: fen or 0})

    add(_sold(cooperative), "sale__recognised_on", "goods_fen", "sold_fen")
    add(_refunded(cooperative), "refund__counted_on", "fen", "refunded_fen")
    add(_freight(cooperative), "consignment__order__sale__recognised_on", "buyer_paid_freight_fen", "freight_fen")
    for _cooperative, on, fen in _freight_given_back(cooperative):
        month = on.replace(day=1)
        found[month] = replace(found[month], freight_fen=found[month].freight_fen - fen)
    add(
        Award.objects.live().of(cooperative).filter(settled_fen__gt=0),
        "shipment__dispatched_on",
        "settled_fen",
        "subsidy_fen",
    )
    add(Remittance.objects.filter(cooperative=cooperative), "remitted_on", "amount_fen", "remitted_fen")
    return sorted(found.values(), key=lambda one: one.month, reverse=True)


def balances() -> list[tuple[Cooperative, int]]:
    """Each cooperative with what is due to it in fen, the most first, in a fixed number of queries."""
    due: dict[int, int] = dict.fromkeys(Cooperative.objects.values_list("pk", flat=True), 0)
    sums = [
        (SaleLine.objects.filter(sale__recognised_on__isnull=False), "cooperative", "goods_fen", 1),
        (RefundLine.objects.filter(refund__counted_on__isnull=False), "line__cooperative", "fen", -1),
        (
            Shipment.objects.filter(consignment__order__sale__recognised_on__isnull=False),
            "cooperative",
            "buyer_paid_freight_fen",
            1,
        ),
        (Remittance.objects.all(), "cooperative", "amount_fen", -1),
    ]
    for rows, cooperative, amount, sign in sums:
        for pk, fen in rows.order_by().values_list(cooperative).annotate(Sum(amount)):
            due[pk] += sign * (fen or 0)
    for pk, _on, fen in _freight_given_back():
        due[pk] -= fen
    named = Cooperative.objects.in_bulk(due)
    return sorted(((named[pk], fen) for pk, fen in due.items()), key=lambda one: (-one[1], one[0].code))
