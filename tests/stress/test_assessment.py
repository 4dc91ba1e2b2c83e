"""The process that assesses is killed with -9, again and again; started again, it comes to the same fen.

Guard: the shipment's row is the queue, and is taken from it in the transaction that writes its award
(logistics/actions/assessment.py). Control: taken from the queue before, shipments never get their award.
"""

from pathlib import Path

from tests.stress import machine

AWARDS = "SELECT shipment_no, rule, tier, assessed_fen, kept_fen, state FROM audit_awards ORDER BY shipment_no"
WAITING = "SELECT COUNT(*) FROM logistics_shipment WHERE NOT is_assessed"
ROUNDS, KILLS = 3, 6


def killed_and_started_again(database: machine.Database, work: str, folder: Path, *, seed: int, took: dict) -> int:
    """Let the work be killed some times, then let it come to its end; return how often it was killed."""
    how_long = (str(took["statements"]), str(took["seconds"]))
    killed = machine.program(database, folder, "kill", work, str(seed), str(KILLS), *how_long)
    machine.program(database, folder, "run", work)
    return killed["kills"]


def test_an_assessment_killed_anywhere_comes_to_the_same_fen(store, unassessed, assessed, tmp_path):
    undisturbed, took = assessed
    expected = undisturbed.rows(AWARDS)
    assert len(expected) > 500
    kills = 0
    for seed in range(ROUNDS):
        database = store.copy(unassessed)
        kills += killed_and_started_again(database, "assess", tmp_path, seed=seed, took=took)
        assert database.rows(AWARDS) == expected
        assert database.rows(WAITING) == [(0,)]
    assert kills >= ROUNDS * 2


def test_shipments_taken_from_the_queue_before_their_awards_are_written_lose_them(
    store, unassessed, assessed, tmp_path
):
    undisturbed, took = assessed
    database = store.copy(unassessed)
    assert killed_and_started_again(database, "assess-unguarded", tmp_path, seed=0, took=took) >= 1
    assert database.rows(WAITING) == [(0,)]  # it takes itself to be done
    assert len(database.rows(AWARDS)) < len(undisturbed.rows(AWARDS))
