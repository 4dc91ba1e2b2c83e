"""The pages of group orders: of everybody who has the link, of the starter, of one who has joined."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oscar.core.loading import get_class, get_model

from logistics.actions import CannotRide, TruckFull
from logistics.models import Departure
from shop import places
from shop.accounts import limits
from shop.catalogue import shelf
from shop.checkout.unpaid import own_of, placed, remember
from shop.customer.views import of_buyer
from shop.holding import TooManyUnpaid
from shop.models import Sale
from shop.shipping import estimate
from suppliers.base import days, paper
from suppliers.base.access import everybody, signed_in
from suppliers.base.fields import put_errors, row_id
from suppliers.base.qr import qr as drawn_qr
from suppliers.models import Pack

from . import actions, board
from .forms import JoinForm, StartForm
from .models import GroupOrder, Participation
from .sheet import HAND_OUT_LIST

OutOfStock = get_class("partner.exceptions", "OutOfStock")
UserAddress = get_model("address", "UserAddress")

JOINED = "together"  # the session's key: in which group orders this visitor is, by the token of his order
STOP_POLLING = 286  # what htmx understands


def _group(token: str) -> GroupOrder:
    return get_object_or_404(GroupOrder.objects.select_related("stop__departure"), token=token)


def _own(request: HttpRequest, token: str) -> GroupOrder:
    """The group order of this token, if who asks has started it. Raises Http404."""
    group = _group(token)
    if not group.is_started_by(request.user):
        raise Http404
    return group


def _wares(group: GroupOrder) -> list[shelf.Ware]:
    return shelf.wares(group.packs.order_by("produce__code", "net_g"), shelf.today())


def _shown(request: HttpRequest, group: GroupOrder) -> dict:
    """How `group` stands: what the page and its refreshed part show."""
    shown = board.rows(group)
    return {
        "group": group,
        "departure": group.stop.departure,
        "rows": shown,
        "progress": board.progress(group, shown),
        "totals": board.totals(shown),
        "is_joinable": group.is_joinable_at(days.now()),
        "next": getattr(group, "next", None) if group.state in ("short", "ended") else None,
        "my_order": request.session.get(JOINED, {}).get(group.token) if JOINED in request.session else None,
        "hours": board.hours(group.stop),
    }


# ── For everybody who has the link ───────────────────────────────────────────────────────────────────────────────────


@everybody
@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What a group order is, the trucks that take one, and one's own."""
    own = GroupOrder.objects.none()
    if request.user.is_authenticated:
        own = GroupOrder.objects.filter(starter=request.user).select_related("stop__departure").with_joiners()
    city = _city(request)
    departures = list(_departures())
    return render(
        request,
        "together/home.html",
        {
            "own": own[:20],
            "city": city,
            "cities": estimate.shandong(),
            "own_trucks": [departure for departure in departures if departure.city_code == city.code],
            "other_trucks": [departure for departure in departures if departure.city_code != city.code],
        },
    )


def _city(request: HttpRequest) -> places.Area:
    """The city of Shandong that is asked for, else where this visitor's goods went last, else Tai'an."""
    here = {area.code: area for area in estimate.shandong()}
    codes = [request.GET.get("to", "")]
    if request.user.is_authenticated:
        codes += Sale.objects.filter(order__user=request.user).order_by("-pk").values_list("city_code", flat=True)[:1]
        book = UserAddress.objects.filter(user=request.user)
        codes += [f"{area_code[:4]}00" for area_code in book.values_list("area_code", flat=True)[:1]]
    else:
        codes += Sale.objects.filter(token__in=placed(request)).order_by("-pk").values_list("city_code", flat=True)[:1]
    return next((here[code] for code in codes if code in here), here[estimate.TAIAN])


def _departures():
    """The departures that take orders, each with the name of its `city`."""
    return Departure.objects.open_at(days.now()).with_room_for(1).with_city()


