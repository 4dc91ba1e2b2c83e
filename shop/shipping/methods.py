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
        lines = basket.all_lines()
        loads = [(line.stockrecord.partner_id, line.quantity * line.product.pack.gross_g) for line in lines]
        return freight.parts_fen(loads, self.tariff)

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
