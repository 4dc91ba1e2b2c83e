from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Payment(models.Model):
    """What a payment provider (or the bank) told us, once: `event_id` is the provider's own.

    Applied in the transaction that has the effect; an event that came too late (the order had expired, or was paid
    already) is kept, not applied, and is to be given back by hand.
    """

    class Kind(models.TextChoices):
        PAID = "paid", _("paid")
        REFUNDED = "refunded", _("refunded")

    event_id = models.CharField(_("event"), max_length=120, unique=True)
    order = models.ForeignKey("order.Order", models.PROTECT, related_name="payments")
    gateway = models.CharField(_("payment method"), max_length=20)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    amount_fen = models.PositiveBigIntegerField(_("amount (fen)"))
    applied = models.BooleanField(_("applied"))
    at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["order"], condition=Q(kind="paid", applied=True), name="an_order_paid_once")
        ]
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
