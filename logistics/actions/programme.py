"""A new version of a subsidy programme: terms are never edited, from a day on others are in force."""

import datetime as dt
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from suppliers.base.bell import ring

from .. import subsidy
from ..models import Envelope, ProgrammeVersion, Shipment, SubsidyProgramme


@transaction.atomic
def open_version(
    *,
    programme: str,
    starts: dt.date,
    ends: dt.date,
    budget_fen: int,
    envelopes: Sequence[Envelope],
    like: ProgrammeVersion,
) -> ProgrammeVersion:
    """Write the next version of a programme, in force `starts`…`ends` on the terms of the version `like`.

    `envelopes` are unsaved: days and amount of each period that has money of its own.

    Shipments of those days are assessed (again) under it. Raises ValidationError by field (starts, ends, budget, like,
    or envelope_1, envelope_2, … by place); nothing is written then.
    """
    # Two staff at once meet at the programme's row: the second sees what the first wrote.
    locked = SubsidyProgramme.objects.select_for_update().get(code=programme)
    _check_days(locked, starts, ends)
    _check_money(starts, ends, budget_fen, envelopes)
    if like.programme_id != locked.pk:
        raise ValidationError({"like": _("Choose a version of this programme.")})
    terms = like.terms | {
        "version": (number := 1 + max(locked.versions.values_list("number", flat=True), default=0)),
        "effective": [starts.isoformat(), ends.isoformat()],
        "budget_fen": budget_fen,
        "period_budget_fen": {f"{e.starts_on}..{e.ends_on}": e.amount_fen for e in envelopes},
    }
    try:
        subsidy.Terms.read(terms)
    except subsidy.TermsError as error:
        raise ValidationError(
            {"like": _("The terms of this version cannot be read: %(why)s") % {"why": error}}
        ) from error
    version = ProgrammeVersion.objects.create(
        programme=locked, number=number, starts_on=starts, ends_on=ends, terms=terms, budget_fen=budget_fen
    )
    Envelope.objects.bulk_create(
        [
            Envelope(version=version, starts_on=e.starts_on, ends_on=e.ends_on, amount_fen=e.amount_fen)
            for e in envelopes
        ]
    )
    late = Shipment.objects.filter(dispatched_on__gte=starts, dispatched_on__lte=ends, is_assessed=True)
    if late.update(is_assessed=False):
        from ..tasks import assess_dispatched_shipments  # tasks call actions, so this way round only when needed

        ring(assess_dispatched_shipments)
    return version


def _check_days(programme: SubsidyProgramme, starts: dt.date, ends: dt.date) -> None:
    if ends < starts:
        raise ValidationError({"ends": _("The last day lies before the first day.")})
    other = programme.versions.filter(starts_on__lte=ends, ends_on__gte=starts).order_by("starts_on").first()
    if other is not None:
        raise ValidationError(
            {
                "starts": _("Version %(number)s is in force from %(from)s to %(to)s: two versions cannot overlap.")
                % {"number": other.number, "from": other.starts_on, "to": other.ends_on}
            }
        )


def _check_money(starts: dt.date, ends: dt.date, budget_fen: int, envelopes: Sequence[Envelope]) -> None:
    if budget_fen <= 0:
        raise ValidationError({"budget": _("The budget is more than 0 yuan.")})
    errors: dict[str, str] = {}
    for i, one in enumerate(envelopes, start=1):
        if one.ends_on < one.starts_on:
            errors[f"envelope_{i}"] = _("The last day lies before the first day.")
        elif one.starts_on < starts or one.ends_on > ends:
            errors[f"envelope_{i}"] = _("This period reaches beyond the days of the version.")
        elif any(e.starts_on <= one.ends_on and e.ends_on >= one.starts_on for e in envelopes[: i - 1]):
            errors[f"envelope_{i}"] = _("This period overlaps the one before.")
    if sum(e.amount_fen for e in envelopes) > budget_fen:
        errors["budget"] = _("The periods together have more money than the budget.")
    if errors:
        raise ValidationError(errors)
