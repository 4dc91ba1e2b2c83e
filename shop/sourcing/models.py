"""An inquiry (询价) that reaches the county, and what a buyer looks for (求购) in public. Who asks is encrypted."""

import datetime as dt
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from suppliers.base import days, privacy


class Inquiry(models.Model):
    """Somebody asks what so much of a kind of produce would cost in a week. Quoting itself comes later."""

    class State(models.TextChoices):
        NEW = "new", _("new")
        ANSWERED = "answered", _("answered")
        CLOSED = "closed", _("closed")

    kind = models.CharField(_("kind of produce"), max_length=12, blank=True)
    g = models.PositiveBigIntegerField(_("weight (g)"))
    week_on = models.DateField(_("week from"), null=True, blank=True)
    city_code = models.CharField(_("city"), max_length=6)
    organisation = models.CharField(_("organisation"), max_length=60)
    contact = privacy.EncryptedText(_("contact"))
    mobile = privacy.EncryptedText(_("mobile"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.NEW)
    asked_at = models.DateTimeField(_("asked at"), default=days.now)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [models.CheckConstraint(condition=Q(g__gt=0), name="inquiry_weighs_something")]
        indexes = [models.Index(fields=["state", "-asked_at"], name="inquiries_by_state")]
        verbose_name = _("inquiry")
        verbose_name_plural = _("inquiries")

    @property
    def masked_contact(self) -> str:
        return privacy.mask_name(self.contact)

    @property
    def masked_mobile(self) -> str:
        return privacy.mask_mobile(self.mobile)


class InquiryNote(models.Model):
    """What staff did about an inquiry, and the state it was in from then on. Rows are only added."""

    inquiry = models.ForeignKey(Inquiry, models.CASCADE, related_name="notes")
    state = models.CharField(_("state"), max_length=8, choices=Inquiry.State.choices)
    text = models.CharField(_("note"), max_length=300, blank=True)
    made_at = models.DateTimeField(_("made at"), default=days.now)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["made_at", "pk"]
        verbose_name = _("note on an inquiry")
        verbose_name_plural = _("notes on inquiries")


class WantedQuerySet(models.QuerySet):
    def shown_on(self, day: dt.date) -> Self:
        """Those that the county let through and that still hold."""
        return self.filter(state=Wanted.State.SHOWN, until__gte=day)


class Wanted(models.Model):
    """A buyer looks for so much of something, from a week to a week. It shows once the county has read it; who he is never."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SHOWN = "shown", _("shown")
        REFUSED = "refused", _("refused")

    kind = models.CharField(_("kind of produce"), max_length=12)
    g = models.PositiveBigIntegerField(_("weight (g)"))
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    fen_per_kg = models.PositiveIntegerField(_("price (fen per kg)"), null=True, blank=True)
    city_code = models.CharField(_("city"), max_length=6)
    until = models.DateField(_("holds until"))
    organisation = models.CharField(_("organisation"), max_length=60)
    contact = privacy.EncryptedText(_("contact"))
    mobile = privacy.EncryptedText(_("mobile"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    posted_at = models.DateTimeField(_("posted at"), default=days.now)
    posted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = WantedQuerySet.as_manager()

    class Meta:
        ordering = ["until", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(g__gt=0), name="wanted_weighs_something"),
            models.CheckConstraint(condition=Q(starts_on__lte=models.F("ends_on")), name="wanted_ends_after_start"),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_at__isnull=True, decided_by__isnull=True)
                | (Q(decided_at__isnull=False, decided_by__isnull=False) & ~Q(state="waiting")),
                name="wanted_decided_by_whom_and_when",
            ),
        ]
        verbose_name = _("wanted")
        verbose_name_plural = _("wanted")

    @property
    def masked_contact(self) -> str:
        return privacy.mask_name(self.contact)

    @property
    def masked_mobile(self) -> str:
        return privacy.mask_mobile(self.mobile)
