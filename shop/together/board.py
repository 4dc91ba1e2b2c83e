"""What the pages of a group order show: who is on, how far it is, what it says in a WeChat group."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _

from logistics.models import Departure, Stop
from shop.accounts.models import GONE
from shop.models import SaleLine
from shop.templatetags.almanac import day_hour, day_of_week

from .models import PAID, GroupOrder, Participation
from .reckoning import Aboard, Least, missing, progress_percent


@dataclass(frozen=True)
class Item:
    """So many packs of one kind."""

    name: str
    spec: str
    quantity: int


@dataclass(frozen=True)
class Row:
    """One who is on, as everybody may see him (`name`), and as the starter may (`tail` of the mobile number)."""

    participation: Participation
    name: str
    tail: str
    items: list[Item]
    g: int

    @property
    def status(self) -> str:
        return self.participation.sale.order.status

    @property
    def is_paid(self) -> bool:
        return self.status in PAID


def surname_alone(name: str) -> str:
    """王** of 王小明, and of 王女士: a link goes from hand to hand, so less is shown than elsewhere."""
    return name if name == GONE else f"{name[:1]}**"


def rows(group: GroupOrder) -> list[Row]:
    """Everybody who is on, in the order of joining, whose order was not given up; two queries."""
    lines = Prefetch("sale__lines", SaleLine.objects.select_related("produce", "pack").order_by("pk"))
    on = group.participations.live().in_order().select_related("sale__order__shipping_address")
    return [_row(one) for one in on.prefetch_related(lines)]


def _row(participation: Participation) -> Row:
    address = participation.sale.order.shipping_address
    kept = [line for line in participation.sale.lines.all() if line.kept_g]
    return Row(
        participation=participation,
        name=surname_alone(address.first_name if address else ""),
        tail=address.mobile[-4:] if address else "",
        items=[Item(line.produce.name, line.pack.spec if line.pack else "", line.quantity) for line in kept],
        g=sum(line.gross_g for line in kept),
    )


def aboard(shown: Iterable[Row]) -> Aboard:
    """What those who are on come to."""
    paid = [row for row in shown if row.is_paid]
    return Aboard(joiners=len(paid), g=sum(row.g for row in paid), unpaid=sum(row.status == "placed" for row in shown))


@dataclass(frozen=True)
class Progress:
    """How far a group order is, and how full its truck."""

    aboard: Aboard
    least: Least
    missing: Least
    percent: int
    truck_percent: int
    truck_free_g: int


def progress(group: GroupOrder, shown: Sequence[Row]) -> Progress:
    departure: Departure = group.stop.departure
    on, least = aboard(shown), Least(group.least_g, group.least_joiners)
    return Progress(
        aboard=on,
        least=least,
        missing=missing(on, least),
        percent=progress_percent(on, least),
        truck_percent=min(departure.booked_g * 100 // departure.capacity_g, 100) if departure.capacity_g else 100,
        truck_free_g=departure.room_g,
    )


def totals(shown: Iterable[Row]) -> list[Item]:
    """How many of each pack all together want."""
    counted: dict[tuple[str, str], int] = {}
    for row in shown:
        for item in row.items:
            counted[item.name, item.spec] = counted.get((item.name, item.spec), 0) + item.quantity
    return [Item(name, spec, quantity) for (name, spec), quantity in counted.items()]


def goods(row: Row) -> str:
    """巫溪核桃 5斤装×2, 土蜂蜜 500克瓶×1"""
    return ", ".join(f"{item.name} {item.spec}×{item.quantity}" for item in row.items)


def hours(stop: Stop) -> str:
    """11月28日 星期六 17:00–20:00."""
    opens, closes = timezone.localtime(stop.opens_at), timezone.localtime(stop.closes_at)
    return f"{day_of_week(opens)} {opens:%H:%M}–{closes:%H:%M}"


def share_text(group: GroupOrder, shown: Sequence[Row], url: str) -> str:
    """What one pastes into a WeChat group: the numbered list that everybody there knows, and the link."""
    head = [
        _("[Group order] %(title)s") % {"title": group.title},
        _("Handed out: %(place)s, %(when)s") % {"place": group.stop.name, "when": hours(group.stop)},
        _("Join until %(when)s") % {"when": day_hour(group.closes_at)},
    ]
    body = [f"{n}. {row.name} {goods(row)}" for n, row in enumerate(shown, start=1)]
    return "\n".join([*head, *body, f"{len(shown) + 1}. ", _("I join too: %(url)s") % {"url": url}])
