"""A cooperative joins (入驻): application, township, county, public notice, and then it sells; suspension; posts of its staff.

Each action is one transaction, and locks the application's or the cooperative's row first. Who may decide is asked here
and not only on the page: nobody at two stages of one application, nobody on what is his own.
"""

import datetime as dt
import logging
import re
from dataclasses import dataclass

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from stdnum import exceptions as stdnum_errors
from stdnum.cn import uscc as credit_codes

from .base import access, days, privacy
from .base.fields import mobile_digits, plain
from .models import (
    Application,
    ApplicationStep,
    Cooperative,
    CooperativeStaff,
    CooperativeStep,
    Invitation,
    TownshipStaff,
    Village,
)

logger = logging.getLogger(__name__)

State, Kind, Stage = Application.State, ApplicationStep.Kind, ApplicationStep.Stage

NOTICE_WORKING_DAYS = 7
MOST_NOTICE_DAYS = 60
INVITATION_DAYS = 30
MOST_DRAFTS = 3
MOST_OPEN_INVITATIONS = 20


class NotYours(Exception):
    """Who decides here is not of the right office, has decided at the other stage, or would decide on what is his own."""


class AlreadyDecided(Exception):
    """The application is not at this stage (any more)."""


# ── The applicant ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Papers:
    """What an applicant writes; all but `licence` (a redrawn JPEG, None: as it was) may be empty in a draft."""

    name: str = ""
    kind: str = Cooperative.Kind.COOPERATIVE
    uscc: str = ""
    village: Village | None = None
    contact: str = ""
    mobile: str = ""
    licence: bytes | None = None


@transaction.atomic
def draft(*, by, papers: Papers, application: Application | None = None) -> Application:
    """Keep what was written so far, in a new application or in one of one's own that may be changed.

    Raises AlreadyDecided where it is on its way, ValidationError where there are drafts enough.
    """
    if application is None:
        drafts = Application.objects.select_for_update().filter(applicant=by, state=State.DRAFT)
        if len(drafts) >= MOST_DRAFTS:
            raise ValidationError(_("You have begun three applications already. Please finish one of them."))
        application = Application(applicant=by)
    else:
        application = Application.objects.select_for_update().get(pk=application.pk, applicant=by)
        if not application.is_editable:
            raise AlreadyDecided
    application.name, application.kind, application.uscc = papers.name, papers.kind, papers.uscc
    application.village, application.contact, application.mobile = papers.village, papers.contact, papers.mobile
    written = ["name", "kind", "uscc", "village", "contact", "mobile"]
    if papers.licence is not None:
        application.licence, application.has_licence = papers.licence, bool(papers.licence)
        written += ["licence", "has_licence"]
    if application.state == State.RETURNED and (problems := _problems(application)):
        # What was sent back is complete at any moment: the database asks for it.
        raise ValidationError(problems)
    application.save(update_fields=None if application._state.adding else written)
    return application


@transaction.atomic
def submit(*, application: Application, by) -> Application:
    """Send an application in; one that was sent back goes the whole way again under its number.

    Raises AlreadyDecided where it is on its way, ValidationError by field for what is missing or cannot be.
    """
    application = Application.objects.select_for_update().get(pk=application.pk, applicant=by)
    if not application.is_editable:
        raise AlreadyDecided
    if problems := _problems(application):
        raise ValidationError(problems)
    application.state, application.submitted_at = State.SUBMITTED, days.now()
    try:
        with transaction.atomic():
            application.save(update_fields=["state", "submitted_at"])
    except IntegrityError as error:  # somebody else was first
        raise ValidationError({"uscc": _taken()}) from error
    _step(application, Kind.SUBMITTED, Stage.APPLICANT, by=by)
    return application


def _problems(application: Application) -> dict[str, str]:
    """By field, what keeps `application` from being sent in."""
    problems = {}
    if len(application.name) < 4:
        problems["name"] = _("Write the whole name, as it stands on the licence.")
    if not is_credit_code(application.uscc):
        problems["uscc"] = _("This is no credit code. It has 18 signs; check each against the licence.")
    elif _is_taken(application):
        problems["uscc"] = _taken()
    if application.village is None:
        problems["village"] = _("Choose the village.")
    if len(application.contact) < 2:
        problems["contact"] = _("Write whom we can ask.")
    if not application.mobile:
        problems["mobile"] = _("Write a mobile number at which we reach this person.")
    if not application.has_licence:
        problems["licence"] = _("Take a photo of the business licence.")
    return problems


