"""What a visitor wants to see of the shelf: read from an address, applied to offers, counted, written as an address.

Pure: no database, no clock. What an address says wrongly is not heard, so there are only so many different lists.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self
from urllib.parse import urlencode

from .inventory import Goods, Offer

# From … up to (not including) …, in fen.
PRICES: dict[str, tuple[int, int | None]] = {
    "0-30": (0, 30_00),
    "30-60": (30_00, 60_00),
    "60-100": (60_00, 100_00),
    "100-": (100_00, None),
}
SORTS: dict[str, Callable[[Offer], tuple]] = {
    "season": lambda offer: (offer.item.is_b2b_only, offer.rank),
    "price": lambda offer: (offer.price_fen,),
    "-price": lambda offer: (-offer.price_fen,),
    "jin": lambda offer: (offer.fen_per_jin,),
    "name": lambda offer: (offer.item.sound, offer.item.name),
    "new": lambda offer: (-offer.item.new_on.toordinal(),),
}
LONGEST_QUERY = 60
A_PAGE = 24


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the shelf is wanted, each filter empty where all of it is; `q` are the words of a search."""

    q: str = ""
    category: str = ""
    township: str = ""
    cooperative: str = ""
    price: str = ""
    season: str = ""
    deep: str = ""
    sort: str = ""
    page: int = 1

    @classmethod
    def read(cls, said: Mapping[str, str], goods: Goods) -> Self:
        """What the query `said` of an address wants, as far as there is such a thing in `goods`."""
        known = {
            "category": lambda code: code.isdecimal() and len(code) < 10 and int(code) in goods.ways,
            "township": lambda code: any(item.township_code == code for item in goods.items),
            "cooperative": lambda code: any(item.cooperative_code == code for item in goods.items),
            "price": PRICES.__contains__,
            "season": "on".__eq__,
            "deep": "1".__eq__,
            "sort": SORTS.__contains__,
        }
        heard = {name: value for name, is_known in known.items() if (value := said.get(name, "")) and is_known(value)}
        q = " ".join(said.get("q", "").replace("\x00", " ")[: LONGEST_QUERY * 4].split())[:LONGEST_QUERY].strip()
        page = said.get("page", "")
        page = int(page) if page.isascii() and page.isdecimal() and len(page) < 6 else 1
        last = -(-len(goods.items) // A_PAGE) or 1
        return cls(q=q, **heard, page=min(max(page, 1), last))

    def query(self) -> str:
        """It as the query of an address, always in the same order; empty where nothing special is wanted."""
        said = {field.name: value for field in fields(self) if (value := getattr(self, field.name)) != field.default}
        return urlencode(said)

    def without(self, *names: str) -> Self:
        """It without some filters, from the first page on."""
        return replace(self, page=1, **dict.fromkeys(names, ""))

    def without_search(self) -> Self:
        """It where nothing is searched for; there, the order is by season unless another is wanted."""
        return replace(self, q="", sort="" if self.sort == "season" else self.sort)

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are set."""
        return {name: value for name in FILTERS if (value := getattr(self, name))}


# How an offer passes each filter. Asked once for every offer, so each is short.
FILTERS: dict[str, Callable[[Offer, str], bool]] = {
    "season": lambda offer, _on: offer.is_on,
    "category": lambda offer, pk: int(pk) in offer.item.category_ids,
    "township": lambda offer, code: offer.item.township_code == code,
    "cooperative": lambda offer, code: offer.item.cooperative_code == code,
    "price": lambda offer, code: price_of(offer) == code,
    "deep": lambda offer, _deep: offer.item.is_deep_poverty,
}
# To which choices of each filter an offer counts.
CHOICES: dict[str, Callable[[Offer], Iterable]] = {
    "season": lambda offer: ("on",) if offer.is_on else (),
    "category": lambda offer: offer.item.category_ids,
    "township": lambda offer: (offer.item.township_code,),
    "cooperative": lambda offer: (offer.item.cooperative_code,),
    "price": lambda offer: (price_of(offer),),
    "deep": lambda offer: ("1",) if offer.item.is_deep_poverty else (),
}


@dataclass(frozen=True, slots=True)
class Found:
    """The offers that pass all filters, and for each filter how many would pass by each of its choices."""

    offers: list[Offer]
    counts: dict[str, Counter]


def price_of(offer: Offer) -> str:
    """The code of the price range in which `offer` is."""
    return next(code for code, (_least, below) in PRICES.items() if below is None or offer.price_fen < below)


def find(offers: Iterable[Offer], wanted: Wanted) -> Found:
    """Those of `offers` that are wanted, in their order, and the counts."""
    chosen = [(name, FILTERS[name], value) for name, value in wanted.filters.items()]
    found: list[Offer] = []
    counts: dict[str, Counter] = {name: Counter() for name in FILTERS}
    for offer in offers:
        failed = ""
        for name, passes, value in chosen:
            if not passes(offer, value):
                if failed:
                    break
                failed = name
        else:
            # What fails by one filter alone would be there by another choice of that one.
            if failed:
                counts[failed].update(CHOICES[failed](offer))
            else:
                found.append(offer)
                for name, choices in CHOICES.items():
                    counts[name].update(choices(offer))
    return Found(found, counts)


def in_order(offers: Sequence[Offer], sort: str) -> Sequence[Offer]:
    """`offers` in the order `sort`, as they come where there is none; by price, what is sold out comes last."""
    if not sort:
        return offers
    key = SORTS[sort]
    goes_last = sort in ("price", "-price", "jin", "new")
    return sorted(offers, key=lambda offer: (goes_last and offer.is_sold_out, *key(offer)))
