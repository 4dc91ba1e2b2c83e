"""What county staff may do to an order in Oscar's dashboard: cancel it, by the one way there is."""

from django.utils.translation import gettext as _
from oscar.apps.order import processing as oscars
from oscar.apps.order.exceptions import InvalidPaymentEvent, InvalidShippingEvent
from oscar.apps.payment.exceptions import PaymentError


class EventHandler(oscars.EventHandler):
    """Statuses change in shop.orders, which tells suppliers and logistics; the dashboard asks it."""

    def handle_order_status_change(self, order, new_status, note_msg=None) -> None:
        """Cancel `order`. Raises PaymentError (which the dashboard shows) where it is too late, or for another status."""
        from shop import orders

        reason = _("cancelled by county staff")
        if new_status != orders.CANCELLED or not orders.cancel(order=order, reason=reason, by=self.user):
            raise PaymentError(_("this order was shipped or cancelled meanwhile"))
        if note_msg:
            self.create_note(order, note_msg)

    def handle_shipping_event(self, *args, **kwargs) -> None:
        raise InvalidShippingEvent(_("cooperatives ship on their own pages"))

    def handle_payment_event(self, *args, **kwargs) -> None:
        raise InvalidPaymentEvent(_("payments are taken from what the provider reports"))
