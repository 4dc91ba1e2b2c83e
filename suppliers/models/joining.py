"""How a cooperative comes to sell here (入驻), is suspended and resumed, and gives its staff their posts."""

import secrets
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ..base import days, privacy
from ..base.access import TOWNSHIP, has_role
from .people import Cooperative, CooperativeStaff, TownshipStaff
from .places import Village

READABLE = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0 and O, no 1 and I


def new_application_no() -> str:
    """A number that can be read out on the telephone and says nothing of how many there are."""
    return f"RZ{days.today():%y%m%d}" + "".join(secrets.choice(READABLE) for _n in range(5))


class ApplicationQuerySet(models.QuerySet):
    def of(self, user) -> Self:
        """Those that `user` wrote."""
        return self.filter(applicant=user) if user.is_authenticated and user.is_active else self.none()

    def visible_to(self, user) -> Self:
        """Those that `user` looks at by office: county staff all, a township its own; drafts are nobody's but their writer's."""
        sent = self.exclude(state=Application.State.DRAFT)
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if user.is_staff:
            return sent
        if not has_role(user, TOWNSHIP):
            return self.none()
        return sent.filter(village__township__in=TownshipStaff.objects.filter(user=user).values("township"))

    def waiting_at_township(self) -> Self:
        return self.filter(state=Application.State.SUBMITTED)

    def waiting_at_county(self) -> Self:
        return self.filter(state__in=(Application.State.TOWNSHIP_PASSED, Application.State.OBJECTED))

    def on_notice(self) -> Self:
        return self.filter(state=Application.State.ON_NOTICE)

    def with_place(self) -> Self:
        return self.select_related("village__township")


class ApplicationManager(models.Manager.from_queryset(ApplicationQuerySet)):
    def get_queryset(self):
        # A picture is read for the page that shows it alone.
        return super().get_queryset().defer("licence")


