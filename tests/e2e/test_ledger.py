"""Slips entered on a telephone whose network comes and goes: nothing is lost, and nothing is written twice."""

import datetime as dt
import io

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Error, Page, expect

from suppliers.base import days
from suppliers.models import PurchaseLot, SlipPhoto
from tests import factories as f

from .test_dashboard import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "/cooperative/ledger/new/"
# Two tabs that know nothing of each other: an old browser has no locks.
WITHOUT_LOCKS = "Object.defineProperty(navigator, 'locks', { value: undefined })"
# The control: each time it is sent, an entry gets another key.
WITHOUT_KEY = """
const really = window.fetch;
window.fetch = (address, how) => really(address, how && how.body
  ? { ...how, body: JSON.stringify({ ...JSON.parse(how.body), entry_key: crypto.randomUUID(), confirmed: "twice" }) } : how);
"""


@pytest.fixture
def tolerated():
    # A network that is cut, and answers that refuse, are what this is about; the browser reports each of them.
    return ("Failed to load resource",)


@pytest.fixture
def household(page, live_server):
    produce = f.make_produce()
    household = f.make_household(produce.cooperative)
    for n in range(3):
        f.make_lot(produce, household, g=60_000, fen_per_kg=1_850, bought_on=days.today() - dt.timedelta(days=n + 1))
    sign_in(page, live_server, f.make_user(cooperative=produce.cooperative))
    return household


def entered():
    return PurchaseLot.objects.filter(entry_key__isnull=False)


def wait_for_slips(page: Page, n: int) -> None:
    """Until so many are in the ledger: a page that was just loaded shows no queue before it has looked into it."""
    for _tenth in range(100):
        if entered().count() >= n:
            return
        page.wait_for_timeout(100)


def forward(page: Page) -> None:
    page.get_by_role("button", name="下一步").click()


def answer(page: Page, weight: str, *, number: str = "", photo: bytes = b"") -> None:
    """Answer the questions of one slip, up to the last, which sums up."""
    page.fill("input[name=household]", "tdc")
    page.locator(".pick").first.click()
    forward(page)
    page.fill("input[name=weight]", weight)
    forward(page)
    expect(page.locator("input[name=price]")).to_have_value("9.25")  # as the last time: 18.50 a kg
    forward(page)
    if photo:
        page.set_input_files("input[name=photo]", {"name": "p.jpg", "mimeType": "image/jpeg", "buffer": photo})
        expect(page.locator(".previews img")).to_be_visible()
    page.locator(".tap", has_text="按手印").click()
    forward(page)
    expect(page.locator("[data-say=household]")).to_contain_text("谭*成")
    page.fill("input[name=lot_no]", number)


def save(page: Page) -> None:
    page.locator("[data-save]").click()


def photo_of_a_slip() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (2000, 1500), "ivory").save(file, "JPEG")
    return file.getvalue()


def test_the_network_goes_in_the_middle_of_an_entry_and_everything_is_sent_once_when_it_is_back(page, household):
    page.goto(NEW)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.context.set_offline(True)
    answer(page, "120", photo=photo_of_a_slip())
    expect(page.locator("[data-say=sum]")).to_have_text("1,110.00 元")  # 60 kg at 18.50
    save(page)
    expect(page.get_by_text("已存在手机里")).to_be_visible()
    expect(page.locator("#queue")).to_contain_text("未上传 1 笔")

    # The same household, the same goods, the same day: that is asked, here too.
    answer(page, "80")
    expect(page.locator(".entry-odd")).to_contain_text("当天已经卖过")
    save(page)
    expect(page.locator("#queue")).to_contain_text("未上传 2 笔")
    assert entered().count() == 0

    # Half a slip, and a page that cannot be loaded again.
    page.fill("input[name=household]", "tandacheng")
    page.locator(".pick").first.click()
    forward(page)
    page.fill("input[name=weight]", "33")
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        page.reload()
    page.context.set_offline(False)
    page.goto(NEW)
    wait_for_slips(page, 2)
    expect(page.locator("#queue")).to_be_hidden()
    expect(page.locator("input[name=weight]")).to_have_value("33")
    assert sorted(entered().values_list("g", "fen_per_kg", "household", "signed_how")) == [
        (40_000, 1_850, household.pk, "fingerprint"),
        (60_000, 1_850, household.pk, "fingerprint"),
    ]
    assert SlipPhoto.objects.count() == 1
    assert page.evaluate("async () => (await indexedDB.databases()).length") == 1
    page.goto("/cooperative/ledger/")
    expect(page.locator("#queue")).to_be_hidden()


