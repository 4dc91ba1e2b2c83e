"""What changes rows of logistics: goods leave and arrive, awards are worked out, settled and clawed back."""

from .assessment import assess_due, give_back, reassess
from .departures import (
    CannotRide,
    Halt,
    TruckClosed,
    TruckFull,
    add_stop,
    book,
    close,
    leave,
    plan_departure,
    release,
    wrong_with,
)
from .programme import open_version
from .settlement import preview, settle
from .transport import Leaving, dispatch, plan_vehicle, receive, waybill_of, weigh

__all__ = [
    "CannotRide",
    "Halt",
    "Leaving",
    "TruckClosed",
    "TruckFull",
    "add_stop",
    "assess_due",
    "book",
    "close",
    "dispatch",
    "give_back",
    "leave",
    "open_version",
    "plan_departure",
    "plan_vehicle",
    "preview",
    "reassess",
    "receive",
    "release",
    "settle",
    "waybill_of",
    "weigh",
    "wrong_with",
]
