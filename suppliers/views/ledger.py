"""The purchase ledger of a cooperative (收购台账): its slips, each with its paper, and how they were verified."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from .. import actions, slips
from ..base.access import OWNER, SELLER, cooperative_required
from ..base.fields import put_errors
from ..base.money import price_of
from ..base.qr import as_image, qr
from ..forms import PaymentForm
from ..forms_ledger import STATES, AnswerForm, EntryForm, FindLotsForm, Scales
from ..models import PurchaseLot, SlipDispute, SlipPhoto

ON_A_PAGE = 30


def _own(request: HttpRequest):
    return PurchaseLot.objects.filter(produce__cooperative=request.cooperative)


def _lot(request: HttpRequest, pk: int) -> PurchaseLot:
    """A slip of the cooperative. Raises Http404."""
    related = (
        "produce__cooperative",
        "household__village__township",
        "photo",
        "carried_from",
        "corrects",
        "corrected_by",
    )
    lots = _own(request).with_dispute().select_related(*related)
    return get_object_or_404(lots, pk=pk)


@cooperative_required(OWNER, SELLER)
def lots(request: HttpRequest) -> HttpResponse:
    """The slips, as far as they are asked for, and their sums."""
    form = FindLotsForm(request.GET, cooperative=request.cooperative)
    shown = form.of(_own(request))
    related = ("produce", "household__village", "carried_from", "corrects", "corrected_by")
    listed = shown.with_dispute().select_related(*related).order_by("-bought_on", "-pk")
    context = {
        "form": form,
        "page": Paginator(listed, ON_A_PAGE).get_page(request.GET.get("page")),
        "which": request.GET.get("which", ""),
        "states": STATES,
        "sums": shown.sums(),
        "costs": shown.costs(),
        "unverified": _own(request).unverified().count(),
        "disputed": _own(request).disputed().count(),
    }
    return render(request, "cooperative/ledger.html", context)


@cooperative_required(OWNER, SELLER)
@never_cache
def enter(request: HttpRequest) -> HttpResponse:
    """One slip: a question a screen with a script, one form without. What is odd about it is asked before it is written."""
    scales = Scales(request.cooperative)
    is_sent = request.method == "POST"
    form = EntryForm(
        request.POST if is_sent else None,
        request.FILES if is_sent else None,
        scales=scales,
        initial={"entry_key": uuid.uuid4()},
    )
    doubts: dict[str, str] = {}
    if is_sent and form.is_valid():
        doubts = form.doubts()
        if not doubts:
            try:
                lot = actions.enter_lot(**form.slip, by=request.user)
            except ValidationError as error:
                put_errors(form, error, form.names)
            else:
                messages.success(request, _("Slip %(no)s is in the ledger.") % {"no": lot.lot_no})
                return redirect("suppliers:lot", pk=lot.pk)
    context = {"form": form, "scales": scales, "doubts": doubts, "confirmed": " ".join(doubts)}
    return render(request, "cooperative/slip.html", context)


@cooperative_required(OWNER, SELLER)
def lot(request: HttpRequest, pk: int) -> HttpResponse:
    """A slip, what is said about it, and the form that says the bank paid for it."""
    found = _lot(request, pk)
    if request.method == "POST" and request.staff_role != OWNER:
        raise Http404  # what was paid is the owner's to say
    form = PaymentForm(request.POST or None)
    if request.method == "POST" and found.verified_at:
        messages.info(request, _("This slip was verified already. Nothing was changed."))
        return redirect("suppliers:lot", pk=pk)
    if request.method == "POST" and form.is_valid():
        try:
            actions.verify_lot(lot=found, how=PurchaseLot.Verified.BANK, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(request, _("Slip %(no)s is verified. It counts from now on.") % {"no": found.lot_no})
            return redirect("suppliers:lot", pk=pk)
    return _lot_page(request, found, form=form)


def _lot_page(request: HttpRequest, found: PurchaseLot, **forms) -> HttpResponse:
    context = {
        "lot": found,
        "has_photo": SlipPhoto.objects.filter(pk=found.pk).exists(),
        "cost_fen": price_of(found.g, found.fen_per_kg),
        "disputes": found.disputes.prefetch_related("steps"),
        "form": PaymentForm(),
        "answer_form": AnswerForm(),
        **forms,
    }
    return render(request, "cooperative/lot.html", context)


@cooperative_required(OWNER, SELLER)
@require_safe
def paper(request: HttpRequest, pk: int) -> HttpResponse:
    """The slip to print, A5 or for a roll of 58 mm, with the code by which its household looks it up."""
    found = _lot(request, pk)
    address = ""
    if found.household_key:
        address = request.build_absolute_uri(reverse("household-slip", args=[found.household_key]))
    context = {
        "lot": found,
        "cost_fen": price_of(found.g, found.fen_per_kg),
        "qr": as_image(qr(address)) if address else "",
        "is_roll": request.GET.get("paper") == "roll",
    }
    return render(request, "cooperative/slip_paper.html", context)


@cooperative_required(OWNER, SELLER)
@require_POST
def give_key(request: HttpRequest, pk: int) -> HttpResponse:
    """A code for the household of a slip that was written before there were codes."""
    slips.give_key(lot=_lot(request, pk))
    return redirect("suppliers:lot", pk=pk)


@cooperative_required(OWNER, SELLER)
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """What the cooperative says to the open dispute about a slip."""
    found = _lot(request, pk)
    form = AnswerForm(request.POST)
    dispute = SlipDispute.objects.open().filter(lot=found).first()
    if dispute is None:
        messages.info(request, _("This was decided already. Nothing was changed."))
        return redirect("suppliers:lot", pk=pk)
    if form.is_valid():
        slips.answer(dispute=dispute, words=form.cleaned_data["words"], by=request.user)
        messages.success(request, _("Your answer is written. The county reads it and decides."))
        return redirect("suppliers:lot", pk=pk)
    return _lot_page(request, found, answer_form=form)


@never_cache
@require_safe
def photo(request: HttpRequest, pk: int) -> HttpResponse:
    """The photo of a slip's paper: for the cooperative, the township of the household and the county. Nobody keeps it."""
    seen = PurchaseLot.objects.visible_to(request.user) if request.user.is_authenticated else PurchaseLot.objects.none()
    found = SlipPhoto.objects.defer(None).filter(lot__in=seen, pk=pk).first()
    if found is None:
        raise Http404
    return HttpResponse(found.content, content_type="image/jpeg")


photo.access_policy = ("whoever may see the slip",)
