"""The rules of the subsidy: the policy's own vectors, the worked examples, and every edge by hand."""

import datetime as dt
import json
import re
from dataclasses import replace
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logistics import data, subsidy
from logistics.subsidy import (
    COURIER,
    VEHICLE,
    Candidate,
    Load,
    Purse,
    Terms,
    TermsError,
    assess,
    assess_together,
    settle,
)

pytestmark = pytest.mark.money

POLICY = json.loads(resources.files(data).joinpath("wx_sd_demo.json").read_text("utf-8"))
TERMS = Terms.read(POLICY)

PARCEL = Load(
    mode=COURIER,
    net_g=5_000,
    billed_g=6_000,
    vehicle_net_g=None,
    km=1_250,
    eligible_freight_fen=1_120,
    share_bp=7_200,
    destination_code="370900",
)
TRUCK = Load(
    mode=VEHICLE,
    net_g=10_000_000,
    billed_g=10_600_000,
    vehicle_net_g=10_000_000,
    km=1_250,
    eligible_freight_fen=720_000,
    share_bp=6_480,
    destination_code="370900",
)
COLD = replace(
    TRUCK, net_g=3_600_000, vehicle_net_g=3_600_000, km=1_300, eligible_freight_fen=466_000, share_bp=4_125,
    has_temperature_log=True,
)  # fmt: skip


def load_of(vector: dict) -> Load:
    whole = {"parcel": PARCEL, "bulk": TRUCK, "cold": COLD}[vector["rule"]]
    given = {
        key: vector[key] for key in ("billed_g", "net_g", "km", "eligible_freight_fen", "share_bp") if key in vector
    }
    return replace(whole, **given, vehicle_net_g=given.get("net_g", whole.vehicle_net_g))


@pytest.mark.parametrize("vector", POLICY["test_vectors"], ids=lambda vector: vector["name"])
def test_the_vectors_of_the_policy(vector):
    found = assess(load_of(vector), TERMS)
    assert found.rule == vector["rule"]
    fen = found.fen
    if "surviving_g" in vector:
        fen = subsidy.kept_fen(fen, vector["surviving_g"], vector["net_g"])
        assert found.fen - fen == vector["clawback_fen"]
    assert fen == vector["expect_fen"]


def test_ten_tonnes_of_peaches_explain_themselves():
    found = assess(TRUCK, TERMS)
    assert found.fen == 325_000
    assert found.explanation == ("10.000 吨 × 1,250 公里 × 0.20 元 × 1.30(A 类) = 3,250.00 元, 未超过运费 50%")


def test_a_parcel_cut_to_half_its_freight_says_so():
    found = assess(replace(PARCEL, eligible_freight_fen=900), TERMS)
    assert found.fen == 450
    assert found.explanation == "6 公斤小件 4.00 元 × 1.30(A 类) = 5.20 元, 超过运费 50%, 按 4.50 元"


def test_the_cap_of_half_the_freight_rounds_down():
    assert assess(replace(PARCEL, billed_g=20_000, eligible_freight_fen=1_001), TERMS).fen == 500


def test_an_amount_is_rounded_once_and_not_at_each_step():
    # 3.008 t × 1,231 km × 0.16 = 592.45568; × 1.15 = 681.324032 → 681.32; rounded first it would be 681.33
    load = replace(TRUCK, net_g=3_008_000, vehicle_net_g=3_008_000, km=1_231, share_bp=4_000)
    assert assess(load, TERMS).fen == 68_132


def test_a_gram_below_ten_tonnes_has_the_lower_rate():
    # 9.999999 t × 1,250 × 0.16 × 1.30 = 2,599.99974 → 2,600.00
    found = assess(replace(TRUCK, net_g=9_999_999, vehicle_net_g=9_999_999), TERMS)
    assert found.fen == 260_000
    assert found.explanation == "9.999999 吨 × 1,250 公里 × 0.16 元 × 1.30(A 类) = 2,600.00 元, 未超过运费 50%"


