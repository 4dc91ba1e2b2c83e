"""A half-year of trade, drawn by chance (synthetic): households, lots and orders come in bulk, all else happens.

Dispatch, attribution, receipt, credit, refund, assessment and settlement go through the shop's own actions, a month at a
time. Every step finds what is still to be done, so a load that was killed goes on where it stood.
"""

import datetime as dt
import gzip
import json
from collections.abc import Callable, Iterator
from importlib import resources
from itertools import groupby
from pathlib import Path

from django.apps import apps
from django.db import connection, transaction
from oscar.core.loading import get_model

import logistics.actions
from logistics.models import Consignment, Shipment, Vehicle
from suppliers.base import days
from suppliers.base.money import yuan_of
from suppliers.models import Cooperative, Household, HouseholdStatus, Membership, Pack, Produce, PurchaseLot

from .. import orders as shop_orders
from ..models import Sale, SaleLine
from ..payments.models import Payment
from .reference import demo_data

Line = get_model("order", "Line")
Order = get_model("order", "Order")
Product = get_model("catalogue", "Product")

SCHEME_2019 = ("建档立卡贫困户", dt.date(2014, 1, 1), dt.date(2020, 12, 31))
SCHEME_2021_FROM = dt.date(2021, 1, 1)
STARTS, ENDS = dt.date(2019, 1, 1), dt.date(2019, 6, 30)
RATED_LOAD_G = 32_000_000
RECEIPT = {
    Sale.Channel.RETAIL: Sale.Receipt.CARRIER,
    Sale.Channel.GROUP: Sale.Receipt.ACCEPTANCE,
    Sale.Channel.BULK: Sale.Receipt.ACCEPTANCE,
    Sale.Channel.COUNTER: Sale.Receipt.SHEET,
}

Progress = Callable[[str, int, int], None]


def inputs(scale: str) -> dict:
    """The inputs of `scale` (full, small, or the path of a JSON file): households, lots and orders."""
    if scale in ("full", "small"):
        packed = resources.files(__package__).joinpath(f"data/half_year_{scale}.json.gz").read_bytes()
        return json.loads(gzip.decompress(packed))
    return json.loads(Path(scale).read_text("utf-8"))


def load(given: dict, progress: Progress) -> None:
    """Write the inputs in bulk, once, then let the half-year happen up to the settlement."""
    if not Household.objects.exists():
        _insert_households(given["households"])
    if not PurchaseLot.objects.exists():
        _insert_lots(given["lots"])
    if not Order.objects.filter(number__startswith="H").exists():
        _insert_orders(given["orders"])
    analyse()
    happen(given["orders"], progress)


def analyse() -> None:
    """Tell the database how the books have grown: until it knows, PostgreSQL joins the new rows one by one.

    The books' own tables, by name: a plain ANALYZE would also lock catalogues that all databases of a server share.
    """
    books = [
        model._meta.db_table
        for label in ("suppliers", "logistics", "shop", "payments", "order")
        for model in apps.get_app_config(label).get_models()
    ]
    with connection.cursor() as cursor:
        for table in books:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(table)}")


@transaction.atomic
def _insert_households(rows: list[dict]) -> None:
    cooperatives = {c.code: c for c in Cooperative.objects.all()}
    households = Household.objects.bulk_create(
        [
            Household(
                household_no=row["no"],
                head=row["head"],
                village_id=row["village_code"],
                size=row["size"],
            )
            for row in rows
        ],
        batch_size=500,
    )
    statuses, memberships = [], []
    for household, row in zip(households, rows, strict=True):
        category, starts_on, ends_on = SCHEME_2019
        statuses += [
            HouseholdStatus(household=household, category=category, starts_on=starts_on, ends_on=ends_on),
            HouseholdStatus(household=household, category=row["category"], starts_on=SCHEME_2021_FROM),
        ]
        memberships.append(
            Membership(household=household, cooperative=cooperatives[row["cooperative"]], starts_on=starts_on)
        )
    HouseholdStatus.objects.bulk_create(statuses, batch_size=1000)
    Membership.objects.bulk_create(memberships, batch_size=1000)


