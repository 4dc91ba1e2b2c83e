from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PreordersConfig(AppConfig):
    name = "shop.preorders"
    label = "preorders"
    verbose_name = _("Pre-orders")
    default_auto_field = "django.db.models.BigAutoField"
