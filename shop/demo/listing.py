"""Products on their way to the shelf, at one cooperative, and what happened to the price and stock of one that is there."""

from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.db import transaction
from oscar.core.loading import get_model

from shop.listing import actions
from shop.listing.models import Listing, packs_of
from suppliers.base import pictures
from suppliers.models import Cooperative

from ..art import renditions
from .people import email

ProductImage = get_model("catalogue", "ProductImage")

PEACH = "DT01"
# (pack, grams net, with its box, fen, how many, how far it has come)
BOXES = [
    ("礼盒12枚", 3_500, 4_100, 12_800, 40, "submitted"),
    ("8斤家庭装", 4_000, 4_350, 9_600, 60, "returned"),
    ("3斤尝鲜装", 1_500, 1_700, 3_900, 0, "draft"),
]


@transaction.atomic
def load() -> None:
    """Write what is missing of it."""
    cooperative = Cooperative.objects.get(code="C01")
    produce = cooperative.produce.filter(code=PEACH).first()
    if produce is None or Listing.objects.filter(pack__produce=produce).exists():
        return
    users = get_user_model().objects
    seller, staff = users.get(email=email("c01-seller")), users.get(email=email("staff"))
    for pack in packs_of(cooperative).filter(is_per_kg=False).order_by("net_g")[:1]:
        actions.change_stock(pack=pack, kind="came_in", packs=40, note="上午下树，分级后装箱", by=seller)
        actions.change_stock(pack=pack, kind="spoiled", packs=2, note="压伤", by=seller)
    for spec, net_g, gross_g, price_fen, in_stock, state in BOXES:
        boxed = actions.Boxed(spec, net_g, gross_g, price_fen, in_stock, about="霜降以后熟透的映霜红，一桃一袋。")
        drawn = pictures.redrawn(ContentFile(renditions.render(PEACH, 800, renditions.BOX), name="drawn.webp"))
        pack = actions.create_product(
            cooperative=cooperative, produce=produce, boxed=boxed, pictures=[drawn], by=seller
        )
        ProductImage.objects.filter(product=pack.pk).update(caption=f"{produce.name} 装箱 示意图")
        if state != "draft":
            actions.submit(pack=pack, by=seller)
        if state == "returned":
            actions.send_back(pack=pack, by=staff, reason="请补一张称重的照片，毛重要看得清。")
