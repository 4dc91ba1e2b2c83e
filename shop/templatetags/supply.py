"""Harvests as pages show them."""

from django import template
from django.urls import reverse

from shop.sourcing import board, tellers
from suppliers.models import SupplyDeclaration

register = template.Library()
register.filter("per_jin", board.per_jin)
register.filter("t", board.tonnes)


@register.filter
def jin(g: int) -> str:
    """300,000 of 150,000,000 g; halves of a jin are rounded up."""
    return f"{(g + 250) // 500:,}"


@register.filter
def kind_name(code: str, kinds: dict[str, str]) -> str:
    """The name of a kind of produce."""
    return kinds.get(code, code) if kinds else code


@register.simple_tag
def teller_start(teller: tellers.Teller) -> str:
    """Where his questions begin."""
    return teller.url(teller.steps[0])


@register.simple_tag
def teller_change(teller: tellers.Teller, one: SupplyDeclaration) -> str:
    """Where he speaks again about a declaration."""
    return reverse(f"{teller.at.removesuffix('_declare')}_change", args=[*teller.args, one.pk])


@register.simple_tag
def stale_harvests(cooperative) -> list[SupplyDeclaration]:
    """What this cooperative should say again."""
    return tellers.stale(cooperative)
