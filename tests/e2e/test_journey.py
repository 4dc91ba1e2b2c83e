"""The main job in a real browser, with real processes: bought in Tai'an, shipped, subsidised, counted, given back."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from shop.demo import people
from suppliers.base import days
from tests import real

from .conftest import PHONE

pytestmark = [pytest.mark.journey, pytest.mark.slow]


class Visitor:
    """Somebody at a phone of his own."""

    def __init__(self, browser, shop: real.Shop):
        self.context = browser.new_context(
            base_url=shop.url, viewport=PHONE, locale="zh-CN", timezone_id="Asia/Shanghai", has_touch=True
        )
        self.context.set_default_timeout(10_000)
        self.page: Page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("response", lambda r: self.wrong.append(f"{r.status} {r.url}") if r.status >= 400 else None)

    def sign_in(self, name: str) -> "Visitor":
        self.page.goto("/accounts/login/")
        self.page.fill("input[name=login]", people.email(name))
        self.page.fill("input[name=password]", people.PASSWORD)
        self.page.locator("main form button[type=submit], main form button:not([type])").last.click()
        expect(self.page).not_to_have_url(re.compile("login"))
        return self


@pytest.fixture
def visitor(browser, shop):
    everybody = []

    def come(name: str = "") -> Visitor:
        one = Visitor(browser, shop)
        everybody.append(one)
        return one.sign_in(name) if name else one

    yield come
    for one in everybody:
        one.context.close()
        assert one.wrong == []


def read_report(official: Visitor) -> tuple[Decimal, Decimal, int]:
    """Net sales, what households earned, and households helped, as the page of this month shows them."""
    today = days.today()
    official.page.goto(f"/officials/?from={today.replace(day=1)}&to={today}")

    def exact(figure: str) -> Decimal:
        shown = official.page.locator(f".staircase li:has([data-figure={figure}]) .exact").inner_text()
        return Decimal(re.sub(r"[^\d.-]", "", shown))

    households = official.page.locator("[data-figure=households]").inner_text()
    return exact("net-sales"), exact("earned"), int(households.replace(",", ""))


def test_walnuts_bought_in_taian_are_shipped_subsidised_counted_and_given_back(shop, visitor):
    official = visitor("official")
    before = read_report(official)

    # A buyer in Tai'an buys five jin of walnuts and pays.
    buyer = visitor()
    page = buyer.page
    page.goto("/search/?q=hetao")
    page.locator("main").get_by_text("巫溪核桃(干)").first.click()
    page.get_by_role("button", name="加入购物车").locator("visible=true").first.click()
    page.wait_for_timeout(500)
    page.goto("/checkout/")
    page.fill("input[name=name]", "王女士")
    page.fill("input[name=mobile]", "13805381234")
    page.select_option("select[name=district]", "370902")
    page.fill("[name=street]", "东岳大街 1 号 2 单元 301")
    page.locator("button[name=place]:not([aria-hidden])").locator("visible=true").click()
    page.get_by_role("button", name="演示付款").click()
    expect(page.get_by_text("备货中").first).to_be_visible()
    order_page = page.url
    number = re.search(r"\d{6}[0-9A-Z]{7}", page.locator("main").inner_text())[0]
    cooperative_name = page.locator(".parcel-head b").inner_text()
    assert read_report(official) == before  # paid is not sold

    # The cooperative ships.
    code = "c11" if "百步" in cooperative_name else "c12"
    cooperative = visitor(code)
    cooperative.page.goto("/cooperative/consignments/?state=to_ship")
    cooperative.page.locator(f"a[href*='{number}']").first.click()
    cooperative.page.goto(f"/cooperative/consignments/{number}-{code.upper()}/ship/")
    cooperative.page.select_option("[name=carried_by]", "SF")
    cooperative.page.fill("[name=waybill]", "SF 1234 5678 9012")
    cooperative.page.fill("[name=gross_kg]", "2.65")
    cooperative.page.fill("[name=freight]", "18.00")
    cooperative.page.locator("main form button").last.click()
    expect(cooperative.page).not_to_have_url(re.compile("/ship/"))

    # The worker assesses, and the cooperative reads why.
    def is_assessed() -> bool:
        cooperative.page.goto("/cooperative/awards/")
        return f"{number}" in cooperative.page.content()

    real.wait_until(is_assessed, seconds=30, what="the award is worked out", log=shop.folder / "worker.log")
    assert "3 公斤小件 2.00 元" in cooperative.page.content()
    assert read_report(official) == before  # sent is not sold

    # The buyer confirms receipt: sales rise by exactly the goods, and households' earnings by 2.5 kg × 18.50.
    page.goto(order_page)
    page.get_by_role("button", name=re.compile("收到|收货")).locator("visible=true").first.click()
    expect(page.get_by_text("已收货").first).to_be_visible()
    sales, earned, households = read_report(official)
    assert sales == before[0] + Decimal("88.00")
    assert earned == before[1] + Decimal("46.25")
    assert households in (before[2], before[2] + 1)  # its household may have sold something this month already

    # County staff give it all back: everything falls by exactly that.
    staff = visitor("staff")
    staff.page.goto(f"/officials/orders/{number}/refund/")
    staff.page.locator("input[name^=yuan_]").fill("88.00")
    staff.page.locator("input[name^=kg_]").fill("2.5")
    staff.page.fill("input[name=reason]", "整箱坏果")
    staff.page.locator("main form button").last.click()
    staff.page.locator("button[name=confirmed]").click()
    expect(staff.page).to_have_url(re.compile(f"/officials/orders/{number}/$"))
    assert read_report(official) == before
    assert "invariants hold" in shop.manage("verify_ledger")
