from .programme import (
    Award,
    Envelope,
    LedgerEntry,
    ProgrammeVersion,
    Settlement,
    SettlementItem,
    SubsidyProgramme,
)
from .transport import ApprovedDistance, Carrier, Consignment, Shipment, ShipmentLine, Vehicle

__all__ = [
    "ApprovedDistance",
    "Award",
    "Carrier",
    "Consignment",
    "Envelope",
    "LedgerEntry",
    "ProgrammeVersion",
    "Settlement",
    "SettlementItem",
    "Shipment",
    "ShipmentLine",
    "SubsidyProgramme",
    "Vehicle",
]
