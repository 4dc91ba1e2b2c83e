"""The county's desk for households: what waits to be approved, splits and mergers, and who looked at whom."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from suppliers import actions
from suppliers import roster as suppliers_roster
from suppliers.base import access
from suppliers.base.access import role_required
from suppliers.base.fields import ids, put_errors
from suppliers.forms_roster import MergerForm, RevealForm, SplitForm
from suppliers.models import Household, HouseholdStatus, MembershipRequest, Reveal, TownshipStaff

from . import roster

ON_A_PAGE = 50
# Auditors read households by number alone, the partner city reads sums.
REVEALS = (access.OFFICIAL, access.REVIEWER, access.FINANCE, access.TOWNSHIP)

staff_only = role_required()


# ── What waits ───────────────────────────────────────────────────────────────────────────────────────────────────────


@role_required(access.TOWNSHIP)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def approvals(request: HttpRequest) -> HttpResponse:
    """Households and statuses that cooperatives wrote down. The county decides; a township says what it has checked of its own."""
    post = TownshipStaff.objects.select_related("township").filter(user=request.user).first()
    spells = roster.waiting() if request.user.is_staff else roster.waiting(township=post.township_id if post else "")
    if request.method == "POST":
        what = request.POST.get("what", "")
        if request.user.is_staff and what in ("approve", "refuse", "grant", "deny"):
            return {"approve": _approve, "refuse": _refuse, "grant": _request, "deny": _request}[what](request, spells)
        return _check(request, spells)
    context = {
        "is_township": not request.user.is_staff,
        "page": Paginator(spells, ON_A_PAGE).get_page(request.GET.get("page")),
        "requests": _asked() if request.user.is_staff else [],
        "township": post.township if post and not request.user.is_staff else None,
    }
    return render(request, "officials/approvals.html", context)


def _asked() -> list[dict]:
    """Requests of cooperatives whose words do not agree with what is known: both, masked."""
    asked = MembershipRequest.objects.filter(decided_at=None).select_related("household__village", "cooperative")
    rows = []
    for one in asked.prefetch_related("household__memberships__cooperative")[:ON_A_PAGE]:
        written, known = actions.Registration.of_text(one.written), one.household
        rows.append(
            {
                "asked": one,
                "members_of": sorted({m.cooperative.name for m in known.memberships.all()}),
                "facts": [
                    (_("Household number"), known.household_no, written.household_no),
                    (
                        _("Head of household"),
                        suppliers_roster.masked("head", known.head),
                        suppliers_roster.masked("head", written.head),
                    ),
                    (_("Village"), known.village.name, written.village.name),
                    (_("People"), known.size, written.size),
                ],
                "is_same_name": known.head == written.head,
            }
        )
    return rows


def _check(request: HttpRequest, spells) -> HttpResponse:
    chosen = list(spells.filter(pk__in=ids(request.POST.getlist("spell"))))
    done = sum(suppliers_roster.check_status(spell=spell, by=request.user) for spell in chosen)
    if done:
        messages.success(
            request,
            ngettext("%(n)s is checked. The county decides.", "%(n)s are checked. The county decides.", done)
            % {"n": done},
        )
    else:
        messages.info(request, _("Choose at least one that is not checked yet."))
    return redirect("approvals")


def _approve(request: HttpRequest, spells) -> HttpResponse:
    """Show how many it would be and what would count then; the second press does it."""
    # In one field, however many there are: a form of a thousand fields is refused.
    posted = [*request.POST.getlist("spell"), *request.POST.get("spells", "").split(",")]
    asked = spells if request.POST.get("all") else spells.filter(pk__in=ids(posted))
    chosen = list(asked.values_list("pk", flat=True))
    if not chosen:
        messages.info(request, _("Choose at least one household."))
        return redirect("approvals")
    if not request.POST.get("confirmed"):
        decided, counts = roster.what_if(lambda: suppliers_roster.approve_statuses(spells=chosen, by=request.user))
        clash = _clash(decided) if decided.clashing else ""
        written = ",".join(str(pk) for pk in chosen)
        context = {"spells": written, "decided": decided, "counts": counts, "clash": clash}
        return render(request, "officials/approve.html", context)
    decided = roster.approve_statuses(spells=chosen, by=request.user)
    done = len(decided.approved) + len(decided.confirmed)
    said = ngettext("%(n)s status is approved.", "%(n)s statuses are approved.", done)
    messages.success(request, said % {"n": done})
    if decided.clashing:
        messages.warning(request, _clash(decided))
    return redirect("approvals")


def _clash(decided: suppliers_roster.Decided) -> str:
    numbers = "、".join(spell.household.household_no for spell in decided.clashing[:10])
    return _("These overlap with an approved status and are left: %(numbers)s. Refuse them with a reason.") % {
        "numbers": numbers
    }


def _refuse(request: HttpRequest, spells) -> HttpResponse:
    spell = get_object_or_404(HouseholdStatus, pk=next(iter(ids(request.POST.getlist("spell"))), 0))
    try:
        suppliers_roster.refuse_status(spell=spell, why=request.POST.get("why", ""), by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("Refused. The cooperative reads the reason."))
    return redirect("approvals")


def _request(request: HttpRequest, _spells) -> HttpResponse:
    asked = get_object_or_404(MembershipRequest, pk=next(iter(ids(request.POST.getlist("request"))), 0))
    grants = request.POST["what"] == "grant"
    try:
        suppliers_roster.decide_request(
            request=asked, is_granted=grants, why=request.POST.get("why", ""), by=request.user
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(
            request,
            _("It is one household, and a member now.") if grants else _("Refused. The cooperative reads the reason."),
        )
    return redirect("approvals")


# ── Mergers and splits ───────────────────────────────────────────────────────────────────────────────────────────────


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, household_no: str) -> HttpResponse:
    """From a day, a household counts as another one: first shown, then done."""
    household = get_object_or_404(Household, household_no=household_no)
    form = MergerForm(request.POST or None)

    def change() -> None:
        into = Household.objects.filter(household_no__iexact=form.cleaned_data["into"]).first()
        if into is None:
            raise ValidationError({"into": _("There is no household with this number.")})
        roster.merge(
            household=household, into=into, on=form.cleaned_data["on"], why=form.cleaned_data["why"], by=request.user
        )

    return _first_shown(request, household, form, change, "officials/household_merge.html")


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def split(request: HttpRequest, household_no: str) -> HttpResponse:
    """Part of a household becomes one of its own, and counts as the one it came from: first shown, then done."""
    household = get_object_or_404(Household, household_no=household_no)
    form = SplitForm(request.POST or None)

    def change() -> None:
        suppliers_roster.split_household(household=household, by=request.user, **form.cleaned_data)

    return _first_shown(request, household, form, change, "officials/household_split.html")


def _first_shown(request: HttpRequest, household: Household, form: forms.Form, change, template: str) -> HttpResponse:
    counts = None
    if request.method == "POST" and form.is_valid():
        try:
            if request.POST.get("confirmed"):
                change()
                messages.success(request, _("Written down. It counts from that day."))
                return redirect("officials:household", household_no=household.household_no)
            _nothing, counts = roster.what_if(change)
        except ValidationError as error:
            put_errors(form, error, {})
    return render(request, template, {"household": household, "form": form, "counts": counts})


# ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@role_required(*REVEALS)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reveal(request: HttpRequest, household_no: str) -> HttpResponse:
    """One field of a household in clear, for a reason; only the post shows anything. Below: who looked before."""
    household = get_object_or_404(
        Household.objects.visible_to(request.user).select_related("village__township"), household_no=household_no
    )
    fields = [one for one in Reveal.Field if one != Reveal.Field.BANK_FILE]
    form = RevealForm(request.POST or None, fields=fields)
    shown = None
    if request.method == "POST" and form.is_valid():
        try:
            shown = suppliers_roster.reveal(
                household=household, name=form.cleaned_data["field"], why=form.cleaned_data["why"], by=request.user
            )
        except ValidationError as error:
            put_errors(form, error, {})
    context = {
        "household": household,
        "form": form,
        "shown": shown,
        "looked": household.reveals.select_related("by", "cooperative")[:ON_A_PAGE] if request.user.is_staff else [],
    }
    return render(request, "officials/reveal.html", context)


@role_required(access.AUDITOR)
@never_cache
@require_safe
def reveals(request: HttpRequest) -> HttpResponse:
    """Who looked at whom, the latest first."""
    looked = Reveal.objects.select_related("by", "household", "cooperative")
    page = Paginator(looked, ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "officials/reveals.html", {"page": page})
