"""List pages that are kept ready made: never a stale one, nothing personal in one, and no end of addresses fills the place."""

import datetime as dt
import threading

import pytest
from django.conf import settings
from django.core.cache import caches
from django.core.signing import Signer
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from oscar.core.loading import get_model

from shop import database
from shop.aftersales import actions
from shop.aftersales.models import Review
from shop.catalogue import pages, ready_cards, version
from suppliers.base import days
from suppliers.models import Certificate, Cooperative, HouseholdStatus, Pack, Produce, PurchaseLot, Township
from tests import factories as f
from tests.bench.load import Form

Basket = get_model("basket", "Basket")
Category = get_model("catalogue", "Category")
Product = get_model("catalogue", "Product")
StockRecord = get_model("partner", "StockRecord")
LISTS = ["/", "/catalogue/", "/catalogue/?season=on&sort=price", "/search/?q=hetao"]
NOON = dt.datetime(2026, 9, 10, 4, tzinfo=dt.UTC)  # in Shanghai; walnuts are in season


@pytest.fixture
def walnuts(db, time_machine):
    time_machine.move_to(NOON)
    return f.make_pack()


def page(client, address: str = "/catalogue/") -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def statements(client, address: str, **headers) -> list[str]:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address, headers=headers).status_code in (200, 304)
    return [one["sql"] for one in seen.captured_queries]


def is_kept(client, address: str) -> bool:
    """Whether the page is there already: then the version is all that is asked for."""
    asked = statements(client, address)
    assert "shelfversion" in asked[0]
    return len(asked) == 1


@pytest.mark.parametrize("address", LISTS)
def test_the_second_visitor_costs_one_statement_and_sees_the_same(client, walnuts, address):
    first = client.get(address)
    asked = statements(Client(), address)
    assert len(asked) == 1
    second = Client().get(address)
    assert second.content == first.content
    assert second.headers == first.headers
    assert "巫溪核桃" in second.content.decode()


@pytest.mark.parametrize("address", LISTS)
def test_a_kept_page_is_guarded_like_any_other_and_kept_by_nobody_in_between(client, walnuts, address):
    client.get(address)
    response = client.get(address)
    assert not response.cookies
    assert response["Cache-Control"] == "private, no-cache"
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert {"Accept-Language", "Cookie"} <= set(response["Vary"].split(", "))
    assert b"csrfmiddlewaretoken" not in response.content


def test_a_browser_that_has_the_page_is_told_so(client, walnuts):
    etag = client.get("/catalogue/")["ETag"]
    unchanged = client.get("/catalogue/", headers={"if-none-match": etag})
    assert unchanged.status_code == 304
    assert unchanged["ETag"] == etag
    assert not unchanged.content
    StockRecord.objects.update(price=1)
    assert client.get("/catalogue/", headers={"if-none-match": etag}).status_code == 200
    assert client.head("/catalogue/")["ETag"] != etag


# ── Never stale ──────────────────────────────────────────────────────────────────────────────────────────────────────


def another_price():
    StockRecord.objects.update(price="12.34")


def the_last_is_held():
    record = StockRecord.objects.get()
    record.allocate(record.num_in_stock)


def another_name():
    Produce.objects.update(name="尖山核桃")


def another_category():
    Category.objects.update(name="干果")


def another_spec():
    walnut = Produce.objects.get()
    walnut.packs.update(spec="一大箱")


def another_place():
    Township.objects.update(name="尖山镇")


def another_cooperative():
    Cooperative.objects.update(name="示例·双阳合作社")


def no_longer_public():
    Product.objects.update(is_public=False)


def three_households():
    for _n in range(3):
        f.make_lot(Produce.objects.get(), f.make_household(), bought_on=days.today())


def something_new():
    f.make_pack(f.make_produce(code="DS01", name="川党参"))


