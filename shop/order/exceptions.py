"""What keeps an order from being placed, beside what is out of stock (shop.partner.exceptions)."""


class CouponGone(Exception):
    """A coupon (or offer) of the basket cannot be used any more."""

    def __init__(self, coupon) -> None:
        super().__init__(str(coupon))
        self.coupon = coupon
