"""The half-year through the shop's own actions against the reference, which is run as a program of its own.

The engine reads inputs and never a figure; the reference (tests/oracle) computes the figures its own way. Other seeds
are half-years that nobody has printed.
"""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import transaction
from django.db.models import Count, F, Sum

import logistics.actions
from logistics.models import Award, Envelope, Vehicle
from shop import invariants
from shop.demo import catalogue, half_year, reference
from shop.reports.figures import Figures
from suppliers.models import Household, PurchaseLot, SaleAllocation

pytestmark = [pytest.mark.django_db, pytest.mark.money]

ORACLE = Path(__file__).parents[1] / "oracle" / "half_year.py"
PERIOD = (dt.date(2019, 1, 1), dt.date(2019, 6, 30))


def ask_the_reference(*words: str) -> dict:
    """The figures that the reference prints."""
    run = subprocess.run([sys.executable, ORACLE, *words], capture_output=True, check=True, text=True)
    figures = json.loads(run.stdout)
    for key in ("settled_fen", "settled_by_supplier_fen"):
        figures[key] = {name: fen for name, fen in figures[key].items() if fen}  # paid nothing is not paid
    return figures


def trade(given: dict) -> None:
    reference.load()
    catalogue.load()
    half_year.load(given, lambda *_: None)


def figures_of_the_shop() -> dict:
    """The shop's figures under the reference's names."""
    f = Figures(*PERIOD)
    awards = Award.objects.live().filter(kept_fen__gt=0)
    channels = {row.key: row for row in f.by("channel")}
    return {
        "orders": f.orders,
        "gross_fen": f.gross_fen,
        "refund_fen": f.refunded_fen,
        "net_sales_fen": f.net_sales_fen,
        "net_weight_kg": round(f.net_weight_g / 1000),
        "households_distinct": f.households_helped,
        "people_covered": f.people,
        "households_registered": Household.objects.counted_on(PERIOD[1]).count(),
        "attributed_sales_fen": f.household_sales_fen,
        "untraced_sales_fen": f.untraced_fen,
        "household_purchase_fen": f.earned_fen,
        "avg_income_per_household_fen": f.mean_earned_fen,
        "households_under_100yuan": f.households_under_100_yuan,
        "month_distinct": [month.households for month in f.months],
        "month_first_helped": [month.newly_helped for month in f.months],
        "sum_of_month_distinct": sum(month.households for month in f.months),
        "month_net_sales_fen": [month.sales_fen for month in f.months],
        "channel_net_sales_fen": {key: row.sales_fen for key, row in channels.items()},
        "channel_orders": {key: row.orders for key, row in channels.items()},
        "channel_distinct": {key: row.households for key, row in channels.items()},
        "sum_of_coop_distinct": sum(row.households for row in f.by("cooperative")),
        "households_in_two_or_more_coops": sum(row.households for row in f.by("cooperative")) - f.households_helped,
        "ledger_lots": PurchaseLot.objects.count(),
        "allocations": SaleAllocation.objects.filter(reverses=None).count(),
        "subsidy_fen": dict(awards.order_by().values_list("rule").annotate(Sum("kept_fen"))),
        "subsidy_lines": dict(
            Award.objects.exclude(rule="")
            .filter(shipment__refunded_g__lt=F("shipment__net_g"))
            .order_by()
            .values_list("rule")
            .annotate(Count("pk"))
        ),
        "subsidy_by_tier_fen": dict(awards.order_by().values_list("tier").annotate(Sum("kept_fen"))),
        "subsidy_total_fen": awards.aggregate(fen=Sum("kept_fen"))["fen"],
        "vehicles": Vehicle.objects.count(),
        "direct_trucks": Vehicle.objects.filter(carrier="ZTC").count(),
    }


