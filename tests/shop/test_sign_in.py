"""People sign in and land where their work is."""

import datetime as dt
import time
from dataclasses import replace

import pytest
import time_machine
from allauth.mfa.totp.internal import auth as totp_auth
from django.core.cache import cache
from django.urls import reverse

from shop.accounts import adapter
from shop.accounts.models import Tally
from suppliers.base import access, days
from tests import factories as f

pytestmark = pytest.mark.django_db

PASSWORD = "walnuts-from-wuxi"


@pytest.mark.parametrize(
    ("role", "lands"),
    [
        ("buyer", "/"),
        ("cooperative", "/cooperative/"),
        (access.OFFICIAL, "/officials/"),
        (access.TAIAN, "/officials/"),
        (access.TOWNSHIP, "/officials/slips/"),
        ("staff", "/officials/"),
    ],
)
def test_everybody_lands_where_the_work_is(client, role, lands):
    if role == "cooperative":
        user = f.make_user(cooperative=f.make_cooperative(), password=PASSWORD)
    elif role == "staff":
        user = f.make_user(is_staff=True, password=PASSWORD)
    else:
        user = f.make_user("", *([] if role == "buyer" else [role]), password=PASSWORD)
    answer = client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert (answer.status_code, answer.url) == (302, lands)


def test_a_page_that_asked_for_the_sign_in_is_where_one_goes_on(client):
    user = f.make_user("", access.OFFICIAL, password=PASSWORD)
    where = reverse("account_login") + "?next=/officials/subsidy/"
    assert client.post(where, {"login": user.email, "password": PASSWORD}).url == "/officials/subsidy/"


def test_nobody_is_sent_to_another_site(client):
    user = f.make_user(password=PASSWORD)
    where = reverse("account_login") + "?next=https://elsewhere.example/"
    assert client.post(where, {"login": user.email, "password": PASSWORD}).url == "/"


# ── Guessing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def sign_in(client, login: str, password: str, **where):
    return client.post(reverse("account_login"), {"login": login, "password": password}, **where)


def is_let_in(answer) -> bool:
    return answer.status_code == 302


@pytest.fixture
def another_process():
    """Begin as a process does that was started after the others: with an empty cache of its own."""

    def begin() -> None:
        cache.clear()

    return begin


def test_five_guesses_at_a_password_are_all_whichever_processes_are_asked(client, another_process):
    user = f.make_user(password=PASSWORD)
    for _ in range(5):
        assert not is_let_in(sign_in(client, user.email, "guess"))
        another_process()
    refused = sign_in(client, user.email.upper(), PASSWORD)
    assert not is_let_in(refused)
    assert "登录失败次数过多" in refused.content.decode()
    with time_machine.travel(days.now() + dt.timedelta(minutes=6)):
        assert is_let_in(sign_in(client, user.email, PASSWORD))


def test_the_right_password_is_no_guess_and_does_not_take_guesses_back(client):
    user = f.make_user(password=PASSWORD)
    for _ in range(4):
        sign_in(client, user.email, "guess")
    for _ in range(3):
        assert is_let_in(sign_in(client, user.email, PASSWORD))
        client.logout()
    assert not is_let_in(sign_in(client, user.email, "guess"))
    assert not is_let_in(sign_in(client, user.email, PASSWORD))


def test_from_one_address_many_accounts_are_not_guessed_at(client, monkeypatch):
    monkeypatch.setattr(adapter, "PASSWORDS_FROM", replace(adapter.PASSWORDS_FROM, times=3))
    for n in range(3):
        sign_in(client, f"nobody{n}@demo.example", "guess")
    user = f.make_user(password=PASSWORD)
    assert not is_let_in(sign_in(client, user.email, PASSWORD))
    assert is_let_in(sign_in(client, user.email, PASSWORD, REMOTE_ADDR="203.0.113.9"))


def test_five_guesses_at_a_second_factor_are_all(client, another_process):
    user = f.make_user(password=PASSWORD)
    secret = totp_auth.generate_totp_secret()
    totp_auth.TOTP.activate(user, secret)
    assert sign_in(client, user.email, PASSWORD).url == reverse("mfa_authenticate")
    for _ in range(5):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
        another_process()
    counter = int(time.time()) // 30
    right = totp_auth.format_hotp_value(totp_auth.hotp_value(secret, counter))
    refused = client.post(reverse("mfa_authenticate"), {"code": right})
    assert "请 5 分钟后再试" in refused.content.decode()
    Tally.objects.all().delete()
    assert is_let_in(client.post(reverse("mfa_authenticate"), {"code": right}))
