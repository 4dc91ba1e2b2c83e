"""The households that deliver to a cooperative: list, entry one question after another, a household's page, its changes."""

import json
import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from .. import actions, roster
from ..base import days
from ..base.access import OWNER, SELLER, cooperative_required
from ..base.fields import plain, put_errors
from ..forms_roster import STEPS, AccountForm, EndForm, HouseholdForm, MobileForm, RevealForm, SizeForm, StatusForm
from ..models import Household, HouseholdDraft, HouseholdStatus, MembershipRequest, PurchaseLot

ON_A_PAGE = 50
SLIPS_SHOWN = 30
# What of a member is changed on a screen of its own.
CHANGES = {
    "people": (SizeForm, gettext_lazy("How many people?")),
    "mobile": (MobileForm, gettext_lazy("Mobile number")),
    "bank": (AccountForm, gettext_lazy("Bank account")),
    "status": (StatusForm, gettext_lazy("Status")),
}


@cooperative_required(OWNER, SELLER)
def households(request: HttpRequest) -> HttpResponse:
    today, cooperative = days.today(), request.cooperative
    members = Household.objects.members_of(cooperative, on=today)
    own = members.with_category(today, seen_by=cooperative).with_people(of=cooperative)
    # Posted: an address with a name in it would stand in every log.
    sought = plain(request.POST.get("q", ""))
    shown = own.select_related("village__township")
    if sought:
        # Names are encrypted, so the database cannot look for them.
        shown = [
            household
            for household in shown
            if sought.upper() in household.household_no.upper() or sought in (household.head, household.masked_head)
        ]
    context = {
        "page": Paginator(shown, max(len(shown), 1) if sought else ON_A_PAGE).get_page(request.GET.get("page")),
        "q": sought,
        "members": own.count(),
        "registered": own.filter(category__isnull=False).count(),
        "waiting": own.filter(is_waiting=True).count(),
        "drafts": _named(cooperative.household_drafts.all()[:10]),
        "requests": _written(cooperative.membership_requests.filter(Q(decided_at=None) | Q(is_granted=False))[:10]),
    }
    return render(request, "cooperative/households.html", context)


def _named(drafts) -> list[tuple[HouseholdDraft, str]]:
    """Each draft with the name that was written, and the first question that is open."""
    return [(draft, json.loads(draft.written).get("head", "")) for draft in drafts]


def _written(requests) -> list[tuple[MembershipRequest, actions.Registration]]:
    return [(asked, json.loads(asked.written)) for asked in requests]


# ── A new household, one question after another ──────────────────────────────────────────────────────────────────────


@cooperative_required(OWNER, SELLER)
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """The first question. Its answer begins a draft, which is kept until the household is written down or dropped."""
    return _question(
        request, HouseholdDraft(cooperative=request.cooperative, written="{}", saved_by=request.user), "head"
    )


@cooperative_required(OWNER, SELLER)
@require_http_methods(["GET", "HEAD", "POST"])
def register_step(request: HttpRequest, key: uuid.UUID, step: str) -> HttpResponse:
    draft = get_object_or_404(HouseholdDraft, pk=key, cooperative=request.cooperative)
    if step == "check":
        return _check(request, draft)
    if step not in STEPS:
        raise Http404
    return _question(request, draft, step)


def _question(
    request: HttpRequest, draft: HouseholdDraft, step: str, form: HouseholdForm | None = None
) -> HttpResponse:
    written = json.loads(draft.written)
    if form is None:
        answers = request.POST or (
            {name: written.get(name, "") for name in STEPS[step]} if _answered(written, step) else None
        )
        form = HouseholdForm(answers, cooperative=request.cooperative, only=STEPS[step])
        if request.method == "POST" and form.is_valid():
            draft.written = json.dumps(written | {name: request.POST.get(name, "")[:100] for name in STEPS[step]})
            draft.saved_at, draft.saved_by = days.now(), request.user
            draft.save()
            return redirect("suppliers:household_step", key=draft.pk, step=_next(step))
    place = list(STEPS).index(step)
    context = {
        "form": form,
        "draft": None if draft._state.adding else draft,
        "step": step,
        "number": place + 1,
        "steps": len(STEPS),
        "before": list(STEPS)[place - 1] if place else None,
    }
    return render(request, "cooperative/household_new.html", context)


def _answered(written: dict, step: str) -> bool:
    return any(name in written for name in STEPS[step])


def _next(step: str) -> str:
    return [*STEPS, "check"][[*STEPS].index(step) + 1]


