from django.utils.translation import gettext_lazy as _
from oscar.apps.shipping.methods import Base
from oscar.core import prices

from suppliers.base.money import yuan_of

from . import freight


class ByTariff(Base):
    """Freight by weight at a tariff (shop.shipping.freight); every cooperative's part is weighed alone."""

    def __init__(self, tariff: freight.Tariff):
        self.tariff = tariff

    def parts_fen(self, basket) -> dict[int, int]:
        """What each cooperative's part of `basket` costs, in fen, by the id of its partner."""
        weights: dict[int, int] = {}
        for line in basket.all_lines():
            partner_id = line.stockrecord.partner_id
            weights[partner_id] = weights.get(partner_id, 0) + line.quantity * line.product.pack.gross_g
        return {partner_id: self.tariff.fen(g) for partner_id, g in weights.items()}

    def calculate(self, basket) -> prices.Price:
        """Return the freight of `basket` in yuan."""
        yuan = yuan_of(sum(self.parts_fen(basket).values()))
        return prices.Price(currency=basket.currency, excl_tax=yuan, tax=yuan_of(0))


class ByWeight(ByTariff):
    """By parcel, to a district, city or province that we send to; without one, to Shandong."""

    code = "by-weight"
    name = _("Delivery")

    def __init__(self, area_code: str = "37"):
        super().__init__(freight.tariff_for(area_code))


class ByTruck(ByTariff):
    """By the direct truck of a departure."""

    code = "direct-truck"
    name = _("Direct truck")

    def __init__(self, departure):
        super().__init__(freight.on_truck(departure.fen_per_kg))


class ToCounter(ByTariff):
    """To a counter in Shandong."""

    code = "counter"
    name = _("Counter pick-up")

    def __init__(self):
        super().__init__(freight.COUNTER)
