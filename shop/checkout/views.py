"""The checkout: one page, then the order."""

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from oscar.core.loading import get_class, get_model

from shop import orders, places
from shop.basket.views import parcels, sums
from shop.catalogue import shelf
from shop.shipping.methods import ByWeight
from suppliers.base.access import everybody

from .forms import TAIAN, DeliveryForm, ShippingAddress, UserAddress, from_address

Order = get_model("order", "Order")
OutOfStock = get_class("partner.exceptions", "OutOfStock")

SALT = "checkout"


@everybody
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    """Ask where it goes, and place the order. The same page posted twice is one order."""
    if request.method == "POST" and (order := _already_placed(request)):
        return redirect("orders:order", token=order.sale.token)
    shown = parcels(request.basket)
    items = [item for parcel in shown for item in parcel.items]
    if not items:
        messages.info(request, _("Your basket is empty."))
        return redirect("basket:summary")
    if any(item.error for item in items):
        messages.error(request, _("Something in your basket cannot be bought as it is. Please look at it again."))
        return redirect("basket:summary")

    options = {
        "is_fresh": any(shelf.is_fresh(item.pack.produce) for item in items),
        "is_signed_in": request.user.is_authenticated,
    }
    book = list(UserAddress.objects.filter(user=request.user)[:6]) if request.user.is_authenticated else []
    is_placing = request.method == "POST" and "place" in request.POST
    if is_placing:
        form = DeliveryForm(request.POST, **options)
        if form.is_valid():
            return _place(request, form)
    else:
        # Another province or city was chosen: the same page, with what hangs on it.
        form = DeliveryForm(
            initial=request.POST.dict() if request.method == "POST" else _initial(request, book), **options
        )
    return render(
        request,
        "checkout/checkout.html",
        {
            "form": form,
            "book": book,
            "parcels": shown,
            "sums": sums(request.basket, form.area_code) if form.is_served else None,
            "basket_key": signing.dumps(request.basket.pk, salt=SALT),
        },
    )


def _initial(request: HttpRequest, book: list) -> dict:
    """The address of the book that was asked for, else its first, else Tai'an, where most of it goes."""
    chosen = next((one for one in book if str(one.pk) == request.GET.get("address")), None)
    if chosen is None and book:
        chosen = book[0]
    return from_address(chosen) if chosen else {**TAIAN, "is_kept": True}


def _already_placed(request: HttpRequest):
    """The order that the basket of the posted page has become, None where it is a basket still."""
    try:
        basket_pk = signing.loads(request.POST.get("basket", ""), salt=SALT)
    except signing.BadSignature:
        return None
    return Order.objects.select_related("sale").filter(basket=basket_pk, sale__isnull=False).first()


def _place(request: HttpRequest, form: DeliveryForm) -> HttpResponse:
    given = form.cleaned_data
    user = request.user if request.user.is_authenticated else None
    try:
        order = orders.place(
            basket=request.basket,
            shipping_address=form.fill(ShippingAddress()),
            shipping_method=ByWeight(given["district"]),
            city_code=places.city_of(given["district"]).code,
            user=user,
            guest_email=given.get("email", ""),
            note=given["note"],
            is_fresh_confirmed=given.get("is_fresh_confirmed", False),
        )
    except orders.AlreadyPlaced as placed:
        return redirect("orders:order", token=placed.order.sale.token)
    except OutOfStock as out:
        messages.error(
            request,
            _("Somebody was faster: there is not enough of %(what)s left.") % {"what": out.stockrecord.product.title},
        )
        return redirect("basket:summary")
    if user and given["is_kept"]:
        _keep(form.fill(UserAddress(user=user)))
    return redirect("orders:pay", token=order.sale.token)


def _keep(address) -> None:
    """Put `address` into its owner's book unless it is there."""
    if not UserAddress.objects.filter(user=address.user, hash=address.generate_hash()).exists():
        address.save()
