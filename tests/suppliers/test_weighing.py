"""A slip in whole grams and fen, what is odd about it, and how names are typed. No database."""

from decimal import Decimal

import pytest

from suppliers import weighing
from suppliers.spelling import spellings
from suppliers.weighing import Band, Doubt


@pytest.mark.parametrize(
    ("weight", "unit", "g"),
    [
        ("1200.5", "jin", 600_250),
        ("60", "kg", 60_000),
        ("0.002", "jin", 1),
        ("0.001", "jin", None),
        ("1.234", "kg", 1_234),
    ],
)
def test_a_weight_is_whole_grams_or_none(weight, unit, g):
    assert weighing.grams(Decimal(weight), unit) == g


@pytest.mark.parametrize(
    ("yuan", "unit", "fen"),
    # 9.25 yuan a jin are 18.50 a kilogram; half a fen a jin is a fen a kilogram; a tenth of a fen is nothing whole.
    [
        ("9.25", "jin", 1_850),
        ("0.625", "jin", 125),
        ("18.5", "kg", 1_850),
        ("0.625", "kg", None),
        ("0.001", "jin", None),
    ],
)
def test_a_price_is_whole_fen_per_kilogram_or_none_and_never_rounded(yuan, unit, fen):
    assert weighing.fen_per_kg(Decimal(yuan), unit) == fen


def test_what_is_usual_is_known_after_three_slips():
    slips = [(1_000, 50_000), (1_200, 80_000)]
    assert weighing.band(slips) is None
    # Three tenths below 10.00 and above 12.00; three times 80 kg.
    assert weighing.band([*slips, (1_100, 10_000)]) == Band(low=700, high=1_560, most_g=240_000)
    assert weighing.band([(999, 1)] * 3) == Band(low=699, high=1_299, most_g=3)


@pytest.mark.parametrize(
    ("g", "price", "same_day", "found"),
    [
        (240_000, 700, 0, []),
        (240_001, 1_560, 0, [Doubt.HEAVY]),
        (1, 699, 0, [Doubt.PRICE_LOW]),
        (1, 1_561, 2, [Doubt.PRICE_HIGH, Doubt.TWICE]),
    ],
)
def test_what_lies_outside_is_asked_about(g, price, same_day, found):
    assert weighing.doubts(g=g, price=price, usual=Band(700, 1_560, 240_000), same_day=same_day) == found


def test_of_an_unknown_produce_nothing_is_odd():
    assert weighing.doubts(g=10**9, price=1, usual=None, same_day=0) == []


def test_a_name_is_found_by_its_sound_and_by_first_letters_in_every_way_it_is_read():
    assert spellings("谭大成") == ["tandacheng", "tdc"]
    assert {"cengxiaole", "zengxiaole", "zxl", "cxl"} <= set(spellings("曾小乐"))
    assert spellings("") == []
    assert len(spellings("单曾解查重行乐长")) <= 16
