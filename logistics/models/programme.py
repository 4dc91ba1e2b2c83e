"""What transport earns: subsidy programmes, awards, settlements and the ledger that only grows."""

import datetime as dt
from dataclasses import dataclass
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import ExtractYear
from django.utils.translation import gettext_lazy as _

from suppliers.base import access
from suppliers.models import Cooperative

from .. import subsidy
from .transport import Shipment


class SubsidyProgramme(models.Model):
    """A logistics subsidy (补贴政策). Its money and rules are its versions', one for each stretch of time."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        ordering = ["code"]
        verbose_name = _("subsidy programme")
        verbose_name_plural = _("subsidy programmes")

    def __str__(self) -> str:
        return self.name


class ProgrammeVersionQuerySet(models.QuerySet):
    def on(self, day: dt.date) -> Self:
        """The versions in force on `day`: at most one of each programme."""
        return self.filter(starts_on__lte=day, ends_on__gte=day)


class ProgrammeVersion(models.Model):
    """The terms in force from a day to a day, and the money for them. Never edited, never overlapping (triggers)."""

    programme = models.ForeignKey(SubsidyProgramme, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField(_("version"))
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    terms = models.JSONField(_("terms"))
    budget_fen = models.PositiveBigIntegerField(_("budget (fen)"))
    spent_fen = models.BigIntegerField(_("spent (fen)"), default=0)

    objects = ProgrammeVersionQuerySet.as_manager()

    class Meta:
        ordering = ["programme", "number"]
        constraints = [
            models.UniqueConstraint(fields=["programme", "number"], name="one_version_a_number"),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="version_ends_after_start"),
            models.CheckConstraint(
                condition=Q(spent_fen__gte=0, spent_fen__lte=F("budget_fen")), name="spent_within_the_budget"
            ),
        ]
        verbose_name = _("programme version")
        verbose_name_plural = _("programme versions")

    def __str__(self) -> str:
        return f"{self.programme} v{self.number}"

    @property
    def rules(self) -> subsidy.Terms:
        """The terms as the pure rules read them."""
        return subsidy.Terms.read(self.terms)


class Envelope(models.Model):
    """The part of a version's budget that one period may spend (资金段)."""

    version = models.ForeignKey(ProgrammeVersion, models.PROTECT, related_name="envelopes")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    amount_fen = models.PositiveBigIntegerField(_("amount (fen)"))
    spent_fen = models.BigIntegerField(_("spent (fen)"), default=0)

    class Meta:
        ordering = ["version", "starts_on"]
        constraints = [
            models.UniqueConstraint(fields=["version", "starts_on"], name="one_envelope_a_start"),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="envelope_ends_after_start"),
            models.CheckConstraint(
                condition=Q(spent_fen__gte=0, spent_fen__lte=F("amount_fen")), name="spent_within_the_envelope"
            ),
        ]
        verbose_name = _("envelope")
        verbose_name_plural = _("envelopes")


@dataclass(frozen=True)
class HalfYear:
    """The awards of shipments that left in a half-year: on how many, and their sums as `AwardQuerySet.sums` has them."""

    starts: dt.date
    shipments: int
    provisional_fen: int
    frozen_fen: int
    settled_fen: int
    deferred_fen: int


class AwardQuerySet(models.QuerySet):
    def of(self, cooperative: Cooperative) -> Self:
        return self.filter(shipment__cooperative=cooperative)

    def between(self, starts: dt.date, ends: dt.date) -> Self:
        """Awards of shipments that left from `starts` to `ends`, both days included."""
        return self.filter(shipment__dispatched_on__gte=starts, shipment__dispatched_on__lte=ends)

    def with_settlements(self) -> Self:
        """Each with its places in settlements, the latest first (`latest_items`)."""
        latest_first = SettlementItem.objects.order_by("-pk")
        return self.prefetch_related(models.Prefetch("settlement_items", latest_first, to_attr="latest_items"))

    def sums(self) -> dict[str, int]:
        """What is provisional (`provisional_fen`), in a settlement, settled (`settled_fen`) and deferred."""
        return self.aggregate(**self._sums())

    def by_half_year(self) -> list[HalfYear]:
        """The half-years of these awards, the latest first."""
        half = models.Case(models.When(shipment__dispatched_on__month__lte=6, then=1), default=7)
        rows = (
            self.order_by()
            .annotate(year=ExtractYear("shipment__dispatched_on"), month=half)
            .values("year", "month")
            .annotate(shipments=models.Count("pk"), **self._sums())
            .order_by("-year", "-month")
        )
        return [HalfYear(starts=dt.date(row.pop("year"), row.pop("month"), 1), **row) for row in rows]

    @staticmethod
    def _sums() -> dict[str, models.Sum]:
        def of(field: str, state: str) -> models.Sum:
            return models.Sum(field, filter=Q(state=state), default=0)

        return {
            "provisional_fen": of("kept_fen", Award.State.PROVISIONAL),
            "frozen_fen": of("kept_fen", Award.State.FROZEN),
            "settled_fen": of("settled_fen", Award.State.SETTLED),
            "deferred_fen": of("deferred_fen", Award.State.SETTLED),
        }

    def live(self) -> Self:
        return self.exclude(state=Award.State.VOID)

    def visible_to(self, user) -> Self:
        """The county's offices see all, a cooperative its own."""
        if access.has_role(user, *access.READS_EVIDENCE):
            return self
        return self.filter(shipment__cooperative__in=Cooperative.objects.visible_to(user))


