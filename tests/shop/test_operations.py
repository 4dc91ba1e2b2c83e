import socket
from unittest.mock import Mock

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection


@pytest.fixture
def dead_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return closed.getsockname()[1]


def test_alive_means_that_the_process_answers(client):
    # No database mark: asking it would fail this test.
    assert client.get("/healthz").content == b"ok\n"


@pytest.mark.django_db
def test_ready_while_the_database_answers_even_without_redis(client, settings, dead_port):
    settings.REDIS_URL = f"redis://127.0.0.1:{dead_port}/0"
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.content.decode().splitlines() == [
        "Database: OK",
        "Bell: Warning: no Redis: what is due in the background waits",
    ]


@pytest.mark.django_db
def test_counters_are_for_this_machine_and_county_staff(client):
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 404
    client.force_login(get_user_model().objects.create_user("staff@demo.example", is_staff=True))
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 200


@pytest.mark.django_db
def test_not_ready_without_the_database(client, monkeypatch):
    monkeypatch.setattr(connection, "temporary_connection", Mock(side_effect=OperationalError("gone")))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.content.startswith(b"Database: Unavailable")
