"""A real Chromium, the system's, on pages of a live server; without one these tests are skipped."""

import os
import shutil
from pathlib import Path

import pytest

from tests import real

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 390, "height": 844}


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.e2e)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="there is no Chromium on this machine"))


@pytest.fixture(scope="session")
def browser():
    """The browser, started once."""
    from playwright.sync_api import sync_playwright

    # Playwright's loop runs in this thread, and Django would take it for an asynchronous view.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """The small demo as real processes: web, worker and bell."""
    with real.shop(tmp_path_factory.mktemp("shop")) as one:
        one.manage("demo", "--scale", "small")
        one.start_bell()
        one.start_web()
        one.start_worker()
        yield one


@pytest.fixture
def tolerated() -> tuple[str, ...]:
    """Words of console messages that do not fail a test; a module may have its own."""
    return ()


@pytest.fixture
def page(browser, live_server, tolerated):
    """A page as a phone shows it, in Chinese; whatever goes wrong on it fails the test."""
    context = browser.new_context(
        base_url=live_server.url, viewport=PHONE, locale="zh-CN", timezone_id="Asia/Shanghai", has_touch=True
    )
    context.set_default_timeout(10_000)
    page = context.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: None if is_ours(request.url, live_server.url) else wrong.append(request.url))
    yield page
    context.close()
    assert [text for text in wrong if not any(words in text for words in tolerated)] == []


def is_ours(url: str, server: str) -> bool:
    return url.startswith((server, "data:", "blob:", "about:"))
