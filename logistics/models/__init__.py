from .departures import Counter, Departure, Stop
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
    "Counter",
    "Departure",
    "Envelope",
    "LedgerEntry",
    "ProgrammeVersion",
    "Settlement",
    "SettlementItem",
    "Shipment",
    "ShipmentLine",
    "Stop",
    "SubsidyProgramme",
    "Vehicle",
]
