"""The shop with a guard taken out, for controls: what the stress tests find right goes wrong here.

Nothing of the product reads this module, and it switches nothing in it: it puts other code in its place.
"""

from django.db import transaction
from django.db.models import F
from oscar.apps.partner.abstract_models import AbstractStockRecord
from oscar.core.loading import get_model

from logistics.actions import assessment
from logistics.models import Award, Envelope, LedgerEntry, ProgrammeVersion, Settlement, Shipment, SubsidyProgramme
from suppliers.base import days


def take_out(guard: str) -> None:
    {"stock": _oscars_stock, "bell": _bare_delay}[guard]()


def _oscars_stock() -> None:
    """Stock is held as Oscar does it: whether there is enough was looked at before."""
    get_model("partner", "StockRecord").allocate = AbstractStockRecord.allocate


def _bare_delay() -> None:
    """A task is sent as Celery's documentation shows it."""
    from shop import orders

    orders.ring = lambda task, *ids: transaction.on_commit(lambda: task.delay(*ids))


def assess() -> None:
    """Assess what is due, taking it out of the queue first and in a transaction of its own."""
    programmes = list(SubsidyProgramme.objects.order_by("pk"))
    while first := Shipment.objects.unassessed().order_by("dispatched_on", "pk").first():
        starts = first.dispatched_on.replace(day=1)
        in_month = Shipment.objects.filter(dispatched_on__gte=starts, dispatched_on__lte=days.month_end(starts))
        due = list(in_month.unassessed().values_list("pk", flat=True))
        Shipment.objects.filter(pk__in=due).update(is_assessed=True)
        with transaction.atomic():
            shipments = assessment._with_their_pools(in_month, due)
            shares = assessment._shares(in_month, shipments)
            for programme in programmes:
                assessment._assess(programme, shipments, shares)


def before_paying() -> None:
    """Replaced where two are to pay at once."""


def settle() -> None:
    """Pay every provisional award of the half-year, one after the other: no queue, no lock, no transaction."""
    envelope = Envelope.objects.select_related("version").get(starts_on="2019-01-01")
    settlement, _is_new = Settlement.objects.get_or_create(
        envelope=envelope, defaults={"programme_id": envelope.version.programme_id, "frozen_at": days.now()}
    )
    awards = list(Award.objects.filter(state=Award.State.PROVISIONAL, kept_fen__gt=0).order_by("pk"))
    before_paying()
    for award in awards:
        fen = award.kept_fen
        ProgrammeVersion.objects.filter(pk=envelope.version_id).update(spent_fen=F("spent_fen") + fen)
        Envelope.objects.filter(pk=envelope.pk).update(spent_fen=F("spent_fen") + fen)
        LedgerEntry.objects.create(
            version=envelope.version,
            settlement=settlement,
            award=award,
            account=LedgerEntry.Account.PAID,
            amount_fen=fen,
            at=days.now(),
        )
        Award.objects.filter(pk=award.pk).update(state=Award.State.SETTLED, settled_fen=fen)
