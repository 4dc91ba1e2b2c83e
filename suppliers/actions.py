"""Changes to the purchase ledger, and to what a sale is drawn from and credited to. Each is one transaction."""

import datetime as dt
import json
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from . import harvests, sharing
from .base import days, identity, privacy
from .base.money import price_of
from .models import (
    Collector,
    Cooperative,
    Credit,
    Household,
    HouseholdMerger,
    HouseholdStatus,
    Membership,
    MembershipRequest,
    Produce,
    PurchaseLot,
    SaleAllocation,
    SlipDispute,
    SlipPhoto,
    SupplyDeclaration,
    SupplyKey,
    Village,
)
from .models.ledger import new_code
from .models.people import COUNTED_CATEGORIES

MOST_G_A_LOT = 100_000_000  # 100 t: beyond it a weight is a slip of the finger
MOST_G_DECLARED = 10_000_000_000  # 10,000 t: the county's whole harvest
MOST_FEN_PER_KG = 100_000_00
MOST_HOUSEHOLDS_DECLARED = 2_000
MOST_MU_HUNDREDTHS = 100_000_000
MOST_TREES = 50_000_000
MOST_PEOPLE = 30
MOST_IDS = 5_000  # a look-up names so many at once
MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
BANK_ACCOUNT = re.compile(r"\d{12,21}", re.ASCII)
HOUSEHOLD_NO = re.compile(r"[A-Z0-9][A-Z0-9-]{0,19}")


@dataclass(frozen=True)
class Sold:
    """Grams of a line that left, for so many fen, and have no lot yet. With a batch, they were packed from its lots alone."""

    line_id: int
    produce_id: int
    g: int
    fen: int
    dispatched_at: dt.datetime
    batch_id: int | None = None


@dataclass(frozen=True)
class Part:
    """Grams and fen of a line."""

    g: int
    fen: int


@transaction.atomic
def attribute(*, sold: Iterable[Sold]) -> dict[int, Part]:
    """Draw each of `sold` from verified lots, in the order (dispatched at, line id); return what stays untraced, by line.

    Rule: first in first out by (bought on, id) among the lots on the books at this moment that were bought by the day of
    dispatch and are within their shelf life, or among those of the batch named at packing. The caller sees to it that the same grams are not given twice.
    """
    sold = sorted(sold, key=lambda s: (s.dispatched_at, s.line_id))
    # The produce rows are the locks of their lots: two dispatches of the same goods draw one after the other.
    produce = Produce.objects.select_for_update().order_by("pk").in_bulk({s.produce_id for s in sold})
    lots: dict[int, list[sharing.Lot]] = defaultdict(list)
    drawn: dict[int, int] = {}
    batch_of: dict[int, int | None] = {}
    rows = PurchaseLot.objects.filter(produce__in=produce).verified().with_goods_left().first_in_first_out()
    columns = ("pk", "produce", "bought_on", "g", "drawn_g", "withdrawn_g", "batch")
    for lot_id, produce_id, bought_on, g, drawn_g, withdrawn_g, batch_id in rows.values_list(*columns):
        lots[produce_id].append(sharing.Lot(lot_id, bought_on, g - drawn_g - withdrawn_g))
        drawn[lot_id] = drawn_g
        batch_of[lot_id] = batch_id

    now = days.now()
    touched: set[int] = set()
    made: list[SaleAllocation] = []
    untraced: dict[int, Part] = {}
    for item in sold:
        on_hand = lots[item.produce_id]
        draws = sharing.draw(
            g=item.g,
            fen=item.fen,
            on=days.day_of(item.dispatched_at),
            lots=on_hand if item.batch_id is None else [lot for lot in on_hand if batch_of[lot.id] == item.batch_id],
            shelf_life_days=produce[item.produce_id].shelf_life_days,
        )
        taken = {}
        for part in draws:
            if part.lot_id is None:
                untraced[item.line_id] = Part(part.g, part.fen)
                continue
            made.append(
                SaleAllocation(line_id=item.line_id, lot_id=part.lot_id, g=part.g, sales_fen=part.fen, made_at=now)
            )
            taken[part.lot_id] = part.g
            drawn[part.lot_id] += part.g
        touched |= taken.keys()
        if taken:
            lots[item.produce_id] = [
                replace(lot, left_g=lot.left_g - taken.get(lot.id, 0))
                for lot in on_hand
                if lot.left_g > taken.get(lot.id, 0)
            ]
    SaleAllocation.objects.bulk_create(made, batch_size=2000)
    PurchaseLot.objects.bulk_update(
        [PurchaseLot(pk=lot_id, drawn_g=drawn[lot_id]) for lot_id in sorted(touched)], ["drawn_g"], batch_size=200
    )
    return untraced


@dataclass(frozen=True)
class GivenBack:
    """Grams and fen of a line that a refund gives back; `untraced` is what of the line has no lot at that moment."""

    line_id: int
    g: int
    fen: int
    untraced: Part


