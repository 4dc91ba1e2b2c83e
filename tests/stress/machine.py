"""What the stress tests stand on: databases that are filled once and copied, real processes on them, people who call.

database = store.copy(half_year)
with machine.shop(folder, database) as shop:
    machine.start_web(shop)
    machine.Visitor(shop.url).get("/")
"""

import json
import re
import secrets
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.cookiejar import Cookie, CookieJar
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests import real

KINDS = ("postgresql", "sqlite")


# ── Databases ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Database:
    """One database, asked past Django: what stands in it is what was committed."""

    url: str

    @property
    def file(self) -> Path:
        return Path(self.url.removeprefix("sqlite:///"))

    def rows(self, sql: str) -> list[tuple]:
        """What a query finds."""
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.file, timeout=20)) as connection:
                return connection.execute(sql).fetchall()
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(sql).fetchall()

    def execute(self, sql: str) -> None:
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.file, timeout=20)) as connection, connection:
                connection.execute(sql)
        else:
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute(sql)


@dataclass(frozen=True)
class Undisturbed:
    """What work came to that was left in peace, and how many statements that took."""

    database: Database
    statements: int


class Store:
    """Databases of one kind, on a PostgreSQL server or as SQLite files in a folder. All are gone after `close`."""

    def __init__(self, kind: str, folder: Path, server: str):
        self.kind, self.folder, self.server = kind, folder, server
        self._names: list[str] = []

    def copy(self, template: Database | None = None) -> Database:
        """A new database with what `template` holds; empty without one."""
        name = f"stress_{secrets.token_hex(4)}"
        if self.kind == "sqlite":
            copy = Database(f"sqlite:///{self.folder}/{name}.sqlite3")
            if template:
                with closing(sqlite3.connect(template.file)) as old, closing(sqlite3.connect(copy.file)) as new:
                    old.backup(new)
            return copy
        of = f" TEMPLATE {urlsplit(template.url).path[1:]}" if template else ""
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}{of}")
        self._names.append(name)
        return Database(urlunsplit(urlsplit(self.server)._replace(path=f"/{name}")))

    @cached_property
    def tables(self) -> Database:
        """A database with tables and nothing in them; this and the next are filled once, to be copied."""
        database = self.copy()
        with shop(self.folder, database) as one:
            one.run("-c", real.PREPARE)
        return database

    @cached_property
    def shelf(self) -> tuple[Database, dict]:
        """Ten boxes of walnuts, the last, and where they are (see `shelf` in tests.stress.program)."""
        database = self.copy(self.tables)
        return database, program(database, self.folder, "shelf", "10")

    @cached_property
    def unassessed(self) -> Database:
        """The small half-year, happened, refunds and all, and no shipment of it assessed."""
        database = self.copy(self.tables)
        program(database, self.folder, "half-year")
        return database

    @cached_property
    def assessed(self) -> "Undisturbed":
        """The same after an assessment that nobody killed."""
        database = self.copy(self.unassessed)
        return Undisturbed(database, **program(database, self.folder, "run", "assess"))

    def close(self) -> None:
        if self._names:
            with psycopg.connect(self.server, autocommit=True) as connection:
                for name in self._names:
                    connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


# ── Processes ────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def shop(folder: Path, database: Database, **environment: str) -> Iterator[real.Shop]:
    """A shop on `database`; whatever is started in it is gone at the end, children and all."""
    one = real.Shop(folder, database.url)
    one.environment |= {"DJANGO_SETTINGS_MODULE": "tests.stress.settings"} | environment
    try:
        yield one
    finally:
        one.close()


def program(database: Database, folder: Path, *words: str) -> dict:
    """What one of tests.stress.program prints. Raises AssertionError where it fails."""
    with shop(folder, database) as one:
        return json.loads(one.run("-m", "tests.stress.program", *words).splitlines()[-1])


def kill(database: Database, folder: Path, work: str, *, like: Undisturbed, seed: int, kills: int) -> int:
    """Begin `work` so many times, ended by SIGKILL at places by chance; return how often it was killed before its end."""
    words = ("kill", work, str(seed), str(kills), str(like.statements))
    return program(database, folder, *words)["kills"]