def is_credit_code(code: str) -> bool:
    """Whether `code` is a unified social credit code, check digit included."""
    try:
        credit_codes.validate(code)
    except stdnum_errors.ValidationError:
        return False
    return True


def _is_taken(application: Application) -> bool:
    others = Application.objects.filter(uscc=application.uscc, state__in=Application.LIVE).exclude(pk=application.pk)
    return others.exists() or Cooperative.objects.filter(uscc=application.uscc).exists()


def _taken() -> str:
    return _(
        "Under this credit code somebody has applied or sells here already. If it is yours, call the county's office."
    )


# ── Those who decide ─────────────────────────────────────────────────────────────────────────────────────────────────


def stage_of(application: Application) -> str:
    """At whose desk `application` lies: "township" or "county" (on notice too), "" at nobody's."""
    if application.state == State.SUBMITTED:
        return Stage.TOWNSHIP
    if application.state in (State.TOWNSHIP_PASSED, State.ON_NOTICE, State.OBJECTED):
        return Stage.COUNTY
    return ""


def why_not(application: Application, user) -> str:
    """Why `user` may not decide on `application` where it lies now, in words; empty where he may."""
    stage = stage_of(application)
    if not stage:
        return _("Nothing is to be decided here.")
    if application.applicant_id == user.pk:
        return _("This is your own application. Somebody else decides on it.")
    if stage == Stage.TOWNSHIP:
        posts = TownshipStaff.objects.filter(user=user, township=application.village.township_id)
        if not (access.has_role(user, access.TOWNSHIP) and posts.exists()):
            return _("The township decides now.")
    elif not user.is_staff:
        return _("The county decides now.")
    other = Stage.COUNTY if stage == Stage.TOWNSHIP else Stage.TOWNSHIP
    if ApplicationStep.objects.filter(application=application, by=user, stage=other).exists():
        return _("You have decided on it at the other stage. Somebody else decides at this one.")
    return ""


def _at_desk(application: Application, by, *states: str) -> Application:
    """`application`, locked, at one of `states` and for `by` to decide on. Raises AlreadyDecided, NotYours.

    It is at the state at which `by` saw it: who has read it at one stage has not decided on the next.
    """
    seen = application.state
    application = Application.objects.select_for_update(of=("self",)).with_place().get(pk=application.pk)
    if application.state != seen or seen not in states:
        raise AlreadyDecided
    if reason := why_not(application, by):
        raise NotYours(reason)
    return application


@transaction.atomic
def pass_on(*, application: Application, by, notice_until: dt.date | None = None) -> Application:
    """Pass an application: from the township to the county, from the county to public notice of seven working days.

    The county may let the notice last longer (`notice_until`). Raises AlreadyDecided, NotYours, ValidationError by field.
    """
    application = _at_desk(application, by, State.SUBMITTED, State.TOWNSHIP_PASSED)
    if application.state == State.SUBMITTED:
        application.state = State.TOWNSHIP_PASSED
        application.save(update_fields=["state"])
        _step(application, Kind.TOWNSHIP_PASSED, Stage.TOWNSHIP, by=by)
        return application
    today = days.today()
    soonest = days.after_working_days(today, NOTICE_WORKING_DAYS)
    until = notice_until or soonest
    if not soonest <= until <= today + dt.timedelta(days=MOST_NOTICE_DAYS):
        raise ValidationError(
            {
                "notice_until": _(
                    "The notice lasts seven working days at least, until %(day)s, and two months at most."
                )
                % {"day": soonest}
            }
        )
    application.state, application.notice_until = State.ON_NOTICE, until
    application.save(update_fields=["state", "notice_until"])
    _step(application, Kind.COUNTY_PASSED, Stage.COUNTY, by=by)
    return application


@transaction.atomic
def send_back(*, application: Application, by, reason: str) -> Application:
    """Send an application back to be completed; it keeps its number. Raises AlreadyDecided, NotYours, ValidationError."""
    return _turn_down(application, by, State.RETURNED, Kind.RETURNED, reason)


