"""Fills our database with the benchmark's goods, under tests.bench.ours."""

import datetime as dt
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from oscar.core.loading import get_model

from shop.address.countries import add_china
from shop.catalogue.slugs import slug
from suppliers.base import days
from suppliers.base.money import yuan_of
from suppliers.models import (
    Cooperative,
    Household,
    HouseholdStatus,
    Pack,
    Produce,
    PurchaseLot,
    Township,
    Village,
)

from .goods import ABOUT, CATEGORIES, COOPERATIVES, PACKS_IN_STOCK, Goods, goods

Category = get_model("catalogue", "Category")
Country = get_model("address", "Country")
Partner = get_model("partner", "Partner")
Product = get_model("catalogue", "Product")
ProductCategory = get_model("catalogue", "ProductCategory")
ProductClass = get_model("catalogue", "ProductClass")
ProductImage = get_model("catalogue", "ProductImage")
StockRecord = get_model("partner", "StockRecord")

TOWNSHIPS, HOUSEHOLDS, LOTS_OF_A_PRODUCE = 10, 300, 3


@transaction.atomic
def fill() -> None:
    add_china(Country)
    cooperatives = _cooperatives()
    categories = [
        Category.add_root(name=word, slug=name, description=ABOUT[:30], is_public=True)
        for name, word, _drawing in CATEGORIES
    ]
    product_class = ProductClass.objects.create(name="农产品", requires_shipping=True, track_stock=True)
    wares = list(goods())
    products = Product.objects.bulk_create(
        Product(
            upc=ware.upc,
            title=ware.title,
            slug=slug(ware.title),
            description=ABOUT,
            product_class=product_class,
            structure=Product.STANDALONE,
        )
        for ware in wares
    )
    produce = _produce(wares, cooperatives)
    pairs = list(zip(wares, products, strict=True))
    ProductCategory.objects.bulk_create(
        ProductCategory(product=product, category=categories[ware.category]) for ware, product in pairs
    )
    StockRecord.objects.bulk_create(
        StockRecord(
            product=product,
            partner=cooperatives[ware.cooperative].partner,
            partner_sku=ware.upc,
            price=yuan_of(ware.price_fen),
            num_in_stock=PACKS_IN_STOCK,
            num_allocated=0,
        )
        for ware, product in pairs
    )
    ProductImage.objects.bulk_create(
        ProductImage(product=product, original=ware.picture, caption=ware.name) for ware, product in pairs
    )
    Pack.objects.bulk_create(
        Pack(
            product=product,
            produce=produce[ware.cooperative, ware.code],
            sku=ware.upc,
            spec=ware.spec,
            net_g=ware.net_g,
            gross_g=ware.gross_g,
        )
        for ware, product in pairs
    )
    _lots(list(produce.values()))
    for picture in {ware.picture: None for ware in wares}:
        ProductImage.objects.filter(original=picture).first().save()  # makes the small one of it


def _cooperatives() -> list[Cooperative]:
    townships = Township.objects.bulk_create(
        Township(code=f"500238{100 + n}", name=f"示例{n + 1}镇", is_deep_poverty=n < 2) for n in range(TOWNSHIPS)
    )
    villages = Village.objects.bulk_create(
        Village(
            code=f"{townships[n % TOWNSHIPS].code}{200 + n}", township=townships[n % TOWNSHIPS], name=f"示例{n + 1}村"
        )
        for n in range(COOPERATIVES)
    )
    partners = Partner.objects.bulk_create(
        Partner(code=f"C{n:02d}", name=f"示例·第{n + 1}专业合作社") for n in range(COOPERATIVES)
    )
    return Cooperative.objects.bulk_create(
        Cooperative(
            code=partner.code, name=partner.name, uscc=f"93500238MA{n:08d}", village=villages[n], partner=partner
        )
        for n, partner in enumerate(partners)
    )


def _produce(wares: list[Goods], cooperatives: list[Cooperative]) -> dict[tuple[int, str], Produce]:
    kinds = {(ware.cooperative, ware.code): ware for ware in wares}
    rows = Produce.objects.bulk_create(
        Produce(
            cooperative=cooperatives[cooperative],
            code=code,
            name=ware.name,
            variety="本地种",
            category=CATEGORIES[ware.category][0],
            harvest_from=ware.harvest[0],
            harvest_to=ware.harvest[1],
            shelf_life_days=30 if ware.category % 2 else 300,
        )
        for (cooperative, code), ware in kinds.items()
    )
    return dict(zip(kinds, rows, strict=True))


def _lots(produce: list[Produce]) -> None:
    """Three verified slips of this year for each produce, of registered households: what a product page counts."""
    village = Village.objects.first()
    households = Household.objects.bulk_create(
        Household(household_no=f"BX{n:06d}", head="示例", village=village, size=4) for n in range(HOUSEHOLDS)
    )
    HouseholdStatus.objects.bulk_create(
        HouseholdStatus(household=household, category="脱贫户", starts_on=dt.date(2014, 1, 1))
        for household in households
    )
    bought_on = days.today() - dt.timedelta(days=30)
    entered_at = days.at(bought_on, 17)
    PurchaseLot.objects.bulk_create(
        PurchaseLot(
            lot_no=f"B{n:06d}-{i}",
            produce=one,
            household=households[(n * LOTS_OF_A_PRODUCE + i) % HOUSEHOLDS],
            g=10**9,
            fen_per_kg=800,
            bought_on=bought_on,
            entered_at=entered_at,
            verified_how=PurchaseLot.Verified.BANK,
            verified_at=entered_at,
        )
        for n, one in enumerate(produce)
        for i in range(LOTS_OF_A_PRODUCE)
    )


def draw() -> None:
    """The pictures of both shops: a drawing for each category."""
    from shop.art import renditions

    for ware in goods():
        path = Path(settings.MEDIA_ROOT) / ware.picture
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(renditions.render(CATEGORIES[ware.category][2], 800))


def main() -> None:
    call_command("migrate", run_syncdb=True, verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False, ignore_patterns=["tinymce*"])
    fill()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
