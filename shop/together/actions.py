"""A group order is started, joined, decided at its cut-off, rolled over, called off, handed out.

Locks are taken in one order: the group order, then what `shop.orders` locks. Each part of the sweep may be killed
anywhere and run again: what is due stands in the rows.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from oscar.core.loading import get_class, get_model

from logistics.actions import CannotRide, Halt, wrong_with
from logistics.models import Departure, Shipment, Stop
from shop import orders, places
from shop.holding import Holder
from shop.models import Sale
from shop.preorders.models import Presale
from shop.shipping.methods import ByTruck
from suppliers.base import days
from suppliers.models import Pack

from . import board
from .models import GroupOrder, Participation
from .reckoning import Fate, Least, Truck, fate

Basket = get_model("basket", "Basket")
ShippingAddress = get_model("order", "ShippingAddress")

PAY_WITHIN = dt.timedelta(minutes=30)
CHOOSE_WITHIN = dt.timedelta(hours=24)
# A tick on the hand-out list may be taken back for so long; then it is the receipt of the order.
UNTICK_WITHIN = dt.timedelta(minutes=30)
OPEN_AT_ONCE = 5
# What the starter is asked for, of a halt.
FIELD_OF = {"area_code": "district", "opens_at": "day", "closes_at": "day"}
MOST_PACKS = 6


class NotOpen(Exception):
    """Nobody can join this group order (any more)."""


class TooLate(Exception):
    """What was asked for is decided, sent or done already."""


class TooEarly(Exception):
    """The day on which the truck hands out has not come."""


class NoNextTruck(Exception):
    """There is no later departure to this city with room for it."""


# ── Starting and joining ─────────────────────────────────────────────────────────────────────────────────────────────


def may_ride(pack: Pack, departure: Departure) -> bool:
    """Whether private persons may have `pack` brought by `departure`."""
    if pack.is_for_institutions or Presale.objects.filter(pack=pack).exists():
        return False
    return departure.is_refrigerated or not pack.produce.is_cold_chain


@transaction.atomic
def start(
    *,
    by,
    departure: Departure,
    packs: Sequence[Pack],
    point: Halt,
    least: Least,
    closes_at: dt.datetime,
    host: str,
    title: str,
    words: str = "",
) -> GroupOrder:
    """Start a group order on `departure`; `point` becomes a stop of it. Raises ValidationError by field."""
    now = days.now()
    errors = {}
    if not departure.is_open_at(now):
        raise ValidationError(_("This truck takes no orders any more. Choose another one."))
    if GroupOrder.objects.filter(starter=by).joinable_at(now).count() >= OPEN_AT_ONCE:
        raise ValidationError(_("You have %(n)d group orders open. Close one of them first.") % {"n": OPEN_AT_ONCE})
    if GroupOrder.objects.filter(starter=by, stop__departure=departure).count() >= OPEN_AT_ONCE:
        # Each makes a stop of the truck, and a stop stays.
        raise ValidationError(_("You have started %(n)d group orders on this truck already.") % {"n": OPEN_AT_ONCE})
    if not 0 < len(packs) <= MOST_PACKS:
        errors["packs"] = _("Choose 1 to %(n)d products.") % {"n": MOST_PACKS}
    elif not all(may_ride(pack, departure) for pack in packs):
        errors["packs"] = _("Something you chose cannot ride on this truck.")
    if not now < closes_at <= departure.cut_off_at:
        errors["closes_at"] = _("It closes before the truck does, and not in the past.")
    if least.g > departure.capacity_g:
        errors["least"] = _("The whole truck carries %(kg)d kg.") % {"kg": departure.capacity_g // 1000}
    wrong = wrong_with(point, city_code=departure.city_code, leaves_at=departure.leaves_at)
    errors |= {FIELD_OF[name]: text for name, text in wrong.items()}
    if errors:
        raise ValidationError(errors)
    group = GroupOrder.objects.create(
        starter=by,
        host=host,
        title=title,
        words=words,
        stop=_stop(departure, point),
        least_g=least.g,
        least_joiners=least.joiners,
        closes_at=closes_at,
        started_at=now,
    )
    group.packs.set(packs)
    return group


def _stop(departure: Departure, point: Halt) -> Stop:
    """A stop of `departure` at `point`. Raises ValidationError where another one has its name."""
    try:
        with transaction.atomic():
            return Stop.objects.create(departure=departure, **asdict(point))
    except IntegrityError as error:
        raise ValidationError(
            {"point": _("This truck has a hand-out point of this name. Say more exactly where yours is.")}
        ) from error


@dataclass(frozen=True)
class Joiner:
    """Who joins: only the starter sees more of it than the first sign of the name."""

    name: str
    mobile: str
    note: str = ""
    user: object = None
    address: str = ""  # of the network


@transaction.atomic
def join(
    *, group: GroupOrder, key: str, wanted: Mapping[Pack, int], joiner: Joiner, is_fresh_confirmed: bool = False
) -> Participation:
    """Place an order of its own for `joiner`, and put it into `group`. The same `key` again is the same order.

    Raises NotOpen, CannotRide where the truck does not take it, OutOfStock, and TooManyUnpaid; nothing is written then.
    """
    group = GroupOrder.objects.select_for_update().get(pk=group.pk)
    if known := Participation.objects.select_related("sale").filter(key=key).first():
        if known.group_id != group.pk:
            raise NotOpen
        return known
    now = days.now()
    stop = Stop.objects.select_related("departure").get(pk=group.stop_id)
    chosen = set(group.packs.values_list("pk", flat=True))
    if not group.is_joinable_at(now) or not wanted or not {pack.pk for pack in wanted} <= chosen:
        raise NotOpen
    basket = Basket.objects.create(owner=joiner.user)
    basket.strategy = get_class("partner.strategy", "Selector")().strategy(user=joiner.user)
    for pack, quantity in wanted.items():
        basket.add_product(pack.product, quantity)
    order = orders.place(
        basket=basket,
        shipping_address=_address(stop, joiner),
        shipping_method=ByTruck(stop.departure),
        city_code=stop.departure.city_code,
        user=joiner.user,
        channel=Sale.Channel.GROUP,
        delivery=Sale.Delivery.TRUCK,
        stop=stop,
        expected_on=days.day_of(stop.opens_at),
        note=joiner.note,
        is_fresh_confirmed=is_fresh_confirmed,
        minutes_to_pay=int(PAY_WITHIN.total_seconds() // 60),
        holder=Holder(joiner.user, joiner.mobile, joiner.address),
    )
    return Participation.objects.create(sale=order.sale, group=group, key=key, joined_at=now)


def _address(stop: Stop, joiner: Joiner):
    """The hand-out point as the address of `joiner`'s order."""
    district = places.district(stop.area_code)
    return ShippingAddress(
        first_name=joiner.name,
        line1=f"{stop.address} {stop.name}",
        line3=district.name,
        line4=places.city_of(stop.area_code).name,
        state=places.province_of(stop.area_code).name,
        area_code=district.code,
        phone_number=joiner.mobile,
        country_id="CN",
    )


