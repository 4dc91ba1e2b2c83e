"""What lots become when they are carried on, and a season's account with what does not add up: sums by hand."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suppliers.base.money import price_of
from suppliers.sharing import Input, Lot, Output, carry_on, take, yield_fits
from suppliers.stocktaking import Account, Flag, flags, season_from, season_of

SEP_1, SEP_5, SEP_20 = dt.date(2019, 9, 1), dt.date(2019, 9, 5), dt.date(2019, 9, 20)


def test_goods_are_taken_from_the_oldest_lot_first_and_less_where_less_is_there():
    lots = [Lot(1, SEP_1, 1_000), Lot(2, SEP_5, 5_000)]
    assert take(g=2_500, on=SEP_20, lots=lots) == [(1, 1_000), (2, 1_500)]
    assert take(g=9_000, on=SEP_20, lots=lots) == [(1, 1_000), (2, 5_000)]


def test_what_is_lost_may_be_past_its_shelf_life_and_what_is_carried_on_may_not():
    lots = [Lot(1, SEP_1, 1_000), Lot(2, SEP_5, 5_000)]
    assert take(g=500, on=SEP_20, lots=lots) == [(1, 500)]
    assert take(g=500, on=SEP_20, lots=lots, shelf_life_days=15) == [(2, 500)]


def test_nothing_is_taken_from_a_lot_before_it_was_bought():
    assert take(g=500, on=SEP_1, lots=[Lot(2, SEP_5, 5_000)]) == []


def test_each_lot_becomes_its_share_of_what_came_out_at_a_price_that_is_rounded_down():
    # 5.5 kg of 10 and 2 kg: 4,583.33 and 916.67 g. 60.00 yuan over 4.583 kg are 13.0919 a kg, 12.02 over 0.917 kg 13.108.
    assert carry_on([Input(1, 10_000, 600), Input(2, 2_000, 601)], out_g=5_500) == [
        Output(1, 4_583, 1_309),
        Output(2, 917, 1_310),
    ]


def test_gram_for_gram_the_price_stays():
    assert carry_on([Input(1, 10_000, 600)], out_g=10_000) == [Output(1, 10_000, 600)]


def test_a_lot_whose_share_is_no_gram_is_left_out():
    assert carry_on([Input(1, 9_999, 600), Input(2, 1, 600)], out_g=100) == [Output(1, 100, 59_994)]


@given(
    st.lists(st.tuples(st.integers(1, 10**8), st.integers(1, 10**6)), min_size=1, max_size=20),
    st.integers(1, 10_000),
)
def test_what_comes_out_sums_up_and_is_never_worth_more_than_the_household_got(lots, yield_bp):
    inputs = [Input(n, g, fen_per_kg) for n, (g, fen_per_kg) in enumerate(lots)]
    out_g = max(1, sum(one.g for one in inputs) * yield_bp // 10_000)
    outputs = carry_on(inputs, out_g=out_g)
    assert sum(one.g for one in outputs) == out_g
    for one in outputs:
        origin = inputs[one.id]
        assert price_of(one.g, one.fen_per_kg) <= price_of(origin.g, origin.fen_per_kg)


def test_no_more_comes_out_than_went_in_and_only_what_the_bounds_let():
    def fits(out_g: int) -> bool:
        return yield_fits(in_g=100_000, out_g=out_g, least_bp=4_500, most_bp=8_000)

    assert [fits(g) for g in (44_999, 45_000, 80_000, 80_001, 100_001, 0)] == [False, True, True, False, False, False]
    assert yield_fits(in_g=1_000, out_g=1_000, least_bp=0, most_bp=10_000)


ACCOUNT = Account(
    opening_g=10_000,
    registered_g=60_000,
    households_g=20_000,
    others_g=20_000,
    carried_in_g=5_000,
    sold_g=70_000,
    elsewhere_g=10_000,
    graded_out_g=4_000,
    lost_g=1_000,
    carried_on_g=15_000,
)


def test_an_account_adds_up():
    # 10 + 60 + 20 + 20 + 5 came in, 70 + 10 + 4 + 1 + 15 went out: 115 − 100 are there; 60 of 100 bought are registered's.
    assert (ACCOUNT.bought_g, ACCOUNT.in_g, ACCOUNT.out_g, ACCOUNT.on_hand_g) == (100_000, 115_000, 100_000, 15_000)
    assert ACCOUNT.registered_bp == 6_000
    assert ACCOUNT.from_nobody_g() == ACCOUNT.from_nobody_g(15_000) == ACCOUNT.from_nobody_g(14_000) == 0
    assert ACCOUNT.from_nobody_g(16_500) == 1_500


def test_poor_households_slips_alone_show_in_what_nobody_sold():
    alone = Account(registered_g=10_000, sold_g=10_000, untraced_g=30_000)
    assert (alone.registered_bp, alone.untraced_bp, alone.from_nobody_g()) == (10_000, 7_500, 30_000)
    assert flags(alone, is_over=True, from_nobody_g=30_000) == [
        Flag.NOBODY_SOLD,
        Flag.REGISTERED_ALONE,
        Flag.NOT_SIGNED,
    ]


def test_a_signed_account_is_compared_with_what_was_signed():
    assert flags(ACCOUNT, is_over=True, from_nobody_g=0, counted_g=15_000, signed=ACCOUNT.text()) == []
    was = ACCOUNT.text() | {"sold_g": 69_000}
    assert flags(ACCOUNT, is_over=True, from_nobody_g=0, counted_g=15_000, signed=was) == [Flag.CHANGED]


@pytest.mark.parametrize(
    ("harvest", "day", "starts", "ends", "harvest_ends"),
    [
        (("09-01", "10-10"), "2019-12-01", "2019-09-01", "2020-08-31", "2019-10-10"),
        (("09-01", "10-10"), "2019-08-31", "2018-09-01", "2019-08-31", "2018-10-10"),
        (("11-15", "01-31"), "2020-01-15", "2019-11-15", "2020-11-14", "2020-01-31"),
        (("01-01", "12-31"), "2019-06-30", "2019-01-01", "2019-12-31", "2019-12-31"),
        (("02-29", "04-20"), "2019-03-01", "2019-03-01", "2020-02-28", "2019-04-20"),
    ],
)
def test_a_season_goes_from_harvest_to_harvest(harvest, day, starts, ends, harvest_ends):
    season = season_of(*harvest, dt.date.fromisoformat(day))
    found = season.starts_on, season.ends_on, season.harvest_ends_on
    assert found == tuple(map(dt.date.fromisoformat, (starts, ends, harvest_ends)))
    assert season_from(*harvest, season.year) == season
