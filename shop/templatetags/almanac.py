"""Days without their year, as an almanac has them."""

import datetime as dt

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def month_day(day: dt.date | str) -> str:
    """9/20 of a day, or of a harvest's month-day "09-20"; 9月20日 in Chinese."""
    month, number = (day.month, day.day) if isinstance(day, dt.date) else map(int, day.split("-"))
    return _("%(month)d/%(day)d") % {"month": month, "day": number}


@register.filter
def month_name(month: int) -> str:
    """Jan … Dec of 1 … 12; 1月 … 12月 in Chinese."""
    return (
        _("Jan"), _("Feb"), _("Mar"), _("Apr"), _("May"), _("Jun"),
        _("Jul"), _("Aug"), _("Sep"), _("Oct"), _("Nov"), _("Dec"),
    )[month - 1]  # fmt: skip
