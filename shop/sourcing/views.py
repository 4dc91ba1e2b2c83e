"""The supply board for everybody, its feeds and its picture; asking for a quote, and saying what is wanted."""

import hashlib
from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from shop.accounts import limits
from shop.catalogue import version
from shop.reports.exports import csv_lines
from suppliers.base.access import everybody

from . import board, card, feed
from .forms import InquiryForm, WantedForm
from .models import Inquiry, Wanted

# One household or office may ask so often; more is a machine.
ASKS = limits.Limit("sourcing", 6, limits.HOUR)
ASKS_A_DAY = limits.Limit("sourcing-day", 20, limits.DAY)
MOST_WANTED = 40


@everybody
@require_safe
def supply(request: HttpRequest) -> HttpResponse:
    known = board.told()
    asked = board.Wanted.read(request.GET, known)
    ranges = board.ranges(known, asked)
    sought = list(Wanted.objects.shown_on(known.today)[:MOST_WANTED])
    address = request.build_absolute_uri(reverse("supply:board"))
    context = {
        "known": known,
        "asked": asked,
        "ranges": ranges,
        "weeks": board.weeks(known, asked),
        "months": board.months(known.today),
        "today_at": round(board.place_of(known.today, known.today)),
        "total": board.tonnes(sum(one.g for one in ranges)) if ranges else "0",
        "places": len({cell.township for cell in known.cells if cell.township and asked.has(cell)}),
        "kinds": [(code, name) for code, name in known.kinds.items() if any(c.kind == code for c in known.cells)],
        "townships": [(code, known.townships[code]) for code in sorted({c.township for c in known.cells} - {""})],
        "grades": sorted({cell.grade for cell in known.cells} - {""}),
        "spans": board.SPANS,
        "sought": [
            (one, known.kind(one.kind), board.tonnes(one.g), board.price_range(one.fen_per_kg, one.fen_per_kg))
            for one in sought
        ],
        "text": board.text(known, ranges, sought[:5], address),
        "query": request.GET.urlencode() if asked != board.Wanted() else "",
    }
    response = render(request, "supply/board.html", context)
    patch_cache_control(response, private=True, max_age=60)
    return response


def _feed(make: Callable) -> Callable:
    """A view that answers with what `make` makes of the board; whoever has it already is told so."""

    @everybody
    @require_safe
    def view(request: HttpRequest) -> HttpResponse:
        known = board.told()
        asked = board.Wanted.read(request.GET, known)
        at = version.read()
        state = repr((make.__name__, at.figures, at.goods, known.today, asked))
        etag = f'"{hashlib.blake2b(state.encode(), digest_size=12).hexdigest()}"'
        response = get_conditional_response(request, etag=etag) or make(known, asked)
        response["ETag"] = etag
        response["Access-Control-Allow-Origin"] = "*"
        patch_cache_control(response, public=True, max_age=60)
        return response

    return view


@_feed
def data_json(known: board.Told, asked: board.Wanted) -> HttpResponse:
    return JsonResponse(feed.as_json(known, asked), json_dumps_params={"ensure_ascii": False})


@_feed
def data_csv(known: board.Told, asked: board.Wanted) -> HttpResponse:
    lines = csv_lines([feed.FIELDS, *feed.rows(known, asked)])
    response = HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="wuxi-supply-{known.today}.csv"'
    return response


@everybody
@require_safe
def picture(request: HttpRequest) -> HttpResponse:
    """The board as a picture to send to a group."""
    known = board.told()
    asked = board.Wanted.read(request.GET, known)
    drawn = card.png(known, asked, request.build_absolute_uri(reverse("supply:board")))
    response = HttpResponse(drawn, content_type="image/png")
    kind = "attachment" if "download" in request.GET else "inline"
    response["Content-Disposition"] = f'{kind}; filename="wuxi-supply-{known.today}.png"'
    patch_cache_control(response, private=True, max_age=300)
    return response


@everybody
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask the county for a quote."""
    initial = {"kind": request.GET.get("kind", "")[:12], "week_on": request.GET.get("week", "")[:10]}
    form = InquiryForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and _may_write(request, form):
        Inquiry.objects.create(**form.inquiry, asked_by=request.user if request.user.is_authenticated else None)
        messages.success(
            request, _("Your inquiry has reached the county. Somebody will call you within two working days.")
        )
        return redirect("supply:board")
    return render(request, "supply/ask.html", {"form": form})


@everybody
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def want(request: HttpRequest) -> HttpResponse:
    """Say on the board what is wanted; the county reads it first."""
    form = WantedForm(request.POST or None, initial={"kind": request.GET.get("kind", "")[:12]})
    if request.method == "POST" and form.is_valid() and _may_write(request, form):
        Wanted.objects.create(**form.wanted, posted_by=request.user if request.user.is_authenticated else None)
        messages.success(request, _("Thank you. It stands on the board as soon as the county has read it."))
        return redirect("supply:board")
    return render(request, "supply/want.html", {"form": form})


def _may_write(request: HttpRequest, form: forms.Form) -> bool:
    if limits.take(limits.address_of(request), ASKS, ASKS_A_DAY):
        return True
    form.add_error(None, _("That was a lot at once. Please try again in an hour, or call us."))
    return False
