"""How far an order is, in words for its buyer: the steps it takes, what comes next, what happened."""

from django.utils.translation import gettext as _

from logistics.models import Consignment
from shop import orders
from shop.models import Sale
from shop.payments.models import Payment
from shop.preorders.models import Presale
from shop.templatetags.almanac import month_day
from shop.together.models import GroupOrder
from suppliers.base import days


def is_waiting(sale: Sale, states: set[str]) -> bool:
    """Whether it is paid, and held all the same: for the group order that it is part of."""
    return sale.order.status == orders.PAID and Consignment.State.HELD in states and hasattr(sale, "participation")


def next_step(sale: Sale, states: set[str], presale: Presale | None = None) -> str:
    """What the buyer does now, or what happens next without him; nothing where it is all done."""
    status, delivery = sale.order.status, sale.delivery
    if status == orders.PLACED and not sale.paid_on:
        if not sale.expires_at:
            return _("The cooperatives pack it; the invoice is paid as agreed.")
        return _("Pay, and the cooperatives begin to pack. Until then the goods are held for you.")
    if Consignment.State.DISPATCHED in states:
        if delivery == Sale.Delivery.TRUCK:
            return _("Fetch it where the truck stops, look into the box, then say that it has come.")
        if delivery == Sale.Delivery.COUNTER:
            return _("Fetch it at the counter, look into the box, then say that it has come.")
        return _("When the parcel comes, look into it first, then say that it has come.")
    if is_waiting(sale, states):
        if sale.participation.group.state == GroupOrder.State.SHORT:
            return _("The group order does not go. Choose below what is to become of your order.")
        return _("Nothing to do for you: it is packed as soon as it is certain that the group order goes.")
    if status == orders.PAID and presale:
        return _(
            "It is still on the tree. It is picked and sent from %(starts)s to %(ends)s; nothing to do for you."
        ) % {
            "starts": month_day(presale.ships_from),
            "ends": month_day(presale.ships_to),
        }
    if status == orders.PAID:
        return _("Nothing to do for you: the cooperatives pack it and send it off.")
    if status == orders.RECEIVED:
        return _("Enjoy it. Keep fresh goods cool and eat them soon.")
    return ""


def steps(status: str) -> list[dict]:
    """The way of an order, with what of it is done; nothing for one that was given up."""
    way = [
        (orders.PLACED, _("Placed")),
        (orders.PAID, _("Paid")),
        (orders.DISPATCHED, _("On its way")),
        (orders.RECEIVED, _("Received")),
    ]
    codes = [code for code, _name in way]
    if status not in codes:
        return []
    at = codes.index(status)
    return [{"name": name, "is_done": i <= at, "is_current": i == at} for i, (_code, name) in enumerate(way)]


def events(sale: Sale, parcels: list[dict]) -> list[dict]:
    """What happened to an order, the latest first: moments, or days where no more is known."""
    texts = {
        orders.CANCELLED: _("Cancelled."),
        orders.REFUNDED: _("Paid back in full."),
    }
    found = [{"at": sale.order.date_placed, "text": _("Order placed.")}]
    found += [
        {"at": payment.at, "text": _("Paid.")}
        for payment in sale.order.payments.filter(kind=Payment.Kind.PAID, applied=True)
    ]
    found += [
        {"at": change.date_created, "text": texts[change.new_status]}
        for change in sale.order.status_changes.all()
        if change.new_status in texts
    ]
    for parcel in parcels:
        name = parcel["consignment"].cooperative.name
        for shipment in parcel["consignment"].shipments.all():
            text = _("%(cooperative)s has sent its parcel: %(carrier)s %(waybill)s.") % {
                "cooperative": name,
                "carrier": shipment.carrier.name,
                "waybill": shipment.waybill,
            }
            found.append({"at": shipment.dispatched_at, "text": text})
            if shipment.received_on:
                arrived = max(days.at(shipment.received_on, 23, 59), shipment.dispatched_at)
                text = _("The parcel of %(cooperative)s was received.") % {"cooperative": name}
                found.append({"at": arrived, "on": shipment.received_on, "text": text})
    return sorted(found, key=lambda event: event["at"], reverse=True)
