"""County staff plan direct trucks with their stops, say that one has left or does not go, and keep the counters."""

import datetime as dt

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

import logistics.actions
from logistics.forms import CounterForm, DepartureForm, StopForm
from logistics.models import ApprovedDistance, Counter, Departure, Stop, Vehicle
from suppliers.base import days
from suppliers.base.access import role_required
from suppliers.base.fields import put_errors

from . import orders, places

ON_A_PAGE = 20
LIVE = Q(sales__order__status__in=(orders.PLACED, orders.PAID, orders.DISPATCHED, orders.RECEIVED))

# County staff alone: they hold every role, and no role but theirs opens these pages.
staff_only = role_required()


def _districts() -> list[tuple[str, list[tuple[str, str]]]]:
    """The districts of the cities that trucks go to, by city."""
    return [
        (city, [(area.code, area.name) for area in places.children(code)])
        for code, city in ApprovedDistance.objects.values_list("city_code", "city")
    ]


@staff_only
@never_cache
@require_safe
def departures(request: HttpRequest) -> HttpResponse:
    """Trucks, the next to leave first, then those that have left."""
    stops = Prefetch("stops", Stop.objects.annotate(orders=Count("sales", filter=LIVE)))
    shown = Departure.objects.with_city().prefetch_related(stops)
    coming = shown.filter(state=Departure.State.OPEN)
    past = shown.exclude(state=Departure.State.OPEN).order_by("-leaves_at", "-pk")
    context = {"coming": coming, "page": Paginator(past, ON_A_PAGE).get_page(request.GET.get("page"))}
    return render(request, "officials/departures.html", context)


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest) -> HttpResponse:
    form = DepartureForm(request.POST or None, districts=_districts())
    if request.method == "POST" and form.is_valid():
        try:
            departure = logistics.actions.plan_departure(**form.plan)
        except ValidationError as error:
            put_errors(form, error, form.names)
        else:
            messages.success(request, _("Truck %(no)s is planned and takes orders.") % {"no": departure.departure_no})
            return redirect("departure", pk=departure.pk)
    return render(request, "officials/departure_new.html", {"form": form})


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def departure(request: HttpRequest, pk: int) -> HttpResponse:
    """A truck with its stops and what is booked; a POST adds a stop."""
    stops = Prefetch("stops", Stop.objects.annotate(orders=Count("sales", filter=LIVE)))
    truck = get_object_or_404(Departure.objects.with_city().select_related("vehicle").prefetch_related(stops), pk=pk)
    form = StopForm(request.POST or None, districts=_districts())
    if request.method == "POST" and form.is_valid():
        try:
            logistics.actions.add_stop(departure=truck, halt=form.halt)
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            return redirect("departure", pk=pk)
    return render(
        request,
        "officials/departure.html",
        {"truck": truck, "form": form, "vehicles": _vehicles_for(truck) if truck.state == "open" else ()},
    )


def _vehicles_for(truck: Departure):
    """The trips to the truck's city within a week of its day that no other departure is."""
    week = dt.timedelta(days=7)
    around = Vehicle.objects.loading(days.day_of(truck.leaves_at) + week, within_days=14)
    return around.filter(city_code=truck.city_code, departure=None)


@staff_only
@require_POST
def left(request: HttpRequest, pk: int) -> HttpResponse:
    """The truck has left: it is the trip of a vehicle now."""
    truck = get_object_or_404(Departure, pk=pk)
    chosen = request.POST.get("vehicle", "")
    vehicle = Vehicle.objects.filter(pk=int(chosen[:18])).first() if chosen.isdecimal() else None
    if vehicle is None:
        messages.error(request, _("Choose the vehicle that it left with."))
        return redirect("departure", pk=pk)
    try:
        logistics.actions.leave(departure=truck, vehicle=vehicle)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(
            request, _("It has left. The cooperatives write down their goods on %(no)s.") % {"no": vehicle}
        )
    return redirect("departure", pk=pk)


@staff_only
@require_POST
def call_off(request: HttpRequest, pk: int) -> HttpResponse:
    """The truck does not go: its orders are cancelled and paid back."""
    truck = get_object_or_404(Departure, pk=pk)
    count = orders.call_off(departure=truck, reason=_("the direct truck does not go"), by=request.user)
    if count is None:
        messages.error(request, _("This truck has left."))
    else:
        text = ngettext(
            "The truck does not go. %(n)d order was cancelled and paid back.",
            "The truck does not go. %(n)d orders were cancelled and paid back.",
            count,
        )
        messages.success(request, text % {"n": count})
    return redirect("departure", pk=pk)


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def counters(request: HttpRequest, code: str = "") -> HttpResponse:
    """All counters, with a form for a new one or the one named."""
    counter = get_object_or_404(Counter, code=code) if code else None
    form = CounterForm(request.POST or None, instance=counter, districts=_districts())
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("The counter is saved."))
        return redirect("counters")
    context = {"counters": Counter.objects.all(), "counter": counter, "form": form}
    return render(request, "officials/counters.html", context)
