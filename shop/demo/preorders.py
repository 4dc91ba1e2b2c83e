"""What is still on the tree: harvests declared for the coming months, and some of them sold ahead."""

import datetime as dt

from django.db import transaction

import suppliers.actions
from shop.catalogue import season
from suppliers.base import days
from suppliers.base.money import fen_of
from suppliers.models import Produce

from ..preorders import actions
from ..preorders.models import Presale

# The harvests that begin within so many days are declared; of the sold-out ones the first two weeks are sold ahead.
LOOKS_AHEAD_DAYS = 120
TONNES_A_HARVEST = 30
WEEKS = 2


def load() -> None:
    """Declare what will be picked and open the pre-sales that are missing."""
    today = days.today()
    for produce in Produce.objects.filter(is_b2b_only=False).order_by("pk"):
        window = produce.harvest_from, produce.harvest_to
        if season.is_all_year(*window) or season.is_on(*window, today):
            continue
        starts_on = season.next_start(window[0], today)
        if (starts_on - today).days <= LOOKS_AHEAD_DAYS and not produce.declarations.exists():
            _declare(produce, starts_on)


@transaction.atomic
def _declare(produce: Produce, starts_on: dt.date) -> None:
    month, day = map(int, produce.harvest_to.split("-"))
    ends_on = dt.date(starts_on.year, month, day)
    if ends_on < starts_on:
        ends_on = ends_on.replace(year=starts_on.year + 1)
    suppliers.actions.declare_supply(
        produce=produce, g=TONNES_A_HARVEST * 1_000_000, starts_on=starts_on, ends_on=ends_on
    )
    sold_out = produce.packs.filter(is_per_kg=False, product__stockrecords__num_in_stock=0, presale=None)
    pack = sold_out.order_by("net_g").first()
    if pack is None:
        return
    for week in range(WEEKS):
        ships_from = starts_on + dt.timedelta(days=3 + 7 * week)
        closes_at = days.at(ships_from - dt.timedelta(days=3), 0)
        if closes_at > days.now() and not Presale.objects.filter(of=pack, ships_from=ships_from).exists():
            price_fen = fen_of(pack.product.stockrecords.get().price)
            actions.open_presale(of=pack, ships_from=ships_from, closes_at=closes_at, price_fen=price_fen)