@transaction.atomic
def _insert_lots(rows: list[dict]) -> None:
    produce = {(p.cooperative.code, p.code): p for p in Produce.objects.select_related("cooperative")}
    households = dict(Household.objects.values_list("household_no", "pk"))
    lots, delivers_to = [], set()
    for n, row in enumerate(rows, start=1):
        bought_on = dt.date.fromisoformat(row["bought_on"])
        household_id = households[row["household"]] if row["household"] else None
        goods = produce[row["cooperative"], row["product"]]
        verified = row["verified"]
        lots.append(
            PurchaseLot(
                lot_no=f"{row['cooperative']}-{row['product']}-{n:05d}",
                produce=goods,
                household_id=household_id,
                g=row["g"],
                fen_per_kg=row["price_fen_per_kg"],
                bought_on=bought_on,
                entered_at=days.at(bought_on, 17),
                verified_how=PurchaseLot.Verified.BANK if verified else "",
                verified_at=days.at(bought_on, 18) if verified else None,
                paid_on=bought_on if verified else None,
                paid_fen=(row["g"] * row["price_fen_per_kg"] + 500) // 1000 if verified else None,
            )
        )
        if household_id:
            delivers_to.add((household_id, goods.cooperative_id))
    PurchaseLot.objects.bulk_create(lots, batch_size=500)
    members = set(Membership.objects.values_list("household", "cooperative"))
    Membership.objects.bulk_create(
        Membership(household_id=household_id, cooperative_id=cooperative_id, starts_on=SCHEME_2019[1])
        for household_id, cooperative_id in sorted(delivers_to - members)
    )


