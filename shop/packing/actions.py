"""What the county sends to cooperatives, written down once."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from suppliers.base import days
from suppliers.base.money import yuan_text
from suppliers.models import Cooperative

from ..models import Remittance
from . import money


@transaction.atomic
def remit(*, cooperative: Cooperative, amount_fen: int, remitted_on: dt.date, reference: str, by) -> Remittance:
    """Write down that `amount_fen` was sent to `cooperative` under the bank's `reference`.

    Raises ValidationError by field: nothing, more than is due, a day to come, a reference that was written before.
    """
    # One at a time: of two who send what is due at once the second finds that it is not due any more.
    cooperative = Cooperative.objects.select_for_update().get(pk=cooperative.pk)
    due_fen = money.balance(cooperative).due_fen
    errors = {}
    if amount_fen <= 0:
        errors["amount"] = _("Write an amount above zero.")
    elif amount_fen > due_fen:
        errors["amount"] = _("No more than %(yuan)s yuan is due.") % {"yuan": yuan_text(max(due_fen, 0))}
    if remitted_on > days.today():
        errors["remitted_on"] = _("This day is still to come.")
    if not reference:
        errors["reference"] = _("Write the number of the bank's receipt.")
    if errors:
        raise ValidationError(errors)
    try:
        with transaction.atomic():
            return Remittance.objects.create(
                cooperative=cooperative,
                amount_fen=amount_fen,
                remitted_on=remitted_on,
                reference=reference,
                made_at=days.now(),
                made_by=by,
            )
    except IntegrityError as error:
        raise ValidationError({"reference": _("This receipt was written down before.")}) from error