CHANGES = [
    (another_price, "12.34", True),
    (the_last_is_held, "已售罄", True),
    (another_name, "尖山核桃", True),
    (another_category, "干果", True),
    (another_spec, "一大箱", True),
    (another_place, "尖山镇", True),
    (another_cooperative, "双阳", True),
    (no_longer_public, "巫溪核桃", False),
    (three_households, "3 户", True),
    (something_new, "川党参", True),
]


@pytest.mark.parametrize(("change", "word", "is_there"), CHANGES, ids=[change.__name__ for change, *_ in CHANGES])
def test_a_change_is_seen_at_once(client, walnuts, change, word, is_there):
    assert (word in page(client)) is not is_there
    assert is_kept(client, "/catalogue/")
    change()
    assert (word in page(client)) is is_there


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("change", "word", "is_there"), CHANGES, ids=[change.__name__ for change, *_ in CHANGES])
def test_a_change_of_another_connection_is_seen_with_its_commit(client, walnuts, change, word, is_there):
    page(client)
    changed, looked = threading.Event(), threading.Event()

    def elsewhere():
        try:
            with transaction.atomic():
                change()
                changed.set()
                looked.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    assert changed.wait(10)
    before = page(client)
    looked.set()
    thread.join()
    assert (word in before) is not is_there
    assert (word in page(client)) is is_there


def test_who_is_no_longer_registered_is_no_longer_counted(client, walnuts):
    three_households()
    assert "3 户" in page(client)
    status = HouseholdStatus.objects.first()
    status.ends_on = days.today() - dt.timedelta(days=1)
    status.save()
    assert "3 户" not in page(client)


def test_on_another_day_it_is_another_season(client, walnuts, time_machine):
    assert "当季" in page(client)
    assert "巫溪核桃" in page(client, "/catalogue/?season=on")
    time_machine.move_to(dt.datetime(2026, 10, 10, 15, 59, tzinfo=dt.UTC))
    assert "巫溪核桃" in page(client, "/catalogue/?season=on")
    time_machine.move_to(dt.datetime(2026, 10, 10, 16, 0, tzinfo=dt.UTC))  # midnight in Shanghai: the harvest is over
    assert "巫溪核桃" not in page(client, "/catalogue/?season=on")


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_changes_nothing(client, walnuts):
    before, was = version.read(), page(client)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        another_price()
        assert version.read() != before
        raise ZeroDivisionError
    assert version.read() == before
    assert is_kept(client, "/catalogue/")
    assert page(client) == was


def test_without_its_trigger_a_price_would_stay(client, walnuts):
    page(client)
    with connection.cursor() as cursor:
        on_table = " ON partner_stockrecord" if connection.vendor == "postgresql" else ""
        for name in database._bells("partner_stockrecord"):
            cursor.execute(f"DROP TRIGGER {name}{on_table}")
    another_price()
    assert "12.34" not in page(client)
    database.install()  # and putting them back counts as a change
    assert "12.34" in page(client)


def test_every_table_of_the_triggers_is_one(db):
    assert set(database.SHOWN_ON_LISTS) <= set(connection.introspection.table_names())
    assert {part for part, _columns in database.SHOWN_ON_LISTS.values()} == set(version.Version._fields)


def test_grams_drawn_from_a_slip_change_no_list(walnuts):
    lot = f.make_lot(walnuts.produce, f.make_household(), bought_on=days.today())
    before = version.read()
    PurchaseLot.objects.filter(pk=lot.pk).update(drawn_g=500)
    assert version.read() == before


def placed_at_once(*, with_one_slot: bool) -> list[str]:
    """Two transactions change two stocks, the second while the first is open; what went wrong, if anything did."""
    first, second = (f.make_pack(f.make_produce(code=code)).product.stockrecords.get() for code in ("A1", "B1"))
    if with_one_slot:
        with connection.cursor() as cursor:
            cursor.execute("""
                CREATE OR REPLACE FUNCTION shelf_changed() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    UPDATE shop_shelfversion SET token = token + 1 WHERE part = TG_ARGV[0];
                    RETURN NULL;
                END $$""")
    wrong = []

    def elsewhere():
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '500ms'")
                second.allocate(1)
        except OperationalError as error:
            wrong.append(str(error))
        finally:
            connection.close()

    before = version.read()
    with transaction.atomic():
        first.allocate(1)
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    database.install()
    assert version.read() != before
    return wrong


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_two_orders_at_once_do_not_wait_for_each_other():
    assert placed_at_once(with_one_slot=False) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_on_one_row_they_would():
    assert "lock timeout" in placed_at_once(with_one_slot=True)[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server that can go away")
def test_a_connection_that_died_is_replaced(client, walnuts):
    page(client)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]

    def elsewhere():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        connection.close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert "巫溪核桃" in page(client)


