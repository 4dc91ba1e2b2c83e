"""The labelled demo payment: whoever presses the button has paid. Production never offers it."""

from django.conf import settings

from shop import orders
from suppliers.base import days

from .models import Payment

NAME = "demo"


def is_offered() -> bool:
    return not settings.PRODUCTION


def pay(order) -> Payment:
    """Take note that `order` was paid in full; twice is once."""
    return orders.pay(
        order=order,
        event_id=f"{NAME}-{order.number}",
        gateway=NAME,
        amount_fen=order.sale.total_fen,
        at=days.now(),
    )
