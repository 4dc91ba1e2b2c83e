from django.urls import path, re_path
from oscar.apps.catalogue.apps import CatalogueConfig as OscarCatalogueConfig


class CatalogueConfig(OscarCatalogueConfig):
    name = "shop.catalogue"

    def get_urls(self) -> list:
        """Our pages at Oscar's addresses; its reviews and ranges are no part of the shop."""
        from . import views

        return [
            path("", views.produce_list, name="index"),
            re_path(r"^category/(?P<category_slug>[\w-]+(?:/[\w-]+)*)_(?P<pk>\d+)/$", views.category, name="category"),
            re_path(r"^(?P<product_slug>[\w-]*)_(?P<pk>\d{1,18})/$", views.product, name="detail"),
        ]
