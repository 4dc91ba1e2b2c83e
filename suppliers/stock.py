"""Goods that go another way than into a sale, slips taken back, batches, hand-overs, goods carried on, signed seasons.

Each function is one transaction. It locks the produce first, as `actions.attribute` does, so the same grams are never
sold and withdrawn at once; two kinds of produce are locked in the order of their ids.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from . import actions, sharing
from .base import days
from .base.money import kg_text
from .models import (
    Batch,
    CarryOn,
    Cooperative,
    CooperativeStaff,
    HandOver,
    Produce,
    PurchaseLot,
    SignedAccount,
    Withdrawal,
)

LEAVES_BY_HAND = (Withdrawal.Kind.GRADED_OUT, Withdrawal.Kind.LOST, Withdrawal.Kind.SOLD_ELSEWHERE)


def _lock(*produce_ids: int) -> dict[int, Produce]:
    return Produce.objects.select_for_update().order_by("pk").in_bulk(set(produce_ids))


def _check_day(on: dt.date, field: str) -> None:
    if on > days.today():
        raise ValidationError({field: _("This day is still to come.")})


# ── What leaves another way ──────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def withdraw(
    *,
    produce: Produce,
    kind: str,
    g: int,
    on: dt.date,
    lot: PurchaseLot | None = None,
    note: str = "",
    fen_per_kg: int | None = None,
    buyer: str = "",
    by=None,
) -> list[Withdrawal]:
    """Write down that `g` grams of `produce` were graded out, lost or sold elsewhere on a day; return a row for each lot.

    They are taken first in first out from the lots bought by then, or from `lot` alone. Raises ValidationError by field
    where less is left, for a day still to come, and for a price of what was not sold.
    """
    if kind not in LEAVES_BY_HAND:
        raise ValidationError({"kind": _("Say what became of the goods.")})
    _check_day(on, "on")
    if g <= 0:
        raise ValidationError({"g": _("Write a weight above zero.")})
    if kind != Withdrawal.Kind.SOLD_ELSEWHERE:
        fen_per_kg, buyer = None, ""
    elif fen_per_kg is not None and not 0 < fen_per_kg <= actions.MOST_FEN_PER_KG:
        raise ValidationError({"fen_per_kg": _("Write a price above zero and up to 100,000 yuan per kilogram.")})
    _lock(produce.pk)
    there = PurchaseLot.objects.filter(produce=produce).standing().with_goods_left()
    if lot is not None:
        there = there.filter(pk=lot.pk)
    # Goods past their shelf life are just those that get lost.
    taken = _take(there, g=g, on=on, field="g")
    return _withdraw(taken, kind=kind, on=on, note=note, fen_per_kg=fen_per_kg, buyer=buyer, by=by)


def _take(there, *, g: int, on: dt.date, field: str, shelf_life_days: int | None = None) -> list[tuple[int, int]]:
    """(lot, grams) of `there` that `g` grams are taken from on a day. The produce is locked. Raises ValidationError."""
    lots = [
        sharing.Lot(pk, bought_on, left_g)
        for pk, bought_on, left_g in there.first_in_first_out().values_list(
            "pk", "bought_on", F("g") - F("drawn_g") - F("withdrawn_g")
        )
    ]
    taken = sharing.take(g=g, on=on, lots=lots, shelf_life_days=shelf_life_days)
    if (found := sum(part for _lot, part in taken)) < g:
        raise ValidationError(
            {
                field: _("On that day there are %(kg)s kg at most. Write less, or enter the missing slips first.")
                % {"kg": kg_text(found)}
            }
        )
    return taken


def _withdraw(taken: Sequence[tuple[int, int]], *, kind: str, on: dt.date, by=None, **fields) -> list[Withdrawal]:
    now = days.now()
    made = Withdrawal.objects.bulk_create(
        Withdrawal(lot_id=lot_id, kind=kind, g=g, withdrawn_on=on, made_at=now, made_by=by, **fields)
        for lot_id, g in taken
    )
    for lot_id, g in taken:
        PurchaseLot.objects.filter(pk=lot_id).update(withdrawn_g=F("withdrawn_g") + g)
    return made


@transaction.atomic
def reverse_withdrawal(*, withdrawal: Withdrawal, by=None) -> Withdrawal:
    """Take a withdrawal back: its grams are in the lot again; the reversal, dated as its original, names it.

    Raises ValidationError for one that was taken back before, a reversal, and goods that were carried on.
    """
    _lock(withdrawal.lot.produce_id)
    withdrawal = Withdrawal.objects.select_related("lot").get(pk=withdrawal.pk)
    if withdrawal.kind == Withdrawal.Kind.CARRIED_ON:
        raise ValidationError(_("These goods became other goods. Take that back there."))
    return _reverse(withdrawal, by=by)


def _reverse(withdrawal: Withdrawal, *, carry_on: CarryOn | None = None, by=None) -> Withdrawal:
    if withdrawal.reverses_id or Withdrawal.objects.filter(reverses=withdrawal).exists():
        raise ValidationError(_("This was taken back already."))
    back = Withdrawal.objects.create(
        lot_id=withdrawal.lot_id,
        kind=withdrawal.kind,
        g=-withdrawal.g,
        withdrawn_on=withdrawal.withdrawn_on,
        carry_on=carry_on,
        made_at=days.now(),
        made_by=by,
        reverses=withdrawal,
    )
    PurchaseLot.objects.filter(pk=withdrawal.lot_id).update(withdrawn_g=F("withdrawn_g") - withdrawal.g)
    return back


# ── Corrections ──────────────────────────────────────────────────────────────────────────────────────────────────────


def why_it_stays(lot: PurchaseLot) -> str:
    """Why the slip `lot` cannot be taken back, in words; empty where it can."""
    if lot.reversed_at:
        return _("This slip was taken back already.")
    if lot.carry_on_id:
        return _("These goods were carried on from another lot. Take back the processing instead.")
    gone = lot.drawn_g + lot.withdrawn_g
    if gone:
        return _("%(kg)s kg of it have gone already.") % {"kg": kg_text(gone)}
    if lot.paid_on:
        return _("It is paid already.")
    if lot.payment_slips.filter(is_live=True).exists():
        return _("It is in a payment run. Take it out of the run first.")
    if lot.batch_id:
        return _("It is part of a batch.")
    return ""


@transaction.atomic
def take_back(*, lot: PurchaseLot, why: str, by=None) -> PurchaseLot:
    """Take a slip back whole, with a reason. Raises ValidationError where something of it has gone, or it was paid."""
    _lock(lot.produce_id)
    lot = PurchaseLot.objects.select_for_update().get(pk=lot.pk)
    if stays := why_it_stays(lot):
        raise ValidationError(stays)
    if not why.strip():
        raise ValidationError({"why": _("Write what was wrong with the slip.")})
    lot.reversed_at, lot.reversed_by, lot.reversed_why = days.now(), by, why.strip()
    lot.save(update_fields=["reversed_at", "reversed_by", "reversed_why"])
    return lot


@transaction.atomic
def correct(*, lot: PurchaseLot, why: str, slip: Mapping, by=None) -> PurchaseLot:
    """Take a slip back and write the right one, `slip` as `actions.enter_lot` takes it; return the new one.

    Raises ValidationError by field; nothing is written then.
    """
    # In the order of enter_lot: the cooperative before its produce.
    Cooperative.objects.select_for_update().get(pk=lot.produce.cooperative_id)
    wrong = take_back(lot=lot, why=why, by=by)
    right = actions.enter_lot(**slip, by=by)
    PurchaseLot.objects.filter(pk=right.pk).update(corrects=wrong)
    right.corrects = wrong
    return right


# ── Batches ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def make_batch(*, lots: Sequence[PurchaseLot], packed_on: dt.date, note: str = "", by=None) -> Batch:
    """Group verified lots of one produce, with goods left, for packing; the batch stays as it is made.

    Raises ValidationError for no lots, lots of several kinds, and lots that are gone or in a batch meanwhile.
    """
    _check_day(packed_on, "packed_on")
    ids = {lot.pk for lot in lots}
    kinds = {lot.produce_id for lot in lots}
    if not ids:
        raise ValidationError({"lots": _("Choose at least one slip.")})
    if len(kinds) > 1:
        raise ValidationError({"lots": _("A batch is of one kind of goods.")})
    produce = Produce.objects.select_related("cooperative").get(pk=kinds.pop())
    # The codes of a cooperative are counted, so one batch of it is made at a time.
    Cooperative.objects.select_for_update().get(pk=produce.cooperative_id)
    _lock(produce.pk)
    there = PurchaseLot.objects.filter(pk__in=ids, batch=None).verified().with_goods_left()
    if there.count() != len(ids):
        raise ValidationError({"lots": _("One of these slips is gone, or in a batch already. Choose again.")})
    if there.filter(bought_on__gt=packed_on).exists():
        raise ValidationError({"packed_on": _("One of these slips was bought later than that day.")})
    stem = f"{produce.cooperative.code}-{packed_on:%y%m%d}"
    count = Batch.objects.filter(trace_code__startswith=f"{stem}-").count()
    batch = Batch.objects.create(
        produce=produce,
        trace_code=f"{stem}-{count + 1}",
        packed_on=packed_on,
        note=note,
        made_at=days.now(),
        made_by=by,
    )
    PurchaseLot.objects.filter(pk__in=ids).update(batch=batch)
    return batch


# ── Goods carried on ─────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def offer(
    *, batch: Batch, taker: Cooperative, g: int, fen_per_kg: int, on: dt.date, note: str = "", by=None
) -> HandOver:
    """Write down that `g` grams of `batch` are handed over to `taker` at a price; nothing moves until it accepts.

    Raises ValidationError by field for a weight that the batch does not hold and for the giver itself.
    """
    _check_day(on, "on")
    if taker.pk == batch.produce.cooperative_id:
        raise ValidationError({"taker": _("Choose another cooperative.")})
    if g <= 0:
        raise ValidationError({"g": _("Write a weight above zero.")})
    if not 0 < fen_per_kg <= actions.MOST_FEN_PER_KG:
        raise ValidationError({"fen_per_kg": _("Write a price above zero and up to 100,000 yuan per kilogram.")})
    _lock(batch.produce_id)
    _take(_fit(batch.produce, batch), g=g, on=on, field="g", shelf_life_days=batch.produce.shelf_life_days)
    return HandOver.objects.create(
        batch=batch,
        taker=taker,
        g=g,
        fen_per_kg=fen_per_kg,
        handed_on=on,
        note=note,
        offered_at=days.now(),
        offered_by=by,
    )


@transaction.atomic
def accept(*, hand_over: HandOver, by=None) -> CarryOn:
    """Put the goods of `hand_over` on the taker's books, gram for gram, under its produce of the same code.

    Where it has none it gets one, without packs: raw goods that it does not sell. Raises ValidationError where it was
    decided meanwhile, or the batch holds less now.
    """
    given = HandOver.objects.select_related("batch__produce", "taker").get(pk=hand_over.pk)
    kind = given.batch.produce
    own, _is_new = Produce.objects.get_or_create(
        cooperative=given.taker,
        code=kind.code,
        defaults={
            name: getattr(kind, name)
            for name in (
                "name",
                "variety",
                "category",
                "harvest_from",
                "harvest_to",
                "shelf_life_days",
                "is_cold_chain",
                "is_b2b_only",
            )
        },
    )
    _lock(kind.pk, own.pk)
    _decide(given, HandOver.State.ACCEPTED, by=by)
    taken = _take(
        _fit(kind, given.batch), g=given.g, on=given.handed_on, field="g", shelf_life_days=kind.shelf_life_days
    )
    return _carry(kind, own, taken, out_g=given.g, on=given.handed_on, hand_over=given, by=by)


@transaction.atomic
def decline(*, hand_over: HandOver, by=None) -> None:
    """Say, as the taker, that the goods of `hand_over` did not come. Raises ValidationError where it was decided before."""
    _decide(hand_over, HandOver.State.DECLINED, by=by)


@transaction.atomic
def call_off(*, hand_over: HandOver, by=None) -> None:
    """Take `hand_over` back, as the giver, before it is accepted. Raises ValidationError where it was decided before."""
    _decide(hand_over, HandOver.State.CALLED_OFF, by=by)


def _decide(hand_over: HandOver, state: str, *, by=None) -> None:
    # Of two who decide at once, one does.
    decided = HandOver.objects.open().filter(pk=hand_over.pk)
    if not decided.update(state=state, decided_at=days.now(), decided_by=by):
        raise ValidationError(_("This hand-over was decided meanwhile. Load the page again."))


@transaction.atomic
def process(
    *,
    produce: Produce,
    into: Produce,
    in_g: int,
    out_g: int,
    on: dt.date,
    batch: Batch | None = None,
    note: str = "",
    by=None,
) -> CarryOn:
    """Make `out_g` grams of `into` out of `in_g` grams of `produce`, of one cooperative, from its verified lots.

    They are taken first in first out from those that are good on that day, or from the lots of `batch` alone. Raises
    ValidationError by field where less is there, and where so much cannot have come out.
    """
    _check_day(on, "on")
    if produce.pk == into.pk or produce.cooperative_id != into.cooperative_id:
        raise ValidationError({"into": _("Choose other goods of your own.")})
    if in_g <= 0:
        raise ValidationError({"in_g": _("Write a weight above zero.")})
    if not 0 < out_g <= in_g:
        raise ValidationError({"out_g": _("No more can come out than went in. Weigh it without its packing.")})
    if not sharing.yield_fits(in_g=in_g, out_g=out_g, least_bp=into.yield_least_bp, most_bp=into.yield_most_bp):
        raise ValidationError(
            {
                "out_g": _("Of %(in)s kg, %(least)s to %(most)s kg come out. Check both weights.")
                % {
                    "in": kg_text(in_g),
                    "least": kg_text(-(-in_g * into.yield_least_bp // 10_000)),
                    "most": kg_text(in_g * into.yield_most_bp // 10_000),
                }
            }
        )
    _lock(produce.pk, into.pk)
    taken = _take(_fit(produce, batch), g=in_g, on=on, field="in_g", shelf_life_days=produce.shelf_life_days)
    return _carry(produce, into, taken, out_g=out_g, on=on, note=note, by=by)


def _fit(produce: Produce, batch: Batch | None):
    """Lots that may be carried on: verified, of `produce`, with goods left, of `batch` if there is one."""
    there = PurchaseLot.objects.filter(produce=produce).verified().with_goods_left()
    return there.filter(batch=batch) if batch else there


def _carry(
    produce: Produce,
    into: Produce,
    taken: Sequence[tuple[int, int]],
    *,
    out_g: int,
    on: dt.date,
    hand_over: HandOver | None = None,
    note: str = "",
    by=None,
) -> CarryOn:
    """Withdraw what is `taken` and write a lot of `into` for each lot it is taken from. Both produce rows are locked."""
    now = days.now()
    carry_on = CarryOn.objects.create(
        produce=produce,
        into=into,
        in_g=sum(g for _lot, g in taken),
        out_g=out_g,
        carried_on=on,
        note=note,
        hand_over=hand_over,
        made_at=now,
        made_by=by,
    )
    _withdraw(taken, kind=Withdrawal.Kind.CARRIED_ON, on=on, carry_on=carry_on, by=by)
    origins = PurchaseLot.objects.in_bulk([lot_id for lot_id, _g in taken])
    inputs = [sharing.Input(lot_id, g, origins[lot_id].fen_per_kg) for lot_id, g in taken]
    code = into.cooperative.code
    PurchaseLot.objects.bulk_create(
        PurchaseLot(
            lot_no=f"{code}-Z{carry_on.pk}-{n}",
            produce=into,
            household_id=origins[output.id].household_id,
            g=output.g,
            fen_per_kg=output.fen_per_kg,
            bought_on=on,
            entered_at=now,
            entered_by=by,
            verified_how=origins[output.id].verified_how,
            verified_at=origins[output.id].verified_at,
            verified_by_id=origins[output.id].verified_by_id,
            carried_from_id=output.id,
            household_sold_on=(origins[output.id].household_sold_on or origins[output.id].bought_on)
            if origins[output.id].household_id
            else None,
            carry_on=carry_on,
            slip_id=origins[output.id].slip_id or output.id,
        )
        for n, output in enumerate(sharing.carry_on(inputs, out_g=out_g), start=1)
    )
    return carry_on


@transaction.atomic
def undo_carry_on(*, carry_on: CarryOn, why: str, by=None) -> CarryOn:
    """Take goods back that were carried on: the lots made are taken back whole, the grams are in their old lots again.

    Raises ValidationError where something of the new lots has gone, and without a reason.
    """
    if not why.strip():
        raise ValidationError({"why": _("Write what was wrong.")})
    _lock(carry_on.produce_id, carry_on.into_id)
    lots = list(PurchaseLot.objects.select_for_update().filter(carry_on=carry_on).order_by("pk"))
    if carry_on.reverses_id or CarryOn.objects.filter(reverses=carry_on).exists():
        raise ValidationError(_("This was taken back already."))
    if any(lot.drawn_g or lot.withdrawn_g or lot.batch_id for lot in lots):
        raise ValidationError(_("Some of these goods have gone already, or are in a batch. Ask the county's staff."))
    back = CarryOn.objects.create(
        produce_id=carry_on.produce_id,
        into_id=carry_on.into_id,
        in_g=-carry_on.in_g,
        out_g=-carry_on.out_g,
        carried_on=carry_on.carried_on,
        note=why.strip(),
        reverses=carry_on,
        made_at=days.now(),
        made_by=by,
    )
    PurchaseLot.objects.filter(pk__in=[lot.pk for lot in lots]).update(
        reversed_at=back.made_at, reversed_by=by, reversed_why=why.strip()
    )
    for withdrawal in Withdrawal.objects.filter(carry_on=carry_on).order_by("pk"):
        _reverse(withdrawal, carry_on=back, by=by)
    return back


# ── A season is signed ───────────────────────────────────────────────────────────────────────────────────────────────


def is_owner(user, cooperative: Cooperative) -> bool:
    """Whether `user` owns `cooperative` today: only he signs its account."""
    posts = CooperativeStaff.objects.on(days.today()).filter(cooperative=cooperative, role=CooperativeStaff.Role.OWNER)
    return bool(user and user.is_authenticated) and posts.filter(user=user).exists()


def signed_text(figures: Mapping) -> str:
    """What is signed, as the same text for the same figures."""
    return json.dumps(figures, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    """The SHA-256 of what was signed, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def write_signature(
    *,
    produce: Produce,
    starts_on: dt.date,
    counted_on: dt.date,
    book_g: int,
    counted_g: int,
    explained: str,
    note: str,
    figures: Mapping,
    by,
) -> SignedAccount:
    """Freeze a season's account as it was signed. The caller holds the lock of the produce and has checked the rest."""
    text = signed_text(figures)
    return SignedAccount.objects.create(
        produce=produce,
        starts_on=starts_on,
        counted_on=counted_on,
        book_g=book_g,
        counted_g=counted_g,
        explained=explained,
        note=note,
        figures=text,
        sha256=digest(text),
        signed_at=days.now(),
        signed_by=by,
    )
