from .credits import Credit, SaleAllocation
from .ledger import Batch, Pack, Produce, PurchaseLot, Withdrawal
from .market import Market, MarketPrice
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
from .supply import Certificate, Collector, SupplyDeclaration, SupplyDraft, SupplyKey

__all__ = [
    "Batch",
    "Certificate",
    "Collector",
    "Cooperative",
    "CooperativeStaff",
    "Credit",
    "Household",
    "HouseholdMerger",
    "HouseholdStatus",
    "Market",
    "MarketPrice",
    "Membership",
    "Pack",
    "Produce",
    "PurchaseLot",
    "SaleAllocation",
    "SupplyDeclaration",
    "SupplyDraft",
    "SupplyKey",
    "Township",
    "TownshipStaff",
    "Village",
    "Withdrawal",
    "counts_as",
]
