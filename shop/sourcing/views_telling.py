"""Declaring a harvest, a question a screen: at a cooperative's desk, by a household's link, as a village's collector."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

import suppliers.actions
from shop.accounts import limits
from suppliers import board
from suppliers.base import days, qr
from suppliers.base.access import (
    OWNER,
    READS_EVIDENCE,
    SELLER,
    collector_required,
    cooperative_required,
    everybody,
    has_role,
)
from suppliers.base.fields import row_id
from suppliers.models import Cooperative, Household, SupplyDeclaration, SupplyKey

from . import tellers
from .tellers import CHECK, Draft, Teller

# A link may be passed on: so many harvests a day are declared by one.
BY_KEY = limits.Limit("supply-key", 30, limits.DAY)


# ── The cooperative ──────────────────────────────────────────────────────────────────────────────────────────────────


@cooperative_required(OWNER, SELLER)
@never_cache
@require_safe
def declarations(request: HttpRequest) -> HttpResponse:
    """What is declared, what should be said again, and what came of earlier harvests."""
    teller = tellers.of_cooperative(request.cooperative, request.user)
    today = days.today()
    context = {
        "declared": teller.declarations()[:100],
        "stale": {one.pk for one in tellers.stale(request.cooperative)},
        "deliveries": board.deliveries(
            [request.cooperative], begun_by=today, since=today.replace(year=today.year - 2, month=1, day=1)
        ),
        "start": teller.url(teller.steps[0]),
    }
    return render(request, "cooperative/supply.html", context)


@cooperative_required(OWNER, SELLER)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def declare(request: HttpRequest, step: str) -> HttpResponse:
    return _tell(request, tellers.of_cooperative(request.cooperative, request.user), step)


@cooperative_required(OWNER, SELLER)
@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, tellers.of_cooperative(request.cooperative, request.user), pk)


@cooperative_required(OWNER, SELLER)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def links(request: HttpRequest) -> HttpResponse:
    """Links for member households; a POST makes one (and ends the last), or takes it back."""
    members = Household.objects.members_of(request.cooperative, on=days.today()).select_related("village")
    if request.method == "POST":
        number = request.POST.get("household", "")
        household = get_object_or_404(members, pk=row_id(number))
        if "revoke" in request.POST:
            SupplyKey.objects.filter(household=household, cooperative=request.cooperative, revoked_at=None).update(
                revoked_at=days.now()
            )
            messages.success(request, _("The link is taken back. Whoever has it finds nothing there."))
        else:
            suppliers.actions.give_supply_key(household=household, cooperative=request.cooperative)
            messages.success(request, _("The link is ready. Show the code, or send the link."))
        return redirect(f"{reverse('supply_links')}?household={household.pk}")
    keys = {
        key.household_id: key
        for key in SupplyKey.objects.filter(
            cooperative=request.cooperative, revoked_at=None, expires_on__gte=days.today()
        )
    }
    chosen = request.GET.get("household", "")
    shown = next((one for one in members if str(one.pk) == chosen and one.pk in keys), None)
    address = request.build_absolute_uri(reverse("supply:mine_declares", args=[keys[shown.pk].key])) if shown else ""
    context = {
        "members": [(one, keys.get(one.pk)) for one in members[:400]],
        "shown": shown,
        "address": address,
        "qr": qr.as_image(qr.qr(address)) if shown else "",
    }
    return render(request, "cooperative/supply_links.html", context)


# ── The household, by its link ───────────────────────────────────────────────────────────────────────────────────────


def _key(key: str) -> SupplyKey:
    live = SupplyKey.objects.filter(revoked_at=None, expires_on__gte=days.today())
    return get_object_or_404(live.select_related("household", "cooperative"), key=key[:24])


@everybody
@never_cache
@require_safe
def mine(request: HttpRequest, key: str) -> HttpResponse:
    """What this household has declared to its cooperative."""
    teller = tellers.of_key(_key(key))
    return render(request, "supply/mine.html", {"teller": teller, "declared": teller.declarations()[:50]})


@everybody
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mine_declare(request: HttpRequest, key: str, step: str) -> HttpResponse:
    return _tell(request, tellers.of_key(_key(key)), step)


@everybody
@require_POST
def mine_change(request: HttpRequest, key: str, pk: int) -> HttpResponse:
    return _change(request, tellers.of_key(_key(key)), pk)


# ── The collector ────────────────────────────────────────────────────────────────────────────────────────────────────


@collector_required
@never_cache
@require_safe
def collect(request: HttpRequest) -> HttpResponse:
    """What this collector has declared for his villages."""
    teller = tellers.of_collector(request.user)
    context = {"teller": teller, "declared": teller.declarations()[:100], "kinds": board.kinds()}
    return render(request, "supply/mine.html", context)


@collector_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def collect_declare(request: HttpRequest, step: str) -> HttpResponse:
    return _tell(request, tellers.of_collector(request.user), step)


@collector_required
@require_POST
def collect_change(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, tellers.of_collector(request.user), pk)


# ── All three ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _tell(request: HttpRequest, teller: Teller, step: str) -> HttpResponse:
    """The question of `step`; a POST keeps its answer and goes on, at last to a page on which all of it is checked."""
    if step not in (*teller.steps, CHECK):
        raise Http404
    draft = Draft.of(teller)
    if step == CHECK:
        return _check(request, draft)
    if request.method == "POST" and "anew" in request.POST:
        tellers.discard(teller)
        return redirect(teller.url(teller.steps[0]))
    form = draft.form(step, request.POST if request.method == "POST" else None)
    at = teller.steps.index(step)
    if request.method == "POST" and form.is_valid():
        draft.keep(step, form)
        after = teller.steps[at + 1] if at + 1 < len(teller.steps) else CHECK
        # Who came back from the last page to change one answer goes there again.
        done = len([known for known in teller.steps if known in draft.answers]) == len(teller.steps)
        return redirect(teller.url(CHECK if done else after))
    context = {
        "teller": teller,
        "form": form,
        "title": form.title,
        "number": at + 1,
        "of": len(teller.steps) + 1,
        "back": teller.url(teller.steps[at - 1]) if at else teller.home,
        "has_draft": bool(draft.answers),
        "hidden": form.hidden(),
        "units": {"weight": "weight_unit", "price": "price_unit"},
    }
    return render(request, "supply/question.html", context)


def _check(request: HttpRequest, draft: Draft) -> HttpResponse:
    teller = draft.teller
    if missing := draft.missing():
        return redirect(teller.url(missing))
    is_sent = request.method == "POST"
    form = tellers.PhotoForm(request.POST if is_sent else None, request.FILES if is_sent else None)
    if is_sent and form.is_valid():
        try:
            if teller.user is None and not limits.take(teller.owner, BY_KEY):
                raise ValidationError(_("That was a lot for one day. Please go on tomorrow, or ask your cooperative."))
            tellers.declare(draft, photo=form.cleaned_data["photo"])
        except ValidationError as error:
            for words in error.messages:
                form.add_error(None, words)
        else:
            messages.success(request, _("Your harvest is written down."))
            return redirect(teller.home)
    context = {
        "teller": teller,
        "form": form,
        "lines": [(name, answer, teller.url(step)) for step, name, answer in tellers.summary(draft)],
        "number": len(teller.steps) + 1,
        "of": len(teller.steps) + 1,
        "back": teller.url(teller.steps[-1]),
        "is_again": "replaces" in draft.answers,
    }
    return render(request, "supply/check.html", context)


def _change(request: HttpRequest, teller: Teller, pk: int) -> HttpResponse:
    """Speak again about a declaration, or say that nothing will come of it."""
    declaration = get_object_or_404(teller.declarations(), pk=pk)
    if "off" in request.POST:
        tellers.call_off(teller, declaration)
        messages.success(request, _("It no longer counts."))
        return redirect(teller.home)
    tellers.restate(teller, declaration)
    return redirect(teller.url("amount"))


@everybody
@never_cache
@require_safe
def photo(request: HttpRequest, pk: int) -> HttpResponse:
    """The photo of a declaration, for its cooperative and the county."""
    rows = SupplyDeclaration.objects.all()
    if not has_role(request.user, *READS_EVIDENCE):
        rows = rows.filter(produce__cooperative__in=Cooperative.objects.visible_to(request.user))
    content = get_object_or_404(rows.exclude(photo=None), pk=pk).photo
    return HttpResponse(bytes(content), content_type="image/jpeg")
