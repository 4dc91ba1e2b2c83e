"""Small things that tests are made of. Each returns a saved row; what a test does not care about has a plain default."""

import datetime as dt
from itertools import count

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from oscar.core.loading import get_class, get_model
from stdnum.cn import uscc

import logistics.actions
from logistics.models import (
    ApprovedDistance,
    Carrier,
    Consignment,
    Counter,
    Departure,
    Envelope,
    ProgrammeVersion,
    Stop,
    SubsidyProgramme,
    Vehicle,
)
from shop import orders
from shop.demo.reference import policy
from shop.models import Sale
from shop.shipping.methods import ByWeight
from shop.sourcing.models import Inquiry, Wanted
from shop.together import actions as together
from shop.together.models import GroupOrder
from suppliers import joining
from suppliers.base import access, days
from suppliers.base.money import yuan_of
from suppliers.base.sheets import read_pasted
from suppliers.models import (
    Application,
    Cooperative,
    CooperativeStaff,
    Household,
    HouseholdStatus,
    Market,
    Membership,
    Pack,
    Produce,
    PurchaseLot,
    SheetImport,
    Township,
    TownshipStaff,
    Village,
)
from suppliers.sheets import engine, kinds

Basket = get_model("basket", "Basket")
Benefit = get_model("offer", "Benefit")
Condition = get_model("offer", "Condition")
ConditionalOffer = get_model("offer", "ConditionalOffer")
Range = get_model("offer", "Range")
Voucher = get_model("voucher", "Voucher")
Category = get_model("catalogue", "Category")
Country = get_model("address", "Country")
Partner = get_model("partner", "Partner")
Product = get_model("catalogue", "Product")
ProductClass = get_model("catalogue", "ProductClass")
ShippingAddress = get_model("order", "ShippingAddress")
StockRecord = get_model("partner", "StockRecord")

serial = count(1)
TAIAN, TAISHAN_DISTRICT = "370900", "370902"
LONG_AGO = dt.date(2014, 1, 1)


def make_village(code: str = "500238108223", *, is_deep_poverty: bool = False) -> Village:
    township, _ = Township.objects.get_or_create(
        code=code[:9], defaults={"name": f"镇{code[6:9]}", "is_deep_poverty": is_deep_poverty}
    )
    return Village.objects.get_or_create(code=code, defaults={"township": township, "name": f"村{code[9:]}"})[0]


def make_cooperative(code: str = "", *, village: Village | None = None) -> Cooperative:
    n = next(serial)
    code = code or f"C{n}"
    return Cooperative.objects.create(
        code=code,
        name=f"示例·合作社{code}",
        uscc=f"93500238MA{n:08d}",
        village=village or make_village(),
        partner=Partner.objects.create(name=f"示例·合作社{code}", code=code),
    )


def make_produce(cooperative: Cooperative | None = None, *, code: str = "HT01", **fields) -> Produce:
    return Produce.objects.create(
        cooperative=cooperative or make_cooperative(),
        code=code,
        **{
            "name": "巫溪核桃(干)",
            "variety": "香玲",
            "category": "nut",
            "harvest_from": "09-01",
            "harvest_to": "10-10",
            "shelf_life_days": 300,
        }
        | fields,
    )


def make_pack(
    produce: Produce | None = None,
    *,
    spec: str = "5斤装",
    net_g: int = 2_500,
    gross_g: int = 2_650,
    price_fen: int = 8_800,
    in_stock: int = 100,
    is_per_kg: bool = False,
) -> Pack:
    """A pack on sale, with its product and stock."""
    produce = produce or make_produce()
    n = next(serial)
    sku = f"{produce.code}-{n}"
    product_class, _ = ProductClass.objects.get_or_create(
        name="农产品", defaults={"requires_shipping": True, "track_stock": True}
    )
    product = Product.objects.create(
        upc=f"{sku}-{produce.cooperative.code}", title=f"{produce.name} {spec}", product_class=product_class
    )
    category = Category.objects.filter(slug=produce.category).first() or Category.add_root(
        name=produce.category, slug=produce.category
    )
    product.categories.add(category)
    StockRecord.objects.create(
        product=product,
        partner=produce.cooperative.partner,
        partner_sku=sku,
        price=yuan_of(price_fen),
        num_in_stock=in_stock,
        num_allocated=0,
    )
    return Pack.objects.create(
        product=product, produce=produce, sku=sku, spec=spec, net_g=net_g, gross_g=gross_g, is_per_kg=is_per_kg
    )


