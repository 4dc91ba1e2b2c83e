"""The desks at which claims, returns and reviews are looked at: the cooperative's, for its own lines, and the county's."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from suppliers.base.access import OWNER, SELLER, cooperative_required, role_required
from suppliers.base.fields import put_errors, row_id

from .. import actions, overview, rules
from ..forms import AgreeForm, AnswerForm, ArrivalForm, DecisionForm, HideForm
from ..models import Decider, NoReasonReturn, Request, Review, SpoilageClaim

ON_A_PAGE = 20


@dataclass(frozen=True)
class Desk:
    """Who sits there, and where its pages are."""

    decided_as: str
    base: str
    queue: str
    claim: str
    returned: str
    reviews: str

    def own(self, model, request: HttpRequest):
        """The rows of `model` that are this desk's to look at."""
        rows = model.objects.visible_to(request.user)
        if self.decided_as == Decider.COOPERATIVE:
            return rows.filter(line__cooperative=request.cooperative)
        return rows


COOPERATIVE = Desk(
    Decider.COOPERATIVE,
    "cooperative/base.html",
    "aftersales:cooperative",
    "aftersales:cooperative-claim",
    "aftersales:cooperative-return",
    "aftersales:cooperative-reviews",
)
COUNTY = Desk(
    Decider.COUNTY,
    "officials/base.html",
    "aftersales:county",
    "aftersales:county-claim",
    "aftersales:county-return",
    "aftersales:county-reviews",
)


@require_safe
@cooperative_required(OWNER, SELLER)
def cooperative(request: HttpRequest) -> HttpResponse:
    return _queue(request, COOPERATIVE, [("open", gettext_lazy("To answer")), ("done", gettext_lazy("Answered"))])


@require_safe
@role_required()  # county staff alone: they hold every role, and no role but theirs opens these pages
def county(request: HttpRequest) -> HttpResponse:
    tabs = [
        ("county", gettext_lazy("To decide")),
        ("open", gettext_lazy("All that are open")),
        ("done", gettext_lazy("Decided")),
    ]
    return _queue(request, COUNTY, tabs)


def _queue(request: HttpRequest, desk: Desk, tabs: list) -> HttpResponse:
    """Claims and returns, the oldest first; of what is done the latest."""
    shown = request.GET.get("show")
    shown = shown if shown in dict(tabs) else tabs[0][0]
    claims, returns = (_of(desk.own(model, request), shown) for model in (SpoilageClaim, NoReasonReturn))
    page = {
        "desk": desk,
        "tabs": tabs,
        "shown": shown,
        "claims": Paginator(claims, ON_A_PAGE).get_page(request.GET.get("page")),
        "returns": Paginator(returns, ON_A_PAGE).get_page(request.GET.get("returns")),
    }
    return render(request, "aftersales/queue.html", page)


def _of(rows, shown: str):
    rows = rows.with_line()
    if shown == "county":
        # What came back is looked at by whom it came back to; what nobody answered is the county's.
        return rows.of_county().order_by("asked_at", "pk")
    if shown == "done":
        return rows.filter(state__in=("paid", "refused")).order_by("-decided_at", "-pk")
    return rows.exclude(state__in=("paid", "refused")).order_by("asked_at", "pk")


@require_http_methods(["GET", "HEAD", "POST"])
@cooperative_required(OWNER, SELLER)
def cooperative_claim(request: HttpRequest, pk: int) -> HttpResponse:
    return _claim(request, COOPERATIVE, pk)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required()
def county_claim(request: HttpRequest, pk: int) -> HttpResponse:
    return _claim(request, COUNTY, pk)


