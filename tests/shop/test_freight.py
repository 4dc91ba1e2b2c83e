import pytest

from shop.shipping.freight import COUNTER, TARIFFS, Tariff, freight_fen, on_truck, tariff_for

pytestmark = pytest.mark.money
PLAIN = Tariff(first_kg_fen=500, next_kg_fen=100)


def test_a_kilogram_begun_is_a_kilogram_paid():
    assert freight_fen([1_000], PLAIN) == 500
    assert freight_fen([1_001], PLAIN) == 600
    assert freight_fen([5_700], PLAIN) == 1_000  # 6 kg: 5.00 + 5 × 1.00


def test_ten_jin_of_peaches_go_to_shandong_for_what_the_county_counts_with():
    # 5.7 kg gross is billed as 6 kg: 5.20 + 5 × 1.20 = 11.20 yuan
    assert freight_fen([5_700], tariff_for("370902")) == 1_120


def test_two_cooperatives_send_two_parcels():
    assert freight_fen([1_000, 1_000], PLAIN) == 1_000
    assert freight_fen([2_000], PLAIN) == 600


def test_nothing_to_send_costs_nothing():
    assert freight_fen([], PLAIN) == 0
    assert freight_fen([0], PLAIN) == 0


def test_there_is_no_freight_to_where_we_do_not_send():
    assert tariff_for("710100") is None  # Taiwan
    assert tariff_for("") is None


def test_shandong_pays_less_than_what_lies_as_far():
    henan, shandong = freight_fen([10_000], tariff_for("410100")), freight_fen([10_000], tariff_for("370900"))
    assert (shandong, henan) == (1_600, 2_500)  # 5.20 + 9 × 1.20, 7.00 + 9 × 2.00


def test_every_province_of_the_mainland_has_one_tariff():
    assert len(TARIFFS) == 31


def test_on_a_truck_every_kilogram_begun_costs_the_same_for_each_cooperative_alone():
    truck = on_truck(60)
    assert freight_fen([5_300], truck) == 360  # 6 kg × 0.60
    assert freight_fen([5_300, 900], truck) == 420  # 6 + 1 kg × 0.60; weighed together it were 7 kg too
    assert freight_fen([500, 500], truck) == 120  # 1 + 1; weighed together 1 kg
    assert freight_fen([0], truck) == 0


def test_a_counter_costs_less_than_the_way_to_the_door():
    # 5.3 kg, 6 begun: 3.00 + 5 × 0.80 = 7.00; to the door 5.20 + 5 × 1.20 = 11.20
    assert freight_fen([5_300], COUNTER) == 700
    assert freight_fen([5_300], tariff_for("370902")) == 1_120