@pytest.mark.parametrize(
    ("vehicle_net_g", "fen"), [(3_000_000, 16_000), (10_000_000, 20_000), (19_999_999, 20_000), (20_000_000, 22_000)]
)
def test_the_rate_is_that_of_the_whole_vehicle(vehicle_net_g, fen):
    # 1 t of it × 1,000 km × 0.16, 0.20 or 0.22 × 1.00
    load = replace(TRUCK, net_g=1_000_000, vehicle_net_g=vehicle_net_g, km=1_000, share_bp=1_000)
    assert assess(load, TERMS).fen == fen


def test_cold_beats_bulk_where_it_gives_more():
    # cold 4,660.00 × 30% × 1.15 = 1,607.70; bulk 3.6 × 1,300 × 0.16 × 1.15 = 861.12
    assert (assess(COLD, TERMS).rule, assess(COLD, TERMS).fen) == ("cold", 160_770)
    assert assess(COLD, TERMS).explanation == (
        "运费 4,660.00 元 × 30% × 1.15(B 类) = 1,607.70 元, 未超过运费 50%; 按大宗为 861.12 元, 择优不叠加"
    )
    without = assess(replace(COLD, has_temperature_log=False), TERMS)
    assert (without.fen, without.explanation) == (
        86_112,
        "3.600 吨 × 1,300 公里 × 0.16 元 × 1.15(B 类) = 861.12 元, 未超过运费 50%",
    )


def test_spoiled_citrus_gives_back_its_part_of_the_award():
    # 1,607.70 × 3,480 ÷ 3,600 = 1,554.11; 53.59 goes back
    assert subsidy.kept_fen(160_770, 3_480_000, 3_600_000) == 155_411
    # always of the first amount: half of 1.01 is 0.505, half up
    assert subsidy.kept_fen(101, 1, 2) == 51


def test_two_rules_that_tie_leave_the_earlier_one():
    # bulk 3.0 t × 1,000 km × 0.16 × 1.00 = 480.00; cold 1,600.00 × 30% = 480.00; the cap is 800.00
    load = replace(
        COLD, net_g=3_000_000, vehicle_net_g=3_000_000, km=1_000, eligible_freight_fen=160_000, share_bp=1_000
    )
    assert (assess(load, TERMS).rule, assess(load, TERMS).fen) == ("bulk", 48_000)
    turned = Terms.read(POLICY | {"rules": list(reversed(POLICY["rules"]))})
    assert (assess(load, turned).rule, assess(load, turned).fen) == ("cold", 48_000)


@pytest.mark.parametrize(
    ("share_bp", "tier"),
    [
        (0, ""),
        (1, "D"),
        (999, "D"),
        (1_000, "C"),
        (2_999, "C"),
        (3_000, "B"),
        (5_999, "B"),
        (6_000, "A"),
        (10_000, "A"),
    ],
)
def test_the_edges_of_the_tiers(share_bp, tier):
    assert assess(replace(PARCEL, share_bp=share_bp), TERMS).tier == tier


def test_without_a_household_there_is_no_subsidy():
    found = assess(replace(TRUCK, share_bp=0), TERMS)
    assert (found.fen, found.rule) == (0, "")
    assert found.explanation == "这批货里没有帮扶农户的货(户源占比 0%), 不补贴"


def test_a_share_below_the_last_tier_says_how_much_is_missing():
    terms = Terms.read(POLICY | {"priority_tiers": POLICY["priority_tiers"][:3]})  # A, B and C, from 10 %
    found = assess(replace(TRUCK, share_bp=999), terms)
    assert (found.fen, found.tier) == (0, "")
    assert found.explanation == "户源占比 9.99%, 不到最低一档的 10%, 不补贴"


def test_freight_that_the_buyer_paid_whole_leaves_nothing_to_subsidise():
    found = assess(replace(TRUCK, eligible_freight_fen=0), TERMS)
    assert (found.fen, found.rule, found.tier) == (0, "", "A")
    assert found.explanation == "可补的运费为 0 元(买家已付, 或另有补贴), 不补贴"


