"""Which lots goods are taken from, what a reversal takes back, and what lots become when they are carried on.

Plain rules on integer grams and fen.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .base.money import apportion, price_of


@dataclass(frozen=True)
class Lot:
    """What is left of a purchase lot: `g` grams, bought on a day."""

    id: int
    bought_on: dt.date
    left_g: int


@dataclass(frozen=True)
class Draw:
    """`g` grams and `fen` of a sold line from lot `lot_id`; lot None is the part that no lot covers (未溯源)."""

    lot_id: int | None
    g: int
    fen: int


def take(*, g: int, on: dt.date, lots: Iterable[Lot], shelf_life_days: int | None = None) -> list[tuple[int, int]]:
    """From which of `lots`, in order of (bought on, id), `g` grams are taken on a day: (lot, grams), first in first out.

    Lots bought after `on` are passed over, and with `shelf_life_days` those past it. Less than `g` where less is there.
    """
    taken = []
    for lot in lots:
        if g == 0 or lot.bought_on > on:
            break
        if lot.left_g <= 0 or (shelf_life_days is not None and (on - lot.bought_on).days > shelf_life_days):
            continue
        part = min(g, lot.left_g)
        taken.append((lot.id, part))
        g -= part
    return taken


def draw(*, g: int, fen: int, on: dt.date, lots: Iterable[Lot], shelf_life_days: int) -> list[Draw]:
    """How `g` grams sold for `fen` and dispatched on `on` are drawn from `lots`, which come in order of (bought on, id).

    First in first out; lots bought after `on` or past their shelf life on that day are passed over. Grams and fen sum to the line
    exactly; the part that no lot covers comes last, with lot None, and takes its share of the fen.
    """
    found = take(g=g, on=on, lots=lots, shelf_life_days=shelf_life_days)
    taken: list[tuple[int | None, int]] = [*found]
    if want := g - sum(part for _lot, part in found):
        taken.append((None, want))
    return [
        Draw(lot_id, part_g, part_fen)
        for (lot_id, part_g), part_fen in zip(taken, apportion(fen, [part for _, part in taken]), strict=True)
    ]


@dataclass(frozen=True)
class Held:
    """What an allocation still holds after earlier reversals; `id` None is the untraced part of the line."""

    id: int | None
    g: int
    fen: int


def take_back(*, g: int, fen: int, held: Sequence[Held]) -> list[Held]:
    """How a refund of `g` grams and `fen` falls on what the parts of a line still hold, in their order.

    Shared by the grams each part still holds, grams and fen each by largest remainder; the refund that empties
    the line takes all that is left. Grams may be 0 (a price allowance). Raises ValueError above what is held.
    """
    held_g, held_fen = sum(part.g for part in held), sum(part.fen for part in held)
    if not (0 <= g <= held_g and 0 <= fen <= held_fen):
        raise ValueError("more is taken back than is held")
    weights = [part.g for part in held] if held_g else [part.fen for part in held]
    if g == held_g and fen == held_fen:
        return list(held)
    back_g = list(apportion(g, [part.g for part in held])) if g else [0] * len(held)
    back_fen = _bounded(fen, weights, [part.fen for part in held])
    return [Held(part.id, part_g, part_fen) for part, part_g, part_fen in zip(held, back_g, back_fen, strict=True)]


def _bounded(total: int, weights: Sequence[int], most: Sequence[int]) -> list[int]:
    """`total` apportioned by `weights`, no part above its `most`; what is over goes to the parts with room, in order."""
    parts = [min(part, cap) for part, cap in zip(apportion(total, weights), most, strict=True)]
    over = total - sum(parts)
    for i, cap in enumerate(most):
        step = min(over, cap - parts[i])
        parts[i] += step
        over -= step
    return parts


def credit_fen(g: int, fen_per_kg: int) -> int:
    """What a farmer's credit for `g` grams is worth: grams × the price the lot was bought at, half up."""
    return price_of(g, fen_per_kg)


def reversal_fen(*, back_g: int, left_g: int, left_fen: int, fen_per_kg: int) -> int:
    """What the reversal of `back_g` grams takes from a credit that still stands at `left_g` grams and `left_fen`.

    The reversal that empties the grams takes all that is left, so a full reversal is exactly the negative.
    """
    return left_fen if back_g == left_g else min(left_fen, credit_fen(back_g, fen_per_kg))


@dataclass(frozen=True)
class Input:
    """`g` grams of lot `id`, bought at `fen_per_kg`, that other goods are made of."""

    id: int
    g: int
    fen_per_kg: int


@dataclass(frozen=True)
class Output:
    """What came of a lot: `g` grams, at `fen_per_kg` for what its household got."""

    id: int
    g: int
    fen_per_kg: int


def carry_on(inputs: Sequence[Input], *, out_g: int) -> list[Output]:
    """What each of `inputs` becomes when `out_g` grams come out of them all: one output for each, in their order.

    Grams by largest remainder, so they sum to `out_g`; a share under a gram that gets none is left out. The price is
    rounded down, so that all grams of an output are never worth more than its household got for what went in.
    """
    shares = apportion(out_g, [one.g for one in inputs])
    return [
        Output(one.id, share, one.g * one.fen_per_kg // share)
        for one, share in zip(inputs, shares, strict=True)
        if share
    ]


def yield_fits(*, in_g: int, out_g: int, least_bp: int, most_bp: int) -> bool:
    """Whether `out_g` can have come of `in_g`: no more than went in, and between the two shares, both included."""
    return 0 < out_g <= in_g and least_bp * in_g <= out_g * 10_000 <= most_bp * in_g
