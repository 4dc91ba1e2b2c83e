"""How many statements each page needs, under the settings of either shop."""

import json
import re

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from oscar.core.loading import get_model

Product = get_model("catalogue", "Product")
Category = get_model("catalogue", "Category")


def statements(visitor: Client, method: str, path: str, data: dict | None = None) -> int:
    with CaptureQueriesContext(connection) as seen:
        answer = getattr(visitor, method)(path, data, secure=True)
    if answer.status_code not in (200, 302):
        raise SystemExit(f"{method} {path}: {answer.status_code}")
    return len([one for one in seen.captured_queries if not re.match(r"(BEGIN|COMMIT|SAVEPOINT|RELEASE)", one["sql"])])


def main() -> None:
    products = list(Product.objects.order_by("pk")[:12])
    category = Category.objects.order_by("path").first().get_absolute_url()
    pages = {
        "category": ("get", f"{category}?page=2"),
        "product": ("get", products[0].get_absolute_url()),
        "search": ("get", f"/search/?q={products[0].title.split()[0]}"),
        "add": ("post", f"/basket/add/{products[3].pk}/", {"quantity": "1"}),
        "basket": ("get", "/basket/"),
    }
    shopper = Client(SERVER_NAME="127.0.0.1")
    for product in products[:3]:
        shopper.post(f"/basket/add/{product.pk}/", {"quantity": "1"}, secure=True)
    for page in pages.values():  # what is asked once and kept
        statements(shopper if "basket" in page[1] else Client(SERVER_NAME="127.0.0.1"), *page)
    print(
        json.dumps(
            {
                name: statements(shopper if "basket" in page[1] else Client(SERVER_NAME="127.0.0.1"), *page)
                for name, page in pages.items()
            }
        )
    )
