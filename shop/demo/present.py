"""Today: what the cooperatives have bought this season, and orders in every state, placed and moved through the shop.

Each order is one transaction and has its number in its note, so a load that was killed goes on where it stood.
"""

import datetime as dt
import random
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db import transaction
from oscar.apps.shipping.methods import Free
from oscar.core.loading import get_class, get_model

import logistics.actions
import suppliers.actions
from logistics.models import Consignment, Shipment, Vehicle
from suppliers.base import days
from suppliers.base.money import price_of
from suppliers.models import Household, Produce, PurchaseLot

from .. import orders as shop_orders
from .. import places
from ..checkout.ways import Way, ways
from ..models import Sale
from ..shipping import arrival
from ..shipping.methods import ByWeight
from . import people
from .reference import demo_data

Basket = get_model("basket", "Basket")
Country = get_model("address", "Country")
Product = get_model("catalogue", "Product")
ShippingAddress = get_model("order", "ShippingAddress")

# (area code, 市, 区, street): invented streets in real districts.
ADDRESSES = [
    ("370902", "泰安市", "泰山区", "东岳大街某小区 3 号楼"),
    ("370911", "泰安市", "岱岳区", "长城路某小区 12 号楼"),
    ("370983", "泰安市", "肥城市", "新城路某小区 6 号楼"),
    ("370103", "济南市", "市中区", "经七路某小区 8 号楼"),
    ("370202", "青岛市", "市南区", "香港中路某小区 2 号楼"),
    ("370921", "泰安市", "宁阳县", "文化路某小区 1 号楼"),
]
PEOPLE = ["王女士", "李先生", "赵女士", "孙先生", "刘女士", "陈先生"]


@dataclass(frozen=True)
class Scene:
    """An order to be: what is in it, and how far it has come."""

    wares: tuple[tuple[str, int], ...]  # (upc, quantity)
    until: str  # placed, paid, dispatched, received, refunded, part_refunded, cancelled, on_terms, truck
    days_ago: int = 0
    buyer: str = ""  # a sign-in; empty: a guest
    channel: str = Sale.Channel.RETAIL
    delivery: str = Sale.Delivery.PARCEL


SCENES = [
    Scene((("HT01-5J-C11", 1),), "placed", 0, "buyer"),
    Scene((("QC01-10J-C07", 1),), "placed"),
    Scene((("HT01-5J-C11", 1), ("FM01-500-C03", 1)), "paid", 0, "buyer"),
    Scene((("QC01-10J-C08", 2),), "paid", 1),
    Scene((("XG01-250-C02", 2), ("HM01-250-C02", 1)), "paid", 1, "buyer2"),
    Scene((("HT01-5J-C12", 1),), "paid", 1),
    Scene((("DT01-5J-C01", 1),), "paid", 1),
    Scene((("DN01-1-C10", 2),), "paid", 1),
    Scene((("LY01-250-C03", 1),), "paid", 2),
    Scene((("DS01-250-C05", 1),), "paid", 2),
    Scene((("ST01-5J-C06", 1),), "paid", 1),
    Scene((("HR01-500-C11", 2), ("HT01-5J-C12", 1)), "dispatched", 3, "buyer"),
    Scene((("DT01-10J-C01", 1),), "dispatched", 3),
    Scene((("QC01-10J-C07", 1),), "dispatched", 2),
    Scene((("FM01-500-C03", 2),), "dispatched", 3, "buyer2"),
    Scene((("DS01-250-C05", 2),), "dispatched", 4),
    Scene((("HT01-5J-C11", 2),), "received", 8, "buyer"),
    Scene((("QC01-10J-C08", 1),), "received", 8),
    Scene((("XG01-250-C02", 3),), "received", 8),
    Scene((("HT01-5J-C12", 2),), "received", 8, "buyer2"),
    Scene((("DN01-1-C10", 1),), "received", 8),
    Scene((("LY01-250-C03", 2), ("FM01-500-C03", 1)), "received", 8),
    Scene((("ST01-5J-C06", 2),), "received", 8),
    Scene((("HR01-500-C01", 1),), "received", 7),
    Scene((("QC01-10J-C07", 2),), "part_refunded", 8, "buyer"),
    Scene((("HM01-250-C02", 2),), "refunded", 8),
    Scene((("HT01-5J-C12", 1),), "cancelled", 2, "buyer"),
    Scene((("QC01-10J-C07", 120),), "truck", 6, "canteen", Sale.Channel.GROUP),
    Scene((("HT01-5J-C11", 60),), "truck", 6, "canteen", Sale.Channel.GROUP),
    Scene((("QC01-KG-C08", 5000),), "on_terms", 5, "canteen", Sale.Channel.BULK),
    Scene((("DH01-KG-C04", 3200),), "received_on_terms", 8, "canteen", Sale.Channel.BULK),
    Scene((("HT01-5J-C11", 2),), "paid", 0, "buyer", delivery=Sale.Delivery.TRUCK),
    Scene((("HT01-5J-C12", 40),), "paid", 0, "buyer2", delivery=Sale.Delivery.TRUCK),
    Scene((("FM01-500-C03", 2),), "paid", 0, "buyer", delivery=Sale.Delivery.COUNTER),
]


