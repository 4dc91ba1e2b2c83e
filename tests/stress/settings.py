"""Real processes under stress: as tests.real_settings, but the sweep comes every second."""

from tests.real_settings import *  # noqa: F403

CELERY_BEAT_SCHEDULE = {
    task: entry | {"schedule": 1}
    for task, entry in CELERY_BEAT_SCHEDULE.items()  # noqa: F405
}
