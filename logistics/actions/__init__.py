from .assessment import assess_due, claw_back
from .settlement import preview, settle
from .transport import Leaving, dispatch, give_back, receive

__all__ = ["Leaving", "assess_due", "claw_back", "dispatch", "give_back", "preview", "receive", "settle"]
