"""Room on direct trucks is booked and given back; a truck is planned, leaves, or does not go."""

import datetime as dt

from django.db import transaction
from django.db.models import F

from suppliers.base import days

from ..models import Departure


class CannotRide(Exception):
    """Goods cannot ride on `departure`."""

    def __init__(self, departure: Departure, text: str) -> None:
        super().__init__(f"{departure.departure_no}: {text}")
        self.departure = departure


class TruckClosed(CannotRide):
    """The departure takes no orders (any more): its cut-off is over, it has left, or it does not go."""


class TruckFull(CannotRide):
    """The departure has less room than was asked for; `room_g` is left."""

    def __init__(self, departure: Departure, g: int) -> None:
        self.room_g = departure.room_g
        super().__init__(departure, f"no room for {g} g, only for {self.room_g} g")


@transaction.atomic
def book(*, departure: Departure, g: int, at: dt.datetime | None = None) -> None:
    """Take `g` gross grams of the room of `departure`, for an order of `at` (now).

    Raises TruckClosed or TruckFull; nothing is changed then.
    """
    at = at or days.now()
    _check_grams(g)
    # One statement that asks and takes: two buyers at once never both get the last room.
    booked = Departure.objects.filter(pk=departure.pk).open_at(at).with_room_for(g).update(booked_g=F("booked_g") + g)
    departure.refresh_from_db(fields=["booked_g", "capacity_g", "state", "cut_off_at"])
    if booked:
        return
    if not departure.is_open_at(at):
        raise TruckClosed(departure, "takes no orders any more")
    raise TruckFull(departure, g)


@transaction.atomic
def release(*, departure: Departure, g: int) -> None:
    """Give `g` gross grams of `departure` back. Raises ValueError where fewer were booked; nothing is changed then."""
    _check_grams(g)
    if not Departure.objects.filter(pk=departure.pk, booked_g__gte=g).update(booked_g=F("booked_g") - g):
        raise ValueError(f"{g} g were not booked on {departure}")
    departure.refresh_from_db(fields=["booked_g"])


def _check_grams(g: int) -> None:
    if g <= 0:
        raise ValueError(f"{g} g are no load")
