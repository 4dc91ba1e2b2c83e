"""An account comes to be by a mobile number, changes its number, and goes away."""

import datetime as dt

from allauth.account.models import EmailAddress
from auditlog.models import LogEntry
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, Q
from oscar.core.loading import get_model

from shop import orders
from shop.aftersales import actions as aftersales
from shop.models import InvoiceWish, Refund, Sale
from shop.sourcing import actions as sourcing
from shop.together import actions as together
from shop.together.models import GroupOrder
from suppliers.base import access, days
from suppliers.models import Application

from .models import GONE, Code, Erasure, Session, Tally, User

Basket = get_model("basket", "Basket")
Order = get_model("order", "Order")
VoucherApplication = get_model("voucher", "VoucherApplication")
ShippingAddress = get_model("order", "ShippingAddress")


class NumberTaken(Exception):
    """The mobile number is another account's."""


class OrdersUnderWay(Exception):
    """An order of this account is not over yet."""


class HandsOut(Exception):
    """A group order that this account started is not over yet."""


class WorksHere(Exception):
    """What this account did is evidence, so it is closed by the county's office and not erased."""


class StillNeeded(Exception):
    """Something that others rely on names this account."""


def user_of(mobile: str) -> tuple[User, bool]:
    """The user whose number `mobile` is, a new one where it is nobody's; and whether it is new."""
    users = get_user_model().objects
    if known := users.filter(mobile=mobile).first():
        return known, False
    try:
        with transaction.atomic():
            return users.create_user(mobile=mobile), True
    except IntegrityError:  # somebody was first: the same person, in another tab
        return users.get(mobile=mobile), False


def change_mobile(*, user: User, mobile: str) -> None:
    """Make `mobile`, which is proven to be the user's, the number of `user`. Raises NumberTaken."""
    try:
        with transaction.atomic():
            get_user_model().objects.filter(pk=user.pk).update(mobile=mobile)
    except IntegrityError as taken:
        raise NumberTaken from taken
    user.mobile = mobile


def may_erase(user: User) -> bool:
    """Whether this is a buyer's account and nothing else."""
    return not (
        user.is_staff
        or user.is_superuser
        or user.groups.filter(name__in=access.ROLES).exists()
        or user.cooperative_posts.exists()
        or hasattr(user, "township_post")
    )


def under_way(user: User):
    """The sales to `user` that are not over: to be paid, packed or received, or received and not paid yet."""
    return Sale.objects.filter(order__user=user).filter(
        Q(order__status__in=(orders.PLACED, orders.PAID, orders.DISPATCHED))
        | Q(order__status=orders.RECEIVED, paid_on__isnull=True)
    )


def handing_out(user: User):
    """The group orders of `user` whose neighbours rely on him still."""
    return GroupOrder.objects.filter(starter=user).under_way()


@transaction.atomic
def erase(*, user: User) -> None:
    """Erase the account of `user`: sign-in, addresses, baskets, sessions. The orders stay, nobody's.

    His reviews become a guest's, and the group orders he started nobody's. What an order needs to be delivered and
    complained about stays with it until `pseudonymise_due`. Raises WorksHere, OrdersUnderWay, HandsOut, StillNeeded.
    """
    user = get_user_model().objects.select_for_update().get(pk=user.pk)
    if not may_erase(user):
        raise WorksHere
    if under_way(user).exists():
        raise OrdersUnderWay
    if handing_out(user).exists():
        raise HandsOut
    now = days.now()
    order_ids = list(Order.objects.filter(user=user).values_list("pk", flat=True))
    Erasure.objects.bulk_create([Erasure(order_id=pk, erased_at=now) for pk in order_ids], ignore_conflicts=True)
    # The buyer's own cancellation paid money back: the refund stays, with its reason.
    Refund.objects.filter(by=user).update(by=None)
    # A coupon that was used stays used.
    VoucherApplication.objects.filter(user=user).update(user=None)
    aftersales.forget_reviewer(order_ids=order_ids)
    together.forget(user=user, name=GONE)
    sourcing.forget(user=user)
    LogEntry.objects.filter(actor=user).update(actor_email=None, remote_addr=None)
    Application.objects.filter(applicant=user, state=Application.State.DRAFT).delete()
    EmailAddress.objects.filter(user=user).delete()
    Basket.objects.filter(owner=user).exclude(status=Basket.SUBMITTED).delete()
    Basket.objects.filter(owner=user).update(owner=None)
    Session.objects.filter(person=user.pk).delete()
    try:
        user.delete()
    except ProtectedError as needed:
        raise StillNeeded from needed


def pseudonymise_due(*, limit: int = 500) -> int:
    """Take name, mobile number, street and what was written off the orders whose buyers erased their account long enough ago.

    City and district stay: the report counts by them. Return how many orders.
    """
    before = days.now() - dt.timedelta(days=settings.ERASED_ADDRESSES_KEPT_DAYS)
    due = Erasure.objects.filter(pseudonymised_at=None, erased_at__lte=before).order_by("erased_at")
    return sum(_pseudonymise(pk) for pk in due.values_list("pk", flat=True)[:limit])


@transaction.atomic
def _pseudonymise(order_id: int) -> bool:
    mine = Erasure.objects.filter(pk=order_id, pseudonymised_at=None).update(pseudonymised_at=days.now())
    if not mine:
        return False
    ShippingAddress.objects.filter(order=order_id).update(
        title="", first_name=GONE, last_name="", line1="", line2="", phone_number="", notes=""
    )
    Sale.objects.filter(pk=order_id).update(note="")
    aftersales.forget_words(order_id=order_id)
    InvoiceWish.objects.filter(sale=order_id).update(email="")
    # The title of a unit is no person's name, and the tax office asks for it for longer.
    InvoiceWish.objects.filter(sale=order_id, kind=InvoiceWish.Kind.PERSONAL).update(title=GONE)
    return True


def tidy() -> int:
    """Delete sessions, codes and tallies that are over. Return how many."""
    now = days.now()
    over = (
        Session.objects.filter(expire_date__lte=now),
        Code.objects.filter(expires_at__lte=now),
        Tally.objects.filter(ends_at__lte=now),
    )
    return sum(rows.delete()[0] for rows in over)
