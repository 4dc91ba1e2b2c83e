"""Where produce is from, as everybody may know it: how many households, what they were paid, what papers there are."""

import datetime as dt
from dataclasses import dataclass

from suppliers.base.money import half_up
from suppliers.models import Certificate, Produce, PurchaseLot

from . import shelf, version
from .inventory import Kept
from .version import Version

_papers = Kept()


@dataclass(frozen=True)
class Provenance:
    """`households` are registered ones. `grower_fen_per_jin` is what households got for 500 g on average, None where the
    cooperative does not show it or too few would share it."""

    households: int
    grower_fen_per_jin: int | None
    certificates: list[Certificate]


def of(produce: Produce, day: dt.date, at: Version | None = None) -> Provenance:
    """The provenance of `produce` in the year up to `day`, at version `at` of the shelf if it was read before."""
    return Provenance(
        households=shelf.households_supplying(produce, day, at),
        grower_fen_per_jin=_grower_price(produce, day) if produce.cooperative.shows_grower_price else None,
        certificates=certificates(produce, day, at),
    )


def _grower_price(produce: Produce, day: dt.date) -> int | None:
    since = day - dt.timedelta(days=shelf.SUPPLYING_DAYS)
    lots = PurchaseLot.objects.filter(produce=produce, bought_on__gte=since, bought_on__lte=day).verified()
    paid = lots.paid_to_households(on=day)
    if paid["households"] < shelf.FEW_HOUSEHOLDS:
        return None
    return half_up(paid["fen_g"] * shelf.G_PER_JIN, paid["bought_g"] * 1000)


def certificates(produce: Produce, day: dt.date, at: Version | None = None) -> list[Certificate]:
    """The papers of `produce` and of its cooperative as a whole that are valid on `day`."""
    papers = _papers.get(((at or version.read()).people, day), lambda: _valid(day))
    return [one for one in papers.get(produce.cooperative_id, ()) if one.produce_id in (None, produce.pk)]


def _valid(day: dt.date) -> dict[int, list[Certificate]]:
    """All papers that are valid on `day`, by cooperative: a county has some hundred."""
    found: dict[int, list[Certificate]] = {}
    for one in Certificate.objects.valid_on(day):
        found.setdefault(one.cooperative_id, []).append(one)
    return found
