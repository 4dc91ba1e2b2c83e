"""What the way on a direct truck costs."""

from django.utils.translation import gettext_lazy as _

from shop.shipping import freight
from shop.shipping.methods import ByWeight


class OnTruck(ByWeight):
    """Freight by weight at the price of a departure."""

    code = "direct-truck"
    name = _("Direct truck")

    def __init__(self, departure):
        self.tariff = freight.on_truck(departure.fen_per_kg)
