"""What goes back for spoiled goods (坏果包赔) and for goods sent back without a reason (七天无理由退货), and until when.

Pure: integer fen, grams and basis points. A refusal is a value that says why.
"""

import datetime as dt
import enum
from dataclasses import dataclass

from suppliers.base import days
from suppliers.base.money import half_up

WHOLE_BP = 10_000
# From this share on the goods count as spoiled whole.
FULL_FROM_BP = 5_000
# A receipt has a day and no hour, so 24 hours run to the end of the next day: never fewer, whatever the hour was.
SPOILAGE_DAYS = 1
# The seven days begin on the day after receipt (《网络购买商品七日无理由退货暂行办法》, article 8).
RETURN_DAYS = 7
ANSWERED_WITHIN = dt.timedelta(hours=48)


class Refusal(enum.StrEnum):
    """Why nothing goes back."""

    NOT_RECEIVED = "not_received"
    NOT_PAID = "not_paid"
    TOO_LATE = "too_late"
    NOTHING_LEFT = "nothing_left"
    NO_SHARE = "no_share"
    NOT_THAT_MANY = "not_that_many"
    WAIVED = "waived"


class Right(enum.StrEnum):
    """What the law gives whoever bought a kind of goods: a no-reason return, one that the seller cannot refuse, or none."""

    UNOPENED = "unopened"
    BINDING = "binding"
    NONE = "none"


@dataclass(frozen=True)
class Bought:
    """A line of an order as it was sold, and what is left of it after refunds.

    `spoiled_bp` is the share paid back as spoiled so far, `returned` the packs sent back so far.
    """

    goods_fen: int
    net_g: int
    packs: int
    left_fen: int
    left_g: int
    spoiled_bp: int = 0
    returned: int = 0


@dataclass(frozen=True)
class Back:
    """What goes back of a line: fen and grams, or nothing and why."""

    fen: int
    g: int
    refusal: Refusal | None = None


def nothing(refusal: Refusal) -> Back:
    return Back(0, 0, refusal)


def last_day_to_claim(received_on: dt.date) -> dt.date:
    """The last day, all of it, on which spoiled goods received on a day can be reported."""
    return received_on + dt.timedelta(days=SPOILAGE_DAYS)


def last_day_to_return(received_on: dt.date) -> dt.date:
    """The last day, all of it, on which a no-reason return of goods received on a day can be asked for."""
    return received_on + dt.timedelta(days=RETURN_DAYS)


def is_over(last_day: dt.date, moment: dt.datetime) -> bool:
    """Whether `last_day` is over at a moment."""
    return days.day_of(moment) > last_day


def for_spoiled(bought: Bought, spoiled_bp: int) -> Back:
    """What goes back where `spoiled_bp` of the line as it was sold is spoiled.

    The shares of several claims add up; as soon as they reach one half, all that is left goes back. Rounded half up
    once, never more than is left.
    """
    if not 0 < spoiled_bp <= WHOLE_BP:
        return nothing(Refusal.NO_SHARE)
    if bought.left_fen <= 0:
        return nothing(Refusal.NOTHING_LEFT)
    if bought.spoiled_bp + spoiled_bp >= FULL_FROM_BP:
        return Back(bought.left_fen, bought.left_g)
    fen = half_up(bought.goods_fen * spoiled_bp, WHOLE_BP)
    g = half_up(bought.net_g * spoiled_bp, WHOLE_BP)
    if fen == 0:
        return nothing(Refusal.NO_SHARE)
    if fen >= bought.left_fen:
        # Goods that are paid back whole are no longer sold: no gram of them stays.
        return Back(bought.left_fen, bought.left_g)
    return Back(fen, min(g, bought.left_g))


def for_returned(bought: Bought, packs: int) -> Back:
    """What goes back where `packs` of the line come back: their part of what is left, half up; the last take the rest.

    The price of the goods, without freight.
    """
    still = bought.packs - bought.returned
    if not 0 < packs <= still:
        return nothing(Refusal.NOT_THAT_MANY)
    if bought.left_fen <= 0:
        return nothing(Refusal.NOTHING_LEFT)
    fen = half_up(bought.left_fen * packs, still)
    return Back(fen, bought.left_g if fen == bought.left_fen else half_up(bought.left_g * packs, still))


def right_to_return(*, is_fresh: bool, is_waived: bool) -> Right:
    """What the law gives: fresh goods are excepted only where the buyer confirmed so for this purchase.

    Without that confirmation the seller may not refuse (办法, articles 7 and 19). Other goods go back unopened.
    """
    if not is_fresh:
        return Right.UNOPENED
    return Right.NONE if is_waived else Right.BINDING