@transaction.atomic
def reverse(*, given_back: Iterable[GivenBack], at: dt.datetime) -> dict[int, Part]:
    """Reverse what each of `given_back` was drawn from; return the share that falls on the untraced part, by line.

    The reversals are made `at` the moment of their refund, which is how `credit` knows them. A line's grams never go back to a lot. Raises ValueError where more is given back than the line still holds.
    """
    given_back = list(given_back)
    held: dict[int, list[sharing.Held]] = defaultdict(list)
    lot_of: dict[int, int] = {}
    originals = (
        SaleAllocation.objects.filter(line__in=[back.line_id for back in given_back], reverses=None)
        .annotate(back_g=Sum("reversals__g", default=0), back_fen=Sum("reversals__sales_fen", default=0))
        .order_by("pk")
    )
    for original in originals:
        held[original.line_id].append(
            sharing.Held(original.pk, original.g + original.back_g, original.sales_fen + original.back_fen)
        )
        lot_of[original.pk] = original.lot_id

    made, untraced_back = [], {}
    for back in given_back:
        parts = [*held[back.line_id], sharing.Held(None, back.untraced.g, back.untraced.fen)]
        for part in sharing.take_back(g=back.g, fen=back.fen, held=parts):
            if part.id is None:
                untraced_back[back.line_id] = Part(part.g, part.fen)
            elif part.g or part.fen:
                made.append(
                    SaleAllocation(
                        line_id=back.line_id,
                        lot_id=lot_of[part.id],
                        g=-part.g,
                        sales_fen=-part.fen,
                        made_at=at,
                        reverses_id=part.id,
                    )
                )
    SaleAllocation.objects.bulk_create(made, batch_size=2000)
    return untraced_back


@transaction.atomic
def credit(
    *,
    on_by_line: Mapping[int, dt.date],
    on_by_reversal: Mapping[tuple[int, dt.datetime], dt.date] = MappingProxyType({}),
) -> int:
    """Credit households with what the lines of recognised sales were drawn from and is not credited yet.

    `on_by_line` gives the day of the credits for each line id, `on_by_reversal` that of reversals with a day of their
    own, by line id and the moment they were made. Reversals become negative credits that name the credit
    they reverse. Return how many credits were made; called again it makes none.
    """
    line_ids = list(on_by_line)
    now = days.now()
    fresh = (
        SaleAllocation.objects.filter(line__in=line_ids, credit=None, lot__household__isnull=False)
        .select_related("lot")
        .order_by("pk")
    )
    firsts = [
        Credit(
            household_id=allocation.lot.household_id,
            amount_fen=sharing.credit_fen(allocation.g, allocation.lot.fen_per_kg),
            credited_on=on_by_line[allocation.line_id],
            allocation=allocation,
            made_at=now,
        )
        for allocation in fresh
        if allocation.reverses_id is None
    ]
    Credit.objects.bulk_create(firsts, batch_size=2000)

    reversals = [allocation for allocation in fresh if allocation.reverses_id]
    standing = {
        first.allocation_id: [first, first.allocation.g, first.amount_fen]
        for first in Credit.objects.filter(
            allocation__in={allocation.reverses_id for allocation in reversals}
        ).select_related("allocation")
    }
    # What earlier reversals have taken already counts as gone.
    for earlier in Credit.objects.filter(reverses__allocation__in=standing).select_related("allocation", "reverses"):
        state = standing[earlier.reverses.allocation_id]
        state[1] += earlier.allocation.g
        state[2] += earlier.amount_fen
    made = []
    for allocation in reversals:
        state = standing[allocation.reverses_id]
        first, left_g, left_fen = state
        back_fen = sharing.reversal_fen(
            back_g=-allocation.g, left_g=left_g, left_fen=left_fen, fen_per_kg=allocation.lot.fen_per_kg
        )
        state[1] += allocation.g
        state[2] -= back_fen
        made.append(
            Credit(
                household_id=first.household_id,
                amount_fen=-back_fen,
                credited_on=on_by_reversal.get(
                    (allocation.line_id, allocation.made_at), on_by_line[allocation.line_id]
                ),
                allocation=allocation,
                made_at=now,
                reverses=first,
            )
        )
    Credit.objects.bulk_create(made, batch_size=2000)
    return len(firsts) + len(made)


@dataclass(frozen=True, kw_only=True)
class Declaring:
    """A declaration as it is written down: of `produce`, or without one of a `kind` in a `village`.

    `replaces` is the earlier word on the same harvest.
    """

    produce: Produce | None = None
    g: int
    starts_on: dt.date
    ends_on: dt.date
    kind: str = ""
    village: Village | None = None
    fen_per_kg: int | None = None
    variety: str = ""
    grade: str = ""
    household: Household | None = None
    households: int | None = None
    mu_hundredths: int | None = None
    trees: int | None = None
    unusual_why: str = ""
    confidence: str = SupplyDeclaration.Confidence.LIKELY
    photo: bytes | None = None
    replaces: SupplyDeclaration | None = None


def declare_supply(*, by=None, **said: Any) -> SupplyDeclaration:
    """Write down who will have how much of what from a day to a day, `said` as in `Declaring`. Raises as `declare_supplies`."""
    return declare_supplies(declarations=[Declaring(**said)], by=by)[0]


