"""An order's own pages, for whoever has its address: how far it is, paying for it, saying that it came, finding it."""

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db.models import Prefetch, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oscar.core.loading import get_model

from logistics.models import Consignment, Shipment
from shop import orders
from shop.accounts import limits
from shop.aftersales import overview
from shop.catalogue.shelf import FEW_HOUSEHOLDS
from shop.models import Sale
from shop.payments import demo
from shop.preorders.models import Presale, presale_of
from shop.reports import card as reports_card
from suppliers.base import days
from suppliers.base.access import everybody
from suppliers.base.privacy import mask_mobile
from suppliers.models import SaleAllocation, counts_as

from . import progress
from .forms import FindOrderForm

Order = get_model("order", "Order")
Line = get_model("order", "Line")

SENT = {Consignment.State.DISPATCHED, Consignment.State.RECEIVED}
# Four digits are soon guessed by a machine that knows a number, and numbers by one that has many addresses.
GUESSES = limits.Limit("find-order", 10, limits.HOUR)
GUESSES_FROM = limits.Limit("find-order-from", 60, limits.HOUR)


def of_buyer(request: HttpRequest, token: str) -> Sale:
    """The sale of this token. A guest's order is whoever's who has its address; one with an account is that account's.

    Raises Http404.
    """
    sale = _sale(token)
    _check_is_buyer(request, sale)
    return sale


def _check_is_buyer(request: HttpRequest, sale: Sale) -> None:
    if sale.order.user_id and sale.order.user_id != request.user.pk:
        raise Http404


def _sale(token: str) -> Sale:
    sales = Sale.objects.select_related("order__shipping_address", "stop__departure", "counter", "participation__group")
    return get_object_or_404(sales, token=token)


@everybody
@never_cache
@require_safe
def order(request: HttpRequest, token: str) -> HttpResponse:
    """One order: how far it is, what is in it, whom it helps."""
    sale = _sale(token)
    if sale.order.user_id and not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    _check_is_buyer(request, sale)
    lines = (
        Line.objects.filter(order=sale.order)
        .select_related("sale_line", "product__pack__presale")
        .prefetch_related("product__images")
        .order_by("pk")
    )
    by_cooperative: dict[int, list] = {}
    for line in lines:
        by_cooperative.setdefault(line.sale_line.cooperative_id, []).append(line)
    shipments = Prefetch("shipments", Shipment.objects.select_related("carrier"))
    parcels = [
        {"consignment": consignment, "lines": by_cooperative.get(consignment.cooperative_id, [])}
        for consignment in Consignment.objects.filter(order=sale.order)
        .select_related("cooperative__village__township")
        .prefetch_related(shipments)
    ]
    states = {parcel["consignment"].state for parcel in parcels}
    # A consignment that has left in part is still to ship, and on its way all the same.
    on_their_way = [one.state for parcel in parcels for one in parcel["consignment"].shipments.all()]
    address = sale.order.shipping_address
    aftersales = overview.of_order(sale)
    return render(
        request,
        "orders/order.html",
        {
            "sale": sale,
            "order": sale.order,
            "address": address,
            "mobile": mask_mobile(address.mobile) if address else "",
            "parcels": parcels,
            "steps": progress.steps(sale.order.status),
            "events": sorted(
                progress.events(sale, parcels) + aftersales["aftersales_events"],
                key=lambda event: event["at"],
                reverse=True,
            ),
            "is_waiting": progress.is_waiting(sale, states),
            "next_step": progress.next_step(sale, states, _presale(lines)),
            "card": reports_card.of_sale(sale) if states & SENT else None,
            "households": households_of(sale) if states & SENT else 0,
            "few": FEW_HOUSEHOLDS,
            "is_on_its_way": Shipment.State.DISPATCHED in on_their_way,
            "is_cancellable": sale.order.status in (orders.PLACED, orders.PAID)
            and not on_their_way
            and states <= {Consignment.State.HELD, Consignment.State.TO_SHIP},
        }
        | aftersales,
    )


