"""What a cooperative writes about a product, its price and its stock; what the county says of it."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from oscar.core.loading import get_model

from shop.aftersales.forms import PhotosField
from suppliers import weighing
from suppliers.base.fields import AmountField, PlainCharField, RowField, plain
from suppliers.forms import JIN, UNITS
from suppliers.models import Cooperative, Pack, Produce

from . import actions
from .models import StockChange

Category = get_model("catalogue", "Category")
YEAR = ("01-01", "12-31")


class MonthDayField(forms.CharField):
    """A day of any year, as "09-20": 9-20, 9.20, 9/20 and 9月20日 are the same."""

    def to_python(self, value):
        text = plain(super().to_python(value))
        found = re.fullmatch(r"(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?", text, re.ASCII)
        if text and found is None:
            raise ValidationError(_("Write the day as month-day, such as 09-20."))
        return f"{int(found[1]):02d}-{int(found[2]):02d}" if found else ""

    def widget_attrs(self, widget) -> dict:
        return {"placeholder": "09-20", "autocomplete": "off"}


class CountField(forms.IntegerField):
    """A whole number, typed with the keys of a number."""

    widget = forms.TextInput

    def __init__(self, **options):
        super().__init__(**{"max_value": actions.MOST_IN_STOCK} | options)

    def to_python(self, value):
        return super().to_python(re.sub(r"[,\s]", "", plain(str(value or "" if value != 0 else 0)))[:20])

    def widget_attrs(self, widget) -> dict:
        return {"inputmode": "numeric", "autocomplete": "off"}


class ProductForm(forms.Form):
    """A product. `kept` and `boxed` are it as shop.listing.actions takes it; `names` which field asks for what of it."""

    names = {"net_g": "net", "gross_g": "gross", "price_fen": "price", "in_stock": "stock"}
    OF_PRODUCE = ("name", "variety", "category", "harvest_from", "harvest_to", "shelf_life_days", "is_cold_chain")

    produce = RowField(label=_("What is it?"), queryset=Produce.objects.none(), required=False)
    name = PlainCharField(
        label=_("What is it called?"), max_length=60, required=False, help_text=_("Only where it is new.")
    )
    variety = PlainCharField(label=_("Which variety?"), max_length=60, required=False)
    category = forms.ChoiceField(label=_("Where in the shop?"), required=False)
    harvest_from = MonthDayField(
        label=_("Harvested from"), required=False, help_text=_("Month and day. Both empty: all year.")
    )
    harvest_to = MonthDayField(label=_("Harvested until"), required=False)
    shelf_life_days = CountField(
        label=_("For how many days does it keep?"), required=False, max_value=actions.MOST_SHELF_LIFE_DAYS
    )
    is_cold_chain = forms.BooleanField(label=_("It has to travel refrigerated"), required=False)
    spec = PlainCharField(label=_("How is it packed?"), max_length=40, help_text=_("As buyers read it: 5 jin a box."))
    net = AmountField(label=_("Weight of the goods in one pack"), min_value=0)
    net_unit = forms.ChoiceField(label=_("Unit of the weight"), choices=UNITS, initial=JIN, widget=forms.RadioSelect)
    gross = AmountField(
        label=_("Weight with its box"), min_value=0, help_text=_("What the scales say before it leaves.")
    )
    gross_unit = forms.ChoiceField(
        label=_("Unit of the gross weight"), choices=UNITS, initial=JIN, widget=forms.RadioSelect
    )
    price = AmountField(label=_("Price of one pack (yuan)"), min_value=0)
    price_reason = forms.CharField(
        label=_("Why is the price outside the county's reference?"), max_length=120, required=False
    )
    stock = CountField(label=_("How many packs are there now?"), min_value=0, required=False)
    about = forms.CharField(
        label=_("What is good about it?"),
        max_length=600,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": 600}),
    )
    pictures = PhotosField(
        label=_("Photos"),
        most=actions.MOST_PICTURES,
        required=False,
        help_text=_("The first one is the cover. Up to six."),
    )

    def __init__(self, data=None, files=None, *, cooperative: Cooperative, pack: Pack | None = None, initial=None):
        super().__init__(data, files, initial=initial or {})
        own = Produce.objects.filter(cooperative=cooperative)
        self.pack = pack
        self.fields["produce"].queryset = own
        self.fields["produce"].empty_label = _("something new")
        self.fields["category"].choices = [
            ("", "—"),
            *Category.objects.filter(depth=1, is_public=True).order_by("path").values_list("slug", "name"),
        ]
        if pack is not None:
            del self.fields["produce"], self.fields["stock"]
            if not actions.is_alone(pack):
                for name in self.OF_PRODUCE:
                    del self.fields[name]
        elif not own.exists():
            del self.fields["produce"]

    def clean(self):
        given = self.cleaned_data
        if "name" in self.fields and not given.get("produce"):
            if not given.get("name"):
                self.add_error("name", _("Write what it is."))
            if not given.get("category"):
                self.add_error("category", _("Choose a category."))
            if not given.get("shelf_life_days"):
                self.add_error("shelf_life_days", _("Write for how many days it keeps."))
            if bool(given.get("harvest_from")) != bool(given.get("harvest_to")):
                self.add_error("harvest_to", _("Write both days, or none for all year."))
        return given

    @property
    def kept(self) -> actions.Kept | None:
        """What grows, where it is written here and not chosen."""
        given = self.cleaned_data
        if "name" not in self.fields or given.get("produce"):
            return None
        starts, ends = given["harvest_from"], given["harvest_to"]
        return actions.Kept(
            name=given["name"],
            variety=given["variety"],
            category=given["category"],
            harvest_from=starts or YEAR[0],
            harvest_to=ends or YEAR[1],
            shelf_life_days=given["shelf_life_days"],
            is_cold_chain=given["is_cold_chain"],
        )

    @property
    def boxed(self) -> actions.Boxed:
        given = self.cleaned_data
        return actions.Boxed(
            spec=given["spec"],
            net_g=weighing.grams(given["net"], given["net_unit"]),
            gross_g=weighing.grams(given["gross"], given["gross_unit"]),
            price_fen=int(given["price"] * 100),
            price_reason=given["price_reason"],
            in_stock=given.get("stock") or 0,
            about=given["about"].strip(),
        )


class PriceForm(forms.Form):
    """A new price."""

    names = {"price_fen": "price", "price_reason": "reason"}

    price = AmountField(label=_("New price of one pack (yuan)"), min_value=0)
    reason = forms.CharField(
        label=_("Why?"),
        max_length=120,
        required=False,
        help_text=_("Needed where it is outside the county's reference."),
    )


class StockForm(forms.Form):
    """What came into the store or left it."""

    kind = forms.ChoiceField(
        label=_("What happened?"),
        choices=StockChange.Kind.choices,
        initial=StockChange.Kind.CAME_IN,
        widget=forms.RadioSelect,
    )
    packs = CountField(label=_("How many packs?"), min_value=1)
    note = forms.CharField(label=_("Note"), max_length=120, required=False)


class ReturnForm(forms.Form):
    """Why a product is sent back."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        required=False,
        help_text=_("Needed to send it back: the cooperative reads it."),
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 200}),
    )
