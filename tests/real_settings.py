"""The project's settings for real processes that tests start: tables without migrations, files by the finders."""

from shop.settings import *  # noqa: F403
from shop.settings import env
from tests.tables import NoMigrations

# The processes share a folder of the test's own, not the demo's.
MEDIA_ROOT = env.str("TEST_FILES") + "/media"
CELERY_BEAT_SCHEDULE_FILENAME = env.str("TEST_FILES") + "/celerybeat-schedule"
MIGRATION_MODULES = NoMigrations()
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
