"""What will be had, and what is attested: supply declarations (供货申报) and certificates."""

import datetime as dt
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ..base import days
from .ledger import Batch, Produce
from .people import Cooperative, Household


class SupplyDeclaration(models.Model):
    """Who will have what, how much of it, when and at what price. A later declaration of the same harvest replaces it."""

    produce = models.ForeignKey(Produce, models.PROTECT, related_name="declarations")
    household = models.ForeignKey(Household, models.PROTECT, null=True, blank=True, related_name="declarations")
    grade = models.CharField(_("grade"), max_length=20, blank=True)
    g = models.PositiveBigIntegerField(_("weight (g)"))
    fen_per_kg = models.PositiveIntegerField(_("price (fen per kg)"), null=True, blank=True)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    declared_at = models.DateTimeField(_("declared at"))
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    replaced_by = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaces")

    class Meta:
        ordering = ["starts_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(g__gt=0), name="declaration_weighs_something"),
            models.CheckConstraint(condition=Q(starts_on__lte=F("ends_on")), name="declaration_ends_after_start"),
        ]
        indexes = [models.Index(fields=["produce", "starts_on", "ends_on"], name="declarations_by_weeks")]
        verbose_name = _("supply declaration")
        verbose_name_plural = _("supply declarations")


EXPIRES_SOON_DAYS = 30


class CertificateQuerySet(models.QuerySet):
    def standing(self) -> Self:
        """Those that were not taken back."""
        return self.filter(withdrawn_at=None)

    def valid_on(self, day: dt.date) -> Self:
        """Those that stand and are in force on `day`."""
        in_force = Q(expires_on=None) | Q(expires_on__gte=day)
        return self.standing().filter(in_force, issued_on__lte=day)

    def of_produce(self, *produce: Produce) -> Self:
        """Those that speak of one of `produce` (all of one cooperative): of itself, or of all that its cooperative sells."""
        return self.filter(
            Q(produce__in=produce) | Q(produce=None), cooperative__in={one.cooperative_id for one in produce}
        )

    def expiring(self, day: dt.date) -> Self:
        """Those that run out within thirty days of `day`, or did in the thirty before, and that no later one replaces."""
        soon = dt.timedelta(days=EXPIRES_SOON_DAYS)
        later = Certificate.objects.standing().filter(
            Q(expires_on=None) | Q(expires_on__gt=models.OuterRef("expires_on")),
            Q(produce=models.OuterRef("produce")) | Q(produce=None, cooperative=models.OuterRef("cooperative")),
            kind=models.OuterRef("kind"),
        )
        return (
            self.standing()
            .filter(~models.Exists(later), expires_on__gte=day - soon, expires_on__lte=day + soon)
            .order_by("expires_on", "pk")
        )


class CertificateManager(models.Manager.from_queryset(CertificateQuerySet)):
    def get_queryset(self):
        # The paper itself is read for whoever opens it alone.
        return super().get_queryset().defer("content")


class Certificate(models.Model):
    """A paper that attests something of a cooperative, of one kind of its produce, or of one batch of it.

    The paper itself (`content`) is a redrawn picture, or a PDF that is only ever handed out as a file to be kept.
    """

    PDF, JPEG = CONTENT_TYPES = ("application/pdf", "image/jpeg")

    class Kind(models.TextChoices):
        CONFORMITY = "conformity", _("statement of conformity")
        TEST = "test", _("test report")
        LICENCE = "licence", _("food production licence (SC)")
        WORKSHOP = "workshop", _("small workshop registration")
        INDICATION = "indication", _("geographical indication")

    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="certificates")
    produce = models.ForeignKey(Produce, models.PROTECT, null=True, blank=True, related_name="certificates")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    number = models.CharField(_("number"), max_length=60)
    issuer = models.CharField(_("issued by"), max_length=80, blank=True)
    issued_on = models.DateField(_("issued on"))
    expires_on = models.DateField(_("valid until"), null=True, blank=True)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="certificates")
    content = models.BinaryField(_("paper"), blank=True, default=b"")
    content_type = models.CharField(max_length=16, choices=[(one, one) for one in CONTENT_TYPES], blank=True)
    added_at = models.DateTimeField(_("added at"), default=days.now)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_at = models.DateTimeField(_("taken back at"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = CertificateManager()

    class Meta:
        ordering = ["kind", "-issued_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True) | Q(expires_on__gte=F("issued_on")),
                name="certificate_expires_after_its_issue",
            ),
            models.UniqueConstraint(
                fields=["cooperative", "kind", "number"],
                condition=Q(withdrawn_at__isnull=True),
                name="one_certificate_of_a_number",
            ),
            models.CheckConstraint(
                condition=Q(batch__isnull=True) | Q(produce__isnull=False),
                name="certificate_of_a_batch_names_its_produce",
            ),
        ]
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"

    @property
    def is_over(self) -> bool:
        """Whether it has run out."""
        return self.expires_on is not None and self.expires_on < days.today()

    @property
    def is_soon_over(self) -> bool:
        """Whether it runs out within thirty days, or has."""
        return self.expires_on is not None and (self.expires_on - days.today()).days <= EXPIRES_SOON_DAYS
