"""A household's page about its own slip, behind the code that is printed on the paper: is it right, or not?

Whoever has the paper has the page, so it says no more than the paper does, and the name masked. It belongs to suppliers;
it is here for the limits, which are counted with those of the sign-in.
"""

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from suppliers import actions, slips
from suppliers.base.access import everybody
from suppliers.base.money import price_of
from suppliers.forms_ledger import DisputeForm
from suppliers.models import Cooperative, PurchaseLot, SlipDispute

from .accounts import limits

ANSWERS = limits.Limit("slip-answer", 6, limits.HOUR)
ANSWERS_FROM = limits.Limit("slip-answer-from", 60, limits.HOUR)
MOST_MISSES = (
    30  # of one address in an hour, and one process: a key has 96 bits, so this only keeps the guessing cheap for us
)


def _found(request: HttpRequest, key: str) -> PurchaseLot:
    """The slip of this key. Raises Http404, for whoever has guessed often even where there is one."""
    misses = f"slip-misses:{limits.address_of(request)}"
    if cache.get(misses, 0) >= MOST_MISSES:
        raise Http404
    lots = PurchaseLot.objects.with_dispute().select_related("produce__cooperative", "household")
    lot = lots.filter(household_key=key[:24]).first() if key else None
    if lot is None:
        cache.add(misses, 0, limits.HOUR)
        cache.incr(misses)
        raise Http404
    return lot


def _page(request: HttpRequest, template: str, lot: PurchaseLot, status: int = 200, **more) -> HttpResponse:
    disputes = list(SlipDispute.objects.filter(lot=lot).prefetch_related("steps"))
    context = {
        "lot": lot,
        "cost_fen": price_of(lot.g, lot.fen_per_kg),
        "disputes": disputes,
        "may_dispute": not lot.reversed_at and not lot.is_disputed and len(disputes) < slips.MOST_DISPUTES,
        "is_ours": _is_of_cooperative(request, lot),
        **more,
    }
    answer = render(request, template, context, status=status)
    answer["X-Robots-Tag"] = "noindex, nofollow"
    answer["Referrer-Policy"] = "no-referrer"
    return answer


def _is_of_cooperative(request: HttpRequest, lot: PurchaseLot) -> bool:
    """Whether somebody of the cooperative looks: it does not confirm its own slips."""
    return Cooperative.objects.visible_to(request.user).filter(pk=lot.produce.cooperative_id).exists()


def _refusal(request: HttpRequest, lot: PurchaseLot) -> str:
    """Why this visitor may not answer; empty where he may."""
    if _is_of_cooperative(request, lot):
        return _("The household answers here itself, on a telephone where the cooperative is not signed in.")
    if not (limits.take(limits.address_of(request), ANSWERS_FROM) and limits.take(lot.household_key, ANSWERS)):
        return _("That was tried often. Please wait an hour, or ask the county centre.")
    return ""


@everybody
@never_cache
@require_safe
def slip(request: HttpRequest, key: str) -> HttpResponse:
    return _page(request, "slip/slip.html", _found(request, key))


@everybody
@never_cache
@require_POST
def right(request: HttpRequest, key: str) -> HttpResponse:
    """The household says that the slip is right, which verifies it. Said twice it is said once."""
    lot = _found(request, key)
    if lot.verified_at and not lot.reversed_at:
        return redirect("household-slip", key=key)
    if refused := _refusal(request, lot):
        return _page(request, "slip/slip.html", lot, status=403, refused=refused)
    try:
        actions.verify_lot(lot=lot, how=PurchaseLot.Verified.HOUSEHOLD)
    except ValidationError as error:
        return _page(request, "slip/slip.html", lot, refused=" ".join(error.messages))
    return redirect("household-slip", key=key)


@everybody
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def wrong(request: HttpRequest, key: str) -> HttpResponse:
    """The household says what is wrong with the slip."""
    lot = _found(request, key)
    form = DisputeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if refused := _refusal(request, lot):
            return _page(request, "slip/wrong.html", lot, status=403, form=form, refused=refused)
        try:
            slips.dispute(lot=lot, raised_by=SlipDispute.RaisedBy.HOUSEHOLD, **form.cleaned_data)
        except ValidationError as error:
            return _page(request, "slip/wrong.html", lot, form=form, refused=" ".join(error.messages))
        return redirect("household-slip", key=key)
    return _page(request, "slip/wrong.html", lot, form=form)