@transaction.atomic
def declare_supplies(*, declarations: Sequence[Declaring], by=None) -> list[SupplyDeclaration]:
    """Write down many declarations, all or none; a later word on the same harvest replaces the earlier one.

    Raises ValidationError by field as `check_declaration`, and for a declaration that was replaced or called off before.
    """
    for one in declarations:
        check_declaration(one)
    now = days.now()
    made = SupplyDeclaration.objects.bulk_create(
        [
            SupplyDeclaration(
                produce=one.produce,
                kind="" if one.produce else one.kind,
                village=one.village,
                household=one.household,
                households=one.households,
                variety=one.variety,
                grade=one.grade,
                g=one.g,
                mu_hundredths=one.mu_hundredths,
                trees=one.trees,
                unusual_why=one.unusual_why,
                fen_per_kg=one.fen_per_kg,
                starts_on=one.starts_on,
                ends_on=one.ends_on,
                confidence=one.confidence,
                photo=one.photo or (one.replaces.photo if one.replaces else None),
                declared_at=now,
                declared_by=by,
            )
            for one in declarations
        ],
        batch_size=1000,
    )
    for one, declaration in zip(declarations, made, strict=True):
        if one.replaces is None:
            continue
        older = SupplyDeclaration.objects.standing().filter(
            pk=one.replaces.pk, produce=one.produce, kind=declaration.kind, household=one.household
        )
        if not older.update(replaced_by=declaration):  # of two who replace it at once, one does
            raise ValidationError(_("This declaration was replaced meanwhile. Look at the newest one."))
    return made


def check_declaration(one: Declaring) -> None:
    """Raises ValidationError by field for weights that mean nothing or that the area and the trees cannot bear, for an
    unusual yield without its reason, and for days that run backwards or are over."""
    _check_harvest(one.g, one.starts_on, one.ends_on, one.fen_per_kg)
    if one.households is not None and not 0 < one.households <= MOST_HOUSEHOLDS_DECLARED:
        raise ValidationError({"households": _("Write for how many households you speak, at least 1.")})
    check_amount(
        one.produce.code if one.produce else one.kind,
        one.g,
        mu_hundredths=one.mu_hundredths or 0,
        trees=one.trees or 0,
        unusual_why=one.unusual_why,
    )


def _check_harvest(g: int, starts_on: dt.date, ends_on: dt.date, fen_per_kg: int | None) -> None:
    if not 0 < g <= MOST_G_DECLARED:
        raise ValidationError({"g": _("Write how much you will have, between 1 kg and 10,000 tonnes.")})
    if fen_per_kg is not None and not 0 < fen_per_kg <= MOST_FEN_PER_KG:
        raise ValidationError({"fen_per_kg": _("Write a price above zero and up to 100,000 yuan per kilogram.")})
    check_harvest_days(starts_on, ends_on)


def check_harvest_days(starts_on: dt.date, ends_on: dt.date) -> None:
    """Raises ValidationError by field for days of picking that run backwards, are over, or are too far off."""
    if ends_on < starts_on:
        raise ValidationError({"ends_on": _("The last day comes after the first.")})
    if ends_on < days.today():
        raise ValidationError({"ends_on": _("This harvest would be over already.")})
    if (ends_on - starts_on).days > 366:
        raise ValidationError({"ends_on": _("A harvest lasts a year at most.")})
    if (starts_on - days.today()).days > 730:
        raise ValidationError({"starts_on": _("That is more than two years ahead. Choose an earlier day.")})


def check_amount(code: str, g: int, *, mu_hundredths: int = 0, trees: int = 0, unusual_why: str = "") -> None:
    """Raises ValidationError by field where so much land or so many trees cannot bear `g` of a kind, or not without a reason."""
    if not 0 < g <= MOST_G_DECLARED:
        raise ValidationError({"g": _("Write how much you will have, between 1 kg and 10,000 tonnes.")})
    if mu_hundredths > MOST_MU_HUNDREDTHS or trees > MOST_TREES:
        raise ValidationError({"g": _("The area or the number of trees is larger than the county. Check the digits.")})
    verdict = yields().get(code, harvests.Yields()).judge(g, mu_hundredths=mu_hundredths, trees=trees)
    if verdict is harvests.Verdict.ABSURD:
        raise ValidationError(
            {"g": _("So much land or so many trees cannot bear that. Check the weight and its unit, jin or kg.")}
        )
    if verdict is harvests.Verdict.UNUSUAL and not unusual_why:
        raise ValidationError(
            {"unusual_why": _("That is unusual for so much land or so many trees. Write in a few words why.")}
        )


@cache
def yields() -> dict[str, harvests.Yields]:
    """What is usual of each kind of produce, as suppliers/data/yields.json has it with its source."""
    written = json.loads((Path(__file__).parent / "data" / "yields.json").read_text("utf-8"))
    return {
        code: harvests.Yields(
            per_mu_jin=tuple(one["per_mu_jin"]) if "per_mu_jin" in one else None,
            per_tree_jin=tuple(one["per_tree_jin"]) if "per_tree_jin" in one else None,
            source=one["source"],
        )
        for code, one in written.items()
        if code != "_note"
    }


