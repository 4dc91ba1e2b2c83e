"""What a product costs and whether it can be bought: the price of its only stock record, which includes tax."""

from django.utils.translation import gettext_lazy as _
from oscar.apps.partner import availability
from oscar.apps.partner import strategy as oscars


class NotSellingNow(availability.Base):
    """Nothing of a cooperative that is suspended can be bought, however much there is of it."""

    code = "suspended"
    message = _("Its cooperative does not sell at the moment.")


class Default(oscars.UseFirstStockRecord, oscars.StockRequired, oscars.NoTax, oscars.Structured):
    """A product belongs to one cooperative, so it has one stock record; no tax is added to its price.

    It can be bought as far as it is in store and not held for another order.
    """

    def availability_policy(self, product, stockrecord):
        pack = getattr(product, "pack", None)
        if pack is not None and pack.is_suspended:
            return NotSellingNow()
        return super().availability_policy(product, stockrecord)

    def fetch_for_line(self, line, stockrecord=None):
        # The line came with its stock record: looking for it again would be a query a line.
        return self.fetch_for_product(line.product, stockrecord or line.stockrecord)


class Selector(oscars.Selector):
    def strategy(self, request=None, user=None, **kwargs) -> Default:
        return Default(request)
