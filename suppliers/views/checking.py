"""The township's desk: slips of its own households that nobody has verified yet, with their papers."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from .. import actions
from .. import slips as books
from ..base.access import TOWNSHIP, role_required
from ..base.fields import RowField, ids, row_id
from ..base.money import price_of
from ..forms_ledger import RefusalForm
from ..models import Cooperative, PurchaseLot, SlipDispute, SlipPhoto, TownshipStaff, Village

ON_A_PAGE = 30
MOST_AT_ONCE = 100


class FindSlipsForm(forms.Form):
    """Which of the waiting slips are looked at. What cannot be asked asks for nothing."""

    village = RowField(
        label=gettext_lazy("Village"), required=False, queryset=Village.objects.none(), empty_label=gettext_lazy("all")
    )
    cooperative = RowField(
        label=gettext_lazy("Cooperative"),
        required=False,
        queryset=Cooperative.objects.none(),
        empty_label=gettext_lazy("all"),
    )
    paper = forms.ChoiceField(
        label=gettext_lazy("Paper"),
        required=False,
        choices=[("", gettext_lazy("all")), ("photo", gettext_lazy("with a photo")), ("none", gettext_lazy("without"))],
    )

    def __init__(self, data, *, township, lots):
        super().__init__(data)
        self.fields["village"].queryset = Village.objects.filter(township=township)
        self.fields["cooperative"].queryset = Cooperative.objects.filter(
            pk__in=lots.order_by().values("produce__cooperative")
        )

    def of(self, lots):
        """`lots`, as far as they are asked for."""
        data = self.cleaned_data if self.is_valid() else {}
        if data.get("village"):
            lots = lots.filter(household__village=data["village"])
        if data.get("cooperative"):
            lots = lots.filter(produce__cooperative=data["cooperative"])
        if data.get("paper"):
            lots = lots.filter(photo__isnull=data["paper"] == "none")
        return lots


def _post(request: HttpRequest) -> TownshipStaff | None:
    return TownshipStaff.objects.select_related("township").filter(user=request.user).first()


def _own(post: TownshipStaff | None):
    # Without a township nothing is one's own: a township of None would mean the slips that name no household.
    if post is None:
        return PurchaseLot.objects.none()
    return PurchaseLot.objects.filter(household__village__township=post.township_id)


def _shown(lots):
    """`lots` with what a page says of them."""
    return lots.with_dispute().select_related("produce__cooperative", "household__village", "photo")


@role_required(TOWNSHIP)
@require_http_methods(["GET", "HEAD", "POST"])
def slips(request: HttpRequest) -> HttpResponse:
    """What waits to be checked, the oldest first. Several ticked ones are shown once more with their sums, then checked."""
    post = _post(request)
    own = _own(post)
    if request.method == "POST" and request.POST.get("act") in ("preview", "check"):
        return _many(request, own)
    if request.method == "POST":
        lot = get_object_or_404(own, pk=row_id(request.POST.get("slip", "")))
        return _check(request, lot)
    waiting = own.unverified()
    form = FindSlipsForm(request.GET, township=post.township_id if post else None, lots=waiting)
    context = {
        "township": post.township if post else None,
        "form": form,
        "page": Paginator(_shown(form.of(waiting)).order_by("bought_on", "pk"), ON_A_PAGE).get_page(
            request.GET.get("page")
        ),
    }
    return render(request, "officials/slips.html", context)


def _many(request: HttpRequest, own) -> HttpResponse:
    """The ticked slips: what will be checked and what will not, or that they are."""
    chosen = ids(request.POST.getlist("slips")[:MOST_AT_ONCE])
    if not chosen:
        messages.info(request, _("Tick the slips that you have checked first."))
        return redirect("slips")
    ticked = list(_shown(own.filter(pk__in=chosen)).order_by("bought_on", "pk"))
    ready = [lot for lot in ticked if not (lot.verified_at or lot.reversed_at or lot.is_disputed)]
    if request.POST["act"] == "check":
        done = 0
        for lot in ready:
            try:
                actions.verify_lot(lot=lot, how=PurchaseLot.Verified.TOWNSHIP, by=request.user)
                done += 1
            except ValidationError:  # said to be wrong in this moment
                continue
        messages.success(request, ngettext("%(n)s slip is checked.", "%(n)s slips are checked.", done) % {"n": done})
        return redirect("slips")
    context = {
        "ready": ready,
        "held": [lot for lot in ticked if lot not in ready],
        "g": sum(lot.g for lot in ready),
        "fen": sum(price_of(lot.g, lot.fen_per_kg) for lot in ready),
    }
    return render(request, "officials/slips_preview.html", context)


def _check(request: HttpRequest, lot: PurchaseLot) -> HttpResponse:
    if lot.verified_at:
        messages.info(request, _("This slip was verified already. Nothing was changed."))
        return redirect("slips")
    try:
        actions.verify_lot(lot=lot, how=PurchaseLot.Verified.TOWNSHIP, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("Slip %(no)s is checked. It counts from now on.") % {"no": lot.lot_no})
    return redirect("slips")


@role_required(TOWNSHIP)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def slip(request: HttpRequest, pk: int) -> HttpResponse:
    """One slip beside its paper: it is checked, or refused with a reason, which the county then decides about."""
    lot = get_object_or_404(_shown(_own(_post(request))).select_related("household__village__township"), pk=pk)
    form = RefusalForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and request.POST.get("act") == "check":
        return _check(request, lot)
    if request.method == "POST" and form.is_valid():
        try:
            books.dispute(lot=lot, raised_by=SlipDispute.RaisedBy.TOWNSHIP, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(
                request, _("Slip %(no)s is refused. The cooperative answers, the county decides.") % {"no": lot.lot_no}
            )
            return redirect("slips")
    context = {
        "lot": lot,
        "has_photo": SlipPhoto.objects.filter(pk=lot.pk).exists(),
        "cost_fen": price_of(lot.g, lot.fen_per_kg),
        "disputes": lot.disputes.prefetch_related("steps"),
        "form": form,
    }
    return render(request, "officials/slip.html", context)
