"""Sheets that only the shop can write: prices and stock, declarations (pre-sales follow them), waybills."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from oscar.core.loading import get_model

import suppliers.actions
from logistics.actions.transport import LOADED_WITHIN_DAYS, Leaving, check_leaving, waybill_of
from logistics.models import Carrier, Consignment, Shipment, Vehicle
from suppliers.base import days
from suppliers.base.money import fen_of
from suppliers.models import Cooperative, Pack, Produce, SheetRow, SupplyDeclaration
from suppliers.sheets import engine, kinds
from suppliers.sheets.kinds import (
    CHANGED,
    DAY,
    MONEY,
    NEW,
    PRICE,
    SAME,
    WEIGHT,
    WHOLE,
    Column,
    Kind,
    Made,
    Verdict,
    Wrong,
    by_column,
)
from suppliers.sheets.ledger import Members, ProduceNames

from . import orders
from .listing import actions as listing
from .listing import band
from .listing.models import StockChange
from .models import SaleLine
from .preorders import actions as preorders
from .preorders.models import Presale

StockRecord = get_model("partner", "StockRecord")

EXAMPLE = "示例(导入时跳过)"
MOST_IN_STOCK = 1_000_000
KEPT_OF_A_DECLARATION = ("village", "mu_hundredths", "trees", "unusual_why", "confidence")
WAYBILLS_BACK = dt.timedelta(days=30)


def register() -> None:
    for kind in (Products(), Declarations(), Waybills()):
        kinds.register(kind)


# ── Prices and stock ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class ProductBooks:
    """The packs of a cooperative with their stock records by code, and what the county expects their produce to cost."""

    packs: Mapping[str, tuple[Pack, Any]]
    references: dict[int, tuple[int, int] | None] = field(default_factory=dict)

    def reference(self, pack: Pack) -> tuple[int, int] | None:
        if pack.produce_id not in self.references:
            self.references[pack.produce_id] = band.reference_band(pack.produce, days.today())
        return self.references[pack.produce_id]


class Products(Kind):
    """Packs that are on the shelf: what they cost and how many are there. New packs are made on their own page."""

    code = "products"
    title = gettext_lazy("Products")
    intro = gettext_lazy("Prices and stock of what you sell.")
    place = 3
    columns = (
        Column(
            "sku",
            gettext_lazy("Product code"),
            synonyms=("商品编码", "编码", "货号", "SKU", "商品编号", "编号"),
            is_required=True,
            example=EXAMPLE,
            help=gettext_lazy("As in the export. It says which product this is, so leave it as it is."),
            most=40,
            width=20,
        ),
        Column("title", gettext_lazy("Product"), example="巫溪核桃(干) 5斤装", is_info=True, width=28),
        Column(
            "price",
            gettext_lazy("Selling price (yuan)"),
            MONEY,
            synonyms=("售价", "价格", "单价", "零售价", "销售价"),
            is_required=True,
            example=88,
            width=12,
        ),
        Column(
            "stock",
            gettext_lazy("In store"),
            WHOLE,
            synonyms=("库存", "数量", "现有库存", "库存数量", "件数", "在库"),
            is_required=True,
            example=100,
            help=gettext_lazy("How many are in your store, those that are sold and not sent yet among them."),
            width=12,
        ),
        Column(
            "stock_was",
            gettext_lazy("In store at export (leave it)"),
            WHOLE,
            synonyms=("导出时库存", "原库存"),
            example=100,
            help=gettext_lazy("From the export: so that what was sold meanwhile is not put back on the shelf."),
            width=18,
        ),
        Column(
            "price_reason",
            gettext_lazy("Why this price"),
            synonyms=("定价理由", "价格理由", "价格说明"),
            help=gettext_lazy("Needed where the price is not as the county expects it."),
            most=120,
            width=20,
        ),
    )

    def choices(self, cooperative: Cooperative) -> dict[str, Sequence[str]]:
        return {"sku": [pack.sku for pack in _packs(cooperative)]}

    def books(self, cooperative: Cooperative) -> ProductBooks:
        packs = _packs(cooperative)
        records = {
            record.product_id: record
            for record in StockRecord.objects.filter(partner=cooperative.partner_id, product__in=[p.pk for p in packs])
        }
        return ProductBooks({pack.sku.upper(): (pack, records[pack.pk]) for pack in packs if pack.pk in records})

    def judge(self, values: dict[str, Any], books: ProductBooks) -> Verdict:
        found = books.packs.get(values["sku"].upper())
        if found is None:
            raise Wrong({"sku": _("You sell nothing under this code. Take the codes from the export.")})
        pack, record = found
        errors = {}
        reason = values.get("price_reason") or ""
        if values["price"] != fen_of(record.price):
            try:
                listing.check_price(
                    price_fen=values["price"], net_g=pack.net_g, reason=reason, reference=books.reference(pack)
                )
            except ValidationError as error:
                errors |= by_column(_at_columns(error), self, otherwise="price").errors
        if not 0 <= values["stock"] <= MOST_IN_STOCK:
            errors["stock"] = _("Write a number from 0 to 1,000,000.")
        was, wanted = values.get("stock_was"), values["stock"]
        if was is not None and wanted == was:
            wanted = record.num_in_stock  # she has not touched it: what was sold meanwhile stays sold
        elif was is not None and record.num_in_stock not in (was, wanted):
            errors["stock"] = _(
                "Since the export the stock has changed from %(was)s to %(now)s. Take a new export and write it there."
            ) % {"was": was, "now": record.num_in_stock}
        held = record.num_allocated or 0
        if "stock" not in errors and wanted < held:
            errors["stock"] = _("%(held)s of these are sold and not sent yet, so at least as many are in store.") % {
                "held": held
            }
        if errors:
            raise Wrong(errors)
        now: dict[str, Any] = {"price": fen_of(record.price), "stock": record.num_in_stock}
        new: dict[str, Any] = {"price": values["price"], "stock": wanted}
        changes = [
            (self.column(name).bare, self.column(name).said(now[name]), self.column(name).said(new[name]))
            for name in now
            if now[name] != new[name]
        ]
        return Verdict(
            CHANGED if changes else SAME,
            key=pack.sku,
            title=f"{pack.sku} {pack.produce.name} {pack.spec}",
            act=(pack.pk, now, new | {"reason": reason}),
            changes=changes,
        )

    def apply(self, verdicts: Sequence[Verdict], *, cooperative: Cooperative, by) -> list[Made]:
        rows = {verdict.act[0]: verdict for verdict in verdicts}
        set_prices_and_stock(changes={pk: verdict.act[1:] for pk, verdict in rows.items()}, by=by)
        return [
            Made(verdict.row, "stock", pk, before=json.dumps([verdict.act[1], verdict.act[2]]))
            for pk, verdict in rows.items()
        ]

    def undo(self, made: Sequence[SheetRow], *, cooperative: Cooperative, by=None) -> None:
        changes = {}
        for row in made:
            before, after = json.loads(row.before)
            changes[row.object_id] = (after, before | {"reason": _("An import was taken back.")})
        set_prices_and_stock(changes=changes, by=by)

    def export(self, cooperative: Cooperative) -> Iterable[dict[str, Any]]:
        for pack, record in self.books(cooperative).packs.values():
            yield {
                "sku": pack.sku,
                "title": f"{pack.produce.name} {pack.spec}",
                "price": fen_of(record.price),
                "stock": record.num_in_stock,
                "stock_was": record.num_in_stock,
            }


def _packs(cooperative: Cooperative) -> list[Pack]:
    """The packs of a cooperative in order; the stock of a pre-sale is its quota, and not the cooperative's to write."""
    own = Pack.objects.filter(produce__cooperative=cooperative, presale=None)
    return list(own.select_related("produce").order_by("produce__code", "is_per_kg", "net_g", "pk"))