def start_web(shop: real.Shop, *, without: str = "") -> None:
    """Gunicorn as production runs it; `without` names a guard to take out (tests.stress.unguarded)."""
    application = "tests.stress.unguarded_wsgi" if without else "shop.wsgi"
    shop.start(
        "web", sys.executable, "-m", "gunicorn", "-c", "python:shop.gunicorn", application,
        WITHOUT=without, PROMETHEUS_MULTIPROC_DIR=str(shop.folder / "metrics"),
    )  # fmt: skip
    real.wait_until(shop.answers, seconds=60, what=f"{shop.url} answers", log=shop.folder / "web.log")


def start_worker(shop: real.Shop, *, app: str = "shop", beat: bool) -> None:
    """A worker of one process, and beat beside it or not."""
    celery = (sys.executable, "-m", "celery", "-q", "-A")
    shop.start("worker", *celery, app, "worker", "--pool", "solo", "-l", "INFO")
    if beat:
        start_beat(shop)


def start_beat(shop: real.Shop) -> None:
    shop.start("beat", sys.executable, "-m", "celery", "-q", "-A", "shop", "beat", "-l", "WARNING")


def at_once(shop: real.Shop, *command: str, processes: int, seconds: float = 60) -> list[int]:
    """Start `command` so many times at once; return how each process ended."""
    started = [shop.start(f"at-once-{n}", sys.executable, *command) for n in range(processes)]
    try:
        return [process.wait(seconds) for process in started]
    except subprocess.TimeoutExpired:
        log = (shop.folder / "at-once-0.log").read_text("utf-8", "replace")
        raise AssertionError(f"{command} did not end within {seconds} s:\n{log[-3000:]}") from None


# ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class Here(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like others."""

    def redirect_request(self, *_args):
        return None


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    location: str
    seconds: float


class Visitor:
    """Somebody with a browser of his own: cookies are kept, a form is posted as the last page had it."""

    def __init__(self, url: str, session: str = "", *, address: str = ""):
        """`address` is where he comes from, as the proxy in front says it (with TRUSTED_PROXIES=1)."""
        self.url, self.page = url, ""
        self.headers = {"X-Forwarded-For": address} if address else {}
        jar = CookieJar()
        if session:
            # As if signed in before.
            jar.set_cookie(
                Cookie(
                    0,
                    "sessionid",
                    session,
                    None,
                    False,
                    "127.0.0.1",
                    False,
                    False,
                    "/",
                    True,
                    False,
                    None,
                    True,
                    None,
                    None,
                    {},
                )
            )
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar), Here)

    def get(self, path: str) -> Answer:
        return self._ask(path, None, 60)

    def post(self, path: str, *, seconds: float = 60, **fields: str) -> Answer:
        """Post `fields`, with what is hidden in the page seen last. Raises TimeoutError where no answer comes."""
        fields |= {name: self.hidden(name) for name in ("csrfmiddlewaretoken", "basket")}
        return self._ask(path, urllib.parse.urlencode(fields).encode(), seconds)

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}"\s+value="([^"]*)"', self.page)
        return found[1] if found else ""

    def _ask(self, path: str, data: bytes | None, seconds: float) -> Answer:
        request = urllib.request.Request(self.url + path, data, self.headers)  # noqa: S310  (our own server)
        began = time.monotonic()
        try:
            answer = self.opener.open(request, timeout=seconds)
        except urllib.error.HTTPError as other:
            answer = other
        with answer:
            text = answer.read().decode("utf-8", "replace")
        self.page = text
        return Answer(answer.status, text, answer.headers.get("Location", ""), time.monotonic() - began)


WANG = {
    "name": "王女士",
    "mobile": "13805380001",
    "province": "370000",
    "city": "370900",
    "district": "370902",
    "street": "东岳大街 1 号",
    "email": "",
    "note": "",
    "place": "1",
}
