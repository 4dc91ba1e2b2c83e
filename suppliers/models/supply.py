"""What will be had, and what is attested: supply declarations (供货申报), who collects them, and certificates."""

import datetime as dt
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from ..base import days
from .ledger import Batch, Produce, new_code
from .people import Cooperative, Household, SpellQuerySet, spell_constraints
from .places import Village

# A declaration this old is asked about again when its harvest is this near.
STALE_DAYS, NEAR_DAYS = 30, 14


class SupplyDeclarationQuerySet(models.QuerySet):
    def standing(self) -> Self:
        """The last word on each harvest, unless it was called off."""
        return self.filter(replaced_by=None, called_off_at=None)

    def between(self, starts: dt.date, ends: dt.date) -> Self:
        """Harvests that have a day from `starts` to `ends`, both included."""
        return self.filter(starts_on__lte=ends, ends_on__gte=starts)

    def stale_on(self, day: dt.date) -> Self:
        """Standing ones that begin soon, or have begun, and that nobody has looked at for a month: ask again."""
        near = day + dt.timedelta(days=NEAR_DAYS)
        old = days.at(day, 0) - dt.timedelta(days=STALE_DAYS)
        return self.standing().filter(starts_on__lte=near, ends_on__gte=day, declared_at__lt=old)

    def of(self, cooperative: Cooperative) -> Self:
        return self.filter(produce__cooperative=cooperative)

    def with_place(self) -> Self:
        """Each with `code`, the kind of produce, and `township`, the code of where it grows."""
        return self.annotate(
            code=Coalesce("produce__code", "kind"),
            township=Coalesce(
                "village__township", "household__village__township", "produce__cooperative__village__township"
            ),
        )


class SupplyDeclaration(models.Model):
    """Who will have what, how much of it, when and at what price. A later declaration of the same harvest replaces it.

    It is of a cooperative's `produce`; or, collected in a village before any cooperative is known, of a `kind` of it.
    With a `household` it is that household's; with `households` it speaks for so many of a village. With neither, it is
    the cooperative's own word, which covers what its households say of the same days (suppliers/harvests.py).
    """

    class Confidence(models.TextChoices):
        CERTAIN = "certain", _("certain")
        LIKELY = "likely", _("likely")
        MAYBE = "maybe", _("maybe")

    produce = models.ForeignKey(Produce, models.PROTECT, null=True, blank=True, related_name="declarations")
    kind = models.CharField(_("kind of produce"), max_length=12, blank=True, default="")
    household = models.ForeignKey(Household, models.PROTECT, null=True, blank=True, related_name="declarations")
    village = models.ForeignKey(Village, models.PROTECT, null=True, blank=True, related_name="declarations")
    households = models.PositiveSmallIntegerField(_("households it speaks for"), null=True, blank=True)
    variety = models.CharField(_("variety"), max_length=30, blank=True, default="")
    grade = models.CharField(_("grade"), max_length=20, blank=True)
    g = models.PositiveBigIntegerField(_("weight (g)"))
    mu_hundredths = models.PositiveIntegerField(_("area (1/100 mu)"), null=True, blank=True)
    trees = models.PositiveIntegerField(_("trees"), null=True, blank=True)
    unusual_why = models.CharField(_("why the yield is unusual"), max_length=120, blank=True, default="")
    fen_per_kg = models.PositiveIntegerField(_("price (fen per kg)"), null=True, blank=True)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    confidence = models.CharField(_("how sure"), max_length=8, choices=Confidence.choices, default=Confidence.LIKELY)
    photo = models.BinaryField(_("photo (JPEG)"), null=True, blank=True)
    declared_at = models.DateTimeField(_("declared at"))
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    replaced_by = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaces")
    called_off_at = models.DateTimeField(_("called off at"), null=True, blank=True)

    objects = SupplyDeclarationQuerySet.as_manager()

    class Meta:
        ordering = ["starts_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(g__gt=0), name="declaration_weighs_something"),
            models.CheckConstraint(condition=Q(starts_on__lte=F("ends_on")), name="declaration_ends_after_start"),
            models.CheckConstraint(
                condition=Q(produce__isnull=False, kind="")
                | (Q(produce__isnull=True, village__isnull=False) & ~Q(kind="")),
                name="declaration_of_a_produce_or_of_a_kind_in_a_village",
            ),
            # Without a cooperative there is no own word: it is of a household, or of so many.
            models.CheckConstraint(
                condition=Q(household__isnull=False, households__isnull=True)
                | Q(household__isnull=True, households__isnull=False, households__gt=0, village__isnull=False)
                | Q(household__isnull=True, households__isnull=True, produce__isnull=False),
                name="declaration_says_for_how_many",
            ),
        ]
        indexes = [models.Index(fields=["produce", "starts_on", "ends_on"], name="declarations_by_weeks")]
        verbose_name = _("supply declaration")
        verbose_name_plural = _("supply declarations")


class SupplyKey(models.Model):
    """The link by which a household declares without signing in; its cooperative gives it out, and takes it back."""

    key = models.CharField(max_length=24, unique=True, default=new_code, editable=False)
    household = models.ForeignKey(Household, models.CASCADE, related_name="supply_keys")
    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="supply_keys")
    made_at = models.DateTimeField(_("made at"), default=days.now)
    expires_on = models.DateField(_("valid until"))
    revoked_at = models.DateTimeField(_("taken back at"), null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["household", "cooperative"],
                condition=Q(revoked_at__isnull=True),
                name="one_supply_key_at_a_time",
            )
        ]
        verbose_name = _("declaration link")
        verbose_name_plural = _("declaration links")


class SupplyDraft(models.Model):
    """What somebody has answered so far on his way through the questions; it is gone once it is declared."""

    owner = models.CharField(max_length=60, unique=True)
    answers = models.JSONField(default=dict)
    touched_at = models.DateTimeField(default=days.now)

    class Meta:
        verbose_name = _("draft of a declaration")
        verbose_name_plural = _("drafts of declarations")


class CollectorQuerySet(SpellQuerySet):
    def of(self, user) -> Self:
        """The villages that `user` collects in today."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self.on(days.today()).filter(user=user)


class Collector(models.Model):
    """Somebody who collects declarations in a village (信息员), from a day to a day; the county appoints him."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="collects_in")
    village = models.ForeignKey(Village, models.PROTECT, related_name="collectors", verbose_name=_("village"))
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"), null=True, blank=True)
    appointed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = CollectorQuerySet.as_manager()

    class Meta:
        ordering = ["village", "-starts_on"]
        constraints = [
            *spell_constraints("collector"),
            models.UniqueConstraint(fields=["user", "village", "starts_on"], name="one_appointment_a_day"),
        ]
        verbose_name = _("collector")
        verbose_name_plural = _("collectors")


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
