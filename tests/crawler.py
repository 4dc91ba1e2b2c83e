"""Walks through the shop as somebody who presses every link, and reads every page on the way.

    for visit in Walk(client).pages("/"):
        visit.path, visit.status, visit.page.words, visit.page.forms …

Of pages made by one view it takes a few (their rows differ, their words do not), so that a walk ends.
"""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from django.test import Client
from django.urls import Resolver404, resolve

# What a person would see or hear; the rest of an attribute is for machines.
SPOKEN = ("alt", "title", "placeholder", "aria-label", "data-confirm", "content-said")
UNSEEN = ("script", "style", "svg", "template", "code")
EMPTY = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")


@dataclass
class Form:
    """A form of a page: where it goes, and what is in it as it stands (name → value)."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    @property
    def is_post(self) -> bool:
        return self.method == "post"


class Page(HTMLParser):
    """What a page says and where it leads."""

    def __init__(self, html: str):
        super().__init__()
        self.texts: list[str] = []
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.sources: list[str] = []
        self.ids: Counter[str] = Counter()
        self._unseen: list[str] = []
        self._form: Form | None = None
        self._select: str | None = None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = {name: value or "" for name, value in attributes}
        if "id" in given:
            self.ids[given["id"]] += 1
        if tag in UNSEEN and not self._unseen:
            self._unseen.append(tag)
        elif self._unseen:
            if tag == self._unseen[0]:
                self._unseen.append(tag)
            return
        self.texts += [given[name] for name in SPOKEN if given.get(name)]
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "img" and "src" in given:
            self.sources.append(given["src"])
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        self._field(tag, given)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in EMPTY:
            self.handle_endtag(tag)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        name, form = given.get("name", ""), self._form
        if tag == "input" and given.get("type") in ("submit", "button"):
            self.texts.append(given.get("value", ""))
        if form is None or not name:
            return
        if tag == "button" or given.get("type") == "submit":
            form.buttons.append((name, given.get("value", "")))
        elif tag == "input" and given.get("type") == "file":
            form.files.append(name)
        elif tag == "input" and given.get("type") in ("checkbox", "radio"):
            if "checked" in given:
                form.fields[name] = given.get("value", "on")
            else:
                form.fields.setdefault(name, "")
        elif tag in ("input", "textarea"):
            form.fields[name] = given.get("value", "")
        elif tag == "select":
            self._select = name
            form.fields[name] = ""
        if tag == "option":
            self._option(given)

    def _option(self, given: dict[str, str]) -> None:
        if self._form is not None and self._select and ("selected" in given or not self._form.fields[self._select]):
            self._form.fields[self._select] = given.get("value", "")

    def handle_endtag(self, tag):
        if self._unseen and tag == self._unseen[-1]:
            self._unseen.pop()
        if tag == "form":
            self._form = None
        if tag == "select":
            self._select = None

    def handle_data(self, data):
        if not self._unseen and data.strip():
            self.texts.append(data.strip())


@dataclass(frozen=True)
class Visit:
    path: str
    view: str
    came_from: str
    response: object
    page: Page | None

    @property
    def status(self) -> int:
        return self.response.status_code


class Walk:
    """A walk by `client`, at most `each` pages of one view; what begins with one of `skipped` is passed by."""

    def __init__(self, client: Client, *, each: int = 3, skipped: tuple[str, ...] = ()):
        self.client = client
        self.each = each
        self.skipped = ("/static/", "/media/", "/dashboard/", "/accounts/logout/", *skipped)

    def pages(self, *starts: str) -> Iterator[Visit]:
        ways = deque((start, "") for start in starts)
        known = set(starts)
        taken: Counter[str] = Counter()
        while ways:
            path, came_from = ways.popleft()
            view = view_of(path)
            if taken[view] >= self.each:
                continue
            taken[view] += 1
            visit = self.visit(path, view, came_from)
            yield visit
            found = (
                [visit.response["Location"]] if visit.status in (301, 302) else visit.page.links if visit.page else []
            )
            for link in found:
                there = urljoin(path, link).split("#")[0]
                parts = urlsplit(there)
                if parts.scheme or parts.netloc not in ("", "testserver") or not parts.path.startswith("/"):
                    continue
                if there not in known and not parts.path.startswith(self.skipped):
                    known.add(there)
                    ways.append((there, path))

    def visit(self, path: str, view: str, came_from: str) -> Visit:
        response = self.client.get(path)
        is_page = "text/html" in response.get("Content-Type", "") and not response.streaming
        return Visit(path, view, came_from, response, Page(response.content.decode()) if is_page else None)


def view_of(path: str) -> str:
    """The name of the view behind `path`, with which parameters it was asked: pages that are made alike are called alike."""
    parts = urlsplit(path)
    try:
        match = resolve(parts.path)
    except Resolver404:
        return parts.path
    asked = ",".join(sorted(part.split("=")[0] for part in parts.query.split("&") if part))
    return f"{match.view_name or match.func.__qualname__}?{asked}"