@transaction.atomic
def set_prices_and_stock(*, changes: Mapping[int, tuple[Mapping[str, Any], Mapping[str, Any]]], by=None) -> None:
    """Change `price` (fen) and `stock` (in store) of packs, by id, from what they were to what they are to be, and why.

    Each leaves its row, as on the product's page. Raises ValidationError where one is not what it was: nothing is changed then.
    """
    packs = Pack.objects.select_related("produce").in_bulk(list(changes))
    for record in StockRecord.objects.select_for_update().filter(product__in=packs).order_by("pk"):
        pack, (was, wanted) = packs[record.product_id], changes[record.product_id]
        if fen_of(record.price) != was["price"] or record.num_in_stock != was["stock"]:
            raise ValidationError(
                _("Price or stock of %(sku)s have changed meanwhile. Take a new export.") % {"sku": record.partner_sku}
            )
        listing.change_price(pack=pack, price_fen=wanted["price"], reason=wanted["reason"], by=by)
        if delta := wanted["stock"] - was["stock"]:
            kind = StockChange.Kind.FOUND if delta > 0 else StockChange.Kind.MISSING
            listing.change_stock(pack=pack, kind=kind, packs=abs(delta), by=by)


def _at_columns(error: ValidationError) -> ValidationError:
    """What the listing says of a price, at the columns of the sheet."""
    names = {"price_fen": "price"}
    return ValidationError({names.get(name, name): said for name, said in error.message_dict.items()})


