"""What a script adds to home and to a product's page, in a real browser; and that both work without it."""

import datetime as dt

import pytest
from django.core.files.base import ContentFile
from oscar.core.loading import get_model
from playwright.sync_api import expect

from logistics.models import Departure
from shop.art import renditions
from suppliers.base import days
from tests import factories as f

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def walnuts(page):
    """Walnuts with three pictures, handed over to the browser here: files of tests are in memory."""

    drawn = renditions.render("HT01", 96)
    page.route("**/media/**", lambda route: route.fulfill(body=drawn, content_type="image/webp"))
    pack = f.make_pack()
    for n, view in enumerate(renditions.views("HT01")):
        get_model("catalogue", "ProductImage").objects.create(
            product=pack.product, original=ContentFile(drawn, name=f"{view}.webp"), display_order=n, caption=view
        )
    return pack


def test_a_month_shows_what_is_ripe_in_it_with_and_without_a_script(browser, live_server, page, walnuts):
    still = browser.new_context(base_url=live_server.url, locale="zh-CN", java_script_enabled=False).new_page()
    for one in (page, still):
        one.goto("/")
        one.locator("label[for=month-9]").click()
        expect(one.locator("#ripe-9")).to_be_visible()
        expect(one.locator("#ripe-9")).to_contain_text("核桃")
        one.locator("label[for=month-6]").click()
        expect(one.locator("#ripe-9")).to_be_hidden()
        expect(one.locator("#ripe-6")).to_contain_text("山里歇着")
    still.context.close()


def test_the_countdown_goes_on_and_says_when_it_is_over(page, walnuts):
    cut_off_at = days.now() + dt.timedelta(days=2, hours=3, minutes=30)
    departure = Departure.objects.create(
        departure_no="D1",
        city_code="370900",
        cut_off_at=cut_off_at,
        leaves_at=cut_off_at,
        capacity_g=1000,
        fen_per_kg=60,
    )
    f.make_stop(departure)
    page.goto("/")
    left = page.locator("[data-until]")
    expect(left).to_have_text("2天 3小时")
    page.evaluate("document.querySelector('[data-until]').dataset.until = '2020-01-01T00:00:00Z'")
    expect(left).to_have_text("已截单", timeout=25_000)


def test_a_city_once_chosen_holds_for_other_products(page, walnuts):
    other = f.make_pack(f.make_produce(code="DS01", name="党参"))
    page.goto(walnuts.product.get_absolute_url())
    expect(page.locator(".way-answer")).to_contain_text("¥7.60")
    page.select_option("#to", "650000")
    expect(page.locator(".way-answer")).to_contain_text("¥38.00")
    page.goto(other.product.get_absolute_url())
    expect(page.locator(".way-answer")).to_contain_text("¥38.00")
    assert "to=" not in page.url


def test_a_small_picture_brings_its_large_one_and_a_sheet_opens_and_closes(page, walnuts):
    page.goto(walnuts.product.get_absolute_url())
    page.locator("[data-show]").nth(2).click()
    expect(page.locator("[data-show][aria-current]")).to_have_attribute("href", "#picture-3")
    sheet = page.locator("#tracing")
    expect(sheet).to_be_hidden()
    page.get_by_role("button", name="怎么溯源").click()
    expect(sheet).to_be_visible()
    page.get_by_role("button", name="关闭").click()
    expect(sheet).to_be_hidden()


def test_only_wechats_browser_is_told_to_use_another(browser, live_server, db):
    for agent, is_wechats in (("Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50", True), ("Mozilla/5.0", False)):
        context = browser.new_context(base_url=live_server.url, user_agent=agent)
        page = context.new_page()
        page.goto("/help/")
        assert page.evaluate("document.documentElement.classList.contains('wechat')") is is_wechats
        page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<p class=only-wechat>x</p>')")
        assert page.locator(".only-wechat").is_visible() is is_wechats
        context.close()
