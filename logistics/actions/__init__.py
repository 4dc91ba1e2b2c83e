"""What changes rows of logistics: goods leave and arrive, awards are worked out, settled and clawed back."""

from .assessment import assess_due, give_back
from .settlement import preview, settle
from .transport import Leaving, dispatch, receive, waybill_of

__all__ = ["Leaving", "assess_due", "dispatch", "give_back", "preview", "receive", "settle", "waybill_of"]
