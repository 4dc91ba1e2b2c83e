"""Who holds goods without having paid for them, and in how many orders at once one may.

Every unpaid order holds stock, and room on a truck, for half an hour. Bounded are an account; among guests a mobile
number; and whoever comes from one network address, which a household, an office or a mobile operator shares: so that
bound is far higher, and an order counts until it is paid or given up, not longer.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import models
from django.db.models import ExpressionWrapper, Q

from shop.accounts import limits
from suppliers.base import days
from suppliers.base.privacy import keyed_index

from .models import Sale

MOST_OF_ONE = 3
MOST_FROM_ONE_ADDRESS = 30
LONGEST = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Holder:
    """Who is about to order: the account, else the mobile number, and the network address he comes from."""

    user: object = None
    mobile: str = ""
    address: str = ""

    @property
    def address_index(self) -> str:
        """What is kept of the address while the order holds something: it tells no address."""
        return keyed_index(f"held-from:{self.address}") if self.address else ""


class TooManyUnpaid(Exception):
    """The holder has `sales` open that are not paid; none are named where they are other people's (one address)."""

    def __init__(self, sales: list[Sale]) -> None:
        super().__init__(f"{len(sales)} unpaid orders are open")
        self.sales = sales


def check(holder: Holder) -> None:
    """Raise TooManyUnpaid where `holder` may open no other order; else he is alone at it until the transaction ends.

    Asked for before a truck or stock is locked.
    """
    if holder.user:
        who, is_own = f"account:{holder.user.pk}", Q(order__user=holder.user)
    else:
        who = f"mobile:{holder.mobile}"
        is_own = Q(order__user=None, order__shipping_address__phone_number=holder.mobile)
    # Always in this order, so two visitors never wait for each other. Who comes from nowhere waits for nobody else there.
    subjects = [f"holding:address:{holder.address}"] if holder.address else []
    limits.stand_alone(*subjects, f"holding:{who}", term=LONGEST)
    is_from_here = Q(held_from=holder.address_index) if holder.address else Q(pk=None)
    holding = Sale.objects.holding(days.now()).filter(is_own | is_from_here).select_related("order")
    sales = list(holding.annotate(is_own=ExpressionWrapper(is_own, models.BooleanField())).order_by("pk"))
    own = [sale for sale in sales if sale.is_own]
    if len(own) >= MOST_OF_ONE:
        raise TooManyUnpaid(own)
    if sum(sale.held_from == holder.address_index for sale in sales if sale.held_from) >= MOST_FROM_ONE_ADDRESS:
        raise TooManyUnpaid([])
