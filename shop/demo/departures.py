"""Direct trucks of the coming weeks with their stops, some well booked, and two counters."""

import datetime as dt

from logistics.models import Counter, Departure, Stop
from suppliers.base import days

# City: (name, [(stop, address, area code, from, until)]); invented squares in real districts.
CITIES = {
    "370900": (
        "泰安",
        [
            ("示例·泰山区便民服务点", "东岳大街某广场南门", "370902", 9, 12),
            ("示例·岱岳区社区中心", "长城路某社区门口", "370911", 14, 18),
        ],
    ),
    "370100": (
        "济南",
        [
            ("示例·市中区农贸广场", "经七路某广场东侧", "370103", 9, 12),
            ("示例·历下区社区中心", "泉城路某社区门口", "370102", 14, 18),
        ],
    ),
}
COUNTERS = [
    ("TA01", "示例·泰安商场巫溪专柜", "东岳大街某商场一楼", "370902", "9:00–21:00"),
    ("TA02", "示例·岱岳超市巫溪专柜", "长城路某超市入口", "370911", "8:30–20:30"),
]
DAYS_AHEAD = 35
DAYS_ON_THE_ROAD = 2


def load() -> None:
    """Have the trucks of the 10th, the 20th and the last of the coming weeks: a dry and a refrigerated one a city."""
    for code, name, address, area_code, hours in COUNTERS:
        Counter.objects.get_or_create(
            code=code, defaults={"name": name, "address": address, "area_code": area_code, "hours": hours}
        )
    today = days.today()
    for leaves_on in (today + dt.timedelta(days=n) for n in range(2, DAYS_AHEAD)):
        if leaves_on.day in (10, 20) or leaves_on == days.month_end(leaves_on):
            for city_code in CITIES:
                for is_refrigerated in (False, True):
                    _plan(leaves_on, city_code, is_refrigerated)


def _plan(leaves_on: dt.date, city_code: str, is_refrigerated: bool) -> None:
    city, stops = CITIES[city_code]
    departure, is_new = Departure.objects.get_or_create(
        departure_no=f"直通车-{leaves_on:%Y%m%d}-{city}-{'冷藏' if is_refrigerated else '常温'}",
        defaults={
            "city_code": city_code,
            "cut_off_at": days.at(leaves_on - dt.timedelta(days=1), 12),
            "leaves_at": days.at(leaves_on, 8),
            "capacity_g": 3_000_000 if is_refrigerated else 6_000_000,
            "least_g": 500_000,
            "fen_per_kg": 90 if is_refrigerated else 60,
            "is_refrigerated": is_refrigerated,
        },
    )
    if is_new:
        arrives_on = leaves_on + dt.timedelta(days=DAYS_ON_THE_ROAD)
        Stop.objects.bulk_create(
            Stop(
                departure=departure,
                name=name,
                address=address,
                area_code=area_code,
                opens_at=days.at(arrives_on, opens),
                closes_at=days.at(arrives_on, closes),
            )
            for name, address, area_code, opens, closes in stops
        )