def test_nothing_is_paid_outside_shandong():
    assert assess(replace(PARCEL, destination_code="410100"), TERMS).explanation == "目的地不在补贴范围(山东)内, 不补贴"
    assert assess(replace(PARCEL, destination_code=""), TERMS).fen == 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"vehicle_net_g": None}, "过磅单"),
        ({"vehicle_net_g": 2_999_999, "net_g": 2_999_999}, "一车满 3.000 吨"),
        ({"km": None}, "核定里程"),
    ],
)
def test_bulk_says_what_it_lacks(change, why):
    found = assess(replace(TRUCK, **change), TERMS)
    assert (found.fen, found.rule) == (0, "")
    assert why in found.explanation
    assert "小件" not in found.explanation  # what is for couriers is no help to a truck


@pytest.mark.parametrize(
    ("billed_g", "fen"),
    [(1, 260), (3_000, 260), (3_001, 364), (5_000, 364), (5_001, 520), (10_000, 520), (10_001, 845), (20_000, 845)],
)
def test_the_steps_of_a_parcel_end_at_their_weight(billed_g, fen):
    # 2.00, 2.80, 4.00 and 6.50, each × 1.30
    assert assess(replace(PARCEL, billed_g=billed_g, eligible_freight_fen=5_000), TERMS).fen == fen


def test_a_parcel_above_twenty_kilograms_earns_nothing():
    found = assess(replace(PARCEL, billed_g=20_001), TERMS)
    assert found.fen == 0
    assert found.explanation == "没有适用的补贴规则: 小件不超过 20 公斤, 本件 20.001 公斤"


def test_a_supplier_with_too_few_households_falls_to_the_last_tier():
    # 4.00 × 0.50 = 2.00
    found = assess(PARCEL, TERMS, demoted=True)
    assert (found.fen, found.tier) == (200, "D")
    assert found.explanation == "6 公斤小件 4.00 元 × 0.50(D 类, 带动户数不足) = 2.00 元, 未超过运费 50%"
    other = assess_together([PARCEL, PARCEL], TERMS, demoted=[True, False])
    assert [one.fen for one in other] == [200, 520]


def test_two_cooperatives_on_one_vehicle_earn_by_their_own_tonnes_at_the_vehicles_rate():
    # 12 t aboard: 0.20. A: 8 t × 1,000 × 0.20 × 1.30 = 2,080.00; C: 4 t × 1,000 × 0.20 = 800.00
    one = replace(TRUCK, net_g=8_000_000, vehicle_net_g=12_000_000, km=1_000, share_bp=6_000)
    other = replace(TRUCK, net_g=4_000_000, vehicle_net_g=12_000_000, km=1_000, share_bp=1_000)
    assert [found.fen for found in assess_together([one, other], TERMS)] == [208_000, 80_000]


def test_a_vehicle_above_its_cap_is_cut_in_proportion_and_each_part_rounds_down():
    # 20 t: 0.22. 12 t × 1,900 × 0.22 × 1.30 = 6,520.80 → own cap 5,000.00; 8 t × 1,900 × 0.22 × 1.00 = 3,344.00
    # together 8,344.00; 5,000.00 × 5,000/8,344 = 2,996.1649 → 2,996.16; × 3,344/8,344 = 2,003.8350 → 2,003.83
    one = replace(TRUCK, net_g=12_000_000, vehicle_net_g=20_000_000, km=1_900, eligible_freight_fen=2_000_000)
    other = replace(one, net_g=8_000_000, share_bp=1_000)
    found = assess_together([one, other], TERMS)
    assert [one.fen for one in found] == [299_616, 200_383]
    assert found[0].explanation.startswith(
        "12.000 吨 × 1,900 公里 × 0.22 元 × 1.30(A 类) = 6,520.80 元, 超过每车 5,000.00 元的上限, 按 5,000.00 元; "
    )
    assert found[1].explanation == (
        "8.000 吨 × 1,900 公里 × 0.22 元 × 1.00(C 类) = 3,344.00 元, 未超过运费 50%; "
        "同车大宗合计 8,344.00 元, 超过每车 5,000.00 元的上限, 按比例为 2,003.83 元"
    )


