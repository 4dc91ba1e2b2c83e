"""The supply board: what villages expect over the next twelve months, what markets paid, who looks for what."""

import datetime as dt

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Max, Min, Sum

import suppliers.actions
import suppliers.prices
from shop.catalogue import season
from suppliers.base import days
from suppliers.harvests import DAY, monday
from suppliers.models import (
    Collector,
    Household,
    Market,
    MarketPrice,
    Produce,
    PurchaseLot,
    SupplyDeclaration,
    Village,
)

from ..preorders.actions import follow_declarations
from ..sourcing.models import Inquiry, InquiryNote, Wanted
from .people import email, make_user

JIN, MU = 500, 100
# 谭家村: 30万斤, 10元/斤 (大众网 2019-09-12), 1,400亩 (光明日报 2023-07-20).
TANJIA_JIN, TANJIA_FEN_PER_JIN = 300_000, 10_00
CERTAIN, LIKELY, MAYBE = SupplyDeclaration.Confidence

# Cooperative, kind, jin, fen per jin, grade, mu, how sure. All but the first are made up.
DECLARED = [
    ("C01", "DT01", TANJIA_JIN, TANJIA_FEN_PER_JIN, "一级", 300, LIKELY),
    ("C02", "DT01", 60_000, 9_20, "二级", 40, MAYBE),
    ("C07", "QC01", 400_000, 2_40, "统货", 90, CERTAIN),
    ("C08", "QC01", 260_000, 2_30, "统货", 70, LIKELY),
    ("C09", "CL01", 120_000, 4_80, "一级", 60, LIKELY),
    ("C11", "HT01", 36_000, 12_50, "干果", 120, LIKELY),
    ("C12", "HT01", 18_000, 12_00, "干果", 70, MAYBE),
    ("C06", "YY01", 700_000, 1_20, "统货", 260, LIKELY),
    ("C06", "ST01", 24_000, 6_50, "", 40, CERTAIN),
    ("C02", "XG01", 5_000, 42_00, "", None, LIKELY),
    ("C03", "LY01", 1_600, 55_00, "", 30, LIKELY),
    ("C05", "DS01", 6_000, 52_00, "", 15, MAYBE),
]
# A village that no cooperative speaks for: the collector counted heads. Kind, jin, households, mu.
COLLECTED = ("500238110206", [("DT01", 26_000, 9, 12), ("YY01", 18_000, 6, 7)])
# Low, usual and high, in fen per jin, in the latest of three weeks.
PRICES = {
    "DK": ("济南堤口果品批发市场", "济南", {"DT01": (850, 1000, 1200), "QC01": (210, 260, 320), "CL01": (380, 450, 600)}),
    "TA": ("泰安农产品批发市场", "泰安", {"DT01": (880, 1050, 1250), "QC01": (220, 270, 330), "YY01": (90, 110, 140), "HT01": (1050, 1250, 1500)}),
}  # fmt: skip
WANTED = [
    ("DT01", 20, 9_50, "370100", "示例·堤口市场商户", "李经理"),
    ("YY01", 60, 1_10, "370900", "示例·泰安机关食堂", "孙师傅"),
]
ASKED = [
    ("DT01", 10, "370900", "示例·泰安市某医院工会", "周主任", "中秋福利, 10斤装, 能否分三批送?"),
    ("QC01", 32, "370100", "示例·济南某商超采购部", "赵经理", "要含糖检测报告, 月结。"),
]
COLLECTOR = "collector"


@transaction.atomic
def load() -> None:
    """Write what is missing of it."""
    today = days.today()
    for code, kind, jin, fen_per_jin, grade, mu, sure in DECLARED:
        _declare(Produce.objects.get(cooperative__code=code, code=kind), today, jin, fen_per_jin, grade, mu, sure)
    _earlier(today)
    _collect(today)
    _price(today)
    _ask(today)


def _declare(
    produce: Produce, today: dt.date, jin: int, fen_per_jin: int, grade: str, mu: int | None, sure: str
) -> None:
    standing = produce.declarations.filter(replaced_by=None, called_off_at=None, household=None)
    if standing.filter(fen_per_kg=2 * fen_per_jin).exists():
        return
    starts_on, ends_on = _harvest(produce, today)
    # What the pre-sales have declared of the same harvest is said again, not added to.
    older = standing.between(starts_on, ends_on).first()
    suppliers.actions.declare_supply(
        produce=produce,
        g=jin * JIN,
        starts_on=starts_on,
        ends_on=ends_on,
        fen_per_kg=2 * fen_per_jin,
        variety=produce.variety.split("(")[0],
        grade=grade,
        mu_hundredths=mu and mu * MU,
        confidence=sure,
        replaces=older,
    )
    follow_declarations(produce=produce)


