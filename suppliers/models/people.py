"""Cooperatives, the households they buy from, and who works where."""

import datetime as dt
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from ..base import access, days, privacy
from .places import Township, Village

# Which categories count as registered households, by scheme (2.2 of the counting rules): a new scheme is a row here.
SCHEMES: dict[str, tuple[str, ...]] = {
    "2019": ("建档立卡贫困户",),
    "2021": ("脱贫户", "脱贫不稳定户", "边缘易致贫户", "突发严重困难户"),
}
COUNTED_CATEGORIES = tuple(category for categories in SCHEMES.values() for category in categories)


def spell_constraints(name: str) -> list[models.BaseConstraint]:
    """A dated row ends on or after the day it starts."""
    return [
        models.CheckConstraint(
            condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")), name=f"{name}_ends_after_start"
        )
    ]


class SpellQuerySet(models.QuerySet):
    def on(self, day: dt.date | F | models.OuterRef) -> Self:
        """Rows in force on `day`."""
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day), starts_on__lte=day)


class HouseholdStatusQuerySet(SpellQuerySet):
    def approved(self) -> Self:
        """Spells that count: the county wrote them, or has approved what a cooperative wrote."""
        return self.filter(approved_at__isnull=False)

    def waiting(self) -> Self:
        """Spells that a cooperative wrote and the county has not decided on."""
        return self.filter(approved_at=None, refused_at=None, confirms=None)

    def seen_by(self, cooperative: "Cooperative") -> Self:
        """What `cooperative` may know: its own words, and the county's; never what another cooperative wrote."""
        return self.filter(Q(proposed_by=cooperative) | Q(proposed_by=None))


class CooperativeQuerySet(models.QuerySet):
    def selling(self) -> Self:
        """Those that are not suspended."""
        return self.filter(suspended_at=None)

    def visible_to(self, user) -> Self:
        """The cooperatives whose own pages `user` may open: where he works; all of them for county staff."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.is_staff:
            return self
        return self.filter(pk__in=CooperativeStaff.objects.on(days.today()).filter(user=user).values("cooperative"))


class Cooperative(models.Model):
    """A seller: a cooperative, firm, large grower or processor, one to one with Oscar's Partner."""

    class Kind(models.TextChoices):
        COOPERATIVE = "cooperative", _("cooperative")
        COMPANY = "company", _("company")
        GROWER = "grower", _("large grower")
        PROCESSOR = "processor", _("processor")

    code = models.CharField(_("code"), max_length=12, unique=True)
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.COOPERATIVE)
    uscc = models.CharField(_("unified social credit code"), max_length=18, unique=True)
    village = models.ForeignKey(Village, models.PROTECT, related_name="cooperatives", verbose_name=_("village"))
    partner = models.OneToOneField("partner.Partner", models.PROTECT, related_name="cooperative")
    story = models.TextField(_("about"), blank=True)
    shows_grower_price = models.BooleanField(_("shows what growers are paid"), default=False)
    # While it is suspended its products are not in the shop; why and by whom: its steps.
    suspended_at = models.DateTimeField(_("suspended at"), null=True, blank=True, editable=False)

    objects = CooperativeQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        verbose_name = _("cooperative")
        verbose_name_plural = _("cooperatives")

    def __str__(self) -> str:
        return self.name

    @property
    def why_suspended(self) -> str:
        """The reason of the last suspension, empty where it is not suspended."""
        last = self.steps.filter(kind="suspended").last() if self.suspended_at else None
        return last.reason if last else ""


class CooperativeStaff(models.Model):
    """Somebody who works for a cooperative, from a day to a day."""

    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        SELLER = "seller", _("seller")
        PACKER = "packer", _("packer")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="cooperative_posts")
    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="staff")
    role = models.CharField(_("role"), max_length=8, choices=Role.choices, default=Role.OWNER)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"), null=True, blank=True)

    objects = SpellQuerySet.as_manager()

    class Meta:
        constraints = [
            *spell_constraints("staff"),
            models.UniqueConstraint(fields=["user", "cooperative", "starts_on"], name="one_post_a_day"),
        ]
        verbose_name = _("cooperative staff")
        verbose_name_plural = _("cooperative staff")


