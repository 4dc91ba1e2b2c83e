"""What a sale was drawn from, and which household it is credited to. Both tables only grow: a correction is a new row."""

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from .ledger import PurchaseLot, eligible_on_purchase
from .people import Household, counts_as


class SaleAllocation(models.Model):
    """Grams and fen of a sold line drawn from a lot (分摊); a reversal names its original and is negative."""

    line = models.ForeignKey("order.Line", models.PROTECT, related_name="allocations")
    lot = models.ForeignKey(PurchaseLot, models.PROTECT, related_name="allocations")
    g = models.BigIntegerField(_("weight (g)"))
    sales_fen = models.BigIntegerField(_("sales (fen)"))
    made_at = models.DateTimeField(_("made at"))
    reverses = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="reversals")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reverses__isnull=True, g__gt=0, sales_fen__gte=0)
                | Q(reverses__isnull=False, g__lte=0, sales_fen__lte=0),
                name="allocation_sign",
            )
        ]
        verbose_name = _("sale allocation")
        verbose_name_plural = _("sale allocations")


class CreditQuerySet(models.QuerySet):
    def between(self, starts: dt.date, ends: dt.date) -> Self:
        """Credits dated from `starts` to `ends`, both days included."""
        return self.filter(credited_on__gte=starts, credited_on__lte=ends)

    def eligible(self) -> Self:
        """Sale credits from lots of households that were registered on the day of purchase."""
        eligible_lots = PurchaseLot.objects.filter(eligible_on_purchase())
        return self.filter(allocation__lot__in=eligible_lots)

    def helped(self, *, as_of: dt.date) -> Self:
        """One row (`counts_as`, `net_fen`) for each distinct household with a positive net credit among these rows."""
        return (
            self.order_by()
            .annotate(counts_as=counts_as(as_of))
            .values("counts_as")
            .annotate(net_fen=Sum("amount_fen"))
            .filter(net_fen__gt=0)
        )

    def households_helped(self, *, as_of: dt.date) -> int:
        """Distinct households with a positive net credit among these rows, mergers up to `as_of` taken into account."""
        return self.helped(as_of=as_of).count()

    def people(self, *, as_of: dt.date) -> int:
        """The people of the households helped."""
        helped = self.helped(as_of=as_of).values("counts_as")
        return Household.objects.filter(pk__in=helped).aggregate(n=Sum("size"))["n"] or 0


class Credit(models.Model):
    """What a household earned (带动记录), dated by the day the sale was recognised; negative where a refund reverses it."""

    class Kind(models.TextChoices):
        SALE = "sale", _("sale")
        WAGE = "wage", _("wage")
        DIVIDEND = "dividend", _("dividend")
        RENT = "rent", _("land rent")
        OTHER = "other", _("other")

    household = models.ForeignKey(Household, models.PROTECT, related_name="credits")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.SALE)
    amount_fen = models.BigIntegerField(_("amount (fen)"))
    credited_on = models.DateField(_("credited on"))
    allocation = models.OneToOneField(SaleAllocation, models.PROTECT, null=True, blank=True, related_name="credit")
    made_at = models.DateTimeField(_("made at"))
    reverses = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="reversals")

    objects = CreditQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reverses__isnull=True, amount_fen__gte=0) | Q(reverses__isnull=False, amount_fen__lte=0),
                name="credit_sign",
            ),
            models.CheckConstraint(
                condition=~Q(kind="sale") | Q(allocation__isnull=False), name="sale_credit_has_its_allocation"
            ),
        ]
        indexes = [models.Index(fields=["credited_on", "household"], name="credit_by_day")]
        verbose_name = _("credit")
        verbose_name_plural = _("credits")