def load() -> None:
    """Buy what the season gives, then let the orders happen that have not happened yet."""
    today = days.today()
    in_store = Produce.objects.filter(packs__product__stockrecords__num_in_stock__gt=0).distinct()
    for produce in in_store.select_related("cooperative"):
        _buy(produce, today)
    for n, scene in enumerate(SCENES, start=1):
        happen(n, scene, today)
    logistics.actions.assess_due()


def happen(n: int, scene: Scene, today: dt.date) -> Sale:
    """The sale of order `n` of the demo; it is placed and taken as far as `scene` goes if it is not there yet."""
    if not Sale.objects.filter(note=_note(n)).exists():
        _happen(n, scene, today)
    return Sale.objects.get(note=_note(n))


def _note(n: int) -> str:
    return f"演示订单 {n:02d}"


@transaction.atomic
def _buy(produce: Produce, today: dt.date) -> None:
    """This season's slips of `produce`: nine from members, two from other sources, and one more not yet verified."""
    code = f"{produce.cooperative.code}-{produce.code}-{today.year}"
    if PurchaseLot.objects.filter(produce=produce, lot_no__contains=f"-{produce.code}-N").exists():
        return
    chance = random.Random(code)
    members = list(
        Household.objects.filter(memberships__cooperative=produce.cooperative).order_by("household_no").distinct()[:40]
    )
    oldest = min(produce.shelf_life_days - 2, 40)
    sources: list[Household | None] = [*chance.choices(members, k=9), None, None]
    price = chance.randrange(280, 420) if produce.code == "QC01" else _price_of(produce)
    for n, household in enumerate(sources, start=1):
        # Members first, then what was bought elsewhere to fill the orders; all before the first dispatch below.
        days_ago = oldest - 2 * n if household else 12
        bought_on = today - dt.timedelta(days=min(max(days_ago, 12), oldest))
        lot = suppliers.actions.enter_lot(
            lot_no=f"{produce.cooperative.code}-{produce.code}-N{n:03d}",
            produce=produce,
            household=household,
            g=chance.randrange(40, 120) * 500 * (20 if produce.packs.filter(is_per_kg=True).exists() else 1),
            fen_per_kg=price,
            bought_on=bought_on,
            voucher=f"收{n:05d}",
        )
        suppliers.actions.verify_lot(lot=lot, how=PurchaseLot.Verified.BANK)
        PurchaseLot.objects.filter(pk=lot.pk).update(paid_on=bought_on, paid_fen=price_of(lot.g, lot.fen_per_kg))
    suppliers.actions.enter_lot(
        lot_no=f"{produce.cooperative.code}-{produce.code}-N099",
        produce=produce,
        household=chance.choice(members),
        g=60_000,
        fen_per_kg=price,
        bought_on=today - dt.timedelta(days=1),
        voucher="收00099",
    )


def _price_of(produce: Produce) -> int:
    return next(p["purchase_fen_per_kg"] for p in demo_data()["products"] if p["code"] == produce.code)


