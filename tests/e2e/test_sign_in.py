"""Signing in by mobile number on a phone: one screen for the number, one for the code."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from tests import factories as f

pytestmark = pytest.mark.django_db(transaction=True)


def no_violations(page) -> None:
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert found.response["violations"] == [], found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_somebody_new_signs_in_by_a_code_and_keeps_what_was_in_the_basket(page):
    pack = f.make_pack()
    page.goto(reverse("catalogue:detail", args=[pack.product.slug, pack.product.pk]))
    page.get_by_role("button", name="加入购物车").locator("visible=true").first.click()

    page.goto(reverse("account_login") + "?next=" + reverse("basket:summary"))
    no_violations(page)
    page.get_by_label("手机号").fill("138 0538 0001")
    page.get_by_role("button", name="获取验证码").click()

    expect(page.get_by_text("138****0001")).to_be_visible()
    no_violations(page)
    field = page.get_by_label("6 位验证码")
    expect(field).to_be_focused()
    assert field.get_attribute("autocomplete") == "one-time-code"
    again = page.get_by_role("button", name=re.compile("重新发送"))
    expect(again).to_be_disabled()
    expect(again).to_have_text(re.compile(r"重新发送 \(5\d\)"))

    field.fill("12345")
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_text("请填写短信里的 6 位数字")).to_be_visible()
    field.fill(page.locator("[data-demo-code]").inner_text())
    page.get_by_role("button", name="登录", exact=True).click()

    expect(page).to_have_url(re.compile(r"/basket/$"))
    expect(page.get_by_text(pack.product.title).first).to_be_visible()
    assert str(get_user_model().objects.get().mobile) == "+8613805380001"


PAGES = [
    "customer:summary",
    "customer:orders",
    "customer:addresses",
    "customer:address-new",
    "accounts:profile",
    "accounts:mobile",
    "accounts:erase",
    "privacy",
]


def test_the_accounts_pages_can_be_read_by_everybody(page, live_server):
    sign_in(page, live_server)
    for name in PAGES:
        page.goto(reverse(name))
        no_violations(page)


def sign_in(page, live_server) -> None:
    """A buyer with an order and a number, and no password."""
    user = get_user_model().objects.create_user(mobile="+8613805380001")
    order = f.place_order((f.make_pack(), 1), user=user)
    f.pay(order)
    client = Client()
    client.force_login(user)
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )


def test_an_address_is_written_on_a_phone(page, live_server):
    sign_in(page, live_server)
    page.goto(reverse("customer:address-new"))
    page.get_by_label("收货人").fill("王女士")
    page.get_by_label("手机号").fill("13805380001")
    page.select_option("select[name=city]", "370100")
    page.select_option("select[name=district]", "370103")
    page.locator("[name=street]").fill("经七路某小区 8 号楼")
    page.get_by_role("button", name="保存地址").locator("visible=true").last.click()
    expect(page.get_by_text("山东省 济南市 市中区 经七路某小区 8 号楼")).to_be_visible()
