"""A buyer asks and reviews; the cooperative or the county decides; shop.orders gives the money back.

Each function is one transaction and locks the sale first, as shop.orders does, so two deciders come one after the other.
"""

import datetime as dt
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from oscar.core.loading import get_model

import logistics.actions
from logistics.models import ApprovedDistance, ShipmentLine
from shop import orders
from shop.catalogue.shelf import is_fresh
from shop.models import Refund, Sale, SaleLine
from suppliers.base import days

from . import rules
from .models import Decider, NoReasonReturn, Photo, Review, SpoilageClaim, paid_shares, returned_packs

StockRecord = get_model("partner", "StockRecord")

MOST_PHOTOS = 6
MOST_REVIEW_PHOTOS = 3

REFUSALS = {
    rules.Refusal.NOT_RECEIVED: gettext_lazy(
        "This has not come yet. Once it has, press “It has come” on the page of the order."
    ),
    rules.Refusal.NOT_PAID: gettext_lazy("This order was not paid here. Please talk to the cooperative."),
    rules.Refusal.TOO_LATE: gettext_lazy("The time for this is over. Please talk to us all the same."),
    rules.Refusal.NOTHING_LEFT: gettext_lazy("All that was paid for this has been paid back."),
    rules.Refusal.NO_SHARE: gettext_lazy("Say how much of it is spoiled, between 1 % and 100 %."),
    rules.Refusal.NOT_THAT_MANY: gettext_lazy("No more can go back than was bought and is still with you."),
    rules.Refusal.WAIVED: gettext_lazy(
        "Fresh goods cannot be sent back without a reason; you confirmed so when you ordered. What is spoiled is paid back."
    ),
}


class AlreadyDecided(Exception):
    """Somebody was first; `request` is as that left it."""

    def __init__(self, request):
        super().__init__(str(request.pk))
        self.request = request


class AlreadyAsked(Exception):
    """There is one of this kind already; `request` is it."""

    def __init__(self, request):
        super().__init__(str(request.pk))
        self.request = request


# ── What may be asked ────────────────────────────────────────────────────────────────────────────────────────────────


def received_on(line: SaleLine) -> dt.date | None:
    """The day on which the shipment of `line` came, None before."""
    return ShipmentLine.objects.filter(line=line.pk).values_list("shipment__received_on", flat=True).first()


