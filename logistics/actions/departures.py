"""Room on direct trucks is booked and given back; a truck is planned, leaves, or does not go."""

import datetime as dt
from dataclasses import asdict, dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from suppliers.base import days

from ..models import ApprovedDistance, Departure, Stop, Vehicle

MOST_G = 50_000_000  # 50 t, as of any vehicle
MOST_DAYS_AHEAD = 180
MOST_FEN_PER_KG = 100_00


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


@dataclass(frozen=True)
class Halt:
    """A stop as it is planned."""

    name: str
    address: str
    area_code: str
    opens_at: dt.datetime
    closes_at: dt.datetime


@transaction.atomic
def plan_departure(
    *,
    city_code: str,
    cut_off_at: dt.datetime,
    leaves_at: dt.datetime,
    capacity_g: int,
    fen_per_kg: int,
    halt: Halt,
    least_g: int = 0,
    is_refrigerated: bool = False,
) -> Departure:
    """Plan a direct truck with its first stop: orders are taken from now on. Raises ValidationError by field."""
    errors = {}
    now = days.now()
    if not ApprovedDistance.objects.filter(pk=city_code).exists():
        errors["city_code"] = _("Choose a city from the list.")
    if not now < leaves_at <= now + dt.timedelta(days=MOST_DAYS_AHEAD):
        errors["leaves_at"] = _("It leaves within the next 180 days.")
    if not now < cut_off_at <= leaves_at:
        errors["cut_off_at"] = _("Orders are taken until some time from now on, and not after it has left.")
    if not 0 < capacity_g <= MOST_G:
        errors["capacity_g"] = _("The room is above zero and at most 50 tonnes.")
    elif not 0 <= least_g <= capacity_g:
        errors["least_g"] = _("This is at most the room.")
    if not 0 <= fen_per_kg <= MOST_FEN_PER_KG:
        errors["fen_per_kg"] = _("A kilogram costs between 0 and 100 yuan.")
    errors |= wrong_with(halt, city_code=city_code, leaves_at=leaves_at)
    if errors:
        raise ValidationError(errors)
    prefix = f"ZTC-{days.day_of(leaves_at):%Y%m%d}-{city_code[:4]}"
    number = Departure.objects.filter(departure_no__startswith=prefix).count() + 1
    try:
        with transaction.atomic():
            departure = Departure.objects.create(
                departure_no=f"{prefix}-{number}",
                city_code=city_code,
                cut_off_at=cut_off_at,
                leaves_at=leaves_at,
                capacity_g=capacity_g,
                least_g=least_g,
                fen_per_kg=fen_per_kg,
                is_refrigerated=is_refrigerated,
            )
    except IntegrityError as error:
        raise ValidationError(_("Somebody planned a truck at the same moment. Please try again.")) from error
    Stop.objects.create(departure=departure, **asdict(halt))
    return departure


@transaction.atomic
def add_stop(*, departure: Departure, halt: Halt) -> Stop:
    """Let `departure`, which takes orders still, halt once more. Raises ValidationError by field."""
    departure = Departure.objects.select_for_update().get(pk=departure.pk)
    if departure.state != Departure.State.OPEN:
        raise ValidationError(_("This truck has left or does not go."))
    errors = wrong_with(halt, city_code=departure.city_code, leaves_at=departure.leaves_at)
    if departure.stops.filter(name=halt.name).exists():
        errors["name"] = _("This truck has a stop of this name.")
    if errors:
        raise ValidationError(errors)
    return Stop.objects.create(departure=departure, **asdict(halt))


def wrong_with(halt: Halt, *, city_code: str, leaves_at: dt.datetime) -> dict[str, str]:
    """What is wrong with `halt` for a truck that leaves for a city, by the field of it; nothing where it can be."""
    errors = {}
    # A consignment goes to one city, and so does the vehicle that it is loaded on.
    if halt.area_code[:4] != city_code[:4]:
        errors["area_code"] = _("This district is not in the city that the truck goes to.")
    if not leaves_at < halt.opens_at <= leaves_at + dt.timedelta(days=10):
        errors["opens_at"] = _("It hands out after it has left, within ten days.")
    if not halt.opens_at < halt.closes_at <= halt.opens_at + dt.timedelta(days=3):
        errors["closes_at"] = _("It ends after it begins, within three days.")
    return errors


@transaction.atomic
def leave(*, departure: Departure, vehicle: Vehicle) -> Departure:
    """Note that `departure` is the trip of `vehicle` now: no more orders are taken, and goods are loaded on it.

    Raises ValidationError where it cannot be this vehicle, or the truck has left or does not go.
    """
    departure = Departure.objects.select_for_update().get(pk=departure.pk)
    if departure.state != Departure.State.OPEN:
        raise ValidationError(_("This truck has left or does not go."))
    text = ""
    if vehicle.city_code != departure.city_code:
        text = _("This vehicle goes to another city.")
    elif departure.is_refrigerated and not vehicle.is_refrigerated:
        text = _("What is booked travels refrigerated, and this vehicle is not.")
    elif vehicle.max_load_g < departure.booked_g:
        text = _("More is booked than this vehicle may carry.")
    elif Departure.objects.filter(vehicle=vehicle).exists():
        text = _("Another departure is this vehicle already.")
    if text:
        raise ValidationError({"vehicle": text})
    departure.state, departure.vehicle = Departure.State.LEFT, vehicle
    departure.save(update_fields=["state", "vehicle"])
    return departure


@transaction.atomic
def close(*, departure: Departure) -> bool:
    """Let `departure` not go: no more orders are taken. Return False where it has left.

    Its orders are shop.orders' to cancel or to move.
    """
    return bool(
        Departure.objects.filter(pk=departure.pk)
        .exclude(state=Departure.State.LEFT)
        .update(state=Departure.State.CANCELLED)
    )
