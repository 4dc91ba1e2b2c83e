"""Forms of a cooperative's own books: the purchase slip and its payment."""

from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .base import days, privacy
from .base.fields import AmountField, DayField, PlainCharField, RowField
from .models import Cooperative, Household, Produce, Village

JIN, KG = "jin", "kg"
UNITS = [(JIN, _("jin")), (KG, _("kg"))]
G_OF = {JIN: 500, KG: 1000}


class SlipForm(forms.Form):
    """A purchase slip. `slip` is it as suppliers.actions.enter_lot takes it; `names` which field asks for what of it."""

    names = {"g": "weight", "fen_per_kg": "price"}

    lot_no = PlainCharField(label=_("Slip number"), max_length=24)
    produce = RowField(label=_("What was bought?"), queryset=Produce.objects.none(), empty_label=None)
    household = PlainCharField(
        label=_("From which household?"), required=False, help_text=_("Number or name. Choose from your members.")
    )
    is_other_source = forms.BooleanField(label=_("Not from a household"), required=False)
    weight = AmountField(label=_("How heavy?"))
    weight_unit = forms.ChoiceField(label=_("Unit of the weight"), choices=UNITS, initial=JIN, widget=forms.RadioSelect)
    price = AmountField(label=_("Price (yuan)"))
    price_unit = forms.ChoiceField(label=_("Price per"), choices=UNITS, initial=JIN, widget=forms.RadioSelect)
    bought_on = DayField(label=_("Day of purchase"))

    def __init__(self, data=None, *, cooperative: Cooperative):
        super().__init__(data, initial={"bought_on": days.today()})
        self.cooperative = cooperative
        self.fields["produce"].queryset = Produce.objects.filter(cooperative=cooperative)
        self.fields["household"].widget.attrs |= {"list": "members", "autocomplete": "off"}

    def members(self) -> list[Household]:
        """The cooperative's households, to choose from."""
        members = Household.objects.filter(memberships__cooperative=self.cooperative).distinct()
        return list(members.select_related("village"))

    def clean_lot_no(self) -> str:
        # Each cooperative counts its own slips, so the number carries its code.
        number, code = self.cleaned_data["lot_no"].upper(), self.cooperative.code
        return number if number.startswith(f"{code}-") else f"{code}-{number}"

    def clean(self):
        written, other = self.cleaned_data.get("household"), self.cleaned_data.get("is_other_source")
        if written and other:
            self.add_error("household", _("Either a household or no household: clear one of the two."))
        elif not written and not other:
            self.add_error("household", _('Write the household, or tick "Not from a household".'))
        elif written:
            try:
                self.cleaned_data["household"] = self._member(written)
            except ValidationError as error:
                self.add_error("household", error)
        return self.cleaned_data

    def _member(self, written: str) -> Household:
        """The member that `written` names: by number, else by the head's name, whole or masked."""
        members = self.members()
        number = written.split(maxsplit=1)[0].upper()
        if found := [member for member in members if member.household_no.upper() == number]:
            return found[0]
        # NFKC has turned a full-width star into a plain one already.
        found = [member for member in members if written in (member.head, privacy.mask_name(member.head))]
        if len(found) > 1:
            raise ValidationError(
                gettext("Several members have this name. Write the number: %(numbers)s.")
                % {"numbers": "、".join(member.household_no for member in found[:5])}
            )
        if not found:
            raise ValidationError(_("No member has this number or name. Check it, or add the household first."))
        return found[0]

    @property
    def slip(self) -> dict:
        data = self.cleaned_data
        grams = data["weight"] * G_OF[data["weight_unit"]]
        per_kg = data["price"] * 100 * (Decimal(1000) / G_OF[data["price_unit"]])
        return {
            "lot_no": data["lot_no"],
            "produce": data["produce"],
            "household": data["household"] or None,
            "g": int(grams),
            "fen_per_kg": int(per_kg),
            "bought_on": data["bought_on"],
        }


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
