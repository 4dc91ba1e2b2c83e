"""What other pages show of after-sales: the page of an order what can be asked and how it stands, that of a product its reviews."""

import datetime as dt
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from shop.models import Sale, SaleLine
from suppliers.base import days
from suppliers.base.money import yuan_text
from suppliers.models import Produce

from . import actions, rules
from .models import NoReasonReturn, Review, SpoilageClaim

ON_A_PRODUCT = 5


@dataclass
class Row:
    """A line of an order that came, with what was asked for it; `claim_until` and `return_until` while it can be."""

    line: SaleLine
    claim_until: dt.date | None
    return_until: dt.date | None
    is_reviewable: bool
    claims: list[SpoilageClaim] = field(default_factory=list)
    returns: list[NoReasonReturn] = field(default_factory=list)
    review: Review | None = None

    @property
    def is_waived(self) -> bool:
        """Whether it stays because the buyer confirmed so for fresh goods."""
        return actions.right_to_return(self.line, self.line.sale) is rules.Right.NONE


def of_order(sale: Sale) -> dict:
    """The context of `aftersales/_order.html`: the `rows` of what came, and the `events` for the order's timeline."""
    rows = rows_of(sale)
    return {"aftersales": rows, "aftersales_events": events_of(rows)}


def rows_of(sale: Sale) -> list[Row]:
    """One row for each line of `sale` that came, in four queries however many there are."""
    now = days.now()
    came = (
        SaleLine.objects.filter(sale=sale, line__shipment_line__shipment__received_on__isnull=False)
        .select_related("line__shipment_line__shipment", "produce", "cooperative")
        .order_by("pk")
    )
    rows = {}
    for line in came:
        line.sale = sale
        on = line.line.shipment_line.shipment.received_on
        rows[line.pk] = Row(
            line=line,
            claim_until=None if actions.why_no_claim(line, sale, on, at=now) else rules.last_day_to_claim(on),
            return_until=None if actions.why_no_return(line, sale, on, at=now) else rules.last_day_to_return(on),
            is_reviewable=not actions.why_no_review(line, on),
        )
    if not rows:
        return []
    for claim in SpoilageClaim.objects.filter(line__in=rows).select_related("refund"):
        rows[claim.line_id].claims.append(claim)
        if claim.state == SpoilageClaim.State.OPEN:
            rows[claim.line_id].claim_until = None
    for one in NoReasonReturn.objects.filter(line__in=rows).select_related("refund"):
        rows[one.line_id].returns.append(one)
        if one.state in NoReasonReturn.STEPS:
            rows[one.line_id].return_until = None
    for review in Review.objects.filter(line__in=rows):
        rows[review.pk].review = review
        rows[review.pk].is_reviewable = False
    return list(rows.values())


def events_of(rows: list[Row]) -> list[dict]:
    """What happened after the sale, as the order's timeline has it (`at`, `text`)."""
    found = []
    for row in rows:
        for request in (*row.claims, *row.returns):
            found += [{"at": at, "text": f"{row.line.line.title}：{text}"} for at, text in steps_of(request)]
    return found


def steps_of(request: SpoilageClaim | NoReasonReturn) -> list[tuple[dt.datetime, str]]:
    """The steps of a claim or return so far, the first first: moment and words."""
    return _claim_steps(request) if isinstance(request, SpoilageClaim) else _return_steps(request)


def _claim_steps(claim: SpoilageClaim) -> list[tuple[dt.datetime, str]]:
    steps = [
        (claim.asked_at, _("You reported that %(percent)d %% of it is spoiled.") % {"percent": claim.spoiled_percent})
    ]
    steps += _passed_on(claim)
    if claim.state == SpoilageClaim.State.PAID:
        text = _("%(who)s agreed: ¥%(sum)s are paid back.") % {
            "who": _who(claim),
            "sum": yuan_text(claim.refund.goods_fen),
        }
        if claim.approved_bp != claim.spoiled_bp:
            text = _("%(who)s agreed to %(percent)d %%: ¥%(sum)s are paid back. %(reason)s") % {
                "who": _who(claim),
                "percent": claim.approved_percent,
                "sum": yuan_text(claim.refund.goods_fen),
                "reason": claim.reason,
            }
        steps.append((claim.decided_at, text))
    elif claim.state == SpoilageClaim.State.REFUSED:
        steps.append((claim.decided_at, _refused(claim)))
    return steps


def _return_steps(one: NoReasonReturn) -> list[tuple[dt.datetime, str]]:
    steps = [(one.asked_at, _("You asked to send %(packs)d back.") % {"packs": one.packs}), *_passed_on(one)]
    if one.decided_at and not (one.state == NoReasonReturn.State.REFUSED and not one.closed_at):
        steps.append((one.decided_at, _("%(who)s agreed. Please send it back.") % {"who": _who(one)}))
    elif one.decided_at:
        steps.append((one.decided_at, _refused(one)))
    if one.sent_at:
        sent = _("You sent it back: %(carrier)s %(waybill)s.") % {"carrier": one.carrier, "waybill": one.waybill}
        steps.append((one.sent_at, sent))
    if one.state == NoReasonReturn.State.PAID:
        text = _("It came back: ¥%(sum)s are paid back.") % {"sum": yuan_text(one.refund.goods_fen)}
        steps.append((one.closed_at, text))
    elif one.closed_at:
        steps.append((one.closed_at, _("It came back and could not be taken: %(reason)s") % {"reason": one.reason}))
    return steps


def _passed_on(request) -> list[tuple[dt.datetime, str]]:
    if request.county_at is None:
        return []
    return [(request.county_at, _("The cooperative has not answered in 48 hours: county staff look at it now."))]


def _who(request) -> str:
    # On a page of the buyer: which office it was, not which person.
    text = request.get_decided_as_display()
    return text[:1].upper() + text[1:]


def _refused(request) -> str:
    return _("%(who)s refused: %(reason)s") % {"who": _who(request), "reason": request.reason}


# The context of `catalogue/_reviews.html` for produce that nobody has reviewed.
NO_REVIEWS = {"review_sums": {"n": 0, "tenths": None}, "reviews": [], "more_reviews": False}


def reviewed() -> frozenset[int]:
    """The ids of produce with a review that is shown."""
    return frozenset(Review.objects.shown().order_by().values_list("produce_id", flat=True).distinct())


def of_produce(produce: Produce) -> dict:
    """The context of `catalogue/_reviews.html`: count, average and the latest reviews of `produce`, in one query to three."""
    shown = Review.objects.shown().filter(produce=produce)
    sums = shown.sums()
    return {
        "review_sums": sums,
        "reviews": list(shown.prefetch_related("photos")[:ON_A_PRODUCT]) if sums["n"] else [],
        "more_reviews": sums["n"] > ON_A_PRODUCT,
    }
