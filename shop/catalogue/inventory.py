"""The whole shelf in the memory of this process, so that filtering, counting and sorting it asks the database nothing.

A county's produce is some hundred kinds, or some thousand: they are read in four statements when the version has
changed (shop/catalogue/version.py), and only that part of them which has.
"""

import datetime as dt
import threading
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import F
from django.urls import reverse
from oscar.core.loading import get_model
from pypinyin import lazy_pinyin

from suppliers.base import days
from suppliers.base.money import fen_of, half_up
from suppliers.models import Pack

from . import season, version
from .version import Version

Category = get_model("catalogue", "Category")
ProductCategory = get_model("catalogue", "ProductCategory")
StockRecord = get_model("partner", "StockRecord")

G_PER_JIN = 500
# Of what there is more of than this, the page of a product does not say how many are free.
PLENTY = 20


@dataclass(frozen=True, slots=True)
class Box:
    """A pack that an item is sold in, and the first category of it that visitors may see."""

    product_id: int
    spec: str
    net_g: int
    is_per_kg: bool
    category_id: int | None


@dataclass(frozen=True, slots=True)
class Item:
    """Produce of a cooperative that is on sale, with its packs: the smallest first, what is sold ahead after it, bulk last."""

    produce_id: int
    url: str
    name: str
    sound: str
    code: str
    variety: str
    category: str
    category_ids: frozenset[int]
    village: str
    township_code: str
    township: str
    is_deep_poverty: bool
    cooperative_code: str
    cooperative: str
    harvest_from: str
    harvest_to: str
    is_b2b_only: bool
    new_on: dt.date
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """A category that visitors may see."""

    pk: int
    name: str
    description: str
    url: str
    depth: int


@dataclass(frozen=True, slots=True)
class Goods:
    """All items, and the categories in the order of their tree."""

    items: tuple[Item, ...]
    ways: dict[int, Way]


@dataclass(frozen=True, slots=True)
class Offer:
    """An item as its card shows it on a day: in the smallest retail pack that can be had, else the smallest."""

    item: Item
    product_id: int
    price_fen: int
    fen_per_jin: int
    is_sold_out: bool
    is_on: bool
    rank: int


class Priced(NamedTuple):
    """A pack as the page of a product shows it: its price, and how many are free, where more than PLENTY are all alike."""

    product_id: int
    price_fen: int
    free: int


class Neighbour(NamedTuple):
    """The same produce of another cooperative, in its first pack."""

    url: str
    township: str
    price_fen: int


class Beside(NamedTuple):
    """What the page of a product shows of what is in memory, of prices and stock no more than this: it is kept under it."""

    category: Way | None
    packs: tuple[Priced, ...]
    elsewhere: tuple[Neighbour, ...]


