"""Days are days in Shanghai; moments are aware datetimes."""

import datetime as dt
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> dt.datetime:
    """This moment."""
    return dt.datetime.now(tz=dt.UTC)


def today() -> dt.date:
    """The day it is in Shanghai."""
    return day_of(now())


def day_of(moment: dt.datetime) -> dt.date:
    """The Shanghai day in which `moment` falls."""
    return moment.astimezone(SHANGHAI).date()


def at(day: dt.date, hour: int = 12, minute: int = 0, second: int = 0) -> dt.datetime:
    """A moment on `day` by the clock of Shanghai."""
    return dt.datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=SHANGHAI)


def months(starts: dt.date, ends: dt.date) -> list[dt.date]:
    """The first day of every month that `starts`…`ends` touches."""
    found, month = [], starts.replace(day=1)
    while month <= ends:
        found.append(month)
        month = (month + dt.timedelta(days=32)).replace(day=1)
    return found


def month_end(day: dt.date) -> dt.date:
    """The last day of the month of `day`."""
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)


def half_year(day: dt.date) -> tuple[dt.date, dt.date]:
    """The first and the last day of the half-year of `day`."""
    if day.month <= 6:
        return dt.date(day.year, 1, 1), dt.date(day.year, 6, 30)
    return dt.date(day.year, 7, 1), dt.date(day.year, 12, 31)