@transaction.atomic
def reject(*, application: Application, by, reason: str) -> Application:
    """Reject an application for good. Raises AlreadyDecided, NotYours, ValidationError."""
    return _turn_down(application, by, State.REJECTED, Kind.REJECTED, reason)


def _turn_down(application: Application, by, state: str, kind: str, reason: str) -> Application:
    at = (State.SUBMITTED, State.TOWNSHIP_PASSED, State.ON_NOTICE, State.OBJECTED)
    application = _at_desk(application, by, *at)
    stage = stage_of(application)
    application.state = state
    application.save(update_fields=["state"])
    _step(application, kind, stage, by=by, reason=_reason(reason))
    return application


@transaction.atomic
def object_to(*, application: Application, by, reason: str) -> Application:
    """Write down that somebody objects during the notice: it does not join until the county has looked into it."""
    application = _at_desk(application, by, State.ON_NOTICE)
    application.state = State.OBJECTED
    application.save(update_fields=["state"])
    _step(application, Kind.OBJECTED, Stage.COUNTY, by=by, reason=_reason(reason))
    return application


@transaction.atomic
def dismiss_objection(*, application: Application, by, reason: str) -> Application:
    """Say why the objection does not hold: the notice goes on, and ends on its day."""
    application = _at_desk(application, by, State.OBJECTED)
    application.state = State.ON_NOTICE
    application.save(update_fields=["state"])
    _step(application, Kind.DISMISSED, Stage.COUNTY, by=by, reason=_reason(reason))
    return application


def activate_due() -> int:
    """Make cooperatives of the applications whose notice is over and to which nobody objects. Return how many.

    One that cannot be (its credit code came to be another's) does not keep the others waiting.
    """
    due = Application.objects.on_notice().filter(notice_until__lt=days.today()).order_by("pk")
    joined = 0
    for pk in list(due.values_list("pk", flat=True)):
        try:
            joined += _activate(pk)
        except IntegrityError:
            logger.exception("an application could not become a cooperative: %s", pk)
    return joined


@transaction.atomic
def _activate(pk: int) -> bool:
    application = Application.objects.select_for_update(of=("self",)).get(pk=pk)
    if application.state != State.ON_NOTICE or application.notice_until >= days.today():
        return False  # another sweep was first, or somebody objected
    code = _next_code()
    # Asked by name: Oscar's models stand above this package.
    partner = apps.get_model("partner", "Partner").objects.create(name=application.name, code=code)
    cooperative = Cooperative.objects.create(
        code=code,
        name=application.name,
        kind=application.kind,
        uscc=application.uscc,
        village_id=application.village_id,
        partner=partner,
    )
    CooperativeStaff.objects.create(
        user_id=application.applicant_id,
        cooperative=cooperative,
        role=CooperativeStaff.Role.OWNER,
        starts_on=days.today(),
    )
    application.state, application.cooperative = State.ACTIVE, cooperative
    application.save(update_fields=["state", "cooperative"])
    _step(application, Kind.ACTIVE, Stage.NOTICE)
    _told(cooperative, CooperativeStep.Kind.ACTIVE, reason=application.application_no)
    _told(
        cooperative, CooperativeStep.Kind.STARTED, person_id=application.applicant_id, role=CooperativeStaff.Role.OWNER
    )
    return True


def _next_code() -> str:
    """C13 after C12. Two at once get the same, one of them fails on it and is due again at the next sweep."""
    numbers = [
        int(code[1:])
        for code in Cooperative.objects.values_list("code", flat=True)
        if re.fullmatch(r"C\d{2,6}", code, re.ASCII)
    ]
    return f"C{max(numbers, default=0) + 1:02d}"


