"""The way from an order line over lots and slips to households and credits, and back: what an auditor follows."""

from django.db.models import Exists, OuterRef, Prefetch, Sum

from suppliers.models import Credit, Household, PurchaseLot, SaleAllocation
from suppliers.models.ledger import eligible_on_purchase

from ..models import Sale, SaleLine


def lines_of(sale: Sale) -> list[SaleLine]:
    """The lines of a sale, each with `allocations` in the order they were made, with their lots and credits."""
    allocations = (
        SaleAllocation.objects.select_related("lot__household", "lot__slip", "credit")
        .annotate(is_eligible=_eligible_lot())
        .order_by("pk")
    )
    return list(
        sale.lines.select_related("line", "cooperative", "produce", "pack")
        .prefetch_related(Prefetch("line__allocations", allocations))
        .order_by("pk")
    )


def _eligible_lot():
    return Exists(PurchaseLot.objects.filter(eligible_on_purchase(), pk=OuterRef("lot")))


def lots_of(household: Household):
    """The lots of a household, oldest first, each with what its goods were credited (`credited_fen`)."""
    return (
        household.lots.select_related("produce__cooperative", "slip")
        .annotate(is_eligible=eligible_on_purchase(), credited_fen=Sum("allocations__credit__amount_fen", default=0))
        .order_by("bought_on", "pk")
    )


def credits_of(household: Household):
    """The credits of a household, newest first, with the order they come from."""
    return household.credits.select_related("allocation__lot", "allocation__line__order").order_by(
        "-credited_on", "-pk"
    )


def totals_of(household: Household) -> dict[str, int]:
    """What a household was credited in all, the sales of its goods, and the grams of it."""
    return Credit.objects.filter(household=household).aggregate(
        fen=Sum("amount_fen", default=0),
        sales_fen=Sum("allocation__sales_fen", default=0),
        g=Sum("allocation__g", default=0),
    )
