"""Signing in by mobile number: an unknown one signs up in the same step, a code is good once, and none of it tells who is who."""

import datetime as dt
import importlib.util
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client

from shop.accounts import codes, limits
from shop.accounts import forms as account_forms
from shop.accounts.models import Code, Session, Tally
from suppliers.base import access, days
from tests import factories as f

pytestmark = pytest.mark.django_db

MOBILE = "+8613805380001"
sent: list[tuple[str, str]] = []


def post_office(mobile: str, code: str) -> None:
    sent.append((mobile, code))


def no_post_today(mobile: str, code: str) -> None:
    raise OSError(f"https://operator.example/send?to={mobile}&code={code} timed out")


@pytest.fixture(autouse=True)
def phone(settings):
    settings.SMS_SENDER = "tests.shop.test_codes.post_office"
    sent.clear()
    cache.clear()  # allauth counts there, and all tests come from one address


def ask(client, mobile="138 0538 0001", **more):
    return client.post("/accounts/login/", {"mobile": mobile} | more)


def answer(client, code=None):
    return client.post("/accounts/code/", {"code": code or sent[-1][1]})


def wrong() -> str:
    return f"{(int(sent[-1][1]) + 1) % 1_000_000:06d}"


def main(response) -> str:
    return response.content.decode().partition("<main")[2].partition("</main")[0]


def is_signed_in(client) -> bool:
    return client.get("/accounts/profile/").status_code == 200


# ── In and up ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.journey
def test_an_unknown_number_signs_up_in_the_step_in_which_it_signs_in(client):
    assert ask(client).url == "/accounts/code/"
    page = client.get("/accounts/code/")
    assert "138****0001" in main(page)
    assert 'autocomplete="one-time-code"' in main(page)
    assert 'inputmode="numeric"' in main(page)
    assert answer(client).url == "/"
    user = get_user_model().objects.get()
    assert (str(user.mobile), user.email, user.has_usable_password()) == (MOBILE, None, False)
    assert is_signed_in(client)


def test_a_known_number_signs_in_its_user(client):
    user = get_user_model().objects.create_user(mobile=MOBILE)
    ask(client)
    answer(client)
    assert client.session["_auth_user_id"] == str(user.pk)
    assert get_user_model().objects.count() == 1


def test_two_people_who_have_no_email_are_two_people(client):
    for number in ("13805380001", "13805380002"):
        one = Client()
        ask(one, number)
        answer(one)
    assert get_user_model().objects.filter(email=None).count() == 2


@pytest.mark.parametrize(
    "number", ["13805380001", "+86 138-0538-0001", "0086 13805380001", "１３８０５３８０００１", "8613805380001"]
)
def test_a_number_is_taken_as_people_write_it(client, number):
    ask(client, number)
    assert sent[0][0] == MOBILE


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("", "请写手机号"),
        ("12345", "11 位手机号"),
        ("053812345678", "11 位手机号"),
        ("138053800011", "11 位手机号"),
        ("٣٨٠٥٣٨٠٠٠١", "11 位手机号"),
        ("13٨٠٥٣٨٠٠٠١", "11 位手机号"),
        ("+1 202 555 0100", "只能发到中国大陆"),
        ("+852 9123 4567", "只能发到中国大陆"),
        ("00852 9123 4567", "只能发到中国大陆"),
        ("13805380001'; --", "11 位手机号"),
        ("1380538000\x00", "不允许"),
        ("1" * 20_000, "11 位手机号"),
    ],
)
def test_a_number_that_cannot_be_is_said_at_its_field_and_nothing_is_sent(client, number, message):
    response = ask(client, number)
    assert response.status_code == 200
    assert message in main(response)
    assert (sent, Code.objects.count()) == ([], 0)


def test_the_answer_is_the_same_for_a_number_that_has_an_account_and_one_that_has_none():
    get_user_model().objects.create_user(mobile=MOBILE)
    seen = []
    for number in ("13805380001", "13905380009"):
        one = Client()
        steps = [ask(one, number), one.get("/accounts/code/"), answer(one, wrong())]
        texts = [(step.status_code, step.get("Location", ""), main(step)) for step in steps]
        seen.append(re.sub(r'1\d\d\*{4}\d{4}|value="(?:[^"]{64}|\d{6})"', "…", str(texts)))
    assert seen[0] == seen[1]


