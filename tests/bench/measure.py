"""CPU of processes from /proc, percentiles, and what the benchmark demands of the figures. Linux alone has /proc."""

import os
import statistics
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psycopg

TICKS = os.sysconf("SC_CLK_TCK")
LOOK_EVERY_S = 0.3


def cpu_of(stat: str) -> float:
    """The seconds of CPU (user and system) that a line of /proc/<pid>/stat tells of."""
    # The name in brackets may hold spaces and brackets of its own.
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest of `values` that at least `share` of them do not exceed. Raises ValueError where there are none."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    return ordered[max(0, -(-len(ordered) * round(share * 1000) // 1000) - 1)]


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


@dataclass(frozen=True)
class Demand:
    """What a figure must come to: at most (or at least) `bound`."""

    name: str
    bound: float
    value: float
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def as_dict(self) -> dict:
        key = "at_least" if self.at_least else "at_most"
        return {"what": self.name, key: round(self.bound, 4), "is": round(self.value, 4), "met": self.is_met}


class Meter:
    """The CPU that some processes burn while it runs, those that come and go meanwhile included.

    `pids` lists the processes that are there now. What a process burns between the last look and its end is lost: at
    most 0.3 s of one process.
    """

    def __init__(self, pids: Callable[[], Sequence[int]]) -> None:
        self.pids = pids
        self.first: dict[int, float] = {}
        self.last: dict[int, float] = {}
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look_again, daemon=True)

    def __enter__(self) -> Self:
        self._look(is_first=True)
        self._watch.start()
        return self

    def __exit__(self, *_error) -> None:
        self._over.set()
        self._watch.join()
        self._look()

    @property
    def seconds(self) -> float:
        return sum(last - self.first[pid] for pid, last in self.last.items())

    def _look_again(self) -> None:
        while not self._over.wait(LOOK_EVERY_S):
            self._look()

    def _look(self, *, is_first: bool = False) -> None:
        for pid in {*self.pids(), *self.last}:
            try:
                now = cpu_of(Path(f"/proc/{pid}/stat").read_text())
            except OSError:
                continue  # it has ended; what it had burnt at the last look counts
            self.first.setdefault(pid, now if is_first else 0.0)
            self.last[pid] = now


def children(pid: int) -> list[int]:
    """The processes that `pid` has started and that run."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Backends:
    """The processes by which a PostgreSQL server on this machine serves one database."""

    def __init__(self, server_url: str, database: str) -> None:
        self.connection = psycopg.connect(server_url, autocommit=True)
        self.database = database
        self._lock = threading.Lock()

    def pids(self) -> list[int]:
        with self._lock:
            rows = self.connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = %s"
                " AND backend_type IN ('client backend', 'parallel worker')",
                [self.database],
            ).fetchall()
        return [pid for (pid,) in rows]

    def are_here(self) -> bool:
        """Whether they are processes of this machine: those of another cannot be measured."""
        (own,) = self.connection.execute("SELECT pg_backend_pid()").fetchone()
        try:
            return Path(f"/proc/{own}/comm").read_text().startswith("postgres")
        except OSError:
            return False
