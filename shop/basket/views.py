"""The basket: what is in it by cooperative, how many of each, what it costs to send."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from shop import places
from shop.catalogue import packs, shelf, version
from shop.catalogue.views import product_page
from shop.preorders.models import presale_of, week_of
from shop.shipping import arrival
from shop.shipping.methods import ByTariff, ByWeight
from suppliers.base import days
from suppliers.base.access import everybody
from suppliers.base.money import fen_of, half_up
from suppliers.models import Cooperative, Pack

from . import coupons
from .quantities import quantity


@dataclass
class Item:
    """A line as the page shows it; `text` is what stands in its field, `error` what is wrong about it."""

    line: object
    pack: Pack
    free: int
    text: str
    error: str = ""

    @property
    def name(self) -> str:
        """The name of its field."""
        return f"q-{self.line.pk}"

    @property
    def error_id(self) -> str:
        """Where the page says what is wrong; empty where nothing is."""
        return f"error-{self.line.pk}" if self.error else ""

    @property
    def product(self):
        return self.line.product

    @property
    def picture(self):
        return next(iter(self.product.images.all()), None)

    @property
    def price_fen(self) -> int:
        return fen_of(self.line.stockrecord.price or 0)

    @property
    def sum_fen(self) -> int:
        return fen_of(self.line.line_price_incl_tax)


@dataclass
class Parcel:
    """What one cooperative sends, and what its way costs (`sums` works it out)."""

    cooperative: Cooperative
    items: list[Item]
    freight_fen: int = 0

    @property
    def gross_g(self) -> int:
        return sum(item.line.quantity * item.pack.gross_g for item in self.items)


def parcels(basket) -> list[Parcel]:
    """The lines of `basket` by cooperative, with what keeps each of them from being bought."""
    found: dict[int, Parcel] = {}
    for line in basket.all_lines():
        pack = line.product.pack
        free = line.stockrecord.free
        item = Item(line, pack, free, str(line.quantity), refusal(line.product, pack, line.quantity, free))
        cooperative = pack.produce.cooperative
        found.setdefault(cooperative.pk, Parcel(cooperative, [])).items.append(item)
    _part_by_week([item for parcel in found.values() for item in parcel.items])
    return list(found.values())


def _part_by_week(items: list[Item]) -> None:
    """Refuse what does not travel with the first of `items`: what is sold ahead is sent in its own week."""
    for item in items[1:]:
        if week_of(item.pack) != week_of(items[0].pack) and not item.error:
            item.error = _("What is sold ahead travels alone: order the one first, then the other. Please remove it.")


def refusal(product, pack: Pack, wanted: int, free: int) -> str:
    """Why `wanted` of a pack cannot be bought here by a private person; empty where it can."""
    if not product.is_public:
        return _("This is not on sale any more. Please remove it.")
    if pack.is_suspended:
        return _("Its cooperative does not sell at the moment. Please remove it.")
    if pack.is_for_institutions:
        return _("This is sold to institutions only. Please remove it.")
    presale = presale_of(pack)
    if presale and presale.is_over:
        return _("Orders for this have ended. Please remove it.")
    if free <= 0:
        return _("This is sold out. Please remove it.")
    try:
        quantity(str(wanted), free=free)
    except ValidationError as error:
        return error.messages[0]
    return ""


def sums(basket, shown: list[Parcel], method: ByTariff) -> dict:
    """What the goods of `basket` cost and weigh, what is taken off, and the freight by `method`, in all and by parcel."""
    by_partner = method.parts_fen(basket)
    for parcel in shown:
        parcel.freight_fen = by_partner.get(parcel.cooperative.partner_id, 0)
    goods_fen = fen_of(Decimal(basket.total_incl_tax_excl_discounts))
    discounts = coupons.given(basket)
    freight_fen = sum(by_partner.values())
    weight_g = sum(line.quantity * line.product.pack.net_g for line in basket.all_lines())
    return {
        "goods_fen": goods_fen,
        "discounts": discounts,
        "freight_fen": freight_fen,
        "total_fen": fen_of(Decimal(basket.total_incl_tax)) + freight_fen,
        "jin": half_up(weight_g, shelf.G_PER_JIN),
    }


def reckoned_from(basket) -> dt.date:
    """The day of order from which the arrival of `basket` is reckoned: today, or what its pre-sale says."""
    presales = [presale for line in basket.all_lines() if (presale := presale_of(line.product.pack))]
    return max((presale.reckoned_from for presale in presales), default=days.today())


@everybody
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def basket(request: HttpRequest) -> HttpResponse:
    """Show the basket. A POST sets its quantities (`q-<line>`), takes one line out (`remove`), or takes a coupon in or
    out (`coupon`, `coupon_out`)."""
    shown = parcels(request.basket)
    coupon_error = ""
    items = {str(item.line.pk): item for parcel in shown for item in parcel.items}
    if request.method == "POST":
        if request.POST.get("remove"):
            if item := items.get(request.POST["remove"]):
                item.line.delete()
            return redirect("basket:summary")
        if request.POST.get("coupon_out"):
            coupons.drop(basket=request.basket, code=request.POST["coupon_out"], user=request.user)
            return redirect("basket:summary")
        if _set_quantities(items, request.POST):
            coupon = request.POST.get("coupon", "")
            if items and coupon.strip():
                try:
                    coupons.use(basket=request.basket, code=coupon, user=request.user)
                except ValidationError as error:
                    coupon_error = error.messages[0]
            if not coupon_error:
                return redirect("basket:summary")
    return render(
        request,
        "basket/basket.html",
        {
            "parcels": shown,
            "sums": sums(request.basket, shown, ByWeight()) if items else None,
            "expected_on": arrival.expected(places.SHANDONG, on=reckoned_from(request.basket)),
            "coupon_error": coupon_error,
            "is_buyable": bool(items) and not any(item.error for item in items.values()),
        },
    )


def _set_quantities(items: Mapping[str, Item], posted: Mapping[str, str]) -> bool:
    """Set every quantity, or none where one of them cannot be; then the items say which and why."""
    wanted = {}
    for key, item in items.items():
        if f"q-{key}" not in posted:
            continue
        item.text = posted[f"q-{key}"][:20]
        try:
            wanted[key], item.error = quantity(item.text, free=item.free), ""
        except ValidationError as error:
            item.error = error.messages[0]
    if any(item.error and f"q-{key}" in posted for key, item in items.items()):
        return False
    with transaction.atomic():
        for key, number in wanted.items():
            if items[key].line.quantity != number:
                items[key].line.quantity = number
                items[key].line.save(update_fields=["quantity"])
    return True


@everybody
@require_POST
def add(request: HttpRequest, pk: str) -> HttpResponse:
    """Put a product into the basket; `then` says whether to stay on its page or to go on to the checkout."""
    pack = packs.of([int(pk)], version.of(request)).get(int(pk))
    stock = pack and pack.product.is_public and pack.product.stockrecords.first()
    if not stock or stock.price is None:
        raise Http404
    text = request.POST.get("quantity", "1")[:20]
    held = request.basket.quantities()
    if pack.is_suspended:
        return product_page(request, pack.pk)  # it says so
    try:
        if pack.is_for_institutions:
            raise ValidationError(_("This is sold to institutions only."))
        others = packs.of(held, version.of(request)).values()
        if any(week_of(other) != week_of(pack) for other in others):
            raise ValidationError(
                _("What is sold ahead travels alone. Buy what is in your basket first, or take it out, then this.")
            )
        presale = presale_of(pack)
        if presale and presale.is_over:
            raise ValidationError(_("Orders for this have ended."))
        wanted = quantity(text, free=stock.free, in_basket=held.get(pack.pk, 0))
    except ValidationError as error:
        return product_page(request, pack.pk, quantity=text, error=error.messages[0])
    request.basket.put(stock, wanted)
    if request.POST.get("then") == "checkout":
        return redirect("checkout:index")
    messages.success(request, _("%(what)s is in your basket.") % {"what": pack.product.title}, extra_tags="basket")
    return redirect(pack.product)
