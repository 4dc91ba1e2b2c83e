"""What a pack would cost on its way to a place, and when it would be there: said before anything is ordered."""

import datetime as dt
from dataclasses import dataclass
from functools import cache

from shop import places

from . import arrival, freight

# Where most parcels go: said to whoever has chosen nothing.
TAIAN = "370900"


@dataclass(frozen=True)
class Estimate:
    """One parcel of `gross_g` to the city or province `area`."""

    area: places.Area
    freight_fen: int
    expected_on: dt.date


def estimate(gross_g: int, area_code: str, *, on: dt.date) -> Estimate:
    """The freight and the day of arrival of a parcel ordered `on` a day. A place we do not know counts as Tai'an."""
    area = destinations().get(area_code) or destinations()[TAIAN]
    tariff = freight.tariff_for(area.code)
    return Estimate(area, tariff.fen(gross_g), arrival.expected(area.code, on=on))


@cache
def destinations() -> dict[str, places.Area]:
    """Where we send to, by code: the cities of Shandong, then the other provinces that have a tariff."""
    return {area.code: area for area in (*shandong(), *elsewhere())}


@cache
def shandong() -> tuple[places.Area, ...]:
    return places.children(f"{places.SHANDONG}0000")


@cache
def elsewhere() -> tuple[places.Area, ...]:
    return tuple(
        area for area in places.children() if freight.tariff_for(area.code) and not places.is_shandong(area.code)
    )
