"""The settings that the benchmark runs our shop with: production's, on its own database and files."""

from shop.settings import *  # noqa: F403
from shop.settings import env
from tests.tables import NoMigrations

MEDIA_ROOT = env.str("BENCH_MEDIA")
STATIC_ROOT = env.str("BENCH_STATIC")
# Tables as the models have them: the migrations make the same ones more slowly.
MIGRATION_MODULES = NoMigrations()
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
