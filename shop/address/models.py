from oscar.core.loading import is_model_registered

from .abstract_models import AbstractUserAddress

if not is_model_registered("address", "UserAddress"):

    class UserAddress(AbstractUserAddress):
        """An address in somebody's address book."""


from oscar.apps.address.models import *  # noqa: F403
