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


# Public holidays on a fixed day of the calendar (全国年节及纪念日放假办法, 2024): month and day. Those of the lunar year are
# announced each autumn; whoever sets a date that they fall into may choose a later one.
FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})


def is_working_day(day: dt.date) -> bool:
    """Whether `day` is from Monday to Friday and no public holiday on a fixed day."""
    return day.weekday() < 5 and (day.month, day.day) not in FIXED_HOLIDAYS


def after_working_days(day: dt.date, number: int) -> dt.date:
    """The last of `number` working days that follow `day`. `number` ≥ 0; with 0 it is `day` itself."""
    while number:
        day += dt.timedelta(days=1)
        number -= is_working_day(day)
    return day