# ── Nothing personal ─────────────────────────────────────────────────────────────────────────────────────────────────


HELD = '<span id="basket-count" ><span class="count">{n}</span><span class="visually-hidden">件</span></span>'
NOTHING_HELD = '<span id="basket-count" ></span>'


def with_basket(pack, quantity: int) -> Client:
    client = Client()
    client.post(f"/basket/add/{pack.pk}/", {"quantity": str(quantity)})
    page(client, "/basket/")  # where the message is read that it was put in
    return client


@pytest.mark.parametrize("address", LISTS)
def test_who_has_a_basket_gets_the_kept_page_with_his_own_count_in_it(walnuts, address):
    buyers = [with_basket(walnuts, n) for n in (3, 21)]
    empty = page(Client(), address)
    assert NOTHING_HELD in empty
    assert 'class="count"' not in empty
    for buyer, n in zip(buyers, (3, 21), strict=True):
        assert len(statements(buyer, address)) == 2
        answer = buyer.get(address)
        own = answer.content.decode()
        assert HELD.format(n=n) in own
        assert own.count(f'<span class="count">{n}</span>') == own.count('class="count"') == 2  # masthead, tab bar
        assert int(answer["Content-Length"]) == len(answer.content)
    assert page(Client(), address) == empty


def test_the_page_that_is_made_for_somebody_with_a_basket_is_kept_without_it(walnuts):
    buyer = with_basket(walnuts, 3)
    assert HELD.format(n=3) in page(buyer)
    assert is_kept(Client(), "/catalogue/")
    assert NOTHING_HELD in page(Client())


def test_a_page_is_the_same_to_a_browser_only_while_the_count_is(walnuts):
    buyer = with_basket(walnuts, 3)
    etag = buyer.get("/catalogue/")["ETag"]
    assert buyer.get("/catalogue/", headers={"if-none-match": etag}).status_code == 304
    assert Client().get("/catalogue/", headers={"if-none-match": etag}).status_code == 200
    Basket.objects.get().lines.update(quantity=4)
    assert HELD.format(n=4) in buyer.get("/catalogue/", headers={"if-none-match": etag}).content.decode()


@pytest.mark.parametrize("cookie", ["{pk}", "{pk}:forged", "x", "", "\x00", "9" * 400])
def test_a_forged_cookie_counts_nothing(walnuts, cookie):
    with_basket(walnuts, 3)
    thief = Client()
    thief.cookies[settings.OSCAR_BASKET_COOKIE_OPEN] = cookie.format(pk=Basket.objects.get().pk)
    assert NOTHING_HELD in page(thief)
    thief.cookies[settings.OSCAR_BASKET_COOKIE_OPEN] = Signer().sign("no number")
    assert NOTHING_HELD in page(thief)


@pytest.mark.parametrize("change", [{"status": "Submitted"}, {"owner": "buyer"}], ids=["ordered", "an account's"])
def test_a_basket_that_is_no_longer_the_visitors_counts_nothing(walnuts, change):
    buyer = with_basket(walnuts, 3)
    if "owner" in change:
        change = {"owner": f.make_user("buyer")}
    Basket.objects.update(**change)
    assert NOTHING_HELD in page(buyer)


def test_a_page_that_may_not_be_kept_has_the_count_as_well(walnuts):
    buyer = with_basket(walnuts, 3)
    answer = buyer.get("/catalogue/category/none_999999/")
    assert answer.status_code == 404
    assert pages.COUNT not in answer.content.decode()
    assert int(answer["Content-Length"]) == len(answer.content)


