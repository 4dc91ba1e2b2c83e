"""A group order (接龙), and who is on."""

import datetime as dt
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from logistics.models import Stop
from shop.models import Sale, new_token
from suppliers.models import Pack

# Whose order counts towards the least: its states by shop.orders.
PAID = ("paid", "dispatched", "received")


def stops_for_everybody() -> models.QuerySet[Stop]:
    """The stops that anybody may choose: where a group order is handed out is for those who have its link."""
    return Stop.objects.filter(group_order=None)


class GroupOrderQuerySet(models.QuerySet):
    def with_joiners(self) -> Self:
        """Each with how many are on and have paid (`joiners`)."""
        paid = Q(participations__sale__order__status__in=PAID)
        return self.annotate(joiners=models.Count("participations", filter=paid))

    def joinable_at(self, moment: dt.datetime) -> Self:
        return self.filter(state=GroupOrder.State.OPEN, closes_at__gt=moment)

    def overdue_at(self, moment: dt.datetime) -> Self:
        """Those below their least whose joiners had until `moment` to choose."""
        return self.filter(state=GroupOrder.State.SHORT, decide_by__lte=moment)

    def under_way(self) -> Self:
        """Those that are not decided, or whose goods are not all handed out."""
        coming = Participation.objects.filter(
            group=models.OuterRef("pk"), sale__order__status__in=("placed", "paid", "dispatched")
        )
        undecided = Q(state__in=(GroupOrder.State.OPEN, GroupOrder.State.CLOSED, GroupOrder.State.SHORT))
        return self.filter(undecided | models.Exists(coming))

    def given_up(self) -> Self:
        """Those whose money goes back to whoever is still on."""
        return self.filter(state__in=(GroupOrder.State.CANCELLED, GroupOrder.State.ENDED))


class GroupOrder(models.Model):
    """Neighbours on one direct truck: chosen packs, handed out by the one who started it at a stop of their own.

    Whoever has the link (`token`) may join until `closes_at`. It comes about with `least_g` gross grams or
    `least_joiners` who have paid; below that, everybody on it rolls over to the next departure (`next`) or has his money
    back, and who has not chosen by `decide_by` has it back.
    """

    class State(models.TextChoices):
        OPEN = "open", _("people are joining")
        CLOSED = "closed", _("enough have joined, waiting for the truck to fill")
        CONFIRMED = "confirmed", _("it goes")
        SHORT = "short", _("too few joined")
        ENDED = "ended", _("did not come about")
        CANCELLED = "cancelled", _("called off")

    class Why(models.TextChoices):
        TOO_FEW = "too_few", _("too few have joined")
        TRUCK_TOO_EMPTY = "too_empty", _("the truck is too empty to go")
        TRUCK_CANCELLED = "no_truck", _("the truck does not go")

    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    # None where the starter has erased the account since (shop.accounts).
    starter = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="group_orders")
    host = models.CharField(_("who hands out"), max_length=20)
    title = models.CharField(_("title"), max_length=30)
    words = models.CharField(_("words to the neighbours"), max_length=120, blank=True)
    packs = models.ManyToManyField(Pack, related_name="group_orders", verbose_name=_("packs"))
    stop = models.OneToOneField(Stop, models.PROTECT, related_name="group_order", verbose_name=_("hand-out point"))
    least_g = models.PositiveBigIntegerField(_("goes from (g)"), default=0)
    least_joiners = models.PositiveIntegerField(_("goes from (joiners)"), default=0)
    closes_at = models.DateTimeField(_("to be joined until"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    why = models.CharField(_("why not"), max_length=10, choices=Why.choices, blank=True)
    decide_by = models.DateTimeField(_("to be chosen by"), null=True, blank=True)
    follows = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="next")
    started_at = models.DateTimeField(_("started at"))

    objects = GroupOrderQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(least_g__gt=0, least_joiners=0) | Q(least_g=0, least_joiners__gt=0),
                name="group_order_has_one_least",
            ),
            models.CheckConstraint(
                condition=Q(why="", decide_by__isnull=True, state__in=("open", "closed", "confirmed", "ended"))
                | Q(state="cancelled")
                | (Q(decide_by__isnull=False, state__in=("short", "ended")) & ~Q(why="")),
                name="group_order_says_why_it_is_short",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "closes_at"], name="group_orders_due"),
            models.Index(fields=["starter", "started_at"], name="group_orders_of_starter"),
        ]
        verbose_name = _("group order")
        verbose_name_plural = _("group orders")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("together:group", args=[self.token])

    @property
    def departure(self):
        return self.stop.departure

    def is_started_by(self, user) -> bool:
        """Whether `user` is the starter; nobody is where the account was erased."""
        return user.is_authenticated and self.starter_id == user.pk

    def is_joinable_at(self, moment: dt.datetime) -> bool:
        """Whether people may join at `moment`, as `joinable_at` asks the database."""
        return self.state == self.State.OPEN and self.closes_at > moment


class ParticipationQuerySet(models.QuerySet):
    def waiting(self) -> Self:
        """Those whose goods stay where they are until their group order comes about."""
        return self.exclude(group__state=GroupOrder.State.CONFIRMED)

    def live(self) -> Self:
        """Those whose order was neither given up nor paid back."""
        return self.exclude(sale__order__status__in=("cancelled", "refunded"))

    def not_sent(self) -> Self:
        """Those nothing of whose order has left, so that it may still be given up or moved."""
        return self.filter(sale__order__status__in=("placed", "paid")).exclude(
            sale__order__consignments__state__in=("dispatched", "received")
        )

    def in_order(self) -> Self:
        return self.order_by("joined_at", "pk")


class Participation(models.Model):
    """One neighbour's order in a group order. `key` is of the page he joined by: posted twice, it is one order."""

    sale = models.OneToOneField(Sale, models.PROTECT, primary_key=True, related_name="participation")
    group = models.ForeignKey(GroupOrder, models.PROTECT, related_name="participations")
    key = models.CharField(max_length=40, unique=True)
    joined_at = models.DateTimeField(_("joined at"))
    handed_out_at = models.DateTimeField(_("handed out at"), null=True, blank=True)
    handed_out_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    # By somebody whose account was erased since (shop.accounts).
    is_handed_out_by_erased = models.BooleanField(default=False)

    objects = ParticipationQuerySet.as_manager()

    class Meta:
        ordering = ["joined_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(handed_out_at__isnull=True, handed_out_by__isnull=True, is_handed_out_by_erased=False)
                | Q(handed_out_at__isnull=False, handed_out_at__gte=F("joined_at"), is_handed_out_by_erased=False)
                & Q(handed_out_by__isnull=False)
                | Q(handed_out_at__isnull=False, handed_out_at__gte=F("joined_at"), is_handed_out_by_erased=True)
                & Q(handed_out_by__isnull=True),
                name="handed_out_when_and_by_whom",
            ),
        ]
        indexes = [
            models.Index(fields=["group", "joined_at"], name="participations_of_group"),
            models.Index(fields=["handed_out_at"], name="participations_handed_out"),
        ]
        verbose_name = _("participation")
        verbose_name_plural = _("participations")
