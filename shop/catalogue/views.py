"""The shelf, and one thing on it."""

import datetime as dt
from collections.abc import Iterable
from operator import attrgetter

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from logistics.models import Departure
from shop.aftersales import overview
from shop.preorders.models import Presale
from shop.reports import public
from shop.search import finder
from shop.shipping import estimate
from shop.together.models import stops_for_everybody
from suppliers.base import days
from suppliers.base.access import everybody
from suppliers.models import Pack, Produce

from . import almanac, facets, inventory, provenance, ready_cards, season, shelf, version

SORT_NAMES = {
    "season": _("In season first"),
    "price": _("Price, low to high"),
    "-price": _("Price, high to low"),
    "jin": _("Price per jin"),
    "new": _("Newest first"),
    "name": _("By name"),
}
# Filters that are on or off.
ONE_CHOICE = ("season", "deep")
PRICE_NAMES = {
    "0-30": _("Under ¥30"),
    "30-60": _("¥30 to ¥60"),
    "60-100": _("¥60 to ¥100"),
    "100-": _("¥100 and more"),
}


@everybody
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What there is at this time of the year, when everything ripens, and the next truck. Nothing of whoever looks."""
    today, at = shelf.today(), version.of(request)
    kinds = shelf.on_cards(inventory.one_of_each(inventory.offers(today, at)), today, at)
    in_season = [ware for ware in kinds if ware.is_on and not (ware.is_all_year or ware.is_sold_out or ware.presale)]
    stored = [ware for ware in kinds if not ware.is_sold_out and not ware.presale and ware not in in_season]
    in_season.sort(key=lambda ware: ware.produce.shelf_life_days)  # what keeps shortest is what the season is about
    coming = sorted((ware for ware in kinds if not ware.is_on), key=lambda ware: ware.next_on)
    ahead, truck = _sold_ahead(kinds), _next_truck()
    response = render(
        request,
        "home.html",
        {
            "today": today,
            "term": season.term_of(today),
            "in_season": _full_rows(in_season),
            "stored": _full_rows(stored),
            "coming": coming[:6],
            "ahead": ahead,
            "ring": almanac.ring([_harvest(ware) for ware in kinds], today),
            "months": _months(kinds),
            "truck": truck,
            "impact": public.headline(today),
        },
    )
    # The page that is kept is wrong from the first of them on (pages.py).
    ends = [ware.presale.closes_at for ware in ahead] + ([truck.cut_off_at] if truck else [])
    if ends:
        response.good_until = min(ends)
    return response


def _harvest(ware: shelf.Ware) -> almanac.Harvest:
    produce = ware.produce
    return almanac.Harvest(ware.short_name, produce.category, produce.harvest_from, produce.harvest_to)


def _months(kinds: list[shelf.Ware]) -> list[tuple[int, list[shelf.Ware]]]:
    """For each month what is harvested in it, the shortest season first: it will not wait."""
    seasonal = sorted((ware for ware in kinds if not ware.is_all_year), key=lambda ware: len(ware.months))
    return [(month, [ware for ware in seasonal if month in ware.months]) for month in range(1, 13)]


def _sold_ahead(kinds: list[shelf.Ware]) -> list[shelf.Ware]:
    """At most four of `kinds` that can only be had by ordering them ahead, what is sent next first."""
    open_now = [ware for ware in kinds if ware.presale and not ware.presale.is_over and not ware.is_sold_out]
    return sorted(open_now, key=lambda ware: ware.presale.ships_from)[:4]


def _next_truck() -> Departure | None:
    """The direct truck whose orders close next, with its stops for everybody; None where none takes orders."""
    departures = Departure.objects.open_at(days.now()).filter(
        Exists(stops_for_everybody().filter(departure=OuterRef("pk")))
    )
    stops = Prefetch("stops", stops_for_everybody())
    return departures.order_by("cut_off_at", "pk").prefetch_related(stops).first()


def _full_rows(wares: list) -> list:
    """At most eight, and no row of four with a hole in it: there is a link to all of them."""
    return wares[: 8 if len(wares) >= 8 else 4]


@everybody
@require_safe
def produce_list(request: HttpRequest) -> HttpResponse:
    return _list(request)


@everybody
@require_safe
def category(request: HttpRequest, category_slug: str, pk: int) -> HttpResponse:
    way = inventory.goods(version.of(request)).ways.get(int(pk))
    if way is None:
        raise Http404
    if request.path != way.url:
        return redirect(way.url, permanent=True)
    return _list(request, way=way)


@everybody
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """The same shelf, with what a query finds on it, the best first."""
    return _list(request, is_search=True)


@everybody
@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """What the words typed so far may become: a piece of a page for the search field."""
    query = request.GET.get("q", "")
    return render(request, "partials/suggestions.html", {"suggested": finder.suggest(query), "q": query[:60]})


def _list(request: HttpRequest, *, way: inventory.Way | None = None, is_search: bool = False) -> HttpResponse:
    """The shelf as the address wants it (shop/catalogue/facets.py)."""
    today, at = shelf.today(), version.of(request)
    goods = inventory.goods(at)
    wanted = facets.Wanted.read(request.GET, goods)
    offers: Iterable[inventory.Offer] = inventory.offers(today, at)
    if is_search:
        ranks = {pk: rank for rank, pk in enumerate(finder.find(wanted.q, at))}
        offers = sorted(
            (offer for offer in offers if offer.item.produce_id in ranks),
            key=lambda offer: ranks[offer.item.produce_id],
        )
    else:
        wanted = wanted.without_search()
        if way:
            offers = [offer for offer in offers if way.pk in offer.item.category_ids]
    found = facets.find(offers, wanted)
    page = Paginator(facets.in_order(found.offers, wanted.sort), facets.A_PAGE).get_page(wanted.page)
    groups = _groups(goods, wanted, found, has_categories=way is None)
    response = render(
        request,
        "catalogue/list.html",
        {
            "page": page,
            "page_numbers": page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
            "cards": ready_cards.of(page.object_list, today, at),
            "groups": groups,
            "chosen": [(group["title"], choice) for group in groups for choice in group["choices"] if choice["is_on"]],
            "sorts": [("", _("Best match")), *SORT_NAMES.items()] if is_search else SORT_NAMES.items(),
            "wanted": wanted,
            "without_filters": "?" + wanted.without(*facets.FILTERS).query(),
            "category": way,
            "is_search": is_search,
            "q": wanted.q,
        },
    )
    # What a form sends names every filter; the address names those that are set.
    query = wanted.query()
    response.headers["HX-Push-Url"] = f"{request.path}?{query}" if query else request.path
    return response


def _groups(goods: inventory.Goods, wanted: facets.Wanted, found: facets.Found, *, has_categories: bool) -> list[dict]:
    """The filters that change something here, each with its choices, how much each would show, and how to take it off."""
    names = {
        "season": (_("Season"), {"on": _("In season now")}),
        "category": (
            _("Category"),
            {str(way.pk): way.name for way in goods.ways.values() if way.depth == 1} if has_categories else {},
        ),
        "township": (_("Township"), {item.township_code: item.township for item in _by(goods, "township_code")}),
        "cooperative": (
            _("Cooperative"),
            {item.cooperative_code: item.cooperative for item in _by(goods, "cooperative_code")},
        ),
        "price": (_("Price"), PRICE_NAMES),
        "deep": (_("Poorest places"), {"1": _("Deep-poverty townships")}),
    }
    groups = []
    for name, (title, choices) in names.items():
        value, counts = getattr(wanted, name), found.counts[name]
        shown = [
            {
                "value": code,
                "name": choice,
                "n": counts[int(code) if name == "category" else code],
                "is_on": code == value,
                "without": "?" + wanted.without(name).query(),
            }
            for code, choice in choices.items()
        ]
        shown = [choice for choice in shown if choice["n"] or choice["is_on"]]
        if len(shown) > 1 or any(choice["is_on"] for choice in shown) or (name in ONE_CHOICE and shown):
            groups.append(
                {"name": name, "title": title, "choices": shown, "is_any": not value, "is_one": name in ONE_CHOICE}
            )
    return groups


def _by(goods: inventory.Goods, code: str) -> list[inventory.Item]:
    return sorted(goods.items, key=attrgetter(code))


@everybody
@require_safe
def product(request: HttpRequest, product_slug: str, pk: int) -> HttpResponse:
    """One pack of one cooperative's produce."""
    return product_page(request, pk, slug=product_slug)