# ── Supply declarations ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class DeclarationBooks:
    members: Members
    produce: ProduceNames
    present: Mapping[tuple, SupplyDeclaration]


class Declarations(Kind):
    """Who will have what, when. The same produce, household, variety, grade and first day are the same harvest.

    What speaks for so many households of a village is declared on its own pages.
    """

    code = "declarations"
    title = gettext_lazy("Supply declarations")
    intro = gettext_lazy("What will be picked, how much and when.")
    place = 4
    columns = (
        Column(
            "produce",
            gettext_lazy("Kind of produce"),
            synonyms=("品种", "产品", "品名", "农产品", "商品", "作物", "名称"),
            is_required=True,
            example=EXAMPLE,
            help=gettext_lazy("Choose it from the list."),
            width=20,
        ),
        Column(
            "household",
            gettext_lazy("Household"),
            synonyms=("户编号", "户主", "姓名", "农户", "社员"),
            is_secret=True,
            help=gettext_lazy("Empty: for the whole cooperative."),
            width=22,
        ),
        Column(
            "g",
            gettext_lazy("Weight (jin)"),
            WEIGHT,
            synonyms=("重量", "数量", "预计产量", "产量", "斤", "公斤", "预计数量", "可供数量"),
            is_required=True,
            example=20000,
            unit="jin",
            help=gettext_lazy("A number. Other units stand behind it: 60公斤, 0.5吨."),
        ),
        Column(
            "starts_on",
            gettext_lazy("First day of picking"),
            DAY,
            synonyms=("开始日期", "采收开始", "开始采摘", "上市日期", "起始日期", "首采日期"),
            is_required=True,
            example="2026-09-01",
        ),
        Column(
            "ends_on",
            gettext_lazy("Last day of picking"),
            DAY,
            synonyms=("结束日期", "采收结束", "结束采摘", "截止日期", "末采日期"),
            is_required=True,
            example="2026-10-10",
        ),
        Column(
            "fen_per_kg",
            gettext_lazy("Price (yuan per jin)"),
            PRICE,
            synonyms=("单价", "价格", "期望价格", "意向价"),
            unit="jin",
            help=gettext_lazy("May be empty."),
        ),
        Column("grade", gettext_lazy("Grade"), synonyms=("等级", "级别", "规格"), most=20, width=10),
        Column("variety", gettext_lazy("Name of the variety"), synonyms=("细分品种",), most=30, width=14),
    )

    def choices(self, cooperative: Cooperative) -> dict[str, Sequence[str]]:
        return {"household": Members(cooperative).labels(), "produce": ProduceNames(cooperative).labels()}

    def books(self, cooperative: Cooperative) -> DeclarationBooks:
        present = {}
        for one in SupplyDeclaration.objects.of(cooperative).standing().filter(households=None).order_by("pk"):
            present[one.produce_id, one.household_id, one.variety, one.grade, one.starts_on] = one
        return DeclarationBooks(Members(cooperative), ProduceNames(cooperative), present)

    def judge(self, values: dict[str, Any], books: DeclarationBooks) -> Verdict:
        errors: dict[str, str] = {}
        household = produce = None
        try:
            produce = books.produce.find(values["produce"])
        except ValueError as error:
            errors["produce"] = str(error)
        try:
            household = books.members.find(values["household"]) if values.get("household") else None
        except ValueError as error:
            errors["household"] = str(error)
        if errors:
            raise Wrong(errors)
        grade, variety = values.get("grade") or "", values.get("variety") or ""
        says = {name: values.get(name) for name in ("g", "ends_on", "fen_per_kg")}
        whose = household.pk if household else None
        older = books.present.get((produce.pk, whose, variety, grade, values["starts_on"]))
        had = {name: getattr(older, name) if older else None for name in says}
        changes = [
            (self.column(name).bare, self.column(name).said(had[name]), self.column(name).said(value))
            for name, value in says.items()
            if value != had[name]
        ]
        number = household.household_no if household else ""
        key = "\x1f".join((produce.code, number, variety, grade, values["starts_on"].isoformat()))
        title = " ".join(filter(None, [produce.name, number, variety, grade]))
        title = f"{title} {values['starts_on'].isoformat()}"
        if older and not changes:
            return Verdict(SAME, key=key, title=title)
        # What a sheet does not ask for stays as it was said before.
        kept = {name: getattr(older, name) for name in KEPT_OF_A_DECLARATION} if older else {}
        act = suppliers.actions.Declaring(
            produce=produce,
            household=household,
            variety=variety,
            grade=grade,
            starts_on=values["starts_on"],
            replaces=older,
            **says,
            **kept,
        )
        try:
            suppliers.actions.check_declaration(act)
        except ValidationError as error:
            raise by_column(error, self, otherwise="g") from error
        return Verdict(CHANGED if older else NEW, key=key, title=title, act=act, changes=changes)

    def apply(self, verdicts: Sequence[Verdict], *, cooperative: Cooperative, by) -> list[Made]:
        declared = [verdict.act for verdict in verdicts]
        made = suppliers.actions.declare_supplies(declarations=declared, by=by)
        _follow({one.produce for one in declared})
        return [Made(verdict.row, "declaration", one.pk) for verdict, one in zip(verdicts, made, strict=True)]

    def undo(self, made: Sequence[SheetRow], *, cooperative: Cooperative, by=None) -> None:
        ids = [row.object_id for row in made]
        produce = set(Produce.objects.filter(declarations__in=ids))
        if Presale.objects.unsettled().filter(of__produce__in=produce).exists():
            # Buyers have ordered from what was declared.
            raise ValidationError(engine.built_on())
        suppliers.actions.remove_declarations(declaration_ids=ids, cooperative=cooperative)

    def export(self, cooperative: Cooperative) -> Iterable[dict[str, Any]]:
        members = {member.pk: label for member, label in _labelled(Members(cooperative))}
        rows = (
            SupplyDeclaration.objects.of(cooperative)
            .standing()
            .filter(households=None, ends_on__gte=days.today())
            .select_related("produce")
        )
        for one in rows:
            yield {
                "produce": one.produce.name,
                "household": members.get(one.household_id, ""),
                "g": one.g,
                "starts_on": one.starts_on,
                "ends_on": one.ends_on,
                "fen_per_kg": one.fen_per_kg,
                "grade": one.grade,
                "variety": one.variety,
            }


