"""Forms of a cooperative's own books: the payment of a slip, a household."""

from django import forms
from django.utils.translation import gettext_lazy as _

from . import weighing
from .base import days
from .base.fields import DayField, PlainCharField, RowField
from .models import Cooperative, Village
from .models.people import SCHEMES

JIN, KG, G_OF = weighing.JIN, weighing.KG, weighing.G_OF
UNITS = [(JIN, _("jin")), (KG, _("kg"))]


class PaymentForm(forms.Form):
    """That the bank paid a household for a slip."""

    receipt = PlainCharField(label=_("Number of the bank's receipt"), max_length=30)
    paid_on = DayField(label=_("Day of payment"))

    def __init__(self, data=None):
        super().__init__(data, initial={"paid_on": days.today()})


class HouseholdForm(forms.Form):
    """A household that joins the cooperative."""

    household_no = PlainCharField(label=_("Household number"), max_length=20)
    head = PlainCharField(label=_("Head of the household"), max_length=30)
    id_number = PlainCharField(
        label=_("ID number of the head"), max_length=24, help_text=_("It is kept encrypted and never shown.")
    )
    village = RowField(label=_("Village"), queryset=Village.objects.select_related("township"))
    size = forms.IntegerField(label=_("How many people?"))
    category = forms.ChoiceField(label=_("Category"), required=False)
    category_from = DayField(label=_("In this category since"), required=False)
    member_from = DayField(label=_("Member since"))

    def __init__(self, data=None, *, cooperative: Cooperative):
        super().__init__(data, initial={"member_from": days.today(), "village": cooperative.village_id})
        self.fields["size"].widget = forms.TextInput(attrs={"inputmode": "numeric"})
        categories = dict.fromkeys(category for scheme in reversed(SCHEMES) for category in SCHEMES[scheme])
        self.fields["category"].choices = [("", _("not registered")), *((name, name) for name in categories)]
        self.fields["village"].choices = _by_township(first=cooperative.village.township_id)

    def clean_household_no(self) -> str:
        return self.cleaned_data["household_no"].upper()

    def clean_id_number(self) -> str:
        return "".join(self.cleaned_data["id_number"].split()).upper()


def _by_township(*, first: str) -> list:
    """All villages as choices in groups by township, the `first` township in front."""
    groups: dict[str, list] = {}
    names = {}
    for village in Village.objects.select_related("township"):
        names[village.township_id] = village.township.name
        groups.setdefault(village.township_id, []).append((village.pk, village.name))
    return [(names[code], groups[code]) for code in sorted(groups, key=lambda code: (code != first, code))]
