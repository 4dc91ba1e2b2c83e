"""A cooperative's batches, and goods of a batch that another cooperative takes."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from .. import stock
from ..base.access import OWNER, SELLER, cooperative_required
from ..base.fields import put_errors, row_id
from ..forms_stock import BatchForm, HandOverForm
from ..models import Batch, HandOver, Produce, PurchaseLot

ON_A_PAGE = 30


@cooperative_required(OWNER, SELLER)
def batches(request: HttpRequest) -> HttpResponse:
    own = Batch.objects.filter(produce__cooperative=request.cooperative).with_left().select_related("produce")
    context = {
        "page": Paginator(own, ON_A_PAGE).get_page(request.GET.get("page")),
        "waiting": HandOver.objects.open().filter(taker=request.cooperative).count(),
        "kinds": Produce.objects.filter(
            pk__in=PurchaseLot.objects.filter(produce__cooperative=request.cooperative, batch=None)
            .verified()
            .with_goods_left()
            .values("produce")
        ),
    }
    return render(request, "cooperative/batches/list.html", context)


@cooperative_required(OWNER, SELLER)
def make(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the slips of a batch of the produce `pk`."""
    produce = get_object_or_404(Produce, pk=pk, cooperative=request.cooperative)
    form = BatchForm(request.POST or None, produce=produce)
    if request.method == "POST" and form.is_valid():
        try:
            made = stock.make_batch(**form.cleaned_data, by=request.user)
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(
                request, _("Batch %(code)s is made. Write the code on the boxes.") % {"code": made.trace_code}
            )
            return redirect("suppliers:batch", pk=made.pk)
    return render(request, "cooperative/batches/new.html", {"produce": produce, "form": form})


@cooperative_required(OWNER, SELLER)
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """A batch with its code to print, its slips, and the form that hands some of it over to another cooperative."""
    own = Batch.objects.filter(produce__cooperative=request.cooperative).with_left().select_related("produce")
    found = get_object_or_404(own, pk=pk)
    form = HandOverForm(request.POST or None, batch=found)
    if request.method == "POST" and form.is_valid():
        try:
            stock.offer(batch=found, **form.offer, by=request.user)
        except ValidationError as error:
            put_errors(form, error, form.names)
        else:
            messages.success(request, _("Written down. The goods stay in your books until the other side accepts."))
            return redirect("suppliers:hand_overs")
    lots = found.lots.select_related("household", "carried_from").order_by("bought_on", "pk")
    return render(request, "cooperative/batches/batch.html", {"batch": found, "lots": lots, "form": form})


@cooperative_required(OWNER, SELLER)
def hand_overs(request: HttpRequest) -> HttpResponse:
    """What is given and taken; a post accepts or declines what is offered to one, or calls off what one has offered."""
    own = HandOver.objects.of(request.cooperative).select_related("batch__produce__cooperative", "taker", "carry_on")
    if request.method == "POST":
        return _decide(request, own)
    page = Paginator(own, ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "cooperative/batches/hand_overs.html", {"page": page})


def _decide(request: HttpRequest, own) -> HttpResponse:
    named = request.POST.get("hand_over", "")
    found = get_object_or_404(own, pk=row_id(named))
    is_taker = found.taker_id == request.cooperative.pk
    answer = request.POST.get("answer", "")
    try:
        if is_taker and answer == "accept":
            made = stock.accept(hand_over=found, by=request.user)
            messages.success(request, _("The goods are in your books now."))
            return redirect("suppliers:carried", pk=made.pk)
        if is_taker and answer == "decline":
            stock.decline(hand_over=found, by=request.user)
            messages.success(request, _("Declined. The goods stay with the other side."))
        elif not is_taker and answer == "call_off":
            stock.call_off(hand_over=found, by=request.user)
            messages.success(request, _("Called off. The goods stay in your books."))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("suppliers:hand_overs")
