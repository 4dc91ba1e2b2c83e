"""The version of what list pages show. It changes in the very commit that changes anything on them (shop/database.py)."""

from typing import NamedTuple

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest


class Version(NamedTuple):
    """A number for each part of the shelf; another number is another state, and a state never comes back by chance.

    `goods` is what is sold, where it is from and how it looks; `stock` what it costs and how much is free; `people` who
    supplied it, and what is certified and said of it; `figures` what the home page says besides.
    """

    goods: int = 0
    stock: int = 0
    people: int = 0
    figures: int = 0


def of(request: HttpRequest | None) -> Version:
    """The version that `request` goes by: it is read once. Without a request, the one that is committed now."""
    if request is None:
        return read()
    if getattr(request, "shelf_version", None) is None:
        request.shelf_version = read()
    return request.shelf_version


def read() -> Version:
    """The version that is committed now: one small statement.

    It is asked first in a request, so it stands for the health check of a kept connection as well: one that has died
    since is replaced.
    """
    try:
        connection.health_check_done = True
        return _read()
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block:
            raise
        connection.close()
        return _read()


def _read() -> Version:
    with connection.cursor() as cursor:
        cursor.execute("SELECT part, token FROM shop_shelfversion")
        # Added up here: the rows are few, and a database plans a sum anew each time.
        sums = dict.fromkeys(Version._fields, 0)
        for part, token in cursor.fetchall():
            sums[part] += token
        return Version(**sums)
