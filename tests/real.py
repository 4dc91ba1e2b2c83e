"""The shop as real processes, for tests: gunicorn, a Celery worker with beat, an embedded Valkey, a database of its own.

    with real.shop(tmp_path) as shop:
        shop.manage("demo", "--scale", "small")
        shop.start_bell(); shop.start_web(); shop.start_worker()
        … shop.url …

The database is of the kind that the test run uses: on its PostgreSQL server, or an SQLite file. Whatever was started is
gone at the end, children and all.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from shop.supervisor import valkey_command

ROOT = Path(__file__).parents[1]
PREPARE = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
from oscar.core.loading import get_model
from shop.address.countries import add_china
add_china(get_model("address", "Country"))
"""


class Shop:
    """One shop and its processes. `environment` is what they all run with."""

    def __init__(self, folder: Path, database_url: str):
        self.folder = folder
        self.socket = folder / "valkey.sock"
        self.processes: dict[str, subprocess.Popen] = {}
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.real_settings",
            "DATABASE_URL": database_url,
            "REDIS_URL": f"redis+socket://{self.socket}",
            "TEST_FILES": str(folder),
            "PORT": str(self.port),
            "ALLOWED_HOSTS": "127.0.0.1",
            "PYTHONUNBUFFERED": "1",
        }

    def run(self, *words: str, seconds: float = 400) -> str:
        """Run Python with `words` to its end; return what it printed. Raises CalledProcessError where it fails."""
        command = [sys.executable, *words]
        run = subprocess.run(
            command, env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False
        )
        if run.returncode:
            raise AssertionError(f"{command} ended with {run.returncode}:\n{run.stdout[-3000:]}\n{run.stderr[-3000:]}")
        return run.stdout

    def manage(self, *words: str, seconds: float = 400) -> str:
        return self.run("manage.py", *words, seconds=seconds)

    def start(self, name: str, *command: str | Path, **environment: str) -> subprocess.Popen:
        """Start `command` as the head of a process group of its own; its output goes to NAME.log in the folder."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*map(str, command)],
                env=self.environment | environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes[name] = process
        return process

    def start_web(self) -> None:
        self.start("web", sys.executable, "-m", "gunicorn", "-c", "python:shop.gunicorn", "shop.wsgi")
        wait_until(self.answers, seconds=30, what=f"{self.url} answers", log=self.folder / "web.log")

    def start_worker(self) -> None:
        """A worker with beat in it: one process group, so that one kill ends both."""
        self.start(
            "worker", sys.executable, "-m", "celery", "-q", "-A", "shop", "worker", "--pool", "solo", "-l", "INFO"
        )
        self.start("beat", sys.executable, "-m", "celery", "-q", "-A", "shop", "beat", "-l", "WARNING")

    def start_bell(self) -> None:
        self.start("valkey", *valkey_command(self.socket))
        wait_until(self.socket.exists, seconds=10, what="Valkey listens", log=self.folder / "valkey.log")

    def answers(self) -> bool:
        with suppress(urllib.error.URLError, OSError):
            return urllib.request.urlopen(f"{self.url}/healthz", timeout=2).status == 200  # noqa: S310
        return False

    def kill(self, name: str, sign: int = signal.SIGKILL) -> None:
        """End a process and all it has started, at once."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        process.wait(20)

    def close(self) -> None:
        for name in list(self.processes):
            self.kill(name)


@contextmanager
def shop(folder: Path) -> Iterator[Shop]:
    """A shop with an empty database whose tables stand, on the kind of database that this test run uses."""
    given = os.environ["DATABASE_URL"]
    if given.startswith("sqlite"):
        one = Shop(folder, f"sqlite:///{folder}/shop.sqlite3")
        drop = None
    else:
        name = f"real_{secrets.token_hex(4)}"
        server = urlunsplit(urlsplit(given)._replace(scheme="postgresql"))
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        one = Shop(folder, urlunsplit(urlsplit(given)._replace(path=f"/{name}")))

        def drop() -> None:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    try:
        one.run("-c", PREPARE)
        yield one
    finally:
        one.close()
        if drop:
            drop()


def wait_until(holds, *, seconds: float, what: str, log: Path | None = None) -> None:
    """Wait until `holds()`; fail, with the tail of `log`, after so many seconds."""
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            tail = log.read_text("utf-8", "replace")[-3000:] if log and log.exists() else ""
            raise AssertionError(f"after {seconds} s it is still not so that {what}\n{tail}")
        time.sleep(0.1)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
