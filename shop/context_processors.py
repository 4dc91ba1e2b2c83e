"""What every page of the shop shows: the categories, and how much is in the basket. Asked for only if it is shown."""

from django.core.signing import BadSignature, Signer
from django.db.models import Sum
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from oscar.core.loading import get_model


def shop(request: HttpRequest) -> dict:
    return {
        "shop_categories": SimpleLazyObject(lambda: _categories(request)),
        "basket_count": SimpleLazyObject(lambda: _count(request)),
    }


def _categories(request: HttpRequest) -> list:
    """The top categories that visitors may see, each with its `name` and `url`."""
    from shop.catalogue import inventory

    goods = inventory.goods(getattr(request, "shelf_version", None))
    return [way for way in goods.ways.values() if way.depth == 1]


def _count(request: HttpRequest) -> int:
    """How many packs are in the visitor's basket: one query, and none for a visitor who has none."""
    from django.conf import settings

    if getattr(request, "_basket_cache", None) is not None:
        return request.basket.num_items
    lines = get_model("basket", "Line").objects.filter(basket__status="Open")
    cookie = request.COOKIES.get(settings.OSCAR_BASKET_COOKIE_OPEN)
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        lines = lines.filter(basket__owner=user)
    elif cookie:
        try:
            lines = lines.filter(basket=Signer().unsign(cookie), basket__owner=None)
        except BadSignature:
            return 0
    else:
        return 0
    return lines.aggregate(n=Sum("quantity"))["n"] or 0
