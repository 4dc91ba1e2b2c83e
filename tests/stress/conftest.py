"""Databases for the stress tests: filled once a kind, and copied for each test."""

import os
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests import postgres
from tests.stress import machine


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def server() -> str:
    """The PostgreSQL of this test run; one of our own where it runs on SQLite."""
    given = os.environ["DATABASE_URL"]
    if given.startswith("sqlite"):
        given = postgres.start()
    return urlunsplit(urlsplit(given)._replace(scheme="postgresql"))


@pytest.fixture(scope="session")
def stores(tmp_path_factory, server):
    found = {kind: machine.Store(kind, tmp_path_factory.mktemp("db"), server) for kind in machine.KINDS}
    yield found
    for one in found.values():
        one.close()


@pytest.fixture(scope="session", params=machine.KINDS)
def store(request, stores) -> machine.Store:
    """Databases of one kind, then of the other."""
    return stores[request.param]


@pytest.fixture(scope="session")
def postgresql(stores) -> machine.Store:
    """For what does not depend on the kind of database."""
    return stores["postgresql"]