@everybody
@never_cache
@require_safe
def group(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link: what, how much, when, where, who is on."""
    found = _group(token)
    context = _shown(request, found)
    url = request.build_absolute_uri(found.get_absolute_url())
    wares = _wares(found)
    picture = next((ware.picture for ware in wares if ware.picture), None)
    return render(
        request,
        "together/group.html",
        context
        | {
            "wares": wares,
            "is_starter": found.is_started_by(request.user),
            "url": url,
            "image_url": request.build_absolute_uri(picture.original.url) if picture else "",
            "share_text": board.share_text(found, context["rows"], url),
        },
    )


@everybody
@never_cache
@require_safe
def progress(request: HttpRequest, token: str) -> HttpResponse:
    """The part of the page that is asked for again while people join."""
    context = _shown(request, _group(token))
    status = 200 if context["is_joinable"] else STOP_POLLING
    return render(request, "together/_progress.html", context, status=status)


@everybody
@cache_control(max_age=86400)
@require_safe
def qr(request: HttpRequest, token: str) -> HttpResponse:
    """The address of the page as a QR code."""
    url = request.build_absolute_uri(_group(token).get_absolute_url())
    return HttpResponse(drawn_qr(url), content_type="image/svg+xml")


@everybody
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Say how many one wants, and place the order. The same page posted twice is one order."""
    found = _group(token)
    wares = _wares(found)
    is_placing = request.method == "POST" and "place" in request.POST
    form = JoinForm(request.POST if is_placing else None, group=found, wares=wares, initial=_initial(request))
    unpaid = None
    try:
        if not is_placing and not found.is_joinable_at(days.now()):
            raise actions.NotOpen
        if is_placing and form.is_valid() and (sale := _join(request, found, form)):
            return remember(request, redirect("orders:pay", token=sale.token), sale)
    except (actions.NotOpen, CannotRide):
        messages.error(request, _("Nobody can join this group order any more."))
        return redirect(found)
    except TooManyUnpaid as refused:
        unpaid = {"sales": own_of(request, refused), "is_many_from_here": not refused.sales}
    return render(
        request,
        "together/join.html",
        {"group": found, "form": form, "sums": form.sums, "hours": board.hours(found.stop), "unpaid": unpaid},
    )


def _join(request: HttpRequest, group: GroupOrder, form: JoinForm) -> Sale | None:
    """Place the order; None where `form` says why not. Raises NotOpen, CannotRide and TooManyUnpaid."""
    try:
        joined = actions.join(
            group=group,
            key=form.cleaned_data["key"],
            wanted=form.wanted,
            joiner=form.joiner(request.user, address=limits.address_of(request)),
            is_fresh_confirmed=form.cleaned_data.get("is_fresh_confirmed", False),
        )
    except TruckFull as full:
        text = _("The truck has room for %(kg)s kg more. Choose less.") % {"kg": f"{full.room_g / 1000:g}"}
    except OutOfStock as out:
        text = _("Somebody was faster: there is not enough of %(what)s left.") % {"what": out.stockrecord.product.title}
    else:
        request.session[JOINED] = request.session.get(JOINED, {}) | {group.token: joined.sale.token}
        return joined.sale
    form.add_error(None, text)
    return None


def _initial(request: HttpRequest) -> dict:
    """What was written so far, where the page is only worked out anew."""
    if request.method != "POST":
        return {}
    return {name: text[:200] for name, text in request.POST.dict().items()}


# ── For one who has joined ───────────────────────────────────────────────────────────────────────────────────────────


def _participation(request: HttpRequest, token: str) -> Participation:
    """The place in a group order of this order. Raises Http404 for anybody but its buyer."""
    sale = of_buyer(request, token)
    return get_object_or_404(Participation.objects.select_related("group__stop__departure"), sale=sale)


@everybody
@require_POST
def roll_over(request: HttpRequest, token: str) -> HttpResponse:
    """Wait for the next truck."""
    one = _participation(request, token)
    try:
        actions.roll_over(participation=one)
    except actions.NoNextTruck:
        messages.error(request, _("There is no later truck with room for it. You can have your money back."))
    except actions.TooLate:
        messages.error(request, _("This is decided already. Nothing was done twice."))
    else:
        messages.success(request, _("Your goods come with the next truck, for the price you have paid."))
    return redirect("orders:order", token=token)


@everybody
@require_POST
def have_back(request: HttpRequest, token: str) -> HttpResponse:
    """Have one's money back."""
    by = request.user if request.user.is_authenticated else None
    try:
        actions.have_back(participation=_participation(request, token), by=by)
    except actions.TooLate:
        messages.error(request, _("This is decided already. Nothing was done twice."))
    else:
        messages.success(request, _("Your money is on its way back, to the fen."))
    return redirect("orders:order", token=token)


# ── For the starter ──────────────────────────────────────────────────────────────────────────────────────────────────


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, departure_no: str) -> HttpResponse:
    """Start a group order on a departure."""
    departure = get_object_or_404(_departures(), departure_no=departure_no)
    wares = [ware for ware in _rideable(departure) if not ware.is_sold_out]
    form = StartForm(request.POST or None, departure=departure, wares=wares)
    if request.method == "POST" and form.is_valid():
        try:
            started = actions.start(by=request.user, **form.asked)
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(request, _("It is open. Now send the link to your neighbours."))
            return redirect(started)
    chosen = set(form["packs"].value() or [])
    return render(
        request,
        "together/start.html",
        {
            "departure": departure,
            "form": form,
            "wares": [(ware, str(ware.pack.pk) in chosen) for ware in wares],
            "most_packs": actions.MOST_PACKS,
        },
    )


