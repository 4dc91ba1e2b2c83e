"""What follows a sale: spoilage claims, no-reason returns, reviews, and the photos that buyers send with them."""

import secrets
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, F, Q, Sum
from django.utils.translation import gettext_lazy as _

from shop.models import Refund, SaleLine
from suppliers.base import days
from suppliers.base.money import half_up
from suppliers.models import Cooperative, Produce


def new_name() -> str:
    return secrets.token_urlsafe(24)


class Decider(models.TextChoices):
    COOPERATIVE = "cooperative", _("the cooperative")
    COUNTY = "county", _("county staff")


class RequestQuerySet(models.QuerySet):
    def visible_to(self, user) -> Self:
        """County staff see all, a cooperative those about its own lines."""
        return self.filter(line__cooperative__in=Cooperative.objects.visible_to(user))

    def undecided(self) -> Self:
        return self.filter(decided_at=None)

    def of_county(self) -> Self:
        """Those that the county has to decide, because the cooperative did not answer in time."""
        return self.undecided().filter(county_at__isnull=False)

    def with_line(self) -> Self:
        """Each with what a page says of it, photos aside."""
        return self.select_related(
            "line__line__product", "line__sale__order", "line__cooperative", "line__produce", "decided_by", "refund"
        )


class Request(models.Model):
    """What a buyer asks for a line of an order, and who decided on it, when and why."""

    line = models.ForeignKey(SaleLine, models.PROTECT, related_name="%(class)ss")
    asked_at = models.DateTimeField(_("asked at"), default=days.now)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    note = models.CharField(_("note"), max_length=300, blank=True)
    county_at = models.DateTimeField(_("passed to the county at"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_as = models.CharField(_("decided as"), max_length=11, choices=Decider.choices, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    refund = models.OneToOneField(Refund, models.PROTECT, null=True, blank=True, related_name="%(class)s")

    objects = RequestQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["asked_at", "pk"]


UNDECIDED = Q(decided_at__isnull=True, decided_by__isnull=True, decided_as="")
DECIDED = Q(decided_at__isnull=False, decided_by__isnull=False) & ~Q(decided_as="")


class SpoilageClaim(Request):
    """Spoiled goods of a line (坏果包赔): the share that the buyer says is spoiled, and the share that was paid back."""

    class State(models.TextChoices):
        OPEN = "open", _("being looked at")
        PAID = "paid", _("paid back")
        REFUSED = "refused", _("refused")

    spoiled_bp = models.PositiveIntegerField(_("spoiled share (basis points)"))
    approved_bp = models.PositiveIntegerField(_("approved share (basis points)"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)

    class Meta(Request.Meta):
        constraints = [
            models.UniqueConstraint(fields=["line"], condition=Q(state="open"), name="one_open_claim_a_line"),
            models.CheckConstraint(
                condition=Q(spoiled_bp__gt=0, spoiled_bp__lte=10_000)
                & (Q(approved_bp__isnull=True) | Q(approved_bp__gt=0, approved_bp__lte=10_000)),
                name="spoilage_claim_shares",
            ),
            models.CheckConstraint(
                condition=(Q(state="open", approved_bp__isnull=True, refund__isnull=True) & UNDECIDED)
                | (Q(state="paid", approved_bp__isnull=False, refund__isnull=False) & DECIDED)
                | (Q(state="refused", approved_bp__isnull=True, refund__isnull=True) & DECIDED & ~Q(reason="")),
                name="spoilage_claim_decided_by_whom_and_how",
            ),
            models.CheckConstraint(
                condition=Q(approved_bp__isnull=True) | Q(approved_bp=F("spoiled_bp")) | ~Q(reason=""),
                name="spoilage_claim_other_share_has_its_reason",
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], condition=Q(state="open"), name="spoilage_claims_open")]
        verbose_name = _("spoilage claim")
        verbose_name_plural = _("spoilage claims")

    @property
    def spoiled_percent(self) -> int:
        return self.spoiled_bp // 100

    @property
    def approved_percent(self) -> int | None:
        return None if self.approved_bp is None else self.approved_bp // 100


class NoReasonReturn(Request):
    """Packs that go back because the buyer has thought better of it (七天无理由退货), where the law says so."""

    class State(models.TextChoices):
        ASKED = "asked", _("being looked at")
        AGREED = "agreed", _("agreed: to be sent back")
        SENT = "sent", _("on its way back")
        PAID = "paid", _("paid back")
        REFUSED = "refused", _("refused")

    # What may follow what.
    STEPS = {
        State.ASKED: (State.AGREED, State.REFUSED),
        State.AGREED: (State.SENT,),
        State.SENT: (State.PAID, State.REFUSED),
    }

    packs = models.PositiveIntegerField(_("packs"))
    is_binding = models.BooleanField(_("cannot be refused"), default=False)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.ASKED)
    return_to = models.CharField(_("where it is sent back to"), max_length=200, blank=True)
    carrier = models.CharField(_("carrier"), max_length=40, blank=True)
    waybill = models.CharField(_("waybill"), max_length=24, blank=True)
    sent_at = models.DateTimeField(_("sent back at"), null=True, blank=True)
    closed_at = models.DateTimeField(_("looked at on arrival"), null=True, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    restocked = models.PositiveIntegerField(_("packs back in stock"), default=0)

    class Meta(Request.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["line"], condition=Q(state__in=("asked", "agreed", "sent")), name="one_open_return_a_line"
            ),
            models.CheckConstraint(
                condition=Q(packs__gt=0, restocked__lte=F("packs")) & (Q(restocked=0) | Q(state="paid")),
                name="no_reason_return_packs",
            ),
            models.CheckConstraint(
                condition=(Q(state="asked", refund__isnull=True) & UNDECIDED)
                | (Q(state__in=("agreed", "sent"), refund__isnull=True) & DECIDED)
                | (Q(state="paid", refund__isnull=False) & DECIDED)
                | (Q(state="refused", refund__isnull=True) & DECIDED & ~Q(reason="")),
                name="no_reason_return_decided_by_whom_and_how",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("asked", "agreed"), sent_at__isnull=True, waybill="")
                | (Q(state__in=("sent", "paid"), sent_at__isnull=False) & ~Q(waybill=""))
                | Q(state="refused"),
                name="no_reason_return_sent_with_its_waybill",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, closed_by__isnull=True, state__in=("asked", "agreed", "sent"))
                | Q(closed_at__isnull=True, closed_by__isnull=True, state="refused", sent_at__isnull=True)
                | Q(
                    closed_at__isnull=False,
                    closed_by__isnull=False,
                    state__in=("paid", "refused"),
                    sent_at__isnull=False,
                ),
                name="no_reason_return_closed_by_whom",
            ),
            models.CheckConstraint(
                condition=~Q(is_binding=True, state="refused"), name="binding_return_is_never_refused"
            ),
        ]
        verbose_name = _("no-reason return")
        verbose_name_plural = _("no-reason returns")

    def may_become(self, state: str) -> bool:
        if state == self.State.REFUSED and self.is_binding:
            return False
        return state in self.STEPS.get(self.state, ())


