"""What can be ordered before it is picked, for buyers; what is sold ahead, for the cooperative that picks it."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from shop.catalogue import shelf
from suppliers.base import days
from suppliers.base.access import OWNER, SELLER, cooperative_required, everybody
from suppliers.base.fields import put_errors
from suppliers.models import Pack, SupplyDeclaration

from . import actions, forecast
from .forms import ArrivalForm, PresaleForm
from .models import Presale


@everybody
@require_safe
def on_the_tree(request: HttpRequest) -> HttpResponse:
    """Everything that can be ordered before it is picked, by its week."""
    open_now = Presale.objects.open_at(days.now())
    packs = Pack.objects.filter(presale__in=open_now).order_by("presale__ships_from", "pk")
    return render(request, "preorders/list.html", {"wares": shelf.wares(packs, shelf.today())})


@cooperative_required(OWNER, SELLER)
@require_safe
def presales(request: HttpRequest) -> HttpResponse:
    """What this cooperative has declared and sold ahead."""
    own = (
        Presale.objects.filter(of__produce__cooperative=request.cooperative)
        .select_related("of__produce", "pack__product")
        .with_sold()
        .order_by(F("settled_at").desc(nulls_first=True), "ships_from", "pk")
    )
    declared = (
        SupplyDeclaration.objects.standing()
        .of(request.cooperative)
        .filter(ends_on__gte=days.today())
        .select_related("produce")
        .order_by("starts_on", "pk")
    )
    context = {"presales": own[:60], "declared": declared[:60], "now": days.now(), "share_percent": _share_percent()}
    return render(request, "cooperative/presales.html", context)


def _share_percent() -> int:
    return actions.SHARE_BP // 100


@cooperative_required(OWNER, SELLER)
@require_http_methods(["GET", "HEAD", "POST"])
def presale_new(request: HttpRequest) -> HttpResponse:
    """Sell some of a harvest ahead: the first post shows how much that is, the second does it."""
    form = PresaleForm(request.POST or None, cooperative=request.cooperative)
    quota = None
    if request.method == "POST" and form.is_valid():
        wanted = form.presale
        if "confirmed" in request.POST:
            try:
                actions.open_presale(**wanted, by=request.user)
            except ValidationError as error:
                put_errors(form, error, form.names | {"closes_at": "closes_on"})
            else:
                messages.success(request, _("It is on the shelf. Buyers can order it now."))
                return redirect("presales")
        else:
            try:
                quota = actions.quota_of(wanted["of"], wanted["ships_from"])
            except ValidationError as error:
                put_errors(form, error, form.names)
    context = {"form": form, "quota": quota, "share_percent": _share_percent()}
    return render(request, "cooperative/presale_new.html", context)


@cooperative_required(OWNER, SELLER)
@require_http_methods(["GET", "HEAD", "POST"])
def harvest_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Say how much came in: the first post shows who gets what, the second sends the money back where too little came."""
    own = Presale.objects.filter(of__produce__cooperative=request.cooperative).select_related(
        "of__produce", "pack__product"
    )
    presale = get_object_or_404(own, pk=pk)
    if presale.settled_at:
        messages.info(request, _("This harvest was entered already. Nothing was changed."))
        return redirect("presales")
    form = ArrivalForm(request.POST or None)
    waiting = actions.waiting(presale)
    preview = None
    if request.method == "POST" and form.is_valid():
        packs = form.cleaned_data["packs"]
        if "confirmed" in request.POST:
            try:
                actions.settle(presale=presale, packs=packs, by=request.user)
            except ValidationError as error:
                put_errors(form, error, {})
            else:
                messages.success(request, _("Written down. What is paid for can be shipped now."))
                return redirect("presales")
        else:
            preview = forecast.summary(forecast.ration(waiting, packs))
    context = {
        "presale": presale,
        "form": form,
        "preview": preview,
        "wanted": sum(one.packs for one in waiting),
        "is_open": presale.closes_at > days.now(),
    }
    return render(request, "cooperative/harvest_in.html", context)
