"""`manage.py settle` is killed with -9, again and again, and started twice at once: every cooperative gets its fen once.

Guard: the queue is frozen first, each batch is one transaction that reads the purse from the ledger, and an award is in a
settlement once (logistics/actions/settlement.py, the constraints of its tables). Control: a plain loop that pays.
"""

from pathlib import Path

import pytest

from tests.stress import machine

FACTS = {
    "ledger": "SELECT shipment_no, account, amount_fen FROM audit_ledger ORDER BY shipment_no, account, amount_fen",
    "awards": "SELECT shipment_no, kept_fen, settled_fen, state FROM audit_awards ORDER BY shipment_no",
    "queue": """SELECT s.shipment_no, i.rank, i.rule, i.tier, i.payable_fen, i.paid_fen, i.deferred_fen, i.cut_fen, i.reason
        FROM logistics_settlementitem i JOIN logistics_award a ON a.id = i.award_id
        JOIN logistics_shipment s ON s.id = a.shipment_id ORDER BY i.rank""",
    "spent": "SELECT spent_fen FROM audit_programmes",
    "envelope": "SELECT spent_fen FROM logistics_envelope ORDER BY starts_on",
    "settlements": "SELECT state FROM logistics_settlement",
}
PAID = "SELECT SUM(amount_fen) FROM audit_ledger"
KILLS, AT_ONCE = 8, 2


def facts(database: machine.Database) -> dict[str, list[tuple]]:
    return {name: database.rows(sql) for name, sql in FACTS.items()}


@pytest.fixture(scope="module")
def due(store) -> machine.Database:
    """The assessed half-year, and an envelope that lasts for half of it."""
    database = store.copy(store.assessed.database)
    half = owed(database) // 2
    database.execute(f"UPDATE logistics_envelope SET amount_fen = {half} WHERE starts_on = '2019-01-01'")
    return database


@pytest.fixture(scope="module")
def settled(store, due, tmp_path_factory) -> machine.Undisturbed:
    database = store.copy(due)
    took = machine.program(database, tmp_path_factory.mktemp("settled"), "run", "settle")
    return machine.Undisturbed(database, **took)


def owed(database: machine.Database) -> int:
    return database.rows("SELECT SUM(kept_fen) FROM audit_awards")[0][0]


def test_a_settlement_killed_anywhere_pays_the_same_fen(store, due, settled, tmp_path):
    expected = facts(settled.database)
    assert len(expected["queue"]) > 200
    assert any(deferred for *_item, deferred, _cut, _reason in expected["queue"])
    assert expected["settlements"] == [("done",)]
    kills = 0
    while kills < KILLS:  # anew where the work came to its end; the first attempt of each round is surely killed
        database = store.copy(due)
        kills += machine.kill(database, tmp_path, "settle", like=settled, seed=kills, kills=KILLS)
        with machine.shop(tmp_path, database) as shop:
            shop.manage("settle", "WX-SD-DEMO", "2019-01-01..2019-06-30")
        assert facts(database) == expected


def test_two_settlements_at_once_are_one(store, due, settled, tmp_path):
    database = store.copy(due)
    assert both(database, tmp_path, "settle") == [0, 0]
    assert facts(database) == facts(settled.database)


def both(database: machine.Database, folder: Path, work: str) -> list[int]:
    """Do `work` twice at once; return how each process ended."""
    with machine.shop(folder, database) as shop:
        command = ("-m", "tests.stress.program", "meet", work, str(folder), str(AT_ONCE))
        return machine.at_once(shop, *command, processes=AT_ONCE)


@pytest.fixture
def unguarded(store) -> machine.Database:
    """Money enough for all, and no constraint that refuses to pay an award twice."""
    database = store.copy(store.assessed.database)
    database.execute("DROP INDEX an_award_paid_once_a_settlement")
    return database


def test_a_plain_loop_that_is_killed_does_not_add_up(unguarded, store, settled, tmp_path):
    assert machine.kill(unguarded, tmp_path, "settle-unguarded", like=settled, seed=0, kills=KILLS)
    machine.program(unguarded, tmp_path, "run", "settle-unguarded")
    spent = unguarded.rows("SELECT spent_fen FROM audit_programmes")[0][0]
    assert spent > owed(unguarded)  # what it was about when it was killed is booked again


def test_two_plain_loops_at_once_pay_twice(unguarded, tmp_path):
    assert both(unguarded, tmp_path, "settle-unguarded") == [0, 0]
    assert unguarded.rows("SELECT SUM(amount_fen) FROM audit_ledger")[0][0] == 2 * owed(unguarded)
