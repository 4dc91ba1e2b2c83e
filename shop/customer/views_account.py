"""What is one's own: orders, addresses, and an old order once more."""

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oscar.core.loading import get_model

from shop import orders
from shop.basket.again import Again, buy_again
from shop.checkout.forms import TAIAN, from_address
from shop.models import Sale
from suppliers.base.access import READS_REPORT, TOWNSHIP, everybody, has_role, signed_in

from .forms import AddressForm
from .views import of_buyer

UserAddress = get_model("address", "UserAddress")

ORDERS_A_PAGE, LATEST = 10, 5
MOST_ADDRESSES = 30

# What a buyer looks for among his orders: the address's word, the page's word, the icon, and which they are.
STATES = [
    (
        "to-pay",
        gettext_lazy("Waiting for your payment"),
        "wallet",
        Q(order__status=orders.PLACED, expires_at__isnull=False),
    ),
    (
        "packing",
        gettext_lazy("Being packed"),
        "package",
        Q(order__status=orders.PAID) | Q(order__status=orders.PLACED, expires_at__isnull=True),
    ),
    ("on-its-way", gettext_lazy("On its way"), "truck", Q(order__status=orders.DISPATCHED)),
    ("received", gettext_lazy("Received"), "package-check", Q(order__status=orders.RECEIVED)),
    (
        "over",
        gettext_lazy("Cancelled or paid back"),
        "undo-2",
        Q(order__status__in=(orders.CANCELLED, orders.REFUNDED)),
    ),
]


def _sales(user) -> QuerySet:
    """The sales to `user` as a list shows them, the latest first."""
    return (
        Sale.objects.filter(order__user=user)
        .select_related("order")
        .annotate(packs=Sum("lines__quantity"), kinds=Count("lines"))
        .prefetch_related("order__lines__product__images")
        .order_by("-order__date_placed", "-pk")
    )


def _states(user) -> list[dict]:
    """Each state with how many orders of `user` are in it."""
    counts = Sale.objects.filter(order__user=user).aggregate(
        **{code.replace("-", "_"): Count("pk", filter=which) for code, _name, _icon, which in STATES}
    )
    return [
        {"code": code, "name": name, "icon": icon, "count": counts[code.replace("-", "_")]}
        for code, name, icon, _which in STATES
    ]


@signed_in
@never_cache
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """How one's orders stand, the latest of them, and the ways to the rest."""
    return render(
        request,
        "account/home.html",
        {
            "states": _states(request.user)[:4],
            "page": _sales(request.user)[:LATEST],
            "works_for_a_cooperative": request.user.cooperative_posts.exists(),
            "reads_report": has_role(request.user, *READS_REPORT),
            "checks_slips": has_role(request.user, TOWNSHIP),
        },
    )


@signed_in
@never_cache
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    """All of one's orders, or those of one state."""
    chosen = request.GET.get("state", "")
    own = _sales(request.user)
    for code, _name, _icon, which in STATES:
        if code == chosen:
            own = own.filter(which)
    page = Paginator(own, ORDERS_A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "account/orders.html",
        {
            "page": page,
            "page_numbers": page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1),
            "states": _states(request.user),
            "chosen": chosen,
        },
    )


@everybody
@require_POST
def again(request: HttpRequest, token: str) -> HttpResponse:
    """Put what was in an order into the basket, and say what of it cannot be had any more."""
    sale = of_buyer(request, token)
    _say(request, buy_again(basket=request.basket, order=sale.order))
    return redirect("basket:summary")


def _say(request: HttpRequest, done: Again) -> None:
    comma = _(", ")
    if done.put:
        messages.success(request, _("In your basket again: %(what)s.") % {"what": comma.join(done.put)})
    for title, number in done.short:
        messages.warning(
            request,
            _("Of %(what)s there was not enough: %(number)d are in your basket.") % {"what": title, "number": number},
        )
    if done.gone:
        messages.warning(request, _("Cannot be had at the moment: %(what)s.") % {"what": comma.join(done.gone)})


# ── Addresses ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _book(user) -> QuerySet:
    return UserAddress.objects.filter(user=user)


@signed_in
@never_cache
@require_safe
def addresses(request: HttpRequest) -> HttpResponse:
    """One's address book."""
    book = list(_book(request.user))
    return render(request, "account/addresses.html", {"addresses": book, "is_full": len(book) >= MOST_ADDRESSES})


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def address(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Write an address into the book, or change one that is in it."""
    own = get_object_or_404(UserAddress, pk=pk, user=request.user) if pk else UserAddress(user=request.user)
    if not pk and _book(request.user).count() >= MOST_ADDRESSES:
        messages.error(request, _("Your address book is full. Remove an address that you need no more."))
        return redirect("customer:addresses")
    if request.method == "POST" and "keep" in request.POST:
        form = AddressForm(request.POST)
        if form.is_valid() and _keep(form, own):
            messages.success(request, _("The address is kept."))
            return redirect("customer:addresses")
    elif request.method == "POST":
        # Another province or city was chosen: the same page, with what hangs on it.
        form = AddressForm(initial=request.POST.dict())
    else:
        initial = from_address(own) | {"is_default": own.is_default_for_shipping} if pk else TAIAN
        form = AddressForm(initial=initial)
    return render(request, "account/address.html", {"form": form, "address": own})


def _one_at_a_time(user_id: int) -> None:
    """Lock the owner of a book: two presses are one address, and one address is the default."""
    get_user_model().objects.select_for_update().get(pk=user_id)


def _keep(form: AddressForm, own) -> bool:
    """Save what `form` says; where the book has the same address already, the form says so."""
    form.fill(own)
    own.is_default_for_shipping = form.cleaned_data["is_default"]
    with transaction.atomic():
        _one_at_a_time(own.user_id)
        same = UserAddress.objects.filter(user=own.user, hash=own.generate_hash()).exclude(pk=own.pk)
        if same.exists():
            form.add_error(None, _("This address is in your book already."))
            return False
        own.save()
    return True


@signed_in
@require_POST
def prefer_address(request: HttpRequest, pk: int) -> HttpResponse:
    """Make an address the one that the checkout starts with."""
    own = get_object_or_404(UserAddress, pk=pk, user=request.user)
    with transaction.atomic():
        _one_at_a_time(request.user.pk)
        own.is_default_for_shipping = True
        own.save()
    return redirect("customer:addresses")


@signed_in
@require_POST
def forget_address(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an address out of one's own book."""
    get_object_or_404(UserAddress, pk=pk, user=request.user).delete()
    messages.success(request, _("The address is removed."))
    return redirect("customer:addresses")
