"""Goods leave, awards are worked out, settled and clawed back: what is written, and what is not."""

import datetime as dt

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Sum

from logistics import actions
from logistics.models import Award, Envelope, LedgerEntry, ProgrammeVersion, Settlement, Shipment, Vehicle
from shop import invariants, orders
from suppliers.base import days
from tests import factories as f

pytestmark = [pytest.mark.django_db, pytest.mark.money]

MAR_1, MAR_5 = dt.date(2019, 3, 1), dt.date(2019, 3, 5)
H1 = {"programme": "WX-SD-DEMO", "starts": dt.date(2019, 1, 1), "ends": dt.date(2019, 6, 30)}
H2 = {"programme": "WX-SD-DEMO", "starts": dt.date(2019, 7, 1), "ends": dt.date(2019, 12, 31)}


def make_truck(*, net_g: int | None = None, max_load_g: int = 32_000_000, on: dt.date = MAR_5, **fields) -> Vehicle:
    f.make_carriers()
    return Vehicle.objects.create(
        vehicle_no=f"T{next(f.serial)}",
        carrier_id="ZTC",
        city_code=f.TAIAN,
        departs_on=on,
        max_load_g=max_load_g,
        weigh_note="GB1" if net_g else "",
        net_g=net_g,
        **fields,
    )