def make_household(
    cooperative: Cooperative | None = None,
    *,
    category: str = "建档立卡贫困户",
    since: dt.date = LONG_AGO,
    size: int = 4,
) -> Household:
    """A household with one status spell (none for category ""), a member of `cooperative` if one is given."""
    n = next(serial)
    household = Household.objects.create(household_no=f"WX{n:06d}", head="谭大成", village=make_village(), size=size)
    if category:
        HouseholdStatus.objects.create(household=household, category=category, starts_on=since)
    if cooperative:
        Membership.objects.create(household=household, cooperative=cooperative, starts_on=LONG_AGO)
    return household


def make_lot(
    produce: Produce,
    household: Household | None = None,
    *,
    g: int = 10_000,
    fen_per_kg: int = 1_850,
    bought_on: dt.date = dt.date(2019, 1, 1),
    verified: bool = True,
    entered_at: dt.datetime | None = None,
) -> PurchaseLot:
    entered_at = entered_at or days.at(bought_on, 17)
    return PurchaseLot.objects.create(
        lot_no=f"L{next(serial):06d}",
        produce=produce,
        household=household,
        g=g,
        fen_per_kg=fen_per_kg,
        bought_on=bought_on,
        entered_at=entered_at,
        verified_how=PurchaseLot.Verified.BANK if verified else "",
        verified_at=entered_at if verified else None,
    )


def make_sheet(
    produce: Produce, household: Household, *, headings: str = "收购日期\t农户\t品种\t重量(斤)\t单价(元/斤)"
) -> SheetImport:
    """A sheet of one slip that was sent in, and checked where its headings say which column is which."""
    text = f"{headings}\n2019-01-05\t{household.household_no}\t{produce.name}\t{next(serial)}\t9"
    sheet = engine.take_in(
        cooperative=produce.cooperative,
        kind=kinds.get("ledger"),
        tables=[read_pasted(text)],
        content=text.encode(),
        is_pasted=True,
    )
    engine.work(sheet_id=sheet.pk)
    sheet.refresh_from_db()
    return sheet


def make_carriers() -> None:
    Carrier.objects.get_or_create(code="SF", defaults={"name": "顺丰速运"})
    Carrier.objects.get_or_create(code="ZTC", defaults={"name": "巫溪直通车", "is_courier": False})
    ApprovedDistance.objects.get_or_create(city_code=TAIAN, defaults={"city": "泰安市", "km": 1250})


def make_programme(
    year: int = 2019, *, envelope_fen: int = 250_000_00, budget_fen: int = 600_000_00, **terms
) -> ProgrammeVersion:
    """A version of the default policy for a whole year, with an envelope for its first half."""
    programme, _ = SubsidyProgramme.objects.get_or_create(code="WX-SD-DEMO", defaults={"name": "物流补贴"})
    version = ProgrammeVersion.objects.create(
        programme=programme,
        number=programme.versions.count() + 1,
        starts_on=dt.date(year, 1, 1),
        ends_on=dt.date(year, 12, 31),
        terms=policy() | terms,
        budget_fen=budget_fen,
    )
    Envelope.objects.create(
        version=version, starts_on=dt.date(year, 1, 1), ends_on=dt.date(year, 6, 30), amount_fen=envelope_fen
    )
    return version


def make_departure(*, capacity_g: int = 5_000_000, in_days: int = 5, **fields) -> Departure:
    """A direct truck to Tai'an with one stop there; orders are taken until noon of the day before it leaves."""
    leaves_on = days.today() + dt.timedelta(days=in_days)
    departure = Departure.objects.create(
        **{
            "departure_no": f"ZTC-{next(serial)}",
            "city_code": TAIAN,
            "cut_off_at": days.at(leaves_on - dt.timedelta(days=1), 12),
            "leaves_at": days.at(leaves_on, 8),
            "capacity_g": capacity_g,
            "fen_per_kg": 60,
        }
        | fields
    )
    make_stop(departure)
    return departure


def make_stop(departure: Departure, name: str = "", *, area_code: str = TAISHAN_DISTRICT) -> Stop:
    arrives_on = days.day_of(departure.leaves_at) + dt.timedelta(days=2)
    return Stop.objects.create(
        departure=departure,
        name=name or f"示例·取货点{next(serial)}",
        address="擂鼓石大街 99 号广场",
        area_code=area_code,
        opens_at=days.at(arrives_on, 9),
        closes_at=days.at(arrives_on, 18),
    )


