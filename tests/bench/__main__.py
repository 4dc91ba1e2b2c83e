"""Runs the benchmark: `python -m tests.bench [--quick] [--strict] [--only ours] [--record]`.

Both shops stand on the same server with the same goods, and are visited in turns, stage by stage, round by round.
"""

import argparse
import datetime as dt
import gzip
import json
import os
import platform
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

from .goods import CATEGORIES, goods, names
from .machine import KEPT, ROOT, Machine
from .measure import Backends, Demand, Meter, children, median, percentile

AT_ONCE = 8
HOME_BYTES = 90 * 1024
# What a stage's CPU may be of stock's.
AT_MOST = {"category": 1 / 15, "product": 1 / 4, "search": 1 / 10, "add": 1 / 2, "basket": 1 / 2, "checkout": 1 / 3}
# Baskets are filled first: some pages are visited by those who have one.
STAGES = ("add", "category", "product", "search", "part", "basket", "checkout")
# Of these ours keeps pages ready; what they cost without is told as well, beside the same pages of stock's.
KEPT_READY = ("category", "product", "search")
TITLES = {
    "category": "category page",
    "product": "product page",
    "search": "search, by a full name",
    "part": "search, by a part of it",
    "add": "add to basket",
    "basket": "basket page",
    "checkout": "guest checkout, whole",
    "category anew": "category page, made anew",
    "product anew": "product page, made anew",
    "search anew": "search by a full name, made anew",
    "cached": "category page, nothing else",
    "bare": "bare view",
    "layered": "bare view, our middleware",
}
CHECKOUT_REQUESTS = 3
RECORD, PAGE = ROOT / "docs" / "performance.json", ROOT / "docs" / "performance.md"
# What people write, and the word that ends the names of what they mean.
QUERIES = [
    ("冬桃", "冬桃"),
    ("dongtao", "冬桃"),
    ("hetao", "核桃"),
    ("土豆", "洋芋"),
    ("高山冬桃", "高山冬桃"),
    ("映霜红脐橙", "映霜红脐橙"),
]


class Load:
    """The process that visits."""

    def __init__(self, machine: Machine) -> None:
        self.process = machine.python(
            "load",
            "-m",
            "tests.bench.load",
            environment=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **order) -> dict:
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("The visitors' process ended.")
        answer = json.loads(line)
        if answer.get("wrong"):
            raise SystemExit(f"{order}: {answer['wrong'][0]}")
        return answer


class Bench:
    def __init__(self, machine: Machine, load: Load, seconds: float) -> None:
        self.machine, self.load, self.seconds = machine, load, seconds
        self.masters: dict[str, int] = {}
        self.backends: dict[str, Backends] = {}
        self.rounds: dict[tuple[str, str], list[dict]] = {}

    def open(self, site: str, environment: dict[str, str], *, learn: bool = True) -> dict:
        master, port = self.machine.serve(site, environment)
        self.masters[site] = master
        if site in self.machine.databases:
            self.backends[site] = Backends(self.machine.server, self.machine.databases[site])
        return self.load.ask(do="meet", site=site, port=port, learn=learn)

    def stage(self, site: str, stage: str, *, seconds: float = 0, keep: bool = True) -> dict:
        """Have a stage done on a site, and note what it cost."""
        order = {"do": "stage", "site": site, "stage": stage, "seconds": seconds or self.seconds, "at_once": AT_ONCE}
        if stage.startswith("search"):
            order["words"] = names()
        elif stage == "part":
            # Stock finds nothing by a part of a name; its empty page is what is measured then.
            order |= {"words": [word for _slug, word, _drawing in CATEGORIES], "finds": site == "ours"}
        backends = self.backends.get(site)
        web = Meter(lambda: children(self.masters[site]))
        database = Meter(backends.pids if backends else list)
        with web, database:
            got = self.load.ask(**order)
        figures = {
            "done": got["done"],
            "requests_each": got["asked"] / max(got["done"], 1),
            "web_ms": web.seconds * 1000 / max(got["done"], 1),
            "database_ms": database.seconds * 1000 / max(got["done"], 1),
            "per_second": got["done"] / got["seconds"],
        }
        figures["cpu_ms"] = figures["web_ms"] + figures["database_ms"]
        if got["done"]:
            figures["p50_ms"] = percentile(got["latencies"], 0.5) * 1000
            figures["p95_ms"] = percentile(got["latencies"], 0.95) * 1000
        if keep:
            if not got["done"]:
                raise SystemExit(f"{site}: {stage} came to nothing")
            self.rounds.setdefault((site, stage), []).append(figures)
        return figures

    def medians(self) -> dict[str, dict[str, dict[str, float]]]:
        """Stage by stage and site by site, the median of the rounds for each figure."""
        found: dict[str, dict[str, dict[str, float]]] = {}
        for (site, stage), rounds in self.rounds.items():
            found.setdefault(stage, {})[site] = {
                name: round(median(one[name] for one in rounds), 3) for name in rounds[0]
            }
        return found


