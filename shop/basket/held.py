"""How much is in a visitor's basket."""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import connection
from django.http import HttpRequest

COUNT_SQL = (
    "SELECT SUM(l.quantity) FROM basket_line l JOIN basket_basket b ON b.id = l.basket_id WHERE b.status = 'Open' AND "
)


def count(request: HttpRequest) -> int:
    """How many packs are in the open basket of the account, else of the cookie: one statement, none for who has neither."""
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return _sum("b.owner_id = %s", user.pk)
    cookie = request.COOKIES.get(settings.OSCAR_BASKET_COOKIE_OPEN)
    try:
        return _sum("b.owner_id IS NULL AND b.id = %s", int(Signer().unsign(cookie))) if cookie else 0
    except (BadSignature, ValueError):
        return 0


def _sum(whose: str, pk: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(COUNT_SQL + whose, [pk])
        return cursor.fetchone()[0] or 0
