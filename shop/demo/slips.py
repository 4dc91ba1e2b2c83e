"""Purchase slips of the last days in every state: to be checked, confirmed by the household, disputed, decided, taken back.

The photos are drawings, and say so. Each slip is found again by its entry key, so nothing is written twice.
"""

import datetime as dt
import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pylopdf_fonts_zh_cn
from django.contrib.auth import get_user_model
from django.db import transaction
from PIL import Image, ImageDraw, ImageFont

import suppliers.actions
from suppliers import slips
from suppliers.base import days
from suppliers.base.money import price_of, yuan_text
from suppliers.models import Household, Produce, PurchaseLot, SlipDispute

from . import people

KEYS = uuid.UUID("5cb1f0b4-9f2e-4f0e-8a0e-500238110202")
BY = SlipDispute.RaisedBy


@dataclass(frozen=True)
class Slip:
    """A slip of C01 from one of its households, so many jin, so many days ago, and what became of it."""

    jin: int
    days_ago: int
    then: Callable[[PurchaseLot], None] | None = None
    has_photo: bool = True
    grade: str = "一级"


def load() -> None:
    """Write the slips that are not there yet."""
    goods = Produce.objects.filter(cooperative__code="C01").select_related("cooperative").order_by("code").first()
    members = list(
        Household.objects.filter(memberships__cooperative=goods.cooperative, village__township=people.TOWNSHIP)
        .select_related("village")
        .order_by("household_no")
        .distinct()[: len(SLIPS)]
    )
    last = goods.lots.standing().order_by("-bought_on", "-pk").first()
    for n, slip in enumerate(SLIPS):
        if members and not PurchaseLot.objects.filter(entry_key=_key(n)).exists():
            _write(n, slip, goods, members[n % len(members)], last.fen_per_kg if last else 1_150)


def _key(n: int) -> uuid.UUID:
    return uuid.uuid5(KEYS, f"slip {n}")


@transaction.atomic
def _write(n: int, slip: Slip, goods: Produce, household: Household, fen_per_kg: int) -> None:
    bought_on = days.today() - dt.timedelta(days=slip.days_ago)
    lot = suppliers.actions.enter_lot(
        produce=goods,
        household=household,
        g=slip.jin * 500,
        fen_per_kg=fen_per_kg,
        bought_on=bought_on,
        grade=slip.grade,
        signed_how=PurchaseLot.Signed.FINGERPRINT if n % 2 else PurchaseLot.Signed.SIGNATURE,
        photo=_drawn(household, goods, slip.jin, fen_per_kg, bought_on) if slip.has_photo else None,
        entry_key=_key(n),
        by=_user("c01"),
    )
    if slip.then:
        slip.then(lot)


def _user(name: str):
    return get_user_model().objects.get(email=people.email(name))


def _confirmed(lot: PurchaseLot) -> None:
    suppliers.actions.verify_lot(lot=lot, how=PurchaseLot.Verified.HOUSEHOLD)


def _disputed(lot: PurchaseLot) -> None:
    words = "那天我家交的是 135 斤，少写了 15 斤。"
    opened = slips.dispute(
        lot=lot, raised_by=BY.HOUSEHOLD, about=SlipDispute.About.WEIGHT, words=words, mobile="13800000110"
    )
    slips.answer(dispute=opened, words="扣了 15 斤筐的重量，当面说过的。", by=_user("c01"))


def _refused(lot: PurchaseLot) -> None:
    words = "入户问过，户主说还没有收到钱。"
    slips.dispute(lot=lot, raised_by=BY.TOWNSHIP, about=SlipDispute.About.UNPAID, words=words, by=_user("township"))


def _found_wrong(lot: PurchaseLot) -> None:
    opened = slips.dispute(
        lot=lot, raised_by=BY.HOUSEHOLD, about=SlipDispute.About.NOT_MINE, words="我家今年没有卖过。"
    )
    slips.answer(dispute=opened, words="是邻居家的，户主选错了，会重新记。", by=_user("c01"))
    slips.close(dispute=opened, outcome=SlipDispute.Outcome.WRONG, reason="合作社承认选错户主。", by=_user("staff"))


def _found_right(lot: PurchaseLot) -> None:
    opened = slips.dispute(lot=lot, raised_by=BY.HOUSEHOLD, about=SlipDispute.About.PRICE, words="听说别家价高。")
    slips.close(
        dispute=opened, outcome=SlipDispute.Outcome.STANDS, reason="等级不同，当天一级果都是这个价。", by=_user("staff")
    )
    suppliers.actions.verify_lot(lot=lot, how=PurchaseLot.Verified.TOWNSHIP, by=_user("township"))


SLIPS = [
    Slip(86, 0),
    Slip(143, 0, has_photo=False, grade="二级"),
    Slip(120, 1, _disputed),
    Slip(64, 1, _refused),
    Slip(97, 2, _confirmed),
    Slip(150, 3, _found_wrong),
    Slip(110, 4, _found_right),
    Slip(75, 4, grade="统货"),
]


def _drawn(household: Household, goods: Produce, jin: int, fen_per_kg: int, on: dt.date) -> bytes:
    """The photo of a paper slip that is none: what would be on it, and that it is drawn."""
    sheet = Image.new("RGB", (900, 640), "#f4ecd8")
    brush = ImageDraw.Draw(sheet)
    font = ImageFont.truetype(str(pylopdf_fonts_zh_cn.sans_path()), 40)
    lines = [
        "收购凭证",
        f"日期  {on:%Y-%m-%d}",
        f"农户  {household.masked_head}",
        f"品名  {goods.name}",
        f"重量  {jin} 斤",
        f"单价  每公斤 {yuan_text(fen_per_kg)} 元",
        f"金额  {yuan_text(price_of(jin * 500, fen_per_kg))} 元",
        "示例 · 不是真照片",
    ]
    for n, line in enumerate(lines):
        brush.text((60, 40 + 70 * n), line, font=font, fill="#22352c")
        brush.line((50, 96 + 70 * n, 850, 96 + 70 * n), fill="#b9ab8a", width=2)
    brush.ellipse((700, 440, 800, 560), fill="#b4483a")
    written = io.BytesIO()
    sheet.save(written, "JPEG", quality=80)
    return written.getvalue()