@transaction.atomic
def remove_declarations(*, declaration_ids: Sequence[int], cooperative: Cooperative) -> None:
    """Take declarations of `cooperative` back; what they replaced holds again.

    Raises ValidationError where one was replaced or called off itself, ProtectedError where something else is built on one.
    """
    own = SupplyDeclaration.objects.of(cooperative).filter(pk__in=declaration_ids)
    if own.standing().count() != len(declaration_ids):
        raise ValidationError(_("Some of these declarations were replaced since, so they stay."))
    SupplyDeclaration.objects.filter(replaced_by__in=declaration_ids).update(replaced_by=None)
    own.delete()


def call_off_supply(*, declaration: SupplyDeclaration) -> bool:
    """Nothing will come of `declaration`: it no longer counts. Return whether it still stood."""
    return bool(SupplyDeclaration.objects.standing().filter(pk=declaration.pk).update(called_off_at=days.now()))


@transaction.atomic
def give_supply_key(*, household: Household, cooperative: Cooperative) -> SupplyKey:
    """A new link by which `household` declares to `cooperative` until the end of next year; an older one ends. Raises
    ValidationError for a household that is no member."""
    Cooperative.objects.select_for_update().get(pk=cooperative.pk)
    today = days.today()
    if not Membership.objects.on(today).filter(household=household, cooperative=cooperative).exists():
        raise ValidationError({"household": _("This household is not a member of the cooperative today.")})
    SupplyKey.objects.filter(household=household, cooperative=cooperative, revoked_at=None).update(
        revoked_at=days.now()
    )
    return SupplyKey.objects.create(
        household=household, cooperative=cooperative, expires_on=dt.date(today.year + 1, 12, 31)
    )


@transaction.atomic
def appoint_collector(*, user, village: Village, starts_on: dt.date, by=None) -> Collector:
    """Have `user` collect declarations in `village` from a day on. Raises ValidationError where he does already."""
    running = Collector.objects.filter(user=user, village=village).filter(Q(ends_on=None) | Q(ends_on__gte=starts_on))
    if running.exists():
        raise ValidationError({"village": _("He collects in this village already.")})
    return Collector.objects.create(user=user, village=village, starts_on=starts_on, appointed_by=by)


@dataclass(frozen=True)
class Slip:
    """A purchase slip as it is written down; without `household` the goods are from another source."""

    lot_no: str
    produce: Produce
    household: Household | None
    g: int
    fen_per_kg: int
    bought_on: dt.date
    grade: str = ""
    voucher: str = ""
    signed_how: str = ""


def slip_errors(slip: Slip, *, is_member: bool, is_known: bool) -> dict[str, str]:
    """What is wrong with `slip`, by field, given whether its household was a member that day and its number is taken."""
    errors = {}
    if slip.bought_on > days.today():
        errors["bought_on"] = _("The day of purchase is still to come. Write the day the goods were weighed.")
    if not 0 < slip.g <= MOST_G_A_LOT:
        errors["g"] = _("Write a weight above zero and up to 100 tonnes.")
    if not 0 < slip.fen_per_kg <= MOST_FEN_PER_KG:
        errors["fen_per_kg"] = _("Write a price above zero and up to 100,000 yuan per kilogram.")
    if slip.household and not is_member:
        errors["household"] = _(
            "On that day this household was not a member of the cooperative. Add it to the members first."
        )
    if is_known:
        errors["lot_no"] = _("This slip number is in the ledger already. Look it up instead of entering it twice.")
    return errors


def _lot_of(slip: Slip, *, by, entry_key: uuid.UUID | None = None) -> PurchaseLot:
    """The unsaved lot of a slip, which its household may open."""
    return PurchaseLot(
        lot_no=slip.lot_no,
        produce=slip.produce,
        household=slip.household,
        grade=slip.grade,
        g=slip.g,
        fen_per_kg=slip.fen_per_kg,
        bought_on=slip.bought_on,
        entered_at=days.now(),
        entered_by=by,
        voucher=slip.voucher,
        signed_how=slip.signed_how,
        entry_key=entry_key,
        household_key=new_code() if slip.household else None,
    )


@transaction.atomic
def enter_lots(*, slips: Sequence[Slip], cooperative: Cooperative, by=None) -> list[PurchaseLot]:
    """Write many numbered purchase slips of one cooperative, all or none, with the checks of `enter_lot`.

    Raises ValidationError by field of the first slip that cannot be true.
    """
    # As `enter_lot` locks it, but a thousand slips take their time: buyers' orders, which name the cooperative, go on.
    Cooperative.objects.select_for_update(no_key=True).get(pk=cooperative.pk)
    spells = spells_of(cooperative)
    numbers = [slip.lot_no for slip in slips]
    known: set[str] = set()
    for i in range(0, len(numbers), MOST_IDS):
        some = PurchaseLot.objects.filter(lot_no__in=numbers[i : i + MOST_IDS])
        known.update(some.values_list("lot_no", flat=True))
    for slip in slips:
        if slip.produce.cooperative_id != cooperative.pk:
            raise ValueError("a slip of another cooperative's produce")
        is_member = slip.household is None or any(
            spell.covers(slip.bought_on) for spell in spells.get(slip.household.pk, ())
        )
        if errors := slip_errors(slip, is_member=is_member, is_known=slip.lot_no in known):
            raise ValidationError(errors)
        known.add(slip.lot_no)
    return PurchaseLot.objects.bulk_create([_lot_of(slip, by=by) for slip in slips], batch_size=1000)


