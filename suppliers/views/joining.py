"""A cooperative applies to sell here, and everybody sees who is about to join; somebody is invited to work at one."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from .. import joining
from ..base.access import everybody, signed_in
from ..base.fields import put_errors, row_id
from ..forms_joining import ApplicationForm
from ..models import Application

ON_A_PAGE = 30
look_or_post = require_http_methods(["GET", "HEAD", "POST"])

State = Application.State
# The way of an application, and how far it has come in each state (partials/steps.html counts from 1).
STEPS = (
    gettext_lazy("Sent in"),
    gettext_lazy("Township"),
    gettext_lazy("County"),
    gettext_lazy("Public notice"),
    gettext_lazy("Joined"),
)
AT = {
    State.DRAFT: 1,
    State.RETURNED: 1,
    State.SUBMITTED: 2,
    State.TOWNSHIP_PASSED: 3,
    State.ON_NOTICE: 4,
    State.OBJECTED: 4,
    State.ACTIVE: 6,
    State.REJECTED: 0,
}


@everybody
@never_cache
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """What one needs to sell here, and one's own applications."""
    own = Application.objects.of(request.user).with_place()
    return render(request, "join/start.html", {"own": own, "most_days": joining.NOTICE_WORKING_DAYS})


@everybody
@require_safe
def notice(request: HttpRequest) -> HttpResponse:
    """Who is about to join, until when, and how to object. Nothing of a person."""
    shown = Application.objects.on_notice().with_place().order_by("notice_until", "pk")
    context = {
        "page": Paginator(shown, ON_A_PAGE).get_page(request.GET.get("page")),
        "contact": settings.SHOP_CONTACT,
    }
    return render(request, "join/notice.html", context)


def _own(request: HttpRequest, application_no: str) -> Application:
    return get_object_or_404(Application.objects.of(request.user).with_place(), application_no=application_no[:20])


@signed_in
@never_cache
@look_or_post
def apply(request: HttpRequest) -> HttpResponse:
    return _written(request, None)


@signed_in
@never_cache
@look_or_post
def edit(request: HttpRequest, application_no: str) -> HttpResponse:
    own = _own(request, application_no)
    if not own.is_editable:
        messages.info(request, _("It is on its way and cannot be changed now."))
        return redirect("joining:application", application_no=own.application_no)
    return _written(request, own)


def _written(request: HttpRequest, own: Application | None) -> HttpResponse:
    """The form of an application; `send` sends it in, else it is kept as a draft."""
    form = ApplicationForm(request.POST or None, request.FILES or None, application=own)
    if request.method == "POST" and form.is_valid():
        try:
            own = joining.draft(by=request.user, papers=form.papers, application=own)
            if "send" in request.POST:
                joining.submit(application=own, by=request.user)
        except ValidationError as error:
            put_errors(form, error, {})
        except joining.AlreadyDecided:
            messages.info(request, _("It is on its way and cannot be changed now."))
            return redirect("joining:application", application_no=own.application_no)
        else:
            if "send" in request.POST:
                messages.success(request, _("It is sent in. The township looks at it first."))
            else:
                messages.success(request, _("It is kept. Come back any time and finish it."))
            return redirect("joining:application", application_no=own.application_no)
    context = {"form": form, "application": own}
    return render(request, "join/edit.html", context)


@signed_in
@never_cache
@require_safe
def application(request: HttpRequest, application_no: str) -> HttpResponse:
    """How far one's application has come, and each step that was taken."""
    own = _own(request, application_no)
    steps = list(own.steps.all())
    context = {
        "application": own,
        "steps": STEPS,
        "at": AT[own.state],
        "taken": steps,
        "last": steps[-1] if steps else None,
        "contact": settings.SHOP_CONTACT,
    }
    return render(request, "join/application.html", context)


@signed_in
@never_cache
@require_safe
def licence(request: HttpRequest, application_no: str) -> HttpResponse:
    """The picture of the licence, for who sent it and for the offices that decide on it."""
    visible = Application.objects.filter(
        Q(pk__in=Application.objects.of(request.user).values("pk"))
        | Q(pk__in=Application.objects.visible_to(request.user).values("pk"))
    )
    found = get_object_or_404(visible.defer(None), application_no=application_no[:20])
    if not found.licence:
        raise Http404
    return HttpResponse(bytes(found.licence), content_type="image/jpeg")


@signed_in
@never_cache
@look_or_post
def invitations(request: HttpRequest) -> HttpResponse:
    """The posts that are offered to whoever is signed in; a POST of one's number begins it."""
    own = joining.invitations_of(request.user)
    if request.method == "POST":
        number = request.POST.get("invitation", "")
        invitation = get_object_or_404(own, pk=row_id(number))
        try:
            joining.accept(invitation=invitation, by=request.user)
        except joining.AlreadyDecided as error:
            raise Http404 from error
        messages.success(request, _("You work for %(name)s now.") % {"name": invitation.cooperative.name})
        return redirect("logistics:home")
    has_unconfirmed = bool(request.user.email) and request.user.email not in joining.addresses_of(request.user)
    return render(request, "join/invitations.html", {"invitations": own, "has_unconfirmed": has_unconfirmed})
