"""Oscar's models, unchanged: the migrations are Oscar's own (settings.MIGRATION_MODULES)."""

from oscar.apps.basket.models import *  # noqa: F403
