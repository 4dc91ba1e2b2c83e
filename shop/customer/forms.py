from django import forms
from django.utils.translation import gettext_lazy as _

from shop.checkout.forms import DeliveryForm
from suppliers.base.fields import PlainCharField


class FindOrderForm(forms.Form):
    """What somebody without an account knows of an order."""

    number = PlainCharField(
        label=_("Order number"),
        max_length=20,
        error_messages={"required": _("Write the order number.")},
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}),
    )
    tail = PlainCharField(
        label=_("Last four digits of the receiver's mobile number"),
        min_length=4,
        max_length=4,
        error_messages={
            "required": _("Write the last four digits."),
            "min_length": _("Write the last four digits."),
            "max_length": _("Write the last four digits."),
        },
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def clean_number(self) -> str:
        return self.cleaned_data["number"].upper().replace(" ", "")


class AddressForm(DeliveryForm):
    """An address for the book: of the checkout's form, whom it goes to and where."""

    KEPT = ("name", "mobile", "province", "city", "district", "street", "is_default")

    is_default = forms.BooleanField(label=_("Start the checkout with this address"), required=False)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, is_fresh=False, is_signed_in=True, **kwargs)
        self.fields = {name: self.fields[name] for name in self.KEPT}