def bulk_pack(cooperative=None, *, households: int = 5, household_g: int, other_g: int = 0):
    """A pack by the kilogram at 10.00, whose goods come from so many households and from elsewhere."""
    produce = f.make_produce(cooperative)
    for _ in range(households):
        f.make_lot(produce, f.make_household(produce.cooperative), g=household_g // households, bought_on=MAR_1)
    if other_g:
        f.make_lot(produce, None, g=other_g, bought_on=dt.date(2019, 3, 2))
    return f.make_pack(
        produce, net_g=1_000, gross_g=1_020, price_fen=1_000, in_stock=1_000_000, is_per_kg=True, spec="公斤"
    )


def award_of(order) -> Award:
    return Award.objects.live().get(shipment__consignment__order=order)


def test_two_cooperatives_on_one_vehicle_each_earn_by_their_own_tonnes_and_share():
    f.make_programme(2019)
    one, other = bulk_pack(household_g=6_000_000), bulk_pack(household_g=1_200_000, other_g=2_800_000)
    truck = make_truck(net_g=10_000_000)
    first = f.sell((one, 6_000), on=MAR_5, vehicle=truck, freight_fen=720_000)
    second = f.sell((other, 4_000), on=MAR_5, vehicle=truck, freight_fen=480_000)
    assert f.assess() == 2
    # 6 t × 1,250 × 0.20 × 1.30 = 1,950.00; 4 t × 1,250 × 0.20 × 1.15 (30 %) = 1,150.00
    assert (award_of(first).tier, award_of(first).share_bp, award_of(first).kept_fen) == ("A", 10_000, 195_000)
    assert (award_of(second).tier, award_of(second).share_bp, award_of(second).kept_fen) == ("B", 3_000, 115_000)


def test_a_parcel_has_the_share_of_its_product_and_month_not_of_its_own_lots():
    f.make_programme(2019)
    pack = f.make_pack()
    f.make_lot(pack.produce, f.make_household(pack.produce.cooperative), g=2_500, bought_on=MAR_1)
    f.make_lot(pack.produce, None, g=97_500, bought_on=MAR_1)
    first = f.sell((pack, 1), on=MAR_5)
    f.assess()
    assert award_of(first).share_bp == 10_000
    second = f.sell((pack, 3), on=dt.date(2019, 3, 31))
    april = f.sell((pack, 1), on=dt.date(2019, 4, 1))
    f.assess()
    # 2,500 of 10,000 g in March: the first parcel's award was worked out again; April has none of a household.
    assert (award_of(first).share_bp, award_of(second).share_bp, award_of(april).share_bp) == (2_500, 2_500, 0)
    assert award_of(april).kept_fen == 0


def test_a_late_lot_raises_the_share_if_it_was_entered_within_seven_days_and_not_after():
    f.make_programme(2019)
    for entered_on, share in ((dt.date(2019, 3, 12), 10_000), (dt.date(2019, 3, 13), 0)):
        pack = f.make_pack()
        order = f.sell((pack, 1), on=MAR_5)
        f.assess()
        assert award_of(order).share_bp == 0
        household = f.make_household(pack.produce.cooperative)
        f.make_lot(pack.produce, household, bought_on=MAR_1, entered_at=days.at(entered_on, 23))
        assert orders.trace_late_lots() == 1
        assert f.assess() == 1
        assert award_of(order).share_bp == share


def test_a_refund_scales_the_award_from_its_first_amount_each_time():
    f.make_programme(2019)
    pack = bulk_pack(household_g=3_600_000)
    order = f.sell((pack, 3_600), on=MAR_5, vehicle=make_truck(net_g=3_600_000), freight_fen=466_000)
    f.assess()
    assert award_of(order).kept_fen == 93_600  # 3.6 × 1,250 × 0.16 × 1.30
    f.give_back(order, on=dt.date(2019, 3, 20), g=120_000, fen=120_000)
    assert (award_of(order).assessed_fen, award_of(order).kept_fen) == (93_600, 90_480)
    f.give_back(order, on=dt.date(2019, 4, 20), g=1_000_001, fen=1_000)
    # 936.00 × 2,479,999 / 3,600,000 = 644.79974
    assert award_of(order).kept_fen == 64_480
    assert f.assess() == 0  # nothing is due: a refund is not a new dispatch


def test_a_shipment_elsewhere_or_without_households_has_an_award_of_nothing_that_says_why():
    f.make_programme(2019)
    pack = f.make_pack()
    order = f.place_order((pack, 1), area_code="410102")
    f.pay(order, on=MAR_1)
    f.dispatch(order, on=MAR_5)
    f.assess()
    assert (award_of(order).kept_fen, award_of(order).rule) == (0, "")
    assert "山东" in award_of(order).explanation


def test_a_day_without_a_programme_is_assessed_as_nothing_and_is_done():
    order = f.sell((f.make_pack(), 1), on=MAR_5)
    assert f.assess() == 1
    assert not Award.objects.exists()
    assert Shipment.objects.get(consignment__order=order).is_assessed


# ── Settlement ───────────────────────────────────────────────────────────────────────────────────────────────────────


def ship_tonnes(tonnes: int, *, cooperative=None, households: int = 5, on: dt.date = MAR_5):
    """A bulk load of household goods on its own vehicle; its freight is high enough never to cap."""
    pack = bulk_pack(cooperative, household_g=tonnes * 1_000_000, households=households)
    truck = make_truck(net_g=tonnes * 1_000_000, on=on)
    return f.sell((pack, tonnes * 1_000), on=on, vehicle=truck, freight_fen=2_000_000)


def test_a_settlement_pays_once_however_often_it_is_run():
    version = f.make_programme(2019)
    ship_tonnes(4)  # 4 × 1,250 × 0.16 × 1.30 = 1,040.00
    first = actions.settle(**H1)
    again = actions.settle(**H1)
    assert first == again
    assert LedgerEntry.objects.aggregate(fen=Sum("amount_fen"))["fen"] == 104_000
    version.refresh_from_db()
    assert version.spent_fen == 104_000
    assert list(invariants.violations()) == []


def test_a_supplier_with_four_households_falls_to_the_last_tier():
    f.make_programme(2019)
    order = ship_tonnes(4, households=4)
    actions.settle(**H1)
    # 4 × 1,250 × 0.16 × 0.50 = 400.00; as assessed it stays 1,040.00
    assert (award_of(order).kept_fen, award_of(order).settled_fen) == (104_000, 40_000)


def test_what_the_envelope_cannot_pay_is_deferred_and_stands_ahead_of_its_tier_next_time():
    version = f.make_programme(2019, envelope_fen=150_000)
    Envelope.objects.create(version=version, starts_on=H2["starts"], ends_on=H2["ends"], amount_fen=100_000)
    first, second = ship_tonnes(4), ship_tonnes(4)
    actions.settle(**H1)
    assert (award_of(first).settled_fen, award_of(first).deferred_fen) == (104_000, 0)
    assert (award_of(second).settled_fen, award_of(second).deferred_fen) == (46_000, 58_000)
    july = ship_tonnes(4, on=dt.date(2019, 7, 5))
    settlement = actions.settle(**H2)
    assert [item.award for item in settlement.items.all()] == [award_of(second), award_of(july)]
    assert (award_of(second).settled_fen, award_of(second).deferred_fen) == (104_000, 0)
    assert (award_of(july).settled_fen, award_of(july).deferred_fen) == (42_000, 62_000)
    assert list(invariants.violations()) == []


def test_a_supplier_year_cap_that_binds_holds_over_both_halves():
    version = f.make_programme(2019, cap_per_supplier_year_fen=150_000)
    Envelope.objects.create(version=version, starts_on=H2["starts"], ends_on=H2["ends"], amount_fen=10_000_000)
    cooperative = f.make_cooperative()
    first = ship_tonnes(4, cooperative=cooperative)
    actions.settle(**H1)
    july = f.sell(
        (first.lines.get().product.pack, 4_000),
        on=dt.date(2019, 7, 5),
        vehicle=make_truck(net_g=4_000_000, on=dt.date(2019, 7, 5)),
        freight_fen=2_000_000,
    )
    f.make_lot(july.sale.lines.get().produce, f.make_household(cooperative), g=4_000_000, bought_on=MAR_1,
               entered_at=days.at(dt.date(2019, 7, 6)))  # fmt: skip
    orders.trace_late_lots()
    for _ in range(4):
        pack = f.make_pack(july.sale.lines.get().produce)
        f.make_lot(pack.produce, f.make_household(cooperative), g=2_500, bought_on=dt.date(2019, 7, 1))
        f.sell((pack, 1), on=dt.date(2019, 7, 6))
    actions.settle(**H2)
    # 1,500.00 a year, 1,040.00 paid in the first half: 460.00 of the second load's 1,040.00
    assert (award_of(first).settled_fen, award_of(july).settled_fen) == (104_000, 46_000)
    item = award_of(july).settlement_items.get()
    assert (item.cut_fen, item.deferred_fen, item.reason) == (58_000, 0, "supplier_cap")


def test_a_refund_after_the_settlement_is_clawed_back_and_names_the_payment():
    version = f.make_programme(2019)
    order = ship_tonnes(4)
    actions.settle(**H1)
    f.give_back(order, on=dt.date(2019, 7, 20), g=1_000_000, fen=1_000_000)
    # 1,040.00 × 3/4 = 780.00: 260.00 back
    clawback = LedgerEntry.objects.get(account="clawback")
    assert (clawback.amount_fen, clawback.reverses.amount_fen) == (-26_000, 104_000)
    version.refresh_from_db()
    assert (version.spent_fen, award_of(order).settled_fen) == (78_000, 78_000)
    assert list(invariants.violations()) == []


def test_a_refund_of_an_award_paid_in_part_lowers_what_is_deferred_first():
    f.make_programme(2019, envelope_fen=50_000)
    order = ship_tonnes(4)
    actions.settle(**H1)
    f.give_back(order, on=dt.date(2019, 7, 20), g=1_000_000, fen=1_000_000)
    # 1,040.00, 500.00 paid, 540.00 deferred; now 780.00 are due: 280.00 stay deferred
    assert (award_of(order).settled_fen, award_of(order).deferred_fen) == (50_000, 28_000)
    f.give_back(order, on=dt.date(2019, 7, 21), g=2_000_000, fen=2_000_000)
    # 260.00 are due: 240.00 of the 500.00 come back
    assert (award_of(order).settled_fen, award_of(order).deferred_fen) == (26_000, 0)
    assert list(invariants.violations()) == []


def test_a_period_that_is_not_over_cannot_be_settled():
    f.make_programme(2019)
    with time_machine.travel(days.at(dt.date(2019, 6, 30))), pytest.raises(ValidationError):
        actions.settle(**H1)
    assert not Settlement.objects.exists()


def test_a_period_without_an_envelope_cannot_be_settled():
    f.make_programme(2019)
    with pytest.raises(ValidationError):
        actions.settle(programme="WX-SD-DEMO", starts=dt.date(2019, 1, 1), ends=dt.date(2019, 3, 31))


def test_the_database_refuses_a_budget_overspent_and_two_versions_of_one_day():
    version = f.make_programme(2019)
    with pytest.raises(IntegrityError), transaction.atomic():
        ProgrammeVersion.objects.filter(pk=version.pk).update(spent_fen=version.budget_fen + 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        f.make_programme(2019)
    with pytest.raises(IntegrityError), transaction.atomic():
        ProgrammeVersion.objects.filter(pk=version.pk).update(terms={})


# ── Dispatch ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def paid_order():
    order = f.place_order((f.make_pack(in_stock=10), 1))
    f.pay(order)
    return order


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"waybill": "SF123"}, "waybill"),
        ({"waybill": "SF12345678901234567890123"}, "waybill"),
        ({"waybill": "顺丰12345678"}, "waybill"),
        ({"waybill": "SF<script>1"}, "waybill"),
        ({"gross_g": 0}, "gross_g"),
        ({"gross_g": 2_499}, "gross_g"),
        ({"gross_g": 10**9}, "gross_g"),
        ({"billed_g": 0}, "billed_g"),
        ({"freight_fen": -1}, "freight_fen"),
        ({"freight_fen": 10**12}, "freight_fen"),
        ({"carrier_code": "NOBODY"}, "carrier"),
        ({"at": days.now() + dt.timedelta(days=1)}, "at"),
    ],
)
def test_a_dispatch_that_cannot_be_true_names_its_field_and_ships_nothing(paid_order, fields, names):
    f.make_carriers()
    terms = {"carrier_code": "SF", "waybill": "SF12345678", "freight_fen": 1_000, "at": days.now()} | fields
    with pytest.raises(ValidationError) as caught:
        orders.dispatch(dispatching=[orders.Dispatching(consignment=paid_order.consignments.get(), **terms)])
    assert list(caught.value.message_dict) == [names]
    assert not Shipment.objects.exists()
    assert paid_order.consignments.get().state == "to_ship"
    assert paid_order.lines.get().num_allocated == 1


