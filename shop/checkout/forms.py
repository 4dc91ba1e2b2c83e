"""Where it goes and to whom: the one form of the checkout."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinLengthValidator
from django.utils.translation import gettext_lazy as _
from oscar.core.loading import get_model

from shop import places
from shop.shipping import freight
from suppliers.base.fields import LongSelect, PlainCharField, plain

ShippingAddress = get_model("order", "ShippingAddress")
UserAddress = get_model("address", "UserAddress")

TAIAN = {"province": "370000", "city": "370900", "district": ""}


class MobileField(forms.CharField):
    """A mobile number of the mainland, as +86 and eleven digits."""

    widget = forms.TextInput

    def widget_attrs(self, widget) -> dict:
        return {"type": "tel", "inputmode": "tel", "autocomplete": "tel", "maxlength": 20}

    def clean(self, value) -> str:
        digits = re.sub(r"[\s\-()]", "", plain(super().clean(value)))
        digits = re.sub(r"^(\+|00)?86(?=1\d{10}$)", "", digits)
        if not re.fullmatch(r"1[3-9]\d{9}", digits):
            raise ValidationError(_("A mobile number has eleven digits and starts with 1."))
        return f"+86{digits}"


class PlaceField(forms.ChoiceField):
    """A province, city or district; its choices are the children of what was chosen before it."""

    widget = LongSelect

    def __init__(self, label: str, empty: str, missing: str) -> None:
        super().__init__(label=label, error_messages={"required": missing, "invalid_choice": missing})
        self.empty = empty

    def offer(self, parent: str) -> None:
        self.choices = [("", self.empty), *((area.code, area.name) for area in places.children(parent))]


class DeliveryForm(forms.Form):
    """Whom the goods go to. `is_fresh`: there are goods among them that cannot be sent back without a reason."""

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
    is_kept = forms.BooleanField(label=_("Keep this address for next time"), required=False)
    is_fresh_confirmed = forms.BooleanField(
        label=_(
            "I know that fresh goods cannot be sent back without a reason. What arrives spoiled is paid back: "
            "a photo within 24 hours is enough."
        ),
        error_messages={"required": _("Please confirm this: there are fresh goods in your basket.")},
    )

    def __init__(self, *args, is_fresh: bool, is_signed_in: bool, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if not is_fresh:
            del self.fields["is_fresh_confirmed"]
        if is_signed_in:
            del self.fields["email"]
        else:
            del self.fields["is_kept"]
        self.fields["province"].offer("")
        self.fields["city"].offer(self._chosen("province"))
        self.fields["district"].offer(self._chosen("city"))

    def _chosen(self, name: str) -> str:
        """What was chosen for `name`, if its parent has it: another province empties what hung on the last one."""
        value = self[name].value() or ""
        return value if value in dict(self.fields[name].choices) else ""

    @property
    def area_code(self) -> str:
        """As much of the place as is chosen, for the freight: a district, city or province; Shandong before any."""
        return self._chosen("district") or self._chosen("city") or self._chosen("province") or places.SHANDONG

    @property
    def is_served(self) -> bool:
        return freight.tariff_for(self.area_code) is not None

    def clean_province(self) -> str:
        code = self.cleaned_data["province"]
        if freight.tariff_for(code) is None:
            raise ValidationError(_("We cannot send there yet."))
        return code

    def fill(self, address):
        """Write where it goes into `address` (Oscar's, of an order or of an address book), and return it."""
        given = self.cleaned_data
        in_full = places.full_name(given["district"])
        city, district = places.city_of(given["district"]), places.district(given["district"])
        address.first_name = given["name"]
        address.state = places.province_of(given["district"]).name
        # 市辖区 stands between Beijing and its districts in the tables and on no parcel.
        address.line4 = city.name if city.name in in_full else ""
        address.line3 = district.name if district.name != city.name else ""
        address.line1 = given["street"]
        address.area_code = district.code
        address.phone_number = given["mobile"]
        address.country_id = "CN"
        return address


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
