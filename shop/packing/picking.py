"""What is to pack today: how much of what, from which lots, for whom."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet
from oscar.core.loading import get_model

from logistics.models import Consignment, Shipment
from suppliers import sharing
from suppliers.base import days
from suppliers.base.privacy import mask_mobile, mask_name
from suppliers.models import Cooperative, Produce, PurchaseLot

from ..models import SaleLine
from ..preorders.models import Presale

Line = get_model("order", "Line")

# So long after a parcel has left nobody needs to read its address any more, whether it was signed for or not.
CONTACT_DAYS = 30


@dataclass(frozen=True)
class Contact:
    """Who receives a consignment, as far as the cooperative may still know it."""

    name: str
    mobile: str
    address: str
    is_masked: bool


def contact_of(consignment: Consignment, *, on: dt.date | None = None) -> Contact | None:
    """The receiver: in full while the consignment is to ship or on its way, masked from 30 days after it left.

    None where nothing is sent (any more) or everything has come.
    """
    address = consignment.order.shipping_address
    if address is None or consignment.state not in (Consignment.State.TO_SHIP, Consignment.State.DISPATCHED):
        return None
    left_on = max((shipment.dispatched_on for shipment in consignment.shipments.all()), default=None)
    is_late = left_on is not None and (on or days.today()) > left_on + dt.timedelta(days=CONTACT_DAYS)
    if consignment.state == Consignment.State.DISPATCHED and is_late:
        return Contact(mask_name(address.name), mask_mobile(address.mobile), f"{address.state} {address.line4}", True)
    return Contact(address.name, address.mobile, address.in_full, False)


@dataclass(frozen=True)
class Way:
    """One way on which goods leave: `key` names it in an address."""

    key: str
    name: str
    n: int


def to_ship(cooperative: Cooperative) -> QuerySet:
    """The consignments of `cooperative` that are to ship, the oldest first, with their contents."""
    return with_contents(
        Consignment.objects.filter(cooperative=cooperative, state=Consignment.State.TO_SHIP), cooperative
    )


def with_contents(consignments: QuerySet, cooperative: Cooperative) -> QuerySet:
    """`consignments` of `cooperative`, each with its own lines of the order (`order.own_lines`), its way and its parcels."""
    own = (
        Line.objects.filter(partner=cooperative.partner_id)
        .select_related("sale_line__pack", "sale_line__produce")
        .order_by("pk")
    )
    return (
        consignments.with_city()
        .select_related(
            "cooperative", "order__shipping_address", "order__sale__stop__departure", "order__sale__counter"
        )
        .prefetch_related(
            Prefetch("order__lines", queryset=own, to_attr="own_lines"),
            Prefetch("shipments", queryset=Shipment.objects.order_by("pk")),
        )
        .order_by("order__date_placed", "pk")
    )


def on_way(consignments: QuerySet, key: str) -> QuerySet:
    """Those of `consignments` that leave the way `key`: parcel, truck:<departure>, counter:<code>; all for another key."""
    kind, _colon, which = key.partition(":")
    if kind == "truck":
        return consignments.filter(order__sale__stop__departure__departure_no=which)
    if kind == "counter":
        return consignments.filter(order__sale__counter__code=which)
    if kind == "parcel":
        return consignments.filter(order__sale__delivery="parcel")
    return consignments


def ways(consignments: Iterable[Consignment], *, parcel: str) -> list[Way]:
    """The ways of `consignments` with how many go each; parcels, called `parcel`, first."""
    counted: dict[tuple[str, str], int] = defaultdict(int)
    for consignment in consignments:
        sale = consignment.order.sale
        if sale.stop_id:
            departure = sale.stop.departure
            counted[f"truck:{departure.departure_no}", departure.departure_no] += 1
        elif sale.counter_id:
            counted[f"counter:{sale.counter.code}", sale.counter.name] += 1
        else:
            counted["parcel", parcel] += 1
    return [Way(key, name, n) for (key, name), n in sorted(counted.items(), key=lambda item: item[0][0] != "parcel")]


@dataclass(frozen=True)
class Take:
    """Grams to take from a lot; without a number, grams for which no verified slip is on the books."""

    lot_no: str
    bought_on: dt.date | None
    g: int


@dataclass(frozen=True)
class Fetch:
    """One produce to fetch from store: how many of which boxes, the net grams together, and the lots they come from."""

    name: str
    boxes: list[tuple[str, int]]
    g: int
    takes: list[Take]

    @property
    def missing_g(self) -> int:
        return sum(take.g for take in self.takes if not take.lot_no)


def pick(consignments: QuerySet, *, on: dt.date) -> list[Fetch]:
    """What to fetch from store for `consignments`, by produce, and from which lots it will be drawn if it leaves on a day.

    Three queries however many there are. What is sold ahead and not harvested yet is left out.
    """
    lines = list(
        lines_left(consignments)
        .filter(~Q(pack__in=Presale.objects.unsettled().values("pack")) | Q(pack=None))
        .select_related("line", "produce")
        .order_by("pk")
    )
    by_produce: dict[Produce, list[SaleLine]] = defaultdict(list)
    for line in lines:
        by_produce[line.produce].append(line)
    on_hand: dict[int, list[PurchaseLot]] = defaultdict(list)
    for lot in PurchaseLot.objects.filter(produce__in=by_produce).verified().with_goods_left().first_in_first_out():
        on_hand[lot.produce_id].append(lot)
    found = []
    for produce, wanted in sorted(by_produce.items(), key=lambda item: item[0].code):
        boxes: dict[str, int] = defaultdict(int)
        for line in wanted:
            boxes[line.line.title] += line.quantity if line.kept_g == line.net_g else _boxes_kept(line)
        g = sum(line.kept_g for line in wanted)
        lots = on_hand[produce.pk]
        by_id = {lot.pk: lot for lot in lots}
        draws = sharing.draw(
            g=g,
            fen=0,
            on=on,
            lots=[sharing.Lot(lot.pk, lot.bought_on, lot.left_g) for lot in lots],
            shelf_life_days=produce.shelf_life_days,
        )
        takes = [
            Take(by_id[draw.lot_id].lot_no, by_id[draw.lot_id].bought_on, draw.g)
            if draw.lot_id
            else Take("", None, draw.g)
            for draw in draws
        ]
        found.append(Fetch(produce.name, sorted(boxes.items()), g, takes))
    return found


def lines_left(consignments: QuerySet) -> QuerySet:
    """The sale lines of `consignments` that have not left and were not given back."""
    part = consignments.order_by().filter(order=OuterRef("sale"), cooperative=OuterRef("cooperative"))
    return SaleLine.objects.filter(Exists(part), dispatched_at=None, refunded_g__lt=F("net_g"))


def _boxes_kept(line: SaleLine) -> int:
    """How many boxes of a line part of which was given back are still to pack: as many as the grams left fill."""
    return -(-line.kept_g * line.quantity // line.net_g)


def boxes_of(line: SaleLine) -> int:
    """How many boxes of `line` leave: bulk goods travel as one."""
    if line.pack is None or line.pack.is_per_kg:
        return 1
    return line.quantity if line.kept_g == line.net_g else _boxes_kept(line)
