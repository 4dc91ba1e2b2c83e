"""What follows some sales of the present: claims and returns in every state, and reviews. The photos are drawings, and say so."""

import datetime as dt
import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pylopdf_fonts_zh_cn
from django.contrib.auth import get_user_model
from django.db import transaction
from PIL import Image, ImageDraw, ImageFont

from suppliers.base import days

from ..aftersales import actions
from ..aftersales.models import Decider, NoReasonReturn, Photo, Review, SpoilageClaim
from ..art import renditions
from ..models import SaleLine
from . import people
from .present import Scene, happen

SIZE = 640
SAYS = ("压坏了几个，有点出水。", "箱子底下一层都软了。", "运输颠的，皮破了。")


@dataclass(frozen=True)
class Story:
    """A sale, and what its buyer asks for afterwards. Eight days ago: received three days ago; six: yesterday; five: today."""

    upc: str
    packs: int
    days_ago: int
    what: Callable[[SaleLine], None] | None
    buyer: str = ""


def load() -> None:
    """Let the stories happen that have not happened yet, then the reviews."""
    today = days.today()
    for n, story in enumerate(STORIES, start=FIRST):
        _tell(n, story, today)
    actions.pass_on()
    _review()


@transaction.atomic
def _tell(n: int, story: Story, today: dt.date) -> None:
    scene = Scene(((story.upc, story.packs),), "received", story.days_ago, story.buyer)
    line = happen(n, scene, today).lines.select_related("produce", "cooperative", "line").get()
    if story.what and not line.spoilageclaims.exists() and not line.noreasonreturns.exists():
        story.what(line)


def _buyer(line: SaleLine):
    return line.line.order.user


def _county():
    return get_user_model().objects.get(email=people.email("staff"))


def _cooperative(line: SaleLine):
    return get_user_model().objects.get(email=people.email(line.cooperative.code.lower()))


# ── What buyers ask for ──────────────────────────────────────────────────────────────────────────────────────────────


def _claim(line: SaleLine, percent: int, photos: int = 2) -> SpoilageClaim:
    pictures = [drawn(line.produce.code, spoiled=percent, n=n) for n in range(photos)]
    return actions.claim(
        line=line, spoiled_bp=percent * 100, photos=pictures, note=SAYS[line.pk % len(SAYS)], by=_buyer(line)
    )


def _open(line: SaleLine) -> None:
    _claim(line, 30, photos=3)


def _unanswered(line: SaleLine) -> None:
    """Asked on the evening of the day of receipt, which is three days ago."""
    made = SpoilageClaim.objects.create(
        line=line, spoiled_bp=2_000, note=SAYS[0], asked_at=days.at(actions.received_on(line), 20)
    )
    Photo.objects.create(claim=made, content=drawn(line.produce.code, spoiled=20))


def _paid(line: SaleLine) -> None:
    actions.approve(claim=_claim(line, 20), by=_cooperative(line), decided_as=Decider.COOPERATIVE)


def _paid_less(line: SaleLine) -> None:
    claim = _claim(line, 40)
    reason = "照片上坏的约两成，先按两成赔，谢谢理解。"
    actions.approve(claim=claim, by=_county(), decided_as=Decider.COUNTY, spoiled_bp=2_000, reason=reason)


def _refused(line: SaleLine) -> None:
    reason = "照片里不是这一单的货，请重新拍一张带面单的。"
    actions.refuse(request=_claim(line, 10, 1), by=_cooperative(line), decided_as=Decider.COOPERATIVE, reason=reason)


def _return_asked(line: SaleLine) -> NoReasonReturn:
    return actions.ask_return(line=line, packs=1, note="买多了，没有拆封。", by=_buyer(line))


def _return_agreed(line: SaleLine) -> NoReasonReturn:
    to = f"重庆市巫溪县 {line.cooperative.name} 仓库 售后收（示例地址）"
    asked = _return_asked(line)
    return actions.agree(request=asked, by=_cooperative(line), decided_as=Decider.COOPERATIVE, return_to=to)


