"""What stands on the shelf: produce with its packs, prices, stock and season, as the pages show it."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db.models import Exists, OuterRef, QuerySet

from shop.preorders.models import presale_of
from suppliers.base import days
from suppliers.base.money import fen_of, half_up
from suppliers.models import Pack, Produce

from . import almanac, packs, season, version
from .inventory import G_PER_JIN, PLENTY, Kept, Offer, Priced
from .version import Version

# What spoils sooner than this is fresh: it cannot be sent back without a reason (七天无理由退货 does not hold for it).
FRESH_DAYS = 60
# Fewer households than this are not told apart in public.
FEW_HOUSEHOLDS = 3
SUPPLYING_DAYS = 365
# What the captions of our drawings say (shop/demo/catalogue.py).
DRAWING = "示意图"

_counted = Kept()


@dataclass(frozen=True)
class Ware:
    """A pack on sale: what it costs, how many are free, and where its harvest stands."""

    pack: Pack
    price_fen: int
    free: int
    state: season.State
    next_on: dt.date
    # Registered households that supplied it in the last year, where they were counted.
    households: int = 0

    @property
    def produce(self) -> Produce:
        return self.pack.produce

    @property
    def product(self):
        return self.pack.product

    @property
    def url(self) -> str:
        return self.product.get_absolute_url()

    @property
    def picture(self):
        """The first picture (Oscar's ProductImage), None where there is none."""
        return next(iter(self.product.images.all()), None)

    @property
    def picture_small(self) -> str:
        """The address of the first picture at 400 pixels, empty where there is no such file."""
        return self.picture.small_url if self.picture else ""

    @property
    def is_drawn(self) -> bool:
        """Whether the first picture is one of our drawings, which say so in their captions."""
        return self.picture is not None and DRAWING in self.picture.caption

    @property
    def fen_per_jin(self) -> int:
        """The price of 500 g, in fen, half up."""
        return half_up(self.price_fen * G_PER_JIN, self.pack.net_g)

    @property
    def households_shown(self) -> int:
        """The households that may be told to everybody: none where they are fewer than three."""
        return self.households if self.households >= FEW_HOUSEHOLDS else 0

    @property
    def is_for_institutions(self) -> bool:
        return self.pack.is_for_institutions

    @property
    def presale(self):
        """The pre-sale that this pack is sold by, None for what is in store."""
        return presale_of(self.pack)

    @property
    def is_sold_out(self) -> bool:
        return self.free <= 0

    @property
    def few_left(self) -> int | None:
        """How many are left, where they are so few that it is told."""
        return self.free if 0 < self.free <= PLENTY else None

    @property
    def is_on(self) -> bool:
        return self.state is season.State.ON

    @property
    def is_soon(self) -> bool:
        return self.state is season.State.SOON

    @property
    def short_name(self) -> str:
        """What people call it: 巫溪核桃(干) is 核桃."""
        return self.produce.name.removeprefix("巫溪").partition("(")[0] or self.produce.name

    @property
    def months(self) -> tuple[int, ...]:
        return almanac.months_of(self.produce.harvest_from, self.produce.harvest_to)

    @property
    def is_all_year(self) -> bool:
        return season.is_all_year(self.produce.harvest_from, self.produce.harvest_to)


def is_fresh(produce: Produce) -> bool:
    """Whether `produce` spoils soon or travels refrigerated."""
    return produce.is_cold_chain or produce.shelf_life_days <= FRESH_DAYS


def on_sale() -> QuerySet[Produce]:
    """Produce with a product in the shop."""
    public = Pack.objects.on_sale().filter(produce=OuterRef("pk"))
    return Produce.objects.filter(Exists(public)).select_related("cooperative__village__township")


def wares(of: QuerySet[Pack], day: dt.date) -> list[Ware]:
    """Those of these packs that are on sale, with stock and pictures, in three queries however many there are."""
    found = packs.with_all(of.on_sale()).prefetch_related("product__stockrecords")
    return [
        _ware(pack, fen_of(stock.price or 0), stock.free, day)
        for pack in found
        for stock in pack.product.stockrecords.all()[:1]
    ]


def priced(of: Iterable[Priced], day: dt.date, at: Version) -> list[Ware]:
    """The wares of these packs, as the inventory has their prices and stock: in no statement where they are known."""
    of = list(of)
    known = packs.of([one.product_id for one in of], at)
    return [_ware(known[pk], price_fen, free, day) for pk, price_fen, free in of if pk in known]


def ware_of(pack: Pack, day: dt.date) -> Ware:
    """`pack` as it would stand on the shelf, whether it does or not."""
    stock = pack.product.stockrecords.get()
    return _ware(pack, fen_of(stock.price or 0), stock.free, day)


def _ware(pack: Pack, price_fen: int, free: int, day: dt.date) -> Ware:
    window = pack.produce.harvest_from, pack.produce.harvest_to
    return Ware(
        pack=pack,
        price_fen=price_fen,
        free=free,
        state=season.state(*window, day),
        next_on=season.next_start(window[0], day),
    )


def on_cards(offers: Iterable[Offer], day: dt.date, at: Version | None = None) -> list[Ware]:
    """The ware of each of `offers` (shop/catalogue/inventory.py), in their order, with how many households supplied it."""
    ids = [offer.product_id for offer in offers]
    found = {ware.pack.pk: ware for ware in wares(Pack.objects.filter(pk__in=ids), day)}
    counts = _households(day, at)
    return [replace(found[pk], households=counts.get(found[pk].produce.pk, 0)) for pk in ids if pk in found]


def households_supplying(produce: Produce, day: dt.date, at: Version | None = None) -> int:
    """Distinct registered households with a verified lot of `produce` in the year up to `day`."""
    return _households(day, at).get(produce.pk, 0)


def _households(day: dt.date, at: Version | None = None) -> dict[int, int]:
    """How many supplied each produce, by id, where any did: in one query for all, and in none until a slip or status changes.

    Slips are entered some dozen times a day, and to count all takes as long as to ask four times for one.
    """
    since = day - dt.timedelta(days=SUPPLYING_DAYS)
    return _counted.get(
        ((at or version.read()).people, day), lambda: Produce.objects.households_supplying(since=since, on=day)
    )


def today() -> dt.date:
    return days.today()
