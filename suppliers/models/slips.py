"""What goes with a purchase slip: the photo of the paper, and what somebody says is wrong with it."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ..base import days, privacy
from .ledger import PurchaseLot


class SlipPhotoManager(models.Manager):
    def get_queryset(self) -> models.QuerySet:
        """Photos without their bytes, which only the page that sends one asks for."""
        return super().get_queryset().defer("content")


class SlipPhoto(models.Model):
    """The photo of a slip's paper: a redrawn JPEG, encrypted, for a name and a signature are on it. Never exchanged."""

    lot = models.OneToOneField(PurchaseLot, models.PROTECT, primary_key=True, related_name="photo")
    content = privacy.EncryptedBytes(_("JPEG"))
    kept_at = models.DateTimeField(_("kept at"), default=days.now)

    objects = SlipPhotoManager()

    class Meta:
        verbose_name = _("photo of a slip")
        verbose_name_plural = _("photos of slips")


class SlipDisputeQuerySet(models.QuerySet):
    def open(self) -> Self:
        return self.filter(closed_at__isnull=True)


class SlipDispute(models.Model):
    """Somebody says that a slip is wrong (异议): its household, or the township that asked it.

    While it is open neither of the two can verify the slip. The cooperative answers, the county closes it.
    """

    class RaisedBy(models.TextChoices):
        HOUSEHOLD = "household", _("household")
        TOWNSHIP = "township", _("township")

    class About(models.TextChoices):
        WEIGHT = "weight", _("the weight is wrong")
        PRICE = "price", _("the price is wrong")
        UNPAID = "unpaid", _("it was not paid")
        NOT_MINE = "not_mine", _("these are not our goods")
        OTHER = "other", _("something else")

    class Outcome(models.TextChoices):
        STANDS = "stands", _("the slip is right")
        SETTLED = "settled", _("it is settled, the slip stands")
        WRONG = "wrong", _("the slip is wrong")

    lot = models.ForeignKey(PurchaseLot, models.PROTECT, related_name="disputes")
    raised_by = models.CharField(_("raised by"), max_length=10, choices=RaisedBy.choices)
    about = models.CharField(_("what is wrong"), max_length=10, choices=About.choices)
    mobile = privacy.EncryptedText(_("mobile to call back"), blank=True, default="")
    opened_at = models.DateTimeField(_("opened at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome.choices, blank=True)

    objects = SlipDisputeQuerySet.as_manager()

    class Meta:
        ordering = ["opened_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["lot"], condition=Q(closed_at__isnull=True), name="one_open_dispute_a_slip"
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, outcome="") | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="dispute_closed_with_an_outcome",
            ),
        ]
        verbose_name = _("dispute about a slip")
        verbose_name_plural = _("disputes about slips")

    @property
    def masked_mobile(self) -> str:
        return privacy.mask_mobile(self.mobile) if self.mobile else ""


class DisputeStep(models.Model):
    """What was said or done in a dispute, and by whom. Only grows."""

    class Kind(models.TextChoices):
        OPENED = "opened", _("opened")
        ANSWERED = "answered", _("answered by the cooperative")
        LOOKED_UP = "looked_up", _("the mobile was looked up")
        CLOSED = "closed", _("closed by the county")

    dispute = models.ForeignKey(SlipDispute, models.PROTECT, related_name="steps")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    words = privacy.EncryptedText(_("words"), blank=True, default="")
    made_at = models.DateTimeField(_("made at"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["made_at", "pk"]
        verbose_name = _("step of a dispute")
        verbose_name_plural = _("steps of disputes")