def test_goods_that_chose_another_rule_keep_what_they_have_when_a_vehicle_is_cut():
    # The cold one: 4,660.00 × 30% × 1.30 = 1,817.40, beside bulk goods of 6,520.80 that are cut to 5,000.00 alone.
    bulk = replace(TRUCK, net_g=12_000_000, vehicle_net_g=20_000_000, km=1_900, eligible_freight_fen=2_000_000)
    cold = replace(bulk, net_g=1_000_000, eligible_freight_fen=466_000, has_temperature_log=True)
    found = assess_together([bulk, cold], TERMS)
    assert [(one.rule, one.fen) for one in found] == [("bulk", 500_000), ("cold", 181_740)]
    assert "合计" not in found[0].explanation + found[1].explanation


@given(
    st.lists(st.tuples(st.integers(1, 9_000_000), st.integers(0, 10_000), st.booleans()), min_size=1, max_size=6),
    st.integers(1, 3_000),
    st.integers(0, 3_000_000),
)
def test_no_vehicle_passes_its_cap_and_no_goods_half_their_freight(aboard, km, freight_fen):
    whole_g = sum(g for g, _share, _log in aboard)
    loads = [
        replace(TRUCK, net_g=g, vehicle_net_g=whole_g, km=km, share_bp=share, has_temperature_log=log,
                eligible_freight_fen=freight_fen)
        for g, share, log in aboard
    ]  # fmt: skip
    found = assess_together(loads, TERMS)
    for rule, most_fen in (("bulk", 500_000), ("cold", 800_000)):
        assert sum(one.fen for one in found if one.rule == rule) <= most_fen
    assert all(0 <= one.fen <= freight_fen // 2 for one in found)
    assert all((one.fen > 0) <= bool(one.rule) and one.explanation for one in found)
    assert [one.fen <= assess(load, TERMS).fen for one, load in zip(found, loads, strict=True)] == [True] * len(loads)


@given(st.integers(0, 10_000), st.integers(1, 20_000), st.integers(0, 100_000))
def test_more_household_goods_never_earn_less(share_bp, billed_g, freight_fen):
    load = replace(PARCEL, billed_g=billed_g, eligible_freight_fen=freight_fen)
    less, more = replace(load, share_bp=share_bp // 2), replace(load, share_bp=share_bp)
    assert assess(less, TERMS).fen <= assess(more, TERMS).fen


def test_nobody_earns_by_more_tonnes_than_the_weigh_note_shows():
    # 12 t claimed, 10 t weighed: 10 × 1,000 × 0.20 × 1.00 = 2,000.00
    found = assess(replace(TRUCK, net_g=12_000_000, km=1_000, share_bp=1_000), TERMS)
    assert found.fen == 200_000
    assert found.explanation.startswith("10.000 吨(以过磅为准) × 1,000 公里 × 0.20 元")


def test_the_parcels_of_an_order_share_fifty_yuan():
    # seven parcels of 6.50 × 1.30 = 8.45: 59.15; each 8.45 × 50/59.15 = 7.1428 → 7.14
    parcels = [replace(PARCEL, billed_g=20_000, eligible_freight_fen=5_000)] * 7
    found = assess_together(parcels, TERMS)
    assert {one.fen for one in found} == {714}
    assert found[0].explanation.endswith("同单小件合计 59.15 元, 超过每单 50.00 元的上限, 按比例为 7.14 元")
    assert [one.fen for one in assess_together(parcels[:5], TERMS)] == [845] * 5  # 42.25 stays


def test_marginal_rates_pay_each_stretch_of_the_weight_its_own():
    # 12 t: 10 t × 0.16 + 2 t × 0.20 = 2.00 a km; × 1,000 km × 1.00 = 2,000.00
    terms = Terms.read(POLICY | {"tier_mode": "marginal"})
    load = replace(TRUCK, net_g=12_000_000, vehicle_net_g=12_000_000, km=1_000, share_bp=1_000)
    found = assess(load, terms)
    assert found.fen == 200_000
    assert found.explanation == (
        "12.000 吨 × 1,000 公里 × 分段均价 (10.000 吨 × 0.16 元 + 2.000 吨 × 0.20 元) ÷ 12.000 吨 × 1.00(C 类)"
        " = 2,000.00 元, 未超过运费 50%"
    )
    # 25 t: 1.60 + 2.00 + 5 t × 0.22 = 4.70 a km for all; 5 t of them have a fifth: 0.94 × 1,000 = 940.00
    part = replace(load, net_g=5_000_000, vehicle_net_g=25_000_000)
    assert assess(part, terms).fen == 94_000
    # at the edge of a step both modes agree, and need no stretches to say it
    small = replace(load, net_g=5_000_000, vehicle_net_g=5_000_000)
    assert assess(small, terms) == assess(small, TERMS)


def test_a_parcel_of_two_products_has_the_share_of_each_by_its_own_grams():
    # 2 kg of a pool at 3/4 and 1 kg of a pool at 1/3: (1.5 + 0.333…) / 3 = 61.11 %
    assert subsidy.mixed_share_bp([(2_000, 75, 100), (1_000, 1, 3)]) == 6_111
    assert subsidy.share_bp(6_480, 10_000) == subsidy.mixed_share_bp([(5, 6_480, 10_000)]) == 6_480


def test_a_share_is_cut_and_never_rounded_up_into_a_tier():
    # 5,999.9 bp is 5,999, by the pool and by its parts: tier B
    assert subsidy.share_bp(59_999, 100_000) == 5_999
    assert subsidy.mixed_share_bp([(1_000, 59_999, 100_000), (1_000, 59_999, 100_000)]) == 5_999


def test_where_both_caps_are_passed_the_lower_one_is_named():
    # 25 t × 1,250 × 0.22 × 1.30 = 8,937.50; half of 12,000.00 is above the vehicle's 5,000.00, half of 9,000.00 is not
    load = replace(TRUCK, net_g=25_000_000, vehicle_net_g=25_000_000, eligible_freight_fen=1_200_000)
    assert assess(load, TERMS).explanation.endswith("8,937.50 元, 超过每车 5,000.00 元的上限, 按 5,000.00 元")
    cheap = replace(load, eligible_freight_fen=900_000)
    assert assess(cheap, TERMS).explanation.endswith("8,937.50 元, 超过运费 50%, 按 4,500.00 元")


def test_freight_that_others_paid_does_not_count_and_never_below_nothing():
    assert subsidy.eligible_freight_fen(546_000, 80_000, 0) == 466_000
    assert subsidy.eligible_freight_fen(1_000, 900, 200) == 0


@given(st.integers(1, 10**9), st.data())
def test_what_is_kept_after_a_refund_is_between_nothing_and_all(g, data):
    fen, kept = data.draw(st.integers(0, 10**7)), data.draw(st.integers(0, g))
    assert 0 <= subsidy.kept_fen(fen, kept, g) <= fen
    assert subsidy.kept_fen(fen, g, g) == fen
    assert subsidy.kept_fen(fen, 0, g) == 0


# ── The queue ────────────────────────────────────────────────────────────────────────────────────────────────────────

JAN = dt.date(2019, 1, 10)


def waiting(key: int, tier: str, fen: int, **fields) -> Candidate:
    return Candidate(
        **{
            "key": key,
            "supplier": "C01",
            "tier": tier,
            "is_deep": False,
            "dispatched_on": JAN,
            "id": key,
            "rule": "bulk",
            "fen": fen,
        }
        | fields
    )


def test_the_queue_of_the_policy_pays_the_last_one_in_part():
    queue = [waiting(1, "A", 325_000), waiting(2, "B", 160_770), waiting(3, "D", 90_000)]
    paid, purse = settle(queue, terms=TERMS, purse=Purse(500_000, {}))
    assert [(one.paid_fen, one.deferred_fen) for one in paid] == [(325_000, 0), (160_770, 0), (14_230, 75_770)]
    assert purse.left_fen == 0


def test_the_order_is_tier_then_deferred_then_deep_poverty_then_day_then_id():
    late = dt.date(2019, 2, 1)
    queue = [
        waiting(1, "B", 1, is_deep=True),
        waiting(2, "A", 1, dispatched_on=late),
        waiting(3, "A", 1),
        waiting(4, "A", 1, is_deep=True, dispatched_on=late),
        waiting(5, "B", 1, was_deferred=True, dispatched_on=late),
        waiting(6, "A", 1, id=0),
    ]
    assert [one.key for one in subsidy.in_order(queue, TERMS)] == [4, 6, 3, 2, 5, 1]


def test_a_tier_of_an_earlier_version_stands_behind_all_others():
    queue = [waiting(1, "E", 1, was_deferred=True), waiting(2, "D", 1)]
    assert [one.key for one in subsidy.in_order(queue, TERMS)] == [2, 1]


def test_what_was_deferred_stands_ahead_of_its_tier_in_the_next_settlement():
    # 500.00 left: A takes 450.00, the first B 50.00 of 300.00. Next time that B is before a newer B, after a newer A.
    first = subsidy.in_order([waiting(1, "B", 30_000), waiting(2, "A", 45_000)], TERMS)
    paid, _purse = settle(first, terms=TERMS, purse=Purse(50_000, {}))
    assert [(one.key, one.paid_fen, one.deferred_fen) for one in paid] == [(2, 45_000, 0), (1, 5_000, 25_000)]
    rest = waiting(1, "B", paid[1].deferred_fen, was_deferred=True)
    queue = subsidy.in_order([waiting(3, "B", 10_000, is_deep=True), rest, waiting(4, "A", 10_000)], TERMS)
    paid, purse = settle(queue, terms=TERMS, purse=Purse(40_000, {}))
    assert [(one.key, one.paid_fen) for one in paid] == [(4, 10_000), (1, 25_000), (3, 5_000)]
    assert purse.left_fen == 0


def test_an_overdrawn_purse_pays_nothing_and_takes_nothing_back():
    paid, purse = settle([waiting(1, "A", 500)], terms=TERMS, purse=Purse(-3, {"C01": 10_000_001}))
    assert (paid[0].paid_fen, paid[0].cut_fen, purse.left_fen) == (0, 500, -3)


def test_a_supplier_year_cap_that_binds_cuts_for_good_and_leaves_the_money_to_others():
    # 100,000.00 a year, 99,000.00 paid: 1,000.00 of 3,250.00; the other supplier has what is left.
    queue = [waiting(1, "A", 325_000), waiting(2, "B", 160_770, supplier="C02")]
    paid, purse = settle(queue, terms=TERMS, purse=Purse(200_000, {"C01": 9_900_000}))
    assert [(one.paid_fen, one.deferred_fen, one.cut_fen, one.reason) for one in paid] == [
        (100_000, 0, 225_000, "supplier_cap"),
        (100_000, 60_770, 0, "envelope_spent"),
    ]
    assert purse == Purse(0, {"C01": 10_000_000, "C02": 100_000})


def test_parcels_of_a_quarter_with_too_few_of_them_are_cut():
    assert subsidy.parcels_short("parcel", TERMS, 99)
    assert not subsidy.parcels_short("parcel", TERMS, 100)
    assert not subsidy.parcels_short("bulk", TERMS, 1)
    paid, purse = settle([waiting(1, "A", 520, is_short=True)], terms=TERMS, purse=Purse(1_000, {}))
    assert (paid[0].paid_fen, paid[0].cut_fen, paid[0].reason, purse.left_fen) == (0, 520, "too_few_parcels", 1_000)


@given(
    st.lists(
        st.tuples(st.integers(0, 10**7), st.sampled_from(["C01", "C02"]), st.sampled_from("ABCD"), st.booleans()),
        max_size=12,
    ),
    st.integers(0, 3 * 10**7),
    st.integers(1, 12),
)
def test_a_queue_in_batches_pays_what_it_pays_in_one_go_and_nothing_is_lost(amounts, left, batch):
    queue = subsidy.in_order(
        [
            waiting(i, tier, fen, supplier=supplier, is_short=is_short)
            for i, (fen, supplier, tier, is_short) in enumerate(amounts)
        ],
        TERMS,
    )
    whole, after = settle(queue, terms=TERMS, purse=Purse(left, {}))
    purse, pieces = Purse(left, {}), []
    for start in range(0, len(queue), batch):
        paid, purse = settle(queue[start : start + batch], terms=TERMS, purse=purse)
        pieces += paid
    assert pieces == whole
    assert purse == after
    assert all(one.paid_fen + one.deferred_fen + one.cut_fen == c.fen for one, c in zip(whole, queue, strict=True))
    assert all(min(one.paid_fen, one.deferred_fen, one.cut_fen) >= 0 for one in whole)
    assert sum(one.paid_fen for one in whole) + after.left_fen == left
    assert all(fen <= 10_000_000 for fen in after.paid_this_year.values())
    assert sum(1 for one in whole if one.paid_fen and one.deferred_fen) <= 1  # one in part at most


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"tier_mode": "half"}, "tier_mode"),
        ({"priority_tiers": []}, "priority_tiers"),
        ({"rules": [{"code": "x", "kind": "gift", "mode": "courier", "cap_freight_bp": 1}]}, "kind"),
        ({"min_households_for_priority": "five"}, "min_households_for_priority"),
        ({"cap_per_supplier_year_fen": -1}, "cap_per_supplier_year_fen"),
    ],
)
def test_terms_that_cannot_be_read_name_the_key(change, names):
    with pytest.raises(TermsError, match=names):
        Terms.read(POLICY | change)


