"""The checkout: one page, then the order."""

from dataclasses import asdict
from decimal import Decimal

from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from oscar.core.loading import get_class, get_model

from logistics.actions import CannotRide
from shop import orders, places
from shop.accounts import limits
from shop.basket import coupons
from shop.basket.views import parcels, sums
from shop.catalogue import shelf
from shop.holding import Holder, TooManyUnpaid
from shop.models import Sale
from shop.order.exceptions import CouponGone
from suppliers.base.access import everybody
from suppliers.base.money import fen_of

from . import pasted as pasted_address
from .forms import TAIAN, DeliveryForm, ShippingAddress, UserAddress, from_address
from .unpaid import own_of, remember
from .ways import Way, refusal_of, ways

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

    goods_fen = fen_of(Decimal(request.basket.total_incl_tax))
    book = list(UserAddress.objects.filter(user=request.user)[:6]) if request.user.is_authenticated else []
    coupon_error = _change_coupon(request)
    form = _form(request, items, book, goods_fen)
    offered = ways(request.basket, area_code=form.area_code)
    named = {kind: request.POST.get(kind, "") for kind in Sale.Delivery.values}
    way = offered.chosen(form.delivery, named[form.delivery])
    unpaid = None
    if form.is_bound and form.is_valid():
        refusal = refusal_of(way, named[form.delivery])
        try:
            if way and not refusal:
                return _place(request, form, way)
        except CannotRide:
            refusal = _("Somebody was faster: this truck does not take your goods any more. Please choose another one.")
        except TooManyUnpaid as refused:
            unpaid = {"sales": own_of(request, refused), "is_many_from_here": not refused.sales}
        if refusal:
            form.add_error(None, refusal)
    return render(
        request,
        "checkout/checkout.html",
        {
            "form": form,
            "unpaid": unpaid,
            "book": book,
            "parcels": shown,
            "ways": offered,
            "way": way,
            "is_elsewhere": bool(way) and any(way in truck.stops for truck in offered.other_trucks),
            "delivery": form.delivery,
            "kinds": [(kind, offered.chosen(kind, named[kind])) for kind in Sale.Delivery],
            "sums": sums(request.basket, shown, way.method) if way and way.method else None,
            "goods_fen": goods_fen,
            "coupon_error": coupon_error,
            "pasted": "paste" in request.POST,
            "basket_key": signing.dumps(request.basket.pk, salt=SALT),
        },
    )


def _form(request: HttpRequest, items: list, book: list, goods_fen: int) -> DeliveryForm:
    """The form as it was sent off; else, where another place or way was chosen or an address pasted, begun anew."""
    options = {
        "is_fresh": any(shelf.is_fresh(item.pack.produce) for item in items),
        "is_signed_in": request.user.is_authenticated,
        "goods_fen": goods_fen,
    }
    if "place" in request.POST:
        return DeliveryForm(request.POST, **options)
    given = request.POST.dict() if request.method == "POST" else _initial(request, book)
    if "paste" in request.POST:
        given |= _unpasted(request.POST.get("pasted", ""))
    return DeliveryForm(initial=given, **options)


def _unpasted(text: str) -> dict[str, str]:
    """What was found in a pasted address, for the fields of the form; what was not leaves them as they are."""
    found = {name: value for name, value in asdict(pasted_address.parse(text)).items() if value}
    if "province" in found:
        found = {"city": "", "district": ""} | found
    return found


def _change_coupon(request: HttpRequest) -> str:
    """Put a coupon into the basket or take one out, if that was asked for. Return what is wrong with it."""
    if "place" in request.POST:
        return ""
    if request.POST.get("coupon_out"):
        coupons.drop(basket=request.basket, code=request.POST["coupon_out"], user=request.user)
        return ""
    if "coupon_in" not in request.POST:
        return ""
    try:
        coupons.use(basket=request.basket, code=request.POST.get("coupon", ""), user=request.user)
    except ValidationError as error:
        return error.messages[0]
    return ""


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


def _place(request: HttpRequest, form: DeliveryForm, way: Way) -> HttpResponse:
    """Place the order and lead to where it is paid. Raises CannotRide and TooManyUnpaid."""
    given = form.cleaned_data
    user = request.user if request.user.is_authenticated else None
    address = ShippingAddress()
    try:
        order = orders.place(
            basket=request.basket,
            shipping_address=form.fill_place(address, way.place) if way.place else form.fill(address),
            shipping_method=way.method,
            city_code=places.city_of(way.area_code).code,
            delivery=way.delivery,
            stop=way.stop,
            counter=way.counter,
            expected_on=way.expected_on,
            user=user,
            guest_email=given.get("email", ""),
            note=given["note"],
            invoice=form.invoice_wish,
            is_fresh_confirmed=given.get("is_fresh_confirmed", False),
            holder=Holder(user, given["mobile"], limits.address_of(request)),
        )
    except orders.AlreadyPlaced as placed:
        return redirect("orders:order", token=placed.order.sale.token)
    except OutOfStock as out:
        messages.error(
            request,
            _("Somebody was faster: there is not enough of %(what)s left.") % {"what": out.stockrecord.product.title},
        )
        return redirect("basket:summary")
    except CouponGone:
        messages.error(request, _("This coupon is used up: others were faster."))
        return redirect("basket:summary")
    if user and given.get("is_kept"):
        _keep(form.fill(UserAddress(user=user)))
    return remember(request, redirect("orders:pay", token=order.sale.token), order.sale)


def _keep(address) -> None:
    """Put `address` into its owner's book unless it is there."""
    if not UserAddress.objects.filter(user=address.user, hash=address.generate_hash()).exists():
        address.save()
