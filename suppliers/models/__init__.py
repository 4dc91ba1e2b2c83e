from .credits import Credit, SaleAllocation
from .ledger import Pack, Produce, PurchaseLot
from .people import (
    Cooperative,
    CooperativeStaff,
    Household,
    HouseholdMerger,
    HouseholdStatus,
    Membership,
    TownshipStaff,
    counts_as,
)
from .places import Township, Village

__all__ = [
    "Cooperative",
    "CooperativeStaff",
    "Credit",
    "Household",
    "HouseholdMerger",
    "HouseholdStatus",
    "Membership",
    "Pack",
    "Produce",
    "PurchaseLot",
    "SaleAllocation",
    "Township",
    "TownshipStaff",
    "Village",
    "counts_as",
]