@pytest.mark.parametrize(
    ("rule", "change", "names"),
    [
        (0, {"tiers_fen": [[3_000, 200], [5_000, 280]]}, "rules, entry 1, tiers_fen: the last step does not reach"),
        (0, {"tiers_fen": [[20_000, 200], [20_000, 280]]}, "rules, entry 1, tiers_fen: the grams of each step"),
        (0, {"tiers_fen": [[20_000, 200.5]]}, "rules, entry 1, tiers_fen: pairs of whole grams and fen"),
        (0, {"tiers_fen": [20_000]}, "rules, entry 1, tiers_fen: pairs"),
        (0, {"code": "bulk"}, "rules: two rules have the same code"),
        (0, {"mode": "ship"}, "rules, entry 1, mode"),
        (1, {"min_net_g": 2_999_999}, "rules, entry 2, min_net_g: it is 0, or below the first step"),
        (1, {"cap_freight_bp": 10_001}, "rules, entry 2, cap_freight_bp: 10001 is not between 0 and 10000"),
        (1, {"cap_per_shipment_fen": True}, "rules, entry 2, cap_per_shipment_fen: a whole number"),
        (2, {"percent_bp": "30%"}, "rules, entry 3, percent_bp: a whole number"),
        (2, {"requires": "temperature_log"}, "rules, entry 3, requires: a list"),
    ],
)
def test_a_rule_that_could_not_be_applied_is_refused_when_it_is_read(rule, change, names):
    rules = [one | change if i == rule else one for i, one in enumerate(POLICY["rules"])]
    with pytest.raises(TermsError, match=re.escape(names)):
        Terms.read(POLICY | {"rules": rules})


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"factor": "NaN"}, "priority_tiers, entry 1, factor: 'NaN' is not a number"),
        ({"factor": "much"}, "priority_tiers, entry 1, factor: 'much' is not a number"),
        ({"factor": "0"}, "priority_tiers, entry 1, factor"),
        ({"factor": "1.00001"}, "priority_tiers, entry 1, factor"),
        ({"min_share_bp": 0}, "priority_tiers, entry 1, min_share_bp: 0 is not between 1 and 10000"),
        ({"min_share_bp": 3_000}, "priority_tiers: two tiers have the same code or the same min_share_bp"),
    ],
)
def test_a_tier_that_could_not_be_applied_is_refused_when_it_is_read(change, names):
    first, *others = POLICY["priority_tiers"]
    with pytest.raises(TermsError, match=re.escape(names)):
        Terms.read(POLICY | {"priority_tiers": [first | change, *others]})


def test_a_destination_that_is_no_province_is_refused():
    # an empty code would let every destination in
    for code in ("", "3", "370900", "山东"):
        with pytest.raises(TermsError, match="destination_province"):
            Terms.read(POLICY | {"destination_province": code})


def test_terms_without_a_key_name_it():
    with pytest.raises(TermsError, match="rules: missing"):
        Terms.read({key: value for key, value in POLICY.items() if key != "rules"})
