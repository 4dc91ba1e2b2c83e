"""County staff's pages work without the network, and nobody else gets in."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from tests import factories as f

pytestmark = pytest.mark.django_db
PAGES = [
    "dashboard:index",
    "dashboard:catalogue-product-list",
    "dashboard:catalogue-category-list",
    "dashboard:catalogue-class-create",
    "dashboard:order-list",
    "dashboard:order-stats",
    "dashboard:partner-list",
    "dashboard:users-index",
    "dashboard:offer-list",
    "dashboard:voucher-list",
    "dashboard:range-list",
    "dashboard:reports-index",
    "dashboard:page-list",
    "dashboard:stock-alert-list",
]


def sign_in(client, **flags):
    client.force_login(get_user_model().objects.create_user("someone@demo.example", **flags))


@pytest.mark.parametrize("page", PAGES)
def test_staff_pages_load_nothing_from_elsewhere_and_no_script_without_a_nonce(client, page):
    sign_in(client, is_staff=True)
    f.make_pack()
    response = client.get(reverse(page))
    html = response.content.decode()
    assert response.status_code == 200
    assert not re.search(r"""(src|href)=["'](https?:)?//""", html)
    assert "tinymce" not in html
    nonce = re.search(r"'nonce-([^']+)'", response["Content-Security-Policy"])[1]
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", html) == [f'<script nonce="{nonce}">']


@pytest.mark.parametrize("page", PAGES)
def test_people_who_are_no_staff_do_not_get_in(client, page):
    sign_in(client)
    assert client.get(reverse(page)).status_code in (302, 403)


def test_staff_sign_in_where_everybody_does(client):
    response = client.get(reverse("dashboard:index"), follow=True)
    assert response.request["PATH_INFO"] == reverse("account_login")
    assert response.request["QUERY_STRING"] == "next=%2Fdashboard%2F"


def test_oscars_own_ways_to_sign_up_lead_to_the_one_there_is(client):
    assert client.get("/accounts/register/").headers["Location"] == reverse("account_signup")


def test_staff_cancel_an_order_by_the_one_way_there_is(client):
    sign_in(client, is_staff=True)
    pack = f.make_pack(in_stock=10)
    order = f.place_order((pack, 4))
    stock = pack.product.stockrecords.get()
    assert stock.num_allocated == 4
    url = reverse("dashboard:order-detail", args=[order.number])
    html = client.get(url).content.decode()
    assert 'value="cancelled"' in html
    assert 'value="dispatched"' not in html
    assert "create_shipping_event" not in html
    client.post(url, {"order_action": "change_order_status", "new_status": "cancelled"})
    order.refresh_from_db()
    stock.refresh_from_db()
    assert (order.status, stock.num_allocated) == ("cancelled", 0)
