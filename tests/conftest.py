"""What all tests share."""

import socket

import pytest
from django.core.cache import caches


@pytest.fixture(autouse=True)
def no_foreign_sockets(monkeypatch):
    """Let a test reach this machine only."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "localhost", "::1"):
            raise RuntimeError(f"a test wanted to talk to {address[0]}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def nothing_kept():
    """Begin with empty caches: no page, no count of tries is left from another test."""
    for cache in caches.all(initialized_only=True):
        cache.clear()


@pytest.fixture(autouse=True)
def china(request):
    """Have the rows that migrations make, which the tests do without, wherever a test uses the database."""
    used = {"db", "transactional_db", "live_server"}.intersection(request.fixturenames)
    if used or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("_django_db_helper")
        from oscar.core.loading import get_model

        from shop.address.countries import add_china

        add_china(get_model("address", "Country"))
