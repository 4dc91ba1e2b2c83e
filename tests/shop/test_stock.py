"""What is sold must be there (Oscar's own stock sold 41 of 8)."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from oscar.apps.partner.abstract_models import AbstractStockRecord
from oscar.core.loading import get_model

from shop import orders
from shop.partner.exceptions import InvalidStockAdjustment, OutOfStock
from suppliers.base import days
from tests import factories as f

StockRecord = get_model("partner", "StockRecord")
pytestmark = pytest.mark.stock


def counts(record) -> tuple[int, int]:
    record.refresh_from_db()
    return record.num_in_stock, record.num_allocated


@pytest.fixture
def record(db):
    return f.make_pack(in_stock=10).product.stockrecords.get()


def test_what_is_held_is_not_sold_again(record):
    record.allocate(8)
    with pytest.raises(OutOfStock):
        record.allocate(3)
    record.allocate(2)
    assert counts(record) == (10, 10)


def test_a_stock_that_was_never_counted_as_held_counts_from_nought(record):
    StockRecord.objects.filter(pk=record.pk).update(num_allocated=None)
    record.allocate(10)
    assert counts(record) == (10, 10)


def test_dispatch_takes_what_was_held_and_no_more(record):
    record.allocate(4)
    record.consume_allocation(3)
    assert counts(record) == (7, 1)
    with pytest.raises(InvalidStockAdjustment):
        record.consume_allocation(2)
    assert counts(record) == (7, 1)


def test_a_cancellation_gives_back_what_was_held_and_no_more(record):
    record.allocate(4)
    record.cancel_allocation(4)
    with pytest.raises(InvalidStockAdjustment):
        record.cancel_allocation(1)
    assert counts(record) == (10, 0)


@pytest.mark.parametrize("quantity", [0, -1])
def test_nought_or_less_is_no_quantity(record, quantity):
    for change in (record.allocate, record.consume_allocation, record.cancel_allocation):
        with pytest.raises(InvalidStockAdjustment):
            change(quantity)
    assert counts(record) == (10, 0)


def test_a_form_that_was_open_while_an_order_came_adds_what_it_meant_to_add(record):
    open_form = StockRecord.objects.get(pk=record.pk)
    record.allocate(4)
    record.consume_allocation(1)
    open_form.num_in_stock += 5
    open_form.save()
    assert counts(record) == (14, 3)  # 10 - 1 + 5, and 4 - 1 are still held


def all_at_once(change, buyers: int) -> int:
    """Let `buyers` threads do `change` at the same moment; return for how many it worked."""
    ready, worked = threading.Barrier(buyers), []

    def buy():
        ready.wait()
        try:
            change()
            worked.append(1)
        except InvalidStockAdjustment:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=buy) for _ in range(buyers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(worked)


@pytest.mark.django_db(transaction=True)
def test_of_twenty_buyers_at_once_ten_get_the_last_ten():
    record = f.make_pack(in_stock=10).product.stockrecords.get()
    assert all_at_once(lambda: StockRecord.objects.get(pk=record.pk).allocate(1), 20) == 10
    assert counts(record) == (10, 10)


@pytest.mark.django_db(transaction=True)
def test_without_the_guard_all_twenty_would():
    record = f.make_pack(in_stock=10).product.stockrecords.get()
    oscars = AbstractStockRecord.allocate
    assert all_at_once(lambda: oscars(StockRecord.objects.get(pk=record.pk), 1), 20) == 20
    assert counts(record) == (10, 20)


def test_a_form_cannot_count_less_than_is_sold_and_not_sent_nor_ask_nothing_for_it(record):
    record.allocate(4)
    record.num_in_stock, record.price = 3, 0
    with pytest.raises(ValidationError) as refused:
        record.clean()
    assert set(refused.value.message_dict) == {"num_in_stock", "price"}
    record.num_in_stock, record.price = 4, 1
    record.clean()


@pytest.mark.parametrize("is_sent", [True, False])
def test_a_line_outlives_its_stock(record, is_sent):
    order = f.place_order((record.product.pack, 2))
    f.pay(order)
    record.product.delete()
    if is_sent:
        f.dispatch(order, on=days.today())
    else:
        assert orders.cancel(order=order, reason="x")
    order.refresh_from_db()
    assert order.status == ("dispatched" if is_sent else "cancelled")
    assert order.lines.get().num_allocated == 0