class Kept:
    """The last value that was made, and for which key. While one thread makes the next, the others wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[Hashable, Any] = (None, None)

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        known, value = self._last
        if known != key:
            with self._lock:
                known, value = self._last
                if known != key:
                    value = make()
                    self._last = (key, value)
        return value


_goods, _stock, _offers, _beside = Kept(), Kept(), Kept(), Kept()


def goods(at: Version | None = None) -> Goods:
    """What is on sale at version `at`, which was read before (else it is read now)."""
    at = at or version.read()
    return _goods.get(at.goods, _read_goods)


def offers(day: dt.date, at: Version | None = None) -> tuple[Offer, ...]:
    """Each item that has a price, as it is offered on `day`: what can be had and is in season first."""
    at = at or version.read()
    return _offers.get((at.goods, at.stock, day), lambda: _make_offers(day, at))


def beside(product_id: int, at: Version) -> Beside | None:
    """The category of a product, the packs of its produce, and what others sell of it; None where it is not on sale."""
    stock, same = _stock.get(at.stock, _read_stock), _same(at).get(product_id)
    if same is None or product_id not in stock:
        return None
    own, others = same
    category_id = next(box.category_id for box in own.boxes if box.product_id == product_id)
    return Beside(
        goods(at).ways.get(category_id),
        tuple(
            Priced(box.product_id, stock[box.product_id][0], min(stock[box.product_id][1], PLENTY + 1))
            for box in own.boxes
            if box.product_id in stock
        ),
        tuple(
            Neighbour(item.url, item.township, stock[item.boxes[0].product_id][0])
            for item in others
            if item is not own and item.boxes[0].product_id in stock
        ),
    )


def _same(at: Version) -> dict[int, tuple[Item, list[Item]]]:
    """For each product its item, and all items that are the same produce, its own among them."""
    return _beside.get(at.goods, lambda: _read_beside(goods(at)))


def _read_beside(all_goods: Goods) -> dict[int, tuple[Item, list[Item]]]:
    same: dict[tuple[str, str], list[Item]] = {}
    for item in all_goods.items:
        same.setdefault((item.code, item.category), []).append(item)
    return {box.product_id: (item, line) for line in same.values() for item in line for box in item.boxes}


def one_of_each(found: Iterable[Offer]) -> list[Offer]:
    """The first of `found` of each kind of produce for private persons, where several cooperatives have the same."""
    kinds: dict[str, Offer] = {}
    for offer in found:
        if not offer.item.is_b2b_only:
            kinds.setdefault(offer.item.code, offer)
    return list(kinds.values())


def _read_goods() -> Goods:
    ways, above = _read_ways()
    categories: dict[int, set[int]] = {}
    first: dict[int, int] = {}
    pairs = ProductCategory.objects.order_by("category__path").values_list("product_id", "category_id")
    for product_id, category_id in pairs:
        categories.setdefault(product_id, set()).update(above.get(category_id, ()))
        if category_id in ways:
            first.setdefault(product_id, category_id)
    found: dict[int, list[dict]] = {}
    rows = Pack.objects.on_sale().order_by("is_per_kg", F("presale").asc(nulls_first=True), "net_g", "pk")
    for row in rows.values(
        "product_id",
        "spec",
        "net_g",
        "is_per_kg",
        "product__slug",
        "product__date_created",
        "produce_id",
        "produce__code",
        "produce__name",
        "produce__variety",
        "produce__category",
        "produce__harvest_from",
        "produce__harvest_to",
        "produce__is_b2b_only",
        "produce__cooperative__code",
        "produce__cooperative__name",
        "produce__cooperative__village__name",
        "produce__cooperative__village__township__code",
        "produce__cooperative__village__township__name",
        "produce__cooperative__village__township__is_deep_poverty",
    ):
        found.setdefault(row["produce_id"], []).append(row)
    items = [_item(rows, categories, first) for rows in found.values()]
    return Goods(tuple(sorted(items, key=lambda item: (item.code, item.produce_id))), ways)


def _item(rows: list[dict], categories: dict[int, set[int]], first: dict[int, int]) -> Item:
    row = rows[0]
    return Item(
        produce_id=row["produce_id"],
        url=reverse("catalogue:detail", args=[row["product__slug"], row["product_id"]]),
        name=row["produce__name"],
        sound="".join(lazy_pinyin(row["produce__name"])).lower(),
        code=row["produce__code"],
        variety=row["produce__variety"],
        category=row["produce__category"],
        category_ids=frozenset().union(*(categories.get(row["product_id"], ()) for row in rows)),
        village=row["produce__cooperative__village__name"],
        township_code=row["produce__cooperative__village__township__code"],
        township=row["produce__cooperative__village__township__name"],
        is_deep_poverty=row["produce__cooperative__village__township__is_deep_poverty"],
        cooperative_code=row["produce__cooperative__code"],
        cooperative=row["produce__cooperative__name"],
        harvest_from=row["produce__harvest_from"],
        harvest_to=row["produce__harvest_to"],
        is_b2b_only=row["produce__is_b2b_only"],
        new_on=days.day_of(max(row["product__date_created"] for row in rows)),
        boxes=tuple(
            Box(row["product_id"], row["spec"], row["net_g"], row["is_per_kg"], first.get(row["product_id"]))
            for row in rows
        ),
    )


def _read_ways() -> tuple[dict[int, Way], dict[int, set[int]]]:
    """The categories that visitors may see, and for every category itself and those above it.

    Oscar keeps the address of a category in a cache, where its new slug would wait for the old one to be forgotten.
    """
    rows = list(Category.objects.order_by("path"))
    by_path = {row.path: row for row in rows}
    step = Category.steplen
    lines = {row.pk: [by_path[row.path[: step * n]] for n in range(1, row.depth + 1)] for row in rows}
    ways = {
        row.pk: Way(
            pk=row.pk,
            name=row.name,
            description=row.description,
            url=reverse("catalogue:category", args=["/".join(one.slug for one in lines[row.pk]), row.pk]),
            depth=row.depth,
        )
        for row in rows
        if row.is_public and row.ancestors_are_public
    }
    return ways, {pk: {one.pk for one in line} for pk, line in lines.items()}


def _read_stock() -> dict[int, tuple[int, int]]:
    """For each product its price in fen, and how many are free."""
    found: dict[int, tuple[int, int]] = {}
    rows = StockRecord.objects.order_by("pk").values_list("product_id", "price", "num_in_stock", "num_allocated")
    for product_id, price, in_stock, allocated in rows:
        found.setdefault(product_id, (fen_of(price or 0), max((in_stock or 0) - (allocated or 0), 0)))
    return found


def _make_offers(day: dt.date, at: Version) -> tuple[Offer, ...]:
    stock = _stock.get(at.stock, _read_stock)
    made = [offer for item in goods(at).items if (offer := _offer(item, stock, day))]
    return tuple(sorted(made, key=lambda offer: (offer.item.is_b2b_only, offer.rank)))


def _offer(item: Item, stock: dict[int, tuple[int, int]], day: dt.date) -> Offer | None:
    boxes = [box for box in item.boxes if box.product_id in stock]
    if not boxes:
        return None
    can_be_had = [box for box in boxes if stock[box.product_id][1] and not (box.is_per_kg or item.is_b2b_only)]
    box = can_be_had[0] if can_be_had else boxes[0]
    price_fen, free = stock[box.product_id]
    is_on = season.is_on(item.harvest_from, item.harvest_to, day)
    is_all_year = season.is_all_year(item.harvest_from, item.harvest_to)
    is_free = any(stock[one.product_id][1] for one in boxes)
    return Offer(
        item=item,
        product_id=box.product_id,
        price_fen=price_fen,
        fen_per_jin=half_up(price_fen * G_PER_JIN, box.net_g),
        is_sold_out=not free,
        is_on=is_on,
        rank=(0 if is_on and not is_all_year else 1) if is_free else (2 if is_on else 3),
    )
