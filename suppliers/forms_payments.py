"""Forms of payments: what the bank paid, what it did not, why a file is made, over which days a statement goes."""

import datetime as dt

from django import forms
from django.utils.translation import gettext_lazy as _

from .base import days
from .base.fields import DayField, PlainCharField
from .forms_roster import PastDayField
from .models import Payment

BANK_FORMATS = [("xlsx", "Excel"), ("csv", "CSV (GBK)")]


class PaidForm(forms.Form):
    """That payments of a run were paid: `how`, with the bank's receipt, on a day."""

    how = forms.ChoiceField(
        label=_("How was it paid?"),
        choices=[(Payment.State.BANK, _("through the bank")), (Payment.State.CASH, _("in cash"))],
    )
    receipt = PlainCharField(label=_("Number of the bank's receipt"), max_length=30, required=False)
    paid_on = PastDayField(label=_("Day of payment"))

    def __init__(self, data=None):
        super().__init__(data, initial={"paid_on": days.today()})


class BankFileForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind of file"), choices=BANK_FORMATS)
    why = PlainCharField(
        label=_("What for?"), max_length=120, help_text=_("It is kept with your name, and the county reads it.")
    )


class PeriodForm(forms.Form):
    """The days of a statement; this year's where none are named."""

    starts = DayField(label=_("From"))
    ends = DayField(label=_("To"))

    def __init__(self, data=None):
        today = days.today()
        super().__init__(data or {"starts": dt.date(today.year, 1, 1).isoformat(), "ends": today.isoformat()})
