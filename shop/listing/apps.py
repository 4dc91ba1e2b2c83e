from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ListingConfig(AppConfig):
    name = "shop.listing"
    label = "listing"
    verbose_name = _("Listing")
    default_auto_field = "django.db.models.BigAutoField"