def _claim(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Look at a claim with its photos, and pay it, pay another share, or refuse it."""
    claim = get_object_or_404(desk.own(SpoilageClaim, request).with_line().prefetch_related("photos"), pk=pk)
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        percent, reason = form.cleaned_data["percent"], form.cleaned_data["reason"]
        verdict = request.POST.get("verdict")
        say = {"by": request.user, "decided_as": desk.decided_as}
        try:
            if verdict == "refuse":
                actions.refuse(request=claim, reason=reason, **say)
            elif verdict == "other" and percent is None:
                raise ValidationError({"percent": _("Write a share between 1 and 100.")})
            elif verdict in ("approve", "other"):
                share = percent * 100 if verdict == "other" else None
                actions.approve(claim=claim, spoiled_bp=share, reason=reason if verdict == "other" else "", **say)
            else:
                raise ValidationError(_("Say whether it is paid back."))
        except actions.AlreadyDecided as known:
            return _was_first(request, known.request, desk.claim)
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(request, _("Decided. The buyer reads it on the page of the order."))
            return redirect(desk.queue)
    page = {
        "desk": desk,
        "claim": claim,
        "line": claim.line,
        "form": form,
        "proposed": rules.for_spoiled(actions.bought_of(claim.line), claim.spoiled_bp),
        "steps": overview.steps_of(claim),
    }
    return render(request, "aftersales/decide_claim.html", page)


def _was_first(request: HttpRequest, decided: Request, page: str) -> HttpResponse:
    """Say who decided before, when, and how."""
    messages.warning(
        request,
        _("%(who)s was first, on %(when)s: %(state)s. Nothing was changed.")
        % {
            "who": decided.decided_by,
            "when": _moment(decided.decided_at),
            "state": decided.get_state_display(),
        },
    )
    return redirect(page, pk=decided.pk)


def _moment(at) -> str:
    return date_format(localtime(at), "DATETIME_FORMAT")


@require_http_methods(["GET", "HEAD", "POST"])
@cooperative_required(OWNER, SELLER)
def cooperative_return(request: HttpRequest, pk: int) -> HttpResponse:
    return _return(request, COOPERATIVE, pk)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required()
def county_return(request: HttpRequest, pk: int) -> HttpResponse:
    return _return(request, COUNTY, pk)


def _return(request: HttpRequest, desk: Desk, pk: int) -> HttpResponse:
    """Agree to a return or refuse it; when the parcel is back, say what was in it."""
    found = get_object_or_404(desk.own(NoReasonReturn, request).with_line(), pk=pk)
    is_back = found.state == NoReasonReturn.State.SENT
    if is_back:
        form = ArrivalForm(request.POST or None, initial={"is_sellable": not found.is_binding})
    else:
        form = AgreeForm(request.POST or None, initial={"return_to": _address_of(found)})
    if request.method == "POST" and form.is_valid():
        try:
            _do(found, form, request.POST.get("verdict"), is_back=is_back, by=request.user, desk=desk)
        except actions.AlreadyDecided as known:
            return _was_first(request, known.request, desk.returned)
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(request, _("Decided. The buyer reads it on the page of the order."))
            return redirect(desk.queue)
    page = {
        "desk": desk,
        "return": found,
        "line": found.line,
        "form": form,
        "is_back": is_back,
        "proposed": rules.for_returned(actions.bought_of(found.line), found.packs),
        "steps": overview.steps_of(found),
    }
    return render(request, "aftersales/decide_return.html", page)


def _do(found: NoReasonReturn, form, verdict: str | None, *, is_back: bool, by, desk: Desk) -> None:
    given = form.cleaned_data
    if is_back and verdict == "approve":
        actions.take_back(request=found, by=by, is_sellable=given["is_sellable"])
    elif is_back and verdict == "refuse":
        actions.turn_away(request=found, by=by, reason=given["reason"])
    elif verdict == "approve":
        actions.agree(request=found, by=by, decided_as=desk.decided_as, return_to=given["return_to"])
    elif verdict == "refuse":
        actions.refuse(request=found, by=by, decided_as=desk.decided_as, reason=given["reason"])
    else:
        raise ValidationError(_("Say whether it is paid back."))


def _address_of(found: NoReasonReturn) -> str:
    """Where the cooperative is, to be completed with name, mobile and street."""
    village = found.line.cooperative.village
    return f"重庆市巫溪县{village.township.name}{village.name} {found.line.cooperative.name}"


# ── Reviews ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@require_http_methods(["GET", "HEAD", "POST"])
@cooperative_required(OWNER, SELLER)
def cooperative_reviews(request: HttpRequest) -> HttpResponse:
    """The reviews of the cooperative's own produce, and its one answer to each."""
    own = Review.objects.visible_to(request.user).filter(produce__cooperative=request.cooperative)
    return _reviews(request, COOPERATIVE, own, AnswerForm)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required()
def county_reviews(request: HttpRequest) -> HttpResponse:
    """All reviews; one that breaks the law or shows somebody is hidden, for a reason."""
    return _reviews(request, COUNTY, Review.objects.visible_to(request.user), HideForm)


def _reviews(request: HttpRequest, desk: Desk, own, form_class) -> HttpResponse:
    form, answering = form_class(), None
    if request.method == "POST":
        number = request.POST.get("review", "")
        answering = get_object_or_404(own, pk=row_id(number))
        form = form_class(request.POST)
        if form.is_valid():
            try:
                if form_class is AnswerForm:
                    actions.answer(review=answering, text=form.cleaned_data["answer"], by=request.user)
                else:
                    actions.hide(review=answering, because=form.cleaned_data["because"], by=request.user)
            except actions.AlreadyDecided:
                messages.info(request, _("Somebody was first. Nothing was changed."))
            else:
                messages.success(request, _("Done."))
            return redirect(desk.reviews)
    rows = own.select_related("produce__cooperative", "line__line", "answered_by", "hidden_by")
    page = {
        "desk": desk,
        "page": Paginator(rows.prefetch_related("photos"), ON_A_PAGE).get_page(request.GET.get("page")),
        "form": form,
        "blank": form_class(),
        "answering": answering,
    }
    return render(request, "aftersales/reviews_desk.html", page)
