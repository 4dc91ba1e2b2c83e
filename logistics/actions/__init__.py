"""What changes rows of logistics: goods leave and arrive, awards are worked out, settled and clawed back."""

from .assessment import assess_due, give_back
from .departures import CannotRide, TruckClosed, TruckFull, book, release
from .programme import open_version
from .settlement import preview, settle
from .transport import Leaving, dispatch, plan_vehicle, receive, waybill_of, weigh

__all__ = [
    "CannotRide",
    "Leaving",
    "TruckClosed",
    "TruckFull",
    "assess_due",
    "book",
    "dispatch",
    "give_back",
    "open_version",
    "plan_vehicle",
    "preview",
    "receive",
    "release",
    "settle",
    "waybill_of",
    "weigh",
]
