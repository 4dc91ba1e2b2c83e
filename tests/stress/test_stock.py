"""Fifty buyers at once for the last ten, through a real gunicorn.

Guard: stock is held by one conditional UPDATE (shop/partner/models.py). Control: with Oscar's own, more are sold.
"""

import threading

import pytest

from tests.stress import machine

BUYERS, IN_STOCK = 50, 10
ATTEMPTS = 5  # without the guard it is a race, which the shop may win now and then


def rush(url: str, goods: dict) -> list[machine.Answer]:
    """Let everybody buy one, the last click at the same moment; return all that the server answered."""
    answers: list[machine.Answer] = []
    failures: list[BaseException] = []
    ready = threading.Barrier(BUYERS)

    def buy(n: int) -> None:
        # Each with a telephone and an address of his own: of one there are no more than a few unpaid orders at once.
        visitor = machine.Visitor(url, address=f"10.0.0.{n + 1}")
        try:
            answers.append(visitor.get(goods["page"]))
            answers.append(visitor.post(f"/basket/add/{goods['product']}/", quantity="1"))
            answers.append(visitor.get("/checkout/"))
            ready.wait(60)
            answers.append(visitor.post("/checkout/", **machine.WANG | {"mobile": f"1380538{n:04d}"}))
        except (OSError, threading.BrokenBarrierError) as failure:
            failures.append(failure)
            ready.abort()

    buyers = [threading.Thread(target=buy, args=(n,)) for n in range(BUYERS)]
    for buyer in buyers:
        buyer.start()
    for buyer in buyers:
        buyer.join()
    assert failures == []
    return answers


def test_of_fifty_buyers_at_once_ten_get_the_last_ten_and_nobody_an_error(store, tmp_path):
    full, goods = store.shelf
    database = store.copy(full)
    with machine.shop(tmp_path, database, TRUSTED_PROXIES="1") as shop:
        machine.start_web(shop)
        answers = rush(shop.url, goods)
    assert len(answers) == 4 * BUYERS
    assert max(answer.status for answer in answers) < 400
    last = [answer.location for answer in answers if answer.location.startswith(("/orders/", "/basket/"))]
    assert sum(location.endswith("/pay/") for location in last) == IN_STOCK
    assert database.rows("SELECT on_hand, allocated FROM audit_stock") == [(10, 10)]
    assert database.rows("SELECT COUNT(*) FROM audit_orders") == [(10,)]
    assert database.rows("SELECT SUM(quantity) FROM audit_lines") == [(10,)]


def test_without_the_conditional_update_more_than_ten_are_sold(store, tmp_path):
    full, goods = store.shelf
    for attempt in range(ATTEMPTS):
        database = store.copy(full)
        folder = tmp_path / str(attempt)
        folder.mkdir()
        with machine.shop(folder, database, TRUSTED_PROXIES="1") as shop:
            machine.start_web(shop, without="stock")
            rush(shop.url, goods)
        if database.rows("SELECT allocated FROM audit_stock")[0][0] > IN_STOCK:
            return
    pytest.fail(f"in {ATTEMPTS} attempts nothing was sold twice: the test above does not show its guard")