@pytest.mark.parametrize(("script", "written"), [(WITHOUT_LOCKS, 1), (WITHOUT_LOCKS + WITHOUT_KEY, 2)])
def test_two_tabs_send_the_same_entry_at_once_and_it_is_one_slip_where_without_its_key_it_would_be_two(
    page, household, script, written
):
    page.add_init_script(script)
    page.goto(NEW)
    other = page.context.new_page()
    other.add_init_script(script)
    other.goto("/cooperative/ledger/")
    page.context.set_offline(True)
    answer(page, "120")
    save(page)
    expect(page.locator("#queue")).to_contain_text("未上传 1 笔")
    held = []

    def hold(route):
        """Let neither reach the server before both have sent."""
        held.append(route)
        for one in {1: [], 2: held}.get(len(held), [route]):
            one.continue_()

    page.context.route("**/ledger/entry/", hold)
    sent = "**/ledger/entry/"
    with page.expect_response(sent), other.expect_response(sent):
        page.context.set_offline(False)  # both tabs are told
    for tab in (page, other):
        expect(tab.locator("#queue")).to_be_hidden()
    assert len(held) == 2
    assert entered().count() == written


def test_an_answer_that_got_lost_a_session_that_ended_and_a_number_that_was_taken_lose_nothing(
    page, household, live_server
):
    # The slip was written, and the answer never came: it is sent again, and is still one.
    page.goto(NEW)

    def lose(route):
        route.fetch()
        route.abort()

    page.route("**/ledger/entry/", lose, times=1)
    answer(page, "120", number="0815")
    save(page)
    expect(page.locator("#queue")).to_contain_text("未上传 1 笔")
    assert entered().count() == 1
    page.get_by_role("button", name="现在上传").click()
    expect(page.locator("#queue")).to_be_hidden()
    assert entered().count() == 1

    # Signed out meanwhile: it waits.
    page.goto(NEW)
    session = page.context.cookies()
    page.context.clear_cookies()
    answer(page, "80", number="0815")
    save(page)
    queue = page.locator("#queue")
    expect(queue).to_contain_text("登录已过期")
    expect(queue.get_by_role("link", name="登录")).to_be_visible()
    page.context.add_cookies(session)
    page.goto("/cooperative/ledger/")

    # The same number twice is refused, and mended.
    expect(queue).to_contain_text("已经卖过")
    queue.get_by_role("button", name="没错，记下").click()
    expect(queue).to_contain_text("已经在台账里")
    assert entered().count() == 1
    queue.get_by_role("link", name="修改").click()
    expect(page.locator("input[name=lot_no]")).to_have_value("0815")
    page.fill("input[name=lot_no]", "0816")
    save(page)
    page.wait_for_url("**/cooperative/ledger/*/")
    expect(page.locator("#queue")).to_be_hidden()
    assert sorted(entered().values_list("lot_no", flat=True)) == [
        f"{household.cooperatives.get().code}-{n}" for n in ("0815", "0816")
    ]

    # What was dropped is gone.
    page.goto(NEW)
    page.context.set_offline(True)
    answer(page, "10")
    save(page)
    page.locator("#queue summary").click()
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("#queue").get_by_role("button", name="丢掉").click()
    expect(page.locator("#queue")).to_be_hidden()
    page.context.set_offline(False)
    assert entered().count() == 2