def bought_of(line: SaleLine) -> rules.Bought:
    """`line` as the rules see it: what of it was sent. What was paid back before it left was never with the buyer."""
    sent_g = ShipmentLine.objects.filter(line=line.pk).values_list("net_g", flat=True).first() or line.net_g
    kept_back_g = kept_back_fen = 0
    for g, fen in line.refund_lines.order_by("pk").values_list("g", "fen") if sent_g < line.net_g else ():
        if kept_back_g < line.net_g - sent_g:
            kept_back_g, kept_back_fen = kept_back_g + g, kept_back_fen + fen
    return rules.Bought(
        goods_fen=line.goods_fen - kept_back_fen,
        net_g=sent_g,
        packs=-(-line.quantity * sent_g // line.net_g),
        left_fen=line.net_fen,
        left_g=line.kept_g,
        spoiled_bp=paid_shares(line.pk),
        returned=returned_packs(line.pk),
    )


def why_no_claim(line: SaleLine, sale: Sale, on: dt.date | None, *, at: dt.datetime) -> rules.Refusal | None:
    """Why nothing spoiled of a line received `on` a day can be reported at a moment; None where it can."""
    return _why_not(line, sale, on, until=on and rules.last_day_to_claim(on), at=at)


def why_no_return(line: SaleLine, sale: Sale, on: dt.date | None, *, at: dt.datetime) -> rules.Refusal | None:
    """Why a line received `on` a day cannot be sent back at a moment; None where it can."""
    if right_to_return(line, sale) is rules.Right.NONE:
        return rules.Refusal.WAIVED
    return _why_not(line, sale, on, until=on and rules.last_day_to_return(on), at=at)


def _why_not(line, sale, on, *, until, at) -> rules.Refusal | None:
    if on is None:
        return rules.Refusal.NOT_RECEIVED
    # What goes to an institution is looked at when it is accepted (验收), and is settled with its invoice.
    if sale.paid_on is None or sale.buyer_kind != Sale.BuyerKind.INDIVIDUAL:
        return rules.Refusal.NOT_PAID
    if rules.is_over(until, at):
        return rules.Refusal.TOO_LATE
    return None if line.net_fen else rules.Refusal.NOTHING_LEFT


def right_to_return(line: SaleLine, sale: Sale) -> rules.Right:
    """What the law gives for `line`: fresh goods whose buyer confirmed so when ordering do not go back."""
    return rules.right_to_return(is_fresh=is_fresh(line.produce), is_waived=sale.is_fresh_confirmed)


def _asked(line: SaleLine) -> tuple[SaleLine, Sale]:
    """The line and its sale, locked and read again."""
    sale = Sale.objects.select_for_update().get(pk=line.sale_id)
    return SaleLine.objects.select_related("produce", "cooperative").get(pk=line.pk), sale


def _refuse_if(refusal: rules.Refusal | None) -> None:
    if refusal:
        raise ValidationError(REFUSALS[refusal])


# ── Spoilage claims ──────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def claim(*, line: SaleLine, spoiled_bp: int, photos: Sequence[bytes], note: str = "", by=None) -> SpoilageClaim:
    """Report that a share of `line` came spoiled, with its (redrawn) photos.

    Raises ValidationError where the rule gives nothing for it, and AlreadyAsked while another claim of the line is open.
    """
    line, sale = _asked(line)
    _refuse_if(why_no_claim(line, sale, received_on(line), at=days.now()))
    if known := line.spoilageclaims.filter(state=SpoilageClaim.State.OPEN).first():
        raise AlreadyAsked(known)
    _refuse_if(rules.for_spoiled(bought_of(line), spoiled_bp).refusal)
    if not 0 < len(photos) <= MOST_PHOTOS:
        raise ValidationError(_("Send between one and %(most)d photos.") % {"most": MOST_PHOTOS})
    made = SpoilageClaim.objects.create(line=line, spoiled_bp=spoiled_bp, note=note, asked_by=by)
    Photo.objects.bulk_create([Photo(claim=made, content=content) for content in photos])
    return made


@transaction.atomic
def approve(
    *, claim: SpoilageClaim, by, decided_as: str, spoiled_bp: int | None = None, reason: str = ""
) -> SpoilageClaim:
    """Pay `claim` back by the rule, for the share asked or for another one, which needs a reason.

    Sale, credits and subsidy are reversed in the same transaction (shop.orders.refund). Raises AlreadyDecided if
    somebody was first, ValidationError where the rule gives nothing any more.
    """
    claim = _undecided(claim)
    share = claim.spoiled_bp if spoiled_bp is None else spoiled_bp
    if share != claim.spoiled_bp and not reason:
        raise ValidationError({"reason": _("Write why it is another share than the buyer's; the buyer reads it.")})
    back = rules.for_spoiled(bought_of(claim.line), share)
    _refuse_if(back.refusal)
    claim.refund = _pay_back(claim.line, back, key=f"spoilage-{claim.pk}", reason=f"坏果包赔：{share // 100}%", by=by)
    claim.approved_bp, claim.state = share, SpoilageClaim.State.PAID
    _decide(claim, by=by, decided_as=decided_as, reason=reason)
    return claim


@transaction.atomic
def refuse(*, request: SpoilageClaim | NoReasonReturn, by, decided_as: str, reason: str):
    """Refuse a claim or a return, for a reason that the buyer reads.

    Raises AlreadyDecided if somebody was first, ValidationError without a reason or where the law lets nobody refuse.
    """
    request = _undecided(request)
    if not reason:
        raise ValidationError({"reason": _("Write why it is refused; the buyer reads it.")})
    _check_refusable(request)
    request.state = type(request).State.REFUSED
    _decide(request, by=by, decided_as=decided_as, reason=reason)
    return request


def _check_refusable(request: SpoilageClaim | NoReasonReturn) -> None:
    if getattr(request, "is_binding", False):
        raise ValidationError(
            _("The buyer did not confirm at checkout that fresh goods stay, so the law lets nobody refuse this.")
        )


def _undecided(request):
    """The request, its sale locked, read again. Raises AlreadyDecided."""
    again = _read_again(request)
    if again.decided_at:
        raise AlreadyDecided(again)
    return again


def _read_again(request):
    Sale.objects.select_for_update().get(pk=request.line.sale_id)
    return type(request).objects.with_line().get(pk=request.pk)


def _decide(request, *, by, decided_as: str, reason: str = "") -> None:
    request.decided_at, request.decided_by, request.decided_as = days.now(), by, Decider(decided_as)
    request.reason = reason
    request.save()


def _pay_back(line: SaleLine, back: rules.Back, *, key: str, reason: str, by) -> Refund:
    """The refund of one line, once for each `key`."""
    (refund,) = orders.refund(
        refunds=[
            orders.Refunding(
                key=key,
                sale_id=line.sale_id,
                lines=[orders.GiveBack(line.pk, g=back.g, fen=back.fen)],
                reason=reason,
                by=by,
            )
        ]
    )
    return refund


@transaction.atomic
def pass_on() -> int:
    """Pass to the county what a cooperative has not answered within 48 hours. Return how many."""
    now = days.now()
    late = {"asked_at__lte": now - rules.ANSWERED_WITHIN, "county_at": None}
    return sum(
        model.objects.undecided().filter(**late).update(county_at=now) for model in (SpoilageClaim, NoReasonReturn)
    )


# ── No-reason returns ────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def ask_return(*, line: SaleLine, packs: int, note: str = "", by=None) -> NoReasonReturn:
    """Ask to send back `packs` of `line` without a reason, where the law gives that.

    Raises ValidationError where it does not, and AlreadyAsked while another return of the line is open.
    """
    line, sale = _asked(line)
    _refuse_if(why_no_return(line, sale, received_on(line), at=days.now()))
    if known := line.noreasonreturns.filter(state__in=NoReasonReturn.STEPS).first():
        raise AlreadyAsked(known)
    _refuse_if(rules.for_returned(bought_of(line), packs).refusal)
    return NoReasonReturn.objects.create(
        line=line,
        packs=packs,
        note=note,
        asked_by=by,
        is_binding=right_to_return(line, sale) is rules.Right.BINDING,
    )


@transaction.atomic
def agree(*, request: NoReasonReturn, by, decided_as: str, return_to: str) -> NoReasonReturn:
    """Let the buyer send the goods back to an address. Raises AlreadyDecided if somebody was first."""
    request = _undecided(request)
    if not return_to:
        raise ValidationError({"return_to": _("Write name, mobile and address to which the parcel goes.")})
    request.state, request.return_to = NoReasonReturn.State.AGREED, return_to
    _decide(request, by=by, decided_as=decided_as)
    return request


@transaction.atomic
def send_back(*, request: NoReasonReturn, carrier: str, waybill: str) -> NoReasonReturn:
    """Take note of the waybill with which the buyer sent the goods back. Twice changes nothing.

    Raises ValidationError for what is no waybill, and where nobody has agreed.
    """
    request = _read_again(request)
    if request.state == NoReasonReturn.State.SENT:
        return request
    if not request.may_become(NoReasonReturn.State.SENT):
        raise ValidationError(_("There is nothing to send back here any more."))
    try:
        request.waybill = logistics.actions.waybill_of(waybill)
    except ValidationError as error:
        raise ValidationError({"waybill": error.message}) from error
    request.carrier, request.sent_at, request.state = carrier, days.now(), NoReasonReturn.State.SENT
    request.save()
    return request


@transaction.atomic
def take_back(*, request: NoReasonReturn, by, is_sellable: bool) -> NoReasonReturn:
    """Say that the goods came back: their price is paid back, and what can be sold again is in stock again.

    Raises AlreadyDecided if somebody was first.
    """
    request = _on_its_way(request)
    line = request.line
    back = rules.for_returned(bought_of(line), request.packs)
    _refuse_if(back.refusal)
    request.refund = _pay_back(
        line, back, key=f"return-{request.pk}", reason=f"七天无理由退货：{request.packs} 件", by=by
    )
    if is_sellable and line.line.stockrecord_id:
        # They left the store at dispatch, so nothing is held for them: only what is there rises, and only now (rule 13).
        in_store = StockRecord.objects.filter(pk=line.line.stockrecord_id, num_in_stock__isnull=False)
        if in_store.update(num_in_stock=F("num_in_stock") + request.packs):
            request.restocked = request.packs
    request.state, request.closed_at, request.closed_by = NoReasonReturn.State.PAID, days.now(), by
    request.save()
    return request


@transaction.atomic
def turn_away(*, request: NoReasonReturn, by, reason: str) -> NoReasonReturn:
    """Say that what came back cannot be taken (opened, spoilt, another thing), for a reason that the buyer reads."""
    request = _on_its_way(request)
    if not reason:
        raise ValidationError({"reason": _("Write why it is refused; the buyer reads it.")})
    _check_refusable(request)
    request.state, request.reason = NoReasonReturn.State.REFUSED, reason
    request.closed_at, request.closed_by = days.now(), by
    request.save()
    return request


def _on_its_way(request: NoReasonReturn) -> NoReasonReturn:
    again = _read_again(request)
    if again.closed_at:
        raise AlreadyDecided(again)
    if again.state != NoReasonReturn.State.SENT:
        raise ValidationError(_("The buyer has not sent it back yet."))
    return again


# ── Reviews ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def why_no_review(line: SaleLine, on: dt.date | None) -> str:
    """Why a line received `on` a day cannot be reviewed; empty where it can."""
    if on is None:
        return _("What has come can be reviewed. This has not come yet.")
    return "" if line.net_fen else _("This was paid back in full, so there is nothing to review.")


@transaction.atomic
def review(*, line: SaleLine, stars: int, text: str = "", photos: Sequence[bytes] = ()) -> Review:
    """Write what the buyer of `line` says of it, under a masked name.

    Raises ValidationError for what has not come or was paid back in full, and AlreadyAsked for a second one.
    """
    line, sale = _asked(line)
    if why_not := why_no_review(line, received_on(line)):
        raise ValidationError(why_not)
    if known := Review.objects.filter(pk=line.pk).first():
        raise AlreadyAsked(known)
    if len(photos) > MOST_REVIEW_PHOTOS:
        raise ValidationError(_("Send up to %(most)d photos.") % {"most": MOST_REVIEW_PHOTOS})
    made = Review.objects.create(line=line, produce=line.produce, name=_name_in_public(sale), stars=stars, text=text)
    Photo.objects.bulk_create([Photo(review=made, content=content) for content in photos])
    return made


def _name_in_public(sale: Sale) -> str:
    """王** for somebody with an account, 泰安买家 for a guest: no more than that leaves the order."""
    order = sale.order
    if order.user_id and order.shipping_address and order.shipping_address.first_name:
        return f"{order.shipping_address.first_name[0]}**"
    return _name_of_guest(sale)


def _name_of_guest(sale: Sale) -> str:
    city = ApprovedDistance.objects.filter(pk=sale.city_code).values_list("city", flat=True).first() or "外地"
    return f"{city.removesuffix('市')}买家"


@transaction.atomic
def answer(*, review: Review, text: str, by) -> Review:
    """Let the cooperative answer a review, once. Raises AlreadyDecided where it has one."""
    review = Review.objects.select_for_update().get(pk=review.pk)
    if review.answer:
        raise AlreadyDecided(review)
    if not text:
        raise ValidationError({"answer": _("Write what you answer.")})
    review.answer, review.answered_at, review.answered_by = text, days.now(), by
    review.save()
    return review


@transaction.atomic
def hide(*, review: Review, by, because: str) -> Review:
    """Show a review no more, for a reason that is kept. Raises AlreadyDecided where it is hidden already."""
    review = Review.objects.select_for_update().get(pk=review.pk)
    if review.hidden_at:
        raise AlreadyDecided(review)
    if not because:
        raise ValidationError({"because": _("Write why it is hidden; auditors read it.")})
    review.hidden_at, review.hidden_by, review.hidden_because = days.now(), by, because
    review.save()
    return review


# ── An account is erased ─────────────────────────────────────────────────────────────────────────────────────────────


def forget_reviewer(*, order_ids: Sequence[int]) -> None:
    """Let the reviews of these orders stand as a guest's."""
    for review in Review.objects.filter(line__sale__in=order_ids).select_related("line__sale"):
        Review.objects.filter(pk=review.pk).update(name=_name_of_guest(review.line.sale))


def forget_words(*, order_id: int) -> None:
    """Take away what the buyer of an order wrote and showed for claims and returns. What was decided stays."""
    for model in (SpoilageClaim, NoReasonReturn):
        model.objects.filter(line__sale=order_id).update(note="")
    Photo.objects.filter(claim__line__sale=order_id).delete()
