"""What buyers do, on a phone: from a search to the money paid back, by parcel, truck and counter, with and without a script."""

import datetime as dt
import io
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from PIL import Image
from playwright.sync_api import Page, expect

import suppliers.actions
from shop.aftersales.models import Review, SpoilageClaim
from shop.invariants import violations
from shop.models import Sale
from shop.preorders import actions as preorders
from suppliers.base import days
from tests import factories as f

from .conftest import PHONE
from .test_dashboard import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

DAY = dt.timedelta(days=1)
# What a thumb does not hit: lower than 44 px, and not a word in a sentence. The label of a tick is its target, a
# whole card that of the link stretched over it.
TOO_SMALL = """() => [...document.querySelectorAll("a, button, summary, select, textarea, input:not([type=hidden])")]
    .map(one => one.matches("[type=radio], [type=checkbox]") ? one.closest("label") || one.labels[0] || one : one)
    .filter(one => one.checkVisibility({visibilityProperty: true, opacityProperty: true}) && !one.closest("[aria-hidden=true], .visually-hidden, .skip"))
    .filter(one => {
        const within = one.closest("p, li, dd, figcaption, .note, label");
        const isWord = getComputedStyle(one).display === "inline" && within
            && within.textContent.trim().length > one.textContent.trim().length + 2;
        const after = getComputedStyle(one, "::after");
        const isStretched = after.content !== "none" && after.position === "absolute";
        return !isWord && !isStretched && one.getBoundingClientRect().height < 43.5;
    })
    .map(one => one.outerHTML.slice(0, 120))"""
PASTED = "李先生 13905312345 山东省济南市市中区经七路9号2单元"


