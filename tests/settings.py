"""The project's settings as the tests need them: a PostgreSQL of their own where DATABASE_URL names no database."""

import os

from tests import postgres

# The controller of several test processes comes here first; what it sets, they inherit.
if not os.environ.get("DATABASE_URL"):
    os.environ["DATABASE_URL"] = postgres.start()

from shop.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Bells ring into nothing: a test that is about work in the background calls the task.
REDIS_URL = CELERY_BROKER_URL = "memory://"
