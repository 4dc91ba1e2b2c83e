"""A cooperative sells some of a harvest ahead, and says what came in."""

import datetime as dt

from django import forms
from django.utils.translation import gettext_lazy as _

from shop.listing.models import published
from suppliers.base import days
from suppliers.base.fields import AmountField, DayField, RowField
from suppliers.base.money import fen_of, yuan_of
from suppliers.models import Cooperative, Pack


class PresaleForm(forms.Form):
    """What is sold ahead, sent from which day, at which price, ordered until when."""

    names = {"pack": "of"}

    of = RowField(label=_("Which pack?"), queryset=Pack.objects.none(), empty_label=None)
    ships_from = DayField(
        label=_("First day of shipping"), help_text=_("All of it is sent within seven days from this day.")
    )
    price = AmountField(label=_("Price (yuan)"), min_value=0)
    closes_on = DayField(label=_("Last day to order"), help_text=_("Before the first day of shipping."))

    def __init__(self, data=None, *, cooperative: Cooperative):
        super().__init__(data)
        self.fields["of"].queryset = Pack.objects.filter(
            published(), produce__cooperative=cooperative, produce__is_b2b_only=False, is_per_kg=False, presale=None
        ).select_related("produce")

    @property
    def presale(self) -> dict:
        data = self.cleaned_data
        return {
            "of": data["of"],
            "ships_from": data["ships_from"],
            "price_fen": fen_of(data["price"] or yuan_of(0)),
            "closes_at": days.at(min(data["closes_on"], dt.date.max - dt.timedelta(days=1)) + dt.timedelta(days=1), 0),
        }


class ArrivalForm(forms.Form):
    """How many packs came in."""

    packs = forms.IntegerField(
        label=_("How many boxes can you pack?"),
        min_value=0,
        max_value=10_000_000,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text=_("Count what is good enough to send. Who paid first is served first."),
    )