@transaction.atomic
def _insert_orders(rows: list[dict]) -> None:
    """Each row is an order of one line that was placed and paid on its day, with one consignment to ship."""
    packs = {
        (pack.sku, pack.produce.cooperative.code): pack
        for pack in Pack.objects.select_related("produce__cooperative__partner", "product")
    }
    organisations = {}
    for _code, name, kind, city_code, _place in demo_data()["buyers"]["rows"]:
        if kind != "individual":
            organisations.setdefault(city_code, name)
    cities = {c["code"]: c["name"] for c in demo_data()["shandong_cities"]}

    placed = Order.objects.bulk_create(
        [
            Order(
                number=f"H{row['order']:06d}",
                currency="CNY",
                total_incl_tax=yuan_of(row["goods_fen"]),
                total_excl_tax=yuan_of(row["goods_fen"]),
                shipping_incl_tax=0,
                shipping_excl_tax=0,
                status=shop_orders.PAID,
                date_placed=_moment(row, 9),
            )
            for row in rows
        ],
        batch_size=500,
    )
    lines, sales = [], []
    for order, row in zip(placed, rows, strict=True):
        pack = packs[row["sku"], row["cooperative"]]
        partner = pack.produce.cooperative.partner
        total = yuan_of(row["goods_fen"])
        lines.append(
            Line(
                order=order,
                partner=partner,
                partner_name=partner.name,
                partner_sku=pack.sku,
                product=pack.product,
                title=pack.product.title,
                upc=pack.product.upc,
                quantity=row["units"],
                line_price_incl_tax=total,
                line_price_excl_tax=total,
                line_price_before_discounts_incl_tax=total,
                line_price_before_discounts_excl_tax=total,
                unit_price_incl_tax=yuan_of(row["goods_fen"] // row["units"]),
                unit_price_excl_tax=yuan_of(row["goods_fen"] // row["units"]),
                # It holds no stock: what was sold then has nothing to do with today's shelf.
                num_allocated=0,
            )
        )
        is_retail = row["channel"] == Sale.Channel.RETAIL
        city = cities[row["city"]]
        sales.append(
            Sale(
                order=order,
                channel=row["channel"],
                buyer_kind=Sale.BuyerKind.INDIVIDUAL if is_retail else Sale.BuyerKind.INSTITUTION,
                organisation="" if is_retail else organisations.get(row["city"], f"{city}某单位"),
                city_code=row["city"],
                goods_fen=row["goods_fen"],
                paid_fen=row["goods_fen"],
                paid_on=dt.date.fromisoformat(row["day"]),
            )
        )
    Line.objects.bulk_create(lines, batch_size=500)
    Sale.objects.bulk_create(sales, batch_size=500)
    sold = []
    for sale, line, row in zip(sales, lines, rows, strict=True):
        one = shop_orders.sale_line(sale, line, packs[row["sku"], row["cooperative"]])
        one.net_g, one.gross_g = row["net_g"], row["gross_g"]
        sold.append(one)
    SaleLine.objects.bulk_create(sold, batch_size=500)
    Payment.objects.bulk_create(
        [
            Payment(
                event_id=f"paid-{order.number}",
                order=order,
                gateway="transfer" if row["channel"] != Sale.Channel.RETAIL else "demo",
                kind=Payment.Kind.PAID,
                amount_fen=row["goods_fen"],
                applied=True,
                at=_moment(row, 10),
            )
            for order, row in zip(placed, rows, strict=True)
        ],
        batch_size=1000,
    )
    Consignment.objects.bulk_create(
        [
            consignment
            for order, one, row in zip(placed, sold, rows, strict=True)
            for consignment in shop_orders.consignments_of(
                order, [one], city_code=row["city"], state=Consignment.State.TO_SHIP
            )
        ],
        batch_size=500,
    )
    _insert_vehicles(rows)


def _insert_vehicles(rows: list[dict]) -> None:
    aboard: dict[str, list[dict]] = {}
    for row in rows:
        if row["vehicle"]:
            aboard.setdefault(row["vehicle"], []).append(row)
    Vehicle.objects.bulk_create(
        [
            Vehicle(
                vehicle_no=name,
                carrier_id="HY" if name.startswith("bulk/") else "ZTC",
                city_code=riders[0]["city"],
                departs_on=dt.date.fromisoformat(riders[0]["day"]),
                max_load_g=RATED_LOAD_G,
                is_refrigerated=riders[0]["temperature_log"],
                has_temperature_log=riders[0]["temperature_log"],
                weigh_note=f"GB{n:05d}",
                net_g=sum(row["net_g"] for row in riders),
            )
            for n, (name, riders) in enumerate(aboard.items(), start=1)
        ],
        batch_size=500,
    )


def _moment(row: dict, hour: int) -> dt.datetime:
    return days.at(dt.date.fromisoformat(row["day"]), hour)


def _by_month(rows: list[dict]) -> Iterator[tuple[str, list[dict]]]:
    ordered = sorted(rows, key=lambda row: (row["day"], row["order"]))
    for month, group in groupby(ordered, key=lambda row: row["day"][:7]):
        yield month, list(group)


def happen(rows: list[dict], progress: Progress) -> None:
    """Dispatch, assess, receive and refund, month by month, what of `rows` has not happened yet."""
    vehicles = {vehicle.vehicle_no: vehicle for vehicle in Vehicle.objects.all()}
    done = 0
    for month, group in _by_month(rows):
        by_number = {f"H{row['order']:06d}": row for row in group}
        _dispatch(by_number, vehicles)
        logistics.actions.assess_due()
        _receive(by_number)
        _refund(by_number)
        analyse()
        done += len(group)
        progress(month, done, len(rows))


def _dispatch(by_number: dict[str, dict], vehicles: dict[str, Vehicle]) -> None:
    waiting = Consignment.objects.filter(order__number__in=by_number, state=Consignment.State.TO_SHIP)
    dispatching = []
    for consignment in waiting.select_related("order", "cooperative").order_by("pk"):
        row = by_number[consignment.order.number]
        vehicle = vehicles[row["vehicle"]] if row["vehicle"] else None
        carrier = vehicle.carrier_id if vehicle else "SF"
        dispatching.append(
            shop_orders.Dispatching(
                consignment=consignment,
                carrier_code=carrier,
                waybill=f"{carrier}{row['day'].replace('-', '')}{row['order']:06d}",
                gross_g=row["gross_g"],
                freight_fen=row["freight_fen"],
                buyer_paid_freight_fen=row["buyer_paid_freight_fen"],
                other_subsidy_fen=row["other_subsidy_fen"],
                vehicle=vehicle,
                at=_moment(row, 12),
            )
        )
    if dispatching:
        shop_orders.dispatch(dispatching=dispatching)


def _receive(by_number: dict[str, dict]) -> None:
    on_the_way = (
        Shipment.objects.filter(consignment__order__number__in=by_number, state=Shipment.State.DISPATCHED)
        .select_related("consignment__order")
        .order_by("dispatched_on", "pk")
    )

    def day_and_channel(shipment: Shipment) -> tuple[str, str]:
        row = by_number[shipment.consignment.order.number]
        return row["day"], row["channel"]

    for (day, channel), shipments in groupby(sorted(on_the_way, key=day_and_channel), key=day_and_channel):
        shop_orders.receive(
            shipments=list(shipments), on=dt.date.fromisoformat(day), how=RECEIPT[Sale.Channel(channel)]
        )


def _refund(by_number: dict[str, dict]) -> None:
    back = [number for number, row in by_number.items() if row["refund_fen"]]
    lines = SaleLine.objects.filter(sale__order__number__in=back).select_related("sale__order").order_by("pk")
    shop_orders.refund(
        refunds=[
            shop_orders.Refunding(
                key=f"{line.sale.order.number}-1",
                sale_id=line.sale_id,
                lines=[
                    shop_orders.GiveBack(
                        line.pk,
                        g=by_number[line.sale.order.number]["refund_g"],
                        fen=by_number[line.sale.order.number]["refund_fen"],
                    )
                ],
                reason="坏果包赔",
                on=dt.date.fromisoformat(by_number[line.sale.order.number]["day"]),
            )
            for line in lines
        ]
    )
