from .credits import Credit, SaleAllocation
from .ledger import Batch, Pack, Produce, PurchaseLot, Withdrawal
from .payments import Payment, PaymentRun, PaymentSlip
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
from .roster import HouseholdChange, HouseholdDraft, MembershipRequest, Reveal
from .supply import Certificate, SupplyDeclaration

__all__ = [
    "Batch",
    "Certificate",
    "Cooperative",
    "CooperativeStaff",
    "Credit",
    "Household",
    "HouseholdChange",
    "HouseholdDraft",
    "HouseholdMerger",
    "HouseholdStatus",
    "Membership",
    "MembershipRequest",
    "Pack",
    "Payment",
    "PaymentRun",
    "PaymentSlip",
    "Produce",
    "PurchaseLot",
    "Reveal",
    "SaleAllocation",
    "SupplyDeclaration",
    "Township",
    "TownshipStaff",
    "Village",
    "Withdrawal",
    "counts_as",
]
