"""The process that assesses is killed with -9, again and again; started again, it comes to the same fen.

Guard: the shipment's row is the queue, and is taken from it in the transaction that writes its award
(logistics/actions/assessment.py). Control: taken from the queue before, shipments never get their award.
"""

from tests.stress import machine

AWARDS = "SELECT shipment_no, rule, tier, assessed_fen, kept_fen, state FROM audit_awards ORDER BY shipment_no"
WAITING = "SELECT COUNT(*) FROM logistics_shipment WHERE NOT is_assessed"
KILLS = 8


def test_an_assessment_killed_anywhere_comes_to_the_same_fen(store, tmp_path):
    undisturbed = store.assessed
    expected = undisturbed.database.rows(AWARDS)
    assert len(expected) > 400
    kills = 0
    while kills < KILLS:  # anew where the work came to its end; the first attempt of each round is surely killed
        database = store.copy(store.unassessed)
        kills += machine.kill(database, tmp_path, "assess", like=undisturbed, seed=kills, kills=KILLS)
        machine.program(database, tmp_path, "run", "assess")
        assert database.rows(AWARDS) == expected
        assert database.rows(WAITING) == [(0,)]


def test_shipments_taken_from_the_queue_before_their_awards_are_written_lose_them(store, tmp_path):
    database = store.copy(store.unassessed)
    assert machine.kill(database, tmp_path, "assess-unguarded", like=store.assessed, seed=0, kills=KILLS)
    machine.program(database, tmp_path, "run", "assess-unguarded")
    assert database.rows(WAITING) == [(0,)]  # it takes itself to be done
    assert len(database.rows(AWARDS)) < len(store.assessed.database.rows(AWARDS))
