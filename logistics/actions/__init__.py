"""What changes rows of logistics: goods leave and arrive, awards are worked out, settled and clawed back."""

from .assessment import assess_due, give_back
from .programme import open_version
from .settlement import preview, settle
from .transport import Leaving, dispatch, plan_vehicle, receive, waybill_of, weigh

__all__ = [
    "Leaving",
    "assess_due",
    "dispatch",
    "give_back",
    "open_version",
    "plan_vehicle",
    "preview",
    "receive",
    "settle",
    "waybill_of",
    "weigh",
]