def spells_of(cooperative: Cooperative) -> dict[int, list[Membership]]:
    """All memberships of a cooperative, by household, the earlier ones first."""
    spells: dict[int, list[Membership]] = defaultdict(list)
    for membership in Membership.objects.filter(cooperative=cooperative).order_by("starts_on", "pk"):
        spells[membership.household_id].append(membership)
    return dict(spells)


@transaction.atomic
def enter_lot(
    *,
    produce: Produce,
    household: Household | None,
    g: int,
    fen_per_kg: int,
    bought_on: dt.date,
    lot_no: str = "",
    grade: str = "",
    voucher: str = "",
    signed_how: str = "",
    photo: bytes | None = None,
    entry_key: uuid.UUID | None = None,
    by=None,
) -> PurchaseLot:
    """Write a purchase slip of `g` grams at `fen_per_kg`, with the (redrawn) `photo` of its paper; it counts once it is verified.

    Without a `lot_no` it gets the next one of its cooperative and day: C01-20261125-003. A slip with an `entry_key` is
    written once: sent again it is the one that was written. Raises ValidationError, by field, where the slip cannot be
    true, or where another slip was written with its key.
    """
    # One slip at a time in a cooperative: a form sent twice finds the first one's key, or its number, taken.
    cooperative = Cooperative.objects.select_for_update().get(pk=produce.cooperative_id)
    if entry_key and (known := PurchaseLot.objects.filter(entry_key=entry_key).first()):
        said = (known.produce_id, known.household_id, known.grade, known.g, known.fen_per_kg, known.bought_on)
        if said != (produce.pk, household.pk if household else None, grade, g, fen_per_kg, bought_on):
            raise ValidationError(
                _("This was written already as slip %(no)s, in other words. Look at that slip, or begin a new one.")
                % {"no": known.lot_no if known.produce.cooperative_id == cooperative.pk else "…"}
            )
        return known
    slip = Slip(lot_no, produce, household, g, fen_per_kg, bought_on, grade, voucher, signed_how)
    is_member = household is None or bool(
        Membership.objects.on(bought_on).filter(household=household, cooperative=produce.cooperative_id)
    )
    is_known = bool(lot_no and PurchaseLot.objects.filter(lot_no=lot_no))
    if errors := slip_errors(slip, is_member=is_member, is_known=is_known):
        raise ValidationError(errors)
    lot = _lot_of(
        replace(slip, lot_no=lot_no or _next_lot_no(cooperative, bought_on)),
        by=by,
        entry_key=entry_key,
    )
    lot.save(force_insert=True)
    if photo:
        SlipPhoto.objects.create(lot=lot, content=photo)
    return lot


def _next_lot_no(cooperative: Cooperative, day: dt.date) -> str:
    """The number after the last of this cooperative and day. The cooperative's row is locked."""
    begins = f"{cooperative.code}-{day:%Y%m%d}-"
    taken = PurchaseLot.objects.filter(lot_no__startswith=begins).values_list("lot_no", flat=True)
    numbers = [int(end) for no in taken if (end := no.removeprefix(begins)).isdecimal() and len(end) < 7]
    return f"{begins}{max(numbers, default=0) + 1:03d}"


@transaction.atomic
def remove_lots(*, lot_ids: Sequence[int], cooperative: Cooperative) -> None:
    """Take slips of `cooperative` out of the ledger that count for nothing yet: nobody has verified, paid or corrected one.

    Raises ValidationError where one of them is more than that, and ProtectedError where anything else is built on one;
    nothing is changed then. (What was verified, paid or taken back is history, and the database keeps it.)
    """
    Cooperative.objects.select_for_update(no_key=True).get(pk=cooperative.pk)
    for i in range(0, len(lot_ids), MOST_IDS):
        some = lot_ids[i : i + MOST_IDS]
        own = PurchaseLot.objects.filter(pk__in=some, produce__cooperative=cooperative)
        if own.unverified().filter(paid_on=None, corrects=None).count() != len(some):
            raise ValidationError(
                _("Some of these slips are verified, paid or corrected already, so they stay. Correct them one by one.")
            )
        own.delete()


