"""Forms of goods that leave another way, batches, hand-overs and goods made into others."""

import datetime as dt
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from . import weighing
from .base import days
from .base.fields import AmountField, DayField, PlainCharField, RowField
from .forms import G_OF, JIN, UNITS
from .forms_ledger import EntryForm, Scales
from .models import Batch, Cooperative, Produce, PurchaseLot
from .stock import LEAVES_BY_HAND


def _unit(label) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=UNITS, initial=JIN, widget=forms.RadioSelect)


class WithdrawForm(forms.Form):
    """Goods that did not go into a sale here. `names` says which field asks for which argument of the action."""

    names = {"g": "weight", "fen_per_kg": "price"}

    kind = forms.ChoiceField(label=_("What became of them?"), widget=forms.RadioSelect)
    weight = AmountField(label=_("How heavy?"))
    weight_unit = _unit(_("Unit of the weight"))
    on = DayField(label=_("Which day?"))
    lot = RowField(
        label=_("From one slip alone?"),
        queryset=PurchaseLot.objects.none(),
        required=False,
        empty_label=_("No, the oldest first"),
    )
    price = AmountField(label=_("Price, if sold (yuan)"), required=False)
    price_unit = _unit(_("Price per"))
    buyer = PlainCharField(label=_("Sold to"), max_length=60, required=False)
    note = PlainCharField(label=_("Note"), max_length=120, required=False)

    def __init__(self, data=None, *, produce: Produce):
        super().__init__(data, initial={"on": days.today()})
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in LEAVES_BY_HAND]
        self.fields["lot"].queryset = (
            PurchaseLot.objects.filter(produce=produce).standing().with_goods_left().first_in_first_out()
        )

    @property
    def withdrawal(self) -> dict:
        data = self.cleaned_data
        return {
            "kind": data["kind"],
            "g": weighing.grams(data["weight"], data["weight_unit"]),
            "on": data["on"],
            "lot": data["lot"],
            "fen_per_kg": None if data["price"] is None else weighing.fen_per_kg(data["price"], data["price_unit"]),
            "buyer": data["buyer"],
            "note": data["note"],
        }


class CorrectForm(EntryForm):
    """The slip as it should have been, and what was wrong with the one in the ledger."""

    why = PlainCharField(label=_("What was wrong?"), max_length=120)

    def __init__(self, data=None, *, lot: PurchaseLot):
        written = {
            "produce": lot.produce_id,
            "household": f"{lot.household.household_no} {lot.household.masked_head}" if lot.household else "",
            "is_other_source": lot.household_id is None,
            "grade": lot.grade,
            "weight": _plain(Decimal(lot.g) / G_OF[JIN]),
            "price": _plain(Decimal(lot.fen_per_kg) / 100 / 2),
            "signed_how": lot.signed_how,
            "bought_on": lot.bought_on,
        }
        super().__init__(data, scales=Scales(lot.produce.cooperative), initial=written)


class TakeBackForm(forms.Form):
    """Why something is taken back."""

    why = PlainCharField(label=_("What was wrong?"), max_length=120)


def _plain(number: Decimal) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")


class RowsField(forms.ModelMultipleChoiceField):
    """Some of a queryset's rows by their ids; a number that no id can be names none (SQLite cannot even compare it)."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value):
        if any(len(str(pk)) > 18 for pk in value or ()):
            raise ValidationError(self.error_messages["invalid_choice"] % {"value": "…"}, code="invalid_choice")
        return super().clean(value)


class BatchForm(forms.Form):
    """Slips of one kind of goods that are packed together."""

    lots = RowsField(label=_("Which slips?"), queryset=PurchaseLot.objects.none())
    packed_on = DayField(label=_("Packed on"))
    note = PlainCharField(label=_("Note"), max_length=120, required=False)

    def __init__(self, data=None, *, produce: Produce):
        today = days.today()
        super().__init__(data, initial={"packed_on": today})
        # What is past its shelf life today is not packed any more.
        fit_since = today - dt.timedelta(days=produce.shelf_life_days)
        self.fields["lots"].queryset = (
            PurchaseLot.objects.filter(produce=produce, batch=None, bought_on__gte=fit_since)
            .verified()
            .with_goods_left()
            .first_in_first_out()
            .select_related("household", "carried_from")
        )


class HandOverForm(forms.Form):
    """Goods of a batch for another cooperative."""

    names = {"g": "weight", "fen_per_kg": "price"}

    taker = RowField(label=_("To which cooperative?"), queryset=Cooperative.objects.none())
    weight = AmountField(label=_("How heavy?"))
    weight_unit = _unit(_("Unit of the weight"))
    price = AmountField(label=_("Price (yuan)"))
    price_unit = _unit(_("Price per"))
    on = DayField(label=_("Which day?"))
    note = PlainCharField(label=_("Note"), max_length=120, required=False)

    def __init__(self, data=None, *, batch: Batch):
        super().__init__(data, initial={"on": days.today()})
        self.fields["taker"].queryset = Cooperative.objects.exclude(pk=batch.produce.cooperative_id).filter(
            suspended_at=None
        )

    @property
    def offer(self) -> dict:
        data = self.cleaned_data
        return {
            "taker": data["taker"],
            "g": weighing.grams(data["weight"], data["weight_unit"]),
            "fen_per_kg": weighing.fen_per_kg(data["price"], data["price_unit"]),
            "on": data["on"],
            "note": data["note"],
        }


class ProcessForm(forms.Form):
    """Goods made into other goods: what went in, what came out."""

    names = {"in_g": "went_in", "out_g": "came_out"}

    into = RowField(label=_("What was made of it?"), queryset=Produce.objects.none())
    went_in = AmountField(label=_("How much went in?"))
    came_out = AmountField(label=_("How much came out?"), help_text=_("Without the packing."))
    unit = _unit(_("Unit of the weight"))
    batch = RowField(
        label=_("From one batch alone?"),
        queryset=Batch.objects.none(),
        required=False,
        empty_label=_("No, the oldest first"),
    )
    on = DayField(label=_("Which day?"))
    note = PlainCharField(label=_("Note"), max_length=120, required=False)

    def __init__(self, data=None, *, produce: Produce):
        super().__init__(data, initial={"on": days.today()})
        self.fields["into"].queryset = Produce.objects.filter(cooperative=produce.cooperative_id).exclude(pk=produce.pk)
        self.fields["batch"].queryset = Batch.objects.filter(produce=produce).with_goods_left()

    @property
    def processing(self) -> dict:
        data = self.cleaned_data
        return {
            "into": data["into"],
            "in_g": weighing.grams(data["went_in"], data["unit"]),
            "out_g": weighing.grams(data["came_out"], data["unit"]),
            "batch": data["batch"],
            "on": data["on"],
            "note": data["note"],
        }
