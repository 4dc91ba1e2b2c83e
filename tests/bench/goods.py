"""What both shops sell in the benchmark: 2,000 products in 20 categories, the same for both. Pure, and the same every time."""

from collections.abc import Iterator
from dataclasses import dataclass

# The slug and name of each category, the word that ends the names of its goods, and the drawing that shows them.
CATEGORIES = (
    ("peach", "冬桃", "DT01"),
    ("plum", "脆李", "CL01"),
    ("orange", "脐橙", "QC01"),
    ("mandarin", "柑橘", "WS01"),
    ("walnut", "核桃", "HT01"),
    ("kernel", "核桃仁", "HR01"),
    ("potato", "洋芋", "YY01"),
    ("starch", "苕粉", "ST01"),
    ("shiitake", "香菇", "XG01"),
    ("wood-ear", "木耳", "HM01"),
    ("tea", "老鹰茶", "LY01"),
    ("honey", "蜂蜜", "FM01"),
    ("bacon", "腊肉", "LR01"),
    ("chicken", "河鸡", "DN01"),
    ("angelica", "当归", "DH01"),
    ("codonopsis", "党参", "DS01"),
    ("chestnut", "板栗", "HT01"),
    ("loquat", "枇杷", "WS01"),
    ("kiwi", "猕猴桃", "CL01"),
    ("pepper", "花椒", "HM01"),
)
KINDS = ("高山", "映霜红", "早熟", "晚熟", "古树", "林下", "河谷", "阳坡", "霜后", "头茬")
SELLERS_OF_A_KIND = 5
PACKS = (("5斤装", 2_500, 2_650), ("10斤装", 5_000, 5_250))
COOPERATIVES = 40
# Harvests spread over the year, so that whenever the benchmark runs, some are in season.
HARVESTS = (("01-01", "12-31"), ("09-20", "12-10"), ("03-15", "06-30"), ("06-01", "09-15"), ("11-01", "02-20"))
PACKS_IN_STOCK = 1_000_000
ABOUT = (
    "长在海拔八百米上下的坡地，昼夜温差大，手工分拣，当天采、当天发车。一装一袋，开箱就能吃；放在阴凉处，"
    "能存的时间写在页面上。收成由合作社从村里的农户手里收来，每一张收购单都记在账上，卖出去的每一箱都查得到是谁种的。"
)


@dataclass(frozen=True)
class Goods:
    """One product: a pack of a kind of produce, of one cooperative."""

    upc: str
    category: int
    kind: int
    cooperative: int
    spec: str
    net_g: int
    gross_g: int
    price_fen: int

    @property
    def name(self) -> str:
        return f"{KINDS[self.kind]}{CATEGORIES[self.category][1]}"

    @property
    def title(self) -> str:
        return f"{self.name} {self.spec}"

    @property
    def code(self) -> str:
        """The code of its produce: the same of whichever cooperative."""
        return f"B{self.category:02d}{self.kind:02d}"

    @property
    def harvest(self) -> tuple[str, str]:
        return HARVESTS[(self.category + self.kind) % len(HARVESTS)]

    @property
    def picture(self) -> str:
        """Its picture's path under the media folder: goods of one category share a drawing."""
        return f"images/bench/{CATEGORIES[self.category][0]}.webp"


def goods() -> Iterator[Goods]:
    """Everything that is for sale, a category after the other."""
    for category in range(len(CATEGORIES)):
        for kind in range(len(KINDS)):
            number = category * len(KINDS) + kind
            for seller in range(SELLERS_OF_A_KIND):
                cooperative = (number * SELLERS_OF_A_KIND + seller) % COOPERATIVES
                for pack, (spec, net_g, gross_g) in enumerate(PACKS):
                    yield Goods(
                        upc=f"B{category:02d}{kind:02d}{pack}-{cooperative:02d}",
                        category=category,
                        kind=kind,
                        cooperative=cooperative,
                        spec=spec,
                        net_g=net_g,
                        gross_g=gross_g,
                        price_fen=(net_g // 500) * (600 + 37 * kind + 11 * seller),
                    )


def names() -> list[str]:
    """The full names that things are searched by: both shops can find those."""
    return [f"{kind}{word}" for _slug, word, _drawing in CATEGORIES for kind in KINDS]