@transaction.atomic
def verify_lot(
    *, lot: PurchaseLot, how: str, by=None, receipt: str = "", paid_on: dt.date | None = None
) -> PurchaseLot:
    """Mark `lot` verified: paid through the bank, confirmed by the household, or checked at the township. Once only.

    With `paid_on` it is noted as paid in full that day; the number of the bank's `receipt` joins the voucher.
    Raises ValidationError for a day before the purchase or still to come, for a slip that was taken back, and, unless the
    bank paid, for one that somebody says is wrong as long as that is open.
    """
    if paid_on and not lot.bought_on <= paid_on <= days.today():
        raise ValidationError({"paid_on": _("The day of payment is between the day of purchase and today.")})
    lot = PurchaseLot.objects.select_for_update().get(pk=lot.pk)
    if lot.reversed_at:
        raise ValidationError(_("This slip was taken back, so it is not verified. The right one stands in its place."))
    if paid_on and lot.paid_on is None and lot.payment_slips.filter(is_live=True).exists():
        raise ValidationError(_("This slip is in a payment run. Mark it as paid there."))
    if lot.verified_at is None:
        if how != PurchaseLot.Verified.BANK and SlipDispute.objects.open().filter(lot=lot):
            raise ValidationError(_("Somebody says that this slip is wrong. The county decides about that first."))
        lot.verified_how, lot.verified_at, lot.verified_by = PurchaseLot.Verified(how), days.now(), by
        lot.voucher = " · ".join(filter(None, [lot.voucher, receipt]))
        if paid_on and lot.paid_on is None:
            lot.paid_on, lot.paid_fen = paid_on, price_of(lot.g, lot.fen_per_kg)
        lot.save(update_fields=["verified_how", "verified_at", "verified_by", "voucher", "paid_on", "paid_fen"])
    return lot


@transaction.atomic
def pay_lots(*, fen_of: Mapping[int, int], paid_on: dt.date, receipt: str, through_bank: bool, by=None) -> int:
    """Note lots (ids, each with its fen) as paid on a day, those through the bank as verified by it; return how many.

    What `verify_lot` does for one slip, for the slips of a payment run. Raises ValidationError for a day before a purchase
    or still to come, and for a slip that was taken back or paid another way.
    """
    lots = list(PurchaseLot.objects.select_for_update().filter(pk__in=fen_of).order_by("pk"))
    if paid_on > days.today() or any(paid_on < lot.bought_on for lot in lots):
        raise ValidationError({"paid_on": _("The day of payment is between the day of purchase and today.")})
    if gone := [lot.lot_no for lot in lots if lot.paid_on or lot.reversed_at]:
        raise ValidationError(
            _("These slips were taken back or paid another way: %(slips)s. Mark their households as not paid.")
            % {"slips": "、".join(gone[:5])}
        )
    now = days.now()
    for lot in lots:
        lot.paid_on, lot.paid_fen = paid_on, fen_of[lot.pk]
        lot.voucher = " · ".join(filter(None, [lot.voucher, receipt]))[:60]
        if through_bank and lot.verified_at is None:
            lot.verified_how, lot.verified_at, lot.verified_by = PurchaseLot.Verified.BANK, now, by
    columns = ["paid_on", "paid_fen", "voucher", "verified_how", "verified_at", "verified_by"]
    return PurchaseLot.objects.bulk_update(lots, columns, batch_size=200)


@dataclass(frozen=True)
class Registration:
    """A household as a cooperative writes it down. `category` is empty for one that is not registered."""

    household_no: str
    head: str
    id_number: str
    village: Village
    size: int
    category: str = ""
    category_from: dt.date | None = None
    mobile: str = ""
    bank_account: str = ""

    def as_text(self) -> str:
        """What was written, for the county to compare; whoever keeps it encrypts it."""
        written = {name: value for name, value in vars(self).items() if name != "village"}
        return json.dumps(written | {"village": self.village.pk}, default=str, ensure_ascii=False)

    @classmethod
    def of_text(cls, text: str) -> "Registration":
        written = json.loads(text)
        since = written["category_from"]
        return cls(
            **written
            | {
                "village": Village.objects.get(pk=written["village"]),
                "category_from": dt.date.fromisoformat(since) if since else None,
            }
        )


class KnownOtherwise(ValidationError):
    """The household is known with another number, name or village: the county decides, and tells nobody but itself as what."""

    def __init__(self, household: Household):
        super().__init__(
            _("The county looks at this household first. You see here what it decides; there is nothing more to do.")
        )
        self.household = household


def register_household(
    *, registration: Registration, cooperative: Cooperative, member_from: dt.date, by=None
) -> tuple[Household, bool]:
    """Make the household of `registration` a member of `cooperative` from a day; return it, and whether it is new.

    A household known under the same ID number is that household: it keeps what is written of it and joins. Its status
    waits for the county. Raises ValidationError by field for an ID number that cannot be, a number that is another
    household's, a member already; KnownOtherwise where what is written does not agree with what is known, which the
    county alone is told (MembershipRequest).
    """
    try:
        with transaction.atomic():
            return _register(registration, cooperative, member_from, by)
    except KnownOtherwise as known:
        _ask_county(registration, cooperative, member_from, known.household, by)
        raise
    except IntegrityError as error:
        # Somebody wrote the same household at the same moment.
        raise ValidationError(
            {"household_no": _("This household has just been entered. Look for it in the list.")}
        ) from error


