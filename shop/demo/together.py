"""Group orders of the demo: one that is nearly enough, one that is being handed out. Invented people, real districts."""

import datetime as dt

from django.contrib.auth import get_user_model
from django.db import transaction
from oscar.core.loading import get_model

from logistics.models import Consignment, Departure, Vehicle
from suppliers.base import days
from suppliers.models import Pack

from .. import orders as shop_orders
from ..models import Sale
from ..together import actions
from ..together.models import GroupOrder, Participation
from ..together.reckoning import Least
from . import people

Order = get_model("order", "Order")

TAIAN, TAISHAN = "370900", "370902"
NEIGHBOURS = ["王小明", "李雷", "赵敏", "孙丽", "刘洋", "陈晨", "周涛"]
TITLES = "阳光小区拼车", "岱庙社区核桃团"


def load() -> None:
    """Start both, unless they were started before."""
    if not GroupOrder.objects.filter(title=TITLES[0]).exists():
        _open_one()
    if not GroupOrder.objects.filter(title=TITLES[1]).exists():
        _one_to_hand_out()


@transaction.atomic
def _open_one() -> None:
    """Five have joined and paid; it takes six."""
    leaves_on = days.today() + dt.timedelta(days=4)
    departure = _departure("TA-PIN", leaves_on)
    _departure("TA-PIN2", leaves_on + dt.timedelta(days=7))
    packs = _packs(3)
    group = _start("buyer", departure, packs, title=TITLES[0], point="示例·阳光小区南门", least=Least(joiners=6))
    for n in range(5):
        _join(group, n, {packs[n % len(packs)]: 1 + n % 2})


@transaction.atomic
def _one_to_hand_out() -> None:
    """Closed, confirmed, sent: its starter ticks off who has come."""
    today = days.today()
    leaves_on = today - dt.timedelta(days=3)
    departure = _departure("TA-FA", today + dt.timedelta(days=2))
    packs = _packs(2)
    group = _start("buyer2", departure, packs, title=TITLES[1], point="示例·岱庙社区东门", least=Least(joiners=3))
    placed_at = days.at(leaves_on - dt.timedelta(days=2), 10)
    joined = [_join(group, n, {packs[n % 2]: 1 + n % 3}, at=placed_at) for n in range(6)]
    # It all happened some days ago: the truck closed, left, and stands at the gate today.
    Departure.objects.filter(pk=departure.pk).update(
        cut_off_at=days.at(leaves_on - dt.timedelta(days=1), 12), leaves_at=days.at(leaves_on, 8)
    )
    group.stop.opens_at, group.stop.closes_at = days.at(today, 9), days.at(today, 20)
    group.stop.save()
    Sale.objects.filter(participation__in=joined).update(expected_on=today)
    Participation.objects.filter(group=group).update(joined_at=placed_at)
    Order.objects.filter(sale__participation__in=joined).update(date_placed=placed_at)
    GroupOrder.objects.filter(pk=group.pk).update(closes_at=days.at(leaves_on - dt.timedelta(days=1), 12))
    actions.decide(group_id=group.pk)
    consignments = Consignment.objects.filter(order__in=[one.pk for one in joined], state=Consignment.State.TO_SHIP)
    vehicle = Vehicle.objects.create(
        vehicle_no=f"直通车-{leaves_on:%Y%m%d}-拼车",
        carrier_id="ZTC",
        city_code=TAIAN,
        departs_on=leaves_on,
        max_load_g=300_000,
    )
    shop_orders.dispatch(
        dispatching=[
            shop_orders.Dispatching(
                consignment=consignment,
                carrier_code="ZTC",
                waybill=f"PC{leaves_on:%Y%m%d}{n:03d}",
                freight_fen=800,
                vehicle=vehicle,
                at=days.at(leaves_on, 8),
            )
            for n, consignment in enumerate(consignments.order_by("pk"))
        ]
    )
    Departure.objects.filter(pk=departure.pk).update(state=Departure.State.LEFT, vehicle=vehicle)
    for one in joined[:2]:
        actions.hand_out(participation=one, by=group.starter)


def _departure(code: str, leaves_on: dt.date) -> Departure:
    return Departure.objects.create(
        departure_no=f"{code}-{leaves_on:%m%d}",
        city_code=TAIAN,
        cut_off_at=days.at(leaves_on - dt.timedelta(days=1), 20),
        leaves_at=days.at(leaves_on, 8),
        capacity_g=300_000,
        fen_per_kg=60,
    )


def _packs(n: int) -> list[Pack]:
    """Small packs that are in store and need no cold, walnuts first."""
    found = (
        Pack.objects.filter(
            is_per_kg=False,
            produce__is_b2b_only=False,
            produce__is_cold_chain=False,
            presale=None,
            product__is_public=True,
            product__stockrecords__num_in_stock__gt=60,
        )
        .select_related("produce", "product")
        .order_by("produce__code", "pk")
    )
    kinds: dict[str, Pack] = {}
    for pack in found:
        kinds.setdefault(pack.produce.code, pack)
    first = [kinds.pop(code) for code in ("HT01", "QC01") if code in kinds]
    return [*first, *kinds.values()][:n]


def _start(who: str, departure: Departure, packs: list[Pack], *, title: str, point: str, least: Least) -> GroupOrder:
    day = days.day_of(departure.leaves_at) + dt.timedelta(days=2)
    return actions.start(
        by=get_user_model().objects.get(email=people.email(who)),
        departure=departure,
        packs=packs,
        point=actions.Halt(point, "东岳大街 1 号", TAISHAN, days.at(day, 17), days.at(day, 20)),
        least=least,
        closes_at=departure.cut_off_at,
        host="3号楼张阿姨",
        title=title,
        words="一起拼一车，周末在门口发货，记得带袋子。",
    )


def _join(group: GroupOrder, n: int, wanted: dict[Pack, int], *, at: dt.datetime | None = None):
    """The n-th neighbour joins and pays."""
    joined = actions.join(
        group=group,
        key=f"demo-{group.pk}-{n}",
        wanted=wanted,
        joiner=actions.Joiner(NEIGHBOURS[n], f"+8613805380{n:03d}"),
        is_fresh_confirmed=True,
    )
    shop_orders.pay(
        order=joined.sale.order,
        event_id=f"demo-together-{group.pk}-{n}",
        gateway="demo",
        amount_fen=joined.sale.total_fen,
        at=at,
    )
    return joined
