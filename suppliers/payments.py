"""Paying households: what is owed becomes a run, a run becomes a file for the bank, and what the bank paid is written down.

Owed are slips of households that stand and are not paid, verified or not: the goods were handed over, so the money is due.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from . import actions, roster
from .base import days, limits
from .models import Cooperative, Household, Membership, Payment, PaymentRun, PaymentSlip, PurchaseLot, Reveal

BANK_FILES = limits.Limit("bank-file", 10, limits.HOUR)
MOST_SLIPS = 5_000


@dataclass
class Due:
    """What one household is to get: its slips and their sum in fen, how much of it is for slips not verified yet."""

    household: Household
    lots: list[PurchaseLot] = field(default_factory=list)
    has_account: bool = False

    @property
    def fen(self) -> int:
        return sum(lot.cost_fen for lot in self.lots)

    @property
    def unverified_fen(self) -> int:
        return sum(lot.cost_fen for lot in self.lots if not lot.verified_at)


def owed(cooperative: Cooperative):
    """The slips of `cooperative` that are owed and in no live run, in the order (household number, bought on, id)."""
    live = PaymentSlip.objects.filter(is_live=True)
    return (
        PurchaseLot.objects.owed()
        .filter(produce__cooperative=cooperative)
        .exclude(pk__in=live.values("lot"))
        .with_cost()
        .order_by("household__household_no", "bought_on", "pk")
    )


def dues(cooperative: Cooperative, lots) -> list[Due]:
    """`lots` (of `owed`) by household, in their order: the same lots give the same."""
    by_household: dict[int, Due] = {}
    for lot in lots.select_related("household__village", "produce"):
        by_household.setdefault(lot.household_id, Due(lot.household)).lots.append(lot)
    accounts = accounts_of(cooperative, by_household)
    for pk, due in by_household.items():
        due.has_account = bool(accounts.get(pk))
    return list(by_household.values())


def accounts_of(cooperative: Cooperative, households: Iterable[int]) -> dict[int, str]:
    """The bank accounts of `households` (ids) in the newest words of `cooperative`, in clear; only where there is one."""
    written = Membership.objects.filter(cooperative=cooperative, household__in=list(households)).order_by("starts_on")
    newest = {membership.household_id: membership.bank_account for membership in written}
    return {pk: account for pk, account in newest.items() if account}


@transaction.atomic
def make_run(*, cooperative: Cooperative, lots: Iterable[int], by) -> PaymentRun:
    """Make a run of `lots` (ids), a payment for each household with the fen of its slips as they are now.

    Raises ValidationError where none is named, or one of them is not owed any more or in another run.
    """
    wanted = set(lots)
    if not wanted:
        raise ValidationError(_("Choose at least one slip."))
    if len(wanted) > MOST_SLIPS:
        raise ValidationError(_("A run has up to %(most)s slips. Choose fewer households.") % {"most": MOST_SLIPS})
    # One run at a time in a cooperative, while orders that name it go on; the database has a constraint behind it.
    cooperative = Cooperative.objects.select_for_update(no_key=True).get(pk=cooperative.pk)
    due = dues(cooperative, owed(cooperative).filter(pk__in=wanted))
    if sum(len(one.lots) for one in due) != len(wanted):
        raise ValidationError(_("Some of these slips were paid or put into another run meanwhile. Look again."))
    today = days.today()
    number = 1 + PaymentRun.objects.filter(cooperative=cooperative).count()
    run = PaymentRun.objects.create(
        run_no=f"{cooperative.code}-DF{today:%y%m%d}-{number:03d}",
        cooperative=cooperative,
        made_at=days.now(),
        made_by=by,
    )
    payments = Payment.objects.bulk_create(
        Payment(run=run, household=one.household, fen=one.fen) for one in due if one.fen
    )
    by_household = {payment.household_id: payment for payment in payments}
    PaymentSlip.objects.bulk_create(
        PaymentSlip(payment=by_household[one.household.pk], lot=lot, fen=lot.cost_fen)
        for one in due
        if one.fen
        for lot in one.lots
    )
    return run


@transaction.atomic
def cancel_run(*, run: PaymentRun, by) -> PaymentRun:
    """Cancel a run; its slips are owed again. Raises ValidationError where something of it is paid, or it was cancelled."""
    run = PaymentRun.objects.select_for_update().get(pk=run.pk)
    if run.cancelled_at or run.payments.paid().exists():
        raise ValidationError(_("Only a run of which nothing is paid can be cancelled."))
    run.cancelled_at, run.cancelled_by = days.now(), by
    run.save(update_fields=["cancelled_at", "cancelled_by"])
    _release(run.payments.waiting(), state=Payment.State.CANCELLED, why="", by=by)
    return run


@transaction.atomic
def mark_failed(*, run: PaymentRun, payments: Iterable[int], why: str, by) -> int:
    """Note that the bank did not pay some of a run's payments (ids): their slips are owed again. Return how many.

    What is decided already stays. Raises ValidationError without a reason.
    """
    why = roster.reason(why)
    run = PaymentRun.objects.select_for_update().get(pk=run.pk)
    return _release(run.payments.waiting().filter(pk__in=list(payments)), state=Payment.State.FAILED, why=why, by=by)


def _release(waiting, *, state: str, why: str, by) -> int:
    chosen = list(waiting.values_list("pk", flat=True))
    PaymentSlip.objects.filter(payment__in=chosen).update(is_live=False)
    return Payment.objects.filter(pk__in=chosen).update(state=state, why=why, decided_at=days.now(), decided_by=by)


@transaction.atomic
def mark_paid(
    *, run: PaymentRun, how: str, paid_on: dt.date, receipt: str = "", payments: Iterable[int] | None = None, by=None
) -> int:
    """Note that payments of a run (ids; None: all that wait) were paid on a day; return how many are paid by that.

    Through the bank, with its receipt, the slips are verified by it: so it takes a bank account, and households without
    one are left out of all that wait. Cash verifies nothing. What was decided before stays,
    so the same receipt twice changes nothing. Raises ValidationError by field, and where a slip cannot be paid any more.
    """
    if how not in (Payment.State.BANK, Payment.State.CASH):
        raise ValidationError({"how": _("Through the bank, or in cash?")})
    receipt = receipt.replace("\x00", "").strip()
    if how == Payment.State.BANK and not receipt:
        raise ValidationError({"receipt": _("Write the number of the bank's receipt.")})
    # Whoever marks holds the run: of two at once the second finds everything decided.
    run = PaymentRun.objects.select_for_update().select_related("cooperative").get(pk=run.pk)
    elsewhere = Payment.objects.filter(run__cooperative=run.cooperative_id, receipt=receipt).exclude(run=run)
    if receipt and elsewhere.exists():
        raise ValidationError({"receipt": _("This receipt belongs to another run. Check the number.")})
    waiting = run.payments.waiting()
    if payments is not None:
        waiting = waiting.filter(pk__in=list(payments))
    home_of = dict(waiting.values_list("pk", "household"))
    if how == Payment.State.BANK:
        accounts = accounts_of(run.cooperative, home_of.values())
        without = [home for home in home_of.values() if home not in accounts]
        if without and payments is not None:
            numbers = Household.objects.filter(pk__in=without).values_list("household_no", flat=True)[:5]
            raise ValidationError(
                _("These households have no bank account: %(numbers)s. Pay them in cash, or add the account.")
                % {"numbers": "、".join(numbers)}
            )
        home_of = {pk: home for pk, home in home_of.items() if home in accounts}
    chosen = list(home_of)
    if not chosen:
        return 0
    fen_of = dict(PaymentSlip.objects.filter(payment__in=chosen).values_list("lot", "fen"))
    actions.pay_lots(fen_of=fen_of, paid_on=paid_on, receipt=receipt, through_bank=how == Payment.State.BANK, by=by)
    return Payment.objects.filter(pk__in=chosen).update(
        state=how, receipt=receipt, paid_on=paid_on, decided_at=days.now(), decided_by=by
    )


@dataclass(frozen=True)
class Transfer:
    """A line of the file for the bank, in clear."""

    name: str
    account: str
    fen: int
    purpose: str


@transaction.atomic
def transfers(*, run: PaymentRun, why: str, by) -> list[Transfer]:
    """The lines of a run's file for the bank: what waits and has an account. That they are read is noted for each household.

    Raises ValidationError without a reason, where nothing is to be transferred, and where it was made too often.
    """
    why = roster.reason(why)
    waiting = list(run.payments.waiting().select_related("household").order_by("household__household_no"))
    accounts = accounts_of(run.cooperative, [payment.household_id for payment in waiting])
    paying = [payment for payment in waiting if payment.household_id in accounts]
    if not paying:
        raise ValidationError(_("No household of this run waits and has a bank account."))
    if not limits.take(str(by.pk), BANK_FILES):
        raise ValidationError(_("The file was made many times. Go on in an hour."))
    Reveal.objects.bulk_create(
        Reveal(
            household=payment.household,
            field=Reveal.Field.BANK_FILE,
            why=why,
            at=days.now(),
            by=by,
            cooperative_id=run.cooperative_id,
        )
        for payment in paying
    )
    return [
        Transfer(
            payment.household.head,
            accounts[payment.household_id],
            payment.fen,
            f"{run.run_no} {payment.household.household_no}",
        )
        for payment in paying
    ]


# ── A household's account ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Entry:
    """A line of a household's account: a slip adds what is owed, a payment takes it away; `balance_fen` after it."""

    on: dt.date
    lot: PurchaseLot
    is_payment: bool
    fen: int
    balance_fen: int


def account(lots) -> list[Entry]:
    """The account over `lots`, in the order of their days; of one day slips come before payments."""
    moves = []
    for lot in lots.standing().filter(household__isnull=False, carried_from=None).with_cost().select_related("produce"):
        moves.append((lot.bought_on, 0, lot.pk, lot, lot.cost_fen))
        if lot.paid_on:
            moves.append((lot.paid_on, 1, lot.pk, lot, -lot.paid_fen))
    entries, balance = [], 0
    for on, kind, _pk, lot, fen in sorted(moves, key=lambda move: move[:3]):
        balance += fen
        entries.append(Entry(on, lot, bool(kind), abs(fen), balance))
    return entries