@transaction.atomic
def _ask_county(
    registration: Registration, cooperative: Cooperative, member_from: dt.date, household: Household, by
) -> MembershipRequest:
    """Keep what was written for the county; what was asked before and is not decided gives way to it."""
    request, _is_new = MembershipRequest.objects.update_or_create(
        cooperative=cooperative,
        household=household,
        decided_at=None,
        defaults={
            "written": registration.as_text(),
            "member_from": member_from,
            "asked_at": days.now(),
            "asked_by": by,
        },
    )
    return request


def registration_errors(registration: Registration, member_from: dt.date) -> tuple[str, dict[str, str]]:
    """The ID number as it is kept, and what is wrong with `registration` by field; looks at nothing but itself."""
    errors = {}
    try:
        id_number = identity.id_number(registration.id_number)
    except ValueError:
        id_number = ""
        errors["id_number"] = _("This is no ID number. It has 18 signs; check each digit against the card.")
    if member_from > days.today():
        errors["member_from"] = _("This day is still to come.")
    if registration.category and registration.category not in COUNTED_CATEGORIES:
        errors["category"] = _("Choose a category from the list.")
    if registration.category and registration.category_from is None:
        errors["category_from"] = _("Write since when the household has this category.")
    if registration.category_from and registration.category_from > days.today():
        errors["category_from"] = _("This day is still to come.")
    if not HOUSEHOLD_NO.fullmatch(registration.household_no):
        errors["household_no"] = _("The number has letters, digits and - alone, such as WX900001.")
    return id_number, errors | contact_errors(
        size=registration.size, mobile=registration.mobile, bank_account=registration.bank_account
    )


def contact_errors(*, size: int | None, mobile: str | None, bank_account: str | None) -> dict[str, str]:
    """What is wrong with how many people a household has and how it is reached and paid, by field; empty is not known yet."""
    errors = {}
    if size is not None and not 1 <= size <= MOST_PEOPLE:
        errors["size"] = _("A household has 1 to 30 people.")
    if mobile and not MOBILE.fullmatch(mobile):
        errors["mobile"] = _("A mobile number has 11 digits and begins with 1.")
    if bank_account and not BANK_ACCOUNT.fullmatch(bank_account):
        errors["bank_account"] = _("A bank account has 12 to 21 digits. Check them against the passbook or the card.")
    return errors


def meet(
    registration: Registration,
    member_from: dt.date,
    *,
    known: Household | None,
    same_no: Household | None,
    own: Iterable[Membership],
) -> tuple[dict[str, str], Household | None]:
    """What is wrong with `registration` beside what is known, by field; and the household of which the county has to decide.

    `known` is known by the ID number, `same_no` by the number; `own` are the spells of `known` in the cooperative.
    """
    if known and is_member_from(member_from, own):
        return {
            "id_number": _("This household is a member already, under the number %(no)s.") % {"no": known.household_no}
        }, None
    if known is None and same_no and same_no.id_index:
        return {"household_no": _("This number is another household's. Check the number and the ID number.")}, None
    if known is None:
        # A household that came from a list without ID numbers is known by its number; that it is the same, the county says.
        return {}, same_no
    is_same = (known.household_no, known.head, known.village_id) == (
        registration.household_no,
        registration.head,
        registration.village.pk,
    )
    return {}, None if is_same else known


def is_member_from(day: dt.date, spells: Iterable[Membership]) -> bool:
    """Whether a membership from `day` on, which has no end, would meet one of `spells`."""
    return any(spell.covers(day) or spell.starts_on > day for spell in spells)


def _register(registration: Registration, cooperative: Cooperative, member_from: dt.date, by) -> tuple[Household, bool]:
    id_number, errors = registration_errors(registration, member_from)
    known = Household.objects.filter(id_index=privacy.keyed_index(id_number)).first() if id_number else None
    same_no = Household.objects.filter(household_no=registration.household_no).first()
    own = Membership.objects.filter(household=known, cooperative=cooperative) if known else ()
    met, to_decide = meet(registration, member_from, known=known, same_no=same_no, own=own)
    if errors := errors | met:
        raise ValidationError(errors)
    if to_decide:
        raise KnownOtherwise(to_decide)
    household = known or _household_of(registration, id_number)
    if known is None:
        household.save(force_insert=True)
    join(household=household, registration=registration, cooperative=cooperative, member_from=member_from)
    return household, known is None


def _household_of(registration: Registration, id_number: str) -> Household:
    """The unsaved household of a registration."""
    return Household(
        household_no=registration.household_no,
        head=registration.head,
        id_number=id_number,
        id_index=privacy.keyed_index(id_number),
        mobile=registration.mobile,
        bank_account=registration.bank_account,
        village=registration.village,
        size=registration.size,
    )


def join(*, household: Household, registration: Registration, cooperative: Cooperative, member_from: dt.date) -> None:
    """Make `household` a member, with what the cooperative wrote of it; its status waits for the county."""
    _membership_of(household, registration, cooperative, member_from).save()
    waiting = HouseholdStatus.objects.waiting().filter(household=household, proposed_by=cooperative)
    if registration.category and not waiting.exists():
        _status_of(household, registration, cooperative).save()