# ── The cut-off ──────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def close(*, group: GroupOrder) -> None:
    """Let nobody join any more, and decide if nobody has still to pay. Raises NotOpen where it is closed already."""
    now = days.now()
    if not GroupOrder.objects.filter(pk=group.pk).joinable_at(now).update(closes_at=now):
        raise NotOpen
    decide(group_id=group.pk)


@transaction.atomic
def decide(*, group_id: int) -> str:
    """Let a group order become what its cut-off, and its truck, make of it. Return its state; again changes nothing."""
    group = GroupOrder.objects.select_for_update().get(pk=group_id)
    if group.state not in ("open", "closed", "confirmed"):
        return group.state
    now = days.now()
    departure = Departure.objects.get(stops=group.stop_id)
    aboard = board.aboard(board.rows(group))
    coming = fate(
        aboard,
        Least(group.least_g, group.least_joiners),
        _truck(departure, now),
        is_due=group.closes_at <= now,
    )
    was = group.state
    if was == GroupOrder.State.CONFIRMED and coming is not Fate.TRUCK_CANCELLED:
        return was  # whoever leaves now leaves alone
    if coming in SHORT:
        group.state, group.why, group.decide_by = GroupOrder.State.SHORT, SHORT[coming], now + CHOOSE_WITHIN
    elif coming is Fate.NOBODY:
        group.state = GroupOrder.State.ENDED
    elif coming is not Fate.OPEN:
        group.state = coming.value
    if group.state != was:
        group.save(update_fields=["state", "why", "decide_by"])
        aboard_ids = list(group.participations.live().values_list("pk", flat=True))
        if group.state == GroupOrder.State.CONFIRMED:
            orders.let_travel(order_ids=aboard_ids)
        elif was == GroupOrder.State.CONFIRMED:
            orders.hold_back(order_ids=aboard_ids)
    return group.state


SHORT = {
    Fate.TOO_FEW: GroupOrder.Why.TOO_FEW,
    Fate.TRUCK_TOO_EMPTY: GroupOrder.Why.TRUCK_TOO_EMPTY,
    Fate.TRUCK_CANCELLED: GroupOrder.Why.TRUCK_CANCELLED,
}


