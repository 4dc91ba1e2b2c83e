"""Goods leave and arrive."""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Case, Count, F, Sum, Value, When
from django.utils.translation import gettext as _

from suppliers.base import days

from ..models import Carrier, Consignment, Shipment, ShipmentLine, SubsidyProgramme, Vehicle
from ..models.transport import new_trace_code

WAYBILL = re.compile(r"^[A-Z0-9-]{8,24}$")
MOST_G_A_PARCEL = 50_000_000  # 50 t: no shipment is heavier
MOST_FREIGHT_FEN = 1_000_000_00
MOST_DAYS_AHEAD = 60
# How long after its departure goods are still written down as aboard a vehicle.
LOADED_WITHIN_DAYS = 7


def waybill_of(text: str) -> str:
    """`text` as a waybill is kept: upper case, no blanks, ASCII digits. Raises ValidationError for anything else."""
    waybill = "".join(text.split()).upper().translate(str.maketrans("０１２３４５６７８９－", "0123456789-"))
    if not WAYBILL.fullmatch(waybill):
        raise ValidationError(
            _("A waybill has 8 to 24 letters, digits and hyphens. Copy it from the label as it stands.")
        )
    return waybill


@dataclass(frozen=True)
class Leaving:
    """A consignment as it leaves: who carries it under which waybill, its weights and what its freight cost.

    `lines` are (line id, produce id, net grams). Without `vehicle` it is a parcel. Where it `is_last`, nothing of the
    consignment is left to ship after it.
    """

    consignment: Consignment
    carrier_code: str
    waybill: str
    gross_g: int
    freight_fen: int
    at: dt.datetime
    lines: Sequence[tuple[int, int, int]]
    vehicle: Vehicle | None = None
    billed_g: int | None = None
    buyer_paid_freight_fen: int = 0
    other_subsidy_fen: int = 0
    is_last: bool = True

    @property
    def net_g(self) -> int:
        return sum(g for _line, _produce, g in self.lines)

    @property
    def billed(self) -> int:
        """The weight the carrier charges for: as stated, else the gross weight rounded up to the kilogram."""
        return self.billed_g if self.billed_g is not None else -(-self.gross_g // 1000) * 1000


def check_leaving(leaving: Leaving) -> dict[str, str]:
    """What is wrong with `leaving`, by field; empty when nothing is. Looks at the form of it, not at the database."""
    errors = {}
    try:
        waybill_of(leaving.waybill)
    except ValidationError as error:
        errors["waybill"] = error.message
    if not leaving.net_g <= leaving.gross_g <= MOST_G_A_PARCEL or leaving.gross_g <= 0:
        errors["gross_g"] = _("The gross weight is at least the net weight of %(kg)s kg, and at most 50 tonnes.") % {
            "kg": f"{leaving.net_g / 1000:g}"
        }
    elif leaving.billed <= 0 or leaving.billed > MOST_G_A_PARCEL:
        errors["billed_g"] = _("The billed weight is above zero and at most 50 tonnes.")
    if not 0 <= leaving.freight_fen <= MOST_FREIGHT_FEN:
        errors["freight_fen"] = _("Freight is between 0 and 1,000,000 yuan.")
    if leaving.buyer_paid_freight_fen < 0 or not 0 <= leaving.other_subsidy_fen <= MOST_FREIGHT_FEN:
        errors["other_subsidy_fen"] = _("An amount is between 0 and 1,000,000 yuan.")
    if days.day_of(leaving.at) > days.today():
        errors["at"] = _("The day of dispatch is still to come.")
    if leaving.vehicle and days.day_of(leaving.at) < leaving.vehicle.departs_on:
        errors["vehicle"] = _("This vehicle leaves later than the day of dispatch.")
    if leaving.vehicle and days.day_of(leaving.at) > leaving.vehicle.departs_on + dt.timedelta(days=LOADED_WITHIN_DAYS):
        # Its weigh note would raise the subsidy of goods that never were aboard.
        errors["vehicle"] = _("This vehicle left long before the day of dispatch. Choose another one.")
    if leaving.vehicle and leaving.vehicle.city_code != leaving.consignment.destination_code:
        errors["vehicle"] = _("This vehicle goes to another city.")
    return errors


@transaction.atomic
def dispatch(*, leaving: Sequence[Leaving]) -> list[Shipment]:
    """Send off each of `leaving`: make its shipment, and mark its consignment dispatched when nothing of it is left.

    A shipment's trace code is the one that was printed for it while it was packed. Raises ValidationError by field where something cannot be true, a waybill was used before, or a vehicle would be
    overloaded; nothing is written then. A consignment that is not to ship (any more) raises it too.
    """
    for item in leaving:
        if errors := check_leaving(item):
            raise ValidationError(errors)
    _check_waybills(leaving)
    _check_room(leaving)
    ids = [item.consignment.pk for item in leaving]
    whole = [item.consignment.pk for item in leaving if item.is_last]
    waiting = Consignment.objects.filter(pk__in=ids, state=Consignment.State.TO_SHIP)
    # Written first, which locks them: of two who ship the same goods at once the second finds it done.
    taken = waiting.update(state=Case(When(pk__in=whole, then=Value(Consignment.State.DISPATCHED)), default=F("state")))
    if taken != len(set(ids)) or taken != len(ids):
        raise ValidationError(_("This consignment is not waiting to be shipped any more. Load the page again."))
    consignments = Consignment.objects.annotate(sent=Count("shipments")).in_bulk(ids)
    shipments = Shipment.objects.bulk_create(
        [
            Shipment(
                shipment_no=f"{item.consignment.consignment_no}-{consignments[item.consignment.pk].sent + 1}",
                trace_code=consignments[item.consignment.pk].next_trace_code or new_trace_code(),
                consignment=item.consignment,
                cooperative_id=item.consignment.cooperative_id,
                vehicle=item.vehicle,
                carrier_id=item.carrier_code,
                waybill=waybill_of(item.waybill),
                destination_code=item.consignment.destination_code,
                net_g=item.net_g,
                gross_g=item.gross_g,
                billed_g=item.billed,
                freight_fen=item.freight_fen,
                buyer_paid_freight_fen=item.buyer_paid_freight_fen,
                other_subsidy_fen=item.other_subsidy_fen,
                dispatched_at=item.at,
                dispatched_on=days.day_of(item.at),
            )
            for item in leaving
        ],
        batch_size=500,
    )
    ShipmentLine.objects.bulk_create(
        [
            ShipmentLine(shipment=shipment, line_id=line_id, produce_id=produce_id, net_g=g)
            for shipment, item in zip(shipments, leaving, strict=True)
            for line_id, produce_id, g in item.lines
        ],
        batch_size=1000,
    )
    for item in leaving:
        if not item.is_last:  # what is packed next gets a code of its own
            Consignment.objects.filter(pk=item.consignment.pk).update(next_trace_code=new_trace_code())
    return shipments


def _check_waybills(leaving: Sequence[Leaving]) -> None:
    used = [(item.carrier_code, waybill_of(item.waybill)) for item in leaving]
    known = set(
        Shipment.objects.filter(waybill__in={waybill for _carrier, waybill in used}).values_list("carrier", "waybill")
    )
    for carrier_and_waybill in used:
        if carrier_and_waybill in known:
            raise ValidationError(
                {"waybill": _("This waybill was used before. Each parcel has a waybill of its own; check the label.")}
            )
        known.add(carrier_and_waybill)
    carriers = {carrier for carrier, _waybill in used}
    if Carrier.objects.filter(pk__in=carriers).count() != len(carriers):
        raise ValidationError({"carrier": _("Choose a carrier from the list.")})


def _check_room(leaving: Iterable[Leaving]) -> None:
    """Raise ValidationError where goods on a vehicle would weigh more than it may carry."""
    ids = {item.vehicle.pk for item in leaving if item.vehicle}
    # The vehicles are locked, so two cooperatives that load at once do not both get the last room.
    vehicles = Vehicle.objects.select_for_update().order_by("pk").in_bulk(ids)
    aboard = dict(
        Shipment.objects.filter(vehicle__in=ids)
        .order_by()
        .values("vehicle")
        .annotate(g=Sum("gross_g"))
        .values_list("vehicle", "g")
    )
    for item in leaving:
        if item.vehicle is None:
            continue
        vehicle = vehicles[item.vehicle.pk]
        aboard[vehicle.pk] = aboard.get(vehicle.pk, 0) + item.gross_g
        if aboard[vehicle.pk] > vehicle.max_load_g:
            room_kg = (vehicle.max_load_g - aboard[vehicle.pk] + item.gross_g) / 1000
            raise ValidationError(
                {
                    "gross_g": _("The vehicle may carry %(most)s kg, and has room for %(room)s kg.")
                    % {"most": f"{vehicle.max_load_g / 1000:g}", "room": f"{max(room_kg, 0):g}"}
                }
            )


@transaction.atomic
def receive(*, shipments: Iterable[Shipment], on: dt.date, how: str) -> int:
    """Mark `shipments` received on a day, and each consignment all of whose shipments are. Return how many were new.

    A shipment that was received already keeps its day. Raises ValidationError for a day before dispatch or to come.
    """
    ids = [shipment.pk for shipment in shipments]
    open_ones = Shipment.objects.filter(pk__in=ids, state=Shipment.State.DISPATCHED)
    if on > days.today() or open_ones.filter(dispatched_on__gt=on).exists():
        raise ValidationError({"on": _("The day of receipt is between the day of dispatch and today.")})
    consignments = list(open_ones.values_list("consignment", flat=True))
    new = open_ones.update(state=Shipment.State.RECEIVED, received_on=on, received_how=Shipment.Receipt(how))
    Consignment.objects.filter(pk__in=consignments, state=Consignment.State.DISPATCHED).exclude(
        shipments__state=Shipment.State.DISPATCHED
    ).update(state=Consignment.State.RECEIVED)
    return new


def plan_vehicle(
    *,
    plate: str,
    carrier: Carrier,
    city_code: str,
    departs_on: dt.date,
    max_load_g: int,
    is_refrigerated: bool = False,
) -> Vehicle:
    """Write down a trip of a vehicle: day and plate make its number. Raises ValidationError by field."""
    errors = {}
    plate = "".join(plate.split()).upper()
    if not 0 < max_load_g <= MOST_G_A_PARCEL:
        errors["max_load_g"] = _("The rated load is above zero and at most 50 tonnes.")
    if (
        not days.today() - dt.timedelta(days=MOST_DAYS_AHEAD)
        <= departs_on
        <= days.today() + dt.timedelta(days=MOST_DAYS_AHEAD)
    ):
        errors["departs_on"] = _("Write a day within the last or the coming 60 days.")
    if errors:
        raise ValidationError(errors)
    try:
        with transaction.atomic():
            return Vehicle.objects.create(
                vehicle_no=f"{departs_on:%Y%m%d}-{plate}",
                plate=plate,
                carrier=carrier,
                city_code=city_code,
                departs_on=departs_on,
                max_load_g=max_load_g,
                is_refrigerated=is_refrigerated,
            )
    except IntegrityError as error:
        raise ValidationError({"plate": _("This vehicle is in the list for that day already.")}) from error


@transaction.atomic
def weigh(*, vehicle: Vehicle, weigh_note: str, net_g: int, has_temperature_log: bool = False) -> Vehicle:
    """Write the weigh note (过磅单) of a vehicle: its shipments are due for assessment again.

    Raises ValidationError by field, and where an award of a shipment aboard is no longer provisional: what it was worked
    out from stays then.
    """
    # Locked as assessors and settlements do, so no award is frozen between the question and the answer.
    list(SubsidyProgramme.objects.select_for_update().order_by("pk"))
    vehicle = Vehicle.objects.select_for_update().get(pk=vehicle.pk)
    errors = {}
    if not weigh_note:
        errors["weigh_note"] = _("Write the number that is on the weigh note.")
    if not 0 < net_g <= vehicle.max_load_g:
        errors["net_g"] = _("The net weight is above zero and at most the rated load of %(kg)s kg.") % {
            "kg": f"{vehicle.max_load_g / 1000:g}"
        }
    if has_temperature_log and not vehicle.is_refrigerated:
        errors["has_temperature_log"] = _("This vehicle is not refrigerated, so it has no temperature log.")
    if errors:
        raise ValidationError(errors)
    if Shipment.objects.filter(vehicle=vehicle).with_closed_award().exists():
        raise ValidationError(
            _("The subsidy of this vehicle is being settled or was settled. Its weigh note stays as it is.")
        )
    vehicle.weigh_note, vehicle.net_g, vehicle.has_temperature_log = weigh_note, net_g, has_temperature_log
    vehicle.save(update_fields=["weigh_note", "net_g", "has_temperature_log"])
    Shipment.objects.filter(vehicle=vehicle).update(is_assessed=False)
    return vehicle
