"""Visitors, in a process of their own: `python -m tests.bench.load` reads a stage a line (JSON) and answers with figures.

A stage is one thing that many visitors do: eight at a time, each as fast as it is answered. What they see is checked, so
that an error page or an empty list is never a quick answer. Visitors who filled a basket are kept for the stages after.
"""

import html
import http.client
import json
import re
import secrets
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import count
from urllib.parse import quote, urlencode, urljoin, urlsplit

TIMEOUT_S = 60
# Pages that one visitor sees before the next one comes, with no cookie.
PAGES_OF_A_VISIT = 5
LINES_OF_A_BASKET = 3
CSRF = "benchmarkbenchmarkbenchmark12345"
PRODUCT = re.compile(r'href="((?:/[\w-]+)*/[\w-]+_(\d+)/)"')


class Wrong(Exception):
    """A page that is not what it should be."""


class Form(HTMLParser):
    """The form of a page that has a field (or button) of the name `marked`, and what it would send as it stands."""

    def __init__(self, page: str, marked: str) -> None:
        super().__init__()
        self.action, self.values = "", {}
        self._marked, self._now, self._found, self._select = marked, None, False, None
        self.feed(page)
        if not self._found:
            raise Wrong(f"no form with {marked}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "form" and not self._found:
            self._now = (given.get("action", ""), {})
        elif self._now is None:
            return
        elif tag in ("input", "textarea", "button") and given.get("name"):
            self._see(given["name"])
            kind = given.get("type", "text")
            is_off = kind in ("checkbox", "radio") and "checked" not in given
            if tag != "button" and kind not in ("submit", "image") and not is_off:
                on = "on" if kind in ("checkbox", "radio") else ""
                self._now[1][given["name"]] = given.get("value", on)
        elif tag == "select" and given.get("name"):
            self._see(given["name"])
            self._select = given["name"]
        elif tag == "option" and self._select and ("selected" in given or self._select not in self._now[1]):
            self._now[1][self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None
        elif tag == "form":
            self._now = None

    def _see(self, name: str) -> None:
        if name == self._marked:
            self._found = True
            self.action, self.values = self._now


class Visitor:
    """A browser: keeps its connection and its cookies, and counts what it asks for."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self.asked = 0
        # Everybody comes from a network of his own: from one there are so many unpaid orders and no more (decision 0022).
        self.address = ".".join(["10", *(str(secrets.randbelow(256)) for _part in range(3))])
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str) -> str:
        """The page at `path`, wherever it leads."""
        return self.follow("GET", path)

    def post(self, path: str, fields: dict[str, str]) -> str:
        return self.follow("POST", path, fields)

    def follow(self, method: str, path: str, fields: dict[str, str] | None = None) -> str:
        for _hop in range(8):
            status, location, body = self.ask(method, path, fields)
            if not location:
                break
            method, path, fields = "GET", urljoin(path, location), None
        if status != 200:
            raise Wrong(f"{method} {path}: {status}")
        self.path = path
        return body

    def ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str, str]:
        """The status, where it leads, and the text of one answer."""
        path = urlsplit(path)._replace(scheme="", netloc="", fragment="").geturl()
        headers = {
            "Host": f"127.0.0.1:{self.port}",
            "Accept-Language": "zh-CN,zh;q=0.9",
            # A proxy that speaks HTTPS stands before a shop in production.
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": self.address,
            "Referer": f"https://127.0.0.1:{self.port}/",
        }
        body = None
        if fields is not None:
            self.cookies.setdefault("csrftoken", CSRF)
            body = urlencode({"csrfmiddlewaretoken": self.cookies["csrftoken"]} | fields)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.asked += 1
        response = self._send(method, path, body, headers)
        text = response.read().decode()
        for line in response.headers.get_all("Set-Cookie") or ():
            name, _, rest = line.partition("=")
            value = rest.split(";", 1)[0]
            if value and value != '""':
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        if response.status >= 400:
            raise Wrong(f"{method} {path}: {response.status} {text[:300]}")
        return response.status, response.headers.get("Location", ""), text

    def _send(self, method: str, path: str, body: str | None, headers: dict[str, str]):
        for attempt in range(2):
            try:
                if self._connection is None:
                    self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
                self._connection.request(method, path, body, headers)
                return self._connection.getresponse()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # A kept connection that the server has closed meanwhile.
                self.leave()
                if attempt:
                    raise
        raise AssertionError

    def leave(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@dataclass
class Site:
    """A shop as visitors know it: its addresses, and the visitors who have filled a basket there."""

    name: str
    port: int
    categories: list[str] = field(default_factory=list)
    products: list[tuple[str, int]] = field(default_factory=list)
    shoppers: list[Visitor] = field(default_factory=list)
    numbers: dict[str, count] = field(default_factory=lambda: defaultdict(count))

    def learn(self) -> None:
        """Find the addresses of categories and products by looking at its pages."""
        look = Visitor(self.port)
        self.categories = sorted(set(re.findall(r'href="(/catalogue/category/[\w/-]+_\d+/)"', look.get("/catalogue/"))))
        found: dict[int, str] = {}
        for path in self.categories:
            for page in (1, 2):
                for url, pk in PRODUCT.findall(look.get(f"{path}?page={page}")):
                    if "/category/" not in url:
                        found[int(pk)] = url
        self.products = [(url, pk) for pk, url in sorted(found.items())]
        look.leave()
        if len(self.categories) != 20 or len(self.products) < 500:
            raise Wrong(f"{self.name}: {len(self.categories)} categories, {len(self.products)} products")

    def next(self, what: str) -> int:
        return next(self.numbers[what])


# ── What visitors do. Each takes one visitor and returns the latency (s) of each thing that counts ───────────────────


def category(site: Site, visitor: Visitor, step: int) -> None:
    """A category page, first or second of it."""
    path = site.categories[step % 20]
    page = visitor.get(path if step % 2 else f"{path}?page=2")
    if len({pk for url, pk in PRODUCT.findall(page) if "/category/" not in url}) < 10:
        raise Wrong(f"{site.name} {path} shows too little")


def product(site: Site, visitor: Visitor, step: int) -> None:
    url, _pk = site.products[step * 7 % len(site.products)]
    if "basket/add/" not in visitor.get(url):
        raise Wrong(f"{site.name} {url} cannot be bought")


def searching(words: list[str], *, finds: bool = True) -> Callable[[Site, Visitor, int], None]:
    def search(site: Site, visitor: Visitor, step: int) -> None:
        page = visitor.get(f"/search/?q={quote(words[step % len(words)])}")
        if finds and not [1 for url, _pk in PRODUCT.findall(page) if "/category/" not in url]:
            raise Wrong(f"{site.name} finds no {words[step % len(words)]}")

    return search


def add(site: Site, visitor: Visitor, step: int) -> None:
    """Put one of a product into the basket; the page that comes after is another stage's."""
    _url, pk = site.products[step * 11 % len(site.products)]
    status, _location, _text = visitor.ask("POST", f"/basket/add/{pk}/", {"quantity": "1"})
    if status not in (200, 302):
        raise Wrong(f"{site.name} adds nothing: {status}")


def basket(site: Site, visitor: Visitor, step: int) -> None:
    page = visitor.get("/basket/")
    if len({pk for _url, pk in PRODUCT.findall(page)}) < LINES_OF_A_BASKET:
        raise Wrong(f"{site.name}: a basket with too few lines")


def check_out(site: Site, visitor: Visitor, step: int) -> None:
    """From the basket to the page after the order, as a guest."""
    (check_out_stock if site.name == "stock" else check_out_ours)(visitor)


def check_out_ours(visitor: Visitor) -> None:
    form = Form(visitor.get("/checkout/"), "place")
    fields = form.values | {
        "name": "王女士",
        "mobile": f"138{secrets.randbelow(10**8):08}",
        "province": "370000",
        "city": "370900",
        "district": "370902",
        "street": "东岳大街 1 号",
        "is_fresh_confirmed": "on",
        "place": "1",
    }
    visitor.post(form.action or "/checkout/", fields)
    if "/pay/" not in visitor.path:
        raise Wrong(f"no order was placed: {visitor.path}")


def check_out_stock(visitor: Visitor) -> None:
    gateway = Form(visitor.get("/checkout/"), "username")
    here = visitor.path
    page = visitor.post(here, gateway.values | {"username": "guest@bench.example", "options": "anonymous"})
    where, here = Form(page, "line1"), visitor.path
    visitor.post(
        here,
        where.values
        | {
            "first_name": "女士",
            "last_name": "王",
            "line1": "东岳大街 1 号",
            "line3": "泰山区",
            "line4": "泰安市",
            "state": "山东省",
            "postcode": "271000",
            "phone_number": "+8613805380001",
        },
    )
    if "/payment-details/" not in visitor.path:
        raise Wrong(f"stock's checkout is at {visitor.path}")
    preview = Form(visitor.get("/checkout/preview/"), "action")
    visitor.post(preview.action, preview.values)
    if "/thank-you/" not in visitor.path:
        raise Wrong(f"stock placed no order: {visitor.path}")


def bare(site: Site, visitor: Visitor, step: int) -> None:
    visitor.ask("GET", "/bare/")


def cached(site: Site, visitor: Visitor, step: int) -> None:
    visitor.ask("GET", site.categories[0])


def anew(visit: Callable) -> Callable:
    """`visit` by somebody for whom there is something to be told, so that no page is kept ready for him."""

    def with_a_message(site: Site, visitor: Visitor, step: int) -> None:
        visitor.cookies["messages"] = "something-to-tell"
        visit(site, visitor, step)

    return with_a_message


OF_SHOPPERS = ("basket", "checkout")
# Where ours knows by the basket how to fill a page in; stock's visitors have none, which costs it less.
WITH_A_BASKET = ("category", "search", "part")
STAGES: dict[str, Callable] = {
    "category": category,
    "product": product,
    "add": add,
    "basket": basket,
    "checkout": check_out,
    "bare": bare,
    "cached": cached,
    "category anew": anew(category),
    "product anew": anew(product),
}


# ── Eight at a time ──────────────────────────────────────────────────────────────────────────────────────────────────


def run(site: Site, name: str, visit: Callable, *, seconds: float, at_once: int, most: int) -> dict:
    """Do a stage for so many seconds, or until `most` things were done; say what came of it."""
    taken, lock, wrong = count(), threading.Lock(), []
    latencies: list[float] = []
    asked = 0
    ends = time.monotonic() + seconds

    def one_after_the_other() -> None:
        nonlocal asked
        own: list[float] = []
        requests, visitor, seen = 0, None, 0
        try:
            while time.monotonic() < ends and not wrong and next(taken) < most:
                visitor, is_new = _next_visitor(site, name, visitor, seen, lock)
                if visitor is None:
                    break
                seen = 1 if is_new else seen + 1
                before, started = visitor.asked, time.perf_counter()
                visit(site, visitor, site.next(name))
                own.append(time.perf_counter() - started)
                requests += visitor.asked - before
        except (Wrong, OSError, http.client.HTTPException) as error:
            wrong.append(f"{type(error).__name__}: {error}")
        if visitor is not None:
            visitor.leave()
        with lock:
            if visitor is not None and name != "checkout" and not _is_passing(site, name):
                site.shoppers.append(visitor)
            latencies.extend(own)
            asked += requests

    threads = [threading.Thread(target=one_after_the_other) for _ in range(at_once)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "done": len(latencies),
        "asked": asked,
        "seconds": time.perf_counter() - started,
        "latencies": latencies,
        "wrong": wrong[:1],
    }


def _next_visitor(site: Site, name: str, last: Visitor | None, seen: int, lock) -> tuple[Visitor | None, bool]:
    """Who does the next thing of a stage, and whether it is somebody new; nobody where no basket is left.

    Who has a basket has his count put into our lists: those are measured by shoppers.
    """
    if not _is_passing(site, name):
        if last is not None:
            last.leave()
        with lock:
            if last is not None and name != "checkout":
                site.shoppers.append(last)
            return (site.shoppers.pop(0), True) if site.shoppers else (None, False)
    pages = LINES_OF_A_BASKET if name == "add" else PAGES_OF_A_VISIT
    if last is not None and seen < pages:
        return last, False
    if last is not None:
        last.leave()
        if name == "add":
            with lock:
                site.shoppers.append(last)
    return Visitor(site.port), True


def _is_passing(site: Site, name: str) -> bool:
    """Whether a stage is done by visitors who come and go; the others have filled a basket before."""
    return name not in OF_SHOPPERS and not (site.name == "ours" and name.partition(" ")[0] in WITH_A_BASKET)


def found(site: Site, query: str) -> list[str]:
    """The names of what a search finds on its first page."""
    look = Visitor(site.port)
    page = look.get(f"/search/?q={quote(query)}")
    look.leave()
    links = re.findall(r'href="((?:/[\w-]+)*/[\w-]+_\d+/)"[^>]*>\s*([^<\s][^<]*?)\s*</a>', page)
    return [html.unescape(name) for url, name in links if "/category/" not in url]


def main() -> None:
    sites: dict[str, Site] = {}
    for line in sys.stdin:
        order = json.loads(line)
        answer: object
        try:
            if order["do"] == "meet":
                sites[order["site"]] = site = Site(order["site"], order["port"])
                if order.get("learn"):
                    site.learn()
                answer = {"products": len(site.products)}
            elif order["do"] == "path":
                site = sites[order["site"]]
                answer = {"port": site.port, "category": next(iter(site.categories), "/")}
            elif order["do"] == "find":
                answer = {"names": found(sites[order["site"]], order["query"])}
            else:
                stage = order["stage"]
                visit = STAGES.get(stage) or searching(order["words"], finds=order.get("finds", True))
                if stage == "search anew":
                    visit = anew(visit)
                answer = run(
                    sites[order["site"]],
                    stage,
                    visit,
                    seconds=order["seconds"],
                    at_once=order["at_once"],
                    most=order.get("most", 1_000_000),
                )
        except (Wrong, OSError, http.client.HTTPException) as error:
            answer = {"wrong": [f"{type(error).__name__}: {error}"]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
