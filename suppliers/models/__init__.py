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
from .slips import DisputeStep, SlipDispute, SlipPhoto
from .supply import Certificate, SupplyDeclaration

__all__ = [
    "Batch",
    "Certificate",
    "Cooperative",
    "CooperativeStaff",
    "Credit",
    "DisputeStep",
    "Household",
    "HouseholdMerger",
    "HouseholdStatus",
    "Membership",
    "Pack",
    "Produce",
    "PurchaseLot",
    "SaleAllocation",
    "SlipDispute",
    "SlipPhoto",
    "SupplyDeclaration",
    "Township",
    "TownshipStaff",
    "Village",
    "Withdrawal",
    "counts_as",
]
