"""The unpaid orders of a visitor, where they keep him from another one: he pays or cancels one of them."""

from collections.abc import Sequence

from django.http import HttpRequest

from shop.holding import TooManyUnpaid
from shop.models import Sale

PLACED = "placed"  # the session's key: the tokens of the orders that a guest placed last
REMEMBERED = 10


def remember(request: HttpRequest, sale: Sale) -> None:
    """Keep in a guest's session that `sale` is his: whoever has its token can pay and cancel it."""
    if not request.user.is_authenticated:
        request.session[PLACED] = [*placed(request), sale.token][-REMEMBERED:]


def placed(request: HttpRequest) -> list[str]:
    """The tokens of the orders that this guest placed last; none, without a query, for who has no session."""
    return request.session.get(PLACED, [])


def own_of(request: HttpRequest, refused: TooManyUnpaid) -> Sequence[Sale]:
    """Those of the open orders that this visitor placed; a guest may have written somebody else's number."""
    if request.user.is_authenticated:
        return refused.sales
    return [sale for sale in refused.sales if sale.token in placed(request)]