def _truck(departure: Departure, now: dt.datetime) -> Truck:
    has_left = departure.state == Departure.State.LEFT
    return Truck(
        is_cancelled=departure.state == Departure.State.CANCELLED,
        is_closed=has_left or departure.cut_off_at + PAY_WITHIN <= now,
        booked_g=departure.booked_g,
        least_g=0 if has_left else departure.least_g,
    )


def decide_due() -> int:
    """Decide on every group order whose time to join is over, or whose truck does not go. Return how many changed."""
    due = Q(state__in=("open", "closed"), closes_at__lte=days.now()) | Q(
        state__in=("open", "closed", "confirmed"), stop__departure__state=Departure.State.CANCELLED
    )
    found = GroupOrder.objects.filter(due).order_by("pk").values_list("pk", "state")
    return sum(decide(group_id=pk) != state for pk, state in list(found))


# ── Below the least: roll over, or money back ────────────────────────────────────────────────────────────────────────


@transaction.atomic
def roll_over(*, participation: Participation) -> Participation:
    """Move a paid order of a group order that fell short to the next departure with room, for the freight it has paid.

    The first to do so takes the group order along: its successor is open to join. Raises TooLate where its group order
    is not short or its order cannot be moved any more, and NoNextTruck; nothing is written then.
    """
    # The group order that it was shown on: who has rolled over already rolls no further.
    group = GroupOrder.objects.select_for_update().get(pk=participation.group_id)
    own = Participation.objects.select_related("sale__order").filter(pk=participation.pk, group=group)
    moving = own.not_sent().first()
    if group.state != GroupOrder.State.SHORT or moving is None or moving.sale.order.status != orders.PAID:
        raise TooLate
    successor = _successor(group, g=_weight(moving.sale))
    try:
        moved = orders.change_truck(
            order=moving.sale.order, stop=successor.stop, expected_on=days.day_of(successor.stop.opens_at)
        )
    except CannotRide as error:
        raise NoNextTruck from error
    if not moved:
        raise TooLate
    moving.group = successor
    moving.save(update_fields=["group"])
    _end_if_empty(group)
    return moving


def _weight(sale: Sale) -> int:
    return sum(line.gross_g for line in sale.lines.all() if line.kept_g)


def next_departures(group: GroupOrder, *, g: int) -> QuerySet[Departure]:
    """Later departures than `group`'s to its city that take orders and have room for `g` gross grams."""
    departure = group.stop.departure
    later = (
        Departure.objects.to_city(departure.city_code)
        .open_at(days.now())
        .with_room_for(g)
        .filter(leaves_at__gt=departure.leaves_at)
    )
    if group.packs.filter(produce__is_cold_chain=True).exists():
        later = later.filter(is_refrigerated=True)
    return later.order_by("leaves_at", "pk")


def _successor(group: GroupOrder, *, g: int) -> GroupOrder:
    """The group order that whoever rolls over from (locked) `group` goes into; started if nobody has rolled over yet."""
    known = GroupOrder.objects.select_related("stop__departure").filter(follows=group).first()
    if known:
        if not known.is_joinable_at(days.now()):
            raise NoNextTruck
        return known
    departure = next_departures(group, g=g).first()
    if departure is None:
        raise NoNextTruck
    later = departure.leaves_at - group.stop.departure.leaves_at
    point = Halt(
        name=_free_name(departure, group.stop.name),
        address=group.stop.address,
        area_code=group.stop.area_code,
        # As many days later as the truck, at the same hours.
        opens_at=_same_hour(group.stop.opens_at, later),
        closes_at=_same_hour(group.stop.closes_at, later),
    )
    successor = GroupOrder.objects.create(
        starter_id=group.starter_id,
        host=group.host,
        title=group.title,
        words=group.words,
        stop=_stop(departure, point),
        least_g=min(group.least_g, departure.capacity_g),
        least_joiners=group.least_joiners,
        closes_at=departure.cut_off_at,
        follows=group,
        started_at=days.now(),
    )
    successor.packs.set(group.packs.all())
    return successor


