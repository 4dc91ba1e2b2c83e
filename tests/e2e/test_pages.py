"""Every page as a phone shows it: nothing sticks out, nothing is refused, nobody is shut out (axe)."""

import re
from collections import deque
from urllib.parse import urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from shop.demo import people
from tests.crawler import view_of

from .conftest import is_ours

pytestmark = pytest.mark.slow

# The narrowest phone that is still about.
PHONE = {"width": 360, "height": 780}
ROLES = {"": "/", "buyer": "/accounts/", "c01": "/cooperative/"}
# What only staff's pages or files are behind.
PASSED_BY = re.compile(r"^/(static|media|photos|dashboard|accounts/logout)/|\.(csv|xlsx|png|pdf|json|svg)$")


@pytest.mark.parametrize("role", ROLES)
def test_no_page_shuts_anybody_out_or_sticks_out_of_a_phone(browser, shop, role):
    context = browser.new_context(base_url=shop.url, viewport=PHONE, locale="zh-CN", has_touch=True)
    context.set_default_timeout(15_000)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    page.on("console", lambda said: wrong.append(f"{page.url}: {said.text}") if said.type == "error" else None)
    page.on("request", lambda request: None if is_ours(request.url, shop.url) else wrong.append(request.url))
    if role:
        sign_in(page, role)
    seen = 0
    for path in walk(page, ROLES[role]):
        seen += 1
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > PHONE["width"]:
            wrong.append(f"{path}: {wide} px wide")
        for violation in Axe().run(page).response["violations"]:
            nodes = [node["html"][:160] for node in violation["nodes"][:2]]
            wrong.append(f"{path}: {violation['id']} ({len(violation['nodes'])}): {nodes}")
    context.close()
    assert wrong == [], "\n".join(wrong)
    assert seen >= 8


def sign_in(page: Page, name: str) -> None:
    page.goto("/accounts/login/")
    page.fill("input[name=login]", people.email(name))
    page.fill("input[name=password]", people.PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(re.compile(r"^(?!.*login)"))


def walk(page: Page, start: str):
    """Open one page of each kind that links lead to from `start`."""
    ways, taken = deque([start]), set()
    while ways:
        path = ways.popleft()
        kind = view_of(path)
        if kind in taken:
            continue
        taken.add(kind)
        page.goto(path)
        yield path
        for link in page.eval_on_selector_all("a[href]", "links => links.map(a => a.getAttribute('href'))"):
            there = urljoin(path, link).split("#")[0]
            parts = urlsplit(there)
            if (
                not parts.netloc
                and not parts.scheme
                and parts.path.startswith("/")
                and not PASSED_BY.search(parts.path)
            ):
                ways.append(there)
