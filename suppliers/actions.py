"""Changes to the purchase ledger, and to what a sale is drawn from and credited to. Each is one transaction."""

import datetime as dt
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from . import sharing
from .base import days, identity, privacy
from .base.money import price_of
from .models import (
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
    if not 0 < g <= MOST_G_DECLARED:
        raise ValidationError({"g": _("Write how much you will have, between 1 kg and 10,000 tonnes.")})
    if ends_on < starts_on:
        raise ValidationError({"ends_on": _("The last day comes after the first.")})
    if ends_on < days.today():
        raise ValidationError({"ends_on": _("This harvest would be over already.")})
    if (ends_on - starts_on).days > 366:
        raise ValidationError({"ends_on": _("A harvest lasts a year at most.")})
    if (starts_on - days.today()).days > 730:
        raise ValidationError({"starts_on": _("That is more than two years ahead. Choose an earlier day.")})
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
    errors = {}
    if bought_on > days.today():
        errors["bought_on"] = _("The day of purchase is still to come. Write the day the goods were weighed.")
    if not 0 < g <= MOST_G_A_LOT:
        errors["g"] = _("Write a weight above zero and up to 100 tonnes.")
    if not 0 < fen_per_kg <= MOST_FEN_PER_KG:
        errors["fen_per_kg"] = _("Write a price above zero and up to 100,000 yuan per kilogram.")
    if household and not Membership.objects.on(bought_on).filter(
        household=household, cooperative=produce.cooperative_id
    ):
        errors["household"] = _(
            "On that day this household was not a member of the cooperative. Add it to the members first."
        )
    if PurchaseLot.objects.filter(lot_no=lot_no):
        errors["lot_no"] = _("This slip number is in the ledger already. Look it up instead of entering it twice.")
    if errors:
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
    if paid_on and lot.paid_on is None and lot.payment_slips.filter(is_live=True).exists():
        raise ValidationError(_("This slip is in a payment run. Mark it as paid there."))
    if lot.verified_at is None:
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
def _ask_county(registration, cooperative: Cooperative, member_from: dt.date, household: Household, by) -> None:
    """Keep what was written for the county; what was asked before and is not decided gives way to it."""
    MembershipRequest.objects.update_or_create(
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


def _register(registration: Registration, cooperative: Cooperative, member_from: dt.date, by) -> tuple[Household, bool]:
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
    if not 1 <= registration.size <= MOST_PEOPLE:
        errors["size"] = _("A household has 1 to 30 people.")
    if registration.mobile and not MOBILE.fullmatch(registration.mobile):
        errors["mobile"] = _("A mobile number has 11 digits and begins with 1.")
    if registration.bank_account and not BANK_ACCOUNT.fullmatch(registration.bank_account):
        errors["bank_account"] = _("A bank account has 12 to 21 digits. Check them against the passbook or the card.")
    if not HOUSEHOLD_NO.fullmatch(registration.household_no):
        errors["household_no"] = _("The number has letters, digits and - alone, such as WX900001.")
    known = Household.objects.filter(id_index=privacy.keyed_index(id_number)).first() if id_number else None
    same_no = Household.objects.filter(household_no=registration.household_no).first()
    # A spell that begins later would lie within the new one, which has no end.
    own = Membership.objects.filter(household=known, cooperative=cooperative)
    if known and (own.on(member_from) or own.filter(starts_on__gt=member_from)):
        errors["id_number"] = _("This household is a member already, under the number %(no)s.") % {
            "no": known.household_no
        }
    if known is None and same_no and same_no.id_index:
        errors["household_no"] = _("This number is another household's. Check the number and the ID number.")
    if errors:
        raise ValidationError(errors)
    # A household that came from a list without ID numbers is known by its number; that it is the same, the county says.
    if known is None and same_no:
        raise KnownOtherwise(same_no)
    if known and (known.household_no, known.head, known.village_id) != (
        registration.household_no,
        registration.head,
        registration.village.pk,
    ):
        raise KnownOtherwise(known)
    household = known or Household.objects.create(
        household_no=registration.household_no,
        head=registration.head,
        id_number=id_number,
        mobile=registration.mobile,
        bank_account=registration.bank_account,
        village=registration.village,
        size=registration.size,
    )
    join(household=household, registration=registration, cooperative=cooperative, member_from=member_from)
    return household, known is None


def join(*, household: Household, registration: Registration, cooperative: Cooperative, member_from: dt.date) -> None:
    """Make `household` a member, with what the cooperative wrote of it; its status waits for the county."""
    Membership.objects.create(
        household=household,
        cooperative=cooperative,
        starts_on=member_from,
        size=registration.size,
        mobile=registration.mobile,
        bank_account=registration.bank_account,
    )
    waiting = HouseholdStatus.objects.waiting().filter(household=household, proposed_by=cooperative)
    if registration.category and not waiting.exists():
        HouseholdStatus.objects.create(
            household=household,
            category=registration.category,
            starts_on=registration.category_from,
            approved_at=None,  # it counts when the county has approved it
            proposed_by=cooperative,
            proposed_at=days.now(),
        )


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
