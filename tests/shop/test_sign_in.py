"""People sign in and land where their work is."""

import pytest
from django.urls import reverse

from suppliers.base import access
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
