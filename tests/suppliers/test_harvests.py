"""Declared harvests: spread over weeks, counted once, told without naming anybody. Sums worked out by hand."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suppliers.harvests import Declared, Season, Verdict, Yields, cells, counted, expected_g, monday, seasons

pytestmark = pytest.mark.money

MONDAY = dt.date(2026, 10, 5)
DAY = dt.timedelta(days=1)
# A cooperative's own word: ten days from a Monday on, 1,000 kg: 100 kg a day.
OWN = Declared("DT01", "500238110", "一级", 1_000_000, MONDAY, MONDAY + 9 * DAY, 2_000, source=1)


def of_household(n: int, **fields) -> Declared:
    return replace(OWN, **{"household": n, "source": 0} | fields)


def told(*declared: Declared) -> list[tuple]:
    return [(c.week_on, c.township, c.grade, c.g) for c in cells(declared, MONDAY, 8)]


def test_a_week_within_the_harvest_brings_its_days():
    assert expected_g([OWN], MONDAY + DAY, MONDAY + 7 * DAY) == 700_000


def test_a_week_that_begins_before_the_harvest_brings_only_the_days_of_picking():
    assert expected_g([OWN], MONDAY - 3 * DAY, MONDAY + 3 * DAY) == 400_000


def test_a_week_after_the_harvest_brings_nothing():
    assert expected_g([OWN], MONDAY + 10 * DAY, MONDAY + 16 * DAY) == 0


def test_the_days_of_a_harvest_that_cannot_be_shared_evenly_sum_to_it():
    # 100 g over three days: 33, 33, and the last day brings 34.
    short = replace(OWN, g=100, ends_on=MONDAY + 2 * DAY)
    assert [short.g_between(MONDAY + n * DAY, MONDAY + n * DAY) for n in range(3)] == [33, 33, 34]


@given(st.integers(1, 10**10), st.integers(0, 366), st.integers(0, 400))
def test_two_parts_of_a_harvest_sum_to_the_whole(g, length, cut):
    one = replace(OWN, g=g, ends_on=MONDAY + length * DAY)
    at = MONDAY + cut * DAY
    assert one.g_between(MONDAY, at) + one.g_between(at + DAY, MONDAY + 999 * DAY) == g


def test_a_cooperatives_own_word_covers_what_its_households_say_of_the_same_days():
    member = replace(OWN, household=7, g=200_000)
    assert counted([OWN, member]) == [OWN]
    assert expected_g([OWN, member], MONDAY, MONDAY + 9 * DAY) == 1_000_000


def test_a_household_that_picks_longer_than_its_cooperative_said_counts_for_the_days_outside():
    # Twenty days of 10 kg; the cooperative speaks for the first ten.
    member = replace(OWN, household=7, g=200_000, ends_on=MONDAY + 19 * DAY)
    assert expected_g([OWN, member], MONDAY, MONDAY + 19 * DAY) == 1_100_000


def test_a_household_that_delivers_to_another_cooperative_is_not_covered():
    assert expected_g([OWN, replace(OWN, household=7, g=200_000, source=2)], MONDAY, MONDAY + 9 * DAY) == 1_200_000


def test_a_harvest_stands_in_the_weeks_in_which_it_comes():
    assert told(OWN) == [
        (MONDAY, "500238110", "一级", 700_000),
        (MONDAY + 7 * DAY, "500238110", "一级", 300_000),
    ]


def test_two_households_are_not_told_apart_three_are():
    two = [of_household(n, ends_on=MONDAY + 6 * DAY) for n in (1, 2)]
    assert told(*two) == []
    assert told(*two, of_household(3, ends_on=MONDAY + 6 * DAY)) == [(MONDAY, "500238110", "一级", 3_000_000)]


def test_one_household_that_declares_three_times_is_one():
    assert told(*[of_household(1, ends_on=MONDAY + 6 * DAY)] * 3) == []


def test_few_households_of_several_townships_are_told_for_the_county_alone():
    week = {"ends_on": MONDAY + 6 * DAY}
    rows = [of_household(1, **week), of_household(2, township="500238101", **week), of_household(3, grade="", **week)]
    assert told(*rows) == [(MONDAY, "", "", 3_000_000)]


def test_a_collector_speaks_for_as_many_households_as_he_says():
    nine = of_household(0, households=9, ends_on=MONDAY + 6 * DAY)
    assert told(nine) == [(MONDAY, "500238110", "一级", 1_000_000)]
    assert told(replace(nine, households=2)) == []


def test_a_cooperatives_own_word_is_told_by_itself():
    assert len(told(replace(OWN, ends_on=MONDAY + 6 * DAY))) == 1


def test_the_price_of_a_cell_is_the_lowest_and_the_highest_that_was_said():
    rows = [OWN, replace(OWN, source=2, fen_per_kg=1_800), replace(OWN, source=3, fen_per_kg=None)]
    cell = cells(rows, MONDAY, 1)[0]
    assert (cell.low_fen_per_kg, cell.high_fen_per_kg) == (1_800, 2_000)


def test_what_comes_before_the_first_week_or_after_the_last_is_left_out():
    assert cells([OWN], MONDAY + 7 * DAY, 1)[0].g == 300_000
    assert cells([OWN], MONDAY + 14 * DAY, 1) == []
    assert cells([OWN], MONDAY - 7 * DAY, 1) == []


@given(
    st.lists(
        st.builds(
            of_household,
            st.integers(1, 5),
            township=st.sampled_from(["500238110", "500238101"]),
            grade=st.sampled_from(["", "一级"]),
            g=st.integers(1, 10**9),
        ),
        max_size=8,
    )
)
def test_no_cell_ever_rests_on_fewer_than_three_households(rows):
    for cell in cells(rows, MONDAY, 4):
        behind = {
            row.household
            for row in rows
            if (not cell.township or row.township == cell.township) and (not cell.township or row.grade == cell.grade)
        }
        assert len(behind) >= 3


def test_monday_is_the_first_day_of_the_week():
    assert monday(MONDAY + 6 * DAY) == monday(MONDAY) == MONDAY


# ── Area and trees ───────────────────────────────────────────────────────────────────────────────────────────────────

PEACHES = Yields(per_mu_jin=(1_000, 5_000), per_tree_jin=(10, 80))
JIN = 500


@pytest.mark.parametrize(
    ("jin", "mu", "trees", "verdict"),
    [
        (30_000, 10, 0, Verdict.FITS),  # 3,000 a mu
        (10_000, 10, 0, Verdict.FITS),  # the lowest that is usual
        (9_999, 10, 0, Verdict.UNUSUAL),
        (50_000, 10, 0, Verdict.FITS),  # the highest
        (50_001, 10, 0, Verdict.UNUSUAL),
        (200_000, 10, 0, Verdict.UNUSUAL),  # four times the highest
        (200_001, 10, 0, Verdict.ABSURD),
        (2_000, 0, 100, Verdict.FITS),  # 20 a tree
        (40_000, 0, 100, Verdict.ABSURD),
        (30_000, 10, 10, Verdict.ABSURD),  # the land bears it, ten trees never
        (999_999, 0, 0, Verdict.FITS),  # nothing said to hold it against
    ],
)  # fmt: skip
def test_a_weight_is_held_against_land_and_trees(jin, mu, trees, verdict):
    assert PEACHES.judge(jin * JIN, mu_hundredths=mu * 100, trees=trees) is verdict


def test_what_is_not_known_is_reckoned_from_the_middle_of_what_is_usual():
    # 45 jin a tree; 3,000 jin a mu.
    assert PEACHES.estimate_g(trees=100, mu_hundredths=1_000) == 4_500 * JIN
    assert PEACHES.estimate_g(mu_hundredths=150) == 4_500 * JIN
    assert PEACHES.estimate_g() is None
    assert Yields().estimate_g(trees=100) is None


# ── Declared and delivered ───────────────────────────────────────────────────────────────────────────────────────────


def test_harvests_whose_days_touch_are_one_season_and_take_what_was_bought_in_it():
    early = replace(OWN, g=400_000, ends_on=MONDAY + 4 * DAY)
    late = replace(OWN, g=600_000, starts_on=MONDAY + 5 * DAY, ends_on=MONDAY + 9 * DAY)
    next_year = replace(OWN, starts_on=MONDAY + 365 * DAY, ends_on=MONDAY + 366 * DAY)
    bought = [(MONDAY - DAY, 1), (MONDAY, 300_000), (MONDAY + 9 * DAY, 500_000), (MONDAY + 10 * DAY, 1)]
    assert seasons([late, next_year, early], bought) == [
        Season(MONDAY + 365 * DAY, MONDAY + 366 * DAY, 1_000_000, 0),
        Season(MONDAY, MONDAY + 9 * DAY, 1_000_000, 800_000),
    ]