def _labelled(members: Members) -> Iterable[tuple]:
    in_order = sorted(members.by_number.values(), key=lambda member: member.household_no)
    return zip(in_order, members.labels(), strict=True)


def _follow(produce: Iterable[Produce]) -> None:
    for one in sorted(produce, key=lambda one: one.pk):
        preorders.follow_declarations(produce=one)


# ── Waybills ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class WaybillBooks:
    """The consignments of a cooperative with what of each is left to ship, and the waybills that are taken."""

    consignments: Mapping[str, Consignment]
    shipments: Mapping[int, list[Shipment]]
    net_g: Mapping[int, int]
    gross_g: Mapping[int, int]
    sold_ahead: frozenset[int]
    carriers: Mapping[str, Carrier]
    vehicles: Mapping[str, Vehicle]
    taken: set[tuple[str, str]] = field(default_factory=set)


class Waybills(Kind):
    """Consignments that left: who carries each under which waybill. What left has left: it cannot be taken back.

    A consignment leaves whole, or all that an earlier shipment has left of it; parts are shipped on the page.
    """

    code = "waybills"
    title = gettext_lazy("Waybills")
    intro = gettext_lazy("Consignments to ship: fill in carrier and waybill, and they are shipped.")
    place = 5
    can_be_undone = False
    columns = (
        Column(
            "consignment_no",
            gettext_lazy("Consignment number"),
            synonyms=("托运单号", "托运单", "订单号", "发货单号"),
            is_required=True,
            example=EXAMPLE,
            help=gettext_lazy("As in the export: it says what is to be shipped."),
            width=26,
        ),
        Column("contents", gettext_lazy("Contents"), example="核桃 5斤装 × 2", is_info=True, width=34),
        Column("city", gettext_lazy("To"), example="泰安市", is_info=True, width=12),
        Column(
            "carrier",
            gettext_lazy("Carrier"),
            synonyms=("承运", "承运人", "快递", "快递公司", "物流公司", "承运商", "物流", "车次"),
            example="SF 顺丰速运",
            help=gettext_lazy("Choose it from the list: a courier, or the trip of a vehicle."),
            width=22,
        ),
        Column(
            "waybill",
            gettext_lazy("Waybill number"),
            synonyms=("运单号", "快递单号", "运单", "单号", "物流单号", "面单号"),
            example="SF1234567890",
            help=gettext_lazy("Leave the row without it until the parcel has left."),
            width=22,
        ),
        Column(
            "gross_g",
            gettext_lazy("Gross weight (kg)"),
            WEIGHT,
            synonyms=("毛重", "重量", "包裹重量"),
            example=Decimal("5.4"),
            unit="kg",
            help=gettext_lazy("Empty: the weight of the packs."),
        ),
        Column(
            "freight_fen",
            gettext_lazy("Freight you pay (yuan)"),
            MONEY,
            synonyms=("运费", "快递费", "邮费", "物流费"),
            example=12,
            width=12,
        ),
        Column(
            "other_subsidy_fen",
            gettext_lazy("Other subsidies for this freight (yuan)"),
            MONEY,
            synonyms=("其他补贴", "其它补贴"),
            help=gettext_lazy("May be empty."),
            width=12,
        ),
        Column(
            "at",
            gettext_lazy("Day of dispatch"),
            DAY,
            synonyms=("揽收日期", "发货日期", "发运日期", "寄出日期", "日期"),
            example="2019-11-05",
            help=gettext_lazy("Empty: today."),
        ),
    )

    def choices(self, cooperative: Cooperative) -> dict[str, Sequence[str]]:
        couriers = [f"{one.code} {one.name}" for one in Carrier.objects.filter(is_courier=True)]
        trips = _loading()
        return {"carrier": [*couriers, *(trip.vehicle_no for trip in trips)]}

    def books(self, cooperative: Cooperative) -> WaybillBooks:
        own = Consignment.objects.filter(cooperative=cooperative).select_related("order", "cooperative")
        consignments = {one.consignment_no.upper(): one for one in own}
        shipments: dict[int, list[Shipment]] = defaultdict(list)
        for shipment in Shipment.objects.filter(cooperative=cooperative):
            shipments[shipment.consignment_id].append(shipment)
        net_g: dict[int, int] = defaultdict(int)
        gross_g: dict[int, int] = defaultdict(int)
        packs: dict[int, set[int]] = defaultdict(set)
        for line in SaleLine.objects.filter(cooperative=cooperative, dispatched_at=None):
            if line.kept_g:
                net_g[line.sale_id] += line.kept_g
                gross_g[line.sale_id] += line.gross_g
                packs[line.sale_id].add(line.pack_id)
        ahead = set(Presale.objects.unsettled().values_list("pack", flat=True))
        return WaybillBooks(
            consignments=consignments,
            shipments=shipments,
            net_g=net_g,
            gross_g=gross_g,
            sold_ahead=frozenset(sale for sale, of in packs.items() if of & ahead),
            carriers=_by_words(Carrier.objects.filter(is_courier=True)),
            vehicles={trip.vehicle_no.upper(): trip for trip in _loading()},
            # Another cooperative's waybills are met when it is written.
            taken={(one.carrier_id, one.waybill) for sent in shipments.values() for one in sent},
        )

    def judge(self, values: dict[str, Any], books: WaybillBooks) -> Verdict | None:
        if not values.get("waybill"):
            return None
        number = values["consignment_no"].upper()
        part = books.consignments.get(number)
        if part is None:
            raise Wrong(
                {"consignment_no": _("You have no consignment of this number. Take the numbers from the export.")}
            )
        carrier_code, vehicle = self._carried_by(values.get("carrier") or "", books)
        try:
            waybill = waybill_of(values["waybill"])
        except ValidationError as error:
            raise Wrong({"waybill": error.message}) from error
        if (carrier_code, waybill) in {(one.carrier_id, one.waybill) for one in books.shipments.get(part.pk, ())}:
            return Verdict(SAME, key=f"{part.consignment_no} {waybill}", title=part.consignment_no)
        if part.state in (Consignment.State.DISPATCHED, Consignment.State.RECEIVED):
            raise Wrong({"waybill": _("This consignment was shipped already, under another waybill.")})
        if part.state != Consignment.State.TO_SHIP or not books.net_g.get(part.order_id):
            raise Wrong({"consignment_no": _("This consignment is not to be shipped.")})
        if part.order_id in books.sold_ahead:
            raise Wrong(
                {
                    "consignment_no": _(
                        "This was sold ahead. Enter how much came in under Pre-sales first, then ship it."
                    )
                }
            )
        on = values.get("at") or days.today()
        placed_on = days.day_of(part.order.date_placed)
        act = orders.Dispatching(
            consignment=part,
            carrier_code=carrier_code,
            waybill=waybill,
            gross_g=values.get("gross_g") or books.gross_g[part.order_id],
            freight_fen=values.get("freight_fen") or 0,
            other_subsidy_fen=values.get("other_subsidy_fen") or 0,
            vehicle=vehicle,
            at=days.now() if on == days.today() else days.at(on),
        )
        errors = self._errors(act, books)
        if on < placed_on:
            errors["at"] = _("The order was placed on %(day)s. It cannot have left before.") % {
                "day": placed_on.isoformat()
            }
        if (carrier_code, waybill) in books.taken:
            errors["waybill"] = _(
                "This waybill was used before. Each parcel has a waybill of its own; check the label."
            )
        if errors:
            raise by_column(ValidationError(errors), self, otherwise="consignment_no")
        books.taken.add((carrier_code, waybill))
        return Verdict(
            NEW,
            key=part.consignment_no,
            title=part.consignment_no,
            act=act,
            changes=[
                (self.column("waybill").bare, "—", f"{carrier_code} {waybill}"),
                (self.column("gross_g").bare, "—", self.column("gross_g").said(act.gross_g)),
                (self.column("freight_fen").bare, "—", self.column("freight_fen").said(act.freight_fen)),
                (self.column("at").bare, "—", on.isoformat()),
            ],
        )

    def _carried_by(self, written: str, books: WaybillBooks) -> tuple[str, Vehicle | None]:
        if trip := books.vehicles.get(written.upper()):
            return trip.carrier_id, trip
        words = written.split(maxsplit=1)
        for word in (written, words[0] if words else ""):
            if carrier := books.carriers.get(word.upper()):
                return carrier.pk, None
        raise Wrong({"carrier": _("Choose a carrier from the list.")})

    def _errors(self, act: orders.Dispatching, books: WaybillBooks) -> dict[str, str]:
        leaving = Leaving(
            consignment=act.consignment,
            carrier_code=act.carrier_code,
            waybill=act.waybill,
            gross_g=act.gross_g,
            freight_fen=act.freight_fen,
            other_subsidy_fen=act.other_subsidy_fen,
            vehicle=act.vehicle,
            at=act.at,
            lines=[(0, 0, books.net_g[act.consignment.order_id])],
        )
        names = {"billed_g": "gross_g", "vehicle": "carrier"}
        return {names.get(name, name): said for name, said in check_leaving(leaving).items()}

    def apply(self, verdicts: Sequence[Verdict], *, cooperative: Cooperative, by) -> list[Made]:
        sent = orders.dispatch(dispatching=[verdict.act for verdict in verdicts])
        return [Made(verdict.row, "shipment", one.pk) for verdict, one in zip(verdicts, sent, strict=True)]

    def export(self, cooperative: Cooperative) -> Iterable[dict[str, Any]]:
        own = Consignment.objects.filter(cooperative=cooperative).with_city()
        to_ship = list(own.filter(state=Consignment.State.TO_SHIP).order_by("order__date_placed", "pk"))
        since = days.today() - WAYBILLS_BACK
        left = own.filter(state__in=(Consignment.State.DISPATCHED, Consignment.State.RECEIVED))
        sent = list(left.filter(shipments__dispatched_on__gte=since).distinct().order_by("-pk"))
        shipments = {
            one.consignment_id: one
            for one in Shipment.objects.filter(consignment__in=[part.pk for part in sent]).select_related(
                "carrier", "vehicle"
            )
        }
        contents: dict[int, list[str]] = defaultdict(list)
        lines = SaleLine.objects.filter(cooperative=cooperative, sale__in={p.order_id for p in (*to_ship, *sent)})
        waits = {part.order_id for part in to_ship}
        for line in lines.select_related("produce", "pack").order_by("pk"):
            if line.sale_id in waits and line.dispatched_at is not None:
                continue  # a part that left before
            spec = line.pack.spec if line.pack else line.sku
            contents[line.sale_id].append(f"{line.produce.name} {spec} × {line.quantity}")
        for part in (*to_ship, *sent):
            shipment = shipments.get(part.pk)
            row = {
                "consignment_no": part.consignment_no,
                "contents": "; ".join(contents[part.order_id]),
                "city": part.city,
            }
            if shipment:
                carrier = f"{shipment.carrier_id} {shipment.carrier.name}"
                row |= {
                    "carrier": shipment.vehicle.vehicle_no if shipment.vehicle else carrier,
                    "waybill": shipment.waybill,
                    "gross_g": shipment.gross_g,
                    "freight_fen": shipment.freight_fen,
                    "other_subsidy_fen": shipment.other_subsidy_fen,
                    "at": shipment.dispatched_on,
                }
            yield row


def _loading() -> list[Vehicle]:
    return list(Vehicle.objects.loading(days.today(), within_days=LOADED_WITHIN_DAYS).order_by("-departs_on", "pk"))


def _by_words(carriers: Iterable[Carrier]) -> dict[str, Carrier]:
    """Couriers by code and by name, long and short (顺丰速运, 顺丰)."""
    found: dict[str, Carrier] = {}
    for carrier in carriers:
        short = carrier.name
        for tail in ("速运", "快递", "速递", "物流", "快运"):
            short = short.removesuffix(tail)
        for word in (carrier.code, carrier.name, short):
            found.setdefault(word.upper(), carrier)
    return found