def _reason(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValidationError({"reason": _("Write the reason: the applicant reads it, and it stays on record.")})
    return text


def _step(application: Application, kind: str, stage: str, *, by=None, reason: str = "") -> None:
    ApplicationStep.objects.create(application=application, kind=kind, stage=stage, at=days.now(), by=by, reason=reason)


def _told(cooperative: Cooperative, kind: str, *, by=None, reason: str = "", role: str = "", **person) -> None:
    CooperativeStep.objects.create(
        cooperative=cooperative, kind=kind, at=days.now(), by=by, reason=reason, role=role, **person
    )


# ── Suspension ───────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def suspend(*, cooperative: Cooperative, by, reason: str) -> Cooperative:
    """Take all products of `cooperative` off the shelf until it is resumed; what was ordered before is still sent.

    Raises AlreadyDecided where it is suspended, NotYours where `by` works there, ValidationError without a reason.
    """
    return _switch(cooperative, by, CooperativeStep.Kind.SUSPENDED, reason)


@transaction.atomic
def resume(*, cooperative: Cooperative, by, reason: str) -> Cooperative:
    """Put the products of `cooperative` back on the shelf. Raises as `suspend` does."""
    return _switch(cooperative, by, CooperativeStep.Kind.RESUMED, reason)


def _switch(cooperative: Cooperative, by, kind: str, reason: str) -> Cooperative:
    cooperative = Cooperative.objects.select_for_update().get(pk=cooperative.pk)
    to_suspend = kind == CooperativeStep.Kind.SUSPENDED
    if bool(cooperative.suspended_at) == to_suspend:
        raise AlreadyDecided
    if not by.is_staff or works_for(by, cooperative):
        raise NotYours(_("You work for this cooperative. Somebody else decides on it."))
    _told(cooperative, kind, by=by, reason=_reason(reason))
    cooperative.suspended_at = days.now() if to_suspend else None
    cooperative.save(update_fields=["suspended_at"])
    return cooperative


def works_for(user, cooperative: Cooperative) -> bool:
    """Whether `user` has a post at `cooperative` today; to be of the county's staff is none."""
    return CooperativeStaff.objects.on(days.today()).filter(user=user, cooperative=cooperative).exists()


# ── Staff ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def address_of(text: str) -> str:
    """A mobile number as +86…, an e-mail address in small letters. Raises ValidationError for anything else."""
    if digits := mobile_digits(text):
        return f"+86{digits}"
    email = plain(text).lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise ValidationError(_("Write a mobile number of eleven digits, or an e-mail address.")) from error
    return email


def addresses_of(user) -> list[str]:
    """The mobile number and the confirmed e-mail addresses with which `user` signs in."""
    # An address that nobody has confirmed may be anybody's: it opens no invitation.
    confirmed = apps.get_model("account", "EmailAddress").objects.filter(user=user, verified=True)
    found = [email.lower() for email in confirmed.values_list("email", flat=True)]
    return [*found, str(user.mobile)] if user.mobile else found


def invitations_of(user):
    """The open invitations that are for `user`."""
    indexes = [privacy.keyed_index(address) for address in addresses_of(user)]
    return Invitation.objects.open().filter(address_index__in=indexes).select_related("cooperative")


@transaction.atomic
def invite(*, cooperative: Cooperative, address: str, role: str, by) -> Invitation:
    """Offer a post to whoever signs in with `address`, a mobile number or an e-mail address, within thirty days.

    Raises ValidationError by field for an address that is none, who works here already, or is invited already.
    """
    Cooperative.objects.select_for_update().get(pk=cooperative.pk)
    try:
        address = address_of(address)
    except ValidationError as error:
        raise ValidationError({"address": error.messages}) from error
    if role not in access.POSTS:
        raise ValidationError({"role": _("Choose what the person does.")})
    index = privacy.keyed_index(address)
    Invitation.objects.standing().filter(cooperative=cooperative, ends_on__lt=days.today()).update(
        withdrawn_at=days.now()
    )
    standing = Invitation.objects.standing().filter(cooperative=cooperative)
    if standing.filter(address_index=index).exists():
        raise ValidationError(
            {"address": _("This person is invited already. Take the first invitation back to change it.")}
        )
    if standing.count() >= MOST_OPEN_INVITATIONS:
        raise ValidationError(_("Twenty invitations are open already. Take some of them back first."))
    for post in CooperativeStaff.objects.on(days.today()).filter(cooperative=cooperative).select_related("user"):
        if address in addresses_of(post.user):
            raise ValidationError({"address": _("This person works here already.")})
    invitation = Invitation.objects.create(
        cooperative=cooperative,
        address=address,
        address_index=index,
        role=role,
        invited_at=days.now(),
        invited_by=by,
        ends_on=days.today() + dt.timedelta(days=INVITATION_DAYS),
    )
    _told(cooperative, CooperativeStep.Kind.INVITED, by=by, role=role, reason=invitation.masked_address)
    return invitation


@transaction.atomic
def withdraw_invitation(*, invitation: Invitation) -> None:
    """Take an invitation back. Raises AlreadyDecided where it was accepted or taken back before."""
    if not Invitation.objects.standing().filter(pk=invitation.pk).update(withdrawn_at=days.now()):
        raise AlreadyDecided


@transaction.atomic
def accept(*, invitation: Invitation, by) -> CooperativeStaff:
    """Begin the post that `by` is invited to. Raises AlreadyDecided where the invitation is not open (any more), or not his."""
    cooperative = Cooperative.objects.select_for_update().get(pk=invitation.cooperative_id)
    if not invitations_of(by).filter(pk=invitation.pk).exists():
        raise AlreadyDecided
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=days.now(), accepted_by=by)
    own = CooperativeStaff.objects.on(days.today()).filter(user=by, cooperative=cooperative)
    if known := own.first():
        return known  # invited by number and by address: one post is enough
    post, _is_new = CooperativeStaff.objects.update_or_create(
        user=by, cooperative=cooperative, starts_on=days.today(), defaults={"role": invitation.role, "ends_on": None}
    )
    _told(cooperative, CooperativeStep.Kind.STARTED, by=by, person=by, role=invitation.role)
    return post