def product_page(
    request: HttpRequest, pk: int, *, slug: str = "", quantity: str = "1", error: str = ""
) -> HttpResponse:
    """The page of product `pk`, with what was wrong about the quantity if something was. Raises Http404."""
    today, at = shelf.today(), version.of(request)
    beside = inventory.beside(int(pk), at)
    packs = shelf.priced(beside.packs, today, at) if beside else []
    ware = next((one for one in packs if one.pack.pk == int(pk)), None)
    if beside is None or ware is None:
        return _suspended(request, pk) or _what_it_was_of(pk)
    if slug and request.path != ware.url:
        return redirect(ware.url, permanent=True)
    return render(
        request,
        "catalogue/product.html",
        {
            "ware": ware,
            "packs": packs,
            "ahead": [one for one in packs if one.presale and not one.is_sold_out],
            "elsewhere": beside.elsewhere,
            "pictures": list(ware.product.images.all()),
            "category": beside.category,
            "few": shelf.FEW_HOUSEHOLDS,
            "is_fresh": shelf.is_fresh(ware.produce),
            "today": today,
            "today_at": almanac.place(today),
            "strip": almanac.strip(ware.produce.harvest_from, ware.produce.harvest_to),
            "way": estimate.estimate(
                ware.pack.gross_g,
                request.GET.get("to", ""),
                on=ware.presale.reckoned_from if ware.presale else today,
            ),
            "to_shandong": estimate.shandong(),
            "to_elsewhere": estimate.elsewhere(),
            "quantity": quantity,
            "error": error,
        }
        | _of_produce(ware.produce, today, at),
    )


_told, _reviewed = inventory.Kept(), inventory.Kept()


def _of_produce(produce: Produce, day: dt.date, at: version.Version) -> dict:
    """Where produce is from and what buyers say of it: asked for once for all its packs, until something of it changes."""
    known = _told.get((at.goods, at.people, day), dict)
    if produce.pk not in known:
        is_reviewed = produce.pk in _reviewed.get(at.people, overview.reviewed)
        reviews = overview.of_produce(produce) if is_reviewed else overview.NO_REVIEWS
        known[produce.pk] = {"provenance": provenance.of(produce, day, at)} | reviews
    return known[produce.pk]


def _suspended(request: HttpRequest, pk: int) -> HttpResponse | None:
    """Word that this cannot be bought now, and what else there is; None where nobody is suspended."""
    packs = Pack.objects.filter(product__is_public=True, produce__cooperative__suspended_at__isnull=False)
    pack = packs.select_related("produce__cooperative").filter(pk=pk).first()
    return None if pack is None else render(request, "catalogue/suspended.html", {"pack": pack})


def _what_it_was_of(pk: int) -> HttpResponse:
    """Lead from a pre-sale that is over to the pack that it was of. Raises Http404 for anything else."""
    over = Presale.objects.filter(pk=pk, of__product__is_public=True).select_related("of__product").first()
    if over is None:
        raise Http404
    return redirect(over.of.product)
