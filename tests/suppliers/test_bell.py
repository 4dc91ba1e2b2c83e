"""Bells ring after the commit; a Redis that is down, or silent, costs a buyer nothing."""

import socket
import subprocess
import time

import pytest
from celery import Celery
from django.db import transaction

from shop.supervisor import valkey_command
from suppliers.base import bell


@pytest.fixture(autouse=True)
def no_grudge(monkeypatch):
    monkeypatch.setattr(bell, "_silent_until", 0.0)


def task_at(broker: str):
    app = Celery("test", broker=broker, set_as_current=False)

    @app.task(name="test.due")
    def due(*ids: int) -> None: ...

    return due


def test_a_bell_waits_for_the_commit(db, django_capture_on_commit_callbacks, monkeypatch):
    rung = []
    monkeypatch.setattr(bell, "_ring_now", lambda task, *ids: rung.append(ids))
    task = task_at("memory://")
    with django_capture_on_commit_callbacks(execute=True):
        bell.ring(task, 7)
        assert rung == []
    assert rung == [(7,)]


def test_what_is_rolled_back_rings_no_bell(db, django_capture_on_commit_callbacks, monkeypatch):
    rung = []
    monkeypatch.setattr(bell, "_ring_now", lambda task, *ids: rung.append(ids))
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        bell.ring(task_at("memory://"), 7)
        transaction.set_rollback(True)
    assert rung == []


def test_a_redis_that_is_down_keeps_nobody_waiting():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    task, began = task_at(f"redis://127.0.0.1:{port}/0"), time.monotonic()
    assert not bell._ring_now(task, 1)
    assert time.monotonic() - began < 1


def test_a_redis_that_never_answers_is_given_up_in_less_than_a_second_and_then_left_alone():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        task, began = task_at(f"redis://127.0.0.1:{silent.getsockname()[1]}/0"), time.monotonic()
        assert not bell._ring_now(task, 1)
        assert time.monotonic() - began < 1
        again = time.monotonic()
        assert not bell._ring_now(task, 2)
        assert time.monotonic() - again < 0.05


def test_a_bell_rings_in_the_embedded_valkey(tmp_path):
    path = tmp_path / "valkey.sock"
    server = subprocess.Popen(valkey_command(path), stdout=subprocess.DEVNULL)
    try:
        for _attempt in range(100):
            if path.exists():
                break
            time.sleep(0.05)
        task = task_at(f"redis+socket://{path}")
        assert bell._ring_now(task, 7)
        with task.app.connection_for_read() as connection:
            message = connection.SimpleQueue("celery").get(timeout=2)
        assert message.headers["task"] == "test.due"
        assert message.payload[0] == [7]
    finally:
        server.terminate()
        server.wait(5)