def test_a_code_leads_to_the_page_that_asked_for_the_sign_in(client):
    ask(client, next="/accounts/orders/?state=received")
    assert answer(client).url == "/accounts/orders/?state=received"


@pytest.mark.parametrize(
    "where", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", "/" + "x" * 5000]
)
def test_nobody_is_sent_to_another_site(client, where):
    ask(client, next=where)
    assert answer(client).url == "/"


def test_everybody_lands_where_the_work_is(client):
    user = f.make_user("", access.OFFICIAL)
    get_user_model().objects.filter(pk=user.pk).update(mobile=MOBILE)
    ask(client)
    assert answer(client).url == "/officials/"


def test_what_a_visitor_put_into_the_basket_is_there_after_the_sign_in(client):
    client.post(f"/basket/add/{f.make_pack().pk}/", {"quantity": "2"})
    ask(client)
    answer(client)
    assert 'value="2"' in main(client.get("/basket/"))


def test_a_second_factor_is_asked_for_after_the_code(client):
    from allauth.mfa.models import Authenticator

    user = get_user_model().objects.create_user(mobile=MOBILE)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    ask(client)
    assert answer(client).url == "/accounts/2fa/authenticate/"
    assert not is_signed_in(client)


def test_a_closed_account_does_not_open(client):
    get_user_model().objects.create_user(mobile=MOBILE, is_active=False)
    ask(client)
    assert answer(client).url == "/accounts/inactive/"
    assert not is_signed_in(client)


def test_the_session_gets_another_name_with_the_sign_in(client):
    ask(client)
    before = client.cookies["sessionid"].value
    answer(client)
    assert client.cookies["sessionid"].value != before
    assert not Session.objects.filter(pk=before).exists()


def test_a_form_from_another_site_is_refused():
    strict = Client(enforce_csrf_checks=True)
    assert ask(strict).status_code == 403
    assert answer(strict, "123456").status_code == 403
    assert sent == []


# ── The code ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_code_is_six_digits_in_any_width_and_spacing(client):
    ask(client)
    code = sent[-1][1]
    assert re.fullmatch(r"[0-9]{6}", code)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    assert answer(client, f" {wide[:3]} {wide[3:]} ").url == "/"


@pytest.mark.parametrize("code", ["", "12345", "1234567", "ABCDEF", "١٢٣٤٥٦", "1" * 5000, "12345\x00"])
def test_what_is_no_code_is_no_try(client, code):
    ask(client)
    response = client.post("/accounts/code/", {"code": code})
    assert response.status_code == 200
    assert "errorlist" in main(response)
    assert Code.objects.get().tries == 0


def test_a_wrong_code_is_said_and_the_right_one_still_good(client):
    ask(client)
    assert "验证码不对" in main(answer(client, wrong()))
    assert answer(client).status_code == 302


def test_after_five_tries_even_the_right_code_is_over(client):
    ask(client)
    for _ in range(4):
        assert "验证码不对" in main(answer(client, wrong()))
    assert "已失效" in main(answer(client, wrong()))
    assert "已失效" in main(answer(client))
    assert "太频繁" in main(client.post("/accounts/code/", {"again": "1"}))
    assert not is_signed_in(client)


def test_a_code_is_over_after_ten_minutes(client):
    with time_machine.travel(days.at(dt.date(2026, 11, 1), 9), tick=False) as clock:
        ask(client)
        clock.shift(599)
        assert Code.objects.filter(expires_at__gt=days.now()).exists()
        clock.shift(1)
        assert "已失效" in main(answer(client))


def test_a_code_is_good_once(client):
    ask(client)
    kept, code = client.session[codes._key(codes.SIGN_IN)], sent[-1][1]
    answer(client)
    client.logout()
    session = client.session
    session[codes._key(codes.SIGN_IN)] = kept
    session.save()
    assert "已失效" in main(answer(client, code))


def test_a_code_is_good_in_the_browser_that_asked_alone(client):
    ask(client)
    other = Client()
    assert answer(other).url == "/accounts/login/"
    ask(other, "13905380009")
    assert "验证码不对" in main(answer(other, sent[0][1]))


def test_a_code_to_sign_in_by_erases_nothing(client):
    user = get_user_model().objects.create_user(mobile=MOBILE)
    ask(client)
    client.force_login(user)
    client.post("/accounts/erase/", {"erase": "1", "code": sent[-1][1], "is_sure": "on"})
    assert get_user_model().objects.filter(pk=user.pk).exists()