def make_group_order(*packs: Pack, departure: Departure | None = None, starter=None, **fields) -> GroupOrder:
    """An open group order of `packs` on a truck to Tai'an, from two joiners on, unless said otherwise."""
    departure = departure or make_departure()
    group = GroupOrder.objects.create(
        **{
            "starter": starter or make_user(),
            "host": "张阿姨",
            "title": "阳光小区拼核桃",
            "stop": make_stop(departure, f"示例·阳光小区南门{next(serial)}"),
            "least_joiners": 0 if fields.get("least_g") else 2,
            "closes_at": departure.cut_off_at,
            "started_at": days.now(),
        }
        | fields
    )
    group.packs.set(packs or [make_pack()])
    return group


def join(group: GroupOrder, quantity: int = 1, *, name: str = "王小明", paid: bool = True, pack: Pack | None = None):
    """A neighbour who has joined with so many of the first (or a given) pack, and paid."""
    participation = together.join(
        group=group,
        key=f"key-{next(serial)}",
        wanted={pack or group.packs.first(): quantity},
        joiner=together.Joiner(name, f"+8613805380{next(serial) % 1000:03d}"),
        is_fresh_confirmed=True,
    )
    if paid:
        pay(participation.sale.order)
    return participation


def make_counter(code: str = "", **fields) -> Counter:
    n = next(serial)
    return Counter.objects.create(
        **{
            "code": code or f"ZG{n}",
            "name": f"示例·专柜{n}",
            "address": "东岳大街 88 号一楼",
            "area_code": TAISHAN_DISTRICT,
            "hours": "9:00–21:00",
        }
        | fields
    )


def make_coupon(
    code: str = "TAO10", *, percent: int = 0, yuan: int = 0, products=None, uses: int | None = None, **fields
):
    """A coupon that takes so many percent or yuan off `products` (all), usable `uses` times (without end)."""
    n = next(serial)
    everything = Range.objects.create(name=f"range {n}", includes_all_products=products is None)
    for product in products or ():
        everything.add_product(product)
    offer = ConditionalOffer.objects.create(
        name=f"offer {n}",
        offer_type=ConditionalOffer.VOUCHER,
        condition=Condition.objects.create(range=everything, type=Condition.COUNT, value=1),
        benefit=Benefit.objects.create(
            range=everything, type=Benefit.PERCENTAGE if percent else Benefit.FIXED, value=percent or yuan
        ),
        max_basket_applications=1,
        max_global_applications=uses,
    )
    voucher = Voucher.objects.create(
        **{
            "name": f"示例·优惠券{n}",
            "code": code,
            "start_datetime": days.now() - dt.timedelta(days=1),
            "end_datetime": days.now() + dt.timedelta(days=1),
        }
        | fields
    )
    voucher.offers.add(offer)
    return voucher


def make_inquiry(**fields) -> Inquiry:
    return Inquiry.objects.create(
        **{
            "kind": "DT01",
            "g": 10_000_000,
            "city_code": TAIAN,
            "organisation": "示例·某医院工会",
            "contact": "周小兰",
            "mobile": "+8613805380210",
        }
        | fields
    )


def make_wanted(**fields) -> Wanted:
    """A buyer's post that waits to be read."""
    today = days.today()
    return Wanted.objects.create(
        **{
            "kind": "DT01",
            "g": 20_000_000,
            "starts_on": today,
            "ends_on": today + dt.timedelta(days=60),
            "until": today + dt.timedelta(days=30),
            "city_code": TAIAN,
            "organisation": "示例·某食堂",
            "contact": "孙师傅",
            "mobile": "+8613805380211",
        }
        | fields
    )


def make_market(code: str = "TA", name: str = "泰安农产品批发市场") -> Market:
    return Market.objects.create(code=code, name=name, city="泰安")


def make_user(name: str = "", *roles: str, cooperative: Cooperative | None = None, **fields):
    user = get_user_model().objects.create_user(email=f"{name or f'u{next(serial)}'}@test.example", **fields)
    for role in roles:
        user.groups.add(Group.objects.get_or_create(name=role)[0])
    if cooperative:
        CooperativeStaff.objects.create(user=user, cooperative=cooperative, starts_on=LONG_AGO)
    return user


def make_basket(*wares: tuple[Pack, int], user=None):
    basket = Basket.objects.create(owner=user)
    basket.strategy = get_class("partner.strategy", "Selector")().strategy(user=user)
    for pack, quantity in wares:
        basket.add_product(pack.product, quantity)
    return basket


def place_order(*wares: tuple[Pack, int], area_code: str = TAISHAN_DISTRICT, user=None, **fields):
    """An order of `wares`, placed and not paid."""
    return orders.place(
        basket=make_basket(*wares, user=user),
        shipping_address=ShippingAddress(
            first_name="王女士",
            line1="东岳大街 1 号",
            line3="泰山区",
            line4="泰安市",
            state="山东省",
            area_code=area_code,
            phone_number="+8613805380001",
            country=Country.objects.get(pk="CN"),
        ),
        shipping_method=ByWeight(area_code),
        city_code=area_code[:4] + "00",
        user=user,
        **fields,
    )