def test_nobody_can_have_the_mark_of_the_count_shown(client, walnuts):
    assert pages.COUNT not in page(client, "/search/?q=hetao")
    assert pages.COUNT not in client.get("/catalogue/")["ETag"]


def test_who_is_signed_in_has_a_page_of_his_own(client, walnuts):
    for_all = page(client)
    client.force_login(f.make_user("buyer"))
    assert "/accounts/login/" in for_all
    assert "/accounts/login/" not in page(client)
    assert page(Client()) == for_all


def test_what_else_an_address_or_a_cookie_says_is_not_heard(client, walnuts):
    clean = page(client)
    client.cookies["city"] = "370900"
    assert page(client, "/catalogue/?utm_source=wechat&sort=zzz&page=99&q=x&township=123456789&price=%00") == clean
    assert is_kept(client, "/catalogue/?from=groupmessage")
    assert page(client, "/?q=x&page=3") == page(Client(), "/")


def test_no_end_of_searches_pushes_out_no_page(client, walnuts, monkeypatch):
    page(client)
    for name in ("pages", "searches"):
        monkeypatch.setattr(caches[name], "_max_entries", 10)
    for n in range(20):
        client.get("/search/", {"q": f"桃{n}"})
    assert is_kept(client, "/catalogue/")
    assert 0 < len(caches["searches"]._cache) <= 10
    assert len(caches["pages"]._cache) == 1


def test_each_language_has_its_page(client, walnuts):
    assert "全部山货" in page(client)
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/language/setlang/", {"language": "en"}, headers={"referer": "http://testserver/catalogue/"})
    assert answer["Location"] == "http://testserver/catalogue/"
    assert "All produce" in page(strict)
    assert "全部山货" in page(client)
    assert "All produce" in page(Client(headers={"accept-language": "en"}))


# ── Cards ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def rendered(monkeypatch) -> list[str]:
    """The names of what cards are rendered for, as they are."""
    names, render = [], ready_cards.render_to_string

    def noted(template, context):
        names.append(context["ware"].produce.name)
        return render(template, context)

    monkeypatch.setattr(ready_cards, "render_to_string", noted)
    return names


def test_a_list_that_is_made_anew_renders_those_cards_alone_that_look_different(client, walnuts, rendered):
    peaches = f.make_pack(f.make_produce(code="TA01", name="冬桃"))
    page(client)
    assert sorted(rendered) == ["冬桃", "巫溪核桃(干)"]
    rendered.clear()
    peaches.product.stockrecords.get().allocate(1)
    assert not is_kept(client, "/catalogue/")
    assert rendered == []
    peaches.product.stockrecords.update(price="12.34")
    assert "12.34" in page(client)
    assert rendered == ["冬桃"]
    page(Client(headers={"accept-language": "en"}))
    assert len(rendered) == 3


def test_no_more_cards_are_kept_than_there_is_place_for(client, walnuts, rendered, monkeypatch):
    monkeypatch.setattr(ready_cards, "MOST", 3)
    for n in range(9):
        StockRecord.objects.update(price=f"{n}.50")
        assert f"{n}.50" in page(client)
        assert len(ready_cards._rendered._last[1]) <= 3
    assert len(rendered) == 9


# ── The page of a product ────────────────────────────────────────────────────────────────────────────────────────────


def cheaper_here(pack):
    pack.product.stockrecords.update(price="12.34")


def few_left(pack):
    record = pack.product.stockrecords.get()
    record.num_in_stock = (record.num_allocated or 0) + 7
    record.save()


def another_pack(pack):
    f.make_pack(pack.produce, spec="十斤装")


def cheaper_elsewhere(pack):
    f.make_pack(f.make_produce(code=pack.produce.code, category=pack.produce.category), price_fen=1_234)


def a_certificate(pack):
    Certificate.objects.create(
        cooperative=pack.produce.cooperative, kind=Certificate.Kind.TEST, number="CHK-77", issued_on=days.today()
    )


