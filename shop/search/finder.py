"""Finding what is on the shelf, and what a visitor who types may mean."""

from dataclasses import dataclass

from django.urls import reverse

from shop.catalogue import inventory, version
from shop.catalogue.inventory import Item
from shop.catalogue.version import Version

from . import words

NAME, VARIETY, CATEGORY, PLACE, SPEC = 8, 5, 3, 2, 1
MOST_NAMES, MOST_PLACES = 6, 3


@dataclass(frozen=True)
class Suggestion:
    """Something that is meant perhaps: what it is called, where it is from, and where it is shown."""

    name: str
    about: str
    url: str


_index, _places = inventory.Kept(), inventory.Kept()


def find(query: str, at: Version | None = None) -> list[int]:
    """The ids of the produce that `query` is about, the best first; nothing for a query without a word.

    Those that hold the most of its words: 峰灵冬桃 is peaches of Fengling, and 好吃的核桃 are walnuts all the same.
    """
    wanted = words.words(query)
    if not wanted:
        return []
    at = at or version.read()
    scores = _index.get(at.goods, lambda: _index_of(inventory.goods(at))).score(wanted)
    most = max((hits for hits, _worth in scores.values()), default=0)
    found = {pk: worth for pk, (hits, worth) in scores.items() if hits == most}
    # Where 冬桃 is a thing's name, the walnuts of 谭家坪冬桃合作社 are not meant.
    least = max(found.values(), default=0) / 2
    return sorted((pk for pk, worth in found.items() if worth >= least), key=lambda pk: (-found[pk], pk))


def suggest(query: str, at: Version | None = None) -> dict[str, list[Suggestion]]:
    """What `query`, typed so far, may become: a few `goods`, `categories` and `townships`."""
    wanted = words.words(query)
    if not wanted:
        return {}
    at = at or version.read()
    goods = inventory.goods(at)
    items = {item.produce_id: item for item in goods.items}
    named: dict[str, Item] = {}
    for pk in find(query, at):
        named.setdefault(items[pk].name, items[pk])
    townships = {item.township_code: item.township for item in goods.items}
    by_category, by_township = _places.get(at.goods, lambda: (_of_ways(goods), _of_townships(townships)))
    shelf = reverse("catalogue:index")
    return {
        "goods": [Suggestion(item.name, item.township, item.url) for item in list(named.values())[:MOST_NAMES]],
        "categories": [Suggestion(goods.ways[pk].name, "", goods.ways[pk].url) for pk in _best(by_category, wanted)],
        "townships": [
            Suggestion(townships[f"{pk:09d}"], "", f"{shelf}?township={pk:09d}") for pk in _best(by_township, wanted)
        ],
    }


def _best(index: words.Index, wanted: tuple[str, ...]) -> list[int]:
    scores = index.score(wanted)
    whole = [pk for pk, (hits, _worth) in scores.items() if hits == len(wanted)]
    return sorted(whole, key=lambda pk: (-scores[pk][1], pk))[:MOST_PLACES]


def _index_of(goods: inventory.Goods) -> words.Index:
    categories = {way.pk: way.name for way in goods.ways.values()}
    return words.Index({item.produce_id: _texts(item, categories) for item in goods.items}, named_from=VARIETY)


def _texts(item: Item, categories: dict[int, str]) -> list[tuple[str, int]]:
    return [
        (item.name, NAME),
        (words.with_other_names(item.name), NAME - 1),
        (item.variety, VARIETY),
        *((categories[pk], CATEGORY) for pk in item.category_ids if pk in categories),
        *((place, PLACE) for place in (item.cooperative, item.village, item.township)),
        *((box.spec, SPEC) for box in item.boxes),
    ]


def _of_ways(goods: inventory.Goods) -> words.Index:
    return words.Index({way.pk: [(way.name, NAME)] for way in goods.ways.values()})


def _of_townships(names: dict[str, str]) -> words.Index:
    return words.Index({int(code): [(name, NAME)] for code, name in names.items()})
