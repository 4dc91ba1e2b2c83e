"""The shelf, and one thing on it."""

from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from oscar.core.loading import get_model

from logistics.models import Departure
from shop.search import finder
from shop.shipping import estimate
from suppliers.base import days
from suppliers.base.access import everybody
from suppliers.models import Pack

from . import almanac, provenance, season, shelf

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
    """What there is at this time of the year, when everything ripens, and the next truck. Nothing of whoever looks."""
    today = shelf.today()
    cards = shelf.cards(shelf.sorted_by(shelf.on_sale().filter(is_b2b_only=False), "season", today), today)
    kinds = shelf.one_of_each(cards)
    in_season = [ware for ware in kinds if ware.is_on and not (ware.is_all_year or ware.is_sold_out or ware.presale)]
    stored = [ware for ware in kinds if not ware.is_sold_out and not ware.presale and ware not in in_season]
    in_season.sort(key=lambda ware: ware.produce.shelf_life_days)  # what keeps shortest is what the season is about
    coming = sorted((ware for ware in kinds if not ware.is_on), key=lambda ware: ware.next_on)
    return render(
        request,
        "home.html",
        {
            "today": today,
            "term": season.term_of(today),
            "in_season": _full_rows(in_season),
            "stored": _full_rows(stored),
            "coming": coming[:6],
            "ring": almanac.ring([_harvest(ware) for ware in kinds], today),
            "months": _months(kinds),
            "truck": _next_truck(),
            "impact": None,
        },
    )


def _harvest(ware: shelf.Ware) -> almanac.Harvest:
    produce = ware.produce
    return almanac.Harvest(ware.short_name, produce.category, produce.harvest_from, produce.harvest_to)


def _months(kinds: list[shelf.Ware]) -> list[tuple[int, list[shelf.Ware]]]:
    """For each month what is harvested in it, the shortest season first: it will not wait."""
    seasonal = sorted((ware for ware in kinds if not ware.is_all_year), key=lambda ware: len(ware.months))
    return [(month, [ware for ware in seasonal if month in ware.months]) for month in range(1, 13)]


def _next_truck() -> Departure | None:
    """The direct truck whose orders close next, with its stops; None where none takes orders."""
    departures = Departure.objects.filter(state=Departure.State.OPEN, cut_off_at__gt=days.now())
    return departures.order_by("cut_off_at", "pk").prefetch_related("stops").first()


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
    today = shelf.today()
    this = Pack.objects.filter(pk=pk, product__is_public=True)
    siblings = shelf.wares(
        Pack.objects.filter(
            produce__code__in=this.values("produce__code"), produce__category__in=this.values("produce__category")
        ),
        today,
    )
    ware = next((one for one in siblings if one.pack.pk == int(pk)), None)
    if ware is None:
        raise Http404
    if slug and request.path != ware.url:
        return redirect(ware.url, permanent=True)
    elsewhere = {one.produce.pk: one for one in reversed(siblings) if one.produce.pk != ware.produce.pk}
    packs = [one for one in siblings if one.produce.pk == ware.produce.pk]
    return render(
        request,
        "catalogue/product.html",
        {
            "ware": ware,
            "packs": packs,
            "ahead": [one for one in packs if one.presale and not one.is_sold_out],
            "elsewhere": list(elsewhere.values()),
            "pictures": list(ware.product.images.all()),
            "category": ware.product.categories.first(),
            "provenance": provenance.of(ware.produce, today),
            "few": shelf.FEW_HOUSEHOLDS,
            "is_fresh": shelf.is_fresh(ware.produce),
            "today": today,
            "today_at": almanac.place(today),
            "strip": almanac.strip(ware.produce.harvest_from, ware.produce.harvest_to),
            "way": estimate.estimate(ware.pack.gross_g, request.GET.get("to", ""), on=today),
            "to_shandong": estimate.shandong(),
            "to_elsewhere": estimate.elsewhere(),
            "quantity": quantity,
            "error": error,
        },
    )
