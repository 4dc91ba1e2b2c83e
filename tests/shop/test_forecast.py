"""How much is sold ahead, and who gets what when less comes in: sums worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.preorders.forecast import Wanted, quota, ration, summary

pytestmark = pytest.mark.money


def test_half_of_the_harvest_is_sold_ahead_in_whole_packs():
    # 700 kg declared, half of it is 350 kg: 140 boxes of 2.5 kg.
    assert quota(declared_g=700_000, share_bp=5_000, promised_g=0, net_g=2_500) == 140
    # 100 kg of it are promised in big boxes: 250 kg are 100 small ones.
    assert quota(declared_g=700_000, share_bp=5_000, promised_g=100_000, net_g=2_500) == 100
    assert quota(declared_g=700_000, share_bp=5_000, promised_g=348_000, net_g=2_500) == 0
    assert quota(declared_g=100_000, share_bp=5_000, promised_g=90_000, net_g=2_500) == 0


def test_who_paid_first_is_served_first_and_the_rest_is_paid_back():
    wanted = [
        Wanted(11, packs=2, fen=13_600, freight_fen=1_000),
        Wanted(12, packs=3, fen=20_400, freight_fen=1_001),
        Wanted(13, packs=1, fen=6_800, freight_fen=640),
    ]
    first, second, third = ration(wanted, 4)
    assert (first.sent, first.missing, first.back_fen, first.back_freight_fen) == (2, 0, 0, 0)
    # One of three is missing: 20,400 / 3 = 6,800; 1,001 / 3 = 333.67, half up 334.
    assert (second.sent, second.missing, second.back_fen, second.back_freight_fen) == (2, 1, 6_800, 334)
    assert (third.sent, third.missing, third.back_fen, third.back_freight_fen) == (0, 1, 6_800, 640)
    assert summary([first, second, third]) == {"whole": 1, "part": 1, "none": 1, "back_fen": 14_574}


@given(
    st.lists(
        st.builds(Wanted, st.integers(1, 10**6), st.integers(1, 99), st.integers(0, 10**7), st.integers(0, 10**5))
    ),
    st.integers(0, 10**4),
)
def test_no_more_is_sent_than_came_in_and_nobody_is_paid_back_more_than_he_paid(wanted, packs):
    shares = ration(wanted, packs)
    assert sum(one.sent for one in shares) == min(packs, sum(one.packs for one in wanted))
    for one, share in zip(wanted, shares, strict=True):
        assert share.sent + share.missing == one.packs
        assert 0 <= share.back_fen <= one.fen
        assert (share.back_fen, share.back_freight_fen) == (0, 0) or share.missing
        if not share.sent:
            assert (share.back_fen, share.back_freight_fen) == (one.fen, one.freight_fen)