def pay(order, *, on: dt.date | None = None):
    sale = Sale.objects.get(order=order)
    return orders.pay(
        order=order,
        event_id=f"event-{order.number}",
        gateway="demo",
        amount_fen=sale.total_fen,
        at=days.at(on) if on else None,
    )


def dispatch(order, *, on: dt.date, vehicle: Vehicle | None = None, freight_fen: int = 2_000, **fields):
    """Send off all consignments of `order` on a day; return the shipments."""
    make_carriers()
    return orders.dispatch(
        dispatching=[
            orders.Dispatching(
                consignment=consignment,
                carrier_code="ZTC" if vehicle else "SF",
                waybill=f"TEST{next(serial):08d}",
                freight_fen=freight_fen,
                vehicle=vehicle,
                at=days.at(on),
                **{"buyer_paid_freight_fen": 0} | fields,
            )
            for consignment in Consignment.objects.filter(order=order, state=Consignment.State.TO_SHIP).order_by("pk")
        ]
    )


def sell(*wares: tuple[Pack, int], on: dt.date, received: bool = True, **fields):
    """An order placed, paid, dispatched and (unless not `received`) received on one day in the past."""
    order = place_order(*wares, placed_at=days.at(on, 9))
    pay(order, on=on)
    shipments = dispatch(order, on=on, **fields)
    if received:
        orders.receive(shipments=shipments, on=on, how=Sale.Receipt.CARRIER)
    return order


def give_back(order, *, on: dt.date, g: int, fen: int, line=None, key: str = ""):
    """Refund grams and fen of the (only) line of `order` on a day."""
    line = line or order.sale.lines.get()
    return orders.refund(
        refunds=[
            orders.Refunding(
                key=key or f"{order.number}-{next(serial)}",
                sale_id=order.pk,
                lines=[orders.GiveBack(line.pk, g=g, fen=fen)],
                reason="坏果包赔",
                on=on,
            )
        ]
    )


def assess() -> int:
    return logistics.actions.assess_due()


def make_post(cooperative: Cooperative, role: str, *, user=None, since: dt.date = LONG_AGO):
    """Somebody who works at `cooperative` in a role; return the user."""
    user = user or make_user()
    CooperativeStaff.objects.create(user=user, cooperative=cooperative, role=role, starts_on=since)
    return user


def make_township_official(village: Village | None = None):
    """An official of the township of `village`."""
    user = make_user("", access.TOWNSHIP)
    TownshipStaff.objects.create(user=user, township=(village or make_village()).township)
    return user


def credit_code() -> str:
    """A unified social credit code with its right check digit that nobody has."""
    body = f"93500238MA{next(serial):07d}"
    return body + uscc.calc_check_digit(body)


def make_papers(**fields) -> joining.Papers:
    """All that an application needs."""
    return joining.Papers(
        **{
            "name": "示例·谭家村桃子专业合作社",
            "kind": "cooperative",
            "uscc": credit_code(),
            "village": make_village(),
            "contact": "谭女士",
            "mobile": "+8613800138000",
            "licence": b"\xff\xd8 a picture",
        }
        | fields
    )


def make_application(*, by=None, state: str = "submitted", **fields) -> Application:
    """An application that has come as far as `state` (draft, submitted, returned, township_passed, on_notice)."""
    by = by or make_user()
    application = joining.draft(by=by, papers=make_papers(**fields))
    if state != "draft":
        application = joining.submit(application=application, by=by)
    if state == "returned":
        official = make_township_official(application.village)
        application = joining.send_back(application=application, by=official, reason="请补照片")
    if state in ("township_passed", "on_notice"):
        application = joining.pass_on(application=application, by=make_township_official(application.village))
    if state == "on_notice":
        application = joining.pass_on(application=application, by=make_user(is_staff=True))
    application.refresh_from_db()
    return application


def make_member(
    cooperative: Cooperative, *, head: str = "谭大成", account: str = "6217000010001234567", **fields
) -> Household:
    """A member household with a bank account in the cooperative's words ("": none)."""
    household = make_household(cooperative, **fields)
    Household.objects.filter(pk=household.pk).update(head=head)
    household.refresh_from_db()
    membership = Membership.objects.get(household=household, cooperative=cooperative)
    membership.bank_account = account
    membership.save(update_fields=["bank_account"])
    return household