@pytest.fixture
def context(browser, live_server):
    """A browser of somebody else, or one with its scripts off; each time it is asked for."""
    contexts = []

    def another(**options) -> Page:
        context = browser.new_context(
            base_url=live_server.url, viewport=PHONE, locale="zh-CN", timezone_id="Asia/Shanghai", **options
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context.new_page()

    yield another
    for context in contexts:
        context.close()


@pytest.fixture
def peaches():
    """Twenty boxes of fresh peaches; whatever the month, they are there."""
    produce = f.make_produce(
        code="DT01", name="巫溪冬桃", variety="中华寿桃", category="fruit", shelf_life_days=14, harvest_from="09-20",
        harvest_to="11-15",
    )  # fmt: skip
    f.make_lot(produce, f.make_household(produce.cooperative), bought_on=days.today() - DAY)
    return f.make_pack(produce, price_fen=6_800, in_stock=20)


@pytest.fixture
def walnuts():
    return f.make_pack(in_stock=50)


def no_violations(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate(TOO_SMALL) == []


def press(page: Page, name: str | re.Pattern) -> None:
    page.get_by_role("button", name=name).locator("visible=true").first.click()


def choose(page: Page, pack) -> None:
    """Open the product's page, put one into the basket, and go on to the checkout."""
    page.goto(reverse("catalogue:detail", args=[pack.product.slug, pack.product.pk]))
    press(page, "立即购买")
    expect(page).to_have_url(re.compile(r"/checkout/$"))


def pick(page: Page, kind: str) -> None:
    """Choose how it comes, as a script does it."""
    page.locator(f"#delivery-{kind}").check()
    expect(page.locator(f"input[name={kind}]").first).to_be_attached()


def address(page: Page) -> None:
    page.fill("input[name=name]", "王女士")
    page.fill("input[name=mobile]", "13805380001")
    page.select_option("select[name=district]", "370902")
    page.fill("[name=street]", "东岳大街 1 号 2 单元 301")


def place_and_pay(page: Page) -> Sale:
    press(page, "提交订单")
    press(page, re.compile("演示付款"))
    expect(page.get_by_text("备货中").first).to_be_visible()
    return Sale.objects.get()


def photo() -> dict:
    file = io.BytesIO()
    Image.new("RGB", (400, 300), "brown").save(file, "JPEG")
    return {"name": "peach.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}


def test_peaches_are_found_bought_received_and_what_spoiled_is_paid_back(page, context, live_server, peaches):
    # Found by its sound, bought, paid.
    page.goto("/")
    page.fill("input[name=q] >> visible=true", "dongtao")
    page.press("input[name=q] >> visible=true", "Enter")
    page.locator("main .cards a").filter(has_text="巫溪冬桃").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("巫溪冬桃")
    press(page, "加入购物车")
    page.goto("/basket/")
    page.get_by_role("button", name="加一件").click()
    expect(page.locator("#basket")).to_contain_text("¥136.00")
    no_violations(page)
    page.get_by_role("link", name="去结算").locator("visible=true").click()
    address(page)
    page.locator("input[name=is_fresh_confirmed]").check()
    no_violations(page)
    sale = place_and_pay(page)
    assert (sale.goods_fen, sale.order.status) == (13_600, "paid")
    no_violations(page)
    own = page.url

    # Sent, and come.
    f.dispatch(sale.order, on=days.today())
    page.goto(own)
    expect(page.get_by_text("运输中").first).to_be_visible()
    no_violations(page)
    press(page, "确认收货")
    expect(page.get_by_text("已收货").first).to_be_visible()

    # Three in ten have gone bad.
    page.get_by_role("link", name="有坏果？").click()
    page.locator("label.share-asked").filter(has_text="30 %").click()
    press(page, "提交")
    wrong = page.get_by_text("请至少")
    expect(wrong).to_be_visible()
    page.set_input_files("input[name=photos]", photo())
    expect(wrong).to_be_hidden()
    expect(page.locator(".previews img")).to_have_count(1)
    page.fill("textarea[name=note]", "压坏了三个")
    no_violations(page)
    press(page, "提交")
    expect(page.get_by_role("heading", name="坏果包赔")).to_be_visible()
    no_violations(page)
    page.goto(own)
    no_violations(page)

    # The cooperative sees the photo and pays: 30 % of 136.00.
    desk = context()
    sign_in(desk, live_server, f.make_user("coop", cooperative=peaches.produce.cooperative))
    desk.goto(reverse("aftersales:cooperative"))
    desk.locator(f"a[href*='{reverse('aftersales:cooperative-claim', args=[SpoilageClaim.objects.get().pk])}']").click()
    expect(desk.get_by_text("压坏了三个")).to_be_visible()
    seen = desk.locator(".photos img")
    expect(seen).to_have_js_property("complete", True)
    assert seen.evaluate("image => image.naturalWidth") == 400
    no_violations(desk)
    press(desk, re.compile("同意，退款 ¥40.80"))
    expect(desk.get_by_text("买家在订单页面能看到")).to_be_visible()

    # And the buyer sees it.
    page.goto(own)
    expect(page.locator(".sums")).to_contain_text("−¥40.80")
    expect(page.locator("#after-sales")).to_contain_text("已退款")
    no_violations(page)
    assert list(violations()) == []


def test_walnuts_come_by_truck_to_the_stop_that_was_chosen(page, walnuts):
    stop = f.make_departure().stops.get()
    choose(page, walnuts)
    pick(page, "truck")
    expect(page.locator("[name=street]")).to_be_hidden()
    assert "快递员" not in page.locator("#where").inner_text()
    page.locator(f"#stop-{stop.pk}").check()
    page.fill("input[name=name]", "王女士")
    page.fill("input[name=mobile]", "13805380001")
    expect(page.locator("#bar")).to_contain_text("¥89.80")  # 88.00, and 3 kg begun at 0.60
    no_violations(page)
    sale = place_and_pay(page)
    assert (sale.delivery, sale.stop, sale.freight_fen) == ("truck", stop, 180)
    on = days.day_of(stop.opens_at)
    expect(page.locator("main")).to_contain_text(stop.name)
    expect(page.locator("main")).to_contain_text(f"{on.month}月{on.day}日 09:00–18:00 取货")
    no_violations(page)


def test_walnuts_are_fetched_at_a_counter(page, walnuts):
    counter = f.make_counter()
    choose(page, walnuts)
    pick(page, "counter")
    page.locator(f"#counter-{counter.pk}").check()
    page.fill("input[name=name]", "王女士")
    page.fill("input[name=mobile]", "13805380001")
    no_violations(page)
    sale = place_and_pay(page)
    assert (sale.delivery, sale.counter) == ("counter", counter)
    expect(page.locator("main")).to_contain_text(counter.name)
    expect(page.locator("main")).to_contain_text(f"预计{sale.expected_on.month}月{sale.expected_on.day}日到泰安")
    no_violations(page)


def is_filled_in(page: Page) -> None:
    expect(page.locator("input[name=name]")).to_have_value("李先生")
    expect(page.locator("input[name=mobile]")).to_have_value("13905312345")
    expect(page.locator("select[name=city]")).to_have_value("370100")
    expect(page.locator("select[name=district]")).to_have_value("370103")
    expect(page.locator("[name=street]")).to_have_value("经七路9号2单元")


def test_a_pasted_address_fills_the_fields_at_once(page, walnuts):
    choose(page, walnuts)
    page.fill("#pasted", PASTED)
    is_filled_in(page)
    assert place_and_pay(page).order.shipping_address.area_code == "370103"


def test_without_a_script_a_pasted_address_fills_the_fields_at_a_press(context, walnuts):
    page = context(java_script_enabled=False)
    choose(page, walnuts)
    page.fill("#pasted", PASTED)
    press(page, "识别并填写")
    is_filled_in(page)
    assert place_and_pay(page).order.shipping_address.area_code == "370103"


def test_without_a_script_peaches_are_filtered_found_and_bought(context, peaches, walnuts):
    page = context(java_script_enabled=False)
    page.goto("/catalogue/")
    expect(page.locator(".cards > *")).to_have_count(2)
    page.get_by_role("button", name="筛选").click()
    page.locator(f"label:has(#f-cooperative-{peaches.produce.cooperative.code})").click()
    page.locator("#filters").get_by_role("button", name="查看").click()
    expect(page.locator(".cards > *")).to_have_count(1)
    expect(page.locator(".cards")).to_contain_text("巫溪冬桃")
    page.get_by_role("link", name="去掉").first.click()
    expect(page.locator(".cards > *")).to_have_count(2)
    page.select_option("#f-sort", "price")
    press(page, "查看")
    expect(page.locator(".cards > *").first).to_contain_text("巫溪冬桃")

    page.goto("/search/?q=dongtao")
    page.locator("main .cards a").filter(has_text="巫溪冬桃").first.click()
    page.locator("#quantity").fill("2")
    press(page, "加入购物车")
    page.goto("/basket/")
    expect(page.locator("main")).to_contain_text("¥136.00")
    page.locator("main input[name^=q-]").fill("3")
    press(page, "更新")
    expect(page.locator("main")).to_contain_text("¥204.00")
    page.get_by_role("link", name="去结算").locator("visible=true").click()
    address(page)
    press(page, "提交订单")
    expect(page.locator("form#checkout [role=alert]").first).to_be_visible()  # fresh goods were not confirmed
    page.locator("input[name=is_fresh_confirmed]").check()
    sale = place_and_pay(page)
    assert (sale.goods_fen, sale.order.status) == (20_400, "paid")


def test_without_a_script_a_stop_is_chosen_at_a_press(context, walnuts):
    stop = f.make_departure().stops.get()
    page = context(java_script_enabled=False)
    choose(page, walnuts)
    page.locator("#delivery-truck").check()
    press(page, "按我选的方式显示")
    page.locator(f"#stop-{stop.pk}").check()
    page.fill("input[name=name]", "王女士")
    page.fill("input[name=mobile]", "13805380001")
    assert place_and_pay(page).stop == stop


def test_a_harvest_still_on_the_tree_is_ordered_and_the_order_says_when_it_is_sent(page, peaches):
    ships_from = days.today() + 30 * DAY
    suppliers.actions.declare_supply(
        produce=peaches.produce, g=100_000, starts_on=ships_from, ends_on=ships_from + 6 * DAY
    )
    presale = preorders.open_presale(
        of=peaches, ships_from=ships_from, closes_at=days.at(ships_from - DAY, 0), price_fen=6_000
    )
    page.goto("/preorders/")
    no_violations(page)
    page.locator(f"a[href*='_{presale.pack.product.pk}/']").first.click()
    ends = presale.ships_to
    week = f"{ships_from.month}月{ships_from.day}日 – {ends.month}月{ends.day}日 发货"
    expect(page.locator("main")).to_contain_text(week)
    no_violations(page)
    press(page, "立即购买")
    address(page)
    page.locator("input[name=is_fresh_confirmed]").check()
    sale = place_and_pay(page)
    assert sale.goods_fen == 6_000
    expect(page.locator("main")).to_contain_text(f"{ships_from.month}月{ships_from.day}日起发货")
    expect(page.locator(".next-step")).to_contain_text(
        f"{ships_from.month}月{ships_from.day}日至{ends.month}月{ends.day}日采摘发货"
    )
    assert sale.expected_on > ends
    expect(page.locator(".expected")).to_contain_text(f"预计{sale.expected_on.month}月{sale.expected_on.day}日到泰安")
    no_violations(page)


def test_who_bought_it_reviews_it_and_the_next_one_reads_it(page, context, live_server, peaches):
    order = f.place_order((peaches, 1), is_fresh_confirmed=True)
    f.pay(order)
    f.dispatch(order, on=days.today())
    page.goto(reverse("orders:order", args=[order.sale.token]))
    press(page, "确认收货")
    page.get_by_role("link", name="评价").click()
    no_violations(page)
    press(page, "发表评价")
    expect(page.locator("main .errorlist").first).to_be_visible()  # without a star
    page.locator("input[name=stars][value='4']").check()
    page.fill("textarea[name=text]", "又脆又甜，箱子也结实")
    page.set_input_files("input[name=photos]", photo())
    expect(page.locator(".previews img")).to_have_count(1)
    press(page, "发表评价")
    expect(page.locator("#after-sales")).to_contain_text("您的评价")
    assert Review.objects.get().stars == 4
    no_violations(page)

    reader = context()
    reader.goto(reverse("catalogue:detail", args=[peaches.product.slug, peaches.product.pk]))
    reviews = reader.locator("#reviews")
    expect(reviews).to_contain_text("又脆又甜，箱子也结实")
    expect(reviews).to_contain_text("泰安买家")
    assert "王女士" not in reader.content()
    no_violations(reader)
