from django.urls import path
from oscar.apps.customer.apps import CustomerConfig as OscarCustomerConfig


class CustomerConfig(OscarCustomerConfig):
    name = "shop.customer"

    def get_urls(self) -> list:
        """One page of one's own; signing in, passwords and mail addresses are allauth's."""
        from . import views

        return [
            path("", views.account, name="summary"),
            path("addresses/<int:pk>/remove/", views.forget_address, name="address-remove"),
        ]
