"""The benchmark's own sums. What it measures is measured by `make bench-shop`."""

import os
import subprocess
import sys
import time
from collections import Counter

import pytest

from tests.bench.goods import goods, names
from tests.bench.load import Form, Wrong
from tests.bench.measure import Demand, Meter, cpu_of, percentile


def test_there_are_two_thousand_products_in_twenty_categories_every_one_different():
    wares = list(goods())
    assert len(wares) == 2_000
    assert set(Counter(ware.category for ware in wares).values()) == {100}
    assert len({ware.category for ware in wares}) == 20
    assert len({ware.upc for ware in wares}) == 2_000
    assert len(names()) == 200


def test_a_cooperative_sells_a_kind_in_two_packs_and_the_larger_costs_twice_as_much():
    first, second = list(goods())[:2]
    assert (first.cooperative, first.code) == (second.cooperative, second.code)
    assert (first.title, first.price_fen) == ("高山冬桃 5斤装", 3_000)
    assert (second.title, second.price_fen) == ("高山冬桃 10斤装", 6_000)


def test_cpu_is_read_past_a_name_with_brackets():
    hertz = os.sysconf("SC_CLK_TCK")
    line = f"17 (postgres: a) b) S 1 17 17 0 -1 4194560 9 0 0 0 {3 * hertz} {hertz} 70 80 20 0 1 0"
    assert cpu_of(line) == 4


def test_percentiles_are_values_that_were_measured():
    assert percentile([5, 1, 4, 2, 3], 0.5) == 3
    assert percentile(range(1, 101), 0.95) == 95
    assert percentile([7], 0.95) == 7
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_demand_is_met_at_its_bound():
    assert Demand("cpu", 0.5, 0.5).is_met
    assert not Demand("cpu", 0.5, 0.51).is_met
    assert Demand("rate", 0.5, 0.5, at_least=True).is_met
    assert not Demand("rate", 0.5, 0.49, at_least=True).is_met


def test_the_cpu_of_a_process_that_ended_meanwhile_is_counted():
    started: list[int] = []
    with Meter(lambda: started) as meter:
        busy = subprocess.Popen([sys.executable, "-c", "import time\nwhile time.process_time() < 0.6: pass"])
        started.append(busy.pid)
        busy.wait(60)
    # Up to 0.3 s between the last look and the end are lost, and how fast it got there depends on the machine.
    assert 0 < meter.seconds <= 0.75


def test_the_cpu_that_a_process_had_burnt_before_is_not_counted():
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    with Meter(lambda: [os.getpid()]) as meter:
        pass
    assert meter.seconds < 0.05


PAGE = """
<form action="/search/"><input name="q" value="x"></form>
<form method="post" action="/checkout/?a=1&amp;b=2">
  <input type="hidden" name="basket" value="signed"><input name="name" value="王">
  <input type="radio" name="delivery" value="parcel" checked><input type="radio" name="delivery" value="truck">
  <input type="checkbox" name="is_kept">
  <select name="city"><option value="370100"><option value="370900" selected></select>
  <textarea name="note"></textarea>
  <button name="place">Place</button>
</form>
"""


def test_a_form_is_sent_as_it_stands():
    form = Form(PAGE, "place")
    assert form.action == "/checkout/?a=1&b=2"
    assert form.values == {"basket": "signed", "name": "王", "delivery": "parcel", "city": "370900", "note": ""}


def test_a_page_without_the_form_is_wrong():
    with pytest.raises(Wrong):
        Form(PAGE, "username")
