"""A cooperative's packing table, its money, and the county's cash desk."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from logistics.models import Consignment
from suppliers.base import days, paper
from suppliers.base.access import OWNER, cooperative_required, role_required
from suppliers.base.fields import put_errors
from suppliers.models import Cooperative

from . import actions, money, picking, sheets
from .forms import RemittanceForm, ScanForm

ON_A_PAGE = 60
MOST_AT_ONCE = 100


@cooperative_required
@require_safe
def packing(request: HttpRequest) -> HttpResponse:
    """What is to pack: what to fetch from store, and the consignments to print for, by the way they leave."""
    waiting = picking.to_ship(request.cooperative)
    key = request.GET.get("way", "")
    shown = picking.on_way(waiting, key)
    page = Paginator(shown, ON_A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "cooperative/packing.html",
        {
            "page": page,
            "ways": picking.ways(waiting, parcel=_("Parcels")),
            "way": key,
            "fetching": picking.pick(shown, on=days.today()),
        },
    )


def _chosen(request: HttpRequest):
    """The consignments that the query names (`c`, again and again), else all on its way; with what to print them takes."""
    waiting = picking.to_ship(request.cooperative)
    if named := request.GET.getlist("c")[:MOST_AT_ONCE]:
        own = Consignment.objects.filter(consignment_no__in=[one.replace("\x00", "")[:48] for one in named])
        return picking.with_contents(own.filter(cooperative=request.cooperative), request.cooperative)
    return picking.on_way(waiting, request.GET.get("way", ""))[:MOST_AT_ONCE]


def _trace_address(request: HttpRequest):
    return lambda code: request.build_absolute_uri(reverse("trace", kwargs={"code": code or "-"}))


@cooperative_required
@never_cache
@require_safe
def pick_list(request: HttpRequest) -> HttpResponse:
    key = request.GET.get("way", "")
    shown = picking.on_way(picking.to_ship(request.cooperative), key)
    fetching = picking.pick(shown, on=days.today())
    way = next((one.name for one in picking.ways(shown, parcel=_("Parcels")) if one.key == key), "")
    return paper.answer(sheets.pick_list(request.cooperative, fetching, way=way), name="pick-list")


@cooperative_required
@never_cache
@require_safe
def slips(request: HttpRequest) -> HttpResponse:
    if chosen := list(_chosen(request)):
        return paper.answer(sheets.slips(chosen, address_of=_trace_address(request)), name="slips")
    return _nothing(request)


@cooperative_required
@never_cache
@require_safe
def labels(request: HttpRequest) -> HttpResponse:
    if chosen := list(_chosen(request)):
        return paper.answer(sheets.labels(chosen, address_of=_trace_address(request)), name="labels")
    return _nothing(request)


def _nothing(request: HttpRequest) -> HttpResponse:
    messages.info(request, _("There is nothing to print: tick the consignments first."))
    return redirect("packing")


@cooperative_required
@require_http_methods(["GET", "HEAD", "POST"])
def scan(request: HttpRequest) -> HttpResponse:
    """The code on a box leads to the page on which its waybill is written, and from there back here."""
    form = ScanForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["code"]
        own = Consignment.objects.filter(cooperative=request.cooperative)
        found = own.filter(
            Q(consignment_no__iexact=code) | Q(next_trace_code=code) | Q(shipments__trace_code=code)
        ).first()
        if found is None:
            form.add_error("code", _("No box of yours has this code. Scan it again, or write the number under it."))
        elif found.state != Consignment.State.TO_SHIP:
            form.add_error(
                "code", _("This one is not to be shipped: %(state)s.") % {"state": found.get_state_display()}
            )
        else:
            return redirect(reverse("ship", args=[found.consignment_no]) + "?scan=1")
    left = Consignment.objects.filter(cooperative=request.cooperative, state=Consignment.State.TO_SHIP).count()
    return render(request, "cooperative/scan.html", {"form": form, "left": left})


@cooperative_required(OWNER)
@require_safe
def own_money(request: HttpRequest) -> HttpResponse:
    """What was sold, given back, subsidised and sent, and what is due."""
    context = {
        "balance": money.balance(request.cooperative),
        "months": money.months(request.cooperative),
        "remittances": request.cooperative.remittances.all()[:ON_A_PAGE],
    }
    return render(request, "cooperative/money.html", context)


@role_required()
@require_safe
def due(request: HttpRequest) -> HttpResponse:
    """What is due to each cooperative."""
    context = {"balances": money.balances()}
    return render(request, "officials/due.html", context)


@role_required()
@require_http_methods(["GET", "HEAD", "POST"])
def remit(request: HttpRequest, code: str) -> HttpResponse:
    cooperative = get_object_or_404(Cooperative, code=code)
    form = RemittanceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.remit(cooperative=cooperative, by=request.user, **form.sent)
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(request, _("It is written down. The cooperative sees it."))
            return redirect("due")
    context = {
        "cooperative": cooperative,
        "form": form,
        "balance": money.balance(cooperative),
        "remittances": cooperative.remittances.all()[:ON_A_PAGE],
    }
    return render(request, "officials/remit.html", context)
