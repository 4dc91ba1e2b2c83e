"""How gunicorn serves the shop: `gunicorn -c python:shop.gunicorn shop.wsgi`."""

import os
from pathlib import Path

_metrics = Path(
    os.environ.get("PROMETHEUS_MULTIPROC_DIR") or Path(__file__).resolve().parent.parent / "var" / "metrics"
)

bind = f"{os.environ.get('BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  (a heartbeat must not wait for a disk)
graceful_timeout = 10
loglevel = "warning"
control_socket_disable = True
max_requests, max_requests_jitter = 20_000, 2_000
# Each worker counts for itself, in files that /metrics adds up.
raw_env = [f"PROMETHEUS_MULTIPROC_DIR={_metrics}"]
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_metrics)


def on_starting(server) -> None:
    _metrics.mkdir(parents=True, exist_ok=True)
    for left_over in _metrics.glob("*.db"):
        left_over.unlink(missing_ok=True)


def child_exit(server, worker) -> None:
    # Not at the top: the library chooses on its import, by the variable set above, whether to count in files.
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)
