"""Forms of the packing table and of the county's cash desk."""

from django import forms
from django.utils.translation import gettext_lazy as _

from suppliers.base import days
from suppliers.base.fields import AmountField, DayField, PlainCharField


class ScanForm(forms.Form):
    """The code on a box: of its label, or the consignment's number."""

    code = PlainCharField(label=_("Scan the label on the box"), max_length=200)

    def __init__(self, data=None):
        super().__init__(data)
        self.fields["code"].widget.attrs |= {
            "autofocus": True,
            "autocomplete": "off",
            "autocapitalize": "characters",
            "spellcheck": "false",
            "enterkeyhint": "next",
        }

    def clean_code(self) -> str:
        """The code alone, where the scanner read the whole address of the trace page."""
        return self.cleaned_data["code"].rstrip("/").rsplit("/", 1)[-1].upper()


class RemittanceForm(forms.Form):
    """Money that was sent to a cooperative."""

    amount = AmountField(label=_("Amount (yuan)"))
    remitted_on = DayField(label=_("Sent on"))
    reference = PlainCharField(label=_("Number of the bank's receipt"), max_length=40)

    def __init__(self, data=None):
        super().__init__(data, initial={"remitted_on": days.today()})

    @property
    def sent(self) -> dict:
        data = self.cleaned_data
        return {
            "amount_fen": int(data["amount"] * 100),
            "remitted_on": data["remitted_on"],
            "reference": data["reference"],
        }
