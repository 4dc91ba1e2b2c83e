"""Integer fen, grams and basis points as people read them."""

from django import template

from ..base.money import kg_text, yuan_text

register = template.Library()


@register.filter
def yuan(fen: int | None) -> str:
    """3,250.00 of 325000 fen; nothing of nothing."""
    return "" if fen is None else yuan_text(fen)


@register.filter
def kg(g: int | None) -> str:
    """2.5 of 2500 g: kilograms without idle zeros; nothing of nothing."""
    return "" if g is None else kg_text(g)


@register.filter
def percent(bp: int | None) -> str:
    """64.80 of 6480 basis points."""
    return "" if bp is None else f"{bp // 100}.{bp % 100:02d}"


@register.filter
def jin(g: int | None) -> str:
    """5 of 2500 g: jin (500 g) without idle zeros; nothing of nothing."""
    return "" if g is None else kg(g * 2)
