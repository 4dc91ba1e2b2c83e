from django.urls import path
from oscar.apps.search.apps import SearchConfig as OscarSearchConfig


class SearchConfig(OscarSearchConfig):
    name = "shop.search"

    def get_urls(self) -> list:
        """Our search at Oscar's address: its own finds nothing in Chinese."""
        from shop.catalogue import views

        return [
            path("", views.search, name="search"),
            path("suggestions/", views.suggestions, name="suggestions"),
        ]
