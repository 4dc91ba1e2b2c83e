"""The county's desk of supply: inquiries, posts to read, price sheets, collectors, what was declared and delivered."""

import datetime as dt

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

import suppliers.actions
import suppliers.prices
from suppliers import board
from suppliers.base import days
from suppliers.base.access import READS_EVIDENCE, role_required
from suppliers.base.fields import put_errors, row_id
from suppliers.base.money import yuan_of
from suppliers.harvests import monday
from suppliers.models import Collector, Cooperative, Market, MarketPrice

from . import actions
from .forms import THREE, CollectorForm, NoteForm, SheetForm
from .models import Inquiry, Wanted

ON_A_PAGE = 30
SEASONS_OF_YEARS = 2
LOOK = "look"

staff_only = role_required()


@staff_only
@never_cache
@require_safe
def inquiries(request: HttpRequest) -> HttpResponse:
    """Inquiries, those of one state where one is chosen."""
    state = request.GET.get("state", "")
    rows = Inquiry.objects.filter(state=state) if state in Inquiry.State.values else Inquiry.objects.all()
    context = {
        "page": Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page")),
        "kinds": board.kinds(),
        "state": state,
        "states": Inquiry.State.choices,
        "waiting": Wanted.objects.filter(state=Wanted.State.WAITING).count(),
    }
    return render(request, "officials/inquiries.html", context)


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def inquiry(request: HttpRequest, pk: int) -> HttpResponse:
    """An inquiry and what was done about it; a POST adds a note, or shows whom to call (which is written down)."""
    asked = get_object_or_404(Inquiry, pk=pk)
    is_shown = request.method == "POST" and "look" in request.POST
    if is_shown:
        actions.look(asked=asked, by=request.user)
    form = NoteForm(None if is_shown else request.POST or None, initial={"state": Inquiry.State.ANSWERED})
    if form.is_bound and form.is_valid():
        actions.note(inquiry=asked, **form.cleaned_data, by=request.user)
        return redirect("inquiry", pk=pk)
    context = {
        "inquiry": asked,
        "is_shown": is_shown,
        "kinds": board.kinds(),
        "notes": asked.notes.select_related("made_by"),
        "form": form,
    }
    return render(request, "officials/inquiry.html", context)


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def wanted(request: HttpRequest) -> HttpResponse:
    """What buyers posted, what waits first; a POST lets one show, or not."""
    if request.method == "POST":
        number, state = request.POST.get("wanted", ""), request.POST.get("state", "")
        post = get_object_or_404(Wanted, pk=row_id(number))
        if state == LOOK:
            actions.look(asked=post, by=request.user)
            return _wanted(request, shown=post.pk)
        if state not in (Wanted.State.SHOWN, Wanted.State.REFUSED):
            raise Http404
        if actions.decide(wanted=post, state=state, by=request.user):
            messages.success(request, _("Done."))
        return redirect("wanted_desk")
    return _wanted(request)


def _wanted(request: HttpRequest, shown: int = 0) -> HttpResponse:
    waiting = Wanted.objects.filter(state=Wanted.State.WAITING).order_by("posted_at", "pk")
    rest = Wanted.objects.exclude(state=Wanted.State.WAITING)
    context = {
        "waiting": waiting[:100],
        "shown": shown,
        "page": Paginator(rest.order_by("-decided_at", "-pk"), ON_A_PAGE).get_page(request.GET.get("page")),
        "kinds": board.kinds(),
    }
    return render(request, "officials/wanted.html", context)


@role_required(*READS_EVIDENCE)
@never_cache
@require_safe
def deliveries(request: HttpRequest) -> HttpResponse:
    """Declared against delivered, for every cooperative and season of the last two years."""
    today = days.today()
    since = today.replace(year=today.year - SEASONS_OF_YEARS, month=1, day=1)
    found = board.deliveries(Cooperative.objects.all(), begun_by=today, since=since)
    page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "deliveries": page.object_list, "with_cooperative": True}
    return render(request, "officials/deliveries.html", context)


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def collectors(request: HttpRequest) -> HttpResponse:
    """Who collects where; a POST appoints somebody, or ends his post today."""
    if request.method == "POST" and "end" in request.POST:
        number = request.POST["end"]
        running = Collector.objects.on(days.today())
        post = get_object_or_404(running, pk=row_id(number))
        Collector.objects.filter(pk=post.pk).update(ends_on=max(post.starts_on, days.today() - dt.timedelta(days=1)))
        messages.success(request, _("His post has ended."))
        return redirect("collectors")
    form = CollectorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            suppliers.actions.appoint_collector(
                user=data["who"], village=data["village"], starts_on=data["starts_on"], by=request.user
            )
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(request, _("Appointed. He finds his page at /supply/collect/ when he signs in."))
            return redirect("collectors")
    rows = Collector.objects.on(days.today()).select_related("user", "village__township")
    return render(request, "officials/collectors.html", {"collectors": rows[:400], "form": form})


@staff_only
@never_cache
@require_safe
def prices(request: HttpRequest) -> HttpResponse:
    """The markets, and the last week that has prices of each."""
    markets = Market.objects.annotate(last_on=Max("prices__week_on"))
    return render(request, "officials/prices.html", {"markets": markets, "this_week": monday(days.today())})


@staff_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def price_sheet(request: HttpRequest, code: str) -> HttpResponse:
    """A week's prices of a market: what is written of it, or (`?copy`) last week's to begin with."""
    market = get_object_or_404(Market, pk=code[:12])
    week_on = _week(request.GET.get("week", ""))
    source = week_on - dt.timedelta(days=7) if "copy" in request.GET else week_on
    written = MarketPrice.objects.filter(market=market, week_on=source, superseded_at=None)
    initial = {"week_on": week_on} | {
        f"{row.kind}-{which}": yuan_of(getattr(row, f"{which}_fen_per_jin")) for row in written for which in THREE
    }
    form = SheetForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            n = suppliers.prices.save_price_sheet(
                market=market, week_on=form.cleaned_data["week_on"], prices=form.prices, by=request.user
            )
        except ValidationError as error:
            put_errors(form, error, {kind: f"{kind}-usual" for kind in form.kinds})
        else:
            messages.success(request, _("Saved: %(n)d new prices.") % {"n": n})
            return redirect("prices")
    context = {"market": market, "form": form, "week_on": week_on, "is_copy": "copy" in request.GET}
    return render(request, "officials/price_sheet.html", context)


def _week(text: str) -> dt.date:
    """The Monday that `text` names; this week's for what names none."""
    today = days.today()
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return monday(today)
    return monday(day) if abs((day - today).days) < 800 else monday(today)
