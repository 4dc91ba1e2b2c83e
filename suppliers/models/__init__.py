from .credits import Credit, SaleAllocation
from .joining import Application, ApplicationStep, CooperativeStep, Invitation
from .ledger import Batch, Pack, Produce, PurchaseLot, Withdrawal
from .market import Market, MarketPrice
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
from .sheets import SheetImport, SheetMapping, SheetRow
from .slips import DisputeStep, SlipDispute, SlipPhoto
from .stock import CarryOn, HandOver, SignedAccount
from .supply import Certificate, Collector, SupplyDeclaration, SupplyDraft, SupplyKey

__all__ = [
    "Application",
    "ApplicationStep",
    "Batch",
    "CarryOn",
    "Certificate",
    "Collector",
    "Cooperative",
    "CooperativeStaff",
    "CooperativeStep",
    "Credit",
    "DisputeStep",
    "HandOver",
    "Household",
    "HouseholdChange",
    "HouseholdDraft",
    "HouseholdMerger",
    "HouseholdStatus",
    "Invitation",
    "Market",
    "MarketPrice",
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
    "SheetImport",
    "SheetMapping",
    "SheetRow",
    "SignedAccount",
    "SlipDispute",
    "SlipPhoto",
    "SupplyDeclaration",
    "SupplyDraft",
    "SupplyKey",
    "Township",
    "TownshipStaff",
    "Village",
    "Withdrawal",
    "counts_as",
]
