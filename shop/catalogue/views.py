"""The shelf, and one thing on it."""

from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from oscar.core.loading import get_model

from shop.aftersales import overview
from shop.search import finder
from suppliers.base.access import everybody
from suppliers.models import Pack

from . import season, shelf

Category = get_model("catalogue", "Category")

A_PAGE = 24
SORT_NAMES = {
    "season": _("In season first"),
    "price": _("Price, low to high"),
    "-price": _("Price, high to low"),
    "name": _("By name"),
}


@everybody
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What there is at this time of the year, what comes next, and where it is from."""
    today = shelf.today()
    cards = shelf.cards(shelf.sorted_by(shelf.on_sale().filter(is_b2b_only=False), "season", today), today)
    kinds = shelf.one_of_each(cards)
    in_season = [ware for ware in kinds if ware.is_on and not ware.is_all_year and not ware.is_sold_out]
    stored = [ware for ware in kinds if not ware.is_sold_out and ware not in in_season]
    coming = sorted((ware for ware in kinds if not ware.is_on), key=lambda ware: ware.next_on)
    places: dict = {}
    for ware in cards:
        village = ware.produce.cooperative.village
        names = places.setdefault(village.township, [])
        if ware.produce.name not in names:
            names.append(ware.produce.name)
    return render(
        request,
        "home.html",
        {
            "term": season.term_of(today),
            "in_season": _full_rows(in_season),
            "stored": _full_rows(stored),
            "coming": coming[:6],
            "places": places.items(),
        },
    )


def _full_rows(wares: list) -> list:
    """At most eight, and no row of four with a hole in it: there is a link to all of them."""
    return wares[: 8 if len(wares) >= 8 else 4]


@everybody
@require_safe
def produce_list(request: HttpRequest) -> HttpResponse:
    return _list(request, shelf.on_sale())


@everybody
@require_safe
def category(request: HttpRequest, category_slug: str, pk: int) -> HttpResponse:
    found = get_object_or_404(Category.objects.browsable(), pk=pk)
    if request.path != found.get_absolute_url():
        return redirect(found.get_absolute_url(), permanent=True)
    return _list(request, shelf.in_category(shelf.on_sale(), found), category=found)


@everybody
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """The same shelf, with what a query finds on it, the best first."""
    query = request.GET.get("q", "").replace("\x00", "").strip()
    found = finder.find(query)
    by_rank = Case(
        *(When(pk=pk, then=rank) for rank, pk in enumerate(found)), default=Value(0), output_field=IntegerField()
    )
    produce = shelf.on_sale().filter(pk__in=found).annotate(found=by_rank)
    return _list(request, produce, q=query[:60], is_search=True)


def _list(request: HttpRequest, produce, **context) -> HttpResponse:
    """Filter and sort `produce` by what the address says; what it says wrongly is not heard."""
    today = shelf.today()
    townships = list(shelf.townships())
    chosen = {
        "season": request.GET.get("season") if request.GET.get("season") in ("on", "soon") else "",
        "township": next((one.code for one in townships if one.code == request.GET.get("township")), ""),
        "sort": request.GET.get("sort") if request.GET.get("sort") in shelf.SORTS else "",
    }
    if chosen["season"] == "on":
        produce = produce.filter(shelf.harvested_on(today))
    if chosen["township"]:
        produce = produce.filter(cooperative__village__township=chosen["township"])
    if chosen["sort"] or not context.get("is_search"):
        produce = shelf.sorted_by(produce, chosen["sort"] or "season", today)
    else:
        produce = produce.order_by("found")
    page = Paginator(produce, A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "catalogue/list.html",
        {
            "page": page,
            "page_numbers": page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
            "wares": shelf.cards(page.object_list, today),
            "townships": townships,
            "sorts": SORT_NAMES.items(),
            "chosen": chosen,
        }
        | context,
    )


@everybody
@require_safe
def product(request: HttpRequest, product_slug: str, pk: int) -> HttpResponse:
    """One pack of one cooperative's produce."""
    return product_page(request, pk, slug=product_slug)


def product_page(
    request: HttpRequest, pk: int, *, slug: str = "", quantity: str = "1", error: str = ""
) -> HttpResponse:
    """The page of product `pk`, with what was wrong about the quantity if something was. Raises Http404."""
    pack = Pack.objects.filter(pk=pk, product__is_public=True).select_related("produce").first()
    if pack is None:
        raise Http404
    today = shelf.today()
    siblings = shelf.wares(
        Pack.objects.filter(produce__code=pack.produce.code, produce__category=pack.produce.category), today
    )
    ware = next((one for one in siblings if one.pack.pk == pack.pk), None)
    if ware is None:
        raise Http404
    if slug and request.path != ware.url:
        return redirect(ware.url, permanent=True)
    households = shelf.households_supplying(pack.produce, today)
    elsewhere = {one.produce.pk: one for one in reversed(siblings) if one.produce.pk != pack.produce.pk}
    return render(
        request,
        "catalogue/product.html",
        {
            "ware": ware,
            "packs": [one for one in siblings if one.produce.pk == pack.produce.pk],
            "elsewhere": list(elsewhere.values()),
            "pictures": ware.product.images.all(),
            "category": ware.product.categories.first(),
            "households": households,
            "few": shelf.FEW_HOUSEHOLDS,
            "is_fresh": shelf.is_fresh(pack.produce),
            "quantity": quantity,
            "error": error,
        }
        | overview.of_produce(pack.produce),
    )
