"""The ways in which a basket can come to its buyer: by parcel, by a direct truck to one of its stops, to a counter."""

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import Case, Prefetch, When
from django.utils.translation import gettext as _

from logistics.models import Counter, Departure, Stop
from shop import places
from shop.basket.views import reckoned_from
from shop.models import Sale
from shop.preorders.models import presale_of
from shop.shipping import arrival, freight
from shop.shipping.methods import ByTariff, ByTruck, ByWeight, ToCounter
from shop.together.models import stops_for_everybody
from suppliers.base import days

PARCEL, TRUCK, COUNTER = Sale.Delivery.PARCEL, Sale.Delivery.TRUCK, Sale.Delivery.COUNTER
# So many trucks and counters a page; later trucks are offered when they are next.
MOST_TRUCKS, MOST_COUNTERS = 6, 8
# Room is spoken of where less than a tenth of the truck is left.
SHORT_OF = 10


@dataclass(frozen=True)
class Way:
    """One way: what it costs, when it is there, where; `refusal` says why it cannot be chosen, empty where it can."""

    delivery: str
    method: ByTariff | None
    area_code: str
    expected_on: dt.date | None
    fen: int | None = None
    stop: Stop | None = None
    counter: Counter | None = None
    refusal: str = ""

    @property
    def city(self) -> str:
        """The city it comes to, as people say it."""
        return places.short_city(self.area_code)

    @property
    def place(self) -> Stop | Counter | None:
        return self.stop or self.counter

    @property
    def pk(self) -> str:
        return str(self.place.pk) if self.place else ""


@dataclass(frozen=True)
class Truck:
    """A departure with the ways to its stops: they cost the same and are refused together."""

    departure: Departure
    stops: list[Way]

    @property
    def is_short_of_room(self) -> bool:
        return self.departure.room_g * SHORT_OF < self.departure.capacity_g


@dataclass(frozen=True)
class Ways:
    """All ways of a basket; of the trucks, those to the buyer's own city and the others apart."""

    parcel: Way
    own_trucks: list[Truck] = field(default_factory=list)
    other_trucks: list[Truck] = field(default_factory=list)
    counters: list[Way] = field(default_factory=list)
    is_by_parcel_only: bool = False

    @property
    def trucks(self) -> list[Truck]:
        return [*self.own_trucks, *self.other_trucks]

    def of(self, delivery: str) -> list[Way]:
        stops = [way for truck in self.trucks for way in truck.stops]
        return {TRUCK: stops, COUNTER: self.counters}.get(delivery, [self.parcel])

    def chosen(self, delivery: str, pk: str) -> Way | None:
        """The way that was chosen, else the first that can be; None where there is none of this kind."""
        ways = self.of(delivery)
        named = next((way for way in ways if way.pk == pk), None)
        return named or next((way for way in ways if not way.refusal), None)


def refusal_of(way: Way | None, named: str) -> str:
    """Why nothing can be ordered by `way`, which is what there is of the kind of which `named` was chosen; empty if it can."""
    if way is None:
        return _("Nothing goes this way now. Please choose another one.")
    if way.place and way.pk != named:
        return _("What you chose takes no orders any more. Please choose again.")
    return way.refusal


def ways(basket, *, area_code: str) -> Ways:
    """The ways of `basket`; the parcel goes to `area_code`, trucks to its city come first."""
    now = days.now()
    today = days.day_of(now)
    lines = list(basket.all_lines())
    tariff = freight.tariff_for(area_code)
    parcel = _way(
        PARCEL,
        basket,
        ByWeight(area_code) if tariff else None,
        area_code,
        arrival.expected(area_code, on=reckoned_from(basket)),
    )
    if any(presale_of(line.product.pack) for line in lines):
        return Ways(parcel, is_by_parcel_only=True)  # no truck is planned yet for the week in which it is sent
    gross_g = sum(line.quantity * line.product.pack.gross_g for line in lines)
    is_cold = any(line.product.pack.produce.is_cold_chain for line in lines)
    open_ones = Departure.objects.open_at(now)
    if is_cold:
        open_ones = open_ones.filter(is_refrigerated=True)
    own_city = f"{area_code[:4]}00"
    own_first = Case(When(city_code=own_city, then=0), default=1)
    with_stops = open_ones.prefetch_related(Prefetch("stops", stops_for_everybody()))
    departures = list(with_stops.order_by(own_first, "leaves_at", "pk")[:40])
    if not is_cold:
        # The room of refrigerated trucks is kept for what needs it, as long as others go.
        departures = [departure for departure in departures if not departure.is_refrigerated] or departures
    trucks = [_truck(basket, departure, gross_g, today) for departure in departures if departure.stops.all()]
    counters = [
        _way(
            COUNTER,
            basket,
            ToCounter(),
            counter.area_code,
            arrival.expected(counter.area_code, on=today, truck_on=_next_truck(departures, counter)),
            counter=counter,
        )
        for counter in Counter.objects.filter(is_open=True)[:MOST_COUNTERS]
    ]
    counters.sort(key=lambda way: way.area_code[:4] != area_code[:4])
    own = [truck for truck in trucks if truck.departure.city_code == own_city]
    others = [truck for truck in trucks if truck.departure.city_code != own_city]
    return Ways(parcel, own[:MOST_TRUCKS], others[:MOST_TRUCKS], counters)


def _truck(basket, departure: Departure, gross_g: int, today: dt.date) -> Truck:
    refusal = "" if departure.room_g >= gross_g else _room(departure)
    stops = []
    for stop in departure.stops.all():
        on = arrival.expected(stop.area_code, on=today, truck_on=days.day_of(stop.opens_at))
        stop.departure = departure
        stops.append(_way(TRUCK, basket, ByTruck(departure), stop.area_code, on, stop=stop, refusal=refusal))
    return Truck(departure, stops)


def _way(delivery, basket, method, area_code, expected_on, **place) -> Way:
    fen = sum(method.parts_fen(basket).values()) if method else None
    return Way(delivery, method, area_code, expected_on, fen, **place)


def _room(departure: Departure) -> str:
    if departure.room_g < 1000:
        return _("This truck is full.")
    return _("There is room for %(kg)d kg only.") % {"kg": departure.room_g // 1000}


def _next_truck(departures: list[Departure], counter: Counter) -> dt.date | None:
    """The day on which the next truck to the counter's city hands out; goods for the counter ride on it."""
    arrivals = [
        days.day_of(stop.opens_at)
        for departure in departures
        if departure.city_code[:4] == counter.area_code[:4]
        for stop in departure.stops.all()
    ]
    return min(arrivals, default=None)