def settled(**changes) -> dict:
    """What a settlement of the half-year pays, under the reference's names; with the envelope changed if one is given."""
    if changes:
        Envelope.objects.filter(starts_on=PERIOD[0]).update(**changes)
    items = logistics.actions.settle(programme="WX-SD-DEMO", starts=PERIOD[0], ends=PERIOD[1]).items.order_by()
    return {
        "settled_fen": {rule: fen for rule, fen in items.values_list("rule").annotate(Sum("paid_fen")) if fen},
        "settled_total_fen": items.aggregate(fen=Sum("paid_fen"))["fen"],
        "settled_by_supplier_fen": {
            code: fen
            for code, fen in items.values_list("award__shipment__cooperative__code").annotate(Sum("paid_fen"))
            if fen
        },
        "too_few_parcels_fen": items.filter(reason="too_few_parcels").aggregate(fen=Sum("cut_fen", default=0))["fen"],
        "deferred_fen": items.aggregate(fen=Sum("deferred_fen"))["fen"],
        "paid_in_part": items.filter(paid_fen__gt=0, deferred_fen__gt=0).count(),
    }


def assert_same(ours: dict, theirs: dict) -> None:
    assert {key: ours[key] for key in ours if key in theirs} == {key: theirs[key] for key in ours if key in theirs}


class Undo(Exception):
    pass


def check(given: dict, *words: str) -> None:
    """Trade `given` and compare every figure: before thresholds, settled, and settled under half of what it takes."""
    theirs = ask_the_reference(*words)
    trade(given)
    ours = figures_of_the_shop()
    assert len(ours.keys() & theirs.keys()) == len(ours)  # every figure of ours has its counterpart
    assert_same(ours, theirs)
    assert list(invariants.violations()) == []

    with pytest.raises(Undo), transaction.atomic():
        paid = settled()
        assert_same({key: paid[key] for key in paid if key.startswith("settled")}, theirs)
        assert paid["too_few_parcels_fen"] == theirs["settled_cut_fen"].get("too_few_parcels", 0)
        assert paid["deferred_fen"] == 0
        raise Undo

    half = theirs["settled_total_fen"] // 2
    short = ask_the_reference(*words, "--envelope-fen", str(half))
    paid = settled(amount_fen=half)
    assert_same({key: paid[key] for key in paid if key.startswith("settled")}, short)
    assert (paid["settled_total_fen"], paid["deferred_fen"]) == (half, theirs["settled_total_fen"] - half)
    assert paid["paid_in_part"] <= 1
    assert list(invariants.violations()) == []


def inputs_of(tmp_path: Path, *words: str) -> dict:
    """The inputs that the reference writes."""
    file = tmp_path / "inputs.json"
    ask_the_reference(*words, "--inputs", str(file))
    return half_year.inputs(str(file))


def test_the_inputs_in_the_demo_are_the_references(tmp_path):
    assert half_year.inputs("small") == inputs_of(tmp_path, "small")
    assert half_year.inputs("full") == inputs_of(tmp_path)


def test_the_small_half_year_is_the_references_to_the_fen():
    check(half_year.inputs("small"), "small")


@pytest.mark.parametrize("seed", ["7", "42"])
def test_other_small_half_years_are_the_references_to_the_fen(tmp_path, seed):
    check(inputs_of(tmp_path, "small", "--seed", seed), "small", "--seed", seed)


@pytest.mark.slow
def test_another_whole_half_year_is_the_references_to_the_fen(tmp_path):
    check(inputs_of(tmp_path, "--seed", "20260101"), "--seed", "20260101")


@pytest.mark.slow
def test_the_half_year_of_2019_has_the_figures_that_were_reported():
    trade(half_year.inputs("full"))
    f = Figures(*PERIOD)
    assert (f.net_sales_fen, f.households_helped, f.people) == (606_772_690, 1_432, 5_256)
    assert [month.households for month in f.months] == [643, 349, 420, 353, 228, 285]
    assert [month.newly_helped for month in f.months] == [643, 199, 265, 144, 89, 92]
    assert_same(figures_of_the_shop(), ask_the_reference())
    assert Award.objects.aggregate(fen=Sum("kept_fen"))["fen"] == 20_568_933
    with pytest.raises(Undo), transaction.atomic():
        assert settled()["settled_total_fen"] == 20_527_838
        raise Undo
    paid = settled(amount_fen=10_000_000)
    assert paid["settled_fen"] == {"parcel": 1_265_613, "bulk": 5_744_499, "cold": 2_989_888}
    assert (paid["settled_total_fen"], paid["deferred_fen"], paid["paid_in_part"]) == (10_000_000, 10_527_838, 1)
