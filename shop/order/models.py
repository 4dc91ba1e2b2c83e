"""Oscar's orders; the shipping address alone has a column more (shop.address)."""

from oscar.apps.order.abstract_models import AbstractLine
from oscar.core.loading import is_model_registered

from shop.address.abstract_models import AbstractShippingAddress

if not is_model_registered("order", "ShippingAddress"):

    class ShippingAddress(AbstractShippingAddress):
        """Where an order goes; never changed once it is placed."""


if not is_model_registered("order", "Line"):

    class Line(AbstractLine):
        """What was ordered. It outlives its product and stock, which county staff may delete."""

        def consume_allocation(self, quantity: int) -> None:
            """Take what the line holds out of the store; where the stock is gone there is nothing to take it from."""
            if self.stockrecord is None:
                self._hold_nothing()
            else:
                super().consume_allocation(quantity)

        consume_allocation.alters_data = True

        def cancel_allocation(self, quantity: int) -> None:
            """Give what the line holds back to sale; where the stock is gone there is nothing to give it to."""
            if self.stockrecord is None:
                self._hold_nothing()
            else:
                super().cancel_allocation(quantity)

        cancel_allocation.alters_data = True

        def _hold_nothing(self) -> None:
            self.num_allocated = 0
            self.save(update_fields=["num_allocated"])


from oscar.apps.order.models import *  # noqa: F403
