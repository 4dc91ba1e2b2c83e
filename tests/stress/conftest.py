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


@pytest.fixture(scope="session", params=machine.KINDS)
def store(request, tmp_path_factory, server):
    one = machine.Store(request.param, tmp_path_factory.mktemp("db"), server)
    yield one
    one.close()


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory, server):
    """A store for what does not depend on the kind of database."""
    one = machine.Store("postgresql", tmp_path_factory.mktemp("db"), server)
    yield one
    one.close()


@pytest.fixture(scope="session")
def tables(store, tmp_path_factory) -> machine.Database:
    """A database with tables and nothing in them."""
    return machine.with_tables(store, tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="session")
def unassessed(store, tables, tmp_path_factory) -> machine.Database:
    """The small half-year, happened, refunds and all, and no shipment of it assessed."""
    database = store.copy(tables)
    machine.program(database, tmp_path_factory.mktemp("half-year"), "half-year")
    return database


@pytest.fixture(scope="session")
def assessed(store, unassessed, tmp_path_factory) -> tuple[machine.Database, dict]:
    """The same after an undisturbed assessment; and how many statements and seconds that took."""
    database = store.copy(unassessed)
    return database, machine.program(database, tmp_path_factory.mktemp("assessed"), "run", "assess")
