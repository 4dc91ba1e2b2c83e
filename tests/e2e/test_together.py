"""A group order as neighbours do it: one starts it on a phone, two join from theirs, the goods come, she ticks off."""

import datetime as dt

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from logistics.models import Departure, Stop
from shop import tasks
from shop.together.models import GroupOrder, Participation
from suppliers.base import days
from tests import factories as f

from .conftest import PHONE
from .test_dashboard import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def phone(browser, live_server):
    """A phone of one's own, each time it is asked for."""
    contexts = []

    def another() -> Page:
        context = browser.new_context(
            base_url=live_server.url, viewport=PHONE, locale="zh-CN", timezone_id="Asia/Shanghai", has_touch=True
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context.new_page()

    yield another
    for context in contexts:
        context.close()


def is_easy_to_use(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).locator("visible=true").first.click()


def join(page: Page, link: str, name: str, mobile: str) -> None:
    page.goto(link)
    page.get_by_role("link", name="我也要").locator("visible=true").click()
    page.locator("[data-step='1']").first.click()
    expect(page.locator("#bar")).to_contain_text("¥179.60")  # 2 × 88.00, 5.3 kg at 0.60 for each kilogram begun
    is_easy_to_use(page)
    page.fill("input[name=name]", name)
    page.fill("input[name=mobile]", mobile)
    press(page, "提交订单")
    press(page, "演示付款")
    expect(page.get_by_text("您已上车").first).to_be_visible()


def test_neighbours_fill_a_truck_and_the_starter_ticks_them_off(page, phone, live_server):
    f.make_pack(gross_g=2_650)
    departure = f.make_departure()
    starter = f.make_user()

    # She starts it.
    sign_in(page, live_server, starter)
    page.goto("/together/")
    is_easy_to_use(page)
    page.locator("a.together-truck").click()
    page.locator("input[name=packs]").first.check()
    page.fill("input[name=point]", "阳光小区南门")
    page.select_option("select[name=district]", "370902")
    page.fill("input[name=address]", "岱宗大街 1 号")
    page.select_option("select[name=day]", index=2)
    page.fill("input[name=least]", "2")
    page.fill("input[name=title]", "阳光小区拼核桃")
    page.fill("input[name=host]", "3号楼张阿姨")
    is_easy_to_use(page)
    press(page, "开始接龙")
    expect(page.get_by_role("heading", name="阳光小区拼核桃")).to_be_visible()
    is_easy_to_use(page)
    link = page.url
    assert link in page.locator("#share").input_value()

    # Two neighbours join, each on a phone of his own.
    join(phone(), link, "王小明", "13805381234")
    second = phone()
    join(second, link, "李雷", "13805385678")
    second.goto(link)
    expect(second.locator(".together-rows")).to_contain_text("王**")
    expect(second.locator("#progress")).to_contain_text("2 / 2 户")
    assert "小明" not in second.content()

    # It closes, and so does the truck; the goods leave.
    page.goto(link)
    page.on("dialog", lambda dialog: dialog.accept())
    press(page, "提前截止")
    expect(page.locator("#progress")).to_contain_text("人数已够")
    past = days.now() - dt.timedelta(hours=2)
    Departure.objects.filter(pk=departure.pk).update(cut_off_at=past)
    tasks.sweep_now()
    assert GroupOrder.objects.get().state == "confirmed"
    for participation in Participation.objects.all():
        f.dispatch(participation.sale.order, on=days.today())

    # The day comes. She ticks off who has come, and takes one tick back.
    Stop.objects.update(opens_at=days.now() - dt.timedelta(minutes=5), closes_at=days.now() + dt.timedelta(hours=3))
    page.goto(link)
    page.get_by_role("link", name="取货清单").click()
    is_easy_to_use(page)
    page.get_by_role("button", name="给 王** 1234 打勾").click()
    expect(page.get_by_text("已领 1 / 2")).to_be_visible()
    page.get_by_role("button", name="给 李** 5678 打勾").click()
    expect(page.get_by_text("已领 2 / 2")).to_be_visible()
    page.get_by_role("button", name="撤回 李** 5678 的打勾").click()
    expect(page.get_by_text("已领 1 / 2")).to_be_visible()
