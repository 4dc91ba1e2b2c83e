"""List pages that are kept ready made: never a stale one, nothing personal in one, and no end of addresses fills the place."""

import datetime as dt
import threading

import pytest
from django.core.cache import caches
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from oscar.core.loading import get_model

from shop import database
from shop.catalogue import pages, version
from suppliers.base import days
from suppliers.models import Cooperative, HouseholdStatus, Produce, PurchaseLot, Township
from tests import factories as f

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


def test_who_has_a_basket_sees_what_is_in_it_and_nobody_else_does(client, walnuts):
    empty = page(client)
    client.post(f"/basket/add/{walnuts.pk}/", {"quantity": "3"})
    assert '<span class="count">3</span>' in page(client)
    assert page(Client()) == empty


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
