"""Forms of what travels: a consignment that leaves, a vehicle, its weigh note."""

import datetime as dt
from collections.abc import Sequence

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from suppliers.base import days
from suppliers.base.fields import AmountField, DayField, PlainCharField, RowField
from suppliers.models import Batch

from .actions.departures import Halt
from .actions.transport import LOADED_WITHIN_DAYS
from .models import ApprovedDistance, Carrier, Consignment, Counter, Shipment, Vehicle


class ShipForm(forms.Form):
    """How a consignment leaves. `names` says which field asks for which argument of the action."""

    names = {
        "carrier": "carried_by",
        "vehicle": "carried_by",
        "gross_g": "gross_kg",
        "billed_g": "gross_kg",
        "freight_fen": "freight",
        "other_subsidy_fen": "other_subsidy",
        "at": "on",
    }

    carried_by = forms.CharField(label=_("Who carries it?"), widget=forms.Select)
    waybill = forms.CharField(label=_("Waybill number"), max_length=60)
    gross_kg = AmountField(label=_("Gross weight (kg)"), decimal_places=3)
    freight = AmountField(label=_("Freight you pay (yuan)"))
    other_subsidy = AmountField(
        label=_("Other subsidies for this freight (yuan)"),
        required=False,
        help_text=_("Leave it empty if there are none."),
    )
    on = DayField(label=_("Day of dispatch"))
    batch = RowField(
        label=_("From which batch?"), queryset=Batch.objects.none(), required=False, empty_label=_("from no batch")
    )

    def __init__(
        self,
        data=None,
        *,
        consignment: Consignment,
        placed_on: dt.date,
        rides: Vehicle | None = None,
        lines: Sequence[tuple[int, str]] = (),
        like: Shipment | None = None,
        gross_g: int = 0,
    ):
        """`rides` is the vehicle of the direct truck that the buyer chose; it is offered first.

        Of several `lines` (id and name) some may leave now and the others later. `gross_g` is what they weigh by their
        packs, and `like` the last parcel of this kind: its carrier and freight are offered.
        """
        today = days.today()
        carried_by = f"vehicle:{rides.pk}" if rides else (like.carrier_id if like else "")
        initial = {"on": today, "carried_by": carried_by}
        if gross_g:
            initial["gross_kg"] = f"{gross_g / 1000:.3f}".rstrip("0").rstrip(".")
        if like and not rides:
            initial["freight"] = f"{like.freight_fen / 100:.2f}"
        if len(lines) > 1:
            initial["lines"] = [pk for pk, _name in lines]
        super().__init__(data, initial=initial)
        if len(lines) > 1:
            self.fields["lines"] = forms.TypedMultipleChoiceField(
                label=_("What leaves now?"),
                choices=[(str(pk), name) for pk, name in lines],
                coerce=int,
                widget=forms.CheckboxSelectMultiple,
                error_messages={"required": _("Tick what leaves now.")},
            )
        self.placed_on = placed_on
        kinds = consignment.lines.values("product__pack__produce")
        self.fields["batch"].queryset = Batch.objects.filter(
            produce__in=kinds, produce__cooperative=consignment.cooperative_id
        ).with_goods_left()
        couriers = [(c.pk, c.name) for c in Carrier.objects.filter(is_courier=True)]
        aboard = [
            (f"vehicle:{v.pk}", _("%(no)s, room for %(kg)s kg") % {"no": v.vehicle_no, "kg": f"{v.room_g // 1000:,}"})
            for v in Vehicle.objects.loading(today, within_days=LOADED_WITHIN_DAYS)
            .filter(city_code=consignment.destination_code)
            .with_room()
        ]
        choices = [(_("Parcel"), couriers)]
        if aboard:
            choices.append((_("Vehicle"), aboard))
        self.fields["carried_by"].widget.choices = [("", _("Please choose")), *choices]
        self.fields["waybill"].widget.attrs |= {
            "autocomplete": "off",
            "autocapitalize": "characters",
            "spellcheck": "false",
        }

    def clean_carried_by(self) -> tuple[str, Vehicle | None]:
        """The carrier's code, and the vehicle where it is one. A vehicle to another city is the action's to refuse."""
        kind, _colon, pk = self.cleaned_data["carried_by"].partition(":")
        if kind == "vehicle" and pk.isdecimal():
            if vehicle := Vehicle.objects.filter(pk=int(pk[:18])).first():
                return vehicle.carrier_id, vehicle
        elif Carrier.objects.filter(pk=kind, is_courier=True):
            return kind, None
        raise ValidationError(_("Choose a carrier from the list."))

    def clean_on(self) -> dt.date:
        on = self.cleaned_data["on"]
        if on < self.placed_on:
            raise ValidationError(
                gettext("The order was placed on %(day)s. It cannot have left before.")
                % {"day": self.placed_on.isoformat()}
            )
        return on

    @property
    def leaving(self) -> dict:
        """What was written, as the action takes it."""
        data = self.cleaned_data
        carrier_code, vehicle = data["carried_by"]
        today = days.today()
        return {
            "carrier_code": carrier_code,
            "vehicle": vehicle,
            "waybill": data["waybill"],
            "gross_g": int(data["gross_kg"] * 1000),
            "freight_fen": int(data["freight"] * 100),
            "other_subsidy_fen": int((data["other_subsidy"] or 0) * 100),
            "at": days.now() if data["on"] == today else days.at(data["on"]),
            "line_ids": data.get("lines"),
            "batch": data["batch"],
        }