def _check(request: HttpRequest, draft: HouseholdDraft) -> HttpResponse:
    """All answers at a glance; the post writes the household down, or leads back to the answer that cannot be."""
    written = json.loads(draft.written)
    open_steps = [step for step in STEPS if not _answered(written, step)]
    if open_steps:
        return redirect("suppliers:household_step", key=draft.pk, step=open_steps[0])
    form = HouseholdForm(written, cooperative=request.cooperative)
    if form.is_valid() and request.method == "POST":
        try:
            household, _is_new = actions.register_household(
                registration=form.registration,
                cooperative=request.cooperative,
                member_from=form.cleaned_data["member_from"],
                by=request.user,
            )
        except actions.KnownOtherwise as known:
            messages.info(request, known.messages[0])
            draft.delete()
            return redirect("suppliers:households")
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            draft.delete()
            messages.success(request, _("Household %(no)s is a member now.") % {"no": household.household_no})
            return redirect("suppliers:household", household_no=household.household_no)
    if form.errors:
        wrong = next((step for step, names in STEPS.items() if set(names) & form.errors.keys()), "head")
        shown = HouseholdForm(written, cooperative=request.cooperative, only=STEPS[wrong])
        shown.full_clean()
        shown._errors = form.errors
        return _question(request, draft, wrong, shown)
    facts = [
        (step, form[name].label, _said(form, name))
        for step, names in STEPS.items()
        for name in names
        if form[name].data
    ]
    return render(request, "cooperative/household_check.html", {"draft": draft, "facts": facts})


def _said(form: HouseholdForm, name: str) -> str:
    """An answer as the last screen shows it: the ID number masked, the rest as it was written, to be compared."""
    value = form.cleaned_data[name]
    return roster.masked(name, value) if name == "id_number" else str(value)


@cooperative_required(OWNER, SELLER)
@require_POST
def drop_draft(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    get_object_or_404(HouseholdDraft, pk=key, cooperative=request.cooperative).delete()
    messages.info(request, _("The draft is thrown away."))
    return redirect("suppliers:households")


# ── A household's page ───────────────────────────────────────────────────────────────────────────────────────────────


def own_household(request: HttpRequest, household_no: str) -> Household:
    """The cooperative's own household, past members too. Others are not found."""
    own = Household.objects.filter(memberships__cooperative=request.cooperative).distinct()
    return get_object_or_404(own.select_related("village__township"), household_no=household_no)


@cooperative_required(OWNER, SELLER)
def household(request: HttpRequest, household_no: str) -> HttpResponse:
    found = own_household(request, household_no)
    cooperative = request.cooperative
    slips = PurchaseLot.objects.filter(household=found, produce__cooperative=cooperative).standing()
    membership = roster.membership_of(found, cooperative)
    context = {
        "household": found,
        "membership": membership,
        "is_member": membership.ends_on is None or membership.ends_on >= days.today(),
        "people": membership.size or found.size,
        "id_number": roster.masked("id_number", found.id_number),
        "mobile": roster.masked("mobile", membership.mobile),
        "bank_account": roster.masked("bank_account", membership.bank_account),
        "statuses": HouseholdStatus.objects.filter(household=found).seen_by(cooperative).order_by("starts_on", "pk"),
        "slips": slips.select_related("produce").with_cost().order_by("-bought_on", "-pk")[:SLIPS_SHOWN],
        "account": slips.account(),
        "changes": found.changes.filter(cooperative=cooperative).select_related("by")[:10],
    }
    return render(request, "cooperative/household.html", context)


@cooperative_required(OWNER, SELLER)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, household_no: str, what: str) -> HttpResponse:
    """One thing that has changed of a member, on a screen of its own."""
    found = own_household(request, household_no)
    if what not in CHANGES:
        raise Http404
    form_class, title = CHANGES[what]
    form = form_class(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if what == "status":
                roster.propose_status(
                    household=found,
                    cooperative=request.cooperative,
                    category=form.cleaned_data["category"],
                    starts_on=form.cleaned_data["category_from"],
                )
                said = _("Written down. It counts when the county has approved it.")
            else:
                changed = roster.change_member(
                    household=found, cooperative=request.cooperative, by=request.user, **form.cleaned_data
                )
                said = _("Written down.") if changed else _("That is what was written before. Nothing was changed.")
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(request, said)
            return redirect("suppliers:household", household_no=found.household_no)
    context = {"household": found, "form": form, "title": title, "action": _("Save")}
    return render(request, "cooperative/household_change.html", context)


@cooperative_required(OWNER, SELLER)
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, household_no: str) -> HttpResponse:
    found = own_household(request, household_no)
    form = EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            roster.end_membership(
                household=found, cooperative=request.cooperative, on=form.cleaned_data["ends_on"], by=request.user
            )
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(request, _("The membership has ended. Its slips and what is owed stay."))
            return redirect("suppliers:household", household_no=found.household_no)
    context = {"household": found, "form": form, "title": _("End the membership"), "action": _("End the membership")}
    return render(request, "cooperative/household_change.html", context)


@cooperative_required(OWNER, SELLER)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reveal(request: HttpRequest, household_no: str) -> HttpResponse:
    """Mobile or bank account in the cooperative's own words, for a reason; only the post shows anything."""
    found = own_household(request, household_no)
    form = RevealForm(request.POST or None)
    shown = None
    if request.method == "POST" and form.is_valid():
        try:
            shown = roster.reveal(
                household=found,
                name=form.cleaned_data["field"],
                why=form.cleaned_data["why"],
                by=request.user,
                cooperative=request.cooperative,
            )
        except ValidationError as error:
            put_errors(form, error, {})
    return render(request, "cooperative/household_reveal.html", {"household": found, "form": form, "shown": shown})
