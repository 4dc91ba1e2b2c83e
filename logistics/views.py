"""A cooperative's own pages about what travels: what is to do, consignments, vehicles, awards."""

import datetime as dt

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from oscar.core.loading import get_model

from suppliers.base import days
from suppliers.base.access import OWNER, PACKER, cooperative_required
from suppliers.base.bell import ring
from suppliers.base.fields import put_errors
from suppliers.models import Certificate, Cooperative, Credit

from . import actions, tasks
from .forms import VehicleForm, WeighForm
from .models import Award, Consignment, Vehicle

ON_A_PAGE = 30
ON_THE_HOME_PAGE = 5
VEHICLES_AROUND = dt.timedelta(days=28)
# In the order in which somebody who packs looks for them.
STATES = [
    Consignment.State.TO_SHIP,
    Consignment.State.DISPATCHED,
    Consignment.State.RECEIVED,
    Consignment.State.HELD,
    Consignment.State.CANCELLED,
]


@cooperative_required
def home(request: HttpRequest) -> HttpResponse:
    """What is to do, what is on its way, and what came of it."""
    today = days.today()
    own = _with_contents(request.cooperative)
    to_ship = own.filter(state=Consignment.State.TO_SHIP).order_by("order__date_placed", "pk")
    context = {
        "to_ship": to_ship[:ON_THE_HOME_PAGE],
        "to_ship_count": to_ship.count(),
        "on_the_way_count": own.filter(state=Consignment.State.DISPATCHED).count(),
        "today": today,
    }
    if request.staff_role != PACKER:
        starts, ends = days.half_year(today)
        earned = Credit.objects.between(today.replace(month=1, day=1), today).eligible()
        context |= {
            "expiring": Certificate.objects.filter(cooperative=request.cooperative)
            .expiring(today)
            .select_related("produce")[:ON_THE_HOME_PAGE],
            "subsidy": Award.objects.live().of(request.cooperative).between(starts, ends).sums(),
            "helped": earned.filter(allocation__lot__produce__cooperative=request.cooperative).households_helped(
                as_of=today
            ),
        }
    return render(request, "cooperative/home.html", context)


@cooperative_required
def consignments(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", Consignment.State.TO_SHIP)
    own = _with_contents(request.cooperative)
    if state in Consignment.State.values:
        own = own.filter(state=state)
    # The oldest is to be shipped first; of what is done the latest is looked for.
    order = ("order__date_placed", "pk") if state == Consignment.State.TO_SHIP else ("-order__date_placed", "-pk")
    context = {
        "page": Paginator(own.order_by(*order), ON_A_PAGE).get_page(request.GET.get("page")),
        "state": state,
        "states": [(state.value, state.label) for state in STATES],
    }
    return render(request, "cooperative/consignments.html", context)


def _with_contents(cooperative: Cooperative):
    """The consignments of `cooperative`, each with its own lines of the order (`order.own_lines`) and where it goes."""
    lines = get_model("order", "Line").objects.filter(partner=cooperative.partner_id).order_by("pk")
    return (
        Consignment.objects.filter(cooperative=cooperative)
        .with_city()
        .select_related("order__shipping_address", "order__sale__stop__departure", "order__sale__counter")
        .prefetch_related(Prefetch("order__lines", queryset=lines, to_attr="own_lines"))
    )


@cooperative_required
def vehicles(request: HttpRequest) -> HttpResponse:
    today = days.today()
    around = Vehicle.objects.filter(
        departs_on__gte=today - VEHICLES_AROUND, departs_on__lte=today + VEHICLES_AROUND
    ).with_room()
    context = {
        "page": Paginator(
            around.with_city().carrying(request.cooperative).select_related("carrier").order_by("-departs_on", "-pk"),
            ON_A_PAGE,
        ).get_page(request.GET.get("page")),
        "today": today,
    }
    return render(request, "cooperative/vehicles.html", context)


@cooperative_required
def plan(request: HttpRequest) -> HttpResponse:
    form = VehicleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            vehicle = actions.plan_vehicle(**form.trip)
        except ValidationError as error:
            put_errors(form, error, form.names)
        else:
            messages.success(request, _("Trip %(no)s is in the list.") % {"no": vehicle.vehicle_no})
            return redirect("logistics:vehicles")
    return render(request, "cooperative/vehicle_new.html", {"form": form})


@cooperative_required
def vehicle(request: HttpRequest, pk: int) -> HttpResponse:
    """A trip that carries goods of this cooperative, and its weigh note."""
    own = Vehicle.objects.carrying(request.cooperative).with_room().with_city().select_related("carrier")
    trip = get_object_or_404(own.filter(carries_own=True), pk=pk)
    form = WeighForm(request.POST or None, vehicle=trip)
    if request.method == "POST" and form.is_valid():
        try:
            actions.weigh(vehicle=trip, **form.note)
        except ValidationError as error:
            put_errors(form, error, form.names)
        else:
            ring(tasks.assess_dispatched_shipments)
            messages.success(request, _("The weigh note is entered. The subsidy is worked out again."))
            return redirect("logistics:vehicle", pk=trip.pk)
    context = {
        "trip": trip,
        "form": form,
        "shipments": trip.shipments.filter(cooperative=request.cooperative).select_related("consignment"),
        "can_weigh": not trip.shipments.with_closed_award().exists(),
    }
    return render(request, "cooperative/vehicle.html", context)


@cooperative_required(OWNER)
def awards(request: HttpRequest) -> HttpResponse:
    """Each shipment of a half-year with what it earns and why, and the sums of all half-years."""
    own = Award.objects.live().of(request.cooperative)
    periods = own.by_half_year()
    starts, ends = _half_year_of(request.GET.get("period"), periods)
    shown = (
        own.between(starts, ends)
        .select_related("shipment__vehicle", "shipment__consignment", "shipment__carrier")
        .with_settlements()
        .order_by("-shipment__dispatched_on", "-shipment")
    )
    context = {
        "page": Paginator(shown, ON_A_PAGE).get_page(request.GET.get("page")),
        "periods": periods,
        "starts": starts,
        "sums": own.between(starts, ends).sums(),
        "waiting": request.cooperative.shipments.unassessed().count(),
    }
    return render(request, "cooperative/awards.html", context)


def _half_year_of(text: str | None, periods) -> tuple[dt.date, dt.date]:
    """The half-year that `text` (its first day) names; without one the latest of `periods`, else today's."""
    if text is None:
        return days.half_year(periods[0].starts if periods else days.today())
    try:
        return days.half_year(dt.date.fromisoformat(text))
    except ValueError as error:
        raise Http404 from error
