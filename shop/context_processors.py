"""What every page of the shop shows: the categories, and how much is in the basket. Asked for only if it is shown."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from shop.basket import held


def shop(request: HttpRequest) -> dict:
    # A page that is kept for everybody has these filled in later (shop/catalogue/pages.py).
    count, token = getattr(request, "basket_count", None), getattr(request, "form_token", None)
    return ({"csrf_token": token} if token else {}) | {
        "shop_categories": SimpleLazyObject(lambda: _categories(request)),
        "basket_count": count or SimpleLazyObject(lambda: _count(request)),
        "shop_operator": settings.SHOP_OPERATOR,
        "shop_licence": settings.SHOP_LICENCE,
        "shop_icp": settings.SHOP_ICP,
    }


def _categories(request: HttpRequest) -> list:
    """The top categories that visitors may see, each with its `name` and `url`."""
    from shop.catalogue import inventory, version

    goods = inventory.goods(version.of(request))
    return [way for way in goods.ways.values() if way.depth == 1]


def _count(request: HttpRequest) -> int:
    """How many packs are in the visitor's basket."""
    if getattr(request, "_basket_cache", None) is not None:
        return request.basket.num_items
    return held.count(request)
