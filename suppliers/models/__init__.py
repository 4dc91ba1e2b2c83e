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
from .sheets import SheetImport, SheetMapping, SheetRow
from .supply import Certificate, SupplyDeclaration

__all__ = [
    "Certificate",
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
    "SheetImport",
    "SheetMapping",
    "SheetRow",
    "SupplyDeclaration",
    "Township",
    "TownshipStaff",
    "Village",
    "counts_as",
]
