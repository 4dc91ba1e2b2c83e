"""What the way on a direct truck costs."""

from django.utils.translation import gettext_lazy as _
from oscar.apps.shipping.methods import Base
from oscar.core import prices

from suppliers.base.money import price_of, yuan_of


class OnTruck(Base):
    code = "direct-truck"
    name = _("Direct truck")

    def __init__(self, departure):
        self.departure = departure

    def calculate(self, basket) -> prices.Price:
        g = sum(line.quantity * line.product.pack.gross_g for line in basket.all_lines())
        yuan = yuan_of(price_of(g, self.departure.fen_per_kg))
        return prices.Price(currency=basket.currency, excl_tax=yuan, tax=yuan_of(0))