def _rideable(departure: Departure) -> list[shelf.Ware]:
    """What private persons can have brought by `departure`, in season first."""
    packs = Pack.objects.filter(is_per_kg=False, produce__is_b2b_only=False, presale=None)
    if not departure.is_refrigerated:
        packs = packs.filter(produce__is_cold_chain=False)
    found = shelf.wares(packs.order_by("produce__code", "produce__cooperative", "net_g"), shelf.today())
    return sorted(found, key=lambda ware: (not ware.is_on, ware.is_all_year))


@signed_in
@never_cache
@require_safe
def hand_out_list(request: HttpRequest, token: str) -> HttpResponse:
    """Who gets what, to tick off on the phone or to print."""
    found = _own(request, token)
    context = _shown(request, found)
    context["rows"] = [row for row in context["rows"] if row.is_paid]
    context["totals"] = board.totals(context["rows"])
    since = days.now() - actions.UNTICK_WITHIN
    context["untickable"] = {
        row.participation.pk
        for row in context["rows"]
        if row.participation.handed_out_at and row.participation.handed_out_at > since
    }
    context["ticked"] = sum(row.participation.handed_out_at is not None for row in context["rows"])
    context["undo_minutes"] = int(actions.UNTICK_WITHIN.total_seconds() // 60)
    return render(request, "together/list.html", context)


@signed_in
@never_cache
@require_safe
def hand_out_pdf(request: HttpRequest, token: str) -> HttpResponse:
    """The hand-out list on paper."""
    found = _own(request, token)
    shown = [row for row in board.rows(found) if row.is_paid]
    sheet = paper.pdf(
        HAND_OUT_LIST,
        title=found.title,
        place=f"{found.stop.name} · {found.stop.address}",
        when=board.hours(found.stop),
        truck=found.stop.departure.departure_no,
        head=[_("No."), _("Name"), _("Mobile"), _("Goods"), _("Handed out")],
        rows=[[row.name, row.tail, board.goods(row)] for row in shown],
        totals=[f"{item.name} {item.spec} × {item.quantity}" for item in board.totals(shown)],
        note=_("Names and numbers are shortened. Ask for the last four digits of the mobile number."),
    )
    return paper.answer(sheet, name=found.stop.departure.departure_no)


@signed_in
@require_POST
def tick(request: HttpRequest, token: str) -> HttpResponse:
    """Tick somebody off (`tick`), or take a tick back (`untick`)."""
    found = _own(request, token)
    pk = row_id(request.POST.get("tick") or request.POST.get("untick") or "")
    one = get_object_or_404(found.participations.live(), pk=pk)
    try:
        if "tick" in request.POST:
            actions.hand_out(participation=one, by=request.user)
        else:
            actions.take_tick_back(participation=one)
    except actions.TooEarly:
        messages.error(request, _("The truck has not come yet. Tick on the day on which it hands out."))
    except actions.TooLate:
        wrong = (
            _("These goods are not on their way yet, so they cannot be handed out.")
            if "tick" in request.POST
            else _("This tick has become a receipt and cannot be taken back.")
        )
        messages.error(request, wrong)
    return redirect(reverse("together:list", args=[token]) + f"#p{pk}")


@signed_in
@require_POST
def close(request: HttpRequest, token: str) -> HttpResponse:
    """Let nobody join any more."""
    found = _own(request, token)
    try:
        actions.close(group=found)
    except actions.NotOpen:
        messages.info(request, _("It is closed already."))
    else:
        messages.success(request, _("It is closed. Nobody joins any more."))
    return redirect(found)


@signed_in
@require_POST
def call_off(request: HttpRequest, token: str) -> HttpResponse:
    """Call it off: everybody has his money back."""
    found = _own(request, token)
    try:
        actions.call_off(group=found)
    except actions.TooLate:
        messages.error(request, _("It is too late to call it off: something is on its way, or it has ended."))
    else:
        actions.give_money_back()
        messages.success(request, _("It is called off. Everybody has his money back."))
    return redirect(found)


@signed_in
@require_POST
def roll_over_all(request: HttpRequest, token: str) -> HttpResponse:
    """Roll over everybody who has not chosen yet."""
    found = _own(request, token)
    moved, left = actions.roll_over_all(group=found)
    if moved:
        text = ngettext("%(n)d order comes with the next truck.", "%(n)d orders come with the next truck.", moved)
        messages.success(request, text % {"n": moved})
    if left:
        text = ngettext(
            "For %(n)d order there is no later truck with room.",
            "For %(n)d orders there is no later truck with room.",
            left,
        )
        messages.error(request, text % {"n": left})
    successor = GroupOrder.objects.filter(follows=found).first()
    return redirect(successor or found)
