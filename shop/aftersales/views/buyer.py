"""A buyer's pages: report spoiled goods, send something back, review. Whoever has the order's address may, as on its page."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from shop.customer.views import of_buyer
from shop.models import Sale, SaleLine
from suppliers.base import days
from suppliers.base.access import everybody
from suppliers.base.fields import put_errors

from .. import actions, overview, rules
from ..forms import ClaimForm, ReturnForm, ReviewForm, WaybillForm
from ..models import NoReasonReturn, SpoilageClaim


def _line(request: HttpRequest, token: str, pk: int) -> tuple[Sale, SaleLine]:
    """The buyer's sale and one of its lines. Raises Http404."""
    sale = of_buyer(request, token)
    lines = SaleLine.objects.filter(sale=sale).select_related("line__product", "produce", "cooperative")
    line = get_object_or_404(lines.prefetch_related("line__product__images"), pk=pk)
    line.sale = sale
    return sale, line


def _by(request: HttpRequest):
    return request.user if request.user.is_authenticated else None


@everybody
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: HttpRequest, token: str, line_id: int) -> HttpResponse:
    """Report spoiled goods of one line, on one screen that says what each share pays back."""
    sale, line = _line(request, token, line_id)
    if known := line.spoilageclaims.filter(state=SpoilageClaim.State.OPEN).first():
        return redirect("aftersales:claim", token=token, pk=known.pk)
    on = actions.received_on(line)
    why_not = actions.why_no_claim(line, sale, on, at=days.now())
    # What it is too late for is said before any photo is looked at.
    bought = actions.bought_of(line)
    sent = (request.POST, request.FILES) if request.method == "POST" and not why_not else ()
    form = ClaimForm(*sent, bought=bought)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            made = actions.claim(
                line=line,
                spoiled_bp=given["percent"] * 100,
                photos=given["photos"],
                note=given["note"],
                by=_by(request),
            )
        except actions.AlreadyAsked as known:
            return redirect("aftersales:claim", token=token, pk=known.request.pk)
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(request, _("Thank you. The cooperative looks at it and answers within 48 hours."))
            return redirect("aftersales:claim", token=token, pk=made.pk)
    page = {
        "sale": sale,
        "line": line,
        "form": form,
        "left_fen": bought.left_fen,
        "why_not": actions.REFUSALS.get(why_not),
        "until": on and rules.last_day_to_claim(on),
    }
    return render(request, "aftersales/claim_new.html", page)


@everybody
@never_cache
@require_safe
def claim_page(request: HttpRequest, token: str, pk: int) -> HttpResponse:
    """A claim, step by step, with the photos that came with it."""
    sale = of_buyer(request, token)
    claims = SpoilageClaim.objects.filter(line__sale=sale).with_line().prefetch_related("photos")
    found = get_object_or_404(claims, pk=pk)
    page = {"sale": sale, "claim": found, "line": found.line, "steps": overview.steps_of(found)}
    return render(request, "aftersales/claim.html", page)


@everybody
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask_return(request: HttpRequest, token: str, line_id: int) -> HttpResponse:
    """Ask to send packs of one line back, where the law gives that."""
    sale, line = _line(request, token, line_id)
    if known := line.noreasonreturns.filter(state__in=NoReasonReturn.STEPS).first():
        return redirect("aftersales:return", token=token, pk=known.pk)
    on = actions.received_on(line)
    why_not = actions.why_no_return(line, sale, on, at=days.now())
    bought = actions.bought_of(line)
    options = {
        "most": bought.packs - bought.returned,
        "needs_unopened": actions.right_to_return(line, sale) is rules.Right.UNOPENED,
    }
    form = ReturnForm(request.POST if request.method == "POST" and not why_not else None, **options)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            made = actions.ask_return(line=line, packs=given["packs"], note=given["note"], by=_by(request))
        except actions.AlreadyAsked as known:
            return redirect("aftersales:return", token=token, pk=known.request.pk)
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(request, _("Asked. You will read here where to send it."))
            return redirect("aftersales:return", token=token, pk=made.pk)
    page = {
        "sale": sale,
        "line": line,
        "form": form,
        "most": options["most"],
        "left_fen": bought.left_fen,
        "why_not": actions.REFUSALS.get(why_not),
        "until": on and rules.last_day_to_return(on),
    }
    return render(request, "aftersales/return_new.html", page)


@everybody
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def return_page(request: HttpRequest, token: str, pk: int) -> HttpResponse:
    """A return, step by step; once it is agreed, the buyer enters the waybill here."""
    sale = of_buyer(request, token)
    found = get_object_or_404(NoReasonReturn.objects.filter(line__sale=sale).with_line(), pk=pk)
    form = WaybillForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.send_back(request=found, **form.cleaned_data)
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(request, _("Thank you. As soon as it is here, the money goes back."))
            return redirect("aftersales:return", token=token, pk=pk)
    page = {"sale": sale, "return": found, "line": found.line, "steps": overview.steps_of(found), "form": form}
    return render(request, "aftersales/return.html", page)


@everybody
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, token: str, line_id: int) -> HttpResponse:
    """Review one line, once."""
    sale, line = _line(request, token, line_id)
    why_not = actions.why_no_review(line, actions.received_on(line))
    if hasattr(line, "review"):
        why_not = _("You have reviewed this. Thank you.")
    form = ReviewForm(request.POST, request.FILES) if request.method == "POST" and not why_not else ReviewForm()
    if form.is_bound and form.is_valid():
        try:
            actions.review(line=line, **form.cleaned_data)
        except actions.AlreadyAsked:
            messages.info(request, _("You have reviewed this. Thank you."))
            return redirect("orders:order", token=token)
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(request, _("Thank you. Your review stands on the page of the product."))
            return redirect("orders:order", token=token)
    page = {"sale": sale, "line": line, "form": form, "why_not": why_not}
    return render(request, "aftersales/review.html", page)
