"""Seasons, and the pages on which produce is found and looked at."""

import datetime as dt

import pytest

from shop.catalogue import season
from shop.catalogue.season import State


@pytest.mark.parametrize(
    ("day", "name", "starts_on", "ends_on"),
    [
        # As the Purple Mountain Observatory prints them.
        (dt.date(2019, 2, 4), "立春", dt.date(2019, 2, 4), dt.date(2019, 2, 18)),
        (dt.date(2019, 6, 21), "夏至", dt.date(2019, 6, 21), dt.date(2019, 7, 6)),
        (dt.date(2020, 12, 21), "冬至", dt.date(2020, 12, 21), dt.date(2021, 1, 4)),
        (dt.date(2024, 4, 4), "清明", dt.date(2024, 4, 4), dt.date(2024, 4, 18)),
        (dt.date(2025, 10, 23), "霜降", dt.date(2025, 10, 23), dt.date(2025, 11, 6)),
        (dt.date(2026, 11, 24), "小雪", dt.date(2026, 11, 22), dt.date(2026, 12, 6)),
    ],
)
def test_a_day_has_its_solar_term(day, name, starts_on, ends_on):
    term = season.term_of(day)
    assert (str(term.name), term.starts_on, term.ends_on) == (name, starts_on, ends_on)


def test_the_terms_of_a_year_follow_each_other_without_a_gap():
    day, count = dt.date(2026, 1, 5), 0
    while day < dt.date(2027, 1, 5):
        term = season.term_of(day)
        assert term.starts_on == day
        assert 14 <= (term.ends_on - day).days <= 16
        day, count = term.ends_on + dt.timedelta(days=1), count + 1
    assert count == 24


@pytest.mark.parametrize(
    ("window", "day", "is_on"),
    [
        (("09-20", "11-15"), dt.date(2026, 9, 19), False),
        (("09-20", "11-15"), dt.date(2026, 9, 20), True),
        (("09-20", "11-15"), dt.date(2026, 11, 15), True),
        (("09-20", "11-15"), dt.date(2026, 11, 16), False),
        (("11-15", "01-31"), dt.date(2026, 12, 31), True),
        (("11-15", "01-31"), dt.date(2027, 1, 31), True),
        (("11-15", "01-31"), dt.date(2027, 2, 1), False),
        (("12-01", "02-28"), dt.date(2028, 2, 29), False),
        (("01-01", "12-31"), dt.date(2028, 2, 29), True),
    ],
)
def test_a_harvest_is_on_within_its_window_also_over_the_new_year(window, day, is_on):
    assert season.is_on(*window, day) is is_on


def test_what_begins_within_six_weeks_is_soon():
    assert season.state("12-01", "02-28", dt.date(2026, 10, 17)) == State.SOON  # 45 days ahead
    assert season.state("12-01", "02-28", dt.date(2026, 10, 16)) == State.OVER
    assert season.state("02-15", "04-20", dt.date(2026, 12, 31)) == State.OVER
    assert season.state("02-15", "04-20", dt.date(2027, 1, 1)) == State.SOON
    assert season.next_start("02-29", dt.date(2026, 12, 1)) == dt.date(2027, 3, 1)