def slips_of_three(pack):
    Cooperative.objects.update(shows_grower_price=True)
    three_households()


def a_review(pack):
    f.make_carriers()
    line = f.sell((pack, 1), on=days.today()).sale.lines.get()
    Review.objects.create(line=line, produce=pack.produce, name="泰安买家", stars=4, text="又香又脆")


OF_A_PRODUCT = [
    (cheaper_here, "12.34"),
    (few_left, "还剩 7 件"),
    (another_pack, "十斤装"),
    (cheaper_elsewhere, "12.34"),
    (a_certificate, "CHK-77"),
    (slips_of_three, "<b>3</b>"),
    (a_review, "又香又脆"),
]


@pytest.mark.parametrize(("change", "words"), OF_A_PRODUCT, ids=[change.__name__ for change, _words in OF_A_PRODUCT])
def test_a_change_is_seen_on_the_page_of_a_product_at_once(client, walnuts, change, words):
    address = walnuts.product.get_absolute_url()
    assert words not in page(client, address)
    assert is_kept(Client(), address)
    change(walnuts)
    assert words in page(client, address)


def test_a_review_that_is_hidden_is_gone_and_one_that_is_answered_has_its_answer(client, walnuts):
    address = walnuts.product.get_absolute_url()
    a_review(walnuts)
    page(client, address)
    review, by = Review.objects.get(), f.make_user("clerk")
    actions.answer(review=review, text="谢谢您", by=by)
    assert "谢谢您" in page(client, address)
    actions.hide(review=review, by=by, because="一个人的名字")
    assert "又香又脆" not in page(client, address)


def test_a_paper_is_shown_until_its_last_day(client, walnuts, time_machine):
    address = walnuts.product.get_absolute_url()
    a_certificate(walnuts)
    Certificate.objects.update(expires_on=days.today())
    assert "CHK-77" in page(client, address)
    time_machine.move_to(NOON + dt.timedelta(days=1))
    assert "CHK-77" not in page(client, address)


def test_an_order_of_something_else_leaves_the_page_of_a_product_kept(client, walnuts):
    address = walnuts.product.get_absolute_url()
    peaches = f.make_pack(f.make_produce(code="TA01", name="冬桃"))
    page(client, address)
    Client().get("/catalogue/")
    peaches.product.stockrecords.get().allocate(1)
    page(client, peaches.product.get_absolute_url())  # where the shelf is read again
    assert is_kept(client, address)


def test_an_order_of_many_leaves_the_page_of_a_product_kept_until_it_says_how_few_there_are(db, client):
    pack = f.make_pack(in_stock=100)
    record, address = pack.product.stockrecords.get(), pack.product.get_absolute_url()
    assert "有现货" in page(client, address)
    record.allocate(79)
    client.get("/catalogue/")  # where the shelf is read again
    assert is_kept(client, address)
    record.allocate(1)
    assert "还剩 20 件" in page(client, address)
    assert 'max="20"' in page(client, address)
    record.allocate(20)
    assert "已售罄" in page(client, address)


def test_the_basket_shows_what_was_changed_of_its_goods_at_once(walnuts):
    buyer = with_basket(walnuts, 2)
    assert "7 公斤" not in page(buyer, "/basket/")
    Pack.objects.update(gross_g=3_500)
    assert "7 公斤" in page(buyer, "/basket/")
    StockRecord.objects.update(price="12.34")
    assert "24.68" in page(buyer, "/basket/")
    Product.objects.update(title="尖山核桃")
    assert "尖山核桃" in page(buyer, "/basket/")
    StockRecord.objects.update(num_in_stock=1, num_allocated=0)
    assert "只剩 1 件" in page(buyer, "/basket/")
    Product.objects.update(is_public=False)
    assert "已下架，请移除" in page(buyer, "/basket/")


