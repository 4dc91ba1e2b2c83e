"""Awards are paid in the order of the queue, within budget, envelope and caps (结算).

The inputs are frozen in one transaction: the queue, and what each award claims under the thresholds over several
shipments. Then the queue is worked off a batch at a time, each batch in one transaction that reads what was paid before
from the ledger itself: killed anywhere and started again, the result is the same to the fen.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.utils.translation import gettext as _

from suppliers.base import days
from suppliers.models import Credit

from .. import subsidy
from ..models import (
    Award,
    Envelope,
    LedgerEntry,
    ProgrammeVersion,
    Settlement,
    SettlementItem,
    Shipment,
    SubsidyProgramme,
)
from .assessment import assess_due, cap_group, claw_back

BATCH = 500


@dataclass(frozen=True)
class Queued:
    """An award in the queue: what the rules see of it, and its amount before refunds."""

    award: Award
    candidate: subsidy.Candidate
    assessed_fen: int


def settle(*, programme: str, starts: dt.date, ends: dt.date, by=None) -> Settlement:
    """Settle the envelope `starts`…`ends` of a programme, or go on where a run was killed; a finished one is returned.

    Raises ValidationError where the programme has no such envelope or the period is not over yet.
    """
    envelope = envelope_of(programme=programme, starts=starts, ends=ends)
    settlement = Settlement.objects.filter(envelope=envelope).first() or _freeze(envelope=envelope, by=by)
    while _pay_a_batch(settlement.pk):
        pass
    return Settlement.objects.get(pk=settlement.pk)


def preview(*, programme: str, starts: dt.date, ends: dt.date) -> list[tuple[Queued, subsidy.Paid]]:
    """What `settle` would pay now, in the order of the queue; nothing is written."""
    envelope = envelope_of(programme=programme, starts=starts, ends=ends)
    assess_due()
    queue = _queue(envelope)
    terms = envelope.version.rules
    paid, _left = subsidy.settle([item.candidate for item in queue], terms=terms, purse=_purse(envelope))
    return list(zip(queue, paid, strict=True))


def envelope_of(*, programme: str, starts: dt.date, ends: dt.date) -> Envelope:
    """The envelope of a programme for a period that is over. Raises ValidationError where there is none, or not yet."""
    envelope = (
        Envelope.objects.filter(version__programme__code=programme, starts_on=starts, ends_on=ends)
        .select_related("version__programme")
        .first()
    )
    if envelope is None:
        raise ValidationError(
            {"period": _("No money is set aside for this programme and period. Choose one of its envelopes.")}
        )
    if ends >= days.today():
        raise ValidationError(
            {
                "period": _("This period is not over yet. It can be settled from %(day)s.")
                % {"day": ends + dt.timedelta(days=1)}
            }
        )
    return envelope


@transaction.atomic
def _freeze(*, envelope: Envelope, by) -> Settlement:
    """Take the awards of the period into a settlement: queue, tiers and amounts stand from here on."""
    # The programme's row is the lock of all that moves its awards and money; two runs at once meet here.
    SubsidyProgramme.objects.select_for_update().get(pk=envelope.version.programme_id)
    if settlement := Settlement.objects.filter(envelope=envelope).first():
        return settlement
    assess_due()
    queue = _queue(envelope)
    settlement = Settlement.objects.create(
        programme_id=envelope.version.programme_id, envelope=envelope, frozen_at=days.now(), by=by
    )
    SettlementItem.objects.bulk_create(
        [
            SettlementItem(
                settlement=settlement,
                award=item.award,
                rank=rank,
                rule=item.candidate.rule,
                tier=item.candidate.tier,
                was_deferred=item.candidate.was_deferred,
                assessed_fen=item.assessed_fen,
                payable_fen=item.candidate.fen,
                reason=subsidy.TOO_FEW_PARCELS if item.candidate.is_short else "",
            )
            for rank, item in enumerate(queue, start=1)
        ],
        batch_size=500,
    )
    fresh = [item.award.pk for item in queue if item.award.state == Award.State.PROVISIONAL]
    for chunk in range(0, len(fresh), 500):
        Award.objects.filter(pk__in=fresh[chunk : chunk + 500]).update(state=Award.State.FROZEN)
    return settlement


def _queue(envelope: Envelope) -> list[Queued]:
    """The awards that this envelope may pay, in their order: unsettled ones of the version up to its last day."""
    version, terms = envelope.version, envelope.version.rules
    parcels = _parcels(version)
    awards = list(
        Award.objects.filter(
            version=version, shipment__dispatched_on__lte=envelope.ends_on, state=Award.State.PROVISIONAL
        )
        .exclude(rule="")
        .select_related("shipment__cooperative__village__township", "shipment__consignment")
    )
    deferred = list(
        Award.objects.filter(
            version__programme=version.programme_id, state=Award.State.SETTLED, deferred_fen__gt=0
        ).select_related("shipment__cooperative__village__township", "shipment__consignment")
    )
    helped = households_by_supplier(envelope.starts_on, envelope.ends_on)
    queue = []
    for award, found in zip(awards, _under_thresholds(awards, terms, helped), strict=True):
        shipment = award.shipment
        payable = subsidy.kept_fen(found.fen, shipment.net_g - shipment.refunded_g, shipment.net_g)
        if payable:
            day = shipment.dispatched_on
            sent = parcels.get((shipment.cooperative_id, day.year, (day.month + 2) // 3), 0)
            is_short = subsidy.parcels_short(found.rule, terms, sent)
            candidate = _candidate(award, rule=found.rule, tier=found.tier, fen=payable, is_short=is_short)
            queue.append(Queued(award, candidate, found.fen))
    for award in deferred:
        earlier = award.settlement_items.order_by("pk").first()
        queue.append(
            Queued(
                award,
                _candidate(award, rule=earlier.rule, tier=earlier.tier, fen=award.deferred_fen, was_deferred=True),
                earlier.assessed_fen,
            )
        )
    in_order = {c.key: i for i, c in enumerate(subsidy.in_order([item.candidate for item in queue], terms))}
    return sorted(queue, key=lambda item: in_order[item.candidate.key])


def _under_thresholds(
    awards: Sequence[Award], terms: subsidy.Terms, helped: dict[int, int]
) -> list[subsidy.Assessment]:
    """What each award comes to before refunds, once suppliers with too few households fall to the last tier."""
    together: dict[object, list[Award]] = defaultdict(list)
    for award in awards:
        shipment = award.shipment
        together[cap_group(shipment)].append(award)
    found = {}
    for group in together.values():
        loads = [subsidy.Load(**award.inputs) for award in group]
        demoted = [helped.get(award.shipment.cooperative_id, 0) < terms.min_households for award in group]
        for award, result in zip(group, subsidy.assess_together(loads, terms, demoted=demoted), strict=True):
            found[award.pk] = result
    return [found[award.pk] for award in awards]


def households_by_supplier(starts: dt.date, ends: dt.date) -> dict[int, int]:
    """Distinct eligible households with a positive net credit in the period, by cooperative id."""
    rows = (
        Credit.objects.filter(kind=Credit.Kind.SALE)
        .between(starts, ends)
        .eligible()
        .annotate(cooperative=F("allocation__lot__produce__cooperative"))
    )
    found: dict[int, int] = {}
    for cooperative in rows.order_by().values_list("cooperative", flat=True).distinct():
        found[cooperative] = rows.filter(cooperative=cooperative).households_helped(as_of=ends)
    return found


def _candidate(
    award: Award, *, rule: str, tier: str, fen: int, was_deferred: bool = False, is_short: bool = False
) -> subsidy.Candidate:
    shipment = award.shipment
    return subsidy.Candidate(
        key=award.pk,
        # The cap is a supplier's of a year: an award of last year that was deferred still counts to last year's.
        supplier=(shipment.cooperative_id, shipment.dispatched_on.year),
        tier=tier,
        is_deep=shipment.cooperative.village.township.is_deep_poverty,
        dispatched_on=shipment.dispatched_on,
        id=shipment.pk,
        rule=rule,
        fen=fen,
        was_deferred=was_deferred,
        is_short=is_short,
    )


def _purse(envelope: Envelope) -> subsidy.Purse:
    """What is left to spend, and what suppliers were paid for each year's shipments: read from the books.

    What this settlement itself has paid counts whole: a clawback while it runs does not refill its purse, so a run that
    was killed and started again pays the same.
    """
    version = ProgrammeVersion.objects.get(pk=envelope.version_id)
    of_this = Q(settlement__envelope=envelope)
    entries = LedgerEntry.objects.filter(~of_this | Q(account=LedgerEntry.Account.PAID))
    paid_before = entries.filter(of_this).aggregate(fen=Sum("amount_fen", default=0))["fen"]
    spent = entries.filter(version=version).aggregate(fen=Sum("amount_fen", default=0))["fen"]
    paid = (
        entries.filter(version__programme=version.programme_id)
        .order_by()
        .values_list("award__shipment__cooperative", "award__shipment__dispatched_on__year")
        .annotate(Sum("amount_fen"))
    )
    return subsidy.Purse(
        min(envelope.amount_fen - paid_before, version.budget_fen - spent),
        {(cooperative, year): fen for cooperative, year, fen in paid},
    )


def _parcels(version: ProgrammeVersion) -> dict[tuple[int, int, int], int]:
    """Valid parcels by (cooperative, year, quarter): by courier, not above the rule's weight, not refunded in full."""
    rows = Shipment.objects.filter(
        vehicle=None,
        dispatched_on__gte=version.starts_on,
        dispatched_on__lte=version.ends_on,
        billed_g__lte=version.rules.most_parcel_g,
        refunded_g__lt=F("net_g"),
    ).values_list("cooperative", "dispatched_on")
    parcels: dict[tuple[int, int, int], int] = defaultdict(int)
    for cooperative, day in rows:
        parcels[cooperative, day.year, (day.month + 2) // 3] += 1
    return dict(parcels)


@transaction.atomic
def _pay_a_batch(settlement_id: int) -> bool:
    """Pay the next awards of the queue. Return whether any were left to pay."""
    settlement = Settlement.objects.select_related("envelope__version").get(pk=settlement_id)
    SubsidyProgramme.objects.select_for_update().get(pk=settlement.programme_id)
    settlement.refresh_from_db(fields=["state"])
    if settlement.state == Settlement.State.DONE:
        return False
    items = list(
        settlement.items.filter(paid_fen=None)
        .select_related("award__shipment__cooperative__village__township", "award__shipment__consignment")
        .order_by("rank")[:BATCH]
    )
    if not items:
        Settlement.objects.filter(pk=settlement_id).update(state=Settlement.State.DONE, done_at=days.now())
        return False
    envelope = settlement.envelope
    results, _after = subsidy.settle(
        [
            _candidate(
                item.award,
                rule=item.rule,
                tier=item.tier,
                fen=item.payable_fen,
                was_deferred=item.was_deferred,
                is_short=item.reason == subsidy.TOO_FEW_PARCELS,
            )
            for item in items
        ],
        terms=envelope.version.rules,
        purse=_purse(envelope),
    )
    now, entries, spent = days.now(), [], 0
    for item, result in zip(items, results, strict=True):
        item.paid_fen, item.deferred_fen = result.paid_fen, result.deferred_fen
        item.cut_fen, item.reason = result.cut_fen, result.reason
        award = item.award
        award.state = Award.State.SETTLED
        award.settled_fen += result.paid_fen
        award.deferred_fen = result.deferred_fen
        spent += result.paid_fen
        if result.paid_fen:
            entries.append(
                LedgerEntry(
                    version_id=envelope.version_id,
                    settlement=settlement,
                    award=award,
                    account=LedgerEntry.Account.PAID,
                    amount_fen=result.paid_fen,
                    at=now,
                )
            )
    # The database refuses what would pass the budget or the envelope; then nothing of this batch is written.
    ProgrammeVersion.objects.filter(pk=envelope.version_id).update(spent_fen=F("spent_fen") + spent)
    Envelope.objects.filter(pk=envelope.pk).update(spent_fen=F("spent_fen") + spent)
    # Most are paid whole, which one statement writes; a CASE for each of thousands of rows takes seconds to build.
    whole = [item for item in items if item.paid_fen == item.payable_fen and not item.reason]
    SettlementItem.objects.filter(pk__in=[item.pk for item in whole]).update(
        paid_fen=F("payable_fen"), deferred_fen=0, cut_fen=0, reason=""
    )
    others = [item for item in items if item.paid_fen != item.payable_fen or item.reason]
    SettlementItem.objects.bulk_update(others, ["paid_fen", "deferred_fen", "cut_fen", "reason"], batch_size=200)
    result = SettlementItem.objects.filter(settlement=settlement, award=OuterRef("pk"))
    Award.objects.filter(pk__in=[item.award_id for item in items]).update(
        state=Award.State.SETTLED,
        settled_fen=F("settled_fen") + Subquery(result.values("paid_fen")),
        deferred_fen=Subquery(result.values("deferred_fen")),
    )
    LedgerEntry.objects.bulk_create(entries, batch_size=500)
    for item in items:
        shipment = item.award.shipment
        claimed = subsidy.kept_fen(item.assessed_fen, shipment.net_g - shipment.refunded_g, shipment.net_g)
        if claimed < item.award.settled_fen + item.award.deferred_fen:
            claw_back(award=item.award)  # refunded while it waited in the queue
    return True