class Award(models.Model):
    """What a shipment earns under a version (核定金额), with its inputs and the reason in words.

    Provisional from dispatch and worked out again while it is; frozen when a settlement takes it; then settled.
    """

    class State(models.TextChoices):
        PROVISIONAL = "provisional", _("provisional")
        FROZEN = "frozen", _("frozen")
        SETTLED = "settled", _("settled")
        VOID = "void", _("void")

    shipment = models.ForeignKey(Shipment, models.PROTECT, related_name="awards")
    programme = models.ForeignKey(SubsidyProgramme, models.PROTECT, related_name="awards")
    version = models.ForeignKey(ProgrammeVersion, models.PROTECT, related_name="awards")
    rule = models.CharField(_("rule"), max_length=12, blank=True)
    tier = models.CharField(_("tier"), max_length=2, blank=True)
    share_bp = models.PositiveIntegerField(_("households' share (bp)"))
    assessed_fen = models.PositiveBigIntegerField(_("assessed (fen)"))
    kept_fen = models.PositiveBigIntegerField(_("after refunds (fen)"))
    settled_fen = models.PositiveBigIntegerField(_("settled (fen)"), default=0)
    deferred_fen = models.PositiveBigIntegerField(_("deferred (fen)"), default=0)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.PROVISIONAL)
    explanation = models.TextField(_("explanation"))
    inputs = models.JSONField(_("inputs"))
    assessed_at = models.DateTimeField(_("assessed at"))

    objects = AwardQuerySet.as_manager()

    class Meta:
        ordering = ["shipment"]
        constraints = [
            models.UniqueConstraint(
                fields=["shipment", "programme"], condition=~Q(state="void"), name="one_live_award_a_shipment"
            ),
            models.CheckConstraint(condition=Q(kept_fen__lte=F("assessed_fen")), name="award_kept_within_assessed"),
            models.CheckConstraint(
                condition=Q(state="settled") | Q(settled_fen=0, deferred_fen=0), name="only_settled_awards_are_paid"
            ),
        ]
        verbose_name = _("award")
        verbose_name_plural = _("awards")


class Settlement(models.Model):
    """The awards of a period paid in the order of the queue (结算). One for a period of a programme."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")

    programme = models.ForeignKey(SubsidyProgramme, models.PROTECT, related_name="settlements")
    envelope = models.OneToOneField(Envelope, models.PROTECT, related_name="settlement")
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.RUNNING)
    frozen_at = models.DateTimeField(_("inputs frozen at"))
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="running", done_at__isnull=True) | Q(state="done", done_at__isnull=False),
                name="settlement_done_when",
            )
        ]
        verbose_name = _("settlement")
        verbose_name_plural = _("settlements")


class SettlementItem(models.Model):
    """An award in the queue of a settlement: its place, what it claims under all thresholds, what it was paid."""

    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="items")
    award = models.ForeignKey(Award, models.PROTECT, related_name="settlement_items")
    rank = models.PositiveIntegerField(_("place in the queue"))
    rule = models.CharField(_("rule"), max_length=12)
    tier = models.CharField(_("tier"), max_length=2)
    was_deferred = models.BooleanField(_("deferred before"), default=False)
    assessed_fen = models.PositiveBigIntegerField(_("under all thresholds, before refunds (fen)"))
    payable_fen = models.PositiveBigIntegerField(_("payable (fen)"))
    paid_fen = models.PositiveBigIntegerField(_("paid (fen)"), null=True, blank=True)
    deferred_fen = models.PositiveBigIntegerField(_("deferred (fen)"), default=0)
    cut_fen = models.PositiveBigIntegerField(_("cut (fen)"), default=0)
    reason = models.CharField(_("reason"), max_length=20, blank=True)

    class Meta:
        ordering = ["settlement", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["settlement", "rank"], name="one_place_in_the_queue"),
            models.UniqueConstraint(fields=["settlement", "award"], name="an_award_once_a_settlement"),
            models.CheckConstraint(
                condition=Q(paid_fen__isnull=True) | Q(payable_fen=F("paid_fen") + F("deferred_fen") + F("cut_fen")),
                name="item_adds_up",
            ),
        ]


class LedgerEntry(models.Model):
    """Money of a programme that moved: paid to a cooperative, or clawed back. Only appended to (a trigger)."""

    class Account(models.TextChoices):
        PAID = "paid", _("paid")
        CLAWBACK = "clawback", _("clawed back")

    version = models.ForeignKey(ProgrammeVersion, models.PROTECT, related_name="entries")
    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="entries")
    award = models.ForeignKey(Award, models.PROTECT, related_name="entries")
    account = models.CharField(_("account"), max_length=8, choices=Account.choices)
    amount_fen = models.BigIntegerField(_("amount (fen)"))
    reverses = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="reversals")
    at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["settlement", "award"], condition=Q(account="paid"), name="an_award_paid_once_a_settlement"
            ),
            models.CheckConstraint(
                condition=Q(account="paid", reverses__isnull=True, amount_fen__gt=0)
                | Q(account="clawback", reverses__isnull=False, amount_fen__lt=0),
                name="ledger_sign",
            ),
        ]
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
