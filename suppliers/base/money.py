"""Money and shares of money: integer fen everywhere, Oscar's Decimal yuan only at its border."""

from collections.abc import Sequence
from decimal import Decimal


def fen_of(yuan: Decimal) -> int:
    """`yuan` in fen. Raises ValueError where it holds a part of a fen."""
    fen = yuan * 100
    if fen != fen.to_integral_value():
        raise ValueError(f"{yuan} yuan is not a whole number of fen")
    return int(fen)


def yuan_of(fen: int) -> Decimal:
    """`fen` as Oscar's Decimal yuan, two decimals."""
    return Decimal(fen).scaleb(-2)


def half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded to the nearest whole number, a half away from zero. `denominator` > 0."""
    if denominator <= 0:
        raise ValueError("the denominator is above zero")
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def price_of(g: int, fen_per_kg: int) -> int:
    """What `g` grams cost at `fen_per_kg`, in fen, half up."""
    return half_up(g * fen_per_kg, 1000)


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """`total` split by `weights` so that the parts sum to it exactly (largest remainder, ties to the earlier part).

    `total` ≥ 0, weights ≥ 0 and not all zero unless `total` is 0.
    """
    whole = sum(weights)
    if whole == 0:
        if total:
            raise ValueError("nothing to share by")
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts


def yuan_text(fen: int) -> str:
    """`fen` as people read it: 3,250.00 (no currency sign)."""
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{fen // 100:,}.{fen % 100:02d}"


def kg_text(g: int) -> str:
    """`g` grams as people read them, in kilograms without idle zeros: 2.5, 10,000 (no unit)."""
    sign, g = ("-", -g) if g < 0 else ("", g)
    whole, rest = divmod(g, 1000)
    return f"{sign}{whole:,}" + (f".{rest:03d}".rstrip("0") if rest else "")
