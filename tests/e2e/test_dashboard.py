"""County staff's pages in a real browser: no script is refused, nothing comes from elsewhere."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from tests import factories as f

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def tolerated():
    # Oscar's templates have such attributes; our script does what they say (shop/static/shop/js/dashboard.js).
    return ("inline style violates", "inline event handler violates")


def sign_in(page, live_server, user) -> None:
    client = Client()
    client.force_login(user)
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )


def test_the_dashboards_scripts_run_without_the_editor_they_ask_for(page, live_server):
    staff = get_user_model().objects.create_user("staff@demo.example", is_staff=True, is_superuser=True)
    pack = f.make_pack()
    sign_in(page, live_server, staff)
    page.goto(reverse("dashboard:catalogue-product", args=[pack.product.pk]))
    page.wait_for_function("window.oscar && window.jQuery")
    assert page.evaluate("typeof tinymce") == "undefined"
    page.goto(reverse("dashboard:catalogue-product-list"))
    hidden = page.locator(".bulk-actions .action-counter")
    assert not hidden.is_visible()
    page.locator("input[name=selected_product]").first.check()
    assert hidden.is_visible()