class Application(models.Model):
    """A cooperative's application to sell here, from its draft on; it keeps its number when it is sent back.

    Whom to call is encrypted, and so is the picture of the licence, which only who decides and who applied may see.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("at the township")
        TOWNSHIP_PASSED = "township_passed", _("at the county")
        ON_NOTICE = "on_notice", _("public notice")
        OBJECTED = "objected", _("objection is looked into")
        ACTIVE = "active", _("joined")
        RETURNED = "returned", _("sent back to be completed")
        REJECTED = "rejected", _("rejected")

    # With these it is on its way: nobody else can apply under the same credit code.
    LIVE = (State.SUBMITTED, State.TOWNSHIP_PASSED, State.ON_NOTICE, State.OBJECTED, State.ACTIVE, State.RETURNED)
    EDITABLE = (State.DRAFT, State.RETURNED)

    application_no = models.CharField(_("number"), max_length=16, unique=True, default=new_application_no)
    applicant = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="applications")
    name = models.CharField(_("name"), max_length=80, blank=True)
    kind = models.CharField(
        _("kind"), max_length=12, choices=Cooperative.Kind.choices, default=Cooperative.Kind.COOPERATIVE
    )
    uscc = models.CharField(_("unified social credit code"), max_length=18, blank=True)
    village = models.ForeignKey(Village, models.PROTECT, null=True, blank=True, verbose_name=_("village"))
    contact = privacy.EncryptedText(_("contact person"), blank=True, default="")
    mobile = privacy.EncryptedText(_("mobile"), blank=True, default="")
    licence = privacy.EncryptedBytes(_("picture of the licence"), blank=True, default=b"")
    has_licence = models.BooleanField(default=False, editable=False)
    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.DRAFT)
    drafted_at = models.DateTimeField(_("drafted at"), default=days.now)
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True)
    notice_until = models.DateField(_("notice until"), null=True, blank=True)
    cooperative = models.OneToOneField(
        Cooperative, models.PROTECT, null=True, blank=True, related_name="application", verbose_name=_("cooperative")
    )

    objects = ApplicationManager()

    class Meta:
        ordering = ["-submitted_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["uscc"],
                condition=Q(state__in=("submitted", "township_passed", "on_notice", "objected", "active", "returned")),
                name="one_live_application_a_credit_code",
            ),
            models.CheckConstraint(
                condition=Q(state="draft")
                | (Q(submitted_at__isnull=False, village__isnull=False, has_licence=True) & ~Q(uscc="") & ~Q(name="")),
                name="application_sent_is_complete",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("on_notice", "objected", "active")) | Q(notice_until__isnull=False),
                name="application_on_notice_until_a_day",
            ),
            models.CheckConstraint(
                condition=Q(state="active", cooperative__isnull=False)
                | (~Q(state="active") & Q(cooperative__isnull=True)),
                name="application_joined_is_a_cooperative",
            ),
        ]
        indexes = [models.Index(fields=["state", "submitted_at"], name="applications_by_state")]
        verbose_name = _("application")
        verbose_name_plural = _("applications")

    def __str__(self) -> str:
        return self.application_no

    @property
    def is_editable(self) -> bool:
        return self.state in self.EDITABLE

    @property
    def masked_mobile(self) -> str:
        return privacy.mask_mobile(self.mobile)


class ApplicationStep(models.Model):
    """What happened to an application, when, by whom (nobody: by the passing of time) and why. Rows are never edited."""

    class Kind(models.TextChoices):
        SUBMITTED = "submitted", _("sent in")
        TOWNSHIP_PASSED = "township_passed", _("passed by the township")
        COUNTY_PASSED = "county_passed", _("passed by the county, on public notice")
        OBJECTED = "objected", _("objection received")
        DISMISSED = "dismissed", _("objection dismissed")
        RETURNED = "returned", _("sent back to be completed")
        REJECTED = "rejected", _("rejected")
        ACTIVE = "active", _("joined")

    class Stage(models.TextChoices):
        APPLICANT = "applicant", _("the applicant")
        TOWNSHIP = "township", _("the township")
        COUNTY = "county", _("the county")
        NOTICE = "notice", _("public notice")

    application = models.ForeignKey(Application, models.PROTECT, related_name="steps")
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    stage = models.CharField(_("stage"), max_length=10, choices=Stage.choices)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind__in=("returned", "rejected", "objected", "dismissed")) | ~Q(reason=""),
                name="application_step_says_why",
            )
        ]
        verbose_name = _("step of an application")
        verbose_name_plural = _("steps of an application")


class CooperativeStep(models.Model):
    """What happened to a cooperative or to the posts in it, when, by whom and why. Rows are never edited."""

    class Kind(models.TextChoices):
        ACTIVE = "active", _("joined")
        SUSPENDED = "suspended", _("suspended")
        RESUMED = "resumed", _("resumed")
        INVITED = "invited", _("somebody was invited")
        STARTED = "started", _("a post began")
        ROLE_CHANGED = "role_changed", _("a role was changed")
        ENDED = "ended", _("a post ended")
        GROWER_PRICE = "grower_price", _("whether growers' prices are shown was changed")

    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="steps")
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    role = models.CharField(_("role"), max_length=8, choices=CooperativeStaff.Role.choices, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind__in=("suspended", "resumed")) | ~Q(reason=""), name="cooperative_step_says_why"
            )
        ]
        verbose_name = _("step of a cooperative")
        verbose_name_plural = _("steps of a cooperative")


class InvitationQuerySet(models.QuerySet):
    def open(self) -> Self:
        """Neither accepted nor taken back, and not over."""
        return self.filter(accepted_at=None, withdrawn_at=None, ends_on__gte=days.today())

    def standing(self) -> Self:
        return self.filter(accepted_at=None, withdrawn_at=None)


class Invitation(models.Model):
    """A post that is offered to whoever signs in with a mobile number or an e-mail address. The address is encrypted."""

    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="invitations")
    address = privacy.EncryptedText(_("mobile number or e-mail address"))
    address_index = models.CharField(max_length=64, editable=False)
    role = models.CharField(_("role"), max_length=8, choices=CooperativeStaff.Role.choices)
    invited_at = models.DateTimeField(_("invited at"))
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ends_on = models.DateField(_("until"))
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_at = models.DateTimeField(_("taken back at"), null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-invited_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["cooperative", "address_index"],
                condition=Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="one_open_invitation_a_person",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False, withdrawn_at__isnull=True),
                name="invitation_accepted_by_whom",
            ),
        ]
        indexes = [models.Index(fields=["address_index"], name="invitations_by_address")]
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")

    @property
    def masked_address(self) -> str:
        name, at, domain = self.address.partition("@")
        return f"{name[:2]}***@{domain}" if at else privacy.mask_mobile(self.address)