@transaction.atomic
def change_role(*, post: CooperativeStaff, role: str, by) -> CooperativeStaff:
    """Give somebody who works here another role. Raises AlreadyDecided where the post ended, ValidationError for the last owner."""
    post = _locked(post)
    if role not in access.POSTS:
        raise ValidationError({"role": _("Choose what the person does.")})
    if role == post.role:
        return post
    _keep_an_owner(post)
    post.role = role
    post.save(update_fields=["role"])
    _told(post.cooperative, CooperativeStep.Kind.ROLE_CHANGED, by=by, person=post.user, role=role)
    return post


@transaction.atomic
def end_post(*, post: CooperativeStaff, by) -> None:
    """End a post at once. Raises AlreadyDecided where it ended, ValidationError for the last owner."""
    post = _locked(post)
    _keep_an_owner(post)
    yesterday = days.today() - dt.timedelta(days=1)
    if post.starts_on > yesterday:
        post.delete()  # it was nobody's for a whole day; the steps tell of it
    else:
        post.ends_on = yesterday
        post.save(update_fields=["ends_on"])
    _told(post.cooperative, CooperativeStep.Kind.ENDED, by=by, person=post.user, role=post.role)


def _locked(post: CooperativeStaff) -> CooperativeStaff:
    """`post` as it is now. The cooperative's row is the lock: two owners cannot end each other's posts at once."""
    Cooperative.objects.select_for_update().get(pk=post.cooperative_id)
    posts = CooperativeStaff.objects.on(days.today()).select_related("user", "cooperative")
    if (now := posts.filter(pk=post.pk).first()) is None:
        raise AlreadyDecided
    return now


def _keep_an_owner(post: CooperativeStaff) -> None:
    owners = CooperativeStaff.objects.on(days.today()).filter(cooperative=post.cooperative, role=access.OWNER)
    if post.role == access.OWNER and not owners.exclude(pk=post.pk).exists():
        raise ValidationError(_("The last owner cannot leave. Make somebody else an owner first."))


@transaction.atomic
def show_grower_price(*, cooperative: Cooperative, shows: bool, by) -> None:
    """Say whether everybody may see what growers are paid on average."""
    cooperative = Cooperative.objects.select_for_update().get(pk=cooperative.pk)
    if cooperative.shows_grower_price != shows:
        cooperative.shows_grower_price = shows
        cooperative.save(update_fields=["shows_grower_price"])
        _told(cooperative, CooperativeStep.Kind.GROWER_PRICE, by=by, reason=_("shown") if shows else _("not shown"))
