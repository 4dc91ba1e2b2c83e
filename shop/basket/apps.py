from django.urls import path, re_path
from oscar.apps.basket.apps import BasketConfig as OscarBasketConfig


class BasketConfig(OscarBasketConfig):
    name = "shop.basket"

    def get_urls(self) -> list:
        """Our pages at Oscar's addresses; vouchers and saved baskets are no part of the shop."""
        from . import views

        return [path("", views.basket, name="summary"), re_path(r"^add/(?P<pk>\d{1,18})/$", views.add, name="add")]
