"""Oscar's models, unchanged: the migrations are Oscar's own (settings.MIGRATION_MODULES)."""

from oscar.apps.shipping.models import *  # noqa: F403
