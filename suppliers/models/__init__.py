from .credits import Credit, SaleAllocation
from .ledger import Batch, Pack, Produce, PurchaseLot, Withdrawal
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
from .stock import CarryOn, HandOver, SignedAccount
from .supply import Certificate, SupplyDeclaration

__all__ = [
    "Batch",
    "CarryOn",
    "Certificate",
    "Cooperative",
    "CooperativeStaff",
    "Credit",
    "HandOver",
    "Household",
    "HouseholdMerger",
    "HouseholdStatus",
    "Membership",
    "Pack",
    "Produce",
    "PurchaseLot",
    "SaleAllocation",
    "SignedAccount",
    "SupplyDeclaration",
    "Township",
    "TownshipStaff",
    "Village",
    "Withdrawal",
    "counts_as",
]
