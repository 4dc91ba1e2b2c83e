"""Papers of a cooperative are added and taken back; none is changed."""

import datetime as dt
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from .base import days
from .models import Batch, Certificate, Cooperative, Produce

MOST_YEARS = 30
MOST_STANDING = 500


@dataclass(frozen=True)
class Paper:
    """What a certificate says; `content` is a redrawn JPEG or a PDF with its content type, None where there is no copy."""

    kind: str
    number: str
    issued_on: dt.date
    expires_on: dt.date | None = None
    issuer: str = ""
    produce: Produce | None = None
    batch: Batch | None = None
    content: tuple[bytes, str] | None = None


@transaction.atomic
def add(*, cooperative: Cooperative, paper: Paper, by=None) -> Certificate:
    """Write a certificate of `cooperative` down. Raises ValidationError by field."""
    today, errors = days.today(), {}
    if paper.issued_on > today:
        errors["issued_on"] = _("This day is still to come.")
    elif paper.issued_on < today - dt.timedelta(days=366 * MOST_YEARS):
        errors["issued_on"] = _("This is more than thirty years ago. Check the year.")
    if paper.expires_on and paper.expires_on < paper.issued_on:
        errors["expires_on"] = _("It cannot run out before it was issued.")
    elif paper.expires_on and paper.expires_on > today + dt.timedelta(days=366 * MOST_YEARS):
        errors["expires_on"] = _("This is more than thirty years ahead. Check the year.")
    if paper.produce and paper.produce.cooperative_id != cooperative.pk:
        errors["produce"] = _("Choose one of your products.")
    if paper.batch and (paper.produce is None or paper.batch.produce_id != paper.produce.pk):
        errors["batch"] = _("This batch is of another product.")
    # Of a standing statement of conformity there is one for each batch; without an end nobody would renew it.
    if paper.kind in (Certificate.Kind.CONFORMITY, Certificate.Kind.TEST) and paper.expires_on is None:
        errors.setdefault("expires_on", _("Write until when it is valid."))
    if Certificate.objects.standing().filter(cooperative=cooperative).count() >= MOST_STANDING:
        errors.setdefault("number", _("There are very many papers already. Take those back that are over."))
    if errors:
        raise ValidationError(errors)
    content, content_type = paper.content or (b"", "")
    try:
        with transaction.atomic():
            return Certificate.objects.create(
                cooperative=cooperative,
                produce=paper.produce,
                batch=paper.batch,
                kind=paper.kind,
                number=paper.number,
                issuer=paper.issuer,
                issued_on=paper.issued_on,
                expires_on=paper.expires_on,
                content=content,
                content_type=content_type,
                added_by=by,
            )
    except IntegrityError as error:
        raise ValidationError({"number": _("A paper of this kind with this number is here already.")}) from error


@transaction.atomic
def withdraw(*, certificate: Certificate, by=None) -> bool:
    """Take a certificate back: it is shown nowhere from now on, and stays on record. Return whether it stood."""
    standing = Certificate.objects.standing().filter(pk=certificate.pk)
    return bool(standing.update(withdrawn_at=days.now(), withdrawn_by=by))
