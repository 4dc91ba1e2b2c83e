"""A cooperative's goods over a season: what the purchase ledger, the sales and the withdrawals say together (收发存).

The rules are `suppliers.stocktaking`'s; here are the queries, which need sales, and the signature.
"""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from suppliers import stock, stocktaking
from suppliers.base import days
from suppliers.models import Produce, PurchaseLot, SaleAllocation, SignedAccount, Withdrawal
from suppliers.stocktaking import Account, Flag, Season

from .models import RefundLine, SaleLine


@dataclass
class Row:
    """The account of a produce over a season, as it stands up to a day, with the last count that was signed."""

    produce: Produce
    season: Season
    until: dt.date
    account: Account
    signed: SignedAccount | None = None
    from_nobody_g: int = 0
    flags: list[Flag] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.season.ends_on < days.today()


def season_of(produce: Produce, day: dt.date) -> Season:
    return stocktaking.season_of(produce.harvest_from, produce.harvest_to, day)


def season_from(produce: Produce, year: int) -> Season:
    return stocktaking.season_from(produce.harvest_from, produce.harvest_to, year)


def rows(produce: Iterable[Produce], *, year: int | None = None) -> list[Row]:
    """A row for each of `produce`: of the season that began in `year`, else of the one that runs today.

    What was signed is compared with the account up to the day of that count, not with today's. So many queries however
    many rows.
    """
    today = days.today()
    found = [
        Row(one, season, min(season.ends_on, today), Account())
        for one in produce
        for season in [season_of(one, today) if year is None else season_from(one, year)]
    ]
    signed: dict[tuple[int, dt.date], SignedAccount] = {
        (one.produce_id, one.starts_on): one
        for one in SignedAccount.objects.filter(produce__in=[row.produce.pk for row in found])
    }
    for row in found:
        row.signed = signed.get((row.produce.pk, row.season.starts_on))
    now = accounts({row.produce.pk: (row.season.starts_on, row.until) for row in found})
    then = accounts(
        {row.produce.pk: (row.season.starts_on, row.signed.counted_on) for row in found if row.signed is not None}
    )
    for row in found:
        row.account = now[row.produce.pk]
        counted_g, text, since_g = None, None, 0
        account = row.account
        if row.signed is not None:
            account, counted_g = then[row.produce.pk], row.signed.counted_g
            text = json.loads(row.signed.figures)["account"]
            since_g = row.account.untraced_g - account.untraced_g
        row.from_nobody_g = account.from_nobody_g(counted_g) + max(0, since_g)
        row.flags = stocktaking.flags(
            account, is_over=row.is_over, counted_g=counted_g, from_nobody_g=row.from_nobody_g, signed=text
        )
    return found


Windows = Mapping[int, tuple[dt.date, dt.date]]


def accounts(windows: Windows) -> dict[int, Account]:
    """The account of each produce, by id, from a day to a day (both included); what was there before is its opening."""
    if not windows:
        return {}
    found: dict[int, dict[str, int]] = {pk: defaultdict(int) for pk in windows}

    def add(
        rows: QuerySet, of: str, on: str, parts: Mapping[str, Q], *, column: str = "g", to_opening: int = 0
    ) -> None:
        """Add the sums of `rows`, by what they are, and with their sign to the opening where they are before it."""
        before, within = _spans(windows, of, on)
        wanted = {}
        for name, condition in parts.items():
            wanted[f"{name}_before"] = Sum(column, filter=before & condition, default=0)
            wanted[f"{name}_within"] = Sum(column, filter=within & condition, default=0)
        for row in rows.order_by().values(of).annotate(**wanted):
            for name in parts:
                found[row[of]][name] += row[f"{name}_within"]
                found[row[of]]["opening_g"] += to_opening * row[f"{name}_before"]

    lots = PurchaseLot.objects.filter(produce__in=windows).standing()
    add(
        lots,
        "produce",
        "bought_on",
        {
            "households_g": Q(carried_from=None, household__isnull=False),
            "others_g": Q(carried_from=None, household=None),
            "carried_in_g": Q(carried_from__isnull=False),
        },
        to_opening=1,
    )
    add(lots.bought().eligible(), "produce", "bought_on", {"registered_g": Q()})
    add(lots.unverified(), "produce", "bought_on", {"unverified_g": Q()})
    # A refund takes the sale back, not the goods: what left has left.
    drawn = SaleAllocation.objects.filter(lot__produce__in=windows, reverses=None)
    add(drawn, "lot__produce", "line__sale_line__dispatched_at", {"sold_g": Q()}, to_opening=-1)
    add(
        Withdrawal.objects.filter(lot__produce__in=windows),
        "lot__produce",
        "withdrawn_on",
        {f"{kind}_g": Q(kind=kind) for kind in Withdrawal.Kind.values},
        to_opening=-1,
    )
    # What no slip covers was never in the books, so it is nobody's opening.
    sold = SaleLine.objects.filter(produce__in=windows, dispatched_at__isnull=False)
    add(sold, "produce", "dispatched_at", {"untraced_g": Q()}, column="untraced_g")
    back = RefundLine.objects.filter(line__produce__in=windows, untraced_g__gt=0)
    add(back, "line__produce", "line__dispatched_at", {"untraced_g": Q()}, column="untraced_g")
    for sums in found.values():
        sums["households_g"] -= sums["registered_g"]
    return {pk: Account(**sums) for pk, sums in found.items()}