def main() -> int:
    arguments = _arguments()
    started = dt.datetime.now(dt.UTC)
    load_before = os.getloadavg()
    if load_before[0] > 0.5:
        print(f"Load is {load_before[0]:.1f}: others use this machine, and p95 means little.", flush=True)
    machine = Machine()
    sites = [site for site in ("ours", "stock") if arguments.only in (None, site)]
    _say("both shops are being filled")
    _fill(machine, sites)
    load = Load(machine)
    bench = Bench(machine, load, seconds=3 if arguments.quick else 8)
    if not _is_here(machine):
        raise SystemExit("The database server is not on this machine, so its CPU cannot be read: unset DATABASE_URL.")
    queries = {site: json.loads(_queries(machine, site)) for site in sites}
    for site in sites:
        bench.open(site, machine.environment[site])
    page = _bytes_of(load, bench, "ours") if "ours" in sites else 0
    if page:
        for name, settings in (("bare", "settings"), ("layered", "layered")):
            environment = machine.environment["ours"] | {
                "DJANGO_SETTINGS_MODULE": f"tests.bench.bare.{settings}",
                "BENCH_BYTES": str(page),
                "PROMETHEUS_MULTIPROC_DIR": str(machine.folder / f"metrics-{name}"),
            }
            bench.open(name, environment, learn=False)

    _say("warming up")
    finds = {site: _finds(load, site) for site in sites}
    for site in sites:
        for stage in STAGES:
            bench.stage(site, stage, seconds=1.5 if arguments.quick else 3, keep=False)
    orders = {site: _orders(machine, site) for site in sites}
    rounds = 2 if arguments.quick else 3
    for number in range(rounds):
        turn = sites if number % 2 == 0 else sites[::-1]
        for stage in STAGES:
            for site in turn:
                _say(f"round {number + 1} of {rounds}: {TITLES[stage]}, {site}")
                bench.stage(site, stage, seconds=bench.seconds / 2 if stage == "part" else 0)
        if page:
            short = bench.seconds / 2
            kept, new = ("ours", "cached"), [("ours", f"{stage} anew") for stage in KEPT_READY]
            for site, stage in (kept, ("bare", "bare"), ("layered", "bare"), *new):
                bench.stage(site, stage, seconds=short)
    for site in sites:
        placed = _orders(machine, site) - orders[site]
        said = sum(one["done"] for one in bench.rounds[site, "checkout"])
        if placed != said:
            raise SystemExit(f"{site}: {said} checkouts, but {placed} orders")

    result = {
        "at": started.isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": _machine(machine) | {"load_before": [round(one, 2) for one in load_before]},
        "run": {
            "quick": arguments.quick,
            "rounds": rounds,
            "seconds_a_stage": bench.seconds,
            "at_once": AT_ONCE,
            "products": sum(1 for _ in goods()),
            "list_page_bytes": page,
            "took_seconds": round((dt.datetime.now(dt.UTC) - started).total_seconds()),
        },
        "figures": bench.medians(),
        "queries": queries,
        "finds": finds,
    }
    if "ours" in sites:
        result["home_bytes"] = _home_weight(load, bench)
    result["demands"] = [one.as_dict() for one in _demands(result)]
    _print(result)
    _write(KEPT / f"{started:%Y%m%d-%H%M%S}.json", result)
    if arguments.record:
        _write(RECORD, result)
        _into_the_page(result)
    missed = [one for one in result["demands"] if not one["met"]]
    return 1 if arguments.strict and missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two short rounds, for development")
    parser.add_argument("--strict", action="store_true", help="end with 1 where a demand is missed")
    parser.add_argument("--only", choices=("ours", "stock"), help="one of the shops alone")
    parser.add_argument("--record", action="store_true", help="write the figures into docs/ as well")
    return parser.parse_args()


def _say(text: str) -> None:
    print(f"{dt.datetime.now():%H:%M:%S} {text}", flush=True)  # noqa: DTZ005  (for whoever waits)


