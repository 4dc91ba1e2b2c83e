"""Which lots a sale is drawn from, and what a reversal takes back: sums by hand."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suppliers.base.money import apportion, half_up, price_of
from suppliers.sharing import Draw, Held, Lot, credit_fen, draw, reversal_fen, take_back

SEP_1, SEP_5, SEP_20 = dt.date(2019, 9, 1), dt.date(2019, 9, 5), dt.date(2019, 9, 20)


def test_a_half_is_rounded_away_from_zero_on_both_sides():
    assert [half_up(5, 10), half_up(-5, 10), half_up(4, 10), half_up(15, 10)] == [1, -1, 0, 2]


def test_a_hundred_fen_by_thirds_give_the_odd_fen_to_the_first():
    assert apportion(100, [1, 1, 1]) == [34, 33, 33]


def test_the_largest_remainder_takes_the_odd_fen_wherever_it_stands():
    # 10 × 1/6 = 1.67, 10 × 2/6 = 3.33, 10 × 3/6 = 5: the first part has the largest remainder.
    assert apportion(10, [1, 2, 3]) == [2, 3, 5]


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**7), min_size=1, max_size=20).filter(any))
def test_parts_always_sum_to_the_whole_and_are_within_one_of_their_share(total, weights):
    parts = apportion(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - total * weight) < sum(weights)


def test_a_line_is_drawn_from_the_oldest_lot_first():
    lots = [Lot(1, SEP_1, 1_000), Lot(2, SEP_5, 5_000)]
    # 2.5 kg for 88.00: 1.0 kg of lot 1 is 35.20, 1.5 kg of lot 2 is 52.80.
    assert draw(g=2_500, fen=8_800, on=SEP_20, lots=lots, shelf_life_days=300) == [
        Draw(1, 1_000, 3_520),
        Draw(2, 1_500, 5_280),
    ]


def test_what_no_lot_covers_stays_untraced_with_its_share_of_the_fen():
    assert draw(g=2_500, fen=8_800, on=SEP_20, lots=[Lot(1, SEP_1, 1_250)], shelf_life_days=300) == [
        Draw(1, 1_250, 4_400),
        Draw(None, 1_250, 4_400),
    ]


def test_a_lot_bought_after_dispatch_is_never_drawn_from():
    assert draw(g=100, fen=100, on=SEP_1, lots=[Lot(1, SEP_5, 1_000)], shelf_life_days=300) == [Draw(None, 100, 100)]


def test_a_lot_is_good_on_the_last_day_of_its_shelf_life_and_not_on_the_next():
    lots = [Lot(1, SEP_5, 1_000)]
    assert draw(g=100, fen=100, on=SEP_20, lots=lots, shelf_life_days=15) == [Draw(1, 100, 100)]
    assert draw(g=100, fen=100, on=SEP_20, lots=lots, shelf_life_days=14) == [Draw(None, 100, 100)]


def test_a_refund_falls_on_the_parts_by_the_grams_they_still_hold():
    # 500 g and 20.00 of a line that holds 1.0 kg, 1.5 kg: 200 g and 300 g, 8.00 and 12.00.
    held = [Held(1, 1_000, 3_520), Held(2, 1_500, 5_280)]
    assert take_back(g=500, fen=2_000, held=held) == [Held(1, 200, 800), Held(2, 300, 1_200)]


def test_the_refund_that_empties_a_line_takes_all_that_is_left():
    held = [Held(1, 800, 2_719), Held(None, 1_200, 4_081)]
    assert take_back(g=2_000, fen=6_800, held=held) == held


def test_an_allowance_on_the_price_takes_fen_and_no_grams():
    held = [Held(1, 1_000, 3_000), Held(2, 1_000, 3_000)]
    assert take_back(g=0, fen=1_001, held=held) == [Held(1, 0, 501), Held(2, 0, 500)]


def test_more_than_a_line_holds_cannot_be_taken_back():
    with pytest.raises(ValueError, match="more is taken back"):
        take_back(g=1_001, fen=0, held=[Held(1, 1_000, 3_000)])


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=8), st.data())
def test_a_refund_always_sums_to_what_was_given_back_and_never_overdraws_a_part(parts, data):
    held = [Held(i, g, fen) for i, (g, fen) in enumerate(parts)]
    g = data.draw(st.integers(0, sum(part.g for part in held)))
    fen = data.draw(st.integers(0, sum(part.fen for part in held)))
    back = take_back(g=g, fen=fen, held=held)
    assert (sum(part.g for part in back), sum(part.fen for part in back)) == (g, fen)
    assert all(0 <= b.g <= h.g and 0 <= b.fen <= h.fen for b, h in zip(back, held, strict=True))


def test_a_credit_is_grams_times_the_price_of_the_lot_half_up():
    # 1,333 g at 18.50 a kg = 24.6605
    assert credit_fen(1_333, 1_850) == price_of(1_333, 1_850) == 2_466


def test_a_full_reversal_in_two_steps_is_exactly_the_negative():
    # 2.466 yuan for 1,333 g; 667 g back = 12.3395 → 12.34; the rest takes what is left, 12.32, not 12.321 rounded anew.
    first = reversal_fen(back_g=667, left_g=1_333, left_fen=2_466, fen_per_kg=1_850)
    rest = reversal_fen(back_g=666, left_g=666, left_fen=2_466 - first, fen_per_kg=1_850)
    assert (first, rest) == (1_234, 1_232)
