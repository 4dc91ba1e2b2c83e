"""`manage.py settle` is killed with -9, again and again, and started twice at once: every cooperative gets its fen once.

Guard: the queue is frozen first, each batch is one transaction that reads the purse from the ledger, and an award is in a
settlement once (logistics/actions/settlement.py, the constraints of its tables). Control: a plain loop that pays.
"""

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
ROUNDS, KILLS, AT_ONCE = 3, 6, 2


def facts(database: machine.Database) -> dict[str, list[tuple]]:
    return {name: database.rows(sql) for name, sql in FACTS.items()}


@pytest.fixture(scope="module")
def due(store, assessed) -> machine.Database:
    """The assessed half-year, and an envelope that does not last for all of it."""
    database = store.copy(assessed[0])
    wanted = database.rows("SELECT SUM(kept_fen) FROM audit_awards")[0][0]
    database.execute(f"UPDATE logistics_envelope SET amount_fen = {wanted // 2} WHERE starts_on = '2019-01-01'")
    return database


@pytest.fixture(scope="module")
def settled(store, due, tmp_path_factory) -> tuple[dict, dict]:
    """What an undisturbed settlement comes to, and how long it takes."""
    database = store.copy(due)
    took = machine.program(database, tmp_path_factory.mktemp("settled"), "run", "settle")
    return facts(database), took


def test_a_settlement_killed_anywhere_pays_the_same_fen(store, due, settled, tmp_path):
    expected, took = settled
    assert len(expected["ledger"]) > 50
    assert expected["settlements"] == [("done",)]
    how_long = (str(took["statements"]), str(took["seconds"]))
    kills = 0
    for seed in range(ROUNDS):
        database = store.copy(due)
        kills += machine.program(database, tmp_path, "kill", "settle", str(seed), str(KILLS), *how_long)["kills"]
        with machine.shop(tmp_path, database) as shop:
            shop.manage("settle", "WX-SD-DEMO", "2019-01-01..2019-06-30")
        assert facts(database) == expected
    assert kills >= ROUNDS * 2


def test_two_settlements_at_once_are_one(store, due, settled, tmp_path):
    expected, _took = settled
    database = store.copy(due)
    with machine.shop(tmp_path, database) as shop:
        assert meet(shop, "settle") == [0, 0]
    assert facts(database) == expected


def meet(shop, work: str) -> list[int]:
    command = ("-m", "tests.stress.program", "meet", work, str(shop.folder), str(AT_ONCE))
    return machine.at_once(shop, *command, processes=AT_ONCE)


@pytest.fixture
def unguarded(store, assessed) -> machine.Database:
    """Without the constraint that refuses to pay an award twice, too; and money enough for all."""
    database = store.copy(assessed[0])
    database.execute("DROP INDEX an_award_paid_once_a_settlement")
    return database


def owed(database: machine.Database) -> int:
    return database.rows("SELECT SUM(kept_fen) FROM audit_awards")[0][0]


def test_a_plain_loop_that_is_killed_no_longer_adds_up(unguarded, store, tmp_path):
    took = machine.program(store.copy(unguarded), tmp_path, "run", "settle-unguarded")
    how_long = (str(took["statements"]), str(took["seconds"]))
    killed = machine.program(unguarded, tmp_path, "kill", "settle-unguarded", "0", str(KILLS), *how_long)["kills"]
    assert killed >= 1
    machine.program(unguarded, tmp_path, "run", "settle-unguarded")
    spent = unguarded.rows("SELECT spent_fen FROM audit_programmes")[0][0]
    assert spent > owed(unguarded)  # booked again for what it was about when it was killed


def test_two_plain_loops_at_once_pay_twice(unguarded, tmp_path):
    with machine.shop(tmp_path, unguarded) as shop:
        assert meet(shop, "settle-unguarded") == [0, 0]
    assert unguarded.rows(PAID)[0][0] == 2 * owed(unguarded)
