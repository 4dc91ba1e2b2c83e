"""The offices' desk for applications: the township's, then the county's; and the county's list of all cooperatives."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from .. import joining
from ..base import days
from ..base.access import TOWNSHIP, role_required
from ..base.fields import plain, put_errors
from ..forms_joining import DecisionForm, ReasonForm
from ..models import Application, Cooperative, CooperativeStaff
from .joining import AT, STEPS

ON_A_PAGE = 30
TABS = [
    ("waiting", gettext_lazy("Waiting to be decided")),
    ("notice", gettext_lazy("Public notice")),
    ("all", gettext_lazy("All")),
]
STATES = [("", gettext_lazy("All")), ("selling", gettext_lazy("selling")), ("suspended", gettext_lazy("suspended"))]
DECISIONS = {
    "back": (joining.send_back, gettext_lazy("It is sent back. The applicant reads your reason.")),
    "reject": (joining.reject, gettext_lazy("It is rejected.")),
    "object": (
        joining.object_to,
        gettext_lazy("The objection is written down. It does not join until it is looked into."),
    ),
    "dismiss": (joining.dismiss_objection, gettext_lazy("The objection is dismissed. The notice goes on.")),
}


@role_required(TOWNSHIP)
@never_cache
@require_safe
def applications(request: HttpRequest) -> HttpResponse:
    """What waits at this desk, the oldest first; of all the latest."""
    shown = request.GET.get("show")
    shown = shown if shown in dict(TABS) else "waiting"
    seen = Application.objects.visible_to(request.user).with_place()
    if shown == "waiting":
        seen = seen.waiting_at_county() if request.user.is_staff else seen.waiting_at_township()
        seen = seen.order_by("submitted_at", "pk")
    elif shown == "notice":
        seen = seen.on_notice().order_by("notice_until", "pk")
    context = {
        "page": Paginator(seen, ON_A_PAGE).get_page(request.GET.get("page")),
        "tabs": TABS,
        "shown": shown,
    }
    return render(request, "officials/applications.html", context)


@role_required(TOWNSHIP)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def application(request: HttpRequest, application_no: str) -> HttpResponse:
    """An application with its papers and steps; a POST decides on it where it lies at this desk."""
    seen = Application.objects.visible_to(request.user).with_place().select_related("cooperative")
    found = get_object_or_404(seen, application_no=application_no[:20])
    is_passing_county = found.state == Application.State.TOWNSHIP_PASSED
    soonest = days.after_working_days(days.today(), joining.NOTICE_WORKING_DAYS)
    form = DecisionForm(request.POST or None, asks_until=is_passing_county, soonest=soonest)
    if request.method == "POST" and form.is_valid():
        try:
            found.state = request.POST.get("state", found.state)  # as the page showed it
            said = _decide(request, found, form)
        except ValidationError as error:
            put_errors(form, error, {})
        except joining.NotYours as error:
            messages.error(request, str(error))
            return redirect("application", application_no=found.application_no)
        except joining.AlreadyDecided:
            messages.info(request, _("Somebody was faster: this application is at another stage now."))
            return redirect("application", application_no=found.application_no)
        else:
            messages.success(request, said)
            return redirect("applications")
    context = {
        "application": found,
        "steps": STEPS,
        "at": AT[found.state],
        "taken": found.steps.select_related("by"),
        "stage": joining.stage_of(found),
        "why_not": joining.why_not(found, request.user),
        "form": form,
    }
    return render(request, "officials/application.html", context)


def _decide(request: HttpRequest, found: Application, form: DecisionForm) -> str:
    """Do what was pressed; return what to say of it. Raises what the actions of suppliers.joining raise."""
    for name, (decide, said) in DECISIONS.items():
        if name in request.POST:
            decide(application=found, by=request.user, reason=form.cleaned_data["reason"])
            return str(said)
    passed = joining.pass_on(application=found, by=request.user, notice_until=form.cleaned_data.get("notice_until"))
    if passed.state == Application.State.ON_NOTICE:
        return _("It is on public notice until %(day)s, and joins after it.") % {"day": passed.notice_until}
    return _("It is passed. The county looks at it now.")


staff_only = role_required()  # county staff alone: they hold every role, and no role but theirs opens these pages


@staff_only
@never_cache
@require_safe
def cooperatives(request: HttpRequest) -> HttpResponse:
    """All cooperatives with their state, to be found by code or name."""
    today = days.today()
    state, sought = request.GET.get("state", ""), plain(request.GET.get("q", ""))[:40].replace("\x00", "")
    rows = Cooperative.objects.select_related("village__township").annotate(
        posts=Count(
            "staff", filter=Q(staff__starts_on__lte=today) & (Q(staff__ends_on=None) | Q(staff__ends_on__gte=today))
        )
    )
    if state == "selling":
        rows = rows.selling()
    elif state == "suspended":
        rows = rows.filter(suspended_at__isnull=False)
    if sought:
        rows = rows.filter(Q(name__icontains=sought) | Q(code__iexact=sought) | Q(uscc__iexact=sought))
    context = {
        "page": Paginator(rows.order_by("code"), ON_A_PAGE).get_page(request.GET.get("page")),
        "states": STATES,
        "state": state if state in dict(STATES) else "",
        "q": sought,
        "waiting": Application.objects.waiting_at_county().count(),
    }
    return render(request, "officials/cooperatives.html", context)


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cooperative(request: HttpRequest, code: str) -> HttpResponse:
    """A cooperative, who works there and what was decided on it; a POST suspends or resumes it."""
    found = get_object_or_404(Cooperative.objects.select_related("village__township"), code=code[:12])
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        do = joining.resume if found.suspended_at else joining.suspend
        if ("resume" in request.POST) != bool(found.suspended_at):
            messages.info(request, _("Somebody was faster. Nothing was changed."))
            return redirect("cooperative_office", code=found.code)
        try:
            do(cooperative=found, by=request.user, reason=form.cleaned_data["reason"])
        except ValidationError as error:
            put_errors(form, error, {})
        except joining.NotYours as error:
            messages.error(request, str(error))
            return redirect("cooperative_office", code=found.code)
        except joining.AlreadyDecided:
            messages.info(request, _("Somebody was faster. Nothing was changed."))
            return redirect("cooperative_office", code=found.code)
        else:
            messages.success(
                request,
                _("It sells again: its products are back in the shop.")
                if found.suspended_at
                else _("It is suspended: its products have left the shop. What was ordered before is still sent."),
            )
            return redirect("cooperative_office", code=found.code)
    context = {
        "cooperative": found,
        "posts": CooperativeStaff.objects.on(days.today()).filter(cooperative=found).select_related("user"),
        "taken": found.steps.select_related("by", "person").order_by("-pk")[:60],
        "form": form,
    }
    return render(request, "officials/cooperative.html", context)
