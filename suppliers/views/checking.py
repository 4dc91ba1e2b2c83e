"""The township's desk: slips of its own households that nobody has verified yet."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from .. import actions
from ..base.access import TOWNSHIP, role_required
from ..models import PurchaseLot, TownshipStaff

ON_A_PAGE = 30


@role_required(TOWNSHIP)
@require_http_methods(["GET", "HEAD", "POST"])
def slips(request: HttpRequest) -> HttpResponse:
    """What waits to be checked, the oldest first; the post of a slip's id says that it was checked with the household."""
    post = TownshipStaff.objects.select_related("township").filter(user=request.user).first()
    # Without a township nothing is one's own: a township of None would mean the slips that name no household.
    own = (
        PurchaseLot.objects.filter(household__village__township=post.township_id)
        if post
        else PurchaseLot.objects.none()
    )
    if request.method == "POST":
        slip = request.POST.get("slip", "")
        lot = get_object_or_404(own, pk=slip if slip.isdecimal() and len(slip) < 19 else 0)
        if lot.verified_at:
            messages.info(request, _("This slip was verified already. Nothing was changed."))
            return redirect("slips")
        try:
            actions.verify_lot(lot=lot, how=PurchaseLot.Verified.TOWNSHIP, by=request.user)
        except ValidationError as error:
            messages.error(request, error.messages[0])
        else:
            messages.success(request, _("Slip %(no)s is checked. It counts from now on.") % {"no": lot.lot_no})
        return redirect("slips")
    waiting = own.unverified().select_related("produce__cooperative", "household__village").order_by("bought_on", "pk")
    context = {
        "township": post.township if post else None,
        "page": Paginator(waiting, ON_A_PAGE).get_page(request.GET.get("page")),
        "section": "slips",
    }
    return render(request, "officials/slips.html", context)
