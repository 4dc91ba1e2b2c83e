"""Redis is down, or silent, or its worker is killed: buyers buy, and what was due happens when it is back.

Guards: a bell rings after the commit, without retry and with a short patience, and what it throws reaches nobody
(`suppliers.base.bell.ring`); the sweep finds what no bell was heard for (shop/tasks.py). Controls: Celery's bare `.delay()`
in the same place; a worker without the sweep.
"""

import re
import socket
from contextlib import contextmanager

import pytest

from tests import real
from tests.stress import machine
from tests.stress.test_assessment import AWARDS

PATIENCE_S = 1.5


@contextmanager
def closed():
    """A broker that refuses: nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def black_hole():
    """A broker that takes calls and never answers one."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield f"redis://127.0.0.1:{silent.getsockname()[1]}/0"


class Trade:
    """A shop with a box of walnuts in it, a buyer, and its cooperative; each step's answer is kept."""

    def __init__(self, shop: real.Shop, goods: dict):
        self.goods = goods
        self.buyer = machine.Visitor(shop.url)
        self.cooperative = machine.Visitor(shop.url, session=goods["session"])

    def place(self) -> machine.Answer:
        self.buyer.get(self.goods["page"])
        self.buyer.post(f"/basket/add/{self.goods['product']}/", quantity="1")
        self.buyer.get("/checkout/")
        placed = self.buyer.post("/checkout/", **machine.WANG)
        self.pay_page = placed.location
        return placed

    def pay(self) -> machine.Answer:
        self.buyer.get(self.pay_page)
        return self.buyer.post(self.pay_page)

    def dispatch(self, *, seconds: float = 60) -> machine.Answer:
        listed = self.cooperative.get("/cooperative/consignments/?state=to_ship")
        path = re.search(r'href="(/cooperative/consignments/[^/"?]+/)', listed.text)[1] + "ship/"
        day = re.search(r'name="on"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="on"', self.cooperative.get(path).text)
        return self.cooperative.post(
            path,
            seconds=seconds,
            carried_by="SF",
            waybill="SF123456789012",
            gross_kg="2.65",
            freight="18.00",
            on=day[1] or day[2],
        )


@pytest.fixture(params=[closed, black_hole])
def trade(request, postgresql, tmp_path):
    """How to open a shop whose broker is dead, with or without the guard."""

    @contextmanager
    def opened(*, without: str = ""):
        full, goods = postgresql.shelf
        database = postgresql.copy(full)
        with request.param() as broker, machine.shop(tmp_path, database, WEB_CONCURRENCY="1") as shop:
            living = shop.environment["REDIS_URL"]
            shop.environment["REDIS_URL"] = broker
            machine.start_web(shop, without=without)
            shop.environment["REDIS_URL"] = living
            yield shop, database, Trade(shop, goods)

    opened.is_silent = request.param is black_hole
    return opened


def test_with_redis_dead_all_is_sold_paid_and_sent_and_assessed_once_it_is_back(trade):
    with trade() as (shop, database, buyer_and_seller):
        for step in (buyer_and_seller.place, buyer_and_seller.pay, buyer_and_seller.dispatch):
            answer = step()
            assert (answer.status, answer.seconds < PATIENCE_S) == (302, True), step.__name__
        assert database.rows("SELECT status FROM audit_orders") == [("dispatched",)]
        assert database.rows(AWARDS) == []
        shop.start_bell()
        machine.start_worker(shop, beat=True)
        log = shop.folder / "worker.log"
        real.wait_until(lambda: database.rows(AWARDS), seconds=40, what="the sweep assesses it", log=log)


def test_with_a_bare_delay_the_sender_gets_an_error_or_waits(trade):
    with trade(without="bell") as (_shop, _database, buyer_and_seller):
        assert buyer_and_seller.place().status == 302
        assert buyer_and_seller.pay().status == 302
        if trade.is_silent:
            with pytest.raises(TimeoutError):
                buyer_and_seller.dispatch(seconds=2 * PATIENCE_S)
        else:
            assert buyer_and_seller.dispatch().status == 500


def test_what_a_killed_worker_had_begun_is_finished_by_the_sweep_and_by_nothing_else(postgresql, tmp_path):
    expected = postgresql.assessed.database.rows(AWARDS)
    database = postgresql.copy(postgresql.unassessed)
    with machine.shop(tmp_path, database) as shop:
        shop.start_bell()
        machine.start_worker(shop, app="tests.stress.slow_worker", beat=False)
        shop.run("-m", "tests.stress.program", "bell")
        is_assessing = (tmp_path / "assessing").exists
        real.wait_until(is_assessing, seconds=40, what="the worker assesses", log=tmp_path / "worker.log")
        shop.kill("worker")
        assert database.rows(AWARDS) == []

        # The control: a worker alone. The message was the dead worker's, and comes back after ten minutes.
        machine.start_worker(shop, beat=False)
        shop.run("-m", "tests.stress.program", "heard")  # a worker that is up answers
        with pytest.raises(AssertionError, match="still not so"):
            real.wait_until(lambda: database.rows(AWARDS), seconds=3, what="it assesses by itself")

        machine.start_beat(shop)
        log = tmp_path / "worker.log"
        real.wait_until(lambda: database.rows(AWARDS) == expected, seconds=40, what="the sweep does it", log=log)
