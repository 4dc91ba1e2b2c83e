"""How much of a harvest is sold ahead, and who gets what when less comes in. Pure: integer grams, packs and fen.

A declaration says how much is picked from a day to a day; each of its days is taken to bring the same. Of what that makes
for the days of shipping only a share is sold ahead, because hail and wasps are nobody's fault. Where still less comes in
than was sold, who paid first is served first, in whole packs; what is not served is paid back with its part of the freight.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from suppliers.base.money import half_up


@dataclass(frozen=True)
class Wanted:
    """What an order line still waits for: `packs` of it, for so many fen, with so much freight paid in its order."""

    line_id: int
    packs: int
    fen: int
    freight_fen: int = 0


@dataclass(frozen=True)
class Share:
    """What of a line is sent and what is paid back."""

    line_id: int
    sent: int
    missing: int
    back_fen: int
    back_freight_fen: int


def quota(*, declared_g: int, share_bp: int, promised_g: int, net_g: int) -> int:
    """How many packs of `net_g` may be sold ahead, with `promised_g` of the same harvest sold in other packs already."""
    return max(declared_g * share_bp // 10_000 - promised_g, 0) // net_g


def ration(wanted: Sequence[Wanted], packs: int) -> list[Share]:
    """Share out `packs` among `wanted`, the first first; the money for what is missing goes back.

    All of a line missing: all of its money, and all of its freight. A part: its part of both, half up.
    """
    shares, left = [], packs
    for one in wanted:
        sent = min(one.packs, left)
        left -= sent
        missing = one.packs - sent
        shares.append(
            Share(
                line_id=one.line_id,
                sent=sent,
                missing=missing,
                back_fen=half_up(one.fen * missing, one.packs),
                back_freight_fen=half_up(one.freight_fen * missing, one.packs),
            )
        )
    return shares


def summary(shares: Iterable[Share]) -> Mapping[str, int]:
    """How many lines are sent whole, in part, not at all, and what goes back in fen."""
    shares = list(shares)
    return {
        "whole": sum(not one.missing for one in shares),
        "part": sum(bool(one.missing and one.sent) for one in shares),
        "none": sum(not one.sent for one in shares),
        "back_fen": sum(one.back_fen + one.back_freight_fen for one in shares),
    }
