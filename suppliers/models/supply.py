"""What will be had, and what is attested: supply declarations (供货申报) and certificates."""

import datetime as dt
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .ledger import Produce
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


class CertificateQuerySet(models.QuerySet):
    def valid_on(self, day: dt.date) -> Self:
        """Those that were issued by `day` and have not expired on it."""
        return self.filter(Q(expires_on=None) | Q(expires_on__gte=day), issued_on__lte=day)


class Certificate(models.Model):
    """A paper that attests something of a cooperative, or of one kind of its produce."""

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
    file = models.FileField(_("file"), upload_to="certificates/", blank=True)

    objects = CertificateQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "-issued_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True) | Q(expires_on__gte=F("issued_on")),
                name="certificate_expires_after_its_issue",
            ),
            models.UniqueConstraint(fields=["cooperative", "kind", "number"], name="one_certificate_of_a_number"),
        ]
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"