def _fill(machine: Machine, sites: list[str]) -> None:
    fill = {"ours": "tests.bench.fill_ours:main", "stock": "tests.bench.stock.fill:main"}
    drawn = machine.program("draw", "tests.bench.fill_ours:draw", environment=machine.environment["ours"])
    machine.ended(drawn, "draw", 120)
    running = {
        site: machine.program(f"fill-{site}", fill[site], environment=machine.environment[site]) for site in sites
    }
    for site, process in running.items():
        machine.ended(process, f"fill-{site}", 300)


def _is_here(machine: Machine) -> bool:
    return Backends(machine.server, "").are_here()


def _queries(machine: Machine, site: str) -> str:
    counted = machine.program(
        f"queries-{site}",
        "tests.bench.count_queries:main",
        environment=machine.environment[site],
        stdout=subprocess.PIPE,
    )
    said, _nothing = counted.communicate(timeout=120)
    machine.ended(counted, f"queries-{site}", 10)
    return said.decode().splitlines()[-1]


def _orders(machine: Machine, site: str) -> int:
    return machine.rows(site, "SELECT count(*) FROM order_order")[0][0]


def _finds(load: Load, site: str) -> dict[str, dict[str, int]]:
    """Of what the first page of each search shows, how much is what was meant."""
    found = {}
    for query, meant in QUERIES:
        shown = load.ask(do="find", site=site, query=query)["names"]
        found[query] = {"shown": len(shown), "right": sum(1 for name in shown if _is_meant(name, meant))}
    return found


def _is_meant(name: str, meant: str) -> bool:
    """Whether a name (perhaps with its pack behind it) is the thing meant: 核桃仁 is no 核桃."""
    return name.split(" ", maxsplit=1)[0].endswith(meant)


def _bytes_of(load: Load, bench: Bench, site: str) -> int:
    path = load.ask(do="path", site=site)["category"]
    return len(_fetch(bench, load, site, path)[0])


def _fetch(bench: Bench, load: Load, site: str, path: str, *, packed: bool = False) -> tuple[bytes, int]:
    """The bytes at `path`, and how many of them travelled."""
    port = load.ask(do="path", site=site)["port"]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        headers={"X-Forwarded-Proto": "https", "Accept-Language": "zh-CN"}
        | ({"Accept-Encoding": "gzip"} if packed else {}),
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        body = answer.read()
        sent = len(body)
        return (gzip.decompress(body) if answer.headers.get("Content-Encoding") == "gzip" else body), sent


def _home_weight(load: Load, bench: Bench) -> dict[str, int]:
    """The bytes of the home page, its styles and scripts, packed as a browser gets them; pictures are not counted."""
    page, sent = _fetch(bench, load, "ours", "/", packed=True)
    text = page.decode()
    # Where the shop leaves packing pages to the proxy before it, this is what that makes of it.
    weights = {"html": min(sent, len(gzip.compress(page, 6))), "css": 0, "js": 0}
    for tag in re.findall(r"<(?:link|script)\b[^>]*>", text):
        found = re.search(r'(?:href|src)="(/static/[^"]+\.(css|js))"', tag)
        if found:
            weights[found[2]] += _fetch(bench, load, "ours", found[1], packed=True)[1]
    return weights | {"all": sum(weights.values())}


def _demands(result: dict) -> list[Demand]:
    figures, demands = result["figures"], []
    for stage, share in AT_MOST.items():
        both = figures.get(stage, {})
        if {"ours", "stock"} <= both.keys():
            demands.append(
                Demand(f"{TITLES[stage]}: CPU of stock's", share, both["ours"]["cpu_ms"] / both["stock"]["cpu_ms"])
            )
    if "ours" in figures.get("checkout", {}):
        demands.append(
            Demand("guest checkout: requests", CHECKOUT_REQUESTS, figures["checkout"]["ours"]["requests_each"])
        )
        # By CPU, not by the clock: the visitors' own work would make any two servers look alike.
        demands.append(
            Demand(
                "category page, kept: requests a CPU second, of the bare view's",
                1 / 2,
                figures["bare"]["bare"]["cpu_ms"] / figures["cached"]["ours"]["cpu_ms"],
                at_least=True,
            )
        )
        right = [one["right"] == one["shown"] > 0 for one in result["finds"]["ours"].values()]
        demands.append(Demand("search: queries that find the right things", len(right), sum(right), at_least=True))
        demands.append(Demand("home page: bytes without pictures", HOME_BYTES, result["home_bytes"]["all"]))
    return demands


