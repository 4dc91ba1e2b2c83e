"""County staff give money back on a page: a preview first, then once."""

import datetime as dt

import pytest
from django.urls import reverse

from shop.models import Refund, Sale
from suppliers.base import access
from tests import factories as f

pytestmark = pytest.mark.django_db

DAY = dt.date(2019, 3, 5)


@pytest.fixture
def order():
    return f.sell((f.make_pack(), 1), on=DAY)


@pytest.fixture
def form(order):
    """The fields of a refund of 500 g and 17.60 of the order's line."""
    line = order.sale.lines.get()
    return {f"kg_{line.pk}": "0.5", f"yuan_{line.pk}": "17.60", "reason": "两个坏果", "on": "2019-03-20", "key": "k1"}


@pytest.fixture
def staff(client):
    client.force_login(f.make_user("staff", is_staff=True))
    return client


def page(order) -> str:
    return reverse("refund", args=[order.number])


def test_the_first_post_shows_what_will_happen_and_changes_nothing(staff, order, form):
    shown = staff.post(page(order), form)
    assert "17.60" in shown.content.decode()
    assert not Refund.objects.exists()


def test_the_second_post_gives_it_back_and_a_third_changes_nothing(staff, order, form):
    for _ in range(2):
        assert staff.post(page(order), form | {"confirmed": "yes"}).status_code == 302
    sale = Sale.objects.get(order=order)
    assert (sale.refunded_goods_fen, Refund.objects.count()) == (1_760, 1)
    assert sale.lines.get().refunded_g == 500


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("yuan", "88.01"),
        ("yuan", "-1"),
        ("yuan", "10e9"),
        ("yuan", "abc"),
        ("kg", "2.501"),
        ("kg", "-1"),
        ("kg", "1e9"),
    ],
)
def test_more_than_is_left_or_no_number_is_said_at_its_field(staff, order, form, field, value):
    name = f"{field}_{order.sale.lines.get().pk}"
    shown = staff.post(page(order), form | {name: value, "confirmed": "yes"})
    assert shown.status_code == 200
    assert shown.context["form"].errors.keys() == {name}
    assert not Refund.objects.exists()


@pytest.mark.parametrize("day", ["2019-03-04", "2999-01-01", "gestern"])
def test_a_day_before_payment_or_to_come_is_said_at_its_field(staff, order, form, day):
    shown = staff.post(page(order), form | {"on": day, "confirmed": "yes"})
    assert shown.context["form"].errors.keys() == {"on"}
    assert not Refund.objects.exists()


def test_a_refund_without_an_amount_is_refused(staff, order):
    shown = staff.post(page(order), {"reason": "x", "on": "2019-03-20", "key": "k", "confirmed": "yes"})
    assert shown.context["form"].non_field_errors()
    assert not Refund.objects.exists()


def test_nobody_but_county_staff_finds_the_page(client, order, form):
    assert client.post(page(order), form).status_code == 302  # to the sign-in
    for user in (
        f.make_user("buyer"),
        f.make_user("o", *access.ROLES),
        f.make_user("c", cooperative=f.make_cooperative()),
    ):
        client.force_login(user)
        assert client.post(page(order), form | {"confirmed": "yes"}).status_code == 404
    assert not Refund.objects.exists()
