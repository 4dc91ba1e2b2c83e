"""What happens to a purchase slip after it was written: its key for the household, and disputes. One transaction each."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from . import stock
from .base import days
from .models import DisputeStep, Produce, PurchaseLot, SlipDispute
from .models.ledger import new_code

# A household that was answered may ask again, but the page is no letterbox.
MOST_DISPUTES = 3
FOUND_WRONG = "县里认定收购单有误。"  # what is stored is stored in Chinese (docs/decisions/0006)


@transaction.atomic
def give_key(*, lot: PurchaseLot) -> PurchaseLot:
    """Give the household of `lot` a key to its slip, if it has none: older slips were written without."""
    lot = PurchaseLot.objects.select_for_update().get(pk=lot.pk)
    if lot.household_id and not lot.household_key:
        lot.household_key = new_code()
        lot.save(update_fields=["household_key"])
    return lot


@transaction.atomic
def dispute(*, lot: PurchaseLot, raised_by: str, about: str, words: str = "", mobile: str = "", by=None) -> SlipDispute:
    """Say that `lot` is wrong. Until the county has closed it, neither household nor township can verify the slip.

    Raises ValidationError where one is open already, three were closed, or the slip was taken back.
    """
    lot = PurchaseLot.objects.select_for_update().get(pk=lot.pk)
    if lot.reversed_at:
        raise ValidationError(_("This slip was taken back already."))
    earlier = list(lot.disputes.all())
    if any(one.closed_at is None for one in earlier):
        raise ValidationError(_("It was said already that this slip is wrong. The county looks at it."))
    if len(earlier) >= MOST_DISPUTES:
        raise ValidationError(_("This slip was looked at several times. Please ask the county centre by telephone."))
    now = days.now()
    opened = SlipDispute.objects.create(lot=lot, raised_by=raised_by, about=about, mobile=mobile, opened_at=now)
    DisputeStep.objects.create(dispute=opened, kind=DisputeStep.Kind.OPENED, words=words, made_at=now, made_by=by)
    return opened


@transaction.atomic
def answer(*, dispute: SlipDispute, words: str, by) -> DisputeStep:
    """What the cooperative says to a dispute that is open. Raises ValidationError where it is closed, or says nothing."""
    dispute = _open_one(dispute)
    if not words:
        raise ValidationError({"words": _("Write what you say to it.")})
    return DisputeStep.objects.create(
        dispute=dispute, kind=DisputeStep.Kind.ANSWERED, words=words, made_at=days.now(), made_by=by
    )


@transaction.atomic
def look_up_mobile(*, dispute: SlipDispute, by) -> str:
    """The mobile to call back; that it was looked at, and by whom, is a step of the dispute."""
    DisputeStep.objects.create(dispute=dispute, kind=DisputeStep.Kind.LOOKED_UP, made_at=days.now(), made_by=by)
    return dispute.mobile


@transaction.atomic
def close(*, dispute: SlipDispute, outcome: str, reason: str, by) -> SlipDispute:
    """Decide a dispute, with a reason. A slip that is wrong is taken back, where nothing of it has gone and nothing was paid.

    Raises ValidationError without a reason, and where it is closed already.
    """
    # Goods first, then the slip, then the dispute, as everywhere: two who decide at once wait for each other.
    Produce.objects.select_for_update().get(lots=dispute.lot_id)
    lot = PurchaseLot.objects.select_for_update().get(pk=dispute.lot_id)
    dispute = _open_one(dispute)
    if not reason:
        raise ValidationError({"reason": _("Write the reason: the household and the cooperative read it.")})
    dispute.outcome, dispute.closed_at = SlipDispute.Outcome(outcome), days.now()
    dispute.save(update_fields=["outcome", "closed_at"])
    DisputeStep.objects.create(
        dispute=dispute, kind=DisputeStep.Kind.CLOSED, words=reason, made_at=dispute.closed_at, made_by=by
    )
    if dispute.outcome == SlipDispute.Outcome.WRONG and not stock.why_it_stays(lot):
        stock.take_back(lot=lot, why=FOUND_WRONG, by=by)
    return dispute


def _open_one(dispute: SlipDispute) -> SlipDispute:
    dispute = SlipDispute.objects.select_for_update().get(pk=dispute.pk)
    if dispute.closed_at:
        raise ValidationError(_("This was decided already. Nothing was changed."))
    return dispute