def test_asking_twice_within_a_minute_sends_one_code_and_the_page_in_both_tabs_takes_it(client):
    ask(client)
    assert ask(client).url == "/accounts/code/"
    assert len(sent) == 1
    assert answer(client).url == "/"


def test_another_code_takes_the_place_of_the_first(client):
    with time_machine.travel(days.at(dt.date(2026, 11, 1), 9), tick=False) as clock:
        ask(client)
        clock.shift(codes.WAIT_S)
        assert client.post("/accounts/code/", {"again": "1"}).url == "/accounts/code/"
        assert len(sent) == 2
        assert Code.objects.count() == 1
        if sent[0][1] != sent[1][1]:
            assert "验证码不对" in main(answer(client, sent[0][1]))
        assert answer(client).url == "/"


def test_neither_number_nor_code_is_in_a_column(client):
    ask(client)
    row = Code.objects.get()
    kept = f"{row.token} {row.digest} {list(Tally.objects.values_list('key', flat=True))}"
    assert "13805380001" not in kept
    assert sent[-1][1] != row.digest
    assert "shown" in client.session[codes._key(codes.SIGN_IN)]
    assert client.session[codes._key(codes.SIGN_IN)]["shown"] == ""


def test_a_message_that_could_not_be_sent_is_said_and_logged_without_its_code(client, settings, caplog):
    settings.SMS_SENDER = "tests.shop.test_codes.no_post_today"
    response = ask(client)
    assert "短信没有发出去" in main(response)
    assert "a code could not be sent: OSError" in caplog.text
    assert "operator.example" not in caplog.text
    assert not Code.objects.exists()


# ── How many ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_number_gets_one_code_a_minute_from_wherever_it_is_asked_for():
    ask(Client())
    response = ask(Client(), "+86 13805380001")
    assert "太频繁" in main(response)
    assert len(sent) == 1


def test_a_number_gets_five_codes_an_hour_and_ten_a_day():
    with time_machine.travel(days.at(dt.date(2026, 11, 1), 1), tick=False) as clock:
        got = []
        for _hour in range(4):
            for _ in range(7):
                ask(Client())
                clock.shift(61)
            got.append(len(sent))
            clock.shift(3600)
        assert got == [5, 10, 10, 10]
        clock.shift(86_400)
        ask(Client())
        assert len(sent) == 11


def test_an_address_gets_thirty_codes_an_hour_for_whatever_numbers():
    with time_machine.travel(days.at(dt.date(2026, 11, 1), 9), tick=False) as clock:
        for n in range(32):
            ask(Client(), f"138053800{n:02d}")
            clock.shift(5)
        assert len(sent) == 30
        ask(Client(REMOTE_ADDR="203.0.113.9"), "13905380009")
        assert len(sent) == 31


def test_a_household_of_ipv6_is_one_address_and_a_forged_header_is_none(rf, settings):
    assert limits.address_of(rf.get("/", REMOTE_ADDR="2001:db8:1:2:a::1")) == "2001:db8:1:2::/64"
    forged = rf.get("/", REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR="198.51.100.1")
    assert limits.address_of(forged) == "203.0.113.9"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    behind = rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.1, 203.0.113.9")
    assert limits.address_of(behind) == "203.0.113.9"


def test_a_limit_begins_anew_when_its_time_is_over():
    limit = limits.Limit("test", 2, 60)
    with time_machine.travel(days.at(dt.date(2026, 11, 1), 9), tick=False) as clock:
        assert [limits.take("a", limit) for _ in range(3)] == [True, True, False]
        assert limits.take("b", limit)
        clock.shift(59)
        assert not limits.take("a", limit)
        clock.shift(1)
        assert [limits.take("a", limit) for _ in range(3)] == [True, True, False]
        limits.forget("a", limit)
        assert limits.take("a", limit)


def at_once(do, *, times: int) -> list:
    start = Barrier(times)

    def one(_n):
        try:
            start.wait()
            return do()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


@pytest.mark.django_db(transaction=True)
def test_of_twelve_tries_at_once_a_limit_of_five_lets_five_through():
    limit = limits.Limit("race", 5, 60)
    assert sum(at_once(lambda: limits.take("a", limit), times=12)) == 5


