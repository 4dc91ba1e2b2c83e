"""The purchase ledger of a cooperative (收购台账)."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from .. import actions
from ..base.access import cooperative_required
from ..base.fields import put_errors
from ..base.money import price_of
from ..forms import PaymentForm, SlipForm
from ..models import PurchaseLot

ON_A_PAGE = 30


@cooperative_required
def lots(request: HttpRequest) -> HttpResponse:
    own = PurchaseLot.objects.filter(produce__cooperative=request.cooperative)
    which = request.GET.get("which", "")
    shown = {"unverified": own.unverified(), "left": own.verified().with_goods_left()}.get(which, own)
    shown = shown.select_related("produce", "household__village", "carried_from", "corrects", "corrected_by").order_by(
        "-bought_on", "-pk"
    )
    context = {
        "page": Paginator(shown, ON_A_PAGE).get_page(request.GET.get("page")),
        "which": which,
        "sums": own.sums(),
        "unverified": own.unverified().count(),
    }
    return render(request, "cooperative/ledger.html", context)


@cooperative_required
def enter(request: HttpRequest) -> HttpResponse:
    form = SlipForm(request.POST or None, cooperative=request.cooperative)
    if request.method == "POST" and form.is_valid():
        try:
            lot = actions.enter_lot(**form.slip, by=request.user)
        except ValidationError as error:
            put_errors(form, error, form.names)
        else:
            messages.success(request, _("Slip %(no)s is in the ledger.") % {"no": lot.lot_no})
            return redirect("suppliers:lot", pk=lot.pk)
    return render(request, "cooperative/slip.html", {"form": form})


@cooperative_required
def verify(request: HttpRequest, pk: int) -> HttpResponse:
    """A slip, and the form that says the bank paid for it."""
    own = PurchaseLot.objects.filter(produce__cooperative=request.cooperative)
    lot = get_object_or_404(own.select_related("produce", "household__village", "carried_from", "corrects"), pk=pk)
    form = PaymentForm(request.POST or None)
    if request.method == "POST" and lot.verified_at:
        messages.info(request, _("This slip was verified already. Nothing was changed."))
        return redirect("suppliers:lot", pk=lot.pk)
    if request.method == "POST" and form.is_valid():
        try:
            actions.verify_lot(lot=lot, how=PurchaseLot.Verified.BANK, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(request, _("Slip %(no)s is verified. It counts from now on.") % {"no": lot.lot_no})
            return redirect("suppliers:ledger")
    context = {"lot": lot, "form": form, "cost_fen": price_of(lot.g, lot.fen_per_kg)}
    return render(request, "cooperative/lot.html", context)
