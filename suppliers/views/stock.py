"""A cooperative's pages about goods that leave another way, corrected slips, and goods made into others."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from .. import stock
from ..base.access import OWNER, SELLER, cooperative_required
from ..base.fields import put_errors, row_id
from ..forms_stock import CorrectForm, ProcessForm, TakeBackForm, WithdrawForm
from ..models import CarryOn, Produce, PurchaseLot, Withdrawal

ON_A_PAGE = 30


def _own(request: HttpRequest, pk: int) -> Produce:
    own = Produce.objects.filter(cooperative=request.cooperative).select_related("cooperative")
    return get_object_or_404(own, pk=pk)


@cooperative_required(OWNER, SELLER)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    produce = _own(request, pk)
    form = WithdrawForm(request.POST or None, produce=produce)
    if request.method == "POST" and form.is_valid():
        try:
            stock.withdraw(produce=produce, **form.withdrawal, by=request.user)
        except ValidationError as error:
            put_errors(form, error, form.names)
        else:
            messages.success(request, _("It is written down."))
            return redirect("suppliers:withdrawals", pk=produce.pk)
    left_g = PurchaseLot.objects.filter(produce=produce).sums()["left_g"]
    return render(request, "cooperative/stock/withdraw.html", {"produce": produce, "form": form, "left_g": left_g})


@cooperative_required(OWNER, SELLER)
def withdrawals(request: HttpRequest, pk: int) -> HttpResponse:
    """What left another way, the latest first; the post of a row's id takes it back."""
    produce = _own(request, pk)
    rows = Withdrawal.objects.filter(lot__produce=produce).exclude(kind=Withdrawal.Kind.CARRIED_ON)
    if request.method == "POST":
        wrong = request.POST.get("withdrawal", "")
        withdrawal = get_object_or_404(rows, pk=row_id(wrong))
        try:
            stock.reverse_withdrawal(withdrawal=withdrawal, by=request.user)
        except ValidationError as error:
            messages.error(request, error.messages[0])
        else:
            messages.success(request, _("Taken back. The goods are in stock again."))
        return redirect("suppliers:withdrawals", pk=produce.pk)
    shown = rows.filter(reverses=None).select_related("lot", "reversal").order_by("-withdrawn_on", "-pk")
    context = {"produce": produce, "page": Paginator(shown, ON_A_PAGE).get_page(request.GET.get("page"))}
    return render(request, "cooperative/stock/withdrawals.html", context)


@cooperative_required(OWNER, SELLER)
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a slip back, and in the same page write the right one; `only` takes it back alone."""
    own = PurchaseLot.objects.filter(produce__cooperative=request.cooperative)
    lot = get_object_or_404(own.select_related("produce__cooperative", "household__village"), pk=pk)
    stays = stock.why_it_stays(lot)
    is_only = "only" in request.POST
    form = CorrectForm(None if is_only else request.POST or None, lot=lot)
    taking = TakeBackForm(request.POST if is_only else None, prefix="only")
    if request.method == "POST" and stays:
        messages.error(request, stays)
        return redirect("suppliers:correct", pk=lot.pk)
    if is_only and taking.is_valid():
        try:
            stock.take_back(lot=lot, why=taking.cleaned_data["why"], by=request.user)
        except ValidationError as error:
            put_errors(taking, error, {})
        else:
            messages.success(request, _("Slip %(no)s is taken back.") % {"no": lot.lot_no})
            return redirect("suppliers:lot", pk=lot.pk)
    elif request.method == "POST" and not is_only and form.is_valid():
        try:
            right = stock.correct(lot=lot, why=form.cleaned_data["why"], slip=form.slip, by=request.user)
        except ValidationError as error:
            put_errors(form, error, form.names)
        else:
            messages.success(request, _("Slip %(no)s stands in its place.") % {"no": right.lot_no})
            return redirect("suppliers:lot", pk=right.pk)
    context = {"lot": lot, "form": form, "taking": taking, "stays": stays}
    return render(request, "cooperative/stock/correct.html", context)


@cooperative_required(OWNER, SELLER)
def process(request: HttpRequest, pk: int) -> HttpResponse:
    """Goods made into others, and what was made before."""
    produce = _own(request, pk)
    form = ProcessForm(request.POST or None, produce=produce)
    if request.method == "POST" and form.is_valid():
        try:
            made = stock.process(produce=produce, **form.processing, by=request.user)
        except ValidationError as error:
            put_errors(form, error, form.names)
        else:
            messages.success(request, _("It is written down."))
            return redirect("suppliers:carried", pk=made.pk)
    left_g = PurchaseLot.objects.filter(produce=produce).verified().sums()["left_g"]
    earlier = CarryOn.objects.filter(produce=produce, reverses=None, hand_over=None).select_related("into", "reversal")
    context = {"produce": produce, "form": form, "left_g": left_g, "earlier": earlier[:ON_A_PAGE]}
    return render(request, "cooperative/stock/process.html", context)


@cooperative_required(OWNER, SELLER)
def carried(request: HttpRequest, pk: int) -> HttpResponse:
    """Goods that became others: what went in, what came out, lot by lot; the post takes it back."""
    own = CarryOn.objects.filter(into__cooperative=request.cooperative, reverses=None)
    carry_on = get_object_or_404(
        own.select_related("produce__cooperative", "into", "hand_over__batch", "reversal"), pk=pk
    )
    form = TakeBackForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            stock.undo_carry_on(carry_on=carry_on, why=form.cleaned_data["why"], by=request.user)
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(request, _("Taken back. The goods are in stock again."))
            return redirect("suppliers:carried", pk=carry_on.pk)
    context = {
        "carry_on": carry_on,
        "lots": PurchaseLot.objects.filter(carry_on=carry_on).select_related("carried_from").order_by("pk"),
        "form": form,
    }
    return render(request, "cooperative/stock/carried.html", context)