def _membership_of(household, registration: Registration, cooperative: Cooperative, member_from: dt.date) -> Membership:
    """The unsaved membership of a household, with what the cooperative wrote of it."""
    return Membership(
        household=household,
        cooperative=cooperative,
        starts_on=member_from,
        size=registration.size,
        mobile=registration.mobile,
        bank_account=registration.bank_account,
    )


def _status_of(household: Household, registration: Registration, cooperative: Cooperative) -> HouseholdStatus:
    """The unsaved status that a cooperative writes of a household."""
    return HouseholdStatus(
        household=household,
        category=registration.category,
        starts_on=registration.category_from,
        approved_at=None,  # it counts when the county has approved it
        proposed_by=cooperative,
        proposed_at=days.now(),
    )


@dataclass(frozen=True)
class Joined:
    """What came of a registration: the `membership` of a household that `is_new` or was known before, and the `status` that
    waits for the county; or the `request` on which the county decides first."""

    membership: Membership | None = None
    status: HouseholdStatus | None = None
    request: MembershipRequest | None = None
    is_new: bool = False


@transaction.atomic
def register_households(
    *, registrations: Sequence[tuple[Registration, dt.date]], cooperative: Cooperative, by=None
) -> list[Joined]:
    """Make many households members of `cooperative`, each from its day, all or none, as `register_household` does one.

    What the county has to decide on is asked of it, and the others join. Raises ValidationError by field of the first that
    cannot be.
    """
    checked = []
    for registration, member_from in registrations:
        id_number, errors = registration_errors(registration, member_from)
        if errors:
            raise ValidationError(errors)
        checked.append((registration, member_from, id_number, privacy.keyed_index(id_number)))
    by_index = {one.id_index: one for one in _households("id_index", [index for *_rest, index in checked])}
    by_no = {one.household_no: one for one in _households("household_no", [one.household_no for one, *_ in checked])}
    spells = spells_of(cooperative)
    waiting = set(HouseholdStatus.objects.waiting().filter(proposed_by=cooperative).values_list("household", flat=True))
    fresh: list[Household] = []
    memberships: list[Membership] = []
    statuses: list[HouseholdStatus] = []
    joined: list[Joined] = []
    for registration, member_from, id_number, index in checked:
        known = by_index.get(index)
        own = spells.get(known.pk, ()) if known else ()
        same_no = by_no.get(registration.household_no)
        errors, to_decide = meet(registration, member_from, known=known, same_no=same_no, own=own)
        if errors:
            raise ValidationError(errors)
        if to_decide:
            joined.append(Joined(request=_ask_county(registration, cooperative, member_from, to_decide, by)))
            continue
        household = known or _household_of(registration, id_number)
        if known is None:
            fresh.append(household)
        memberships.append(_membership_of(household, registration, cooperative, member_from))
        status = None
        if registration.category and household.pk not in waiting:
            status = _status_of(household, registration, cooperative)
            statuses.append(status)
        joined.append(Joined(memberships[-1], status, is_new=known is None))
    try:
        with transaction.atomic():
            Household.objects.bulk_create(fresh, batch_size=1000)
            Membership.objects.bulk_create(memberships, batch_size=1000)
            HouseholdStatus.objects.bulk_create(statuses, batch_size=1000)
    except IntegrityError as error:
        # Two rows of one number, or somebody wrote the same household at the same moment.
        raise ValidationError(
            {"household_no": _("This household has just been entered. Look for it in the list.")}
        ) from error
    return joined


def _households(name: str, values: Sequence[str]) -> Iterable[Household]:
    for i in range(0, len(values), MOST_IDS):
        yield from Household.objects.filter(**{f"{name}__in": values[i : i + MOST_IDS]})


@transaction.atomic
def merge_households(*, household: Household, into: Household, on: dt.date, by=None, why: str = "") -> None:
    """From `on`, count `household` as `into` (并户), and with it every household that was merged into it before.

    Raises ValidationError where the two are one, or `into` counts as another household itself.
    """
    if household.pk == into.pk:
        raise ValidationError(_("A household cannot be merged with itself."))
    list(Household.objects.select_for_update().filter(pk__in=[household.pk, into.pk]).order_by("pk"))
    if HouseholdMerger.objects.filter(household=into):
        raise ValidationError(
            _("That household was merged into another one. Merge into the household that it counts as.")
        )
    if HouseholdMerger.objects.filter(household=household):
        raise ValidationError(_("This household was merged already."))
    earlier = HouseholdMerger.objects.filter(into=household).values_list("household", "merged_on")
    # What joined `household` after `on` counts as `into` from the day it joined: not before, and never as `household`.
    HouseholdMerger.objects.bulk_create(
        HouseholdMerger(household_id=pk, into=into, merged_on=max(on, joined_on), made_by=by, why=why)
        for pk, joined_on in [(household.pk, on), *earlier]
    )
