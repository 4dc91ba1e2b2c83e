"""What there is at a cooperative's desk and at the county's: one list of doors each, and who finds which of them.

A page's own decorator says who may open it (suppliers.base.access); tests/test_access.py holds the two together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from suppliers.base.access import (
    AUDITOR,
    OWNER,
    PACKER,
    POSTS,
    READS_EVIDENCE,
    READS_REPORT,
    SELLER,
    TOWNSHIP,
    has_role,
)


@dataclass(frozen=True)
class Door:
    """A page to go to: the `view` it opens, what is behind it in a few words, and who finds it: posts, or roles.

    `near` are the beginnings of the names of pages that belong to it.
    """

    view: str
    icon: str
    name: str
    hint: str = ""
    who: Sequence[str] = POSTS
    near: Sequence[str] = ()

    @property
    def url(self) -> str:
        return reverse(self.view)

    def is_open_at(self, view_name: str) -> bool:
        """Whether the page `view_name` is this one, or belongs to it."""
        return view_name == self.view or view_name.startswith(tuple(self.near))


TRADE = (OWNER, SELLER)
DESK: list[tuple[str, list[Door]]] = [
    (
        _("Every day"),
        [
            Door("logistics:home", "list-checks", _("To do"), _("What waits for you")),
            Door(
                "packing",
                "package-check",
                _("To pack"),
                _("Fetch, print, scan and ship"),
                near=("packing", "scan", "ship"),
            ),
            Door(
                "suppliers:ledger",
                "scale",
                _("Purchases"),
                _("Purchase slips: enter, look up, correct"),
                TRADE,
                ("suppliers:slip", "suppliers:lot", "suppliers:correct"),
            ),
            Door(
                "suppliers:households",
                "users",
                _("Households"),
                _("Members and what they delivered"),
                TRADE,
                ("suppliers:household",),
            ),
        ],
    ),
    (
        _("Shipping"),
        [
            Door(
                "logistics:consignments",
                "package",
                _("Consignments"),
                _("All that is to ship, on its way, received"),
                near=("consignment",),
            ),
            Door("logistics:vehicles", "truck", _("Vehicles"), _("Trips and weigh notes"), near=("logistics:vehicle",)),
            Door(
                "aftersales:cooperative",
                "message-circle-warning",
                _("After-sales"),
                _("Spoiled goods, returns, reviews"),
                TRADE,
                ("aftersales:",),
            ),
        ],
    ),
    (
        _("Goods"),
        [
            Door("listing:products", "store", _("Products"), _("Put up, price, stock"), TRADE, ("listing:",)),
            Door(
                "suppliers:certificates",
                "badge-check",
                _("Papers"),
                _("Certificates and test reports"),
                TRADE,
                ("suppliers:certificate",),
            ),
            Door("supply_declares", "sprout", _("Supply"), _("Say what you will have, and when"), TRADE, ("supply_",)),
            Door(
                "presales", "trees", _("Pre-sales"), _("Sell the coming harvest ahead"), TRADE, ("presale", "harvest")
            ),
            Door(
                "stock",
                "warehouse",
                _("Stock account"),
                _("Bought, sold, lost, on hand; sign the season"),
                TRADE,
                ("stock", "suppliers:withdraw", "suppliers:process", "suppliers:carried"),
            ),
            Door(
                "suppliers:batches",
                "boxes",
                _("Batches"),
                _("Slips packed together; goods handed over"),
                TRADE,
                ("suppliers:batch", "suppliers:hand_over"),
            ),
        ],
    ),
    (
        _("Money"),
        [
            Door("money", "wallet", _("Money"), _("What was sold and what is due to you"), (OWNER,)),
            Door(
                "suppliers:payments",
                "banknote",
                _("Pay households"),
                _("What is owed, bank file, statements"),
                (OWNER,),
                ("suppliers:payment", "suppliers:statement"),
            ),
            Door("logistics:awards", "hand-coins", _("Subsidy"), _("What each shipment earns, and why"), (OWNER,)),
        ],
    ),
    (
        _("Office"),
        [
            Door(
                "suppliers:sheets",
                "table-2",
                _("Excel sheets"),
                _("Take many rows in, or out"),
                TRADE,
                ("suppliers:sheet",),
            ),
            Door(
                "suppliers:staff",
                "id-card",
                _("Staff"),
                _("Who works here and may do what"),
                (OWNER,),
                ("suppliers:post",),
            ),
            Door(
                "suppliers:grower_price",
                "badge-japanese-yen",
                _("Growers' price"),
                _("Show buyers what growers are paid, or not"),
                (OWNER,),
            ),
        ],
    ),
]
# What stands in the bar at the bottom of a phone, in this order; a packer has no purchases and sees shipping there.
TABS = ("logistics:home", "packing", "suppliers:ledger", "suppliers:households")
PACKERS_TABS = ("logistics:home", "packing", "logistics:consignments", "logistics:vehicles")


def at_desk(post: str) -> list[tuple[str, list[Door]]]:
    """The doors that somebody with a `post` at a cooperative finds, in groups."""
    groups = [(name, [door for door in doors if post in door.who]) for name, doors in DESK]
    return [(name, doors) for name, doors in groups if doors]


def tabs(post: str) -> list[Door]:
    """The doors of the bar."""
    found = {door.view: door for _name, doors in at_desk(post) for door in doors}
    return [found[view] for view in (PACKERS_TABS if post == PACKER else TABS) if view in found]


STAFF = ()  # county staff hold every role, and no role but theirs opens these
OFFICE: list[tuple[str, list[Door]]] = [
    (
        _("Figures"),
        [
            Door("officials:report", "chart-column", _("Report"), who=READS_REPORT),
            Door(
                "officials:subsidy",
                "hand-coins",
                _("Subsidy"),
                who=READS_REPORT,
                near=("officials:awards", "officials:settlement", "officials:version"),
            ),
            Door(
                "officials:find",
                "search",
                _("Trace"),
                who=READS_EVIDENCE,
                near=("officials:order", "officials:household", "reveal", "household-", "refund"),
            ),
            Door("officials_stock", "warehouse", _("Goods in and out"), who=READS_EVIDENCE),
            Door("deliveries", "sprout", _("Declared and delivered"), who=READS_EVIDENCE),
        ],
    ),
    (
        _("Cooperatives"),
        [
            Door("slips", "scale", _("Slips to check"), who=(TOWNSHIP,), near=("slip",)),
            Door("applications", "file-check", _("Applications"), who=(TOWNSHIP,), near=("application",)),
            Door("approvals", "users", _("Households"), who=(TOWNSHIP,)),
            Door("cooperatives_office", "store", _("Cooperatives"), who=STAFF, near=("cooperative_office",)),
            Door("listing:queue", "badge-check", _("New products"), who=STAFF, near=("listing:",)),
            Door("disputes", "message-circle-warning", _("Disputes about slips"), who=STAFF, near=("dispute",)),
            Door("reveals", "eye", _("Who looked at whom"), who=(AUDITOR,)),
        ],
    ),
    (
        _("Supply and inquiries"),
        [
            Door("inquiries", "mail-question-mark", _("Inquiries"), who=STAFF, near=("inquiry",)),
            Door("wanted_desk", "megaphone", _("Wanted"), who=STAFF),
            Door("prices", "tags", _("Price sheets"), who=STAFF, near=("price_sheet",)),
            Door("collectors", "map-pin", _("Collectors"), who=STAFF),
        ],
    ),
    (
        _("Shop"),
        [
            Door("departures", "truck", _("Direct trucks"), who=STAFF, near=("departure",)),
            Door("counters", "map-pinned", _("Counters"), who=STAFF, near=("counter",)),
            Door("aftersales:county", "undo-2", _("After-sales"), who=STAFF, near=("aftersales:",)),
            Door("due", "wallet", _("Due to cooperatives"), who=STAFF, near=("remit",)),
            Door("dashboard:index", "settings", _("Shop dashboard"), who=STAFF),
        ],
    ),
]
IN_THE_BAR = 4


def at_office(user) -> list[tuple[str, list[Door]]]:
    """The doors that `user` finds at the county's, in groups. A township's slips are the township's: staff have none."""
    groups = [
        (
            name,
            [door for door in doors if has_role(user, *door.who) and not (door.view == "slips" and user.is_staff)],
        )
        for name, doors in OFFICE
    ]
    return [(name, doors) for name, doors in groups if doors]
