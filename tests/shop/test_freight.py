import pytest

from shop.shipping.freight import COUNTER, TARIFFS, Tariff, on_truck, parts_fen, tariff_for

pytestmark = pytest.mark.money
PLAIN = Tariff(first_kg_fen=500, next_kg_fen=100)


def test_a_kilogram_begun_is_a_kilogram_paid():
    assert PLAIN.fen(1_000) == 500
    assert PLAIN.fen(1_001) == 600
    assert PLAIN.fen(5_700) == 1_000  # 6 kg: 5.00 + 5 × 1.00


def test_ten_jin_of_peaches_go_to_shandong_for_what_the_county_counts_with():
    # 5.7 kg gross is billed as 6 kg: 5.20 + 5 × 1.20 = 11.20 yuan
    assert tariff_for("370902").fen(5_700) == 1_120


def test_two_cooperatives_send_two_parcels():
    assert parts_fen([(1, 600), (2, 1_000), (1, 400)], PLAIN) == {1: 500, 2: 500}
    assert parts_fen([(1, 2_000)], PLAIN) == {1: 600}


def test_nothing_to_send_costs_nothing():
    assert parts_fen([], PLAIN) == {}
    assert parts_fen([(1, 0)], PLAIN) == {1: 0}


def test_there_is_no_freight_to_where_we_do_not_send():
    assert tariff_for("710100") is None  # Taiwan
    assert tariff_for("") is None


def test_shandong_pays_less_than_what_lies_as_far():
    henan, shandong = tariff_for("410100").fen(10_000), tariff_for("370900").fen(10_000)
    assert (shandong, henan) == (1_600, 2_500)  # 5.20 + 9 × 1.20, 7.00 + 9 × 2.00


def test_every_province_of_the_mainland_has_one_tariff():
    assert len(TARIFFS) == 31


def test_on_a_truck_every_kilogram_begun_costs_the_same_for_each_cooperative_alone():
    truck = on_truck(60)
    assert truck.fen(5_300) == 360  # 6 kg × 0.60
    assert (
        sum(parts_fen([(1, 5_300), (2, 900)], truck).values()) == 420
    )  # 6 + 1 kg × 0.60; weighed together it were 7 kg too
    assert sum(parts_fen([(1, 500), (2, 500)], truck).values()) == 120  # 1 + 1; weighed together 1 kg
    assert truck.fen(0) == 0


def test_a_counter_costs_less_than_the_way_to_the_door():
    # 5.3 kg, 6 begun: 3.00 + 5 × 0.80 = 7.00; to the door 5.20 + 5 × 1.20 = 11.20
    assert COUNTER.fen(5_300) == 700
    assert tariff_for("370902").fen(5_300) == 1_120
