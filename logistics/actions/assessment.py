"""What shipments earn: worked out from dispatch on, and again while the award is provisional; less after a refund."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from django.db import transaction
from django.db.models import F, Q

from suppliers.base import days
from suppliers.models import PurchaseLot, SaleAllocation
from suppliers.models.ledger import eligible_on_purchase

from .. import subsidy
from ..models import (
    ApprovedDistance,
    Award,
    Envelope,
    LedgerEntry,
    ProgrammeVersion,
    SettlementItem,
    Shipment,
    ShipmentLine,
    SubsidyProgramme,
)

DAYS_TO_ENTER_A_LOT = 7

# Shipments are pooled to tell the households' share: a vehicle by cooperative, parcels by cooperative, produce and month.
Pool = tuple


def assess_due() -> int:
    """Work out the awards of every shipment that is due, a month at a time, each in a transaction. Return how many.

    A new parcel changes the share of its whole pool, so the provisional awards of the pool are worked out again with it.
    """
    count = 0
    while due := _assess_a_month():
        count += due
    return count


def reassess(*, households: Iterable[int]) -> int:
    """Have the shipments worked out again whose goods came from `households` (ids), as their status has changed.

    Return how many. Awards that are frozen or settled stay as they are.
    """
    drawn = ShipmentLine.objects.filter(line__allocations__lot__household__in=list(households))
    return Shipment.objects.filter(is_assessed=True, lines__in=drawn).update(is_assessed=False)


@transaction.atomic
def _assess_a_month() -> int:
    # One lock for all assessors and settlements: the programmes' rows.
    programmes = list(SubsidyProgramme.objects.select_for_update().order_by("pk"))
    first = Shipment.objects.unassessed().order_by("dispatched_on", "pk").first()
    if first is None:
        return 0
    starts = first.dispatched_on.replace(day=1)
    in_month = Shipment.objects.filter(dispatched_on__gte=starts, dispatched_on__lte=days.month_end(starts))
    due = list(in_month.unassessed().values_list("pk", flat=True))
    shipments = _with_their_pools(in_month, due)
    shares = _shares(in_month, shipments)
    for programme in programmes:
        _assess(programme, shipments, shares)
    Shipment.objects.filter(pk__in=due).update(is_assessed=True)
    return len(due)


def _with_their_pools(in_month, due: Sequence[int]) -> list[Shipment]:
    """The shipments `due` and all that share a pool with one of them."""
    rows = ShipmentLine.objects.filter(shipment__in=due).values_list(
        "shipment__vehicle", "shipment__cooperative", "produce"
    )
    vehicles, pools = set(), defaultdict(set)
    for vehicle, cooperative, produce in rows.distinct():
        if vehicle:
            vehicles.add(vehicle)
        else:
            pools[cooperative].add(produce)
    pooled = Q(pk__in=due) | Q(vehicle__in=vehicles)
    for cooperative, produce in pools.items():
        pooled |= Q(cooperative=cooperative, vehicle=None, lines__produce__in=produce)
    orders = Shipment.objects.filter(pk__in=due, vehicle=None).values("consignment__order")
    pooled |= Q(vehicle=None, consignment__order__in=orders)
    return list(in_month.filter(pooled).distinct().select_related("vehicle", "consignment"))


def _shares(in_month, shipments: Iterable[Shipment]) -> dict[int, int]:
    """The households' share (户源占比, bp) of each of `shipments`, by id.

    Counted are grams from eligible households' verified lots, bought by dispatch and entered at most seven days after.
    A refund changes nothing: the share stays as it was when the goods left. Nor does a batch named at packing: its lines
    have the share of all that the cooperative had of the produce on that day.
    """
    wanted = {shipment.pk for shipment in shipments}
    vehicles = {shipment.vehicle_id for shipment in shipments if shipment.vehicle_id}
    cooperatives = {shipment.cooperative_id for shipment in shipments}
    around = in_month.filter(Q(vehicle__in=vehicles) | Q(vehicle=None, cooperative__in=cooperatives))

    pool_g: dict[Pool, int] = defaultdict(int)
    lines_of: dict[int, list[tuple[Pool, int]]] = defaultdict(list)
    pool_of_line: dict[int, Pool] = {}
    rows = ShipmentLine.objects.filter(shipment__in=around).values_list(
        "line", "shipment", "shipment__vehicle", "shipment__cooperative", "produce", "net_g"
    )
    for line, shipment, vehicle, cooperative, produce, g in rows:
        pool = ("vehicle", vehicle, cooperative) if vehicle else ("parcels", cooperative, produce)
        pool_g[pool] += g
        pool_of_line[line] = pool
        if shipment in wanted:
            lines_of[shipment].append((pool, g))

    helped_g: dict[Pool, int] = defaultdict(int)
    drawn = (
        SaleAllocation.objects.filter(
            reverses=None,
            lot__household__isnull=False,
            line__shipment_line__shipment__in=around,
            line__sale_line__batch=None,
        )
        .annotate(
            bought_on=F("lot__bought_on"),
            household_sold_on=F("lot__household_sold_on"),
            household=F("lot__household"),
        )
        .filter(eligible_on_purchase())
        .values_list("line", "g", "lot__entered_at", "line__shipment_line__shipment__dispatched_on")
    )
    for line, g, entered_at, dispatched_on in drawn:
        if days.day_of(entered_at) <= dispatched_on + dt.timedelta(days=DAYS_TO_ENTER_A_LOT):
            helped_g[pool_of_line[line]] += g
    for line, g in _from_batches(around):
        helped_g[pool_of_line[line]] += g
    return {
        shipment: subsidy.mixed_share_bp([(g, helped_g[pool], pool_g[pool]) for pool, g in parts])
        for shipment, parts in lines_of.items()
    }


def _from_batches(around) -> list[tuple[int, int]]:
    """(line, grams of eligible households) of the lines of `around` that were packed from a batch, by the mix of all lots.

    Else whoever picks the lots would pick the share. The mix is of the verified lots that were good on the day of dispatch,
    whatever is left of them.
    """
    columns = ("line", "produce", "net_g", "shipment__dispatched_on", "produce__shelf_life_days")
    packed = ShipmentLine.objects.filter(shipment__in=around, line__sale_line__batch__isnull=False)
    lines = list(packed.values_list(*columns))
    if not lines:
        return []
    lots: dict[int, list[tuple]] = defaultdict(list)
    rows = PurchaseLot.objects.filter(produce__in={produce for _line, produce, *_rest in lines}).verified()
    for produce, *lot in rows.values_list("produce", "g", "bought_on", "entered_at", eligible_on_purchase()):
        lots[produce].append(lot)
    found = []
    for line, produce, net_g, on, shelf_life_days in lines:
        good = [
            (g, eligible and days.day_of(entered_at) <= on + dt.timedelta(days=DAYS_TO_ENTER_A_LOT))
            for g, bought_on, entered_at, eligible in lots[produce]
            if 0 <= (on - bought_on).days <= shelf_life_days
        ]
        found.append((line, net_g * sum(g for g, counts in good if counts) // sum(g for g, _counts in good)))
    return found


def _assess(programme: SubsidyProgramme, shipments: Sequence[Shipment], shares: Mapping[int, int]) -> None:
    """Write the provisional awards of `shipments` under the versions of `programme` in force on their days."""
    versions = list(programme.versions.all())
    live = {
        award.shipment_id: award
        for award in Award.objects.live().filter(programme=programme, shipment__in=[s.pk for s in shipments])
    }
    km = dict(ApprovedDistance.objects.values_list("city_code", "km"))
    fresh, again = [], []
    for version in versions:
        terms = version.rules
        together: dict[object, list[Shipment]] = defaultdict(list)
        for shipment in shipments:
            if version.starts_on <= shipment.dispatched_on <= version.ends_on:
                together[cap_group(shipment)].append(shipment)
        for group in together.values():
            loads = [
                load_of(shipment, share_bp=shares[shipment.pk], km=km.get(shipment.destination_code))
                for shipment in group
            ]
            for shipment, load, found in zip(group, loads, subsidy.assess_together(loads, terms), strict=True):
                award = live.get(shipment.pk)
                if award is not None and award.state != Award.State.PROVISIONAL:
                    continue
                (again if award else fresh).append(
                    _written(award or Award(shipment=shipment, programme=programme), version, shipment, load, found)
                )
    Award.objects.bulk_create(fresh, batch_size=500)
    Award.objects.bulk_update(
        again,
        ["version", "rule", "tier", "share_bp", "assessed_fen", "kept_fen", "explanation", "inputs", "assessed_at"],
        batch_size=100,
    )


def cap_group(shipment: Shipment) -> tuple[str, int]:
    """What `shipment` shares a cap with: the goods on its vehicle, or the parcels of its order."""
    if shipment.vehicle_id:
        return "vehicle", shipment.vehicle_id
    return "order", shipment.consignment.order_id


def load_of(shipment: Shipment, *, share_bp: int, km: int | None) -> subsidy.Load:
    """`shipment` as the rules see it."""
    vehicle = shipment.vehicle
    return subsidy.Load(
        mode="vehicle" if vehicle else "courier",
        net_g=shipment.net_g,
        billed_g=shipment.billed_g,
        vehicle_net_g=vehicle.net_g if vehicle else None,
        km=km,
        eligible_freight_fen=subsidy.eligible_freight_fen(
            shipment.freight_fen, shipment.buyer_paid_freight_fen, shipment.other_subsidy_fen
        ),
        share_bp=share_bp,
        destination_code=shipment.destination_code,
        has_temperature_log=bool(vehicle and vehicle.has_temperature_log),
    )


def _written(award: Award, version: ProgrammeVersion, shipment: Shipment, load, found) -> Award:
    award.version = version
    award.rule, award.tier, award.share_bp = found.rule, found.tier, load.share_bp
    award.assessed_fen = found.fen
    award.kept_fen = subsidy.kept_fen(found.fen, shipment.net_g - shipment.refunded_g, shipment.net_g)
    award.explanation, award.inputs, award.assessed_at = found.explanation, asdict(load), days.now()
    return award


@transaction.atomic
def give_back(*, grams_by_line: Mapping[int, int]) -> None:
    """Note that grams of lines were refunded: their shipments' awards fall to what was kept, and money paid is clawed back."""
    if not grams_by_line:
        return
    list(SubsidyProgramme.objects.select_for_update().order_by("pk"))
    rows = ShipmentLine.objects.filter(line__in=grams_by_line).values_list("shipment", "line")
    by_shipment: dict[int, int] = defaultdict(int)
    for shipment_id, line_id in rows:
        by_shipment[shipment_id] += grams_by_line[line_id]
    shipments = list(Shipment.objects.filter(pk__in=by_shipment))
    for shipment in shipments:
        shipment.refunded_g += by_shipment[shipment.pk]
    Shipment.objects.bulk_update(shipments, ["refunded_g"], batch_size=200)
    provisional = []
    for award in Award.objects.live().filter(shipment__in=shipments).select_related("shipment"):
        if award.state == Award.State.PROVISIONAL:
            award.kept_fen = _kept(award, award.assessed_fen)
            provisional.append(award)
        elif award.state == Award.State.SETTLED:
            claw_back(award=award)
        # A frozen award is in the queue of a running settlement, whose inputs stay: it is clawed back once it is paid.
    Award.objects.bulk_update(provisional, ["kept_fen"], batch_size=200)


