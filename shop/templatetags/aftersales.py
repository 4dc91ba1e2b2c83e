"""What after-sales shows on pages that are made elsewhere: sums of stars, and how much waits for an answer."""

import datetime as dt

from django import template

from shop.aftersales import rules
from shop.aftersales.models import NoReasonReturn, Request, SpoilageClaim
from suppliers.base.money import half_up
from suppliers.models import Cooperative

register = template.Library()


@register.filter
def tenths(number: int) -> str:
    """47 as 4.7."""
    return f"{number // 10}.{number % 10}"


@register.filter
def whole_stars(tenths_of_stars: int) -> int:
    """47 as 5, half up."""
    return half_up(tenths_of_stars, 10)


@register.filter
def answer_by(request: Request) -> dt.datetime:
    """Until when the cooperative answers a claim or return."""
    return request.asked_at + rules.ANSWERED_WITHIN


@register.simple_tag
def waiting_after_sales(cooperative: Cooperative) -> int:
    """How many claims and returns of `cooperative` wait for somebody to answer or to open the parcel."""
    claims = SpoilageClaim.objects.undecided().filter(line__cooperative=cooperative)
    returns = NoReasonReturn.objects.filter(line__cooperative=cooperative, state__in=("asked", "sent"))
    return claims.count() + returns.count()
