"""Oscar's baskets; a basket that became an order stays one."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection
from oscar.apps.basket.abstract_models import AbstractBasket, AbstractLine
from oscar.core.loading import is_model_registered
from oscar.core.utils import round_half_up_two_dec


def _add_up(line) -> None:
    """Save a new `line`, or add its quantity to the line of the same product that its basket has already."""
    fields = [field for field in line._meta.concrete_fields if not field.primary_key]
    values = [field.get_db_prep_save(field.pre_save(line, add=True), connection) for field in fields]
    columns = ", ".join(field.column for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO basket_line ({columns}) VALUES ({', '.join(['%s'] * len(fields))})"  # noqa: S608
            " ON CONFLICT (basket_id, line_reference) DO UPDATE"
            " SET quantity = basket_line.quantity + excluded.quantity, date_updated = excluded.date_updated",
            values,
        )


def _tell_packs(lines, strategy) -> None:
    """Tell `lines` their products, with their packs, at the version of the shelf that the request of `strategy` goes by."""
    from shop.catalogue import packs, version

    if ids := [line.product_id for line in lines]:
        known = packs.of(ids, version.of(strategy and strategy.request))
        for line in lines:
            if pack := known.get(line.product_id):
                line.product = pack.product


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

        def add_product(self, product, quantity: int = 1, options=None) -> None:
            """Put `quantity` of `product` in, at the price of its stock record. Nothing here comes with options.

            Raises ValueError as `put` does, and where it has no stock record.
            """
            stock = self.get_stock_info(product, options).stockrecord
            if stock is None:
                raise ValueError(f"{product} has no price")
            self.put(stock, quantity)

        add_product.alters_data = True
        add = add_product

        def put(self, stock, quantity: int) -> None:
            """Put `quantity` of what `stock` is the record of in: in one statement, so of two at once none is lost.

            Oscar looks at all lines before, then for the line, and writes the sum that it has read. Raises ValueError
            outside 1 … OSCAR_MAX_BASKET_QUANTITY_THRESHOLD and where there is no price, PermissionDenied where the basket
            is no longer open.
            """
            if not 1 <= quantity <= settings.OSCAR_MAX_BASKET_QUANTITY_THRESHOLD:
                raise ValueError(f"{quantity} is no quantity that can be bought")
            if stock.price is None:
                raise ValueError(f"{stock} has no price")
            if not self.can_be_edited:
                raise PermissionDenied
            if self.pk is None:
                self.save()
            _add_up(
                self.lines.model(
                    basket=self,
                    line_reference=f"{stock.product_id}_{stock.pk}",
                    product_id=stock.product_id,
                    stockrecord=stock,
                    quantity=quantity,
                    price_currency=stock.price_currency,
                    price_excl_tax=stock.price,
                    price_incl_tax=stock.price,
                )
            )
            self._lines = None
            self.reset_offer_applications()

        put.alters_data = True

        def quantities(self) -> dict[int, int]:
            """How many there are of each product, by its id."""
            return dict(self.lines.values_list("product_id", "quantity")) if self.pk else {}

        def all_lines(self):
            """The lines, with all that pricing and weighing them needs: one query for one line as for ten.

            Prices and stock are asked for each time, what packs are otherwise is known (shop/catalogue/packs.py). Nothing
            that is sold here comes with options, so Oscar's attributes of a line are not asked for.
            """
            if self.pk is not None and self._lines is None:
                self._lines = self.lines.select_related("stockrecord__partner").order_by(self._meta.pk.name)
                _tell_packs(self._lines, getattr(self, "_strategy", None))
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


from oscar.apps.basket.models import *  # noqa: E402, F403
