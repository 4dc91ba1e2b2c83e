"""How many: what people write into the field, and what can be had."""

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from suppliers.base.fields import plain


class QuantityField(forms.IntegerField):
    """A number of packs, 1 or more, in any width of digits."""

    default_error_messages = {
        "required": _("Write how many you want, for example 2."),
        "invalid": _("Write a whole number, for example 2."),
    }

    def __init__(self) -> None:
        most = settings.OSCAR_MAX_BASKET_QUANTITY_THRESHOLD
        super().__init__(
            validators=[
                MinValueValidator(1, _("At least 1. To take something out, press Remove.")),
                MaxValueValidator(most, _("That is more than can be ordered at once.")),
            ]
        )

    def to_python(self, value):
        # Longer than any number that means something here; Python would take its time over a million digits.
        return super().to_python(plain(str(value or ""))[:20])


def quantity(text: str, *, free: int, in_basket: int = 0) -> int:
    """The quantity that `text` says. Raises ValidationError where it is none, or more than the `free` ones allow."""
    wanted = QuantityField().clean(text)
    if free <= 0:
        raise ValidationError(_("This is sold out."))
    if in_basket + wanted > free:
        if in_basket:
            raise ValidationError(
                _("Only %(free)d are left, and %(in_basket)d of them are in your basket already.")
                % {"free": free, "in_basket": in_basket}
            )
        raise ValidationError(ngettext("Only %(free)d is left.", "Only %(free)d are left.", free) % {"free": free})
    return wanted