def _machine(machine: Machine) -> dict:
    processor = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return {
        "cpu": processor[1] if processor else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(int(memory[1]) / 1024**2, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "postgresql": machine.rows("ours", "SHOW server_version")[0][0],
        "postgresql_fsync": machine.rows("ours", "SHOW fsync")[0][0],
    }


def _commit() -> str:
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude", "*"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip()


def _print(result: dict) -> None:
    print(
        f"\n{'':28}{'ours: CPU ms (web + db)':>26}{'p95 ms':>8}{'stock: CPU ms (web + db)':>28}{'p95 ms':>8}{'ratio':>8}"
    )
    for stage, both in result["figures"].items():
        cells = []
        for site in ("ours", "stock"):
            one = both.get(site)
            cells.append(
                f"{one['cpu_ms']:8.2f} ({one['web_ms']:7.2f} + {one['database_ms']:5.2f}){one['p95_ms']:8.1f}"
                if one
                else " " * 34
            )
        ratio = _ratio(result["figures"], stage)
        if stage == "bare":
            for name in ("bare", "layered"):
                one = both[name]
                print(f"{TITLES[name]:28}{one['cpu_ms']:10.2f}{one['per_second']:16.0f}/s{one['p95_ms']:7.1f}")
            continue
        print(f"{TITLES[stage]:28}{cells[0]}  {cells[1]}{ratio:>8}")
    print("\nstatements a page:", *(f"{site} {counts}" for site, counts in result["queries"].items()), sep="\n  ")
    print("found, right of shown:")
    for site, found in result["finds"].items():
        print(f"  {site}:", ", ".join(f"{query} {one['right']}/{one['shown']}" for query, one in found.items()))
    print("\nhome page, bytes:", result.get("home_bytes"))
    for one in result["demands"]:
        bound = f"≤ {one['at_most']:g}" if "at_most" in one else f"≥ {one['at_least']:g}"
        print(f"  {'met   ' if one['met'] else 'MISSED'} {one['what']}: {one['is']:g} ({bound})")


def _ratio(figures: dict, stage: str) -> str:
    """What ours costs of stock's; made anew, of what stock's page costs anyhow."""
    ours, stock = figures[stage].get("ours"), figures.get(stage.removesuffix(" anew"), {}).get("stock")
    return f"1/{stock['cpu_ms'] / ours['cpu_ms']:.1f}" if ours and stock else ""


def _write(target: Path, result: dict) -> None:
    target.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n")
    print(f"written: {target}")


def _into_the_page(result: dict) -> None:
    """Put the figures between the marks of docs/performance.md."""
    before, _old, after = re.split(
        r"(?<=<!-- figures -->\n)(.*)(?=<!-- /figures -->)", PAGE.read_text(), flags=re.DOTALL
    )
    PAGE.write_text(f"{before}{as_markdown(result)}{after}")
    print(f"written: {PAGE}")


def as_markdown(result: dict) -> str:
    """The figures as a page shows them."""
    machine, run = result["machine"], result["run"]
    where = (
        f"{result['at'][:10]}, on {machine['cpu']} ({machine['cores']} cores, {machine['memory_gib']} GiB), Python"
        f" {machine['python']}, PostgreSQL {machine['postgresql']}; {run['rounds']} rounds; load before:"
        f" {machine['load_before'][0]}."
    )
    lines = [
        where,
        "",
        "| | ours: CPU ms | p95 ms | statements | stock: CPU ms | p95 ms | statements | ours / stock |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for stage, both in result["figures"].items():
        if "ours" not in both:
            continue
        cells = [TITLES[stage]]
        for site in ("ours", "stock"):
            one = both.get(site)
            cells += [f"{one['cpu_ms']:.1f}", f"{one['p95_ms']:.0f}"] if one else ["", ""]
            cells.append(str(result["queries"].get(site, {}).get(stage, "")))
        cells.append(_ratio(result["figures"], stage))
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "| demanded | bound | measured | |", "|---|--:|--:|---|"]
    for one in result["demands"]:
        bound = f"≤ {one['at_most']:.3g}" if "at_most" in one else f"≥ {one['at_least']:.3g}"
        measured = f"{one['is']:,.0f}" if one["is"] >= 100 else f"{one['is']:.3g}"
        lines.append(f"| {one['what']} | {bound} | {measured} | {'met' if one['met'] else '**missed**'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
