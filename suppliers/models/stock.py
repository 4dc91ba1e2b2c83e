"""Goods on their way between books: handed over, carried on into other goods, and counted at a season's end."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .ledger import Batch, Produce
from .people import Cooperative


class HandOverQuerySet(models.QuerySet):
    def open(self) -> Self:
        """Those that the taker has not answered and the giver has not called off."""
        return self.filter(state=HandOver.State.OFFERED)

    def of(self, cooperative: Cooperative) -> Self:
        """Those that `cooperative` gives or takes."""
        return self.filter(Q(taker=cooperative) | Q(batch__produce__cooperative=cooperative))


class HandOver(models.Model):
    """Grams of a batch that a cooperative hands over to another one, at a price; nothing moves before the taker accepts."""

    class State(models.TextChoices):
        OFFERED = "offered", _("waits for the taker")
        ACCEPTED = "accepted", _("handed over")
        DECLINED = "declined", _("declined")
        CALLED_OFF = "called_off", _("called off")

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="hand_overs")
    taker = models.ForeignKey(Cooperative, models.PROTECT, related_name="taken")
    g = models.PositiveBigIntegerField(_("weight (g)"))
    fen_per_kg = models.PositiveIntegerField(_("price (fen per kg)"))
    handed_on = models.DateField(_("handed over on"))
    note = models.CharField(_("note"), max_length=120, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OFFERED)
    offered_at = models.DateTimeField(_("offered at"))
    offered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = HandOverQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(g__gt=0), name="hand_over_weighs_something"),
            models.CheckConstraint(
                condition=Q(state="offered", decided_at__isnull=True)
                | (~Q(state="offered") & Q(decided_at__isnull=False)),
                name="hand_over_decided_when",
            ),
        ]
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")


class CarryOn(models.Model):
    """Goods that became other goods: `in_g` of a produce went in, `out_g` of another came out (出成率). Only grows.

    With a `hand_over` the same goods went on to another cooperative's books, gram for gram. A reversal is negative and
    names its original.
    """

    produce = models.ForeignKey(Produce, models.PROTECT, related_name="went_into")
    into = models.ForeignKey(Produce, models.PROTECT, related_name="came_from")
    in_g = models.BigIntegerField(_("went in (g)"))
    out_g = models.BigIntegerField(_("came out (g)"))
    carried_on = models.DateField(_("carried on"))
    note = models.CharField(_("note"), max_length=120, blank=True)
    hand_over = models.OneToOneField(HandOver, models.PROTECT, null=True, blank=True, related_name="carry_on")
    reverses = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="reversal")
    made_at = models.DateTimeField(_("made at"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-carried_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(reverses__isnull=True, out_g__gt=0, out_g__lte=F("in_g"))
                | Q(reverses__isnull=False, out_g__lt=0, out_g__gte=F("in_g")),
                name="no_more_comes_out_than_went_in",
            ),
            models.CheckConstraint(condition=~Q(produce=F("into")), name="goods_become_other_goods"),
        ]
        verbose_name = _("goods carried on")
        verbose_name_plural = _("goods carried on")

    @property
    def yield_bp(self) -> int:
        """How much of what went in came out, in basis points, cut."""
        return self.out_g * 10_000 // self.in_g


class SignedAccount(models.Model):
    """A season's account as its owner signed it after a count (盘点). Only appended to; a later count is another row.

    `figures` is the text that was signed: canonical JSON of what the account said, whose SHA-256 is `sha256`.
    """

    class Explained(models.TextChoices):
        NONE = "none", _("the count is what the books say")
        LOST = "lost", _("the difference was written off as lost")
        NOTE = "note", _("the difference is explained in a note")

    produce = models.ForeignKey(Produce, models.PROTECT, related_name="signed_accounts")
    starts_on = models.DateField(_("season from"))
    counted_on = models.DateField(_("counted on"))
    book_g = models.BigIntegerField(_("on hand by the books (g)"))
    counted_g = models.PositiveBigIntegerField(_("counted (g)"))
    explained = models.CharField(_("difference"), max_length=5, choices=Explained.choices)
    note = models.CharField(_("note"), max_length=200, blank=True)
    figures = models.TextField(_("figures"))
    sha256 = models.CharField("SHA-256", max_length=64)
    signed_at = models.DateTimeField(_("signed at"))
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["starts_on", "counted_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["produce", "starts_on", "counted_on"], name="one_count_a_day"),
            models.CheckConstraint(condition=Q(counted_on__gte=F("starts_on")), name="counted_within_the_season"),
            models.CheckConstraint(
                condition=Q(explained="none", counted_g=F("book_g"))
                | Q(explained="lost", counted_g__lt=F("book_g"))
                | (Q(explained="note") & ~Q(note="") & ~Q(counted_g=F("book_g"))),
                name="a_difference_is_explained",
            ),
        ]
        verbose_name = _("signed account")
        verbose_name_plural = _("signed accounts")