class TownshipStaff(models.Model):
    """An official of one township."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="township_post")
    township = models.ForeignKey(Township, models.PROTECT, related_name="staff")


class HouseholdQuerySet(models.QuerySet):
    def counted_on(self, day: dt.date) -> Self:
        """Households registered on `day`, under whichever scheme is in force for them that day."""
        return self.filter(
            pk__in=HouseholdStatus.objects.on(day)
            .approved()
            .filter(category__in=COUNTED_CATEGORIES)
            .values("household")
        )

    def visible_to(self, user) -> Self:
        """Households whose row `user` may see: the county's offices all, a township its own, a cooperative its members."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if access.has_role(user, *access.READS_EVIDENCE):
            return self
        own_township = TownshipStaff.objects.filter(user=user).values("township")
        own_members = Membership.objects.filter(
            cooperative__in=Cooperative.objects.visible_to(user).values("pk")
        ).values("household")
        return self.filter(Q(village__township__in=own_township) | Q(pk__in=own_members))

    def members_of(self, cooperative: Cooperative, *, on: dt.date) -> Self:
        """The households that deliver to `cooperative` on a day."""
        return self.filter(pk__in=Membership.objects.on(on).filter(cooperative=cooperative).values("household"))

    def with_category(self, day: dt.date, *, seen_by: Cooperative) -> Self:
        """Each with its `category` on `day` as far as a cooperative may know it (None: none), and whether one `is_waiting`."""
        known = HouseholdStatus.objects.seen_by(seen_by).filter(household=models.OuterRef("pk"))
        # Of its own word that says what another's said before, the county approved the first; it holds all the same.
        held = known.on(day).filter(Q(approved_at__isnull=False) | Q(confirms__isnull=False)).order_by("-starts_on")
        return self.annotate(
            category=models.Subquery(held.values("category")[:1]), is_waiting=models.Exists(known.waiting())
        )

    def with_people(self, *, of: Cooperative) -> Self:
        """Each with how many `people` it has in the words of a cooperative: what another wrote is not its to know."""
        own = Membership.objects.filter(household=models.OuterRef("pk"), cooperative=of).order_by("-starts_on")
        return self.annotate(people=Coalesce(models.Subquery(own.values("size")[:1]), F("size")))


class Household(models.Model):
    """A farming household (户). Name, ID number, bank account and mobile are encrypted; counts go by `household_no`."""

    household_no = models.CharField(_("household number"), max_length=20, unique=True)
    head = privacy.EncryptedText(_("head of household"))
    id_number = privacy.EncryptedText(_("ID number"), blank=True, default="")
    id_index = models.CharField(max_length=64, null=True, blank=True, unique=True, editable=False)
    mobile = privacy.EncryptedText(_("mobile"), blank=True, default="")
    bank_account = privacy.EncryptedText(_("bank account"), blank=True, default="")
    village = models.ForeignKey(Village, models.PROTECT, related_name="households", verbose_name=_("village"))
    size = models.PositiveSmallIntegerField(_("people"))
    cooperatives = models.ManyToManyField(Cooperative, through="Membership", related_name="members")

    objects = HouseholdQuerySet.as_manager()

    class Meta:
        ordering = ["household_no"]
        constraints = [
            models.CheckConstraint(condition=Q(size__gte=1, size__lte=30), name="household_has_people"),
        ]
        verbose_name = _("household")
        verbose_name_plural = _("households")

    def __str__(self) -> str:
        return self.household_no

    def save(self, *args, **kwargs) -> None:
        self.id_index = privacy.keyed_index(self.id_number) if self.id_number else None
        super().save(*args, **kwargs)

    @property
    def masked_head(self) -> str:
        return privacy.mask_name(self.head)


