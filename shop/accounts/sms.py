"""How a code reaches a phone. `settings.SMS_SENDER` names a function like `console`; without one, none is sent.

A sender takes the number (+86 and eleven digits) and the code, and raises NotSent where its provider refuses. It must not
wait long (a buyer does) and must not log the code.
"""

import logging

from django.conf import settings
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)


class NotSent(Exception):
    """The provider did not take the message."""


def is_offered() -> bool:
    """Whether people can sign in by mobile number here."""
    return bool(settings.SMS_SENDER)


def is_demo() -> bool:
    """Whether codes reach no phone, so that the page has to show them. Production refuses this sender."""
    return settings.SMS_SENDER == settings.SMS_CONSOLE and not settings.PRODUCTION


def send(mobile: str, code: str) -> None:
    """Send `code` to `mobile`. Raises NotSent, whatever went wrong with the sender."""
    try:
        import_string(settings.SMS_SENDER)(mobile, code)
    except Exception as error:  # noqa: BLE001  (a provider's code may raise anything, and the buyer waits)
        # Its kind alone: what a provider's error says may have number and code in it.
        logger.error("a code could not be sent: %s", type(error).__name__)
        raise NotSent from None


def console(mobile: str, code: str) -> None:
    """Print the message: for the demo alone."""
    print(f"[SMS to {mobile}] {code}", flush=True)
