"""What the starter says, and what a neighbour says who joins."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import MinLengthValidator
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _

from logistics.models import Departure
from shop import places
from shop.basket.quantities import quantity
from shop.catalogue.shelf import Ware, is_fresh
from shop.shipping import freight
from shop.templatetags.almanac import day_hour, day_of_week
from suppliers.base import days
from suppliers.base.fields import MobileField, PlainCharField, plain
from suppliers.models import Pack

from .actions import Halt, Joiner
from .models import GroupOrder
from .reckoning import Least

SALT = "together"
# When the starter hands out, by the clock of Shanghai.
HOURS = {"9-12": (9, 12), "12-15": (12, 15), "15-18": (15, 18), "17-20": (17, 20), "18-21": (18, 21)}
# A truck is this many days on its way, at least and at most.
ARRIVES_AFTER, ARRIVES_WITHIN = 1, 6
MOST_JOINERS, MOST_KG = 500, 100_000


class StartForm(forms.Form):
    """A group order on `departure`, of some of `wares`."""

    packs = forms.MultipleChoiceField(
        label=_("What you choose together"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose at least one product."),
            "invalid_choice": _("Something you chose cannot ride on this truck."),
        },
    )
    title = PlainCharField(
        label=_("Title"),
        max_length=30,
        error_messages={"required": _("Write a title, such as: walnuts for Sunshine Court.")},
    )
    host = PlainCharField(
        label=_("What the neighbours call you"),
        max_length=20,
        help_text=_("It stands on the page, for everybody who has the link."),
        error_messages={"required": _("Write how the neighbours know you.")},
    )
    words = PlainCharField(
        label=_("A few words to the neighbours"),
        max_length=120,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    point = PlainCharField(
        label=_("Hand-out point"),
        max_length=40,
        help_text=_("Such as: south gate of Sunshine Court"),
        error_messages={"required": _("Write where you hand out.")},
    )
    district = forms.ChoiceField(
        label=_("District or county"),
        error_messages={
            "required": _("Choose the district or county."),
            "invalid_choice": _("The truck does not go there."),
        },
    )
    address = PlainCharField(
        label=_("Street and number"),
        max_length=80,
        validators=[MinLengthValidator(3, _("That is too short for the driver to find."))],
        error_messages={"required": _("Write street and number: the driver has to find it.")},
    )
    day = forms.ChoiceField(label=_("Handed out on"))
    hours = forms.ChoiceField(label=_("Time"), choices=[(key, f"{a}:00–{b}:00") for key, (a, b) in HOURS.items()])
    closes_at = forms.ChoiceField(label=_("To be joined until"))
    least_by = forms.ChoiceField(
        label=_("It goes from"),
        choices=[("joiners", _("so many joiners")), ("kg", _("so many kilograms"))],
        widget=forms.RadioSelect,
        initial="joiners",
    )
    least = forms.CharField(
        label=_("How many"),
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": _("Write how many, for example 5.")},
    )

    def __init__(self, *args, departure: Departure, wares: Sequence[Ware], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.departure, self.wares = departure, wares
        self.fields["packs"].choices = [(str(ware.pack.pk), str(ware.pack)) for ware in wares]
        self.fields["district"].choices = [
            ("", _("Choose the district")),
            *((area.code, area.name) for area in places.children(departure.city_code)),
        ]
        leaves_on = days.day_of(departure.leaves_at)
        arrivals = [leaves_on + dt.timedelta(days=n) for n in range(ARRIVES_AFTER, ARRIVES_WITHIN + 1)]
        self.fields["day"].choices = [(str(day), day_of_week(days.at(day))) for day in arrivals]
        self.closings = closings(departure)
        self.fields["closes_at"].choices = [(f"{moment:%Y%m%d%H%M}", day_hour(moment)) for moment in self.closings]

    def clean_least(self) -> int:
        text = plain(self.cleaned_data["least"])
        if not (text.isascii() and text.isdigit() and int(text) > 0):
            raise ValidationError(_("Write a whole number above zero, for example 5."))
        return int(text)

    def clean(self) -> dict:
        given = super().clean()
        most = MOST_KG if given.get("least_by") == "kg" else MOST_JOINERS
        if given.get("least", 0) > most:
            self.add_error("least", _("That many will never be reached. Write a smaller number."))
        return given

    @property
    def asked(self) -> dict:
        """What `actions.start` is to start, of a valid form."""
        given = self.cleaned_data
        day, (opens, closes) = dt.date.fromisoformat(given["day"]), HOURS[given["hours"]]
        by_pk = {str(ware.pack.pk): ware.pack for ware in self.wares}
        return {
            "departure": self.departure,
            "packs": [by_pk[pk] for pk in given["packs"]],
            "point": Halt(
                given["point"], given["address"], given["district"], days.at(day, opens), days.at(day, closes)
            ),
            "least": Least(g=given["least"] * 1000) if given["least_by"] == "kg" else Least(joiners=given["least"]),
            "closes_at": next(one for one in self.closings if f"{one:%Y%m%d%H%M}" == given["closes_at"]),
            "host": given["host"],
            "title": given["title"],
            "words": given["words"],
        }


def closings(departure: Departure) -> list[dt.datetime]:
    """When a group order on `departure` may close: with it, or at eight in the evening of one of the days before."""
    last = departure.cut_off_at.astimezone(days.SHANGHAI)
    evenings = [days.at(last.date() - dt.timedelta(days=n), 20) for n in range(7)]
    soonest = days.now() + dt.timedelta(hours=1)
    return [last, *(evening for evening in evenings if soonest < evening < last)]


@dataclass(frozen=True)
class Asked:
    """A pack of the group order with its field."""

    ware: Ware
    field: forms.BoundField

    @property
    def error_id(self) -> str:
        """Where the page says what is wrong; empty where nothing is."""
        return f"{self.field.id_for_label}-error" if self.field.errors else ""


class JoinForm(forms.Form):
    """How many of which pack, for whom. Each page has a key of its own, so that posted twice it is one order."""

    name = PlainCharField(
        label=_("Your name"),
        max_length=30,
        help_text=_("On the list stands its first sign alone."),
        error_messages={"required": _("Write your name.")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    mobile = MobileField(
        label=_("Mobile number"),
        help_text=_("Its last four digits are asked for when the goods are handed out. Nobody sees the rest."),
        error_messages={"required": _("Write your mobile number.")},
    )
    note = PlainCharField(label=_("A note"), max_length=100, required=False)
    is_fresh_confirmed = forms.BooleanField(
        label=_(
            "I know that fresh goods cannot be sent back without a reason. What arrives spoiled is paid back: "
            "a photo within 24 hours is enough."
        ),
        error_messages={"required": _("Please confirm this: there are fresh goods in this group order.")},
    )
    key = forms.CharField(max_length=200, widget=forms.HiddenInput)

    def __init__(self, *args, group: GroupOrder, wares: Sequence[Ware], **kwargs) -> None:
        initial = {"key": signing.dumps(get_random_string(32), salt=SALT)} | kwargs.pop("initial", {})
        super().__init__(*args, initial=initial, **kwargs)
        self.group, self.wares = group, wares
        if not any(is_fresh(ware.produce) for ware in wares):
            del self.fields["is_fresh_confirmed"]
        for ware in wares:
            self.fields[f"q_{ware.pack.pk}"] = forms.CharField(
                label=_("How many of %(what)s") % {"what": ware.pack},
                required=False,
                max_length=20,
                initial="1" if len(wares) == 1 and not ware.is_sold_out else "0",
                disabled=ware.is_sold_out,
            )

    @property
    def asked(self) -> list[Asked]:
        return [Asked(ware, self[f"q_{ware.pack.pk}"]) for ware in self.wares]

    @property
    def wanted(self) -> dict[Pack, int]:
        """How many of each pack, as far as it can be read and had."""
        found = {}
        for ware in self.wares:
            try:
                if number := self._quantity(ware):
                    found[ware.pack] = number
            except ValidationError:
                continue
        return found

    def _quantity(self, ware: Ware) -> int:
        if ware.is_sold_out:
            return 0
        text = plain(str(self[f"q_{ware.pack.pk}"].value() or ""))
        if not text.strip("0"):
            return 0
        return quantity(text, free=ware.free)

    @property
    def sums(self) -> dict[str, int]:
        """What `wanted` costs, with its freight on the truck."""
        prices = {ware.pack.pk: ware.price_fen for ware in self.wares}
        loads = [(pack.produce.cooperative_id, number * pack.gross_g) for pack, number in self.wanted.items()]
        goods_fen = sum(prices[pack.pk] * number for pack, number in self.wanted.items())
        freight_fen = sum(freight.parts_fen(loads, freight.on_truck(self.group.stop.departure.fen_per_kg)).values())
        return {"goods_fen": goods_fen, "freight_fen": freight_fen, "total_fen": goods_fen + freight_fen}

    def clean_key(self) -> str:
        try:
            return signing.loads(self.cleaned_data["key"], salt=SALT)
        except signing.BadSignature as error:
            raise ValidationError(_("Please load this page again.")) from error

    def clean(self) -> dict:
        given = super().clean()
        for ware in self.wares:
            try:
                self._quantity(ware)
            except ValidationError as error:
                self.add_error(f"q_{ware.pack.pk}", error)
        if not self.wanted and not any(name.startswith("q_") for name in self.errors):
            raise ValidationError(_("Choose how many you want, at least one of something."))
        return given

    def joiner(self, user, *, address: str) -> Joiner:
        given = self.cleaned_data
        return Joiner(given["name"], given["mobile"], given["note"], user if user.is_authenticated else None, address)
