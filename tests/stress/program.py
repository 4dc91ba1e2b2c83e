"""Programs that the stress tests run on a database of their own: `python -m tests.stress.program NAME …`.

Each prints one line of JSON. `kill` forks a process for the work, lets it come to some place and ends it with SIGKILL, again and
again, each new one going on where the last was ended.
"""

# ruff: noqa: E402  (Django is set up before anything of ours is imported)

import io
import json
import os
import random
import signal
import sys
import time
import traceback
from functools import partial
from pathlib import Path

import django

django.setup()

from django.core.management import call_command
from django.db import connection

import logistics.actions
import logistics.tasks
from logistics.actions import settlement
from suppliers.base import days
from suppliers.base.bell import ring
from tests.stress import unguarded

PERIOD = "2019-01-01..2019-06-30"
AWARDS_A_BATCH = 10


# ── The work ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def assess() -> None:
    logistics.actions.assess_due()


def settle() -> None:
    """As the command does it, in batches so small that there are many moments to be killed at."""
    settlement.BATCH = AWARDS_A_BATCH
    with Path(os.devnull).open("w") as nowhere:
        call_command("settle", "WX-SD-DEMO", PERIOD, stdout=nowhere)


WORK = {
    "assess": assess,
    "settle": settle,
    "assess-unguarded": unguarded.assess,
    "settle-unguarded": unguarded.settle,
}


class Statements:
    """Counts the statements of the work, says when it comes to one of them, and may stand still there for ever."""

    def __init__(self, marked: int = 0, *, after: bool = False, stands: bool = False, say=lambda: None):
        self.count, self.marked, self.after, self.stands, self.say = 0, marked, after, stands, say

    def __call__(self, execute, sql, params, many, context):
        self.count += 1
        if self.count != self.marked:
            return execute(sql, params, many, context)
        if not self.after:
            self._mark()
        result = execute(sql, params, many, context)
        if self.after:
            self._mark()
        return result

    def _mark(self) -> None:
        self.say()
        if self.stands:
            time.sleep(600)


# ── What can be asked for ────────────────────────────────────────────────────────────────────────────────────────────


def run(name: str) -> dict:
    """Do the work undisturbed."""
    statements = Statements()
    with connection.execute_wrapper(statements):
        WORK[name]()
    return {"statements": statements.count}


def kill(name: str, seed: str, kills: str, statements: str) -> dict:
    """Begin the work so many times, each time ended with SIGKILL; stop where it comes to its end before.

    `statements` says how many the work takes undisturbed. It is killed at most a third of them further on, so that it gets
    on from kill to kill: before a statement or after one, standing still or up to 20 ms later, wherever it is then.
    """
    chance, done = random.Random(int(seed)), 0
    while done < int(kills):
        marked, after = chance.randint(1, int(statements) // 3), chance.random() < 0.5
        delay = None if done % 2 == 0 else chance.uniform(0, 0.02)
        if not _begin_and_kill(name, marked=marked, after=after, delay=delay):
            break
        done += 1
    return {"kills": done}


def _begin_and_kill(name: str, *, marked: int, after: bool, delay: float | None) -> bool:
    """Return whether the work was killed; False where it came to its end."""
    reads, writes = os.pipe()
    # This process has no connection to the database yet, so its children share none.
    child = os.fork()
    if child == 0:
        os.close(reads)
        say = partial(os.write, writes, b"here")
        _work(name, Statements(marked, after=after, stands=delay is None, say=say))
    os.close(writes)
    os.read(reads, 4)  # it is there, or has ended
    time.sleep(delay or 0)
    os.kill(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    os.close(reads)
    if os.WIFSIGNALED(status):
        return True
    if os.WEXITSTATUS(status):
        raise SystemExit(f"{name} failed")
    return False


def _work(name: str, statements: Statements) -> None:
    try:
        with connection.execute_wrapper(statements):
            WORK[name]()
    except BaseException:  # noqa: BLE001  (this process ends here, whatever it was)
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def meet(name: str, folder: str, processes: str) -> dict:
    """Do the work where it hurts most: once so many processes have come to where each believes it is the first."""

    def wait() -> None:
        Path(folder, f"{os.getpid()}.here").touch()
        while len(list(Path(folder).glob("*.here"))) < int(processes):
            time.sleep(0.005)

    freeze = settlement._freeze

    def freeze_together(**given):
        wait()
        return freeze(**given)

    settlement._freeze = freeze_together
    unguarded.before_paying = wait
    return run(name)


def half_year() -> dict:
    """Load the small half-year with no shipment assessed."""
    from PIL import Image

    from shop.art import renditions
    from shop.demo import catalogue, half_year, reference

    dot = io.BytesIO()
    Image.new("RGB", (1, 1)).save(dot, "WEBP")
    renditions.render = lambda *_: dot.getvalue()  # nobody looks at the pictures
    reference.load()
    catalogue.load()
    assess_due, logistics.actions.assess_due = logistics.actions.assess_due, lambda: 0
    half_year.load(half_year.inputs("small"), lambda *_: None)
    logistics.actions.assess_due = assess_due
    return {}


def shelf(in_stock: str) -> dict:
    """Walnuts of a cooperative on sale, a programme that is in force, somebody of the cooperative who is signed in."""
    from django.test import Client

    from tests import factories as f

    pack = f.make_pack(in_stock=int(in_stock))
    today = days.today()
    household = f.make_household(pack.produce.cooperative)
    f.make_lot(pack.produce, household, g=1_000_000, bought_on=today)
    f.make_carriers()
    f.make_programme(today.year)
    client = Client()
    client.force_login(f.make_user("c", cooperative=pack.produce.cooperative))
    return {
        "page": pack.product.get_absolute_url(),
        "product": pack.pk,
        "session": client.cookies["sessionid"].value,
    }


def bell() -> dict:
    """Ring once."""
    ring(logistics.tasks.assess_dispatched_shipments)
    return {}


def heard() -> dict:
    """Wait until a worker answers."""
    from shop.celery import app

    for _attempt in range(60):
        if app.control.ping(timeout=0.5):
            return {}
    raise SystemExit("no worker answers")


PROGRAMS = {
    "run": run,
    "kill": kill,
    "meet": meet,
    "half-year": half_year,
    "shelf": shelf,
    "bell": bell,
    "heard": heard,
}

if __name__ == "__main__":
    print(json.dumps(PROGRAMS[sys.argv[1]](*sys.argv[2:])))
