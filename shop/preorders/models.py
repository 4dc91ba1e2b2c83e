"""Packs that are sold before they are picked."""

import datetime as dt
from typing import Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from shop.shipping import arrival
from suppliers.base import days
from suppliers.models import Pack


class PresaleQuerySet(models.QuerySet):
    def open_at(self, moment: dt.datetime) -> Self:
        """Those that take orders at `moment`."""
        return self.filter(closes_at__gt=moment, pack__in=Pack.objects.on_sale())

    def over_at(self, moment: dt.datetime) -> Self:
        """Those whose time to order is over at `moment` and that are still on the shelf."""
        return self.filter(closes_at__lte=moment, pack__product__is_public=True)

    def with_sold(self) -> Self:
        """Each with how many packs of it are paid for (`sold`)."""
        paid = (
            apps.get_model("shop", "SaleLine")
            .objects.filter(pack=models.OuterRef("pk"), sale__paid_on__isnull=False)
            .order_by()
            .values("pack")
            .annotate(n=models.Sum("quantity"))
        )
        return self.annotate(sold=Coalesce(models.Subquery(paid.values("n")), 0))

    def unsettled(self) -> Self:
        """Those of which nobody has said yet how much came in."""
        return self.filter(settled_at=None)


class Presale(models.Model):
    """A pack of a coming harvest (预售), sent in its week of shipping. Its stock record holds what is left of the quota.

    `quota` packs follow from what was declared for the week (`declared_g`) and the share of it that is sold ahead. When
    the harvest is in, `harvested_packs` says how many there are, and the orders are served or paid back.
    """

    pack = models.OneToOneField(Pack, models.PROTECT, primary_key=True, related_name="presale")
    of = models.ForeignKey(Pack, models.PROTECT, related_name="presales", verbose_name=_("pack"))
    ships_from = models.DateField(_("sent from"))
    ships_to = models.DateField(_("sent until"))
    closes_at = models.DateTimeField(_("orders until"))
    share_bp = models.PositiveIntegerField(_("share sold ahead (bp)"))
    declared_g = models.PositiveBigIntegerField(_("declared for these days (g)"))
    quota = models.PositiveIntegerField(_("quota (packs)"))
    opened_at = models.DateTimeField(_("opened at"))
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    harvested_packs = models.PositiveIntegerField(_("packs that came in"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = PresaleQuerySet.as_manager()

    class Meta:
        ordering = ["ships_from", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["of", "ships_from"], name="one_presale_a_pack_and_week"),
            models.CheckConstraint(condition=Q(ships_from__lte=F("ships_to")), name="presale_ships_within_days"),
            models.CheckConstraint(condition=Q(share_bp__gt=0, share_bp__lte=10_000), name="presale_sells_a_share"),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, harvested_packs__isnull=True, settled_by__isnull=True)
                | Q(settled_at__isnull=False, harvested_packs__isnull=False),
                name="presale_settled_with_its_harvest",
            ),
        ]
        verbose_name = _("pre-sale")
        verbose_name_plural = _("pre-sales")

    def __str__(self) -> str:
        return f"{self.of} {self.ships_from}"

    @property
    def last_day(self) -> dt.date:
        """The last day on which it can be ordered; midnight is the end of the day before."""
        return days.day_of(self.closes_at - dt.timedelta(microseconds=1))

    @property
    def is_over(self) -> bool:
        """Whether the time to order is over."""
        return self.closes_at <= days.now()

    @property
    def reckoned_from(self) -> dt.date:
        """The day of order from which its arrival is reckoned: as if it left on the last day of its week."""
        return self.ships_to - dt.timedelta(days=arrival.DISPATCH_DAYS)


def presale_of(pack: Pack) -> Presale | None:
    """The pre-sale that `pack` is sold by, None for what is in store."""
    return getattr(pack, "presale", None)


def week_of(pack: Pack) -> dt.date | None:
    """The first day of the week in which `pack` is sent, None for what is in store. An order has goods of one week."""
    presale = presale_of(pack)
    return presale.ships_from if presale else None
