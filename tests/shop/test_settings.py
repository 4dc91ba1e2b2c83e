"""What the environment may ask for, and what production refuses."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from tests.deployment import PRODUCTION

SHOW = "import shop.settings as s; print(s.PRODUCTION, s.DEBUG, s.DATABASES['default']['ENGINE'].rpartition('.')[2])"


def started_with(**environment: str) -> subprocess.CompletedProcess:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", SHOW],
        env=inherited | environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_an_environment_it_is_the_demo():
    assert started_with().stdout.split() == ["False", "False", "sqlite3"]


def test_a_host_that_is_not_this_machine_makes_it_production():
    assert started_with(**PRODUCTION).stdout.split() == ["True", "False", "postgresql"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"DEBUG": "1"}, "DEBUG is on"),
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is shorter"),
        ({"PII_KEYS": ""}, "PII_KEYS is not set"),
        ({"PII_KEYS": "not-a-key"}, "not a Fernet key"),
        ({"DATABASE_URL": ""}, "DATABASE_URL is not set"),
        ({"ALLOWED_HOSTS": "*"}, "allows every host"),
        ({"STRIPE_SECRET_KEY": "sk_test_x"}, "STRIPE_WEBHOOK_SECRET is not set"),
    ],
)
def test_production_does_not_start_with(change, reason):
    started = started_with(**PRODUCTION | change)
    assert started.returncode != 0
    assert reason in started.stderr
