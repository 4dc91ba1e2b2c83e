"""What the buyer pays for the way: by weight and by how and where it goes. Integer fen and grams.

Each cooperative hands over its own part, by parcel, truck or counter alike, so each is weighed alone. The first kilogram
has a price and so has every kilogram begun after it; Shandong, where the lines are full, pays less than its distance. A
change of prices is a change of this table, and holds for orders from then on: an order keeps the freight it was placed
with.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

G_PER_KG = 1000


@dataclass(frozen=True)
class Tariff:
    """The price of the first kilogram and of each one after it, in fen."""

    first_kg_fen: int
    next_kg_fen: int

    def fen(self, g: int) -> int:
        """What a part of this gross weight costs. A part of no weight costs nothing."""
        begun_kg = -(-g // G_PER_KG)
        return self.first_kg_fen + (begun_kg - 1) * self.next_kg_fen if g > 0 else 0


NEAR = Tariff(400, 80)
SHANDONG = Tariff(520, 120)
INLAND = Tariff(700, 200)
FAR = Tariff(900, 300)
FARTHEST = Tariff(1800, 1000)
# To a counter in Shandong the goods of many buyers go in one load, and nobody climbs stairs with them.
COUNTER = Tariff(300, 80)

# The first two figures of the GB code of the destination. What is not listed is not served: Taiwan, Hong Kong, Macao.
TARIFFS: Mapping[str, Tariff] = {
    "50": NEAR,  # Chongqing
    "51": NEAR,  # Sichuan
    "37": SHANDONG,
    **dict.fromkeys(("11", "12", "13", "14", "31", "32", "33", "34", "35", "36"), INLAND),
    **dict.fromkeys(("41", "42", "43", "44", "45", "52", "53", "61"), INLAND),
    **dict.fromkeys(("15", "21", "22", "23", "46", "62", "63", "64"), FAR),
    **dict.fromkeys(("54", "65"), FARTHEST),
}


def tariff_for(area_code: str) -> Tariff | None:
    """The tariff to a district, city or province by its GB code; None where we do not send to."""
    return TARIFFS.get(area_code[:2])


def on_truck(fen_per_kg: int) -> Tariff:
    """The tariff of a direct truck, on which every kilogram costs the same."""
    return Tariff(fen_per_kg, fen_per_kg)


def parts_fen(loads: Iterable[tuple[int, int]], tariff: Tariff) -> dict[int, int]:
    """Return what the part of each cooperative costs, in fen, of `loads`: pairs of whose they are, and gross grams."""
    parts_g: dict[int, int] = {}
    for whose, g in loads:
        parts_g[whose] = parts_g.get(whose, 0) + g
    return {whose: tariff.fen(g) for whose, g in parts_g.items()}
