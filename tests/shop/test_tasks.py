"""The sweep finds what no bell has rung for; commands do by hand what the worker does."""

import datetime as dt

import pytest
from django.core.management import CommandError, call_command

from logistics.models import Award
from shop import orders, tasks
from shop.models import SaleLine
from tests import factories as f

pytestmark = pytest.mark.django_db

DAY = dt.date(2019, 3, 5)


def test_one_sweep_does_everything_that_is_due():
    f.make_programme(2019)
    pack = f.make_pack()
    f.sell((pack, 1), on=DAY, received=False)
    f.make_lot(pack.produce, f.make_household(pack.produce.cooperative), bought_on=DAY)
    f.place_order((pack, 1), minutes_to_pay=-1)
    assert tasks.sweep_now() == {
        "orders of trucks that do not go": 0,
        "orders expired": 1,
        "pre-sales closed": 0,
        "pre-orders given up": 0,
        "group orders decided": 0,
        "group orders ended": 0,
        "group orders paid back": 0,
        "hand-outs received": 0,
        "shipments received by default": 1,
        "lines traced to late lots": 1,
        "after-sales passed to the county": 0,
        "shipments assessed": 1,
        "orders of erased accounts pseudonymised": 0,
        "cooperatives joined": 0,
        "sheets checked or written": 0,
        "sheets forgotten": 0,
        "sessions and codes over": 0,
    }
    assert SaleLine.objects.untraced().count() == 0
    assert Award.objects.get().share_bp == 10_000
    assert set(tasks.sweep_now().values()) == {0}


def test_a_part_of_the_sweep_that_fails_does_not_stop_the_others(monkeypatch):
    f.make_programme(2019)
    f.sell((f.make_pack(), 1), on=DAY)

    def broken() -> int:
        raise RuntimeError("this order cannot be cancelled")

    monkeypatch.setattr(orders, "expire_unpaid", broken)
    with pytest.raises(ExceptionGroup):
        tasks.sweep_now()
    assert Award.objects.count() == 1


def test_money_for_an_order_that_had_expired_is_found_and_named(capsys):
    order = f.place_order((f.make_pack(), 1), minutes_to_pay=-1)
    call_command("reconcile_payments")
    orders.expire_unpaid()
    f.pay(order)
    with pytest.raises(CommandError):
        call_command("reconcile_payments")
    assert order.number in capsys.readouterr().out
