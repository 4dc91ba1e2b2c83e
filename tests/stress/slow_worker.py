"""The shop's worker, standing still where an assessment has written its first awards and not committed them."""

# ruff: noqa: E402  (Django is set up before anything of ours is imported)

import os
import time
from pathlib import Path

import django

django.setup()

from logistics.actions import assessment
from shop.celery import app

_assess = assessment._assess


def write_and_stand_still(*given) -> None:
    _assess(*given)
    Path(os.environ["TEST_FILES"], "assessing").touch()
    time.sleep(600)


assessment._assess = write_and_stand_still

__all__ = ["app"]