def _same_hour(moment: dt.datetime, later: dt.timedelta) -> dt.datetime:
    return moment + dt.timedelta(days=-(-later // dt.timedelta(days=1)))


def _free_name(departure: Departure, name: str) -> str:
    """`name`, or with a number after it where a stop of `departure` has it already."""
    taken = set(departure.stops.values_list("name", flat=True))
    return next(one for n in range(1, len(taken) + 2) if (one := name if n == 1 else f"{name[:56]} {n}") not in taken)


def roll_over_all(*, group: GroupOrder) -> tuple[int, int]:
    """Roll over everybody who has not chosen yet. Return how many moved, and how many the next truck did not take.

    Each may still give up his order and have his money back, until it is sent.
    """
    moved = left = 0
    for participation in group.participations.live().filter(sale__order__status=orders.PAID).in_order():
        try:
            roll_over(participation=participation)
            moved += 1
        except (TooLate, NoNextTruck):
            left += 1
    return moved, left


@transaction.atomic
def have_back(*, participation: Participation, by=None) -> None:
    """Give up one's order in a group order, and have the money back. Raises TooLate where it is sent, or done before."""
    group = GroupOrder.objects.select_for_update().get(pk=participation.group_id)
    if not orders.cancel(order=participation.sale.order, reason=_("The group order did not come about."), by=by):
        raise TooLate
    _end_if_empty(group)


def _end_if_empty(group: GroupOrder) -> None:
    """End a (locked) group order that fell short once everybody on it has chosen."""
    if group.state == GroupOrder.State.SHORT and not group.participations.live().exists():
        group.state = GroupOrder.State.ENDED
        group.save(update_fields=["state"])


@transaction.atomic
def call_off(*, group: GroupOrder) -> None:
    """Call off a group order of which nothing was sent: everybody has his money back. Raises TooLate."""
    group = GroupOrder.objects.select_for_update().get(pk=group.pk)
    over = (GroupOrder.State.CANCELLED, GroupOrder.State.ENDED)
    sent = group.participations.filter(sale__order__consignments__state__in=("dispatched", "received"))
    if group.state in over or sent.exists():
        raise TooLate
    group.state = GroupOrder.State.CANCELLED
    group.save(update_fields=["state"])


def end_overdue() -> int:
    """End every group order whose joiners had their time to choose. Return how many."""
    return GroupOrder.objects.overdue_at(days.now()).update(state=GroupOrder.State.ENDED)


def give_money_back() -> int:
    """Cancel the orders that are left in group orders that were called off or ended. Return how many."""
    left = Participation.objects.filter(group__in=GroupOrder.objects.given_up()).live().not_sent()
    return sum(
        orders.cancel(order=one.sale.order, reason=_("The group order did not come about."))
        for one in left.select_related("sale__order").order_by("pk")
    )


# ── Handing out ──────────────────────────────────────────────────────────────────────────────────────────────────────


def hand_out(*, participation: Participation, by) -> None:
    """Tick somebody off: he has his goods. Again changes nothing. Raises TooLate where they are not on their way, and
    TooEarly before the day of the truck: a receipt ends the time in which what came spoiled can be reported.

    The tick becomes the receipt of his order once it cannot be taken back any more.
    """
    there = Participation.objects.filter(
        pk=participation.pk, sale__order__status__in=(orders.DISPATCHED, orders.RECEIVED)
    )
    if not there.exists():
        raise TooLate
    if days.day_of(participation.group.stop.opens_at) > days.today():
        raise TooEarly
    Participation.objects.filter(pk=participation.pk, handed_out_at=None).update(
        handed_out_at=days.now(), handed_out_by=by
    )


def take_tick_back(*, participation: Participation) -> None:
    """Untick somebody who was ticked off by mistake. Raises TooLate where the tick has become a receipt."""
    recent = Participation.objects.filter(pk=participation.pk, handed_out_at__gt=days.now() - UNTICK_WITHIN)
    if not recent.update(handed_out_at=None, handed_out_by=None):
        raise TooLate


def receive_handed_out() -> int:
    """Let every tick that stands make its order received, on the day of the tick. Return how many orders."""
    # A minute more than a tick may be taken back, so the two never meet.
    until = days.now() - UNTICK_WITHIN - dt.timedelta(minutes=1)
    coming = Shipment.objects.filter(consignment__order=OuterRef("sale__order"), state=Shipment.State.DISPATCHED)
    ticked = Participation.objects.filter(Exists(coming), handed_out_at__lte=until).order_by("pk")
    done = 0
    for one in ticked:
        shipments = Shipment.objects.filter(consignment__order=one.pk, state=Shipment.State.DISPATCHED)
        # The starter hands out in the truck's place, so this is the carrier's sheet of signatures.
        orders.receive(shipments=list(shipments), on=days.day_of(one.handed_out_at), how=Shipment.Receipt.CARRIER)
        done += 1
    return done


# ── An account is erased ─────────────────────────────────────────────────────────────────────────────────────────────


def forget(*, user, name: str) -> None:
    """Take `user` out of the group orders that he started and handed out: `name` stands there instead.

    For those that are not under way any more; the ticks stay, with their time.
    """
    GroupOrder.objects.filter(starter=user).update(starter=None, host=name, words="")
    Participation.objects.filter(handed_out_by=user).update(handed_out_by=None, is_handed_out_by_erased=True)