class HouseholdStatus(models.Model):
    """A spell of a household's category (建档立卡贫困户, 脱贫户 …). Approved spells of one household do not overlap (a trigger).

    A spell that a cooperative wrote (`proposed_by`) waits until the county approves it, refuses it with a reason, or finds
    that an approved one says the same (`confirms`). What was refused stays as history.
    """

    household = models.ForeignKey(Household, models.PROTECT, related_name="statuses")
    category = models.CharField(_("category"), max_length=20)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"), null=True, blank=True)
    # What a cooperative writes waits for the county (None); what the county writes is approved by being written.
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True, default=days.now)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    proposed_by = models.ForeignKey(Cooperative, models.PROTECT, null=True, blank=True, related_name="+")
    proposed_at = models.DateTimeField(_("written at"), null=True, blank=True)
    # The township's word before the county's; the county decides without it too.
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    checked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    refused_at = models.DateTimeField(_("refused at"), null=True, blank=True)
    refused_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    refused_why = models.CharField(_("why it was refused"), max_length=120, blank=True)
    confirms = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="confirmed_by")

    objects = HouseholdStatusQuerySet.as_manager()

    class Meta:
        ordering = ["household", "starts_on"]
        constraints = [
            *spell_constraints("status"),
            models.UniqueConstraint(
                fields=["household", "starts_on"],
                condition=Q(approved_at__isnull=False),
                name="one_status_a_day",
            ),
            models.CheckConstraint(
                condition=Q(refused_at__isnull=True, refused_why="")
                | (Q(refused_at__isnull=False, approved_at__isnull=True, confirms__isnull=True) & ~Q(refused_why="")),
                name="status_refused_with_a_reason_and_not_approved",
            ),
            models.CheckConstraint(
                condition=Q(confirms__isnull=True) | Q(approved_at__isnull=True), name="status_confirms_or_is_approved"
            ),
            models.UniqueConstraint(
                fields=["household", "proposed_by"],
                condition=Q(approved_at__isnull=True, refused_at__isnull=True, confirms__isnull=True),
                name="one_status_waits_a_cooperative",
            ),
        ]
        indexes = [models.Index(fields=["household", "category", "starts_on", "ends_on"], name="status_lookup")]
        verbose_name = _("household status")
        verbose_name_plural = _("household statuses")


class HouseholdMerger(models.Model):
    """From `merged_on` a household counts as another one: it was merged into it (并户), or split off it (分户). Rows are never edited.

    When the other one is merged in its turn, a new row of each earlier household names the last one: so the household
    that counts on a day is always one look-up away (`counts_as`).
    """

    class Kind(models.TextChoices):
        MERGED = "merged", _("merged")
        SPLIT = "split", _("split off")

    household = models.ForeignKey(Household, models.PROTECT, related_name="mergers")
    kind = models.CharField(_("kind"), max_length=6, choices=Kind.choices, default=Kind.MERGED)
    into = models.ForeignKey(Household, models.PROTECT, related_name="merged_from")
    merged_on = models.DateField(_("merged on"))
    why = models.CharField(_("why"), max_length=120, blank=True)
    made_at = models.DateTimeField(_("made at"), default=days.now)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["household", "into"], name="merged_once_into_one"),
            models.CheckConstraint(condition=~Q(household=F("into")), name="no_merger_with_itself"),
        ]


def counts_as(day: dt.date, household: str = "household") -> Coalesce:
    """The id of the household that `household` (a field's path) counts as on `day`, for use in a queryset."""
    latest = (
        HouseholdMerger.objects.filter(household=models.OuterRef(household), merged_on__lte=day)
        .order_by("-merged_on", "-pk")
        .values("into")[:1]
    )
    return Coalesce(models.Subquery(latest), F(household), output_field=models.BigIntegerField())


class Membership(models.Model):
    """A household that delivers to a cooperative (社员户), from a day to a day.

    How to reach and to pay it is in the cooperative's own words: a household of two cooperatives may have told each
    another number, and neither reads the other's.
    """

    household = models.ForeignKey(Household, models.PROTECT, related_name="memberships")
    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="memberships")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"), null=True, blank=True)
    size = models.PositiveSmallIntegerField(_("people"), null=True, blank=True)
    mobile = privacy.EncryptedText(_("mobile"), blank=True, default="")
    bank_account = privacy.EncryptedText(_("bank account"), blank=True, default="")

    objects = SpellQuerySet.as_manager()

    class Meta:
        constraints = [
            *spell_constraints("membership"),
            models.UniqueConstraint(fields=["household", "cooperative", "starts_on"], name="one_membership_a_day"),
            models.CheckConstraint(
                condition=Q(size__isnull=True) | Q(size__gte=1, size__lte=30), name="membership_has_people"
            ),
        ]
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")

    def covers(self, day: dt.date) -> bool:
        """Whether the household is a member on `day` by this."""
        return self.starts_on <= day and (self.ends_on is None or self.ends_on >= day)
