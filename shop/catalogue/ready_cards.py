"""The cards of lists, kept as they were rendered: a list that is made anew renders those alone that look different."""

import datetime as dt
from collections.abc import Sequence

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from . import shelf
from .inventory import Kept, Offer
from .version import Version

# Some 2 kB each. Prices change, so there is no end of them in the life of a process.
MOST = 5_000

_rendered = Kept()


def of(offers: Sequence[Offer], day: dt.date, at: Version) -> list[SafeString]:
    """The card of each of `offers`, in their order: in no query where all were rendered before."""
    known: dict[tuple, SafeString] = _rendered.get((at.goods, at.people, day), dict)
    keys = [(get_language(), offer.product_id, offer.price_fen, offer.is_sold_out) for offer in offers]
    found = {key[1]: known[key] for key in keys if key in known}
    missing = [offer for offer in offers if offer.product_id not in found]
    for ware in shelf.on_cards(missing, day, at) if missing else ():
        card = render_to_string("catalogue/_card.html", {"ware": ware})
        found[ware.pack.pk] = card
        if len(known) >= MOST:
            known.clear()
        # As it is now: whoever changes a price meanwhile has his card kept under that price.
        known[get_language(), ware.pack.pk, ware.price_fen, ware.is_sold_out] = card
    return [found[offer.product_id] for offer in offers if offer.product_id in found]
