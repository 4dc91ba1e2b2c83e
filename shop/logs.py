"""What is kept out of the logs: the part of an address that lets whoever has it in."""

import re
from collections.abc import MutableMapping

# An order, a group order or a photo by its token (models.new_token), as it stands in a path or behind `next=`.
_TOKEN = re.compile(r"((?:/|%2F)[A-Za-z0-9_-]{4})[A-Za-z0-9_-]{28}(?![A-Za-z0-9_-])", re.IGNORECASE)
# The keys of the letters that reset a password or confirm an address, and of the slips of households.
_KEY = re.compile(r"(/(?:key|confirm-email|slip)/)[^/?\s]+")


def without_tokens(_logger, _method: str, event: MutableMapping) -> MutableMapping:
    """A step of structlog: cut tokens down to four signs, which still tell one request from another."""
    for name in ("event", "request"):
        if isinstance(said := event.get(name), str):
            event[name] = _KEY.sub(r"\1…", _TOKEN.sub(r"\1…", said))
    return event