class VehicleForm(forms.Form):
    """A trip that a vehicle will make."""

    names = {"max_load_g": "max_load_kg", "carrier": "carrier"}

    plate = PlainCharField(label=_("Number plate"), max_length=12)
    carrier = forms.ModelChoiceField(
        label=_("Whose vehicle is it?"), queryset=Carrier.objects.filter(is_courier=False), empty_label=None
    )
    city_code = forms.ChoiceField(label=_("To which city?"))
    departs_on = DayField(label=_("Day of departure"))
    max_load_kg = AmountField(label=_("Rated load (kg)"), help_text=_("As the vehicle's licence says."))
    is_refrigerated = forms.BooleanField(label=_("Refrigerated"), required=False)

    def __init__(self, data=None):
        super().__init__(data, initial={"departs_on": days.today()})
        self.fields["city_code"].choices = list(ApprovedDistance.objects.values_list("city_code", "city"))

    @property
    def trip(self) -> dict:
        data = self.cleaned_data.copy()
        return data | {"max_load_g": int(data.pop("max_load_kg") * 1000)}


class WeighForm(forms.Form):
    """What the weighbridge wrote (过磅单)."""

    names = {"net_g": "net_kg"}

    weigh_note = PlainCharField(label=_("Weigh note number"), max_length=40)
    net_kg = AmountField(label=_("Net weight on the note (kg)"))
    has_temperature_log = forms.BooleanField(label=_("The temperature log is complete"), required=False)

    def __init__(self, data=None, *, vehicle: Vehicle):
        initial = {"weigh_note": vehicle.weigh_note, "has_temperature_log": vehicle.has_temperature_log}
        if vehicle.net_g:
            initial["net_kg"] = f"{vehicle.net_g / 1000:g}" if vehicle.net_g % 1000 else vehicle.net_g // 1000
        super().__init__(data, initial=initial)
        if not vehicle.is_refrigerated:
            del self.fields["has_temperature_log"]

    @property
    def note(self) -> dict:
        data = self.cleaned_data
        return {
            "weigh_note": data["weigh_note"],
            "net_g": int(data["net_kg"] * 1000),
            "has_temperature_log": data.get("has_temperature_log", False),
        }


class MomentField(forms.DateTimeField):
    """A day and time by the clock of Shanghai, picked or written."""

    def __init__(self, **options):
        widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
        formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]
        super().__init__(**{"input_formats": formats, "widget": widget} | options)


class StopForm(forms.Form):
    """A stop of a direct truck."""

    name = PlainCharField(label=_("Stop"), max_length=60)
    address = PlainCharField(label=_("Address"), max_length=120)
    area_code = forms.ChoiceField(label=_("District"))
    opens_at = MomentField(label=_("Handed out from"))
    closes_at = MomentField(label=_("Handed out until"))

    def __init__(self, data=None, *, districts, **options):
        super().__init__(data, **options)
        self.fields["area_code"].choices = [("", _("Please choose")), *districts]

    @property
    def halt(self) -> Halt:
        data = self.cleaned_data
        return Halt(**{name: data[name] for name in ("name", "address", "area_code", "opens_at", "closes_at")})


class DepartureForm(StopForm):
    """A direct truck that is planned, with its first stop. `names` says which field asks for which argument."""

    names = {"capacity_g": "capacity_kg", "least_g": "least_kg", "fen_per_kg": "yuan_per_kg"}

    city_code = forms.ChoiceField(label=_("To which city?"))
    leaves_at = MomentField(label=_("Leaves at"))
    cut_off_at = MomentField(label=_("Orders until"))
    capacity_kg = AmountField(label=_("Room (kg)"))
    least_kg = AmountField(label=_("Goes from (kg)"), required=False, help_text=_("Leave it empty if it goes anyway."))
    yuan_per_kg = AmountField(label=_("Freight (yuan a kg)"))
    is_refrigerated = forms.BooleanField(label=_("Refrigerated"), required=False)

    field_order = ["city_code", "leaves_at", "cut_off_at", "capacity_kg", "least_kg", "yuan_per_kg", "is_refrigerated"]

    def __init__(self, data=None, **options):
        super().__init__(data, **options)
        self.fields["city_code"].choices = list(ApprovedDistance.objects.values_list("city_code", "city"))

    @property
    def plan(self) -> dict:
        data = self.cleaned_data
        return {
            "city_code": data["city_code"],
            "leaves_at": data["leaves_at"],
            "cut_off_at": data["cut_off_at"],
            "capacity_g": int(data["capacity_kg"] * 1000),
            "least_g": int((data["least_kg"] or 0) * 1000),
            "fen_per_kg": int(data["yuan_per_kg"] * 100),
            "is_refrigerated": data["is_refrigerated"],
            "halt": self.halt,
        }


class CounterForm(forms.ModelForm):
    """A counter in a shop."""

    class Meta:
        model = Counter
        fields = ("code", "name", "address", "area_code", "hours", "is_open")

    code = PlainCharField(label=_("Counter number"), max_length=12)
    name = PlainCharField(label=_("Counter"), max_length=60)
    address = PlainCharField(label=_("Address"), max_length=120)
    hours = PlainCharField(label=_("Opening hours"), max_length=60)
    area_code = forms.ChoiceField(label=_("District"))

    def __init__(self, *args, districts, **options):
        super().__init__(*args, **options)
        self.fields["area_code"].choices = [("", _("Please choose")), *districts]
