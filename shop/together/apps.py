from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TogetherConfig(AppConfig):
    name = "shop.together"
    label = "together"
    verbose_name = _("Group orders")
    default_auto_field = "django.db.models.BigAutoField"
