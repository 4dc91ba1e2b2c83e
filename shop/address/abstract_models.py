"""Oscar's addresses, in China: 省 in `state`, 市 in `line4`, 区 in `line3`, the rest in `line1`, and the code of the 区."""

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from oscar.apps.address import abstract_models as oscars
from oscar.apps.address.abstract_models import AbstractBillingAddress, AbstractCountry, AbstractPartnerAddress

__all__ = [
    "AbstractBillingAddress",
    "AbstractCountry",
    "AbstractPartnerAddress",
    "AbstractShippingAddress",
    "AbstractUserAddress",
]

is_area_code = RegexValidator(r"^[1-9]\d{5}$", _("Choose province, city and district."))


class InChina(models.Model):
    """What an address of ours has beside Oscar's: the GB code of its district, and a mobile number.

    The mobile number is Oscar's `phone_number`, under the name that we say.
    """

    area_code = models.CharField(_("district"), max_length=6, blank=True, validators=[is_area_code])

    # Written the Chinese way: the large before the small, and the name apart.
    base_fields = hash_fields = ["state", "line4", "line3", "line1", "line2", "salutation"]

    class Meta:
        abstract = True

    @property
    def city_code(self) -> str:
        """The GB code of the city (市) that the district lies in; empty where it is not known."""
        return f"{self.area_code[:4]}00" if self.area_code else ""

    @property
    def mobile(self) -> str:
        """The mobile number as people write it here, eleven digits where it is a Chinese one."""
        if not self.phone_number:
            return ""
        if self.phone_number.country_code == 86:
            return str(self.phone_number.national_number)
        return str(self.phone_number)

    @mobile.setter
    def mobile(self, number: str) -> None:
        self.phone_number = number

    @property
    def in_full(self) -> str:
        """Where it is, in one line without names: 山东省 泰安市 泰山区 …"""
        return " ".join(self.get_address_field_values(["state", "line4", "line3", "line1", "line2"]))


class AbstractShippingAddress(InChina, oscars.AbstractShippingAddress):
    class Meta(oscars.AbstractShippingAddress.Meta):
        abstract = True


class AbstractUserAddress(InChina, oscars.AbstractUserAddress):
    class Meta(oscars.AbstractUserAddress.Meta):
        abstract = True
        # The checkout starts with the first of them.
        ordering = ["-is_default_for_shipping", "-num_orders_as_shipping_address", "-pk"]
