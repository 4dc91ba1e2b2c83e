"""What goes back for spoiled and for returned goods, worked out by hand."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.aftersales.rules import (
    Back,
    Bought,
    Refusal,
    Right,
    for_returned,
    for_spoiled,
    is_over,
    last_day_to_claim,
    last_day_to_return,
    right_to_return,
)
from suppliers.base import days

pytestmark = pytest.mark.money

# Two boxes of 5 jin at 88.00: 176.00 and 5 kg.
BOXES = Bought(goods_fen=17_600, net_g=5_000, packs=2, left_fen=17_600, left_g=5_000)


def test_a_spoiled_share_is_paid_back_in_money_and_in_weight():
    assert for_spoiled(BOXES, 3_000) == Back(5_280, 1_500)


def test_half_a_fen_is_rounded_up_once():
    # 10 % of 88.05 is 8.805
    assert for_spoiled(replace(BOXES, goods_fen=8_805, left_fen=8_805), 1_000).fen == 881


def test_from_one_half_on_all_of_it_goes_back():
    assert for_spoiled(BOXES, 4_999).fen == 8_798  # 87.9824
    assert for_spoiled(BOXES, 5_000) == Back(17_600, 5_000)
    assert for_spoiled(BOXES, 10_000) == Back(17_600, 5_000)


def test_shares_of_several_claims_add_up_to_the_half():
    after_30 = replace(BOXES, left_fen=12_320, left_g=3_500, spoiled_bp=3_000)
    assert for_spoiled(after_30, 1_000) == Back(1_760, 500)
    assert for_spoiled(after_30, 2_000) == Back(12_320, 3_500)


def test_no_more_goes_back_than_is_left_and_no_gram_stays_that_is_paid_back():
    # Staff gave 170.00 back as an allowance: 6.00 and all the weight are left.
    assert for_spoiled(replace(BOXES, left_fen=600), 1_000) == Back(600, 5_000)
    assert for_spoiled(replace(BOXES, left_g=300), 1_000) == Back(1_760, 300)
    assert for_spoiled(replace(BOXES, left_fen=0, left_g=0), 1_000) == Back(0, 0, Refusal.NOTHING_LEFT)


@pytest.mark.parametrize("share", [0, -1, 10_001, 10**9])
def test_what_is_no_share_pays_nothing(share):
    assert for_spoiled(BOXES, share) == Back(0, 0, Refusal.NO_SHARE)


def test_a_share_below_half_a_fen_pays_nothing():
    assert for_spoiled(replace(BOXES, goods_fen=4, left_fen=4), 1_000) == Back(0, 0, Refusal.NO_SHARE)


@given(
    goods=st.integers(1, 10**7),
    net=st.integers(1, 10**7),
    taken=st.integers(0, 100),
    shares=st.lists(st.integers(1, 10_000), max_size=6),
)
def test_however_many_claims_never_more_than_the_line(goods, net, taken, shares):
    left = Bought(goods, net, 1, goods - goods * taken // 100, net - net * taken // 100)
    for share in shares:
        back = for_spoiled(left, share)
        assert 0 <= back.fen <= left.left_fen
        assert 0 <= back.g <= left.left_g
        assert not (back.fen == left.left_fen and back.fen and back.g != left.left_g)
        left = replace(
            left,
            left_fen=left.left_fen - back.fen,
            left_g=left.left_g - back.g,
            spoiled_bp=left.spoiled_bp + (share if back.fen else 0),
        )
    assert (left.left_fen == 0) <= (left.left_g == 0)


def test_packs_sent_back_take_their_part_of_what_is_left_and_the_last_take_the_rest():
    three = Bought(goods_fen=10_000, net_g=1_000, packs=3, left_fen=10_000, left_g=1_000)
    first = for_returned(three, 1)
    assert first == Back(3_333, 333)
    rest = replace(three, left_fen=6_667, left_g=667, returned=1)
    assert for_returned(rest, 2) == Back(6_667, 667)
    assert for_returned(rest, 3).refusal is Refusal.NOT_THAT_MANY


def test_a_pack_sent_back_after_a_claim_pays_what_the_claim_left_of_it():
    # 30 % of two boxes was paid back; one box takes half of the other 123.20.
    assert for_returned(replace(BOXES, left_fen=12_320, left_g=3_500, spoiled_bp=3_000), 1) == Back(6_160, 1_750)


@pytest.mark.parametrize("packs", [0, -1, 3, 10**9])
def test_no_other_number_of_packs_goes_back(packs):
    assert for_returned(BOXES, packs) == Back(0, 0, Refusal.NOT_THAT_MANY)


def test_a_day_of_receipt_counts_to_the_end_of_the_next_day():
    # Received on 5 March, whether at 0:01 or at 23:59: a photo at 23:59 on 6 March is in time, one at midnight is not.
    last = last_day_to_claim(dt.date(2019, 3, 5))
    assert not is_over(last, days.at(dt.date(2019, 3, 6), 23, 59, 59))
    assert is_over(last, days.at(dt.date(2019, 3, 7), 0))


def test_the_seven_days_begin_on_the_day_after_receipt():
    last = last_day_to_return(dt.date(2019, 2, 26))
    assert not is_over(last, days.at(dt.date(2019, 3, 5), 23, 59, 59))
    assert is_over(last, days.at(dt.date(2019, 3, 6), 0))


def test_only_fresh_goods_whose_buyer_confirmed_it_stay():
    assert right_to_return(is_fresh=False, is_waived=False) is Right.UNOPENED
    assert right_to_return(is_fresh=False, is_waived=True) is Right.UNOPENED
    assert right_to_return(is_fresh=True, is_waived=True) is Right.NONE
    assert right_to_return(is_fresh=True, is_waived=False) is Right.BINDING
