"""Oscar's baskets; a basket that became an order stays one."""

from django.conf import settings
from oscar.apps.basket.abstract_models import AbstractBasket, AbstractLine
from oscar.core.loading import is_model_registered
from oscar.core.utils import round_half_up_two_dec

if not is_model_registered("basket", "Basket"):

    class Basket(AbstractBasket):
        """What somebody is about to buy."""

        def freeze(self) -> None:
            """Keep an open basket as it is while the buyer pays elsewhere."""
            self._move(self.OPEN, self.FROZEN)

        freeze.alters_data = True

        def thaw(self) -> None:
            """Open a frozen basket again. One that was submitted meanwhile (Oscar would open it) stays so."""
            self._move(self.FROZEN, self.OPEN)

        thaw.alters_data = True

        def _move(self, old: str, new: str) -> None:
            type(self).objects.filter(pk=self.pk, status=old).update(status=new)
            self.refresh_from_db(fields=["status"])

        def add_product(self, product, quantity: int = 1, options=None):
            """Put `quantity` of `product` in. Raises ValueError outside 1 … OSCAR_MAX_BASKET_QUANTITY_THRESHOLD."""
            if not 1 <= quantity <= settings.OSCAR_MAX_BASKET_QUANTITY_THRESHOLD:
                raise ValueError(f"{quantity} is no quantity that can be bought")
            return super().add_product(product, quantity, options)

        add_product.alters_data = True
        add = add_product

        def all_lines(self):
            """The lines, with all that pricing and weighing them needs: one query for one line as for ten.

            Nothing that is sold here comes with options, so Oscar's attributes of a line are not asked for.
            """
            if self.pk is not None and self._lines is None:
                self._lines = self.lines.select_related(
                    "product__product_class",
                    "product__pack__produce__cooperative__village__township",
                    "product__pack__presale",
                    "stockrecord__partner",
                ).order_by(self._meta.pk.name)
            return super().all_lines()

        # Oscar's count in the database; the lines are needed anyway.
        @property
        def num_lines(self) -> int:
            return len(self.all_lines())

        @property
        def num_items(self) -> int:
            return sum(line.quantity for line in self.all_lines())


if not is_model_registered("basket", "Line"):

    class Line(AbstractLine):
        """So many of a product in a basket."""

        def discount(self, discount_value, affected_quantity, incl_tax=True, offer=None) -> None:
            """Take a discount off the line, in whole fen: a percentage of Oscar's leaves parts of one."""
            whole = round_half_up_two_dec(discount_value)
            super().discount(whole, affected_quantity, incl_tax=incl_tax, offer=offer)

        discount.alters_data = True


from oscar.apps.basket.models import *  # noqa: F403
