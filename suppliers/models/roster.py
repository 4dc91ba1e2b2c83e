"""Around the roster: what is begun, what the county decides, who changed and who looked."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ..base import privacy
from .people import Cooperative, Household


class HouseholdDraft(models.Model):
    """A household that somebody is writing down, one question after another. What is answered is encrypted whole (JSON)."""

    key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="household_drafts")
    written = privacy.EncryptedText()
    saved_at = models.DateTimeField(_("saved at"))
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        ordering = ["-saved_at"]


class MembershipRequest(models.Model):
    """A household that a cooperative wrote down under an ID number that is known with another number, name or village.

    The county sees both and decides whether it joins; the cooperative sees what it wrote itself (`written`, JSON,
    encrypted) and the decision.
    """

    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="membership_requests")
    household = models.ForeignKey(Household, models.PROTECT, related_name="membership_requests")
    written = privacy.EncryptedText()
    member_from = models.DateField(_("member since"))
    asked_at = models.DateTimeField(_("asked at"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    is_granted = models.BooleanField(_("granted"), default=False)
    why = models.CharField(_("why"), max_length=120, blank=True)

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["cooperative", "household"],
                condition=Q(decided_at__isnull=True),
                name="one_membership_request_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, is_granted=False, why="")
                | Q(decided_at__isnull=False, is_granted=True)
                | (Q(decided_at__isnull=False, is_granted=False) & ~Q(why="")),
                name="membership_refused_with_a_reason",
            ),
        ]


class HouseholdChange(models.Model):
    """That somebody changed something about a household. It only grows, and numbers are in it masked alone."""

    class Field(models.TextChoices):
        SIZE = "size", _("people")
        MOBILE = "mobile", _("mobile")
        BANK_ACCOUNT = "bank_account", _("bank account")
        MEMBERSHIP = "membership", _("membership")

    household = models.ForeignKey(Household, models.PROTECT, related_name="changes")
    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="+")
    field = models.CharField(_("what"), max_length=12, choices=Field.choices)
    before = models.CharField(_("before"), max_length=40, blank=True)
    after = models.CharField(_("after"), max_length=40, blank=True)
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-at", "-pk"]


class Reveal(models.Model):
    """That somebody was shown a household's name or number in clear: who, whose, which, why, when. It only grows."""

    class Field(models.TextChoices):
        NAME = "head", _("full name")
        ID_NUMBER = "id_number", _("ID number")
        MOBILE = "mobile", _("mobile")
        BANK_ACCOUNT = "bank_account", _("bank account")
        BANK_FILE = "bank_file", _("name and bank account, in a file for the bank")

    household = models.ForeignKey(Household, models.PROTECT, related_name="reveals")
    field = models.CharField(_("what"), max_length=12, choices=Field.choices)
    why = models.CharField(_("why"), max_length=120)
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    cooperative = models.ForeignKey(Cooperative, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [models.CheckConstraint(condition=~Q(why=""), name="revealed_for_a_reason")]
        indexes = [models.Index(fields=["-at"], name="reveals_latest")]