def test_a_waybill_is_kept_in_capitals_without_blanks_and_used_once(paid_order):
    f.make_carriers()
    terms = {"carrier_code": "SF", "freight_fen": 1_000, "at": days.now()}
    orders.dispatch(
        dispatching=[
            orders.Dispatching(consignment=paid_order.consignments.get(), waybill=" sf 1234 ５６７８", **terms)
        ]
    )
    assert Shipment.objects.get().waybill == "SF12345678"
    other = f.place_order((f.make_pack(), 1))
    f.pay(other)
    with pytest.raises(ValidationError) as caught:
        orders.dispatch(
            dispatching=[orders.Dispatching(consignment=other.consignments.get(), waybill="SF12345678", **terms)]
        )
    assert "waybill" in caught.value.message_dict


def test_a_consignment_is_dispatched_once(paid_order):
    f.make_carriers()
    terms = {"carrier_code": "SF", "freight_fen": 1_000, "at": days.now()}
    consignment = paid_order.consignments.get()
    orders.dispatch(dispatching=[orders.Dispatching(consignment=consignment, waybill="SF12345678", **terms)])
    with pytest.raises(ValidationError):
        orders.dispatch(dispatching=[orders.Dispatching(consignment=consignment, waybill="SF12345679", **terms)])
    assert Shipment.objects.count() == 1


