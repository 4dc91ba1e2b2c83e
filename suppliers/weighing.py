"""What is written on a purchase slip, in whole grams and fen, and what of it is odd. Plain Python: no database, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

JIN, KG = "jin", "kg"
G_OF = {JIN: 500, KG: 1000}
# Of fewer slips than this nothing can be said of what is usual.
FEW = 3


def grams(weight: Decimal, unit: str) -> int | None:
    """`weight` in grams; None where it is no whole number of grams."""
    exact = weight * G_OF[unit]
    return int(exact) if exact == exact.to_integral_value() else None


def fen_per_kg(yuan: Decimal, unit: str) -> int | None:
    """A price of `yuan` for one `unit`, in fen per kilogram; None where it is no whole number: nothing is rounded."""
    exact = yuan * 100 * (1000 // G_OF[unit])
    return int(exact) if exact == exact.to_integral_value() else None


class Doubt(StrEnum):
    """What makes one ask again. It never keeps a slip from being written."""

    PRICE_LOW = "price_low"
    PRICE_HIGH = "price_high"
    HEAVY = "heavy"
    TWICE = "twice"


@dataclass(frozen=True)
class Band:
    """What is usual for a produce: prices from `low` to `high` (fen per kg), and up to `most_g` grams on a slip."""

    low: int
    high: int
    most_g: int


def band(slips: Sequence[tuple[int, int]]) -> Band | None:
    """What is usual after `slips` of one produce, each (fen per kg, g): up to three tenths beside any price, three times any weight."""
    if len(slips) < FEW:
        return None
    prices, weights = [price for price, _g in slips], [g for _price, g in slips]
    return Band(min(prices) * 7 // 10, -(-max(prices) * 13 // 10), max(weights) * 3)


def doubts(*, g: int, price: int, usual: Band | None, same_day: int) -> list[Doubt]:
    """What is odd about a slip of `g` grams at `price` fen per kg, where the household sold the same `same_day` times that day."""
    found = []
    if usual and price < usual.low:
        found.append(Doubt.PRICE_LOW)
    if usual and price > usual.high:
        found.append(Doubt.PRICE_HIGH)
    if usual and g > usual.most_g:
        found.append(Doubt.HEAVY)
    if same_day:
        found.append(Doubt.TWICE)
    return found