@transaction.atomic
def _happen(n: int, scene: Scene, today: dt.date) -> None:
    """Place the order of `scene` on its day and take it as far as it goes."""
    placed_on = today - dt.timedelta(days=scene.days_ago)
    order = _place(n, scene, placed_on)
    sale = order.sale
    if scene.until == "placed":
        return
    if scene.until in ("on_terms", "received_on_terms"):
        shop_orders.ship_on_terms(order=order)
    else:
        shop_orders.pay(
            order=order,
            event_id=f"demo-present-{n:02d}",
            gateway="transfer" if sale.buyer_kind == Sale.BuyerKind.INSTITUTION else "demo",
            amount_fen=sale.total_fen,
            at=days.at(placed_on, 9, 20) if scene.days_ago else None,
        )
    if scene.until == "paid":
        return
    if scene.until == "cancelled":
        shop_orders.cancel(order=order, reason="买家不想要了")
        return
    dispatched_on = placed_on + dt.timedelta(days=1)
    _dispatch(n, order, scene, dispatched_on)
    if scene.until in ("dispatched", "on_terms"):
        return
    received_on = min(dispatched_on + dt.timedelta(days=4), today)
    shipments = list(Shipment.objects.filter(consignment__order=order))
    how = Sale.Receipt.CARRIER if scene.channel == Sale.Channel.RETAIL else Sale.Receipt.ACCEPTANCE
    shop_orders.receive(shipments=shipments, on=received_on, how=how)
    if scene.until in ("refunded", "part_refunded"):
        line = sale.lines.get()
        share = 1 if scene.until == "refunded" else 4
        back = shop_orders.GiveBack(line.pk, g=line.net_g // share, fen=line.goods_fen // share)
        shop_orders.refund(
            refunds=[
                shop_orders.Refunding(
                    key=f"{order.number}-1", sale_id=sale.pk, lines=[back], reason="坏果包赔", on=received_on
                )
            ]
        )


def _place(n: int, scene: Scene, placed_on: dt.date):
    user = get_user_model().objects.get(email=people.email(scene.buyer)) if scene.buyer else None
    basket = Basket.objects.create(owner=user)
    basket.strategy = get_class("partner.strategy", "Selector")().strategy(user=user)
    for upc, quantity in scene.wares:
        basket.add_product(_in_store(upc), quantity)
    is_institution = scene.channel != Sale.Channel.RETAIL
    way = _way(scene, basket)
    area_code, city, district, street = ADDRESSES[0] if is_institution else ADDRESSES[n % len(ADDRESSES)]
    if way.place:
        area_code, city = way.area_code, places.city_of(way.area_code).name
        district, street = places.district(area_code).name, f"{way.place.address} {way.place.name}"
    return shop_orders.place(
        basket=basket,
        shipping_address=ShippingAddress(
            first_name="食堂采购" if is_institution else PEOPLE[n % len(PEOPLE)],
            line1=street,
            line3=district,
            line4=city,
            state="山东省",
            area_code=area_code,
            phone_number=f"+861380538{n:04d}",
            country=Country.objects.get(pk="CN"),
        ),
        shipping_method=Free() if is_institution else ByWeight(area_code) if way.place is None else way.method,
        delivery=way.delivery,
        stop=way.stop,
        counter=way.counter,
        expected_on=None
        if is_institution
        else way.expected_on
        if way.place
        else arrival.expected(area_code, on=placed_on),
        city_code=area_code[:4] + "00",
        user=user,
        guest_email="" if user else "guest@demo.example",
        channel=scene.channel if is_institution else "",
        buyer_kind=Sale.BuyerKind.INSTITUTION if is_institution else Sale.BuyerKind.INDIVIDUAL,
        organisation="泰安市某机关食堂" if is_institution else "",
        note=_note(n),
        is_fresh_confirmed=True,
        minutes_to_pay=None if is_institution else 30,
        placed_at=days.at(placed_on, 9) if scene.days_ago else None,
    )


def _way(scene: Scene, basket) -> Way:
    """How the order of `scene` travels; by parcel where no truck takes it."""
    offered = ways(basket, area_code=ADDRESSES[0][0])
    return offered.chosen(scene.delivery, "") or offered.parcel


def _in_store(upc: str):
    """The product `upc`, or, where its season is over on the day of the demo, dried goods that keep all year."""
    product = Product.objects.get(upc=upc)
    if product.stockrecords.get().net_stock_level > 0:
        return product
    return Product.objects.get(upc="DH01-KG-C04" if "-KG-" in upc else "DS01-250-C05")


def _dispatch(n: int, order, scene: Scene, on: dt.date) -> None:
    consignments = list(Consignment.objects.filter(order=order, state=Consignment.State.TO_SHIP))
    vehicle = None
    if scene.channel != Sale.Channel.RETAIL:
        vehicle = _vehicle(scene, on, sum(line.net_g for line in order.sale.lines.all()))
    shop_orders.dispatch(
        dispatching=[
            shop_orders.Dispatching(
                consignment=consignment,
                carrier_code=vehicle.carrier_id if vehicle else "SF",
                waybill=f"{'ZT' if vehicle else 'SF'}{on:%Y%m%d}{n:03d}{i}",
                freight_fen=price_of(sum(line.gross_g for line in order.sale.lines.all()), 80 if vehicle else 240)
                + 900,
                vehicle=vehicle,
                at=days.at(on, 15),
            )
            for i, consignment in enumerate(consignments)
        ]
    )


def _vehicle(scene: Scene, on: dt.date, net_g: int) -> Vehicle:
    """The direct truck of the day for group orders (several ride on it), a vehicle of its own for a bulk order."""
    is_truck = scene.channel == Sale.Channel.GROUP
    vehicle, is_new = Vehicle.objects.get_or_create(
        vehicle_no=f"{'直通车' if is_truck else '大宗'}-{on:%Y%m%d}-{'泰安' if is_truck else scene.wares[0][0]}",
        defaults={
            "carrier_id": "ZTC" if is_truck else "HY",
            "city_code": "370900",
            "departs_on": on,
            "max_load_g": 32_000_000,
            "weigh_note": f"GB{on:%m%d}{scene.wares[0][0][:2]}",
            "net_g": net_g,
        },
    )
    if not is_new:
        Vehicle.objects.filter(pk=vehicle.pk).update(net_g=vehicle.net_g + net_g)
    return vehicle
