"""What the benchmark runs on: a PostgreSQL server, two databases, an embedded Valkey, web servers. All of it ends with it.

Every process that is started here is killed by Linux when the benchmark dies, however it dies. What a killed run leaves
(databases, files) the next run of the same folder removes; a lock keeps two runs of one folder apart.
"""

import atexit
import contextlib
import ctypes
import fcntl
import hashlib
import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from shop.supervisor import valkey_command
from tests import postgres
from tests.real import free_port

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "var" / "bench"
PR_SET_PDEATHSIG = 1
WORKERS = 2


class Machine:
    """The folder, database server, cache and processes of one run."""

    def __init__(self) -> None:
        KEPT.mkdir(parents=True, exist_ok=True)
        self._lock = (KEPT / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SystemExit("The benchmark runs already in this folder.") from error
        self.folder = KEPT / "run"
        self.processes: list[subprocess.Popen] = []
        atexit.register(self.close)
        for sign in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, lambda *_: sys.exit(1))  # so that what is registered above happens
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        given = os.environ.get("DATABASE_URL", "")
        if given and not given.startswith("postgres"):
            raise SystemExit("The benchmark needs PostgreSQL: unset DATABASE_URL, or let it name a server.")
        self.server = urlunsplit(urlsplit(given or postgres.start())._replace(scheme="postgresql"))
        # The names are this folder's, so that its next run finds what a killed one left.
        key = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
        self.databases = {site: f"bench_{key}_{site}" for site in ("ours", "stock")}
        for name in self.databases.values():
            self._sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
        self.socket = Path(f"/tmp/bench-{key}.sock")  # noqa: S108  (the path of a socket is short)
        self.start("valkey", *valkey_command(self.socket))
        self.environment = {
            "ours": self._common("ours")
            | {
                "DJANGO_SETTINGS_MODULE": "tests.bench.ours",
                "REDIS_URL": f"redis+socket://{self.socket}",
                "PRODUCTION": "1",
                "ALLOWED_HOSTS": "127.0.0.1",
                "SECRET_KEY": "ours-of-the-benchmark-0123456789-0123456789-0123456789",
                "PII_KEYS": "YmVuY2htYXJrLWtleS1ub2JvZHktZW50cnVzdGVkLTA=",
                "DEBUG": "",
            },
            "stock": self._common("stock") | {"DJANGO_SETTINGS_MODULE": "tests.bench.stock.settings"},
        }

    def _common(self, site: str) -> dict[str, str]:
        (self.folder / f"metrics-{site}").mkdir()
        return os.environ | {
            "DATABASE_URL": urlunsplit(urlsplit(self.server)._replace(path=f"/{self.databases[site]}")),
            "BENCH_REDIS": f"unix://{self.socket}",
            "BENCH_MEDIA": str(self.folder / "media"),
            "BENCH_STATIC": str(self.folder / "static"),
            "BENCH_INDEX": str(self.folder / "index"),
            "PROMETHEUS_MULTIPROC_DIR": str(self.folder / f"metrics-{site}"),
            "WEB_CONCURRENCY": str(WORKERS),
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
        }

    def start(self, name: str, *command: str | Path, environment: dict[str, str] | None = None, **more):
        """Start a process that ends with this one; what it says goes to NAME.log in the folder."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*map(str, command)],
                env=environment,
                cwd=ROOT,
                stderr=log,
                preexec_fn=_end_with_parent,  # noqa: PLW1509  (there are no threads yet)
                **{"stdout": log} | more,
            )
        self.processes.append(process)
        return process

    def python(self, name: str, *words: str, environment: dict[str, str], **more):
        return self.start(name, sys.executable, *words, environment=environment, **more)

    def program(self, name: str, call: str, *, environment: dict[str, str], **more):
        """Start what `call` (module:function) does under the settings that the environment names."""
        module, _, function = call.partition(":")
        code = f"import django; django.setup(); import {module} as program; program.{function}()"
        return self.python(name, "-c", code, environment=environment, **more)

    def serve(self, name: str, environment: dict[str, str]) -> tuple[int, int]:
        """Start two gunicorn workers of a shop; return the process that commands them, and the port."""
        port = free_port()
        command = ("-m", "gunicorn", "-c", "python:shop.gunicorn", "--max-requests", "0")
        process = self.python(
            name,
            *command,
            "django.core.wsgi:get_wsgi_application()",
            environment=environment | {"PORT": str(port)},
        )
        for _attempt in range(300):
            with contextlib.suppress(OSError, http.client.HTTPException):
                asking = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                asking.request("GET", "/favicon.ico")
                asking.getresponse().close()  # any answer is one
                return process.pid, port
            if process.poll() is not None:
                break
            time.sleep(0.1)
        raise SystemExit(f"{name} did not start:\n{self.tail(name)}")

    def tail(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8", "replace")[-3000:]

    def ended(self, process: subprocess.Popen, name: str, seconds: float) -> None:
        """Wait for a program to end well."""
        if process.wait(seconds):
            raise SystemExit(f"{name} failed:\n{self.tail(name)}")

    def rows(self, site: str, sql: str) -> list[tuple]:
        with psycopg.connect(self.environment[site]["DATABASE_URL"], autocommit=True) as connection:
            return connection.execute(sql).fetchall()

    def _sql(self, *statements: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def close(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        self.processes.clear()
        with contextlib.suppress(psycopg.Error, AttributeError):
            for name in self.databases.values():
                self._sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(AttributeError, OSError):
            self.socket.unlink()


def _end_with_parent() -> None:
    # Linux stops it even where this process is killed and cannot.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
