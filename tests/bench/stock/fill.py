"""Fills stock Oscar's database, index and thumbnails with the same goods."""

from django.core.management import call_command
from django.db import connection, transaction
from oscar.core.loading import get_model
from oscar.core.thumbnails import SorlThumbnail

from shop.catalogue.slugs import slug
from suppliers.base.money import yuan_of
from tests.bench.goods import ABOUT, CATEGORIES, COOPERATIVES, PACKS_IN_STOCK, goods

Category = get_model("catalogue", "Category")
Country = get_model("address", "Country")
Partner = get_model("partner", "Partner")
Product = get_model("catalogue", "Product")
ProductCategory = get_model("catalogue", "ProductCategory")
ProductClass = get_model("catalogue", "ProductClass")
ProductImage = get_model("catalogue", "ProductImage")
StockRecord = get_model("partner", "StockRecord")

# The sizes that its templates ask for: lists, product page, basket and checkout, thank-you page.
THUMBNAILS = ("x155", "440x400", "100x100", "200x200")


@transaction.atomic
def fill() -> None:
    Country.objects.create(
        iso_3166_1_a2="CN",
        iso_3166_1_a3="CHN",
        iso_3166_1_numeric="156",
        printable_name="中国",
        name="中华人民共和国",
        is_shipping_country=True,
    )
    partners = Partner.objects.bulk_create(
        Partner(code=f"C{n:02d}", name=f"示例·第{n + 1}专业合作社") for n in range(COOPERATIVES)
    )
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
    pairs = list(zip(wares, products, strict=True))
    ProductCategory.objects.bulk_create(
        ProductCategory(product=product, category=categories[ware.category]) for ware, product in pairs
    )
    StockRecord.objects.bulk_create(
        StockRecord(
            product=product,
            partner=partners[ware.cooperative],
            partner_sku=ware.upc,
            price_currency="CNY",
            price=yuan_of(ware.price_fen),
            num_in_stock=PACKS_IN_STOCK,
            num_allocated=0,
        )
        for ware, product in pairs
    )
    ProductImage.objects.bulk_create(
        ProductImage(product=product, original=ware.picture, caption=ware.name) for ware, product in pairs
    )


def warm_thumbnails() -> None:
    for picture in {ware.picture: None for ware in goods()}:
        image = ProductImage.objects.filter(original=picture).first()
        for size in THUMBNAILS:
            SorlThumbnail().generate_thumbnail(image.original, size=size, upscale=False)


def main() -> None:
    call_command("migrate", run_syncdb=True, verbosity=0)
    fill()
    warm_thumbnails()
    call_command("update_index", batchsize=500, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
