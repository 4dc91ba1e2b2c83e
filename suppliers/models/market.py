"""What produce costs on the wholesale markets of Shandong: a price sheet a week, which staff write."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Market(models.Model):
    """A wholesale market whose prices are followed."""

    code = models.CharField(_("code"), max_length=12, primary_key=True)
    name = models.CharField(_("name"), max_length=40)
    city = models.CharField(_("city"), max_length=20)

    class Meta:
        ordering = ["code"]
        verbose_name = _("market")
        verbose_name_plural = _("markets")

    def __str__(self) -> str:
        return self.name


class MarketPrice(models.Model):
    """Low, usual and high price of a kind of produce on a market in the week from Monday `week_on`, in fen per jin.

    A correction is a new row; the one it corrects is `superseded_at` that moment, so that an old reference can be told.
    """

    market = models.ForeignKey(Market, models.PROTECT, related_name="prices")
    kind = models.CharField(_("kind of produce"), max_length=12)
    week_on = models.DateField(_("week from"))
    low_fen_per_jin = models.PositiveIntegerField(_("low (fen per jin)"))
    usual_fen_per_jin = models.PositiveIntegerField(_("usual (fen per jin)"))
    high_fen_per_jin = models.PositiveIntegerField(_("high (fen per jin)"))
    entered_at = models.DateTimeField(_("entered at"))
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    superseded_at = models.DateTimeField(_("corrected at"), null=True, blank=True)

    class Meta:
        ordering = ["-week_on", "market", "kind"]
        constraints = [
            models.CheckConstraint(
                condition=Q(low_fen_per_jin__gt=0)
                & Q(low_fen_per_jin__lte=F("usual_fen_per_jin"))
                & Q(usual_fen_per_jin__lte=F("high_fen_per_jin")),
                name="market_price_low_usual_high",
            ),
            models.UniqueConstraint(
                fields=["market", "kind", "week_on"],
                condition=Q(superseded_at__isnull=True),
                name="one_price_a_market_kind_and_week",
            ),
        ]
        indexes = [models.Index(fields=["kind", "week_on"], name="market_price_by_week")]
        verbose_name = _("market price")
        verbose_name_plural = _("market prices")
