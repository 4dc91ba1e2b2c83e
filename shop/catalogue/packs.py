"""Packs with all that pages show of them but price and stock, kept in the memory of this process while the goods are the same.

What a pack weighs, who sells it and how it looks takes a statement over eight tables, which costs the database more to plan
and Django more to write than the rest of a page. It changes when somebody edits the shelf, not when somebody buys.
"""

from collections.abc import Iterable

from django.db.models import QuerySet

from suppliers.models import Pack

from .inventory import Kept
from .version import Version

# Packs are read by so many ids at once: fifty cost three times what one does, and who looks at one looks at others.
A_READ = 50

_known = Kept()


def of(ids: Iterable[int], at: Version) -> dict[int, Pack]:
    """Those of the packs `ids` that there are, on sale or not, as they were at version `at` of the shelf.

    In two statements those that nobody has asked for since the goods changed, in none the others. Threads share them:
    nobody may change or save one.
    """
    known: dict[int, Pack] = _known.get(at.goods, dict)
    ids = list(ids)
    if reads := {pk // A_READ for pk in ids if pk not in known}:
        beside = [pk for n in reads for pk in range(n * A_READ, (n + 1) * A_READ) if pk not in known]
        known.update({pack.pk: pack for pack in with_all(Pack.objects.filter(pk__in=beside))})
    return {pk: known[pk] for pk in ids if pk in known}


def with_all(packs: QuerySet[Pack]) -> QuerySet[Pack]:
    """`packs` with their product, produce, place, pre-sale and pictures."""
    return packs.select_related(
        "product__product_class", "produce__cooperative__village__township", "presale"
    ).prefetch_related("product__images")
