"""The county's desk for disputes about slips: what household or township says is wrong, what the cooperative says, a decision."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from .. import slips, stock
from ..base.access import role_required
from ..base.fields import put_errors
from ..base.money import price_of
from ..forms_ledger import DecisionForm
from ..models import SlipDispute, SlipPhoto

ON_A_PAGE = 30
county_required = role_required()  # no role in an office decides here


@county_required
@require_safe
def disputes(request: HttpRequest) -> HttpResponse:
    """What is open, the oldest first; or what is closed, the latest first."""
    is_closed = request.GET.get("state") == "closed"
    shown = SlipDispute.objects.select_related("lot__produce__cooperative", "lot__household__village")
    shown = (
        shown.filter(closed_at__isnull=False).order_by("-closed_at", "-pk")
        if is_closed
        else shown.open().order_by("opened_at", "pk")
    )
    context = {
        "page": Paginator(shown.prefetch_related("steps"), ON_A_PAGE).get_page(request.GET.get("page")),
        "is_closed": is_closed,
    }
    return render(request, "officials/disputes.html", context)


@county_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def dispute(request: HttpRequest, pk: int) -> HttpResponse:
    """One dispute with its slip: the mobile is looked up (which is noted), then it is decided."""
    found = get_object_or_404(
        SlipDispute.objects.select_related("lot__produce__cooperative", "lot__household__village__township"), pk=pk
    )
    form, shown_mobile = DecisionForm(), ""
    if request.method == "POST" and request.POST.get("act") == "look_up":
        shown_mobile = slips.look_up_mobile(dispute=found, by=request.user)
    elif request.method == "POST":
        form = DecisionForm(request.POST)
        if form.is_valid():
            try:
                slips.close(dispute=found, by=request.user, **form.cleaned_data)
            except ValidationError as error:
                put_errors(form, error, {})
            else:
                messages.success(request, _("The dispute about slip %(no)s is decided.") % {"no": found.lot.lot_no})
                return redirect("disputes")
    context = {
        "dispute": found,
        "lot": found.lot,
        "steps": found.steps.select_related("made_by"),
        "has_photo": SlipPhoto.objects.filter(pk=found.lot_id).exists(),
        "cost_fen": price_of(found.lot.g, found.lot.fen_per_kg),
        "can_be_taken_back": not stock.why_it_stays(found.lot),
        "mobile": shown_mobile,
        "form": form,
    }
    return render(request, "officials/dispute.html", context)
