"""The doorbell of work in the background. The database knows what is due; a ring that is lost costs time, never work."""

import logging
import time
from functools import cache

from celery import Task
from django.db import transaction
from kombu import Connection
from kombu.pools import producers

logger = logging.getLogger(__name__)

# A buyer is waiting for the page: Redis answers at once or is not asked again for a while.
QUICKLY = {"socket_connect_timeout": 0.3, "socket_timeout": 0.3, "max_retries": 0, "retry_on_timeout": False}
PAUSE_AFTER_FAILURE_S = 5.0

_silent_until = 0.0


def ring(task: Task, *ids: int) -> None:
    """Ask a worker to run `task` (with ids alone) once the transaction is committed.

    Nothing that Redis does reaches the caller, and it is never kept waiting for a second.
    """
    transaction.on_commit(lambda: _ring_now(task, *ids), robust=True)


def _ring_now(task: Task, *ids: int) -> bool:
    """Send the message; return whether it went out."""
    global _silent_until  # noqa: PLW0603  (how this process finds its broker)
    if task.app.conf.task_always_eager:
        task.apply(args=ids)
        return True
    if time.monotonic() < _silent_until:
        return False
    try:
        with producers[_line_to(task.app)].acquire(block=True, timeout=0.3) as producer:
            task.apply_async(args=ids, producer=producer, retry=False)
    except Exception as error:  # noqa: BLE001  (brokers throw what they like)
        # Whatever the broker throws: the sweep finds what this ring would have announced.
        _silent_until = time.monotonic() + PAUSE_AFTER_FAILURE_S
        logger.warning("the bell for %s did not ring: %s", task.name, error)
        return False
    return True


@cache
def _line_to(app) -> Connection:
    """The connection that rings use: the worker's own, which waits for messages, must be more patient."""
    return app.connection_for_write(transport_options=QUICKLY)
