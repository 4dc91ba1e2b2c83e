from django.urls import path
from oscar.apps.customer.apps import CustomerConfig as OscarCustomerConfig


class CustomerConfig(OscarCustomerConfig):
    name = "shop.customer"

    def get_urls(self) -> list:
        """One's orders and addresses; signing in, passwords and mail addresses are allauth's and shop.accounts'."""
        from . import views_account as views

        return [
            path("", views.account, name="summary"),
            path("orders/", views.order_list, name="orders"),
            path("addresses/", views.addresses, name="addresses"),
            path("addresses/new/", views.address, name="address-new"),
            path("addresses/<int:pk>/", views.address, name="address"),
            path("addresses/<int:pk>/default/", views.prefer_address, name="address-default"),
            path("addresses/<int:pk>/remove/", views.forget_address, name="address-remove"),
        ]