def _earlier(today: dt.date) -> None:
    """What was declared of harvests that are over: some more, some less than what was bought of them since."""
    bought = PurchaseLot.objects.filter(
        bought_on__gte=today - 300 * DAY, bought_on__lt=today - 7 * DAY, reversed_at=None
    )
    sums = bought.order_by("produce").values_list("produce").annotate(Sum("g"), Min("bought_on"), Max("bought_on"))
    for n, (produce, g, first, last) in enumerate(sums[:8]):
        if not SupplyDeclaration.objects.filter(produce=produce, ends_on__lt=today).exists():
            # Not by the action, which declares nothing that is over.
            SupplyDeclaration.objects.create(
                produce_id=produce, g=g * (85 + 12 * (n % 4)) // 100, starts_on=first, ends_on=last,
                declared_at=days.at(first - 40 * DAY),
            )  # fmt: skip


def _harvest(produce: Produce, today: dt.date) -> tuple[dt.date, dt.date]:
    """The rest of this harvest, else the next one."""
    window = produce.harvest_from, produce.harvest_to
    starts_on = today if season.is_on(*window, today) else season.next_start(window[0], today)
    month, day = map(int, window[1].split("-"))
    ends_on = dt.date(starts_on.year, month, day)
    return starts_on, ends_on if ends_on >= starts_on else ends_on.replace(year=starts_on.year + 1)


def _collect(today: dt.date) -> None:
    village = Village.objects.get(pk=COLLECTED[0])
    user = make_user(COLLECTOR, "龙寨村 信息员", get_user_model().objects.get(email=email("staff")).password)
    Collector.objects.get_or_create(user=user, village=village, defaults={"starts_on": dt.date(2019, 1, 1)})
    for kind, jin, households, mu in COLLECTED[1]:
        if SupplyDeclaration.objects.standing().filter(kind=kind, village=village).exists():
            continue
        starts_on, ends_on = _harvest(Produce.objects.filter(code=kind).order_by("pk").first(), today)
        suppliers.actions.declare_supply(
            kind=kind, village=village, households=households, g=jin * JIN, mu_hundredths=mu * MU,
            starts_on=starts_on, ends_on=ends_on, grade="统货", by=user,
        )  # fmt: skip
    # One household by its cooperative's link: the cooperative's own word covers it.
    member = Household.objects.filter(cooperatives__code="C01").order_by("pk").first()
    produce = Produce.objects.get(cooperative__code="C01", code="DT01")
    if member and not member.supply_keys.exists():
        suppliers.actions.give_supply_key(household=member, cooperative=produce.cooperative)
        starts_on, ends_on = _harvest(produce, today)
        suppliers.actions.declare_supply(
            produce=produce,
            household=member,
            g=2_400 * JIN,
            trees=120,
            fen_per_kg=1_900,
            starts_on=starts_on,
            ends_on=ends_on,
        )


def _price(today: dt.date) -> None:
    for code, (name, city, prices) in PRICES.items():
        market, _made = Market.objects.get_or_create(code=code, defaults={"name": name, "city": city})
        for ago in (2, 1, 0):
            week_on = monday(today) - 7 * ago * DAY
            if not MarketPrice.objects.filter(market=market, week_on=week_on).exists():
                was = {kind: tuple(fen * (100 - 3 * ago) // 100 for fen in three) for kind, three in prices.items()}
                suppliers.prices.save_price_sheet(market=market, week_on=week_on, prices=was)


def _ask(today: dt.date) -> None:
    staff = get_user_model().objects.get(email=email("staff"))
    if not Wanted.objects.exists():
        for n, (kind, tonnes, fen_per_jin, city, who, contact) in enumerate(WANTED):
            starts_on, ends_on = _harvest(Produce.objects.filter(code=kind).order_by("pk").first(), today)
            Wanted.objects.create(
                kind=kind, g=tonnes * 1_000_000, starts_on=starts_on, ends_on=ends_on, fen_per_kg=2 * fen_per_jin,
                city_code=city, until=today + (60 + 30 * n) * DAY, organisation=who, contact=contact,
                mobile=f"+8613805380{200 + n}", state=Wanted.State.SHOWN, decided_at=days.now(), decided_by=staff,
            )  # fmt: skip
        Wanted.objects.create(
            kind="HT01", g=5_000_000, starts_on=today, ends_on=today + 90 * DAY, city_code="370900",
            until=today + 45 * DAY, organisation="示例·泰安某炒货厂", contact="吴师傅", mobile="+8613805380209",
        )  # fmt: skip
    if not Inquiry.objects.exists():
        for n, (kind, tonnes, city, who, contact, note) in enumerate(ASKED):
            inquiry = Inquiry.objects.create(
                kind=kind, g=tonnes * 1_000_000, city_code=city, organisation=who, contact=contact, note=note,
                mobile=f"+8613805380{210 + n}",
            )  # fmt: skip
            if n:
                InquiryNote.objects.create(
                    inquiry=inquiry, state=Inquiry.State.ANSWERED, text="已回电, 约本周五报价。", made_by=staff
                )
                Inquiry.objects.filter(pk=inquiry.pk).update(state=Inquiry.State.ANSWERED)
