"""Django with nothing around the view."""

DEBUG = False
SECRET_KEY = "a-bare-view-of-the-benchmark-0123456789-0123456789"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tests.bench.bare.view"
MIDDLEWARE: list[str] = []
# The shop's own (shop.settings.CACHES).
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "TIMEOUT": 300,
        "OPTIONS": {"MAX_ENTRIES": 2000},
    }
}