def _kept(award: Award, fen: int) -> int:
    return subsidy.kept_fen(fen, award.shipment.net_g - award.shipment.refunded_g, award.shipment.net_g)


def claw_back(*, award: Award) -> int:
    """Bring a settled award down to what the goods kept have earned: the deferred part falls first, then what was paid.

    Return the fen clawed back. Each entry names the payment it reverses; the last payment is reversed first.
    The caller holds the lock of the programme.
    """
    first = SettlementItem.objects.filter(award=award).order_by("pk").first()
    entitled = min(_kept(award, first.assessed_fen), award.settled_fen + award.deferred_fen)
    back = max(0, award.settled_fen - entitled)
    award.kept_fen = _kept(award, award.assessed_fen)
    award.settled_fen -= back
    award.deferred_fen = entitled - award.settled_fen
    award.save(update_fields=["kept_fen", "settled_fen", "deferred_fen"])
    left = back
    paid = LedgerEntry.objects.filter(award=award, account=LedgerEntry.Account.PAID).order_by("-pk")
    for entry in paid.select_related("settlement"):
        standing = entry.amount_fen + sum(entry.reversals.values_list("amount_fen", flat=True))
        part = min(left, standing)
        if part == 0:
            continue
        LedgerEntry.objects.create(
            version_id=entry.version_id,
            settlement_id=entry.settlement_id,
            award=award,
            account=LedgerEntry.Account.CLAWBACK,
            amount_fen=-part,
            reverses=entry,
            at=days.now(),
        )
        ProgrammeVersion.objects.filter(pk=entry.version_id).update(spent_fen=F("spent_fen") - part)
        Envelope.objects.filter(pk=entry.settlement.envelope_id).update(spent_fen=F("spent_fen") - part)
        left -= part
    return back
