"""What becomes of a group order: whether enough are aboard, and what its cut-off makes of it.

Pure: no clock, no database. Weights are gross grams, the measure of the truck.
"""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Least:
    """What a group order needs to come about: so many gross grams, or so many joiners; the other is 0."""

    g: int = 0
    joiners: int = 0


@dataclass(frozen=True)
class Aboard:
    """Who is on: those who have paid with their gross grams, and how many have still to pay."""

    joiners: int = 0
    g: int = 0
    unpaid: int = 0


@dataclass(frozen=True)
class Truck:
    """The departure as it stands. `is_closed`: its cut-off is over, and so is the time to pay of the last order on it."""

    is_cancelled: bool = False
    is_closed: bool = False
    booked_g: int = 0
    least_g: int = 0


class Fate(Enum):
    """What a group order is to become."""

    OPEN = "open"  # people still join, or have still to pay
    CLOSED = "closed"  # enough are on; the truck has still to fill
    CONFIRMED = "confirmed"
    TOO_FEW = "too few"
    TRUCK_TOO_EMPTY = "truck too empty"
    TRUCK_CANCELLED = "truck cancelled"
    NOBODY = "nobody"


def is_enough(aboard: Aboard, least: Least) -> bool:
    """Whether those who have paid are enough."""
    return aboard.joiners > 0 and aboard.g >= least.g and aboard.joiners >= least.joiners


def progress_percent(aboard: Aboard, least: Least) -> int:
    """How far to the least, 0 to 100; 100 only where it is reached."""
    done, whole = (aboard.g, least.g) if least.g else (aboard.joiners, least.joiners)
    return min(done * 100 // whole, 100) if whole else 100


def missing(aboard: Aboard, least: Least) -> Least:
    """What is still missing to the least."""
    return Least(g=max(least.g - aboard.g, 0), joiners=max(least.joiners - aboard.joiners, 0))


def fate(aboard: Aboard, least: Least, truck: Truck, *, is_due: bool) -> Fate:
    """Return what becomes of a group order; `is_due`: its time to join is over.

    Who joined in time may pay in time: nothing is decided while somebody has still to pay. A truck that does not go
    decides at once.
    """
    if truck.is_cancelled:
        return Fate.TRUCK_CANCELLED if aboard.joiners or aboard.unpaid else Fate.NOBODY
    if not is_due or aboard.unpaid:
        return Fate.OPEN
    if not aboard.joiners:
        return Fate.NOBODY
    if not is_enough(aboard, least):
        return Fate.TOO_FEW
    if not truck.is_closed:
        return Fate.CLOSED
    return Fate.CONFIRMED if truck.booked_g >= truck.least_g else Fate.TRUCK_TOO_EMPTY
