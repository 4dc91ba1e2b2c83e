"""What of a table may be shown to the public: no cell speaks of one or two, and none can be worked out from the others.

Plain rules. Whom a cell speaks of are households, or the orders of a city.
"""

from collections.abc import Sequence
from dataclasses import dataclass

# Fewer than this are not told apart in public.
FEW = 3


@dataclass(frozen=True)
class Cell:
    """A row of a table that adds up to a published total: of how many it speaks, and its amount."""

    n: int
    amount: int
    # One that is hidden for another's sake only if nothing else will do.
    is_wanted: bool = False

    @property
    def is_few(self) -> bool:
        """Whether it speaks of one or two, or of some that it does not count (a refund of earlier goods)."""
        return 0 < self.n < FEW or (self.n == 0 and self.amount != 0)

    @property
    def is_empty(self) -> bool:
        return self.n == 0 and self.amount == 0


def is_few(n: int) -> bool:
    """Whether a count, or the difference of two counts, is of one or two."""
    return 0 < abs(n) < FEW


def hidden(cells: Sequence[Cell]) -> frozenset[int]:
    """The places of the cells that are not shown: those of a few, and as many more as protect them.

    One hidden cell is the total less the rest, so the smallest others are hidden with it: until one of them is of
    three or more, and together they are of more than the least that each can be (or each would be exactly that).
    """
    found = {i for i, cell in enumerate(cells) if cell.is_few}
    others = sorted(
        (i for i, cell in enumerate(cells) if i not in found and not cell.is_empty),
        key=lambda i: (cells[i].is_wanted, cells[i].n, abs(cells[i].amount), i),
    )
    if not found:
        return frozenset()
    least = sum(min(cells[i].n, 1) for i in found)
    together = sum(cells[i].n for i in found)
    for n, i in enumerate(others):
        if n and together > least:
            break
        found.add(i)
        least += FEW
        together += cells[i].n
    return frozenset(found)


def steps(series: Sequence[int]) -> list[int | None]:
    """`series`, a count that goes on from 0, with None where it would be one or two away from a value that is shown.

    The last value stands: it is published as the total.
    """
    shown: list[int | None] = []
    before = 0
    for value in series[:-1]:
        if is_few(value - before) or is_few(series[-1] - value):
            shown.append(None)
        else:
            shown.append(value)
            before = value
    return [*shown, *series[-1:]]
