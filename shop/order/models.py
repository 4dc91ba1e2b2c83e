"""Oscar's orders; the shipping address alone has a column more (shop.address)."""

from oscar.core.loading import is_model_registered

from shop.address.abstract_models import AbstractShippingAddress

if not is_model_registered("order", "ShippingAddress"):

    class ShippingAddress(AbstractShippingAddress):
        """Where an order goes; never changed once it is placed."""


from oscar.apps.order.models import *  # noqa: F403