@pytest.mark.django_db(transaction=True)
def test_counted_by_reading_first_more_get_through():
    """The control: what the condition in the UPDATE is for."""
    Tally.objects.create(key="naive", ends_at=days.now() + dt.timedelta(minutes=1))
    everybody_has_read = Barrier(12)

    def naive() -> bool:
        row = Tally.objects.get(pk="naive")
        everybody_has_read.wait()
        Tally.objects.filter(pk="naive").update(tries=row.tries + 1)
        return row.tries < 5

    assert sum(at_once(naive, times=12)) == 12


@pytest.mark.django_db(transaction=True)
def test_of_the_right_code_brought_twelve_times_at_once_one_is_taken(rf, settings):
    settings.SMS_SENDER = "tests.shop.test_codes.post_office"
    request = rf.post("/")
    request.session = {}
    codes.send(request, mobile=MOBILE, purpose=codes.SIGN_IN)
    kept = dict(request.session)

    def bring() -> bool:
        mine = rf.post("/")
        mine.session = dict(kept)
        try:
            return bool(codes.check(mine, purpose=codes.SIGN_IN, code=sent[-1][1]))
        except codes.Over:
            return False

    assert sum(at_once(bring, times=12)) == 1


# ── The demo, and production ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_demo_shows_the_code_on_its_page_and_on_the_console(client, settings, capsys):
    settings.SMS_SENDER = settings.SMS_CONSOLE
    ask(client)
    shown = re.search(r"data-demo-code>(\d{6})<", main(client.get("/accounts/code/"))).group(1)
    assert f"[SMS to {MOBILE}] {shown}" in capsys.readouterr().out
    assert answer(client, shown).url == "/"


def test_production_never_shows_a_code(client, settings):
    settings.SMS_SENDER, settings.PRODUCTION = settings.SMS_CONSOLE, True
    ask(client)
    assert "data-demo-code" not in main(client.get("/accounts/code/"))


def test_without_a_sender_there_is_the_sign_in_by_email_alone(client, settings):
    settings.SMS_SENDER = ""
    assert 'name="mobile"' not in main(client.get("/accounts/login/"))
    assert ask(client).status_code == 200
    assert (Code.objects.count(), sent) == (0, [])


def test_production_refuses_the_sender_that_prints(monkeypatch):
    from cryptography.fernet import Fernet

    from shop import settings as project

    values = {
        "ALLOWED_HOSTS": "shop.example",
        "SECRET_KEY": "x" * 60,
        "PII_KEYS": Fernet.generate_key().decode(),
        "DATABASE_URL": "postgres://nowhere/x",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("settings_in_production", project.__file__)
    one = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(one)
    assert (one.SMS_SENDER, one.ALLAUTH_TRUSTED_PROXY_COUNT) == ("", 1)
    monkeypatch.setenv("SMS_SENDER", one.SMS_CONSOLE)
    with pytest.raises(ImproperlyConfigured, match="SMS_SENDER"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


# ── Another number ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_number_becomes_ones_own_by_its_code(client):
    user = f.make_user()
    client.force_login(user)
    assert client.post("/accounts/mobile/", {"mobile": "13805380001"}).url == "/accounts/mobile/code/"
    assert client.post("/accounts/mobile/code/", {"code": sent[-1][1]}).url == "/accounts/profile/"
    user.refresh_from_db()
    assert str(user.mobile) == MOBILE


def test_somebody_elses_number_stays_his(client):
    his = get_user_model().objects.create_user(mobile=MOBILE)
    mine = f.make_user()
    client.force_login(mine)
    client.post("/accounts/mobile/", {"mobile": "13805380001"})
    response = client.post("/accounts/mobile/code/", {"code": sent[-1][1]}, follow=True)
    assert "已有自己的账号" in main(response)
    mine.refresh_from_db()
    assert mine.mobile is None
    assert get_user_model().objects.get(mobile=MOBILE) == his


def test_who_has_a_password_is_asked_for_it_before_the_number_changes(client):
    client.force_login(f.make_user(password="walnuts-from-wuxi"))
    assert client.get("/accounts/mobile/").url.startswith("/accounts/reauthenticate/")
    assert client.post("/accounts/mobile/", {"mobile": "13805380001"}).url.startswith("/accounts/reauthenticate/")
    assert sent == []


def test_fields_of_forms_do_not_leak_from_one_to_the_other():
    account_forms.EraseForm(proof="code")
    assert account_forms.CodeForm().fields["code"].widget.attrs["autofocus"]
