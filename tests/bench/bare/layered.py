"""The same view behind all of the shop's middleware."""

from tests.bench.ours import *  # noqa: F403

ROOT_URLCONF = "tests.bench.bare.view"
