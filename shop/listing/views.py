"""A cooperative lists its products and keeps price and stock; county staff look at each before its first publication."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oscar.core.loading import get_model

from shop.catalogue import shelf
from suppliers import joining
from suppliers.base import days
from suppliers.base.access import OWNER, SELLER, cooperative_required, role_required
from suppliers.base.fields import put_errors, row_id
from suppliers.base.money import fen_of
from suppliers.models import Pack, SupplyDeclaration

from . import actions, band
from .forms import YEAR, PriceForm, ProductForm, ReturnForm, StockForm
from .models import Listing, packs_of

ProductImage = get_model("catalogue", "ProductImage")

ON_A_PAGE = 30
LAST_CHANGES = 30
look_or_post = require_http_methods(["GET", "HEAD", "POST"])
sellers = cooperative_required(OWNER, SELLER)
staff_only = role_required()  # county staff alone: they hold every role, and no role but theirs opens these pages


@sellers
@never_cache
@require_safe
def products(request: HttpRequest) -> HttpResponse:
    """All that this cooperative lists, what is to be done first; and what is declared and not listed yet."""
    own = packs_of(request.cooperative).prefetch_related("product__stockrecords", "product__images")
    declared = (
        SupplyDeclaration.objects.filter(
            produce__cooperative=request.cooperative, replaced_by=None, ends_on__gte=days.today(), produce__packs=None
        )
        .select_related("produce")
        .order_by("starts_on", "pk")[:20]
    )
    context = {
        "page": Paginator(own.order_by("produce__code", "is_per_kg", "net_g", "pk"), ON_A_PAGE).get_page(
            request.GET.get("page")
        ),
        "declared": declared,
    }
    return render(request, "cooperative/products.html", context)


def _own(request: HttpRequest, pk: int) -> Pack:
    return get_object_or_404(packs_of(request.cooperative), pk=pk)


@sellers
@never_cache
@look_or_post
def new(request: HttpRequest) -> HttpResponse:
    """A new product: from a declaration (`?declaration=`), of produce that is there, or of nothing."""
    number = request.GET.get("declaration", "")
    declarations = SupplyDeclaration.objects.filter(produce__cooperative=request.cooperative).select_related("produce")
    declaration = get_object_or_404(declarations, pk=row_id(number)) if number else None
    form = ProductForm(
        request.POST or None,
        request.FILES or None,
        cooperative=request.cooperative,
        initial={"produce": declaration.produce_id} if declaration else None,
    )
    if request.method == "POST" and form.is_valid():
        try:
            pack = actions.create_product(
                cooperative=request.cooperative,
                produce=form.cleaned_data.get("produce"),
                kept=form.kept,
                boxed=form.boxed,
                pictures=form.cleaned_data["pictures"],
                by=request.user,
            )
        except ValidationError as error:
            put_errors(form, error, form.names)
        else:
            messages.success(request, _("It is kept as a draft. Look at it, then send it to the county."))
            return redirect("listing:product", pk=pack.pk)
    return render(request, "cooperative/product_edit.html", {"form": form, "declaration": declaration})


@sellers
@never_cache
@look_or_post
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft, or what was sent back, is written anew."""
    pack = _own(request, pk)
    listing = getattr(pack, "listing", None)
    if listing is None or not listing.is_editable:
        messages.info(request, _("It waits for the county, or is published: only its price and stock change now."))
        return redirect("listing:product", pk=pack.pk)
    form = ProductForm(
        request.POST or None,
        request.FILES or None,
        cooperative=request.cooperative,
        pack=pack,
        initial=_written(pack),
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_product(
                pack=pack,
                boxed=form.boxed,
                kept=form.kept,
                pictures=form.cleaned_data["pictures"],
                by=request.user,
            )
        except ValidationError as error:
            put_errors(form, error, form.names)
        except actions.NotEditable:
            messages.info(request, _("It waits for the county, or is published: only its price and stock change now."))
            return redirect("listing:product", pk=pack.pk)
        else:
            messages.success(request, _("Saved."))
            return redirect("listing:product", pk=pack.pk)
    return render(request, "cooperative/product_edit.html", {"form": form, "pack": pack})


def _written(pack: Pack) -> dict:
    """What stands in the form of a product that is there."""
    produce = pack.produce
    is_all_year = (produce.harvest_from, produce.harvest_to) == YEAR
    return {name: getattr(produce, name) for name in ProductForm.OF_PRODUCE} | {
        "harvest_from": "" if is_all_year else produce.harvest_from,
        "harvest_to": "" if is_all_year else produce.harvest_to,
        "spec": pack.spec,
        "net": f"{pack.net_g / 500:g}",
        "gross": f"{pack.gross_g / 500:g}",
        "price": pack.product.stockrecords.first().price,
        "about": pack.product.description,
    }


@sellers
@never_cache
@look_or_post
def product(request: HttpRequest, pk: int) -> HttpResponse:
    """A product with its history; a POST sends it to the county (`send`), or takes it off the shelf and puts it back."""
    pack = _own(request, pk)
    if request.method == "POST":
        try:
            _move(request, pack)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        except actions.NotEditable:
            messages.info(request, _("Somebody was faster. Nothing was changed."))
        return redirect("listing:product", pk=pack.pk)
    listing = getattr(pack, "listing", None)
    context = {
        "pack": pack,
        "listing": listing,
        "ware": shelf.ware_of(pack, days.today()),
        "stock": pack.product.stockrecords.get(),
        "pictures": pack.product.images.all(),
        "steps": list(pack.listing_steps.all())[-LAST_CHANGES:],
        "prices": pack.price_changes.select_related("by").order_by("-pk")[:LAST_CHANGES],
        "stocks": pack.stock_changes.select_related("by").order_by("-pk")[:LAST_CHANGES],
        "is_published": listing is None or listing.state == Listing.State.PUBLISHED,
    }
    return render(request, "cooperative/product.html", context)


def _move(request: HttpRequest, pack: Pack) -> None:
    if "send" in request.POST:
        actions.submit(pack=pack, by=request.user)
        messages.success(request, _("It is sent to the county. When it is looked at, it is on the shelf."))
    elif "off" in request.POST:
        actions.shelve(pack=pack, is_public=False, by=request.user)
        messages.success(request, _("It is off the shelf. What is ordered is still to be sent."))
    elif "on" in request.POST:
        actions.shelve(pack=pack, is_public=True, by=request.user)
        messages.success(request, _("It is on the shelf again."))


@sellers
@require_POST
def pictures(request: HttpRequest, pk: int) -> HttpResponse:
    """One picture is taken away (`remove`), or becomes the cover (`cover`), while the product may be changed."""
    pack = _own(request, pk)
    listing = getattr(pack, "listing", None)
    number = request.POST.get("remove") or request.POST.get("cover") or ""
    picture = get_object_or_404(ProductImage, product=pack.pk, pk=row_id(number))
    if listing is None or not listing.is_editable:
        messages.info(request, _("It waits for the county, or is published: only its price and stock change now."))
    elif "remove" in request.POST:
        actions.remove_picture(picture=picture)
        messages.success(request, _("The picture is taken away."))
    else:
        actions.make_cover(picture=picture)
        messages.success(request, _("It is the cover now."))
    return redirect("listing:product", pk=pack.pk)


@sellers
@never_cache
@look_or_post
def price(request: HttpRequest, pk: int) -> HttpResponse:
    pack = _own(request, pk)
    form = PriceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            is_new = actions.change_price(
                pack=pack, price_fen=int(given["price"] * 100), reason=given["reason"], by=request.user
            )
        except ValidationError as error:
            put_errors(form, error, form.names)
        else:
            if is_new:
                messages.success(request, _("The price is changed. What is ordered keeps its own."))
            else:
                messages.info(request, _("That is its price already. Nothing was changed."))
            return redirect("listing:product", pk=pack.pk)
    now = pack.product.stockrecords.get()
    context = {
        "pack": pack,
        "form": form,
        "price_fen": fen_of(now.price or 0),
        "band": band.reference_band(pack.produce, days.today()),
    }
    return render(request, "cooperative/product_price.html", context)


@sellers
@never_cache
@look_or_post
def stock(request: HttpRequest, pk: int) -> HttpResponse:
    pack = _own(request, pk)
    form = StockForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            change = actions.change_stock(pack=pack, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(request, _("Written down. There are %(n)d in store now.") % {"n": change.left})
            return redirect("listing:product", pk=pack.pk)
    context = {"pack": pack, "form": form, "stock": pack.product.stockrecords.get()}
    return render(request, "cooperative/product_stock.html", context)


@staff_only
@never_cache
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """The products that wait to be looked at, the oldest first."""
    waiting = Listing.objects.waiting().with_pack()
    context = {
        "page": Paginator(waiting, ON_A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "officials/listings.html", context)


@staff_only
@never_cache
@look_or_post
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """A product as buyers will see it; a POST publishes it, or sends it back (`back`) with a reason."""
    listing = get_object_or_404(Listing.objects.exclude(state=Listing.State.DRAFT).with_pack(), pk=pk)
    pack, form = listing.pack, ReturnForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if "back" in request.POST:
                actions.send_back(pack=pack, by=request.user, reason=form.cleaned_data["reason"])
                messages.success(request, _("It is sent back. The cooperative reads your reason."))
            else:
                actions.publish(pack=pack, by=request.user)
                messages.success(request, _("It is on the shelf."))
            return redirect("listing:queue")
        except ValidationError as error:
            put_errors(form, error, {})
        except joining.NotYours as error:
            messages.error(request, str(error))
        except joining.AlreadyDecided:
            messages.info(request, _("Somebody was faster. Nothing was changed."))
            return redirect("listing:queue")
    context = {
        "listing": listing,
        "ware": shelf.ware_of(pack, days.today()),
        "pictures": pack.product.images.all(),
        "first_price": pack.price_changes.last(),
        "band": band.reference_band(pack.produce, days.today()),
        "steps": pack.listing_steps.select_related("by"),
        "form": form,
    }
    return render(request, "officials/listing.html", context)
