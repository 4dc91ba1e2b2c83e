"""Paying households: runs (代发批次), each a snapshot of who gets how much for which slips."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .ledger import PurchaseLot
from .people import Cooperative, Household


class PaymentRun(models.Model):
    """Slips of a cooperative that are paid together. What it says is never edited; it can be cancelled while nothing is paid."""

    run_no = models.CharField(_("run number"), max_length=40, unique=True)
    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="payment_runs")
    made_at = models.DateTimeField(_("made at"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)
    cancelled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-made_at", "-pk"]
        verbose_name = _("payment run")
        verbose_name_plural = _("payment runs")

    def __str__(self) -> str:
        return self.run_no


class PaymentQuerySet(models.QuerySet):
    def waiting(self) -> Self:
        return self.filter(state=Payment.State.WAITING)

    def paid(self) -> Self:
        return self.filter(state__in=(Payment.State.BANK, Payment.State.CASH))


class Payment(models.Model):
    """What one household gets in a run: the sum of its slips in it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("to be paid")
        BANK = "bank", _("paid through the bank")
        CASH = "cash", _("paid in cash")
        FAILED = "failed", _("not paid: back to what is owed")
        CANCELLED = "cancelled", _("cancelled")

    run = models.ForeignKey(PaymentRun, models.PROTECT, related_name="payments")
    household = models.ForeignKey(Household, models.PROTECT, related_name="payments")
    fen = models.PositiveBigIntegerField(_("amount (fen)"))
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.WAITING)
    receipt = models.CharField(_("number of the receipt"), max_length=30, blank=True)
    paid_on = models.DateField(_("paid on"), null=True, blank=True)
    why = models.CharField(_("why it was not paid"), max_length=120, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = PaymentQuerySet.as_manager()

    class Meta:
        ordering = ["run", "household"]
        constraints = [
            models.UniqueConstraint(fields=["run", "household"], name="one_payment_a_household_and_run"),
            models.CheckConstraint(condition=Q(fen__gt=0), name="payment_of_something"),
            models.CheckConstraint(
                condition=Q(state__in=("bank", "cash"), paid_on__isnull=False, decided_at__isnull=False)
                & (~Q(receipt="") | Q(state="cash"))
                | Q(state="waiting", paid_on__isnull=True, receipt="", why="", decided_at__isnull=True)
                | Q(state="cancelled", paid_on__isnull=True, receipt="", decided_at__isnull=False)
                | (Q(state="failed", paid_on__isnull=True, receipt="", decided_at__isnull=False) & ~Q(why="")),
                name="payment_state_has_its_facts",
            ),
        ]
        verbose_name = _("payment")
        verbose_name_plural = _("payments")


class PaymentSlip(models.Model):
    """A slip in a payment, for so many fen. `is_live` while it is to be paid or paid: a slip is live in one run at most."""

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="slips")
    lot = models.ForeignKey(PurchaseLot, models.PROTECT, related_name="payment_slips")
    fen = models.PositiveBigIntegerField(_("amount (fen)"))
    is_live = models.BooleanField(default=True, editable=False)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["lot"], condition=Q(is_live=True), name="one_live_run_a_slip"),
            models.UniqueConstraint(fields=["payment", "lot"], name="a_slip_once_in_a_payment"),
        ]