def test_each_visitor_has_a_token_of_his_own_in_the_kept_form_and_can_buy_with_it(walnuts):
    address = walnuts.product.get_absolute_url()
    visitors, tokens = [Client(enforce_csrf_checks=True) for _ in range(2)], []
    for visitor in visitors * 2:
        answer = visitor.get(address)
        tokens.append(Form(answer.content.decode(), "quantity").values["csrfmiddlewaretoken"])
        assert pages.TOKEN not in answer.content.decode()
        assert "ETag" not in answer.headers
        assert answer["Cache-Control"] == "private, no-cache"
        assert int(answer["Content-Length"]) == len(answer.content)
    assert len({visitor.cookies["csrftoken"].value for visitor in visitors}) == 2
    assert len(set(tokens)) == 4
    for visitor, token in zip(visitors * 2, tokens, strict=True):
        bought = visitor.post(f"/basket/add/{walnuts.pk}/", {"quantity": "1", "csrfmiddlewaretoken": token})
        assert bought.status_code == 302
    theirs = {"quantity": "1", "csrfmiddlewaretoken": tokens[0]}
    assert visitors[1].post(f"/basket/add/{walnuts.pk}/", theirs).status_code == 403


def test_the_count_stands_in_the_bar_of_a_product_too(walnuts):
    buyer, address = with_basket(walnuts, 3), walnuts.product.get_absolute_url()
    for _again in range(2):
        own = page(buyer, address)
        assert own.count('<span class="count">3</span>') == own.count('class="count"') == 2
    assert 'class="count"' not in page(Client(), address)


def test_of_the_query_of_a_product_only_a_place_we_send_to_is_heard(client, walnuts):
    address = walnuts.product.get_absolute_url()
    far = page(client, f"{address}?to=110000&utm_source=x")
    near = page(client, address)
    assert '<option value="110000" selected>' in far
    assert '<option value="370900" selected>' in near
    assert is_kept(client, f"{address}?to=nowhere%00&from=x")
    assert is_kept(client, f"{address}?to=110000")
    assert len(caches["products"]._cache) == 1


def test_a_foreign_host_gets_no_page(client, walnuts):
    page(client)
    assert client.get("/catalogue/", headers={"host": "evil.example"}).status_code == 400


def test_what_may_not_be_kept_is_not(client, walnuts):
    assert client.get("/catalogue/category/none_999999/").status_code == 404
    way = Category.objects.get()
    assert client.get(f"/catalogue/category/wrong_{way.pk}/").status_code == 301
    assert client.post("/catalogue/").status_code == 405
    assert not caches["pages"]._cache


def times_rendered(rf, response) -> int:
    """How often two visitors after another have a page rendered that is `response`."""
    rendered = []
    middleware = pages.ready_made(lambda request: rendered.append(request) or response())
    for _n in range(2):
        middleware(rf.get("/"))
    return len(rendered)


def test_an_answer_for_one_visitor_is_not_given_to_the_next(db, rf):
    def with_cookie():
        response = HttpResponse("x")
        response.set_cookie("csrftoken", "secret")
        return response

    assert times_rendered(rf, lambda: HttpResponse("x")) == 1
    caches["pages"].clear()
    assert times_rendered(rf, with_cookie) == 2
    assert times_rendered(rf, lambda: HttpResponse("x", headers={"Vary": "User-Agent"})) == 2
    assert times_rendered(rf, lambda: HttpResponse("x", headers={"Content-Security-Policy": "x 'nonce-1'"})) == 2
    assert times_rendered(rf, lambda: HttpResponse("x", status=503)) == 2


def test_a_page_that_will_be_wrong_is_kept_until_then(db, rf, time_machine):
    time_machine.move_to(NOON)
    rendered = []

    def render(request):
        rendered.append(request)
        response = HttpResponse("the truck takes orders for a minute")
        response.good_until = NOON + dt.timedelta(minutes=1)
        return response

    middleware = pages.ready_made(render)
    for second, times in ((0, 1), (59, 1), (61, 2), (62, 3)):  # what is over already is not kept at all
        time_machine.move_to(NOON + dt.timedelta(seconds=second))
        middleware(rf.get("/"))
        assert len(rendered) == times
