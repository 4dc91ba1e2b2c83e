"""The unpaid orders of a visitor, where they keep him from another one: he pays or cancels one of them."""

from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from shop.holding import TooManyUnpaid
from shop.models import Sale

# A signed cookie with the tokens of the orders that a guest placed last: no session has to be made for him.
COOKIE, KEPT_SECONDS, REMEMBERED = "placed", 86_400, 5


def remember(request: HttpRequest, response: HttpResponse, sale: Sale) -> HttpResponse:
    """Let a guest's browser keep that `sale` is his: whoever has its token can pay and cancel it. Return `response`."""
    if not request.user.is_authenticated:
        response.set_signed_cookie(
            COOKIE,
            " ".join([*placed(request), sale.token][-REMEMBERED:]),
            salt=COOKIE,
            max_age=KEPT_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response


def placed(request: HttpRequest) -> list[str]:
    """The tokens of the orders that this guest placed last, the latest at the end."""
    return request.get_signed_cookie(COOKIE, "", salt=COOKIE, max_age=KEPT_SECONDS).split()


def own_of(request: HttpRequest, refused: TooManyUnpaid) -> Sequence[Sale]:
    """Those of the open orders that this visitor placed; a guest may have written somebody else's number."""
    if request.user.is_authenticated:
        return refused.sales
    own = placed(request)
    return [sale for sale in refused.sales if sale.token in own]