class ReviewQuerySet(models.QuerySet):
    def visible_to(self, user) -> Self:
        """County staff see all, a cooperative those of its own produce."""
        return self.filter(produce__cooperative__in=Cooperative.objects.visible_to(user))

    def shown(self) -> Self:
        return self.filter(hidden_at=None)

    def sums(self) -> dict:
        """How many there are (`n`) and their average of stars in tenths (`tenths`, None without any)."""
        found = self.aggregate(n=Count("pk"), stars=Sum("stars"))
        return {"n": found["n"], "tenths": half_up(10 * found["stars"], found["n"]) if found["n"] else None}


class Review(models.Model):
    """What a buyer says of a line that came. The cooperative may answer once; it may be hidden, never taken away."""

    line = models.OneToOneField(SaleLine, models.PROTECT, primary_key=True, related_name="review")
    produce = models.ForeignKey(Produce, models.PROTECT, related_name="reviews")
    # Masked as it is written, and a guest's when the account is erased (actions.forget_reviewer).
    name = models.CharField(_("shown as"), max_length=20)
    stars = models.PositiveSmallIntegerField(_("stars"), validators=[MinValueValidator(1), MaxValueValidator(5)])
    text = models.CharField(_("review"), max_length=500, blank=True)
    made_at = models.DateTimeField(_("made at"), default=days.now)
    answer = models.CharField(_("answer"), max_length=500, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    hidden_at = models.DateTimeField(_("hidden at"), null=True, blank=True)
    hidden_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    hidden_because = models.CharField(_("hidden because"), max_length=200, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="review_stars"),
            models.CheckConstraint(
                condition=Q(answer="", answered_at__isnull=True, answered_by__isnull=True)
                | (~Q(answer="") & Q(answered_at__isnull=False, answered_by__isnull=False)),
                name="review_answered_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(hidden_because="", hidden_at__isnull=True, hidden_by__isnull=True)
                | (~Q(hidden_because="") & Q(hidden_at__isnull=False, hidden_by__isnull=False)),
                name="review_hidden_when_by_whom_and_why",
            ),
        ]
        indexes = [models.Index(fields=["produce", "-made_at"], name="reviews_of_produce")]
        verbose_name = _("review")
        verbose_name_plural = _("reviews")


class PhotoManager(models.Manager):
    def get_queryset(self) -> models.QuerySet:
        """Photos without their bytes, which only the page that sends one asks for."""
        return super().get_queryset().defer("content")


class Photo(models.Model):
    """A photo of a claim or a review, redrawn as JPEG (docs/decisions/0016). Nobody guesses its name."""

    name = models.CharField(max_length=40, unique=True, default=new_name, editable=False)
    claim = models.ForeignKey(SpoilageClaim, models.PROTECT, null=True, blank=True, related_name="photos")
    review = models.ForeignKey(Review, models.PROTECT, null=True, blank=True, related_name="photos")
    content = models.BinaryField(_("JPEG"))

    objects = PhotoManager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(claim__isnull=False, review__isnull=True) | Q(claim__isnull=True, review__isnull=False),
                name="photo_of_a_claim_or_a_review",
            )
        ]
        verbose_name = _("photo")
        verbose_name_plural = _("photos")


def paid_shares(line_id: int) -> int:
    """The share of a line that was paid back as spoiled so far, in basis points."""
    return SpoilageClaim.objects.filter(line=line_id).aggregate(n=Sum("approved_bp"))["n"] or 0


def returned_packs(line_id: int) -> int:
    """The packs of a line that came back and were paid back."""
    paid = NoReasonReturn.objects.filter(line=line_id, state=NoReasonReturn.State.PAID)
    return paid.aggregate(n=Sum("packs"))["n"] or 0
