"""A product on its way to the shelf, and every change of its price and stock. Prices and stock themselves are Oscar's."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from suppliers.base import days
from suppliers.models import Cooperative, Pack


class ListingQuerySet(models.QuerySet):
    def waiting(self) -> Self:
        """Those that the county has to look at, the oldest first."""
        return self.filter(state=Listing.State.SUBMITTED).order_by("submitted_at", "pk")

    def with_pack(self) -> Self:
        return self.select_related("pack__product", "pack__produce__cooperative__village__township")


class Listing(models.Model):
    """How far a pack has come to its first publication. A pack without one was published before there were any."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("waits for the county")
        RETURNED = "returned", _("sent back to be completed")
        PUBLISHED = "published", _("published")

    EDITABLE = (State.DRAFT, State.RETURNED)

    pack = models.OneToOneField(Pack, models.CASCADE, primary_key=True, related_name="listing")
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    made_at = models.DateTimeField(_("made at"), default=days.now)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True)

    objects = ListingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=("draft", "published")) | Q(submitted_at__isnull=False),
                name="listing_sent_in_at_a_time",
            )
        ]
        indexes = [
            models.Index(fields=["submitted_at"], condition=Q(state="submitted"), name="listings_that_wait"),
        ]
        verbose_name = _("listing")
        verbose_name_plural = _("listings")

    @property
    def is_editable(self) -> bool:
        return self.state in self.EDITABLE


class ListingStep(models.Model):
    """What happened to a pack on the shelf, when, by whom and why. Rows are never edited."""

    class Kind(models.TextChoices):
        SUBMITTED = "submitted", _("sent in")
        RETURNED = "returned", _("sent back to be completed")
        PUBLISHED = "published", _("published")
        TAKEN_OFF = "taken_off", _("taken off the shelf")
        PUT_BACK = "put_back", _("put back on the shelf")

    pack = models.ForeignKey(Pack, models.PROTECT, related_name="listing_steps")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(kind="returned") | ~Q(reason=""), name="listing_step_says_why")
        ]
        verbose_name = _("step of a listing")
        verbose_name_plural = _("steps of a listing")


class PriceChange(models.Model):
    """What a pack cost before (None: nothing, it was new) and costs since. Rows are never edited.

    `low_fen_per_jin` and `high_fen_per_jin` are the county's reference band of that day, where there was one.
    """

    pack = models.ForeignKey(Pack, models.PROTECT, related_name="price_changes")
    old_fen = models.PositiveBigIntegerField(_("old price (fen)"), null=True, blank=True)
    new_fen = models.PositiveBigIntegerField(_("new price (fen)"))
    low_fen_per_jin = models.PositiveIntegerField(_("reference from (fen per jin)"), null=True, blank=True)
    high_fen_per_jin = models.PositiveIntegerField(_("reference to (fen per jin)"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(new_fen__gt=0), name="price_is_above_zero"),
            models.CheckConstraint(
                condition=Q(low_fen_per_jin__isnull=True, high_fen_per_jin__isnull=True)
                | Q(low_fen_per_jin__lte=models.F("high_fen_per_jin")),
                name="price_band_has_two_ends",
            ),
        ]
        verbose_name = _("price change")
        verbose_name_plural = _("price changes")


class StockChange(models.Model):
    """Packs that came into the store or left it otherwise than by an order, and how many there were then. Never edited."""

    class Kind(models.TextChoices):
        CAME_IN = "came_in", _("put into store")
        FOUND = "found", _("counted: there are more")
        MISSING = "missing", _("counted: there are fewer")
        SPOILED = "spoiled", _("spoiled")
        ELSEWHERE = "elsewhere", _("sold elsewhere")

    ADDS = (Kind.CAME_IN, Kind.FOUND)

    pack = models.ForeignKey(Pack, models.PROTECT, related_name="stock_changes")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    delta = models.IntegerField(_("change"))
    left = models.PositiveIntegerField(_("in store after it"))
    note = models.CharField(_("note"), max_length=120, blank=True)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=("came_in", "found"), delta__gt=0)
                | Q(kind__in=("missing", "spoiled", "elsewhere"), delta__lt=0),
                name="stock_change_sign",
            )
        ]
        verbose_name = _("stock change")
        verbose_name_plural = _("stock changes")


def published() -> Q:
    """Packs that the county has passed, or that were published before it was asked; they may be off the shelf."""
    return Q(listing=None) | Q(listing__state=Listing.State.PUBLISHED)


def packs_of(cooperative: Cooperative) -> models.QuerySet[Pack]:
    """The packs of `cooperative` that it lists and keeps itself; what is sold ahead follows its harvest instead."""
    return Pack.objects.filter(produce__cooperative=cooperative, presale=None).select_related(
        "product", "produce__cooperative", "listing"
    )
