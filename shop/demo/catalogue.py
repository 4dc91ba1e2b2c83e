"""The demo's cooperatives and what they sell, with our own drawn pictures."""

import datetime as dt

from django.core.files.base import ContentFile
from django.db import transaction
from oscar.core.loading import get_model

from suppliers.base import days
from suppliers.base.money import yuan_of
from suppliers.models import Cooperative, Pack, Produce

from ..art import renditions
from .reference import demo_data

Category = get_model("catalogue", "Category")
Partner = get_model("partner", "Partner")
Product = get_model("catalogue", "Product")
ProductClass = get_model("catalogue", "ProductClass")
ProductImage = get_model("catalogue", "ProductImage")
StockRecord = get_model("partner", "StockRecord")

CATEGORIES = [
    ("fruit", "山里鲜果", "桃、李、橙、柑，按节气采摘"),
    ("nut", "核桃坚果", "高山核桃，晒干存得住"),
    ("staple", "洋芋薯粉", "高山洋芋、红苕粉"),
    ("fungi", "菌菇山珍", "香菇、木耳"),
    ("tea", "老鹰茶", "山里人喝了几百年的茶"),
    ("honey", "土蜂蜜", "中华蜜蜂百花蜜"),
    ("meat", "柴火腊味", "冬腊月杀年猪，柴火慢熏"),
    ("poultry", "大宁河鸡", "林下散养，冷冻直发"),
    ("herb", "道地药材", "独活、党参"),
]
STORIES = {
    "DT01": "映霜红冬桃长在海拔 800 米上下的坡地，霜降前后才熟，脆甜多汁。一桃一袋，手工分拣，当天采、当天冷链发车。",
    "CL01": "青脆李挂着一层白霜，皮薄核小，咬下去咔嚓一声。只在小暑到立秋之间有，错过要等一年。",
    "QC01": "大宁河谷的纽荷尔脐橙，昼夜温差大，果肉化渣，不打蜡。立冬以后陆续下树。",
    "WS01": "晚熟柑橘在树上过冬，二月开春才采，甜里带一点酸，汁水足。",
    "HT01": "香玲、鲁光两个品种从山东引来，在尖山的坡上扎了根。白露打核桃，日晒干透，壳薄仁满。",
    "HR01": "手剥核桃仁，二分之一仁为主，不漂白、不加盐，开袋就能吃。",
    "YY01": "高山沙地里的洋芋，淀粉足，蒸着起沙，炖着不烂。",
    "ST01": "本地红苕打浆沉淀的老办法，晒出来的粉，煮不浑汤。",
    "XG01": "海拔 1200 米以上的棚里夏栽，日晒加烘，肉厚味浓。",
    "HM01": "春耳朵小肉厚，泡发一小把出一大盘，耳背有绒。",
    "LY01": "老鹰茶不是茶树的叶，是山里豹皮樟的嫩芽，汤色橙红，解腻回甘，煮着喝最好。",
    "FM01": "中华蜜蜂在山上采百花，一年只取一两次，天冷会结晶，是正常现象。",
    "LR01": "年猪肉用柏枝、柴火慢熏四十天，肥的透亮，瘦的紧实。切片蒸十五分钟即可。",
    "DN01": "大宁河两岸林下散养，现宰冷冻白条，一只约 1.2 公斤，炖汤为佳。",
    "DH01": "双阳乡高山独活，药材原料，只供有资质的单位批量采购，不作食品销售。",
    "DS01": "川党参，根条匀直，煲汤常用。",
}
VIEWS = {renditions.WHOLE: "", renditions.CLOSE: "近看 ", renditions.BOX: "装箱 "}
WIDTHS = 800, 640  # of the first picture, and of those behind it
# A shelf of today: what stands in the store now, in packs (retail) or kilograms (bulk).
PACKS_IN_STOCK, KG_IN_STOCK = 400, 60_000


@transaction.atomic
def load() -> None:
    """Write the cooperatives, categories and products that are missing; what is there stays as it is."""
    data = demo_data()
    product_class, _ = ProductClass.objects.get_or_create(
        name="农产品", defaults={"requires_shipping": True, "track_stock": True}
    )
    categories = {}
    for slug, name, about in CATEGORIES:
        categories[slug] = Category.objects.filter(slug=slug).first() or Category.add_root(
            name=name, slug=slug, description=about, is_public=True
        )
    cooperatives = {c["code"]: _cooperative(c) for c in data["cooperatives"]}
    for item in data["products"]:
        for code in item["coops"]:
            produce, _ = Produce.objects.get_or_create(
                cooperative=cooperatives[code],
                code=item["code"],
                defaults={
                    "name": item["name"],
                    "variety": item["variety"],
                    "category": item["category"],
                    "harvest_from": item["harvest"][0],
                    "harvest_to": item["harvest"][1],
                    "shelf_life_days": item["shelf_life_days"],
                    "is_cold_chain": item["cold_chain"],
                    "is_b2b_only": item["b2b_only"],
                    "geographical_indication": (item["gi"] or "").removesuffix("(有来源)"),
                },
            )
            for sku in item["skus"]:
                _product(produce, item, sku, product_class, categories[item["category"]])


def _cooperative(c: dict) -> Cooperative:
    partner, _ = Partner.objects.get_or_create(code=c["code"], defaults={"name": c["name"]})
    return Cooperative.objects.get_or_create(
        code=c["code"],
        defaults={
            "name": c["name"],
            "uscc": c["uscc"],
            "village_id": c["village_code"],
            "partner": partner,
            "kind": Cooperative.Kind.COOPERATIVE,
        },
    )[0]


def _product(produce: Produce, item: dict, sku: dict, product_class, category) -> None:
    upc = f"{sku['sku']}-{produce.cooperative.code}"
    if Product.objects.filter(upc=upc).exists():
        return
    product = Product.objects.create(
        upc=upc,
        title=f"{item['name']} {sku['spec']}",
        description=STORIES[item["code"]],
        product_class=product_class,
    )
    product.categories.add(category)
    StockRecord.objects.create(
        product=product,
        partner=produce.cooperative.partner,
        partner_sku=sku["sku"],
        price=yuan_of(sku["price_fen"]),
        num_in_stock=(KG_IN_STOCK if sku["per_kg"] else PACKS_IN_STOCK) if _keeps_today(produce) else 0,
        num_allocated=0,
    )
    Pack.objects.create(
        product=product,
        produce=produce,
        sku=sku["sku"],
        spec=sku["spec"],
        net_g=sku["net_g"],
        gross_g=sku["gross_g"],
        is_per_kg=sku["per_kg"],
    )
    for n, view in enumerate(renditions.views(item["code"])):
        name = f"{upc.lower()}{f'-{view}' if n else ''}.webp"
        picture = ContentFile(renditions.render(item["code"], WIDTHS[n > 0], view), name=name)
        ProductImage.objects.create(
            product=product, original=picture, display_order=n, caption=f"{item['name']} {VIEWS[view]}示意图".strip()
        )


def _keeps_today(produce: Produce) -> bool:
    """Whether goods of the last harvest are still good today: those of a season long over are sold out."""
    today = days.today()
    starts, ends = f"{today:%m-%d}" >= produce.harvest_from, f"{today:%m-%d}" <= produce.harvest_to
    spans_new_year = produce.harvest_from > produce.harvest_to
    if (starts or ends) if spans_new_year else (starts and ends):
        return True
    month, day = map(int, produce.harvest_to.split("-"))
    over_on = dt.date(today.year if f"{today:%m-%d}" > produce.harvest_to else today.year - 1, month, day)
    return (today - over_on).days <= produce.shelf_life_days