@everybody
@never_cache
@require_safe
def card(request: HttpRequest, token: str) -> HttpResponse:
    """What the month of this order's goods did, as a picture to keep and to share: nothing on it is the buyer's."""
    found = reports_card.of_sale(of_buyer(request, token))
    if found is None:
        raise Http404
    response = HttpResponse(found.png(request.build_absolute_uri(reverse("impact"))), content_type="image/png")
    name = f"wuxi-{found.produce.code.lower()}-{found.month:%Y-%m}.png"
    kind = "attachment" if "download" in request.GET else "inline"
    response["Content-Disposition"] = f'{kind}; filename="{name}"'
    return response


def _presale(lines) -> Presale | None:
    """The pre-sale that an order was made in, None for goods in store; an order has goods of one week."""
    packs = (line.product.pack for line in lines if line.product and hasattr(line.product, "pack"))
    return next((presale for pack in packs if (presale := presale_of(pack))), None)


def households_of(sale: Sale) -> int:
    """Distinct households whose goods this order was drawn from, after refunds."""
    return (
        SaleAllocation.objects.filter(line__order=sale.order_id, lot__household__isnull=False)
        .annotate(counts_as=counts_as(days.today(), "lot__household"))
        .values("counts_as")
        .annotate(net_g=Sum("g"))
        .filter(net_g__gt=0)
        .count()
    )


@everybody
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """The labelled demo payment: what is held, for how long, and what it costs."""
    sale = of_buyer(request, token)
    if sale.paid_on or sale.order.status != orders.PLACED:
        return redirect("orders:order", token=token)
    if request.method == "POST" and demo.is_offered():
        if demo.pay(sale.order).applied:
            messages.success(request, _("Thank you, it is paid. This page shows how far your order is."))
        else:
            messages.error(request, _("This order could not be paid any more. Nothing was taken from you."))
        return redirect("orders:order", token=token)
    lines = sale.order.lines.select_related("sale_line").order_by("pk")
    return render(
        request,
        "orders/pay.html",
        {"sale": sale, "order": sale.order, "lines": lines, "is_demo": demo.is_offered()},
    )


@everybody
@require_POST
def received(request: HttpRequest, token: str) -> HttpResponse:
    """The buyer says that what is on its way has come."""
    sale = of_buyer(request, token)
    shipments = Shipment.objects.filter(consignment__order=sale.order_id, state=Shipment.State.DISPATCHED)
    if number := request.POST.get("shipment"):
        shipments = shipments.filter(shipment_no=number[:60].replace("\x00", ""))
    coming = list(shipments)
    if coming:
        orders.receive(shipments=coming, on=days.today(), how=Shipment.Receipt.BUYER)
        messages.success(request, _("Thank you. Enjoy it."))
    return redirect("orders:order", token=token)


@everybody
@require_POST
def cancel(request: HttpRequest, token: str) -> HttpResponse:
    """The buyer gives up an order of which nothing was sent."""
    sale = of_buyer(request, token)
    by = request.user if request.user.is_authenticated else None
    if orders.cancel(order=sale.order, reason="cancelled by the buyer", by=by):
        messages.success(request, _("The order is cancelled. What you paid is paid back."))
    else:
        messages.error(request, _("It is too late to cancel: something of this order is on its way."))
    return redirect("orders:order", token=token)


@everybody
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Find an order by its number and the last digits of the receiver's mobile number."""
    form = FindOrderForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        number, tail = form.cleaned_data["number"], form.cleaned_data["tail"]
        # An order that is not there is counted like one that is: no answer tells the one from the other.
        if not (limits.take(limits.address_of(request), GUESSES_FROM) and limits.take(number, GUESSES)):
            form.add_error(None, _("Too many attempts for this order. Please try again in an hour."))
        else:
            sale = Sale.objects.select_related("order__shipping_address").filter(order__number=number).first()
            address = sale and sale.order.shipping_address
            if address and address.mobile[-4:] == tail:
                limits.forget(number, GUESSES)
                return redirect("orders:order", token=sale.token)
            form.add_error(None, _("There is no order with this number and mobile number."))
    return render(request, "orders/find.html", {"form": form})
