import datetime as dt

import pytest

from shop.shipping.arrival import expected

ON = dt.date(2026, 9, 13)


@pytest.mark.parametrize(
    ("area_code", "day"),
    [
        ("370902", dt.date(2026, 9, 18)),  # two days to hand it over, three on the way
        ("37", dt.date(2026, 9, 18)),
        ("500238", dt.date(2026, 9, 16)),
        ("110101", dt.date(2026, 9, 19)),
        ("230100", dt.date(2026, 9, 20)),
        ("650100", dt.date(2026, 9, 23)),
    ],
)
def test_a_parcel_is_two_days_in_the_house_and_some_on_the_way(area_code, day):
    assert expected(area_code, on=ON) == day


def test_it_goes_past_the_end_of_a_year():
    assert expected("370902", on=dt.date(2026, 12, 30)) == dt.date(2027, 1, 4)


def test_a_truck_comes_on_its_day():
    assert expected("370902", on=ON, truck_on=dt.date(2026, 9, 22)) == dt.date(2026, 9, 22)
