"""Where goods are from, as far as everybody may know: by the month of a cooperative's produce, never by the parcel.

A single parcel is drawn from the lots of none to two households, so nothing is counted by parcel. A pool is what a
cooperative sent of one produce in the month of dispatch, to all buyers together, less refunds; of fewer than three
households nothing is said of it (`is_few`), and no two pools share a line, so none is the difference of two others.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Case, CharField, Count, F, Max, Min, Q, Sum, Value, When
from django.db.models.functions import Cast, Coalesce, Concat, TruncMonth

from logistics.models import Shipment, ShipmentLine
from suppliers.base import days
from suppliers.base.money import half_up
from suppliers.models import Certificate, Produce, PurchaseLot, SaleAllocation, counts_as
from suppliers.models.ledger import eligible_on_purchase, unpaid_lot

from ..art import renditions
from ..models import SaleLine
from .disclosure import FEW

G_PER_JIN = 500

# What people read or type for signs that no code has (Crockford).
_READ_AS = str.maketrans("OIL", "011", " -\t\u3000")

Key = tuple[int, dt.date]  # a produce and the first day of the month of its dispatch


def written(code: str) -> str:
    """A trace code as it was made, however it was typed: in small letters, with blanks, with O for 0 and I or L for 1."""
    return code.upper().translate(_READ_AS)


@dataclass(frozen=True)
class Pool:
    """A produce of a cooperative that left in one month: the households it was drawn from, and what they get for it.

    `paid_fen` is what the registered households' purchase slips say for the grams drawn, `unpaid` how many of these
    households have a slip among them that is not paid yet; `buyers` are the people and institutions it went to.
    """

    households: int = 0
    villages: int = 0
    paid_fen: int = 0
    g: int = 0
    unpaid: int = 0
    buyers: int = 0

    @property
    def is_few(self) -> bool:
        """Whether the pool is too small to be spoken of."""
        return self.households < FEW

    @property
    def is_paid(self) -> bool:
        return not self.unpaid

    @property
    def fen_per_jin(self) -> int:
        """What the growers get for 500 g on average, half up."""
        return half_up(self.paid_fen * G_PER_JIN, self.g) if self.g > 0 else 0


def pools(keys: Iterable[Key]) -> dict[Key, Pool]:
    """The pool of each of `keys`, in two queries however many there are."""
    keys = set(keys)
    if not keys:
        return {}
    households: dict[Key, dict[int, tuple]] = {key: {} for key in keys}
    rows = (
        SaleAllocation.objects.filter(_in_pools(keys, "line__sale_line__"))
        .filter(lot__in=PurchaseLot.objects.filter(eligible_on_purchase()))
        .order_by()
        .annotate(
            month=TruncMonth("line__sale_line__dispatched_at", tzinfo=days.SHANGHAI),
            counts_as=counts_as(days.today(), "lot__household"),
        )
        .values_list("line__sale_line__produce", "month", "counts_as")
        .annotate(
            net_g=Sum("g"),
            fen=Sum(_paid_for("g", "lot__fen_per_kg")),
            village=Max("lot__household__village"),
            unpaid=Count("lot", filter=unpaid_lot("lot__"), distinct=True),
        )
    )
    for produce, month, household, g, fen, village, unpaid in rows:
        if g > 0:
            households[produce, month.date()][household] = (g, fen, village, unpaid)
    buyers = {
        (produce, month.date()): n
        for produce, month, n in SaleLine.objects.filter(_in_pools(keys), refunded_g__lt=F("net_g"))
        .order_by()
        .annotate(month=TruncMonth("dispatched_at", tzinfo=days.SHANGHAI))
        .values_list("produce", "month")
        .annotate(n=Count(_buyer(), distinct=True))
    }
    return {
        key: Pool(
            households=len(found),
            villages=len({village for _g, _fen, village, _unpaid in found.values()}),
            paid_fen=sum(fen for _g, fen, _village, _unpaid in found.values()),
            g=sum(g for g, _fen, _village, _unpaid in found.values()),
            unpaid=sum(1 for _g, _fen, _village, unpaid in found.values() if unpaid),
            buyers=buyers.get(key, 0),
        )
        for key, found in households.items()
    }


def _in_pools(keys: Iterable[Key], path: str = "") -> Q:
    """Lines of the pools `keys`; `path` leads to the line."""
    found = Q()
    for produce, month in keys:
        until = days.month_end(month) + dt.timedelta(days=1)
        found |= Q(
            **{
                f"{path}produce": produce,
                f"{path}dispatched_at__gte": days.at(month, 0),
                f"{path}dispatched_at__lt": days.at(until, 0),
            }
        )
    return found


def _paid_for(g: str, fen_per_kg: str) -> Case:
    """`price_of`, in the database: grams × price, half up and away from zero (a division of integers cuts)."""
    double = F(g) * F(fen_per_kg) * 2
    return Case(When(**{f"{g}__gte": 0}, then=(double + 1000) / 2000), default=(double - 1000) / 2000)


def _buyer() -> Coalesce:
    """Who bought a line: an account, else the mobile number it was sent to, else the order itself."""
    order = "sale__order__"
    return Coalesce(
        _said("u", f"{order}user"),
        _said("m", f"{order}shipping_address__phone_number"),
        _said("o", f"{order}pk"),
    )


def _said(sign: str, path: str) -> Case:
    return Case(When(~Q(**{path: None}), then=Concat(Value(sign), Cast(path, CharField()))), output_field=CharField())


@dataclass
class Goods:
    """One kind of goods in a parcel: what it is, when its lots were bought, the pool it belongs to, its batch if it has one."""

    produce: Produce
    bought_from: dt.date | None
    bought_to: dt.date | None
    batch: str | None
    pool: Pool
    shows_price: bool
    certificates: list[Certificate]

    @property
    def grower_fen_per_jin(self) -> int:
        """What growers got for 500 g: 0 where the cooperative does not tell, some are not paid yet or they are few."""
        told = self.shows_price and self.pool.is_paid and not self.pool.is_few
        return self.pool.fen_per_jin if told else 0

    @property
    def drawing(self) -> str:
        """Its drawing, as a static file."""
        return f"shop/{drawing_of(self.produce.code)}"


def goods_of(shipment: Shipment) -> list[Goods]:
    """Each kind of goods in `shipment`, in five queries however many there are."""
    month = shipment.dispatched_on.replace(day=1)
    lines = ShipmentLine.objects.filter(shipment=shipment)
    produce = list(Produce.objects.filter(pk__in=lines.values("produce")).order_by("pk"))
    # Of goods carried on, the day the household sold them, not the day they were made into others.
    sold_on = Coalesce("lot__household_sold_on", "lot__bought_on")
    bought = {
        pk: (first, last, batch)
        for pk, first, last, batch in SaleAllocation.objects.filter(line__in=lines.values("line"), reverses=None)
        .order_by()
        .values_list("lot__produce")
        .annotate(first=Min(sold_on), last=Max(sold_on), batch=Max("line__sale_line__batch__trace_code"))
    }
    found = pools((one.pk, month) for one in produce)
    valid = Q(expires_on=None) | Q(expires_on__gte=shipment.dispatched_on)
    papers = list(
        Certificate.objects.standing()
        .filter(valid, cooperative=shipment.cooperative_id, issued_on__lte=days.today())
        .filter(Q(produce=None) | Q(produce__in=produce))
    )
    return [
        Goods(
            one,
            *bought.get(one.pk, (None, None, None)),
            pool=found[one.pk, month],
            shows_price=shipment.cooperative.shows_grower_price,
            certificates=[paper for paper in papers if paper.produce_id in (None, one.pk)],
        )
        for one in produce
    ]


def drawing_of(code: str) -> str:
    """The drawing of a produce's code, by its path as `paper` has it: a box where nobody has drawn it."""
    return f"img/{code.lower()}.svg" if code.upper() in renditions.codes() else "img/box.svg"