def test_a_vehicle_is_never_loaded_above_what_it_may_carry():
    f.make_carriers()
    pack = bulk_pack(household_g=6_000_000)
    truck = make_truck(max_load_g=5_000_000, on=MAR_5)
    f.sell((pack, 3_000), on=MAR_5, vehicle=truck)
    order = f.place_order((pack, 2_000), placed_at=days.at(MAR_1))
    f.pay(order, on=MAR_1)
    with pytest.raises(ValidationError) as caught:  # 3,060 + 2,040 kg gross
        f.dispatch(order, on=MAR_5, vehicle=truck)
    assert "gross_g" in caught.value.message_dict
    assert Shipment.objects.count() == 1


def test_receipt_is_between_dispatch_and_today():
    order = f.sell((f.make_pack(), 1), on=MAR_5, received=False)
    shipments = list(Shipment.objects.filter(consignment__order=order))
    for day in (MAR_1, days.today() + dt.timedelta(days=1)):
        with pytest.raises(ValidationError):
            orders.receive(shipments=shipments, on=day, how="buyer")
    orders.receive(shipments=shipments, on=MAR_5, how="buyer")
    orders.receive(shipments=shipments, on=dt.date(2019, 3, 9), how="carrier")
    assert Shipment.objects.get().received_on == MAR_5  # the first day stands


def test_a_sweep_that_comes_late_still_dates_the_receipt_by_the_tenth_day():
    order = f.sell((f.make_pack(), 1), on=MAR_5, received=False)
    other = f.sell((f.make_pack(), 1), on=dt.date(2019, 3, 9), received=False)
    assert orders.receive_by_default() == 2
    assert [Shipment.objects.get(consignment__order=one).received_on.day for one in (order, other)] == [15, 19]
    order.sale.refresh_from_db()
    assert order.sale.recognised_on == dt.date(2019, 3, 15)


def test_what_nobody_signed_for_is_received_by_default_after_ten_days():
    order = f.sell((f.make_pack(), 1), on=days.today() - dt.timedelta(days=10), received=False)
    other = f.sell((f.make_pack(), 1), on=days.today() - dt.timedelta(days=9), received=False)
    assert orders.receive_by_default() == 1
    order.refresh_from_db()
    other.refresh_from_db()
    assert (order.status, order.sale.received_how, other.status) == ("received", "default", "dispatched")


def test_what_an_institution_has_not_accepted_stays_on_its_way():
    order = f.place_order((f.make_pack(), 1), buyer_kind="institution", placed_at=days.at(MAR_1))
    f.pay(order, on=MAR_1)
    f.dispatch(order, on=MAR_5)
    assert orders.receive_by_default() == 0
    order.refresh_from_db()
    assert order.status == "dispatched"
