"""Pictures of the main pages of a running demo, as a phone and as a desk show them: `make screenshots`.

    python -m tests.e2e.screenshots http://localhost:8000/ docs/screenshots [--whole]

One order is placed each time and left unpaid, so that it lapses; else it looks only. `--whole` takes each page from top to
bottom, to be looked at.
"""

import argparse
import io
import re
import secrets
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.conftest import CHROMIUM, FLAGS

# As the README has it; the module that defines it wants a database.
PASSWORD = "wuxi-direct-demo"

# Width and height of the window, and how many dots it has for each of them.
PHONE, DESK = (390, 844, 2), (1280, 860, 1)
MOST_DOTS = 16_000
HALF_YEAR = "?from=2019-01-01&to=2019-06-30"


def home(page: Page) -> None:
    page.goto("/")


def shelf(page: Page) -> None:
    page.goto("/catalogue/")


def product(page: Page) -> None:
    page.goto("/search/?q=核桃")
    page.locator("main a[href*='/catalogue/']:not([href*='/category/'])").filter(has_text="核桃").first.click()
    page.wait_for_url(re.compile(r"/catalogue/.+_\d+/$"))


def basket(page: Page) -> None:
    product(page)
    page.locator("button[form=buy]:visible, #buy button:not([type=button]):visible").first.click()
    page.wait_for_load_state()
    page.goto("/basket/")


def checkout(page: Page) -> None:
    basket(page)
    page.goto("/checkout/")


def checkout_truck(page: Page) -> None:
    checkout(page)
    page.fill("input[name=name]", "王女士")
    page.fill("input[name=mobile]", "13805380001")
    page.locator("#delivery-truck").check()
    page.locator("input[name=truck]:enabled").first.check()
    page.wait_for_load_state("networkidle")
    if page.viewport_size["width"] == PHONE[0]:
        page.locator("#where").evaluate("where => where.scrollIntoView()")


def pay(page: Page) -> None:
    checkout_truck(page)
    page.locator("button[name=place]:not([aria-hidden])").locator("visible=true").click()
    page.wait_for_url(re.compile(r"/pay/$"))


def order(page: Page) -> None:
    page.goto("/accounts/orders/?state=on-its-way")
    page.locator("a.order-row").first.click()


def card(page: Page) -> None:
    order(page)
    page.locator(".share").scroll_into_view_if_needed()


def trace(page: Page) -> None:
    order(page)
    page.locator("a[href*='/trace/']").first.click()


def claim(page: Page) -> None:
    page.goto("/accounts/orders/?state=received")
    ways = page.eval_on_selector_all("a.order-row", "links => links.map(link => link.href)")
    for way in ways:
        page.goto(way)
        if (to_claim := page.locator("a[href$='/spoiled/']")).count():
            to_claim.first.click()
            return
    raise AssertionError("nothing came in the last 24 hours: load the demo anew")


def answer(page: Page) -> None:
    page.goto("/cooperative/after-sales/")
    page.locator("a[href*='/after-sales/spoiled/']").first.click()


def account(page: Page) -> None:
    page.goto("/accounts/")


def code(page: Page) -> None:
    page.goto("/accounts/login/")
    # Another number each time: one number gets some codes an hour.
    page.fill("input[name=mobile]", f"138{secrets.randbelow(10_000):04}0001")
    page.press("input[name=mobile]", "Enter")
    page.wait_for_url(re.compile("/code/"))


def together(page: Page) -> None:
    page.goto("/together/")
    page.locator("a.order-row").first.click()


def impact(page: Page) -> None:
    page.goto("/impact/?half=2019-1")


def ship(page: Page) -> None:
    page.goto("/cooperative/consignments/")
    page.locator("main a[href*='/consignments/']:not([href*='?'])").first.click()
    if (to_ship := page.locator("a[href$='/ship/']")).count():
        to_ship.first.click()


def awards(page: Page) -> None:
    page.goto("/cooperative/awards/?period=2019-01-01")


def report(page: Page) -> None:
    page.goto(f"/officials/{HALF_YEAR}")


def subsidy(page: Page) -> None:
    page.goto("/officials/subsidy/")


def supply(page: Page) -> None:
    page.goto("/supply/")


def desk(page: Page) -> None:
    page.goto("/cooperative/more/")


def slip(page: Page) -> None:
    page.goto("/cooperative/ledger/new/")


def packing(page: Page) -> None:
    page.goto("/cooperative/packing/")


def stock(page: Page) -> None:
    page.goto("/cooperative/stock/")


def payments(page: Page) -> None:
    page.goto("/cooperative/payments/")


# Each with who looks at it; "" is a visitor.
PAGES = [
    (home, ""),
    (shelf, ""),
    (product, ""),
    (basket, ""),
    (checkout, ""),
    (checkout_truck, ""),
    (pay, ""),
    (order, "buyer"),
    (card, "buyer"),
    (trace, "buyer"),
    (impact, ""),
    (together, "buyer"),
    (claim, "buyer"),
    (answer, "c07"),
    (code, ""),
    (account, "buyer"),
    (ship, "c11"),
    (awards, "c08"),
    (supply, ""),
    (desk, "c01"),
    (slip, "c01"),
    (packing, "c03"),
    (stock, "c01"),
    (payments, "c01"),
    (report, "official"),
    (subsidy, "official"),
]


def sign_in(page: Page, name: str) -> None:
    page.goto("/accounts/login/")
    page.fill("input[name=login]", f"{name}@demo.example")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(re.compile(r"^(?!.*login)"))


def take(browser: Browser, url: str, folder: Path, *, size: tuple[int, int, int], whole: bool) -> None:
    """Write a picture of every page to `folder`, and say what a page complains about."""
    width, height, dots = size
    for go, who in PAGES:
        context = browser.new_context(
            base_url=url,
            viewport={"width": width, "height": height},
            device_scale_factor=dots,
            is_mobile=size is PHONE,
            has_touch=size is PHONE,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("pageerror", lambda error, name=go.__name__: print(f"  {name}: {error}"))
        page.on("console", lambda m, name=go.__name__: print(f"  {name}: {m.text}") if m.type == "error" else None)
        if who:
            sign_in(page, who)
        go(page)
        page.wait_for_load_state("networkidle")
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            print(f"  {go.__name__}: {wide} px wide in a window of {width} px")
        path = folder / f"{go.__name__}-{width}.webp"
        picture = Image.open(io.BytesIO(page.screenshot(full_page=whole))).convert("RGB")
        if picture.height > MOST_DOTS:  # more than a WebP holds
            picture = picture.crop((0, 0, picture.width, MOST_DOTS))
        picture.save(path, quality=78, method=6)
        print(f"{path}  {path.stat().st_size // 1024} KB  {page.url}")
        context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--whole", action="store_true", help="from top to bottom")
    given = parser.parse_args()
    if CHROMIUM is None:
        raise SystemExit("There is no Chromium on this machine.")
    given.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for size in (PHONE, DESK):
            take(browser, given.url, given.folder, size=size, whole=given.whole)
        browser.close()


if __name__ == "__main__":
    main()
