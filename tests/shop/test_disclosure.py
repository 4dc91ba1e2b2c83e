"""What a public table may show: nothing of one or two, and nothing from which one or two can be worked out."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shop.reports.disclosure import FEW, Cell, hidden, is_few, steps


def cells(*rows: tuple[int, int]) -> list[Cell]:
    return [Cell(n, amount) for n, amount in rows]


def test_a_table_without_small_rows_is_shown_whole():
    assert hidden(cells((3, 100), (40, 900), (0, 0))) == frozenset()


def test_one_hidden_row_would_be_the_total_less_the_rest_so_the_smallest_other_is_hidden_with_it():
    # 2 and 5 together are 7, more than the 1 + 3 that they are at least.
    assert hidden(cells((40, 900), (5, 200), (2, 50), (9, 300))) == {1, 2}


def test_two_hidden_rows_of_one_or_two_are_not_enough():
    # Together they are 4 households: each would be known to be of two.
    assert hidden(cells((2, 50), (2, 60), (8, 300), (40, 900))) == {0, 1, 2}


def test_rows_that_can_only_be_the_least_they_can_be_hide_another_one():
    # 1 and 3 together are 4 = 1 + 3: whoever knows the rule would know both.
    assert hidden(cells((1, 50), (3, 60), (8, 300), (40, 900))) == {0, 1, 2}


def test_a_refund_of_earlier_goods_speaks_of_somebody_who_is_not_counted():
    assert hidden(cells((0, -4_625), (6, 300), (40, 900))) == {0, 1}


def test_a_row_that_is_wanted_is_hidden_for_another_only_if_nothing_else_is_left():
    deep = Cell(4, 100, is_wanted=True)
    assert hidden([Cell(2, 50), deep, Cell(30, 900)]) == {0, 2}
    assert hidden([Cell(2, 50), deep]) == {0, 1}


def test_empty_rows_hide_nothing_and_stay():
    assert hidden(cells((0, 0), (2, 50), (0, 0))) == {1}


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 500)), max_size=12))
def test_what_is_hidden_never_has_one_solution(rows):
    """Whoever knows the total, the rows shown and the rule still finds two answers for each hidden row of a few."""
    table = cells(*rows)
    found = hidden(table)
    assert {i for i, cell in enumerate(table) if cell.is_few} <= found
    others_left = [cell for i, cell in enumerate(table) if i not in found and not cell.is_empty]
    if found and others_left:
        assert any(table[i].n >= FEW for i in found)
        together = sum(table[i].n for i in found)
        least = sum(FEW if table[i].n >= FEW else min(table[i].n, 1) for i in found)
        assert together > least


def test_a_count_that_moves_by_one_or_two_is_shown_again_when_it_has_moved_by_three():
    assert steps([10, 11, 12, 13, 20, 20]) == [10, None, None, 13, 20, 20]
    assert steps([2, 2, 5]) == [None, None, 5]


def test_the_total_stands_and_what_lies_too_close_before_it_does_not():
    assert steps([10, 20, 21]) == [10, None, 21]
    # 20 → 19 by a refund: the difference would tell of one
    assert steps([10, 20, 19]) == [10, None, 19]
    assert steps([0, 0, 0]) == [0, 0, 0]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8))
def test_no_difference_of_two_values_shown_one_after_the_other_is_of_one_or_two(series):
    shown = [0, *(value for value in steps(series) if value is not None)]
    assert shown[-1] == series[-1]
    differences = [later - earlier for earlier, later in pairwise(shown)]
    # A half-year of one or two in all is hidden as a whole, by who asks.
    assert not any(is_few(n) for n in differences) or is_few(series[-1])
