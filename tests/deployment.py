"""Django's own check of a deployment, with settings as production has them: `python -m tests.deployment`."""

import os
import secrets
import sys

from cryptography.fernet import Fernet
from django.core.management import execute_from_command_line

PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "shop.settings",
    "ALLOWED_HOSTS": "shop.example",
    "DATABASE_URL": "postgresql://shop@127.0.0.1/shop",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "SECRET_KEY": secrets.token_urlsafe(50),
    "PII_KEYS": Fernet.generate_key().decode(),
    "DEBUG": "0",
}

if __name__ == "__main__":
    os.environ.update(PRODUCTION)
    execute_from_command_line([sys.argv[0], "check", "--deploy", "--fail-level", "WARNING"])
