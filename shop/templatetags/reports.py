"""A report's raw values (integer fen, grams, basis points) as officials read them."""

from django import template
from django.utils.translation import gettext as _

from suppliers.base.money import half_up, yuan_text

from ..reports.report import COUNT, MONEY, SHARE, WEIGHT, city_name, wan_text

register = template.Library()
register.filter("wan", wan_text)
register.filter("city", city_name)


@register.filter
def tonnes(g: int) -> str:
    """680.53 of 680534682 g, half up."""
    hundredths = half_up(g, 10_000)
    sign, hundredths = ("-", -hundredths) if hundredths < 0 else ("", hundredths)
    return f"{sign}{hundredths // 100:,}.{hundredths % 100:02d}"


@register.filter
def kilograms(g: int) -> str:
    """2,500.000 of 2500000 g."""
    return f"{'-' if g < 0 else ''}{abs(g) // 1000:,}.{abs(g) % 1000:03d}"


@register.filter
def money(fen: int | None) -> str:
    """As everybody reads it: 606.77 万元 from 10,000 yuan on, 8,640.00 yuan below; nothing of what is hidden."""
    if fen is None:
        return ""
    if abs(fen) < 1_000_000:
        return _("%(yuan)s yuan") % {"yuan": yuan_text(fen)}
    return _("%(wan)s × 10,000 yuan") % {"wan": wan_text(fen)}


@register.filter
def grouped(n: int) -> str:
    """1,432"""
    return f"{n:,}"


@register.simple_tag
def cell(value: object, kind: str, exact: bool = False) -> str:
    """A table's value: money in 万元 and weight in tonnes, or with `exact` in yuan and kilograms; — for nothing."""
    if value is None:
        return "—"
    if kind == MONEY:
        return yuan_text(value) if exact else wan_text(value)
    if kind == WEIGHT:
        return kilograms(value) if exact else tonnes(value)
    if kind == SHARE:
        return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"
    return f"{value:,}" if kind == COUNT else str(value)


@register.filter
def unit(kind: str, exact: bool) -> str:
    """The unit that `cell` shows a kind in."""
    if kind == MONEY:
        return _("yuan") if exact else _("10,000 yuan")
    if kind == WEIGHT:
        return _("kg") if exact else _("t")
    return "%" if kind == SHARE else ""