def _return_sent(line: SaleLine) -> NoReasonReturn:
    return actions.send_back(request=_return_agreed(line), carrier="顺丰", waybill=f"SFTH{line.pk:08d}")


def _return_paid(line: SaleLine) -> None:
    actions.take_back(request=_return_sent(line), by=_cooperative(line), is_sellable=True)


FIRST = 101
STORIES = [
    Story("QC01-10J-C07", 1, 5, None, "buyer"),  # came today: whoever tries the demo can report something
    Story("QC01-10J-C07", 2, 6, _open, "buyer"),
    Story("QC01-10J-C08", 1, 8, _unanswered),
    Story("ST01-5J-C06", 2, 6, _paid, "buyer2"),
    Story("HT01-5J-C12", 2, 6, _paid_less),
    Story("HR01-500-C11", 1, 6, _refused),
    Story("XG01-250-C02", 3, 6, _return_asked, "buyer"),
    Story("FM01-500-C03", 2, 6, _return_agreed, "buyer"),
    Story("LY01-250-C03", 2, 6, _return_sent, "buyer2"),
    Story("HT01-5J-C11", 3, 6, _return_paid, "buyer"),
]


# ── What buyers say ──────────────────────────────────────────────────────────────────────────────────────────────────

WORDS = [
    (5, "比超市的新鲜，家里老人孩子都爱吃，下次还买。"),
    (5, "包装结实，一个都没坏。知道是哪个村种的，吃着放心。"),
    (4, "味道很好，就是路上走了四天，等得有点急。"),
    (5, "第三次买了，分量足，合作社还打电话问收到没有。"),
    (3, "东西不错，箱子有一角压瘪了，好在里面没事。"),
    (5, "办公室几个人一起买的，都说好。支持巫溪！"),
]


@transaction.atomic
def _review() -> None:
    """One review for every other line of the present that came, of private buyers, none of whom asked for anything."""
    if Review.objects.exists():
        return
    came = SaleLine.objects.filter(
        sale__note__startswith="演示订单",
        sale__buyer_kind="individual",
        sale__order__status="received",
        sale__received_on__lt=days.today(),
        spoilageclaims=None,
        noreasonreturns=None,
        refunded_fen=0,
    ).select_related("produce", "cooperative")
    for n, line in enumerate(came.order_by("pk")):
        stars, text = WORDS[n % len(WORDS)]
        photos = [drawn(line.produce.code, n=n)] if n % 2 == 0 else []
        made = actions.review(line=line, stars=stars, text=text, photos=photos)
        if stars < 5:
            actions.answer(review=made, text="谢谢您的意见，下一批我们多垫一层纸。", by=_cooperative(line))


# ── Photos that are none ─────────────────────────────────────────────────────────────────────────────────────────────


@cache
def drawn(code: str, *, spoiled: int = 0, n: int = 0) -> bytes:
    """The drawing of a produce as the JPEG of a photo: brown spots on `spoiled` per cent of it, marked 示例."""
    chance = random.Random(f"{code}-{spoiled}-{n}")
    with Image.open(io.BytesIO(renditions.render(code, SIZE))) as picture:
        sheet = picture.convert("RGB")
    brush = ImageDraw.Draw(sheet, "RGBA")
    for _spot in range(spoiled // 4):
        x, y = (chance.gauss(SIZE / 2, SIZE / 7) for _axis in "xy")
        r = chance.uniform(SIZE / 60, SIZE / 22)
        brush.ellipse((x - r, y - r * 0.8, x + r, y + r * 0.8), fill=(84, 52, 28, 190))
    font = ImageFont.truetype(str(pylopdf_fonts_zh_cn.sans_path()), SIZE // 16)
    words = "示例 · 不是真照片"
    left, top, right, bottom = brush.textbbox((SIZE // 30, SIZE // 30), words, font=font)
    brush.rectangle((left - 12, top - 12, right + 12, bottom + 12), fill=(255, 250, 241, 235))
    brush.text((SIZE // 30, SIZE // 30), words, font=font, fill=(34, 53, 44, 255))
    written = io.BytesIO()
    sheet.save(written, "JPEG", quality=80)
    return written.getvalue()
