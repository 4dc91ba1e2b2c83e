"""Orders as Oscar writes them down, without what nobody reads; and their numbers."""

import secrets

from oscar.apps.order import utils as oscars
from oscar.core.loading import get_model

from suppliers.base import days

# Crockford's: no I, L, O or U, which are read out or written down as something else.
SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 7


class OrderNumberGenerator:
    """Numbers that tell the day to whoever files them, and nothing of how much is sold."""

    def order_number(self, basket=None) -> str:
        """Return a number that no order has, such as 2611247K3QX9R: the day in Shanghai, then seven signs by chance."""
        orders = get_model("order", "Order")
        while True:
            number = f"{days.today():%y%m%d}" + "".join(secrets.choice(SIGNS) for _ in range(LENGTH))
            if not orders.objects.filter(number=number).exists():
                return number


class OrderCreator(oscars.OrderCreator):
    """Oscar's, with an INSERT and an UPDATE a line."""

    def update_stock_records(self, line) -> None:
        # The stock record asks its product whether stock is counted at all; the line has both.
        line.stockrecord.product = line.product
        super().update_stock_records(line)

    def create_line_attributes(self, order, order_line, basket_line) -> None:
        """Nothing that is sold here comes with options."""

    def create_line_price_models(self, order, order_line, basket_line) -> None:
        """All of a line have one price here, and it stands on the line."""
