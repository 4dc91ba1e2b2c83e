"""Within which prices the county expects produce to be sold."""

import datetime as dt

from suppliers import prices
from suppliers.models import Produce

# A box for one household is sorted, packed and sent: up to twice what the same fruit costs at the wholesale market.
BOXED_TIMES = 2


def reference_band(produce: Produce, day: dt.date) -> tuple[int, int] | None:
    """The lowest and highest usual price of `produce` on `day`, in fen per jin; None where the price sheets name none.

    From the lowest wholesale price of the last week's sheets to twice the highest.
    """
    band = prices.reference_band(produce.code, day)
    return band and (band.low_fen_per_kg // 2, BOXED_TIMES * band.high_fen_per_kg // 2)
