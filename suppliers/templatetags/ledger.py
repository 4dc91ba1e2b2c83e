"""What other pages say of the purchase ledger."""

from django import template

from ..models import Cooperative, PurchaseLot

register = template.Library()


@register.simple_tag
def disputed_slips(cooperative: Cooperative) -> int:
    """How many slips of `cooperative` somebody says are wrong, and nobody has decided about yet."""
    return PurchaseLot.objects.filter(produce__cooperative=cooperative).disputed().count()
