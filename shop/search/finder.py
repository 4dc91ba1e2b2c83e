"""Finding produce on the shelf."""

from oscar.core.loading import get_model

from shop.catalogue import shelf

from . import words

Category = get_model("catalogue", "Category")

NAME, VARIETY, CATEGORY, PLACE = 8, 5, 3, 2


def find(query: str) -> list[int]:
    """The ids of the produce that `query` is about, the best first; nothing for a query without a word.

    Those that hold the most of its words: 峰灵冬桃 is peaches of Fengling, and 好吃的核桃 are walnuts all the same.
    """
    wanted = words.words(query)
    if not wanted:
        return []
    categories = dict(Category.objects.values_list("slug", "name"))
    rows = shelf.on_sale().values_list(
        "pk",
        "name",
        "variety",
        "category",
        "cooperative__name",
        "cooperative__village__name",
        "cooperative__village__township__name",
    )
    found = []
    for pk, name, variety, category, *places in rows:
        texts = [(name, NAME), (words.with_other_names(name), NAME - 1), (variety, VARIETY)]
        texts += [(categories.get(category, category), CATEGORY), *((place, PLACE) for place in places)]
        hits, weight = words.score(texts, wanted, named_from=VARIETY)
        if hits:
            found.append((hits, weight, pk))
    most = max((hits for hits, _weight, _pk in found), default=0)
    found = [one for one in found if one[0] == most]
    # Where 冬桃 is a thing's name, the walnuts of 谭家坪冬桃合作社 are not meant.
    least = max((weight for _hits, weight, _pk in found), default=0) / 2
    return [pk for _hits, weight, pk in sorted(found, key=lambda one: (-one[1], one[2])) if weight >= least]
