"""A cooperative's pages about its part of an order: what is to be shipped, to whom, and that it has left."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from logistics.forms import ShipForm
from logistics.models import Award, Consignment, Shipment
from suppliers.base import days
from suppliers.base.access import cooperative_required
from suppliers.base.fields import put_errors
from suppliers.base.qr import as_image, qr

from . import doors, orders
from .models import SaleLine
from .packing import picking


def _own(request: HttpRequest, consignment_no: str) -> Consignment:
    own = Consignment.objects.filter(cooperative=request.cooperative).with_city()
    with_way = own.select_related(
        "order__shipping_address", "order__sale__stop__departure__vehicle", "order__sale__counter"
    )
    return get_object_or_404(with_way, consignment_no=consignment_no)


def _contents(consignment: Consignment) -> dict:
    """The consignment's own lines with what is left of them to ship, and their weights together; and who receives it."""
    lines = list(
        SaleLine.objects.filter(sale=consignment.order_id, cooperative=consignment.cooperative_id)
        .select_related("line", "pack", "batch")
        .order_by("pk")
    )
    for line in lines:
        line.left_g = line.kept_g
    kept = [line for line in lines if line.left_g]
    left = [line for line in kept if line.dispatched_at is None] or kept
    return {
        "lines": lines,
        "left": left,
        "net_g": sum(line.left_g for line in left),
        "gross_g": sum(line.gross_g for line in left),
        "contact": picking.contact_of(consignment),
    }


@cooperative_required
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """Everything that whoever works here may open."""
    return render(request, "cooperative/desk.html", {"groups": doors.at_desk(request.staff_role)})


@cooperative_required
def consignment(request: HttpRequest, consignment_no: str) -> HttpResponse:
    part = _own(request, consignment_no)
    labels = _labels(request, part)
    awards = list(Award.objects.live().filter(shipment__consignment=part).with_settlements())
    for one in labels:
        one["awards"] = [award for award in awards if award.shipment_id == one["shipment"].pk]
    context = {
        "consignment": part,
        "labels": labels,
        **_contents(part),
    }
    return render(request, "cooperative/consignment.html", context)


def _labels(request: HttpRequest, part: Consignment) -> list[dict]:
    """Each shipment of a consignment, with the address of its trace as a QR code."""
    shipments = part.shipments.select_related("carrier", "vehicle").prefetch_related("lines__produce")
    return [
        {
            "shipment": shipment,
            "qr": as_image(qr(request.build_absolute_uri(reverse("trace", kwargs={"code": shipment.trace_code})))),
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
    contents = _contents(part)
    gross_g = contents["gross_g"]
    form = ShipForm(
        request.POST or None,
        consignment=part,
        placed_on=placed_on,
        rides=rides,
        lines=[(line.pk, f"{line.line.title} × {line.quantity}") for line in contents["left"]],
        like=Shipment.objects.like(cooperative=request.cooperative, city_code=part.destination_code, gross_g=gross_g),
        gross_g=gross_g,
    )
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
            if request.GET.get("scan"):
                return redirect("scan")
            return redirect("consignment", consignment_no=part.consignment_no)
    return render(request, "cooperative/ship.html", {"consignment": part, "form": form, **contents})
