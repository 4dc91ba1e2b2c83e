"""Changes to the purchase ledger, and to what a sale is drawn from and credited to. Each is one transaction."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _
from stdnum import exceptions as stdnum_errors
from stdnum.cn import ric

from . import sharing
from .base import days, privacy
from .base.money import price_of
from .models import (
    Cooperative,
    Credit,
    Household,
    HouseholdMerger,
    HouseholdStatus,
    Membership,
    Produce,
    PurchaseLot,
    SaleAllocation,
    SupplyDeclaration,
    Village,
)
from .models.people import COUNTED_CATEGORIES

MOST_G_A_LOT = 100_000_000  # 100 t: beyond it a weight is a slip of the finger
MOST_G_DECLARED = 10_000_000_000  # 10,000 t: the county's whole harvest
MOST_FEN_PER_KG = 100_000_00
MOST_PEOPLE = 30
MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
BANK_ACCOUNT = re.compile(r"\d{12,21}", re.ASCII)
AMENDABLE = ("size", "mobile", "bank_account")


@dataclass(frozen=True)
class Sold:
    """Grams of a line that left, for so many fen, and have no lot yet."""

    line_id: int
    produce_id: int
    g: int
    fen: int
    dispatched_at: dt.datetime


@dataclass(frozen=True)
class Part:
    """Grams and fen of a line."""

    g: int
    fen: int


@transaction.atomic
def attribute(*, sold: Iterable[Sold]) -> dict[int, Part]:
    """Draw each of `sold` from verified lots, in the order (dispatched at, line id); return what stays untraced, by line.

    Rule: first in first out by (bought on, id) among the lots on the books at this moment that were bought by the day of
    dispatch and are within their shelf life. The caller sees to it that the same grams are not given twice.
    """
    sold = sorted(sold, key=lambda s: (s.dispatched_at, s.line_id))
    # The produce rows are the locks of their lots: two dispatches of the same goods draw one after the other.
    produce = Produce.objects.select_for_update().order_by("pk").in_bulk({s.produce_id for s in sold})
    lots: dict[int, list[sharing.Lot]] = defaultdict(list)
    drawn: dict[int, int] = {}
    rows = PurchaseLot.objects.filter(produce__in=produce).verified().with_goods_left().first_in_first_out()
    for lot_id, produce_id, bought_on, g, drawn_g in rows.values_list("pk", "produce", "bought_on", "g", "drawn_g"):
        lots[produce_id].append(sharing.Lot(lot_id, bought_on, g - drawn_g))
        drawn[lot_id] = drawn_g

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
            lots=on_hand,
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


def declaration_errors(*, g: int, starts_on: dt.date, ends_on: dt.date) -> dict[str, str]:
    """What is wrong with a declaration, by field; empty when nothing is."""
    if not 0 < g <= MOST_G_DECLARED:
        return {"g": _("Write how much you will have, between 1 kg and 10,000 tonnes.")}
    if ends_on < starts_on:
        return {"ends_on": _("The last day comes after the first.")}
    if ends_on < days.today():
        return {"ends_on": _("This harvest would be over already.")}
    if (ends_on - starts_on).days > 366:
        return {"ends_on": _("A harvest lasts a year at most.")}
    if (starts_on - days.today()).days > 730:
        return {"starts_on": _("That is more than two years ahead. Choose an earlier day.")}
    return {}


@transaction.atomic
def declare_supply(
    *,
    produce: Produce,
    g: int,
    starts_on: dt.date,
    ends_on: dt.date,
    fen_per_kg: int | None = None,
    grade: str = "",
    household: Household | None = None,
    replaces: SupplyDeclaration | None = None,
    by=None,
) -> SupplyDeclaration:
    """Write down who will have how much of `produce` from a day to a day; a later word on the same harvest `replaces` it.

    Raises ValidationError by field for weights that mean nothing, days that run backwards or are over, and a declaration
    that was replaced before.
    """
    if errors := declaration_errors(g=g, starts_on=starts_on, ends_on=ends_on):
        raise ValidationError(errors)
    declaration = SupplyDeclaration.objects.create(
        produce=produce,
        household=household,
        grade=grade,
        g=g,
        fen_per_kg=fen_per_kg,
        starts_on=starts_on,
        ends_on=ends_on,
        declared_at=days.now(),
        declared_by=by,
    )
    if replaces is not None:
        older = SupplyDeclaration.objects.filter(pk=replaces.pk, produce=produce, replaced_by=None)
        if not older.update(replaced_by=declaration):  # of two who replace it at once, one does
            raise ValidationError(_("This declaration was replaced meanwhile. Look at the newest one."))
    return declaration


@dataclass(frozen=True)
class Declaring:
    """A declaration as it is written down; `replaces` is the earlier word on the same harvest."""

    produce: Produce
    g: int
    starts_on: dt.date
    ends_on: dt.date
    fen_per_kg: int | None = None
    grade: str = ""
    household: Household | None = None
    replaces: SupplyDeclaration | None = None


@transaction.atomic
def declare_supplies(*, declarations: Sequence[Declaring], by=None) -> list[SupplyDeclaration]:
    """Write many declarations, all or none, with the checks of `declare_supply`. Raises ValidationError by field."""
    for one in declarations:
        if errors := declaration_errors(g=one.g, starts_on=one.starts_on, ends_on=one.ends_on):
            raise ValidationError(errors)
    now = days.now()
    made = SupplyDeclaration.objects.bulk_create(
        [
            SupplyDeclaration(
                produce=one.produce,
                household=one.household,
                grade=one.grade,
                g=one.g,
                fen_per_kg=one.fen_per_kg,
                starts_on=one.starts_on,
                ends_on=one.ends_on,
                declared_at=now,
                declared_by=by,
            )
            for one in declarations
        ],
        batch_size=2000,
    )
    for one, declaration in zip(declarations, made, strict=True):
        if one.replaces is None:
            continue
        older = SupplyDeclaration.objects.filter(pk=one.replaces.pk, produce=one.produce, replaced_by=None)
        if not older.update(replaced_by=declaration):
            raise ValidationError(_("This declaration was replaced meanwhile. Look at the newest one."))
    return made


@transaction.atomic
def remove_declarations(*, declaration_ids: Sequence[int], cooperative: Cooperative) -> None:
    """Take declarations of `cooperative` back; what they replaced holds again.

    Raises ValidationError where one was replaced itself, ProtectedError where something else is built on one.
    """
    own = SupplyDeclaration.objects.filter(pk__in=declaration_ids, produce__cooperative=cooperative)
    if own.filter(replaced_by=None).count() != len(declaration_ids):
        raise ValidationError(_("Some of these declarations were replaced since, so they stay."))
    SupplyDeclaration.objects.filter(replaced_by__in=declaration_ids).update(replaced_by=None)
    own.delete()


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


@transaction.atomic
def enter_lots(*, slips: Sequence[Slip], cooperative: Cooperative, by=None) -> list[PurchaseLot]:
    """Write many purchase slips of one cooperative, all or none, with the checks of `enter_lot`.

    Raises ValidationError by field of the first slip that cannot be true.
    """
    # As `enter_lot` locks it, but a thousand slips take their time: buyers' orders, which name the cooperative, go on.
    Cooperative.objects.select_for_update(no_key=True).get(pk=cooperative.pk)
    spells: dict[int, list[Membership]] = defaultdict(list)
    for membership in Membership.objects.filter(cooperative=cooperative):
        spells[membership.household_id].append(membership)
    numbers = [slip.lot_no for slip in slips]
    known: set[str] = set()
    for i in range(0, len(numbers), 5_000):
        known.update(PurchaseLot.objects.filter(lot_no__in=numbers[i : i + 5_000]).values_list("lot_no", flat=True))
    for slip in slips:
        if slip.produce.cooperative_id != cooperative.pk:
            raise ValueError("a slip of another cooperative's produce")
        is_member = slip.household is None or any(spell.covers(slip.bought_on) for spell in spells[slip.household.pk])
        if errors := slip_errors(slip, is_member=is_member, is_known=slip.lot_no in known):
            raise ValidationError(errors)
        known.add(slip.lot_no)
    now = days.now()
    return PurchaseLot.objects.bulk_create(
        [
            PurchaseLot(
                lot_no=slip.lot_no,
                produce=slip.produce,
                household=slip.household,
                grade=slip.grade,
                g=slip.g,
                fen_per_kg=slip.fen_per_kg,
                bought_on=slip.bought_on,
                entered_at=now,
                entered_by=by,
                voucher=slip.voucher,
            )
            for slip in slips
        ],
        batch_size=2000,
    )


@transaction.atomic
def enter_lot(
    *,
    lot_no: str,
    produce: Produce,
    household: Household | None,
    g: int,
    fen_per_kg: int,
    bought_on: dt.date,
    grade: str = "",
    voucher: str = "",
    by=None,
) -> PurchaseLot:
    """Write a purchase slip of `g` grams at `fen_per_kg`; it counts once it is verified.

    Raises ValidationError, by field, where the slip cannot be true.
    """
    # One slip at a time in a cooperative: a form sent twice finds the first one's number taken.
    Cooperative.objects.select_for_update().get(pk=produce.cooperative_id)
    slip = Slip(lot_no, produce, household, g, fen_per_kg, bought_on)
    is_member = household is None or Membership.objects.on(bought_on).filter(
        household=household, cooperative=produce.cooperative_id
    )
    is_known = PurchaseLot.objects.filter(lot_no=lot_no)
    if errors := slip_errors(slip, is_member=bool(is_member), is_known=bool(is_known)):
        raise ValidationError(errors)
    return PurchaseLot.objects.create(
        lot_no=lot_no,
        produce=produce,
        household=household,
        grade=grade,
        g=g,
        fen_per_kg=fen_per_kg,
        bought_on=bought_on,
        entered_at=days.now(),
        entered_by=by,
        voucher=voucher,
    )


@transaction.atomic
def remove_lots(*, lot_ids: Sequence[int], cooperative: Cooperative) -> None:
    """Take slips of `cooperative` out of the ledger that nobody has verified and nothing was sold from.

    Raises ValidationError where one of them is verified, and ProtectedError where anything else is built on one; nothing
    is changed then. (What was verified is history, and the database keeps it.)
    """
    Cooperative.objects.select_for_update(no_key=True).get(pk=cooperative.pk)
    for i in range(0, len(lot_ids), 5_000):
        some = lot_ids[i : i + 5_000]
        own = PurchaseLot.objects.filter(pk__in=some, produce__cooperative=cooperative)
        if own.unverified().count() != len(some):
            raise ValidationError(_("Some of these slips are verified already, so they stay. Correct them one by one."))
        own.delete()


@transaction.atomic
def verify_lot(
    *, lot: PurchaseLot, how: str, by=None, receipt: str = "", paid_on: dt.date | None = None
) -> PurchaseLot:
    """Mark `lot` verified: paid through the bank, confirmed by the household, or checked at the township. Once only.

    With `paid_on` it is noted as paid in full that day; the number of the bank's `receipt` joins the voucher.
    Raises ValidationError for a day before the purchase or still to come.
    """
    if paid_on and not lot.bought_on <= paid_on <= days.today():
        raise ValidationError({"paid_on": _("The day of payment is between the day of purchase and today.")})
    lot = PurchaseLot.objects.select_for_update().get(pk=lot.pk)
    if lot.verified_at is None:
        lot.verified_how, lot.verified_at, lot.verified_by = PurchaseLot.Verified(how), days.now(), by
        lot.voucher = " · ".join(filter(None, [lot.voucher, receipt]))
        if paid_on and lot.paid_on is None:
            lot.paid_on, lot.paid_fen = paid_on, price_of(lot.g, lot.fen_per_kg)
        lot.save(update_fields=["verified_how", "verified_at", "verified_by", "voucher", "paid_on", "paid_fen"])
    return lot


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


def register_household(
    *, registration: Registration, cooperative: Cooperative, member_from: dt.date
) -> tuple[Household, bool]:
    """Make the household of `registration` a member of `cooperative` from a day; return it, and whether it is new.

    A household known under the same ID number is that household: it keeps what is written of it and joins. Raises
    ValidationError by field for an ID number that cannot be, a number that is another household's, a member already.
    """
    try:
        with transaction.atomic():
            return _register(registration, cooperative, member_from)
    except IntegrityError as error:
        # Somebody wrote the same household at the same moment.
        raise ValidationError(
            {"household_no": _("This household has just been entered. Look for it in the list.")}
        ) from error


def registration_errors(registration: Registration, member_from: dt.date) -> tuple[str, dict[str, str]]:
    """The ID number as it is kept, and what is wrong with `registration` by field; looks at nothing but itself."""
    errors = {}
    try:
        id_number = ric.validate(registration.id_number)
    except stdnum_errors.ValidationError:
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
    return id_number, errors | contact_errors(
        size=registration.size, mobile=registration.mobile, bank_account=registration.bank_account
    )


def contact_errors(*, size: int, mobile: str, bank_account: str) -> dict[str, str]:
    """What is wrong with what a household is reached and paid by, by field; empty ones are not known yet."""
    errors = {}
    if not 1 <= size <= MOST_PEOPLE:
        errors["size"] = _("A household has 1 to 30 people.")
    if mobile and not MOBILE.fullmatch(mobile):
        errors["mobile"] = _("A mobile number has 11 digits and begins with 1.")
    if bank_account and not BANK_ACCOUNT.fullmatch(bank_account):
        errors["bank_account"] = _("A bank account has 12 to 21 digits. Copy it from the card.")
    return errors


def _register(registration: Registration, cooperative: Cooperative, member_from: dt.date) -> tuple[Household, bool]:
    id_number, errors = registration_errors(registration, member_from)
    known = Household.objects.filter(id_index=privacy.keyed_index(id_number)).first() if id_number else None
    # A spell that begins later would lie within the new one, which has no end.
    own = Membership.objects.filter(household=known, cooperative=cooperative)
    if known and (own.on(member_from) or own.filter(starts_on__gt=member_from)):
        errors["id_number"] = _("This household is a member already, under the number %(no)s.") % {
            "no": known.household_no
        }
    if known is None and Household.objects.filter(household_no=registration.household_no):
        errors["household_no"] = _("This number is another household's. Check the number and the ID number.")
    if errors:
        raise ValidationError(errors)
    household = known or Household.objects.create(
        household_no=registration.household_no,
        head=registration.head,
        id_number=id_number,
        village=registration.village,
        size=registration.size,
        mobile=registration.mobile,
        bank_account=registration.bank_account,
    )
    if known is None and registration.category:
        _status_of(household, registration).save()
    Membership.objects.create(household=household, cooperative=cooperative, starts_on=member_from)
    return household, known is None


@dataclass(frozen=True)
class Joined:
    """A household that has become a member, by which `membership`, and whether it `is_new` or was known before."""

    household: Household
    membership: Membership
    is_new: bool


@transaction.atomic
def register_households(
    *, registrations: Sequence[tuple[Registration, dt.date]], cooperative: Cooperative
) -> list[Joined]:
    """Make many households members of `cooperative`, each from its day, all or none, as `register_household` does one.

    Raises ValidationError by field of the first that cannot be.
    """
    checked = []
    for registration, member_from in registrations:
        id_number, errors = registration_errors(registration, member_from)
        if errors:
            raise ValidationError(errors)
        checked.append((registration, member_from, id_number, privacy.keyed_index(id_number)))
    known = households_by_id_index([index for *_rest, index in checked])
    spells: dict[int, list[Membership]] = defaultdict(list)
    for membership in Membership.objects.filter(cooperative=cooperative):
        spells[membership.household_id].append(membership)
    fresh: list[Household] = []
    for registration, member_from, id_number, index in checked:
        if index not in known:
            household = Household(
                household_no=registration.household_no,
                head=registration.head,
                id_number=id_number,
                id_index=index,
                village=registration.village,
                size=registration.size,
                mobile=registration.mobile,
                bank_account=registration.bank_account,
            )
            fresh.append(household)
        elif is_member_from(member_from, spells[known[index].pk]):
            raise ValidationError(
                {
                    "id_number": _("This household is a member already, under the number %(no)s.")
                    % {"no": known[index].household_no}
                }
            )
    try:
        with transaction.atomic():
            Household.objects.bulk_create(fresh, batch_size=1000)
            new = {household.id_index: household for household in fresh}
            HouseholdStatus.objects.bulk_create(
                [
                    _status_of(new[index], registration)
                    for registration, _member_from, _id_number, index in checked
                    if index in new and registration.category
                ],
                batch_size=2000,
            )
            memberships = Membership.objects.bulk_create(
                [
                    Membership(household=new.get(index) or known[index], cooperative=cooperative, starts_on=member_from)
                    for _registration, member_from, _id_number, index in checked
                ],
                batch_size=2000,
            )
    except IntegrityError as error:
        # A number that is another household's, or somebody wrote the same one at the same moment.
        raise ValidationError(
            {"household_no": _("This number is another household's. Check the number and the ID number.")}
        ) from error
    return [
        Joined(membership.household, membership, is_new=membership.household.id_index in new)
        for membership in memberships
    ]


def is_member_from(day: dt.date, spells: Iterable[Membership]) -> bool:
    """Whether a membership from `day` on, which has no end, would meet one of `spells`."""
    return any(spell.covers(day) or spell.starts_on > day for spell in spells)


def households_by_id_index(indexes: Sequence[str]) -> dict[str, Household]:
    """The households with one of these keyed indexes of their ID number, by it."""
    found = {}
    for i in range(0, len(indexes), 5_000):
        for household in Household.objects.filter(id_index__in=indexes[i : i + 5_000]):
            found[household.id_index] = household
    return found


@transaction.atomic
def amend_households(*, amendments: Mapping[int, Mapping[str, object]]) -> None:
    """Write how many people households have and how they are reached, by id: `size`, `mobile`, `bank_account`.

    Raises ValidationError by field of the first that cannot be.
    """
    households = Household.objects.select_for_update().order_by("pk").in_bulk(list(amendments))
    for pk, amendment in amendments.items():
        household = households[pk]
        for name in AMENDABLE:
            setattr(household, name, amendment.get(name, getattr(household, name)))
        errors = contact_errors(size=household.size, mobile=household.mobile, bank_account=household.bank_account)
        if errors:
            raise ValidationError(errors)
    Household.objects.bulk_update(households.values(), AMENDABLE, batch_size=200)


def _status_of(household: Household, registration: Registration) -> HouseholdStatus:
    """The unsaved status that a cooperative writes of a household."""
    return HouseholdStatus(household=household, category=registration.category, starts_on=registration.category_from)


@transaction.atomic
def merge_households(*, household: Household, into: Household, on: dt.date) -> None:
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
        HouseholdMerger(household_id=pk, into=into, merged_on=max(on, joined_on))
        for pk, joined_on in [(household.pk, on), *earlier]
    )
