"""Actions on many rows refuse what their siblings on one row refuse, in the same words, and write all or none."""

import datetime as dt
from dataclasses import asdict, replace

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError

from suppliers import actions
from suppliers.base import days
from suppliers.models import Household, Membership, PurchaseLot, SupplyDeclaration

from .. import factories as make

pytestmark = pytest.mark.django_db

ID_NUMBER, OTHER_ID_NUMBER = "11010519491231002X", "110105199003072346"
MAY_1 = dt.date(2020, 5, 1)


def refusal(do) -> dict:
    with pytest.raises(ValidationError) as caught, transaction.atomic():
        do()
    return caught.value.message_dict


@pytest.fixture
def slip():
    produce = make.make_produce()
    return actions.Slip("S1", produce, make.make_household(produce.cooperative), 60_000, 1_850, MAY_1)


def one_by_one(slip):
    return actions.enter_lot(**{name: getattr(slip, name) for name in asdict(slip)})


def all_at_once(*slips):
    return actions.enter_lots(slips=slips, cooperative=slips[0].produce.cooperative)


@pytest.mark.parametrize(
    "wrong",
    [
        {"g": 0},
        {"g": actions.MOST_G_A_LOT + 1},
        {"fen_per_kg": 0},
        {"bought_on": dt.date(2999, 1, 1)},
        {"bought_on": dt.date(2010, 1, 1)},  # before it was a member
        {"lot_no": "taken"},
    ],
)
def test_many_slips_are_refused_as_one_is_and_none_is_written(slip, wrong):
    one_by_one(replace(slip, lot_no="taken"))
    bad = replace(slip, **({"lot_no": "S2"} | wrong))
    assert refusal(lambda: all_at_once(slip, bad)) == refusal(lambda: one_by_one(bad))
    assert PurchaseLot.objects.count() == 1


def test_many_slips_are_written_as_one_is(slip):
    first = one_by_one(slip)
    (second,) = all_at_once(replace(slip, lot_no="S2"))
    assert first.household_key
    assert second.household_key
    differ = ("id", "lot_no", "entered_at", "household_key")
    written = [
        {field.attname: getattr(lot, field.attname) for field in lot._meta.concrete_fields if field.name not in differ}
        for lot in (PurchaseLot.objects.get(pk=first.pk), PurchaseLot.objects.get(pk=second.pk))
    ]
    assert written[0] == written[1]


def test_two_slips_of_one_number_and_a_stranger_among_members_are_refused(slip):
    assert "lot_no" in refusal(lambda: all_at_once(slip, slip))
    stranger = make.make_household(make.make_cooperative())
    assert "household" in refusal(lambda: all_at_once(slip, replace(slip, lot_no="S2", household=stranger)))


def test_slips_that_are_verified_stay_whoever_asks(slip):
    lots = all_at_once(slip, replace(slip, lot_no="S2"))
    actions.verify_lot(lot=lots[0], how=PurchaseLot.Verified.TOWNSHIP)
    with pytest.raises(ValidationError):
        actions.remove_lots(lot_ids=[lot.pk for lot in lots], cooperative=slip.produce.cooperative)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM suppliers_purchaselot WHERE lot_no = 'S1'")
    with pytest.raises(ValidationError):
        actions.remove_lots(lot_ids=[lots[1].pk], cooperative=make.make_cooperative())
    actions.remove_lots(lot_ids=[lots[1].pk], cooperative=slip.produce.cooperative)
    assert PurchaseLot.objects.get() == lots[0]


@pytest.fixture
def registration():
    return actions.Registration("WX1", "谭小兰", ID_NUMBER, make.make_village(), 4)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id_number": "123"},
        {"size": 31},
        {"category": "富户"},
        {"category": "脱贫户"},
        {"mobile": "12"},
        {"bank_account": "12"},
        {"household_no": "TAKEN"},
        {"household_no": "wx 2"},
        {"id_number": OTHER_ID_NUMBER},
    ],
)
def test_many_households_are_refused_as_one_is_and_none_joins(registration, wrong):
    own = make.make_cooperative()
    taken = replace(registration, household_no="TAKEN", id_number=OTHER_ID_NUMBER)
    actions.register_household(registration=taken, cooperative=own, member_from=MAY_1)
    good, bad = (
        replace(registration, id_number="110105200003070012"),
        replace(registration, **({"household_no": "WX2"} | wrong)),
    )
    said = refusal(lambda: actions.register_household(registration=bad, cooperative=own, member_from=MAY_1))
    together = [(good, MAY_1), (bad, MAY_1)]
    assert refusal(lambda: actions.register_households(registrations=together, cooperative=own)) == said
    assert Household.objects.count() == Membership.objects.count() == 1


def test_declarations_are_refused_as_one_is_and_what_was_replaced_meanwhile_is_not_replaced_again():
    today = days.today()
    good = actions.Declaring(produce=make.make_produce(), g=1_000, starts_on=today, ends_on=today)
    for wrong in (
        {"g": 0},
        {"fen_per_kg": 0},
        {"trees": 10**9},
        {"ends_on": today - dt.timedelta(days=1)},
        {"ends_on": today + dt.timedelta(days=400)},
    ):
        bad = replace(good, **wrong)
        one = {name: getattr(bad, name) for name in asdict(bad)}
        assert refusal(lambda bad=bad: actions.declare_supplies(declarations=[good, bad])) == refusal(
            lambda one=one: actions.declare_supply(**one)
        )
    (first,) = actions.declare_supplies(declarations=[good])
    (second,) = actions.declare_supplies(declarations=[replace(good, replaces=first)])
    with pytest.raises(ValidationError), transaction.atomic():
        actions.declare_supplies(declarations=[replace(good, replaces=first)])
    assert list(SupplyDeclaration.objects.filter(replaced_by=None)) == [second]
    with pytest.raises(ValidationError):
        actions.remove_declarations(declaration_ids=[first.pk], cooperative=good.produce.cooperative)


def test_a_household_that_something_names_is_protected():
    household = make.make_household()
    make.make_lot(make.make_produce(), household)
    with pytest.raises(ProtectedError):
        household.delete()
