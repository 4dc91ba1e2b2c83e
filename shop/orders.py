"""An order is placed, paid, cancelled, dispatched, received, refunded: the one place that tells suppliers and logistics.

Every function here is one transaction. Locks are taken in one order: sales, then programmes and vehicles (logistics),
then goods (suppliers), so two of them cannot wait for each other. On SQLite a transaction that writes is alone.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _
from oscar.core.loading import get_class, get_model

import logistics.actions
import logistics.tasks
import suppliers.actions
from logistics.actions import CannotRide
from logistics.models import Consignment, Counter, Departure, Shipment, ShipmentLine, Stop
from suppliers.base import days
from suppliers.base.bell import ring
from suppliers.base.money import apportion, fen_of
from suppliers.models import Batch, Pack, PurchaseLot

from . import holding
from .holding import Holder
from .models import InvoiceWish, Refund, RefundLine, Sale, SaleLine
from .order.utils import give_coupons_back
from .payments.models import Payment
from .preorders.models import Presale
from .together.models import Participation

Basket = get_model("basket", "Basket")
Order = get_model("order", "Order")
Line = get_model("order", "Line")
OrderStatusChange = get_model("order", "OrderStatusChange")

PLACED, PAID, DISPATCHED, RECEIVED = "placed", "paid", "dispatched", "received"
CANCELLED, REFUNDED = "cancelled", "refunded"

RECEIVED_BY_DEFAULT_DAYS = 10


class AlreadyPlaced(Exception):
    """This basket became an order before; `order` is it."""

    def __init__(self, order):
        super().__init__(order.number)
        self.order = order


class NeedsCold(CannotRide):
    """Goods that travel refrigerated do not ride on a departure that is not."""


def place(
    *,
    basket,
    shipping_address,
    shipping_method,
    city_code: str,
    user=None,
    guest_email: str = "",
    channel: str = "",
    delivery: str = Sale.Delivery.PARCEL,
    stop: Stop | None = None,
    counter: Counter | None = None,
    expected_on: dt.date | None = None,
    buyer_kind: str = Sale.BuyerKind.INDIVIDUAL,
    organisation: str = "",
    note: str = "",
    invoice: InvoiceWish | None = None,
    is_fresh_confirmed: bool = False,
    minutes_to_pay: int | None = 30,
    placed_at: dt.datetime | None = None,
    holder: Holder | None = None,
):
    """Make an order of `basket` and hold its stock until it is paid for (`minutes_to_pay`; None: as long as it takes).

    With a `stop`, it rides the direct truck that halts there, and its gross weight is booked on it; it is of the channel
    of direct trucks then, else of the online shop, unless `channel` says otherwise.
    `placed_at` is for orders written down afterwards (a counter's sheet, a paper order); else it is now.
    `holder` is a private buyer who orders by himself: he holds goods in so many unpaid orders at once (shop.holding).
    Return the order. Raises AlreadyPlaced where the basket is an order already, TooManyUnpaid (from shop.holding) where
    he has as many, OutOfStock (from the partner fork) where something is no longer there, CouponGone (from the order
    fork) where a coupon is, and CannotRide (TruckFull, TruckClosed, NeedsCold) where the truck does not take it;
    nothing is written then.
    """
    OrderCreator = get_class("order.utils", "OrderCreator")
    OrderNumberGenerator = get_class("order.utils", "OrderNumberGenerator")
    OrderTotalCalculator = get_class("checkout.calculators", "OrderTotalCalculator")
    with transaction.atomic():
        # Two posts of one basket: the first takes it, the second finds it taken.
        open_states = (Basket.OPEN, Basket.SAVED, Basket.FROZEN)
        taken = Basket.objects.filter(pk=basket.pk, status__in=open_states).update(
            status=Basket.SUBMITTED, date_submitted=days.now()
        )
        if not taken:
            raise AlreadyPlaced(Order.objects.get(basket=basket.pk))
        if holder and buyer_kind == Sale.BuyerKind.INDIVIDUAL:
            holding.check(holder)
        packs = {line.product_id: line.product.pack for line in basket.all_lines()}
        if stop is not None:
            load = [(packs[line.product_id], line.quantity) for line in basket.all_lines()]
            _board(stop.departure, load, at=placed_at)
        charge = shipping_method.calculate(basket)
        if shipping_address is not None:
            shipping_address.save()
        order = OrderCreator().place_order(
            basket=basket,
            total=OrderTotalCalculator().calculate(basket, charge),
            shipping_method=shipping_method,
            shipping_charge=charge,
            user=user,
            shipping_address=shipping_address,
            order_number=OrderNumberGenerator().order_number(basket),
            status=PLACED,
            guest_email=guest_email,
            date_placed=placed_at or days.now(),
        )
        lines = list(order.lines.all())
        expires_at = None if minutes_to_pay is None else days.now() + dt.timedelta(minutes=minutes_to_pay)
        sale = Sale.objects.create(
            order=order,
            channel=channel or (Sale.Channel.RETAIL if stop is None else Sale.Channel.GROUP),
            delivery=delivery,
            stop=stop,
            counter=counter,
            expected_on=expected_on,
            buyer_kind=buyer_kind,
            organisation=organisation,
            city_code=city_code,
            goods_fen=sum(fen_of(line.line_price_incl_tax) for line in lines),
            freight_fen=fen_of(order.shipping_incl_tax),
            expires_at=expires_at,
            held_from=holder.address_index if holder else "",
            is_fresh_confirmed=is_fresh_confirmed,
            note=note,
        )
        if invoice is not None:
            invoice.sale = sale
            invoice.save()
        sold = [sale_line(sale, line, packs[line.product_id]) for line in lines]
        SaleLine.objects.bulk_create(sold)
        Consignment.objects.bulk_create(consignments_of(order, sold, city_code=city_code))
    basket.status = Basket.SUBMITTED
    return order


def _board(departure: Departure, load: Sequence[tuple[Pack, int]], *, at: dt.datetime | None) -> None:
    """Book so many packs each on `departure`, before any stock is held. Raises CannotRide."""
    if not departure.is_refrigerated and any(pack.produce.is_cold_chain for pack, _quantity in load):
        raise NeedsCold(departure, "is not refrigerated")
    logistics.actions.book(departure=departure, g=sum(pack.gross_g * quantity for pack, quantity in load), at=at)


def _unboard(sale_lines: QuerySet) -> None:
    """Give back the room that `sale_lines`, which do not travel now, had on direct trucks."""
    loads = dict(
        sale_lines.filter(sale__stop__isnull=False)
        .order_by()
        .values_list("sale__stop__departure")
        .annotate(Sum("gross_g"))
    )
    # In one order, so two refunds of orders on the same trucks never wait for each other.
    for departure in Departure.objects.filter(pk__in=loads).order_by("pk") if loads else ():
        logistics.actions.release(departure=departure, g=loads[departure.pk])


def sale_line(sale: Sale, line, pack: Pack) -> SaleLine:
    """The unsaved facts of an order's `line` of `pack`, frozen as they are sold."""
    return SaleLine(
        line=line,
        sale=sale,
        cooperative=pack.produce.cooperative,
        produce=pack.produce,
        pack=pack,
        sku=pack.sku,
        quantity=line.quantity,
        net_g=line.quantity * pack.net_g,
        gross_g=line.quantity * pack.gross_g,
        goods_fen=fen_of(line.line_price_incl_tax),
    )


def consignments_of(
    order, sold: Iterable[SaleLine], *, city_code: str, state=Consignment.State.HELD
) -> list[Consignment]:
    """The unsaved consignments of `order`, one for each cooperative among its lines."""
    return [
        Consignment(
            consignment_no=f"{order.number}-{code}",
            order=order,
            cooperative_id=pk,
            destination_code=city_code,
            state=state,
        )
        for pk, code in sorted({(line.cooperative_id, line.cooperative.code) for line in sold})
    ]


@transaction.atomic
def pay(*, order, event_id: str, gateway: str, amount_fen: int, at: dt.datetime | None = None) -> Payment:
    """Take note that a provider (or the bank) says `order` was paid; the same `event_id` again changes nothing.

    The event is kept and not applied where the order cannot be paid any more or the amount is not its total: that money
    is to be given back by hand.
    """
    at = at or days.now()
    sale = Sale.objects.select_for_update().get(order=order)
    if known := Payment.objects.filter(event_id=event_id).first():
        return known
    order = Order.objects.get(pk=order.pk)
    # An order on terms (账期) travels before it is paid: what counts is that it is neither paid nor cancelled.
    payable = sale.paid_on is None and order.status in (PLACED, DISPATCHED, RECEIVED)
    applied = payable and amount_fen == sale.total_fen
    payment = Payment.objects.create(
        event_id=event_id,
        order=order,
        gateway=gateway,
        kind=Payment.Kind.PAID,
        amount_fen=amount_fen,
        applied=applied,
        at=at,
    )
    if applied:
        Sale.objects.filter(pk=sale.pk).update(
            paid_fen=amount_fen, paid_on=days.day_of(at), expires_at=None, held_from=""
        )
        if order.status == PLACED:
            _set_status([order.pk], PAID)
            # What rides with others waits until it is known whether they are enough (`let_travel`).
            if not Participation.objects.waiting().filter(sale=sale).exists():
                let_travel(order_ids=[order.pk])
        _recognise([sale.pk])
    return payment


@transaction.atomic
def let_travel(*, order_ids: Iterable[int]) -> None:
    """Put the held consignments of the paid ones of these orders up to be shipped."""
    Consignment.objects.filter(
        order__in=list(order_ids), order__status__in=(PAID, DISPATCHED, RECEIVED), state=Consignment.State.HELD
    ).update(state=Consignment.State.TO_SHIP)


@transaction.atomic
def hold_back(*, order_ids: Iterable[int]) -> None:
    """Take what of these orders has not left out of what is to be shipped."""
    Consignment.objects.filter(order__in=list(order_ids), state=Consignment.State.TO_SHIP).update(
        state=Consignment.State.HELD
    )


@transaction.atomic
def change_truck(*, order, stop: Stop, expected_on: dt.date | None = None) -> bool:
    """Move a paid order nothing of which was shipped to the truck that halts at `stop`, for the freight it has paid.

    Return False where it is too late, or it rides that truck already. Raises CannotRide; nothing is changed then.
    """
    sale = Sale.objects.select_for_update().get(order=order)
    shipped = Consignment.objects.filter(
        order=order, state__in=(Consignment.State.DISPATCHED, Consignment.State.RECEIVED)
    )
    if (
        not Order.objects.filter(pk=sale.pk, status=PAID).exists()
        or sale.stop is None
        or sale.stop.departure_id == stop.departure_id
        or shipped.exists()
    ):
        return False
    lines = [line for line in sale.lines.select_related("produce") if line.kept_g]
    if not stop.departure.is_refrigerated and any(line.produce.is_cold_chain for line in lines):
        raise NeedsCold(stop.departure, "is not refrigerated")
    g = sum(line.gross_g for line in lines)
    logistics.actions.book(departure=stop.departure, g=g)
    logistics.actions.release(departure=sale.stop.departure, g=g)
    Sale.objects.filter(pk=sale.pk).update(stop=stop, expected_on=expected_on)
    return True


@transaction.atomic
def ship_on_terms(*, order) -> None:
    """Let a placed order travel before it is paid (账期): it never expires, and its consignments are to ship."""
    sale = Sale.objects.select_for_update().get(order=order)
    if Order.objects.filter(pk=order.pk, status=PLACED).exists():
        Sale.objects.filter(pk=sale.pk).update(expires_at=None)
        Consignment.objects.filter(order=order, state=Consignment.State.HELD).update(state=Consignment.State.TO_SHIP)


@transaction.atomic
def cancel(*, order, reason: str, by=None) -> bool:
    """Cancel an order nothing of which was shipped: stock is free again, and what was paid is given back.

    Return False where it is too late (shipped) or was done before.
    """
    sale = Sale.objects.select_for_update().get(order=order)
    return _cancel(sale, reason=reason, by=by)


def _cancel(sale: Sale, *, reason: str, by=None) -> bool:
    """Cancel the order of a locked `sale`, as `cancel` says."""
    order = Order.objects.get(pk=sale.pk)
    shipped = Shipment.objects.filter(consignment__order=order)
    if order.status not in (PLACED, PAID) or shipped.exists():
        return False
    if sale.stop_id:
        # As orders are placed: the truck first, then coupons, then stock.
        Departure.objects.select_for_update().filter(stops=sale.stop_id).first()
    give_coupons_back(order)
    if sale.paid_on:
        lines = [
            GiveBack(line.pk, g=line.kept_g, fen=line.net_fen)
            for line in sale.lines.all()
            if line.net_fen or line.net_g > line.refunded_g
        ]
        refund(
            refunds=[
                Refunding(
                    key=f"cancel-{order.number}",
                    sale_id=sale.pk,
                    lines=lines,
                    freight_fen=sale.freight_fen - sale.refunded_freight_fen,
                    reason=reason,
                    by=by,
                )
            ]
        )
    else:
        _unboard(sale.lines.all())
    release_stock(order.lines.all())
    Consignment.objects.filter(order=order).update(state=Consignment.State.CANCELLED)
    Sale.objects.filter(pk=sale.pk).update(held_from="")
    _set_status([order.pk], CANCELLED)
    return True


def call_off(*, departure: Departure, reason: str, by=None) -> int | None:
    """Let a direct truck not go: cancel the orders that ride on it, each on its own. Return how many, None if it left.

    Who rides in a group order is asked first: he may wait for the next truck (shop.together). Nobody boards while they are cancelled; killed halfway, the sweep goes on (`give_up_stranded`).
    """
    if not logistics.actions.close(departure=departure):
        return None
    return _give_up_aboard(Sale.objects.filter(stop__departure=departure), reason=reason, by=by)


def give_up_stranded() -> int:
    """Cancel the orders that still ride on direct trucks that do not go. Return how many."""
    stranded = Sale.objects.filter(stop__departure__state=Departure.State.CANCELLED)
    return _give_up_aboard(stranded, reason=_("the direct truck does not go"))


def _give_up_aboard(sales: QuerySet, *, reason: str, by=None) -> int:
    aboard = sales.filter(order__status__in=(PLACED, PAID), participation=None)
    return sum(cancel(order=sale.order, reason=reason, by=by) for sale in aboard.select_related("order").order_by("pk"))


def release_stock(lines: QuerySet) -> None:
    """Give the stock that `lines` of orders still hold back to sale."""
    # In the order of the stock, as orders are placed: two of the same goods never wait for each other.
    for line in lines.filter(num_allocated__gt=0).select_related("stockrecord").order_by("stockrecord", "pk"):
        line.cancel_allocation(line.num_allocated)


def expire_unpaid() -> int:
    """Cancel every order whose time to pay is over, each on its own. Return how many."""
    late = Sale.objects.expired(days.now()).order_by("pk").values_list("pk", flat=True)
    return sum(_expire(sale_id) for sale_id in late)


@transaction.atomic
def _expire(sale_id: int) -> bool:
    """Cancel an order if its time to pay is over; one that was paid since it was found is left alone."""
    sale = Sale.objects.select_for_update().get(pk=sale_id)
    if not Sale.objects.expired(days.now()).filter(pk=sale_id).exists():
        return False
    return _cancel(sale, reason="not paid in time")


@dataclass(frozen=True)
class Dispatching:
    """A consignment as the cooperative hands it over: everything of `logistics.actions.Leaving` but the lines.

    `line_ids` names the lines that leave now, None all that are left: a line travels whole, the others may follow. With a
    `batch`, its goods of that kind are drawn from the lots of the batch alone. The freight the buyer paid is not the
    claimant's to say: None takes the consignment's share of it from the order.
    """

    consignment: Consignment
    carrier_code: str
    waybill: str
    freight_fen: int
    at: dt.datetime
    gross_g: int | None = None
    billed_g: int | None = None
    vehicle: object = None
    buyer_paid_freight_fen: int | None = None
    other_subsidy_fen: int = 0
    line_ids: Collection[int] | None = None
    batch: Batch | None = None


@transaction.atomic
def dispatch(*, dispatching: Sequence[Dispatching]) -> list[Shipment]:
    """Send off each of `dispatching`: shipments are made, stock leaves, and each line is attributed to lots.

    Lines are attributed in the order (dispatched at, line id). Raises ValidationError by field; nothing is written then.
    """
    consignments = [item.consignment for item in dispatching]
    order_ids = sorted({consignment.order_id for consignment in consignments})
    sales = {sale.pk: sale for sale in Sale.objects.select_for_update().filter(pk__in=order_ids).order_by("pk")}
    buyer_paid = _freight_paid(sales)
    earlier = Shipment.objects.filter(consignment__in=consignments).order_by().values_list("consignment")
    given = dict(earlier.annotate(Sum("buyer_paid_freight_fen")))
    lines_of: dict[tuple[int, int], list[SaleLine]] = defaultdict(list)
    for line in SaleLine.objects.filter(sale__in=order_ids, dispatched_at=None).order_by("pk"):
        if line.net_g > line.refunded_g:
            lines_of[line.sale_id, line.cooperative_id].append(line)

    packs = {line.pack_id for lines in lines_of.values() for line in lines if line.pack_id}
    if Presale.objects.unsettled().filter(pack__in=packs).exists():
        # Who paid first is served first (shop.preorders), so nothing leaves before it is known how much there is.
        raise ValidationError(_("This was sold ahead. Enter how much came in under Pre-sales first, then ship it."))

    leaving, sent = [], {}
    for item in dispatching:
        left = lines_of[item.consignment.order_id, item.consignment.cooperative_id]
        if not left:
            raise ValidationError(_("Nothing of this consignment is left to ship."))
        lines = _leaving_now(left, item.line_ids)
        sent |= {line.pk: line for line in lines}
        is_last = len(lines) == len(left)
        leaving.append(
            logistics.actions.Leaving(
                consignment=item.consignment,
                carrier_code=item.carrier_code,
                waybill=item.waybill,
                gross_g=item.gross_g if item.gross_g is not None else sum(line.gross_g for line in lines),
                billed_g=item.billed_g,
                freight_fen=item.freight_fen,
                buyer_paid_freight_fen=_freight_share(
                    buyer_paid.get((item.consignment.order_id, item.consignment.cooperative_id), 0),
                    given.get(item.consignment.pk, 0),
                    item.consignment,
                    lines,
                    is_last=is_last,
                )
                if item.buyer_paid_freight_fen is None
                else item.buyer_paid_freight_fen,
                other_subsidy_fen=item.other_subsidy_fen,
                vehicle=item.vehicle,
                at=item.at,
                lines=[(line.pk, line.produce_id, line.kept_g) for line in lines],
                is_last=is_last,
            )
        )
    # The waybills and weights are checked, and the consignments taken, before any goods are drawn.
    shipments = logistics.actions.dispatch(leaving=leaving)

    for item, shipped in zip(dispatching, leaving, strict=True):
        now = [sent[line_id] for line_id, _produce, _g in shipped.lines]
        for line in now:
            line.dispatched_at = shipped.at
            if item.batch is not None and item.batch.produce_id == line.produce_id:
                line.batch = item.batch
        if item.batch is not None and not any(line.batch_id for line in now):
            raise ValidationError(
                {"batch": _("This batch is of other goods. Choose one of what is in the consignment.")}
            )
    untraced = suppliers.actions.attribute(
        sold=[
            suppliers.actions.Sold(
                line_id=line.pk,
                produce_id=line.produce_id,
                g=line.kept_g,
                fen=line.net_fen,
                dispatched_at=line.dispatched_at,
                batch_id=line.batch_id,
            )
            for line in sent.values()
        ]
    )
    for line in sent.values():
        if line.batch and line.pk in untraced:
            raise ValidationError(
                {
                    "batch": _("Batch %(code)s is short of %(kg)s kg for this. Choose another batch, or none.")
                    % {"code": line.batch.trace_code, "kg": f"{untraced[line.pk].g / 1000:g}"}
                }
            )
    # Named in the moment the line leaves, never after.
    SaleLine.objects.bulk_update([line for line in sent.values() if line.batch_id], ["batch"], batch_size=200)
    left_at = ShipmentLine.objects.filter(line=OuterRef("pk")).values("shipment__dispatched_at")
    SaleLine.objects.filter(pk__in=sent).update(dispatched_at=Subquery(left_at))
    for line_id, part in untraced.items():
        sent[line_id].untraced_g, sent[line_id].untraced_fen = part.g, part.fen
    SaleLine.objects.bulk_update(
        [sent[line_id] for line_id in untraced], ["untraced_g", "untraced_fen"], batch_size=200
    )
    leaving_lines = Line.objects.filter(pk__in=sent, num_allocated__gt=0)
    for line in leaving_lines.select_related("stockrecord").order_by("stockrecord", "pk"):
        line.consume_allocation(line.num_allocated)

    waiting = Consignment.objects.filter(
        order__in=order_ids, state__in=(Consignment.State.HELD, Consignment.State.TO_SHIP)
    ).values_list("order", flat=True)
    _set_status(set(order_ids) - set(waiting), DISPATCHED)
    ring(logistics.tasks.assess_dispatched_shipments)
    return shipments


def _leaving_now(left: Sequence[SaleLine], line_ids: Collection[int] | None) -> list[SaleLine]:
    """Of the lines that are left those that leave now. Raises ValidationError for none, and for one that is not left."""
    if line_ids is None:
        return list(left)
    if not line_ids:
        raise ValidationError({"lines": _("Tick what leaves now.")})
    if set(line_ids) - {line.pk for line in left}:
        raise ValidationError({"lines": _("Some of this has left already. Load the page again.")})
    return [line for line in left if line.pk in line_ids]


def _freight_share(
    fen: int, given_fen: int, consignment: Consignment, lines: Sequence[SaleLine], *, is_last: bool
) -> int:
    """What of the `fen` that the buyer paid for a consignment's freight falls on the `lines` that leave now, by gross weight.

    The last shipment takes what the earlier ones, given `given_fen`, have left, so they sum to what was paid.
    """
    if is_last:
        return max(fen - given_fen, 0)
    whole = list(
        SaleLine.objects.filter(sale=consignment.order_id, cooperative=consignment.cooperative_id)
        .filter(Q(dispatched_at__isnull=False) | Q(refunded_g__lt=F("net_g")))
        .order_by("pk")
        .values_list("pk", "gross_g")
    )
    shares = dict(zip([pk for pk, _g in whole], apportion(fen, [g for _pk, g in whole]), strict=True))
    return sum(shares[line.pk] for line in lines)


def _freight_paid(sales: Mapping[int, Sale]) -> dict[tuple[int, int], int]:
    """What the buyer paid for the freight of each (order, cooperative), by gross weight where there are several."""
    charged = {pk: sale.freight_fen - sale.refunded_freight_fen for pk, sale in sales.items() if sale.freight_fen}
    weights: dict[int, dict[int, int]] = defaultdict(dict)
    rows = SaleLine.objects.filter(sale__in=charged).order_by("sale", "cooperative").values_list("sale", "cooperative")
    for sale_id, cooperative_id, gross_g in rows.annotate(Sum("gross_g")):
        weights[sale_id][cooperative_id] = gross_g
    return {
        (sale_id, cooperative_id): fen
        for sale_id, by_cooperative in weights.items()
        for cooperative_id, fen in zip(
            by_cooperative, apportion(charged[sale_id], list(by_cooperative.values())), strict=True
        )
    }


@transaction.atomic
def receive(*, shipments: Sequence[Shipment], on: dt.date, how: str) -> None:
    """Mark `shipments` received on a day. An order all of which has come is received, and counts once it is paid.

    Raises ValidationError for a day before dispatch or still to come. Twice changes nothing.
    """
    order_ids = sorted(
        Shipment.objects.filter(pk__in=[s.pk for s in shipments])
        .values_list("consignment__order", flat=True)
        .distinct()
    )
    list(Sale.objects.select_for_update().filter(pk__in=order_ids).order_by("pk"))
    logistics.actions.receive(shipments=shipments, on=on, how=how)
    _close_received(order_ids)


def _close_received(order_ids: Iterable[int]) -> None:
    """Give each order whose consignments have all come (or were cancelled) its day of receipt, and count it if paid.

    An order all of whose money went back stays refunded.
    """
    last = Shipment.objects.filter(consignment__order=OuterRef("pk")).order_by("-received_on", "-pk")
    parts = Consignment.objects.filter(order=OuterRef("pk"))
    open_states = (Consignment.State.HELD, Consignment.State.TO_SHIP, Consignment.State.DISPATCHED)
    complete = Sale.objects.filter(
        Exists(parts.filter(state=Consignment.State.RECEIVED)), pk__in=order_ids, received_on=None
    ).exclude(Exists(parts.filter(state__in=open_states)))
    statuses = dict(complete.values_list("pk", "order__status"))
    Sale.objects.filter(pk__in=statuses).update(
        received_on=Subquery(last.values("received_on")[:1]), received_how=Subquery(last.values("received_how")[:1])
    )
    _set_status([pk for pk, status in statuses.items() if status != REFUNDED], RECEIVED)
    _recognise(statuses)


def _recognise(sale_ids: Iterable[int]) -> None:
    """Count the sales among `sale_ids` that are received and paid, from the later of both days; credit the households."""
    fresh = Sale.objects.filter(
        pk__in=list(sale_ids), recognised_on=None, paid_on__isnull=False, received_on__isnull=False
    )
    by_sale = dict(fresh.annotate(on=Greatest("paid_on", "received_on")).values_list("pk", "on"))
    Sale.objects.filter(pk__in=by_sale).update(recognised_on=Greatest("paid_on", "received_on"))
    earlier = list(Refund.objects.filter(sale__in=by_sale, counted_on=None))
    for one in earlier:
        one.counted_on = max(one.refunded_on, by_sale[one.sale_id])
    Refund.objects.bulk_update(earlier, ["counted_on"])
    lines = SaleLine.objects.filter(sale__in=by_sale).values_list("pk", "sale")
    given_back = RefundLine.objects.filter(refund__in=earlier).values_list(
        "line", "refund__made_at", "refund__counted_on"
    )
    suppliers.actions.credit(
        on_by_line={line_id: by_sale[sale_id] for line_id, sale_id in lines},
        # A refund may be later than the day on which the sale turns out to have been received.
        on_by_reversal={(line_id, made_at): on for line_id, made_at, on in given_back},
    )


def receive_by_default() -> int:
    """Mark received what left ten days ago or earlier and nobody has signed for. Return how many shipments.

    Private buyers' alone: what goes to an institution is received when it is accepted (验收). The day is the tenth after dispatch, however late the sweep comes.
    """
    term = dt.timedelta(days=RECEIVED_BY_DEFAULT_DAYS)
    late = Shipment.objects.filter(
        state=Shipment.State.DISPATCHED,
        dispatched_on__lte=days.today() - term,
        consignment__order__sale__buyer_kind=Sale.BuyerKind.INDIVIDUAL,
    )
    by_day: dict[dt.date, list[Shipment]] = defaultdict(list)
    for shipment in late.order_by("pk")[:500]:
        by_day[shipment.dispatched_on + term].append(shipment)
    for on, shipments in sorted(by_day.items()):
        receive(shipments=shipments, on=on, how=Shipment.Receipt.DEFAULT)
    return sum(len(shipments) for shipments in by_day.values())


@dataclass(frozen=True)
class GiveBack:
    """Grams and fen of a line to give back; grams 0 is an allowance on the price."""

    line_id: int
    g: int
    fen: int


@dataclass(frozen=True)
class Refunding:
    """A refund to make. `key` makes it happen once."""

    key: str
    sale_id: int
    lines: Sequence[GiveBack]
    reason: str
    freight_fen: int = 0
    on: dt.date = field(default_factory=days.today)
    by: object = None


@transaction.atomic
def refund(*, refunds: Sequence[Refunding]) -> list[Refund]:
    """Give back money: the sale falls, and what its goods were drawn from, credited and earned is reversed.

    Goods that have not left and are given back do not leave: the stock of each pack of them is free again.
    Return the refunds; one whose key is known is returned as it was. Raises ValidationError above what is left of a line,
    for an unpaid order, and for a day before payment or still to come.
    """
    now = days.now()
    sale_ids = sorted({item.sale_id for item in refunds})
    sales = {sale.pk: sale for sale in Sale.objects.select_for_update().filter(pk__in=sale_ids).order_by("pk")}
    known = {one.key: one for one in Refund.objects.filter(key__in=[item.key for item in refunds])}
    fresh = [item for item in refunds if item.key not in known]
    touched = [part.line_id for item in fresh for part in item.lines]
    if len(touched) != len(set(touched)):
        raise ValueError("one refund of a line in a call: the second has to see what the first has left")
    lines = {line.pk: line for line in SaleLine.objects.filter(sale__in=sale_ids)}
    made, made_lines, back = [], [], []
    for item in fresh:
        sale = sales[item.sale_id]
        _check_refund(item, sale, lines)
        goods_fen = sum(part.fen for part in item.lines)
        one = Refund(
            key=item.key,
            sale=sale,
            goods_fen=goods_fen,
            freight_fen=item.freight_fen,
            refunded_on=item.on,
            counted_on=max(item.on, sale.recognised_on) if sale.recognised_on else None,
            made_at=now,
            reason=item.reason,
            by=item.by,
        )
        made.append(one)
        for part in item.lines:
            line = lines[part.line_id]
            if line.dispatched_at:
                back.append(
                    suppliers.actions.GivenBack(
                        line_id=line.pk,
                        g=part.g,
                        fen=part.fen,
                        untraced=suppliers.actions.Part(line.untraced_g, line.untraced_fen),
                    )
                )
            line.refunded_g += part.g
            line.refunded_fen += part.fen
            made_lines.append(RefundLine(refund=one, line=line, g=part.g, fen=part.fen))
        sale.refunded_goods_fen += goods_fen
        sale.refunded_freight_fen += item.freight_fen
    untraced_back = suppliers.actions.reverse(given_back=back, at=now)
    for row in made_lines:
        if part := untraced_back.get(row.line.pk):
            row.untraced_g, row.untraced_fen = part.g, part.fen
            row.line.untraced_g -= part.g
            row.line.untraced_fen -= part.fen
    changed = [row.line for row in made_lines]
    Refund.objects.bulk_create(made, batch_size=500)
    RefundLine.objects.bulk_create(made_lines, batch_size=500)
    SaleLine.objects.bulk_update(changed, ["refunded_g", "refunded_fen", "untraced_g", "untraced_fen"], batch_size=200)
    Sale.objects.bulk_update(sales.values(), ["refunded_goods_fen", "refunded_freight_fen"], batch_size=200)
    logistics.actions.give_back(grams_by_line={item.line_id: item.g for item in back if item.g})
    suppliers.actions.credit(
        on_by_line={row.line.pk: row.refund.counted_on for row in made_lines if row.refund.counted_on}
    )
    gateways = dict(
        Payment.objects.filter(order__in=sale_ids, kind=Payment.Kind.PAID, applied=True).values_list("order", "gateway")
    )
    Payment.objects.bulk_create(
        [
            Payment(
                event_id=f"refund-{one.key}",
                order_id=one.sale_id,
                gateway=gateways.get(one.sale_id, ""),
                kind=Payment.Kind.REFUNDED,
                amount_fen=one.goods_fen + one.freight_fen,
                applied=True,
                at=one.made_at,
            )
            for one in made
        ]
    )
    # Only of what was given back now: a repeated refund leaves the order as it has become since.
    touched_sales = [sales[sale_id] for sale_id in {item.sale_id for item in fresh}]
    _set_status([sale.pk for sale in touched_sales if sale.refunded_goods_fen == sale.goods_fen], REFUNDED)
    # Grams of this refund alone: a line that was given back before is kept back already.
    unsent = [row.line for row in made_lines if row.g and row.line.dispatched_at is None]
    _keep_back([line for line in unsent if line.kept_g == 0])
    _free_stock(unsent)
    return [*known.values(), *made]


def _keep_back(lines: Sequence[SaleLine]) -> None:
    """Let `lines`, refunded whole before they left, not leave: free their room on a truck, and cancel consignments of
    which nothing is left; one that has left in part is where its shipments are.

    An order that waited for nothing else goes on to where its other consignments are.
    """
    if not lines:
        return
    _unboard(SaleLine.objects.filter(pk__in=[line.pk for line in lines]))
    order_ids = {line.sale_id for line in lines}
    waiting_states = (Consignment.State.HELD, Consignment.State.TO_SHIP)
    left = SaleLine.objects.filter(
        sale=OuterRef("order"), cooperative=OuterRef("cooperative"), refunded_g__lt=F("net_g"), dispatched_at=None
    )
    done = Consignment.objects.filter(order__in=order_ids, state__in=waiting_states).exclude(Exists(left))
    shipments = Shipment.objects.filter(consignment=OuterRef("pk"))
    on_its_way = Exists(shipments.filter(state=Shipment.State.DISPATCHED))
    done.update(
        state=Case(
            When(on_its_way, then=Value(Consignment.State.DISPATCHED)),
            When(Exists(shipments), then=Value(Consignment.State.RECEIVED)),
            default=Value(Consignment.State.CANCELLED),
        )
    )
    on_their_way = (
        Order.objects.filter(pk__in=order_ids, status__in=(PLACED, PAID))
        .filter(consignments__state__in=(Consignment.State.DISPATCHED, Consignment.State.RECEIVED))
        .exclude(consignments__state__in=waiting_states)
    )
    _set_status(on_their_way.values_list("pk", flat=True), DISPATCHED)
    _close_received(order_ids)


def _free_stock(lines: Sequence[SaleLine]) -> None:
    """Give back to sale the packs of `lines` that were refunded before they left: they lie in the store."""
    kept = {line.pk: line.kept_packs for line in lines}
    for line in Line.objects.filter(pk__in=kept).select_related("stockrecord").order_by("stockrecord", "pk"):
        if (unsent := (line.num_allocated or 0) - kept[line.pk]) > 0:
            line.cancel_allocation(unsent)


def _check_refund(item: Refunding, sale: Sale, lines: Mapping[int, SaleLine]) -> None:
    if sale.paid_on is None:
        raise ValidationError(_("This order was not paid, so there is nothing to give back. Cancel it instead."))
    if not sale.paid_on <= item.on <= days.today():
        raise ValidationError({"on": _("The day of the refund is between the day of payment and today.")})
    if not 0 <= item.freight_fen <= sale.freight_fen - sale.refunded_freight_fen:
        raise ValidationError({"freight_fen": _("No more freight can be given back than was paid.")})
    for part in item.lines:
        line = lines.get(part.line_id)
        if line is None or line.sale_id != sale.pk:
            raise ValidationError(_("This line is not part of the order."))
        if not (0 <= part.g <= line.kept_g and 0 <= part.fen <= line.net_fen):
            raise ValidationError({"fen": _("No more can be given back than is left of the line.")})
        if part.fen == line.net_fen != 0 and part.g != line.kept_g:
            # Grams that stay sold for nothing would keep households helped by a sale that is no more.
            raise ValidationError({"g": _("A refund in full takes back the whole weight.")})
        if line.dispatched_at is None and 0 < part.g == line.kept_g and part.fen != line.net_fen:
            raise ValidationError(
                {"fen": _("These goods have not left: for the whole weight, the whole amount goes back.")}
            )


@transaction.atomic
def trace_late_lots(*, limit: int = 500) -> int:
    """Draw what stayed untraced from lots that have come onto the books since. Return how many lines gained some.

    The credits of a sale that counts already are dated by the day it was recognised.
    """
    sale_ids = sorted({sale_id for _line, sale_id in _traceable()[:limit]})
    list(Sale.objects.select_for_update().filter(pk__in=sale_ids).order_by("pk"))
    lines = {line.pk: line for line in SaleLine.objects.untraced().filter(sale__in=sale_ids).select_related("sale")}
    still = suppliers.actions.attribute(
        sold=[
            suppliers.actions.Sold(
                line_id=line.pk,
                produce_id=line.produce_id,
                g=line.untraced_g,
                fen=line.untraced_fen,
                dispatched_at=line.dispatched_at,
                batch_id=line.batch_id,
            )
            for line in lines.values()
        ]
    )
    gained = []
    for line in lines.values():
        part = still.get(line.pk, suppliers.actions.Part(0, 0))
        if part.g < line.untraced_g:
            line.untraced_g, line.untraced_fen = part.g, part.fen
            gained.append(line)
    SaleLine.objects.bulk_update(gained, ["untraced_g", "untraced_fen"], batch_size=200)
    suppliers.actions.credit(
        on_by_line={line.pk: line.sale.recognised_on for line in gained if line.sale.recognised_on}
    )
    Shipment.objects.filter(lines__line__in=[line.pk for line in gained]).update(is_assessed=False)
    if gained:
        ring(logistics.tasks.assess_dispatched_shipments)
    return len(gained)


def _traceable() -> list[tuple[int, int]]:
    """(line, sale) of the untraced lines for which there is a verified lot now, in the order in which they draw."""
    lots: dict[int, list[tuple[dt.date, int | None]]] = defaultdict(list)
    untraced = SaleLine.objects.untraced()
    with_goods = PurchaseLot.objects.filter(produce__in=untraced.values("produce")).verified().with_goods_left()
    for produce_id, bought_on, batch_id in (
        with_goods.order_by().values_list("produce", "bought_on", "batch").distinct()
    ):
        lots[produce_id].append((bought_on, batch_id))
    rows = untraced.filter(produce__in=lots).order_by("dispatched_at", "pk")
    found = []
    for line_id, sale_id, produce_id, dispatched_at, shelf_life_days, named in rows.values_list(
        "pk", "sale", "produce", "dispatched_at", "produce__shelf_life_days", "batch"
    ):
        on = days.day_of(dispatched_at)
        # Lines that only lots past their shelf life could cover are left out, else they would stand in the way for ever.
        if any(
            0 <= (on - bought_on).days <= shelf_life_days and named in (None, batch_id)
            for bought_on, batch_id in lots[produce_id]
        ):
            found.append((line_id, sale_id))
    return found


def _set_status(order_ids: Iterable[int], status: str) -> None:
    """Give orders a status, with the history that Oscar keeps of it."""
    changing = list(Order.objects.filter(pk__in=list(order_ids)).exclude(status=status).values_list("pk", "status"))
    OrderStatusChange.objects.bulk_create(
        [OrderStatusChange(order_id=pk, old_status=old, new_status=status) for pk, old in changing], batch_size=500
    )
    Order.objects.filter(pk__in=[pk for pk, _old in changing]).update(status=status)
