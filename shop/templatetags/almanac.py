"""Days without their year, as an almanac has them."""

import datetime as dt

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from shop import places
from suppliers.base import days
from suppliers.base.money import half_up

register = template.Library()


@register.filter(expects_localtime=True)
def month_day(day: dt.date | str) -> str:
    """9/20 of a day, or of a harvest's month-day "09-20"; 9月20日 in Chinese."""
    month, number = (day.month, day.day) if isinstance(day, dt.date) else map(int, day.split("-"))
    return _("%(month)d/%(day)d") % {"month": month, "day": number}


@register.filter
def day_hour(moment: dt.datetime) -> str:
    """11/28 17:00 of a moment, by the clock of Shanghai; 11月28日 17:00 in Chinese."""
    return date_format(timezone.localtime(moment), _("n/j H:i"))


@register.filter
def day_of_week(moment: dt.datetime) -> str:
    """Sat 11/28 of a moment, by the clock of Shanghai; 11月28日 星期六 in Chinese."""
    return date_format(timezone.localtime(moment), _("D n/j"))


@register.filter
def month_name(month: int) -> str:
    """Jan … Dec of 1 … 12; 1月 … 12月 in Chinese."""
    return (
        pgettext("month", "Jan"), pgettext("month", "Feb"), pgettext("month", "Mar"), pgettext("month", "Apr"),
        pgettext("month", "May"), pgettext("month", "Jun"), pgettext("month", "Jul"), pgettext("month", "Aug"),
        pgettext("month", "Sep"), pgettext("month", "Oct"), pgettext("month", "Nov"), pgettext("month", "Dec"),
    )[month - 1]  # fmt: skip


@register.filter
def time_left(moment: dt.datetime) -> str:
    """2 days 3 hours: what is left until `moment`, in its two largest units and never less than nothing."""
    minutes = max(int((moment - days.now()).total_seconds()) // 60, 0)
    whole_days, hours = divmod(minutes // 60, 24)
    parts = [
        (whole_days, ngettext("%(n)s day", "%(n)s days", whole_days)),
        (hours, ngettext("%(n)s hour", "%(n)s hours", hours)),
        (minutes % 60, ngettext("%(n)s minute", "%(n)s minutes", minutes % 60)),
    ]
    first = next((i for i, (n, _words) in enumerate(parts) if n), 2)
    return " ".join(words % {"n": n} for n, words in parts[first : first + 2] if n or first == 2)


@register.filter
def city_name(area_code: str) -> str:
    """泰安市 of 370900 or of any district of it; nothing of a code that no place has."""
    try:
        return places.city_of(area_code).name
    except places.UnknownArea:
        return ""


@register.filter
def share_of(part: int, whole: int) -> int:
    """How many of a hundred `part` is of `whole`, half up; 0 of nothing."""
    return half_up(part * 100, whole) if whole else 0
