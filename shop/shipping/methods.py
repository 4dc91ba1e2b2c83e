from collections import defaultdict

from django.utils.translation import gettext_lazy as _
from oscar.apps.shipping.methods import Base
from oscar.core import prices

from suppliers.base.money import yuan_of

from . import freight


class ByWeight(Base):
    """Freight by weight and destination (shop.shipping.freight); without a destination, what it costs to Shandong."""

    code = "by-weight"
    name = _("Delivery")

    def __init__(self, area_code: str = "37"):
        self.tariff = freight.tariff_for(area_code)

    def calculate(self, basket) -> prices.Price:
        """Return the freight of `basket` in yuan; every cooperative's part is a parcel of its own."""
        parcels: dict[int, int] = defaultdict(int)
        for line in basket.all_lines():
            parcels[line.stockrecord.partner_id] += line.quantity * line.product.pack.gross_g
        yuan = yuan_of(freight.freight_fen(parcels.values(), self.tariff))
        return prices.Price(currency=basket.currency, excl_tax=yuan, tax=yuan_of(0))
