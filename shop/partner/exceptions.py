from oscar.apps.partner.exceptions import InvalidStockAdjustment

__all__ = ["InvalidStockAdjustment", "OutOfStock"]


class OutOfStock(InvalidStockAdjustment):
    """Less is left of `stockrecord` than the `quantity` asked for."""

    def __init__(self, stockrecord, quantity: int):
        super().__init__(f"fewer than {quantity} left of {stockrecord.partner_sku}")
        self.stockrecord = stockrecord
        self.quantity = quantity
