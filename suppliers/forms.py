"""Forms of a cooperative's own books: the payment of a slip; the villages of the county."""

from django import forms
from django.utils.translation import gettext_lazy as _

from . import weighing
from .base import days
from .base.fields import DayField, PlainCharField
from .models import Village

JIN, KG, G_OF = weighing.JIN, weighing.KG, weighing.G_OF
UNITS = [(JIN, _("jin")), (KG, _("kg"))]


class PaymentForm(forms.Form):
    """That the bank paid a household for a slip."""

    receipt = PlainCharField(label=_("Number of the bank's receipt"), max_length=30)
    paid_on = DayField(label=_("Day of payment"))

    def __init__(self, data=None):
        super().__init__(data, initial={"paid_on": days.today()})


def villages_by_township(*, first: str = "") -> list:
    """All villages as choices in groups by township, the `first` township in front."""
    groups: dict[str, list] = {}
    names = {}
    for village in Village.objects.select_related("township"):
        names[village.township_id] = village.township.name
        groups.setdefault(village.township_id, []).append((village.pk, village.name))
    return [(names[code], groups[code]) for code in sorted(groups, key=lambda code: (code != first, code))]
