"""Where it goes and to whom: the one form of the checkout."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinLengthValidator
from django.utils.translation import gettext_lazy as _
from oscar.core.loading import get_model
from stdnum.cn import uscc

from shop import places
from shop.models import InvoiceWish, Sale
from shop.shipping import freight
from suppliers.base.fields import LongSelect, MobileField, PlainCharField

ShippingAddress = get_model("order", "ShippingAddress")
UserAddress = get_model("address", "UserAddress")

TAIAN = {"province": "370000", "city": "370900", "district": ""}


class PlaceField(forms.ChoiceField):
    """A province, city or district; its choices are the children of what was chosen before it."""

    widget = LongSelect

    def __init__(self, label: str, empty: str, missing: str) -> None:
        super().__init__(label=label, error_messages={"required": missing, "invalid_choice": missing})
        self.empty = empty

    def offer(self, parent: str) -> None:
        self.choices = [("", self.empty), *((area.code, area.name) for area in places.children(parent))]


class DeliveryForm(forms.Form):
    """Whom the goods go to, and how. `is_fresh`: there are goods among them that cannot be sent back without a reason;
    `goods_fen`: what they cost now, which is what the page that is sent has to say.

    Only a parcel needs an address: trucks and counters have their own.
    """

    ADDRESS = ("province", "city", "district", "street", "is_kept")

    delivery = forms.ChoiceField(
        label=_("How it comes to you"), choices=Sale.Delivery.choices, initial=Sale.Delivery.PARCEL, required=False
    )
    name = PlainCharField(
        label=_("Receiver"),
        max_length=30,
        error_messages={"required": _("Write the receiver's name.")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    mobile = MobileField(
        label=_("Mobile number"),
        help_text=_("The courier calls it, and you find your order by it."),
        error_messages={"required": _("Write the receiver's mobile number.")},
    )
    province = PlaceField(_("Province"), _("Choose the province"), _("Choose the province."))
    city = PlaceField(_("City"), _("Choose the city"), _("Choose the city."))
    district = PlaceField(_("District or county"), _("Choose the district"), _("Choose the district or county."))
    street = PlainCharField(
        label=_("Street, building, door"),
        max_length=120,
        validators=[MinLengthValidator(3, _("That is too short for a courier to find."))],
        error_messages={"required": _("Write street, building and door.")},
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        error_messages={"invalid": _("This is not an e-mail address.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    note = PlainCharField(
        label=_("Note to the cooperatives"),
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    invoice = forms.ChoiceField(
        label=_("Invoice"),
        choices=[("", _("No invoice")), *InvoiceWish.Kind.choices],
        required=False,
        widget=forms.RadioSelect,
    )
    invoice_title = PlainCharField(
        label=_("In whose name"),
        max_length=80,
        required=False,
        help_text=_("The unit's full name; for a personal invoice your own name is enough."),
    )
    tax_id = PlainCharField(
        label=_("Tax number of the unit"),
        max_length=40,
        required=False,
        help_text=_("The 18 signs of its unified social credit code."),
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}),
    )
    invoice_email = forms.EmailField(
        label=_("E-mail for the invoice"),
        required=False,
        error_messages={"invalid": _("This is not an e-mail address.")},
    )
    is_kept = forms.BooleanField(label=_("Keep this address for next time"), required=False)
    is_fresh_confirmed = forms.BooleanField(
        label=_(
            "I know that fresh goods cannot be sent back without a reason. What arrives spoiled is paid back: "
            "a photo within 24 hours is enough."
        ),
        error_messages={"required": _("Please confirm this: there are fresh goods in your basket.")},
    )

    def __init__(self, *args, is_fresh: bool, is_signed_in: bool, goods_fen: int = 0, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.goods_fen = goods_fen
        if not is_fresh:
            del self.fields["is_fresh_confirmed"]
        if is_signed_in:
            del self.fields["email"]
        else:
            del self.fields["is_kept"]
        self.fields["province"].offer("")
        self.fields["city"].offer(self._chosen("province"))
        self.fields["district"].offer(self._chosen("city"))
        self.area_code = self._chosen("district") or self._chosen("city") or self._chosen("province") or places.SHANDONG
        self.delivery = self._chosen("delivery") or Sale.Delivery.PARCEL
        # What was written of an address stays while another way is looked at.
        self.kept = []
        if self.delivery != Sale.Delivery.PARCEL:
            self.fields["mobile"].help_text = _(
                "You are reached by it when it is there, and you find your order by it."
            )
            self.kept = [(name, self[name].value() or "") for name in self.ADDRESS[:4]]
            for name in self.ADDRESS:
                self.fields.pop(name, None)

    def _chosen(self, name: str) -> str:
        """What was chosen for `name`, if its parent has it: another province empties what hung on the last one."""
        value = str(self[name].value() or "")
        return value if value in dict(self.fields[name].choices) else ""

    @property
    def wants_invoice(self) -> bool:
        return bool(self._chosen("invoice"))

    def clean_province(self) -> str:
        code = self.cleaned_data["province"]
        if freight.tariff_for(code) is None:
            raise ValidationError(_("We cannot send there yet."))
        return code

    def clean(self) -> dict:
        given = super().clean()
        if self.data.get("goods_fen", str(self.goods_fen)) != str(self.goods_fen):
            self.add_error(
                None, _("A price or a number has changed since you saw this page. Please look at the sum again.")
            )
        if given.get("invoice") == InvoiceWish.Kind.UNIT:
            if not given.get("invoice_title"):
                self.add_error("invoice_title", _("Write the unit's full name, as it stands on its licence."))
            tax_id = re.sub(r"[\s-]", "", given.get("tax_id", "")).upper()
            if not tax_id:
                self.add_error("tax_id", _("Write the unit's tax number."))
            elif not uscc.is_valid(tax_id):
                self.add_error("tax_id", _("This is no valid tax number: please compare its 18 signs."))
            given["tax_id"] = tax_id
        return given

    @property
    def invoice_wish(self) -> InvoiceWish | None:
        """The invoice that was asked for, to be saved with the order."""
        given = self.cleaned_data
        if not given["invoice"]:
            return None
        is_unit = given["invoice"] == InvoiceWish.Kind.UNIT
        return InvoiceWish(
            kind=given["invoice"],
            title=given["invoice_title"] or given["name"],
            tax_id=given["tax_id"] if is_unit else "",
            email=given["invoice_email"],
        )

    def fill_place(self, address, place):
        """Write into `address` that the order is fetched at `place`, a stop or a counter, and return it."""
        self._fill_area(address, place.area_code)
        address.line1 = f"{place.address} {place.name}"[:255]
        return address

    def fill(self, address):
        """Write where it goes into `address` (Oscar's, of an order or of an address book), and return it."""
        self._fill_area(address, self.cleaned_data["district"])
        address.line1 = self.cleaned_data["street"]
        return address

    def _fill_area(self, address, area_code: str) -> None:
        given = self.cleaned_data
        in_full = places.full_name(area_code)
        city, district = places.city_of(area_code), places.district(area_code)
        address.first_name = given["name"]
        address.state = places.province_of(area_code).name
        # 市辖区 stands between Beijing and its districts in the tables and on no parcel.
        address.line4 = city.name if city.name in in_full else ""
        address.line3 = district.name if district.name != city.name else ""
        address.area_code = district.code
        address.phone_number = given["mobile"]
        address.country_id = "CN"


def from_address(address) -> dict[str, str]:
    """What the form starts with for an address of somebody's address book."""
    try:
        district = places.district(address.area_code)
        place = {
            "province": places.province_of(district.code).code,
            "city": places.city_of(district.code).code,
            "district": district.code,
        }
    except places.UnknownArea:
        place = TAIAN
    return {"name": address.first_name, "mobile": address.mobile, "street": address.line1} | place
