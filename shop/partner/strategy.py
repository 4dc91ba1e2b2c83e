"""What a product costs and whether it can be bought: the price of its only stock record, which includes tax."""

from oscar.apps.partner import strategy as oscars


class Default(oscars.UseFirstStockRecord, oscars.StockRequired, oscars.NoTax, oscars.Structured):
    """A product belongs to one cooperative, so it has one stock record; no tax is added to its price.

    It can be bought as far as it is in store and not held for another order.
    """

    def fetch_for_line(self, line, stockrecord=None):
        # The line came with its stock record: looking for it again would be a query a line.
        return self.fetch_for_product(line.product, stockrecord or line.stockrecord)


class Selector(oscars.Selector):
    def strategy(self, request=None, user=None, **kwargs) -> Default:
        return Default(request)
