"""Declarations, collectors, links and price sheets: what is written down, and what is refused."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

import suppliers.actions
from suppliers import board, prices
from suppliers.base import days
from suppliers.harvests import monday
from suppliers.models import Collector, MarketPrice, SupplyDeclaration, SupplyKey
from tests import factories as f

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
TONNE = 1_000_000


@pytest.fixture
def peaches():
    return f.make_produce(code="DT01", name="巫溪冬桃")


def declare(produce=None, **fields):
    today = days.today()
    return suppliers.actions.declare_supply(
        produce=produce, **{"g": TONNE, "starts_on": today + 10 * DAY, "ends_on": today + 19 * DAY} | fields
    )


def test_an_unusual_yield_wants_a_reason_and_an_absurd_one_is_refused(peaches):
    # Ten mu of peaches bear 10,000 to 50,000 jin (yields.json).
    with pytest.raises(ValidationError) as refused:
        declare(peaches, g=60_000 * 500, mu_hundredths=1_000)
    assert set(refused.value.message_dict) == {"unusual_why"}
    assert declare(peaches, g=60_000 * 500, mu_hundredths=1_000, unusual_why="新品种").unusual_why == "新品种"
    with pytest.raises(ValidationError) as refused:
        declare(peaches, g=300_000 * 500, mu_hundredths=1_000, unusual_why="新品种")
    assert set(refused.value.message_dict) == {"g"}
    assert SupplyDeclaration.objects.count() == 1


def test_a_harvest_that_is_called_off_counts_no_more_and_is_not_spoken_of_again(peaches):
    told = declare(peaches)
    assert suppliers.actions.call_off_supply(declaration=told)
    assert not suppliers.actions.call_off_supply(declaration=told)
    assert not SupplyDeclaration.objects.standing().exists()
    with pytest.raises(ValidationError):
        declare(peaches, replaces=told)


def test_a_declaration_is_replaced_by_one_of_the_same_household_alone(peaches):
    told = declare(peaches, household=f.make_household(peaches.cooperative))
    with pytest.raises(ValidationError):
        declare(peaches, replaces=told)
    assert declare(peaches, household=told.household, replaces=told).replaces == told


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "DT01"},  # of no village
        {"kind": "", "village": True, "households": 3},  # of nothing
        {"kind": "DT01", "village": True},  # nobody's word
        {"kind": "DT01", "village": True, "households": 0},
    ],
)
def test_the_database_knows_no_declaration_of_nothing_and_nobody(fields):
    if "village" in fields:
        fields = fields | {"village": f.make_village()}
    today = days.today()
    with pytest.raises(IntegrityError), transaction.atomic():
        SupplyDeclaration.objects.create(g=1, starts_on=today, ends_on=today, declared_at=days.now(), **fields)


def test_where_a_declaration_grows_is_its_village_else_its_households_else_its_cooperatives(peaches):
    household = f.make_household(peaches.cooperative)
    household.village = f.make_village("500238101206")
    household.save()
    declare(peaches)
    declare(peaches, household=household)
    declare(kind="YY01", village=f.make_village("500238105222"), households=4)
    rows = SupplyDeclaration.objects.with_place().order_by("pk").values_list("code", "township")
    assert list(rows) == [("DT01", "500238108"), ("DT01", "500238101"), ("YY01", "500238105")]


def test_what_begins_soon_and_was_said_long_ago_is_asked_about_again(peaches):
    today = days.today()
    old = days.now() - 31 * DAY
    stale = declare(peaches, starts_on=today + 14 * DAY, ends_on=today + 30 * DAY)
    far = declare(peaches, starts_on=today + 15 * DAY, ends_on=today + 30 * DAY)
    fresh = declare(peaches, starts_on=today + 1 * DAY, ends_on=today + 30 * DAY)
    SupplyDeclaration.objects.filter(pk__in=[stale.pk, far.pk]).update(declared_at=old)
    assert list(SupplyDeclaration.objects.stale_on(today)) == [stale]
    assert fresh.declared_at > old


def test_a_household_has_one_link_at_a_time_and_only_where_it_is_a_member(peaches):
    member = f.make_household(peaches.cooperative)
    first = suppliers.actions.give_supply_key(household=member, cooperative=peaches.cooperative)
    second = suppliers.actions.give_supply_key(household=member, cooperative=peaches.cooperative)
    assert list(SupplyKey.objects.filter(revoked_at=None)) == [second]
    assert first.key != second.key
    with pytest.raises(ValidationError):
        suppliers.actions.give_supply_key(household=f.make_household(), cooperative=peaches.cooperative)


def test_a_collector_collects_from_his_first_day_to_his_last():
    today, user, village = days.today(), f.make_user(), f.make_village()
    suppliers.actions.appoint_collector(user=user, village=village, starts_on=today)
    with pytest.raises(ValidationError):
        suppliers.actions.appoint_collector(user=user, village=village, starts_on=today)
    assert Collector.objects.of(user).exists()
    Collector.objects.update(starts_on=today - 9 * DAY, ends_on=today - DAY)
    assert not Collector.objects.of(user).exists()
    suppliers.actions.appoint_collector(user=user, village=village, starts_on=today)


# ── Prices ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def save(market, week_on, **three) -> int:
    return prices.save_price_sheet(market=market, week_on=week_on, prices=three)


def test_the_band_is_that_of_the_last_week_over_all_markets():
    week = monday(days.today())
    taian, jinan = f.make_market(), f.make_market("DK", "济南堤口果品批发市场")
    save(taian, week - 7 * DAY, DT01=(100, 200, 300))
    save(taian, week, DT01=(880, 1_051, 1_250))
    save(jinan, week, DT01=(850, 1_000, 1_200))
    band = prices.reference_band("DT01", week + 3 * DAY)
    # Fen per jin, twice: low 850, usual the mean of 1,051 and 1,000, high 1,250.
    assert (band.low_fen_per_kg, band.usual_fen_per_kg, band.high_fen_per_kg) == (1_700, 2_051, 2_500)
    assert band.week_on == week
    assert len(band.markets) == 2
    assert prices.reference_band("DT01", week - DAY).high_fen_per_kg == 600


def test_there_is_no_band_of_what_nobody_wrote_or_what_is_older_than_four_weeks():
    week = monday(days.today())
    save(f.make_market(), week - 28 * DAY, DT01=(100, 200, 300))
    assert prices.reference_band("DT01", week) is None
    assert prices.reference_band("DT01", week - DAY) is not None
    assert prices.reference_band("YY01", week - DAY) is None
    assert prices.reference_band("DT01", week - 29 * DAY) is None


def test_a_corrected_price_keeps_what_it_was():
    market, week = f.make_market(), monday(days.today())
    assert save(market, week, DT01=(100, 200, 300), YY01=(90, 100, 110)) == 2
    assert (
        save(
            market,
            week + 2 * DAY if week + 2 * DAY <= days.today() else week,
            DT01=(100, 210, 300),
            YY01=(90, 100, 110),
        )
        == 1
    )
    assert MarketPrice.objects.count() == 3
    assert MarketPrice.objects.get(kind="DT01", superseded_at=None).usual_fen_per_jin == 210


@pytest.mark.parametrize("three", [(0, 1, 2), (3, 2, 4), (1, 5, 4), (1, 2, 10**9)])
def test_prices_that_do_not_follow_each_other_are_refused_and_nothing_is_written(three):
    with pytest.raises(ValidationError) as refused:
        save(f.make_market(), days.today(), YY01=(90, 100, 110), DT01=three)
    assert set(refused.value.message_dict) == {"DT01"}
    assert not MarketPrice.objects.exists()


def test_bands_of_ten_kinds_take_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        prices.reference_bands([f"K{n}" for n in range(10)], days.today())


# ── Declared and delivered ───────────────────────────────────────────────────────────────────────────────────────────


def test_delivered_is_what_was_bought_in_the_days_of_the_harvest_slips_taken_back_aside(peaches):
    today = days.today()
    told = declare(peaches, g=4 * TONNE)
    SupplyDeclaration.objects.filter(pk=told.pk).update(starts_on=today - 20 * DAY, ends_on=today - 11 * DAY)
    f.make_lot(peaches, g=1 * TONNE, bought_on=today - 20 * DAY)
    f.make_lot(peaches, g=2 * TONNE, bought_on=today - 11 * DAY)
    f.make_lot(peaches, g=9 * TONNE, bought_on=today - 10 * DAY)
    back = f.make_lot(peaches, g=5 * TONNE, bought_on=today - 15 * DAY)
    type(back).objects.filter(pk=back.pk).update(reversed_at=days.now(), reversed_why="写错")
    (found,) = board.deliveries([peaches.cooperative], begun_by=today, since=today - 365 * DAY)
    assert (found.season.declared_g, found.season.delivered_g, found.percent) == (4 * TONNE, 3 * TONNE, 75)


@pytest.mark.parametrize("n", [1, 10])
def test_deliveries_take_as_many_queries_for_ten_cooperatives_as_for_one(n, django_assert_num_queries):
    today = days.today()
    cooperatives = [f.make_produce(code="DT01").cooperative for _n in range(n)]
    for cooperative in cooperatives:
        declare(cooperative.produce.get(), starts_on=today, ends_on=today)
    with django_assert_num_queries(3):
        assert len(board.deliveries(cooperatives, begun_by=today, since=today)) == n
