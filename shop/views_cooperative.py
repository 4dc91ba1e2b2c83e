"""A cooperative's pages about its part of an order: what is to be shipped, to whom, and that it has left."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from logistics.forms import ShipForm
from logistics.models import Award, Consignment
from suppliers.base import days
from suppliers.base.access import cooperative_required
from suppliers.base.fields import put_errors

from . import orders
from .models import SaleLine
from .reports import origin

# Name, mobile and street are there for the parcel's sake, and only as long as it is on its way.
OPEN_STATES = (Consignment.State.TO_SHIP, Consignment.State.DISPATCHED)


def _own(request: HttpRequest, consignment_no: str) -> Consignment:
    own = Consignment.objects.filter(cooperative=request.cooperative).with_city()
    with_way = own.select_related(
        "order__shipping_address", "order__sale__stop__departure__vehicle", "order__sale__counter"
    )
    return get_object_or_404(with_way, consignment_no=consignment_no)


def _contents(consignment: Consignment) -> dict:
    """The consignment's own lines with what is left of them, and their weights together."""
    lines = list(
        SaleLine.objects.filter(sale=consignment.order_id, cooperative=consignment.cooperative_id)
        .select_related("line", "pack", "batch")
        .order_by("pk")
    )
    for line in lines:
        line.left_g = line.net_g - line.refunded_g
    left = [line for line in lines if line.left_g]
    return {
        "lines": lines,
        "net_g": sum(line.left_g for line in left),
        "gross_g": sum(line.gross_g for line in left),
        "address": consignment.order.shipping_address if consignment.state in OPEN_STATES else None,
    }


@cooperative_required
def consignment(request: HttpRequest, consignment_no: str) -> HttpResponse:
    part = _own(request, consignment_no)
    awards = Award.objects.live().filter(shipment__consignment=part).with_settlements()
    context = {
        "consignment": part,
        "labels": _labels(request, part),
        "awards": awards,
        **_contents(part),
    }
    return render(request, "cooperative/consignment.html", context)


@cooperative_required
def label(request: HttpRequest, consignment_no: str) -> HttpResponse:
    """A sheet to print and to stick on: the QR code that tells a buyer where the parcel is from."""
    part = _own(request, consignment_no)
    return render(request, "cooperative/label.html", {"consignment": part, "labels": _labels(request, part)})


def _labels(request: HttpRequest, part: Consignment) -> list[dict]:
    """Each shipment of a consignment, with the address of its trace as a QR code."""
    shipments = part.shipments.select_related("carrier", "vehicle").prefetch_related("lines__produce")
    return [
        {
            "shipment": shipment,
            "qr": origin.as_image(
                origin.qr(request.build_absolute_uri(reverse("trace", kwargs={"code": shipment.trace_code})))
            ),
        }
        for shipment in shipments
    ]


@cooperative_required
def ship(request: HttpRequest, consignment_no: str) -> HttpResponse:
    part = _own(request, consignment_no)
    if part.state != Consignment.State.TO_SHIP:
        if part.state in (Consignment.State.DISPATCHED, Consignment.State.RECEIVED):
            messages.info(request, _("This consignment was shipped already. Nothing was sent twice."))
        else:
            messages.info(request, _("This consignment is not to be shipped."))
        return redirect("consignment", consignment_no=part.consignment_no)
    placed_on = days.day_of(part.order.date_placed)
    stop = part.order.sale.stop
    rides = stop.departure.vehicle if stop else None
    form = ShipForm(request.POST or None, consignment=part, placed_on=placed_on, rides=rides)
    if request.method == "POST" and form.is_valid():
        try:
            orders.dispatch(dispatching=[orders.Dispatching(consignment=part, **form.leaving)])
        except ValidationError as error:
            put_errors(form, error, form.names)
        except IntegrityError:
            # Somebody shipped with this waybill between the look and the write.
            form.add_error(
                "waybill", _("This waybill was used before. Each parcel has a waybill of its own; check the label.")
            )
        else:
            messages.success(request, _("Shipped. The buyer can see the waybill now."))
            return redirect("consignment", consignment_no=part.consignment_no)
    return render(request, "cooperative/ship.html", {"consignment": part, "form": form, **_contents(part)})
