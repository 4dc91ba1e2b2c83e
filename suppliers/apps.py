from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SuppliersConfig(AppConfig):
    name = "suppliers"
    verbose_name = _("Suppliers")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from .sheets import kinds
        from .sheets.ledger import Ledger
        from .sheets.roster import Roster

        kinds.register(Roster())
        kinds.register(Ledger())
