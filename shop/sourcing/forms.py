"""What a buyer writes: an inquiry, or what is wanted."""

import datetime as dt

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shop import places
from shop.checkout.forms import MobileField
from suppliers import board
from suppliers.base import days
from suppliers.base.fields import AmountField, DayField, PlainCharField, RowField
from suppliers.base.money import fen_of
from suppliers.harvests import monday
from suppliers.models import Village

from .models import Inquiry

SHANDONG = "370000"
MOST_TONNES = 10_000
MOST_DAYS_AHEAD = 400


def cities() -> list[tuple[str, str]]:
    return [(city.code, city.name) for city in places.children(SHANDONG)]


class _Asking(forms.Form):
    """So many tonnes of a kind, to a city of Shandong, and who wants to know."""

    kind = forms.ChoiceField(label=_("Product"))
    tonnes = AmountField(label=_("How many tonnes?"), min_value=0)
    city_code = forms.ChoiceField(label=_("To which city?"), choices=cities)
    organisation = PlainCharField(label=_("Organisation"), max_length=60)
    contact = PlainCharField(label=_("Whom to ask for"), max_length=30)
    mobile = MobileField(label=_("Mobile number"), error_messages={"required": _("Write your mobile number.")})

    def __init__(self, data=None, *, initial=None):
        super().__init__(data, initial=initial)
        self.fields["kind"].choices = list(board.kinds().items())

    def clean_tonnes(self):
        tonnes = self.cleaned_data["tonnes"]
        if not 0 < tonnes <= MOST_TONNES:
            raise ValidationError(_("Write how many tonnes, above zero and up to 10,000."))
        return tonnes

    @property
    def who(self) -> dict:
        """What of it says who asks, and for what."""
        data = self.cleaned_data
        named = {name: data[name] for name in ("kind", "city_code", "organisation", "contact", "mobile")}
        return named | {"g": int(data["tonnes"] * 1_000_000)}


class InquiryForm(_Asking):
    """A quote is asked for."""

    week_on = DayField(label=_("From which day?"), required=False)
    note = PlainCharField(
        label=_("What else we should know"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    field_order = ("kind", "tonnes", "week_on", "city_code", "organisation", "contact", "mobile", "note")

    def clean_week_on(self):
        day = self.cleaned_data["week_on"]
        return monday(within_a_year(day)) if day else None

    @property
    def inquiry(self) -> dict:
        return self.who | {"week_on": self.cleaned_data["week_on"], "note": self.cleaned_data["note"]}


class WantedForm(_Asking):
    """Something is wanted, on the board for everybody."""

    starts_on = DayField(label=_("From which day?"))
    ends_on = DayField(label=_("Until which day?"))
    price = AmountField(label=_("Price you have in mind (yuan per jin)"), required=False, min_value=0)
    until = DayField(label=_("Show it until"))
    field_order = (
        "kind", "tonnes", "starts_on", "ends_on", "price", "city_code", "until", "organisation", "contact", "mobile"
    )  # fmt: skip

    def clean(self):
        data = super().clean()
        for name in ("starts_on", "ends_on", "until"):
            if data.get(name):
                try:
                    within_a_year(data[name])
                except ValidationError as error:
                    self.add_error(name, error)
        if data.get("starts_on") and data.get("ends_on") and data["ends_on"] < data["starts_on"]:
            self.add_error("ends_on", _("The last day comes after the first."))
        price = data.get("price")
        if price is not None and not 0 < price <= 10_000:
            self.add_error("price", _("Write a price above zero and up to 10,000 yuan per jin, or leave it empty."))
        return data

    @property
    def wanted(self) -> dict:
        data = self.cleaned_data
        return self.who | {
            "starts_on": data["starts_on"],
            "ends_on": data["ends_on"],
            "until": data["until"],
            "fen_per_kg": 2 * fen_of(data["price"]) if data["price"] else None,
        }


def within_a_year(day: dt.date) -> dt.date:
    """`day`. Raises ValidationError where it is over, or more than some thirteen months ahead."""
    today = days.today()
    if day < today or (day - today).days > MOST_DAYS_AHEAD:
        raise ValidationError(_("Choose a day from today on, within the next thirteen months."))
    return day


class NoteForm(forms.Form):
    """What staff did about an inquiry."""

    state = forms.ChoiceField(label=_("State"), choices=Inquiry.State.choices)
    text = PlainCharField(label=_("Note"), max_length=300, required=False)


class CollectorForm(forms.Form):
    """Who collects in which village, from when."""

    who = PlainCharField(
        label=_("Mobile number or e-mail"), max_length=80, help_text=_("Of an account that is there already.")
    )
    village = RowField(label=_("Village"), queryset=Village.objects.select_related("township"))
    starts_on = DayField(label=_("From"))

    def __init__(self, data=None):
        super().__init__(data, initial={"starts_on": days.today()})
        self.fields["village"].choices = by_township()

    def clean_who(self):
        who = self.cleaned_data["who"]
        mobile = f"+86{who}" if who.isdecimal() else who
        found = get_user_model().objects.filter(Q(email__iexact=who) | Q(mobile=mobile), is_active=True).first()
        if found is None:
            raise ValidationError(_("No account has this number or address. Have him sign in once, then appoint him."))
        return found


def by_township() -> list:
    """All villages, in groups by township."""
    groups: dict[str, list] = {}
    for village in Village.objects.select_related("township"):
        groups.setdefault(village.township.name, []).append((village.pk, village.name))
    return list(groups.items())


THREE = ("low", "usual", "high")


class SheetForm(forms.Form):
    """A week's prices of a market: three fields for each kind, all or none of them, in yuan per jin."""

    week_on = DayField(label=_("Week from"))

    def __init__(self, data=None, *, initial=None):
        super().__init__(data, initial=initial)
        self.kinds = board.kinds()
        labels = {"low": _("low"), "usual": _("usual"), "high": _("high")}
        for code, name in self.kinds.items():
            for which in THREE:
                self.fields[f"{code}-{which}"] = AmountField(
                    label=f"{name} {labels[which]}", required=False, min_value=0
                )

    def rows(self) -> list[tuple[str, list]]:
        """Each kind with its three fields."""
        return [(name, [self[f"{code}-{which}"] for which in THREE]) for code, name in self.kinds.items()]

    def clean(self):
        data = super().clean()
        for code in self.kinds:
            three = [data.get(f"{code}-{which}") for which in THREE]
            named = {f"{code}-{which}" for which in THREE}
            if any(three) and not all(three) and not named & self.errors.keys():
                self.add_error(f"{code}-usual", _("Write all three, or none."))
        return data

    @property
    def prices(self) -> dict[str, tuple[int, int, int]]:
        data = self.cleaned_data
        written = {code: tuple(data[f"{code}-{which}"] for which in THREE) for code in self.kinds}
        return {code: tuple(fen_of(yuan) for yuan in three) for code, three in written.items() if all(three)}