def _spans(windows: Windows, of: str, on: str) -> tuple[Q, Q]:
    """Rows before the window of their produce, and rows within it; `of` leads to the produce, `on` to the day."""
    alike: dict[tuple[dt.date, dt.date], list[int]] = defaultdict(list)
    for pk, window in windows.items():
        alike[window].append(pk)
    before, within = Q(), Q()
    for (starts, ends), ids in alike.items():
        first: object = starts
        after: object = ends + dt.timedelta(days=1)
        if on.endswith("_at"):
            first, after = days.at(starts, 0), days.at(ends + dt.timedelta(days=1), 0)
        before |= Q(**{f"{of}__in": ids, f"{on}__lt": first})
        within |= Q(**{f"{of}__in": ids, f"{on}__gte": first, f"{on}__lt": after})
    return before, within


@transaction.atomic
def sign(
    *,
    produce: Produce,
    year: int,
    counted_on: dt.date,
    counted_g: int,
    explained: str,
    note: str = "",
    by,
) -> SignedAccount:
    """Freeze the account of the season that began in `year` with what the owner counted on a day; a new row each time.

    Where less is there than the books say, the difference is written off as lost (`explained` "lost", dated by the
    count), or explained in a `note`. Raises ValidationError by field for anybody but an owner, a day outside the time
    from the harvest's end to the season's, a second count of the same day, and a difference that nobody explained.
    """
    if not stock.is_owner(by, produce.cooperative):
        raise ValidationError(_("Only the owner of the cooperative signs. Ask him or her to sign in."))
    season = season_from(produce, year)
    if not season.harvest_ends_on <= counted_on <= season.ends_on:
        raise ValidationError(
            {
                "counted_on": _("The harvest is in on %(first)s and the season ends on %(last)s. Count between them.")
                % {"first": season.harvest_ends_on.isoformat(), "last": season.ends_on.isoformat()}
            }
        )
    if counted_on > days.today():
        raise ValidationError({"counted_on": _("This day is still to come.")})
    Produce.objects.select_for_update().get(pk=produce.pk)
    if SignedAccount.objects.filter(produce=produce, starts_on=season.starts_on, counted_on__gte=counted_on).exists():
        raise ValidationError({"counted_on": _("A count of this day, or a later one, is signed already.")})
    window = {produce.pk: (season.starts_on, counted_on)}
    book_g = accounts(window)[produce.pk].on_hand_g
    difference_g = counted_g - book_g
    note = note.strip()
    if difference_g == 0:
        explained = SignedAccount.Explained.NONE
    elif explained == SignedAccount.Explained.LOST and difference_g < 0:
        stock.withdraw(
            produce=produce, kind=Withdrawal.Kind.LOST, g=-difference_g, on=counted_on, note=_("stock count"), by=by
        )
    elif explained == SignedAccount.Explained.LOST:
        raise ValidationError({"explained": _("More is there than the books say: that is no loss. Write a note.")})
    elif not note:
        raise ValidationError({"note": _("Count and books differ. Write why.")})
    else:
        explained = SignedAccount.Explained.NOTE
    account = accounts(window)[produce.pk]
    return stock.write_signature(
        produce=produce,
        starts_on=season.starts_on,
        counted_on=counted_on,
        book_g=book_g,
        counted_g=counted_g,
        explained=explained,
        note=note,
        figures={
            "cooperative": produce.cooperative.code,
            "product": produce.code,
            "starts_on": season.starts_on.isoformat(),
            "counted_on": counted_on.isoformat(),
            "book_g": book_g,
            "counted_g": counted_g,
            "explained": str(explained),
            "note": note,
            "account": account.text(),
        },
        by=by,
    )
