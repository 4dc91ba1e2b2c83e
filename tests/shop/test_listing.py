"""A product from its draft to the shelf; its price and its stock with their history."""

import datetime as dt
import io

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from oscar.core.loading import get_model
from PIL import Image

from shop.listing import actions, band
from shop.listing.models import Listing, ListingStep, PriceChange, StockChange
from shop.preorders import actions as preorders
from suppliers import joining
from suppliers.base import access, days
from suppliers.models import Pack, Produce, SupplyDeclaration

from .. import factories as make

pytestmark = pytest.mark.django_db

Category = get_model("catalogue", "Category")
ProductImage = get_model("catalogue", "ProductImage")
StockRecord = get_model("partner", "StockRecord")


def jpeg(colour: str = "pink") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (40, 40), colour).save(written, "JPEG")
    return written.getvalue()


def picture(colour: str = "pink") -> SimpleUploadedFile:
    return SimpleUploadedFile("p.jpg", jpeg(colour), content_type="image/jpeg")


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def fruit():
    return Category.add_root(name="山里鲜果", slug="fruit")


@pytest.fixture
def cooperative(fruit):
    return make.make_cooperative()


@pytest.fixture
def seller(cooperative, client):
    seller = make.make_post(cooperative, access.SELLER)
    client.force_login(seller)
    return seller


PLUMS = actions.Kept(
    name="巫溪脆李", category="fruit", harvest_from="07-01", harvest_to="08-10", shelf_life_days=10, variety="青脆李"
)
BOX = actions.Boxed(spec="5斤装", net_g=2_500, gross_g=2_700, price_fen=5_000, in_stock=30)


def create(cooperative, **fields) -> Pack:
    given = {"kept": PLUMS, "boxed": BOX, "pictures": [jpeg()]} | fields
    return actions.create_product(cooperative=cooperative, by=make.make_user(), **given)


def written(**fields) -> dict:
    return {
        "name": "巫溪脆李",
        "variety": "青脆李",
        "category": "fruit",
        "harvest_from": "7月1日",
        "harvest_to": "8.10",
        "shelf_life_days": "10",
        "spec": "5斤装",
        "net": "5",
        "net_unit": "jin",
        "gross": "5.4",
        "gross_unit": "jin",
        "price": "50元",
        "stock": "30",
        "about": "挂着一层白霜",
        "pictures": [picture(), picture("red")],
    } | fields


def at_county(cooperative, **fields) -> Pack:
    pack = create(cooperative, **fields)
    actions.submit(pack=pack, by=make.make_user())
    return pack


def on_shelf(cooperative, **fields) -> Pack:
    pack = at_county(cooperative, **fields)
    actions.publish(pack=pack, by=make.make_user(is_staff=True))
    return Pack.objects.get(pk=pack.pk)


# ── From nothing to the shelf ────────────────────────────────────────────────────────────────────────────────────────


def test_a_product_is_written_sent_in_passed_and_on_the_shelf(client, cooperative, seller):
    client.post(reverse("listing:new"), written())
    pack = Pack.objects.get()
    produce = pack.produce
    assert (pack.spec, pack.net_g, pack.gross_g) == ("5斤装", 2_500, 2_700)
    assert (produce.name, produce.harvest_from, produce.harvest_to) == ("巫溪脆李", "07-01", "08-10")
    assert (pack.product.is_public, pack.product.images.count()) == (False, 2)
    assert "巫溪脆李" not in Client().get("/catalogue/").content.decode()
    page = reverse("listing:product", args=[pack.pk])
    client.post(page, {"send": "yes"})
    assert Listing.objects.get().state == "submitted"
    client.force_login(make.make_user(is_staff=True))
    assert "巫溪脆李" in client.get(reverse("listing:queue")).content.decode()
    client.post(reverse("listing:review", args=[pack.pk]), {"publish": "yes"})
    assert "巫溪脆李" in Client().get("/catalogue/").content.decode()
    assert list(ListingStep.objects.values_list("kind", flat=True)) == ["submitted", "published"]
    # 50.00 yuan for 2,500 g, and 30 boxes that came in.
    assert list(PriceChange.objects.values_list("old_fen", "new_fen")) == [(None, 5_000)]
    assert list(StockChange.objects.values_list("kind", "delta", "left")) == [("came_in", 30, 30)]


def test_a_product_needs_a_picture_before_it_is_sent_in(cooperative):
    pack = create(cooperative, pictures=[])
    with pytest.raises(ValidationError):
        actions.submit(pack=pack, by=make.make_user())
    assert Listing.objects.get().state == "draft"


def test_what_is_sent_back_says_why_is_changed_and_sent_in_again(client, cooperative, seller):
    pack = at_county(cooperative)
    staff = make.make_user(is_staff=True)
    with pytest.raises(ValidationError):
        actions.send_back(pack=pack, by=staff, reason=" ")
    actions.send_back(pack=pack, by=staff, reason="请换一张清楚的照片")
    page = reverse("listing:product", args=[pack.pk])
    assert "请换一张清楚的照片" in client.get(page).content.decode()
    client.post(reverse("listing:edit", args=[pack.pk]), written(spec="六斤装", net="6", gross="6.5", price="58"))
    changed = Pack.objects.get()
    assert (changed.spec, changed.net_g, changed.product.title) == ("六斤装", 3_000, "巫溪脆李 六斤装")
    assert changed.product.images.count() == 3
    client.post(page, {"send": "yes"})
    assert Listing.objects.get().state == "submitted"


def test_nobody_publishes_what_his_own_cooperative_sells_and_nothing_is_published_twice(cooperative):
    pack = at_county(cooperative)
    own = make.make_post(cooperative, access.PACKER, user=make.make_user(is_staff=True))
    for somebody in (own, make.make_user()):
        with pytest.raises(joining.NotYours):
            actions.publish(pack=pack, by=somebody)
    staff = make.make_user(is_staff=True)
    actions.publish(pack=pack, by=staff)
    with pytest.raises(joining.AlreadyDecided):
        actions.send_back(pack=pack, by=staff, reason="晚了一步")


def test_after_it_is_sent_in_only_price_and_stock_change(client, cooperative, seller):
    pack = at_county(cooperative)
    client.post(reverse("listing:edit", args=[pack.pk]), written(spec="别的"))
    image = pack.product.images.first()
    client.post(reverse("listing:pictures", args=[pack.pk]), {"remove": image.pk})
    again = Pack.objects.get()
    assert again.spec == "5斤装"
    assert ProductImage.objects.filter(pk=image.pk).exists()
    with pytest.raises(actions.NotEditable):
        actions.shelve(pack=pack, is_public=True, by=seller)  # the way around the county
    client.post(reverse("listing:price", args=[pack.pk]), {"price": "48"})
    client.post(reverse("listing:stock", args=[pack.pk]), {"kind": "came_in", "packs": "12"})
    stock = StockRecord.objects.get()
    assert (stock.price, stock.num_in_stock) == (48, 42)


def test_what_the_county_has_not_passed_is_not_sold_ahead_either(cooperative):
    pack = create(cooperative)
    starts = days.today() + dt.timedelta(days=20)
    SupplyDeclaration.objects.create(
        produce=pack.produce, g=10_000_000, starts_on=starts, ends_on=starts, declared_at=days.now()
    )
    with pytest.raises(ValidationError):
        preorders.open_presale(of=pack, ships_from=starts, closes_at=days.at(starts, 0), price_fen=5_000)


def test_a_product_leaves_the_shelf_and_comes_back_with_its_steps(client, cooperative, seller):
    pack = on_shelf(cooperative)
    page = reverse("listing:product", args=[pack.pk])
    client.post(page, {"off": "yes"})
    client.post(page, {"off": "yes"})
    assert "巫溪脆李" not in Client().get("/catalogue/").content.decode()
    client.post(page, {"on": "yes"})
    assert "巫溪脆李" in Client().get("/catalogue/").content.decode()
    kinds = list(ListingStep.objects.values_list("kind", flat=True))
    assert kinds == ["submitted", "published", "taken_off", "put_back"]


# ── What it is made of ───────────────────────────────────────────────────────────────────────────────────────────────


def test_another_pack_of_the_same_produce_is_of_the_same_produce(cooperative):
    first = create(cooperative)
    second = create(cooperative, boxed=actions.Boxed(spec="十斤装", net_g=5_000, gross_g=5_300, price_fen=9_000))
    third = create(
        cooperative, produce=first.produce, kept=None,
        boxed=actions.Boxed(spec="散装三斤半", net_g=1_750, gross_g=1_800, price_fen=3_500),
    )  # fmt: skip
    assert first.produce_id == second.produce_id == third.produce_id
    assert [pack.sku for pack in (first, second, third)] == ["WXCL01-5J", "WXCL01-10J", "WXCL01-1750G"]
    with pytest.raises(ValidationError):
        create(cooperative)


def test_the_same_goods_of_two_cooperatives_have_one_code_and_others_another(cooperative):
    first = create(cooperative)
    second = create(make.make_cooperative())
    assert first.produce.code == second.produce.code == "WXCL01"
    assert first.product.upc != second.product.upc
    other = actions.Kept("巫溪翠柳", "fruit", "01-01", "12-31", 30)
    assert create(cooperative, kept=other).produce.code == "WXCL02"


def test_anothers_produce_is_refused(cooperative):
    theirs = create(make.make_cooperative()).produce
    with pytest.raises(ValidationError) as refused:
        create(cooperative, produce=theirs, kept=None)
    assert set(refused.value.error_dict) == {"produce"}


def test_it_is_listed_from_a_declaration(client, cooperative, seller):
    produce = make.make_produce(cooperative, category="fruit")
    today = days.today()
    told = SupplyDeclaration.objects.create(
        produce=produce, g=1_500_000, starts_on=today, ends_on=today, declared_at=days.now()
    )
    address = reverse("listing:new") + f"?declaration={told.pk}"
    assert address in client.get(reverse("listing:products")).content.decode()
    page = client.get(address)
    assert "1,500" in page.content.decode()
    assert page.context["form"].initial["produce"] == produce.pk
    client.post(address, written(produce=produce.pk, name="", category=""))
    assert Pack.objects.get().produce == produce
    assert address not in client.get(reverse("listing:products")).content.decode()


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", ""),
        ("name", "字" * 61),
        ("category", ""),
        ("category", "nothing"),
        ("harvest_from", "13-45"),
        ("harvest_from", "02-30"),
        ("harvest_from", "夏天"),
        ("harvest_to", ""),
        ("shelf_life_days", "0"),
        ("shelf_life_days", "9" * 30),
        ("spec", ""),
        ("net", "0"),
        ("net", "1e30"),
        ("net", "-5"),
        ("gross", "4"),  # less than the goods
        ("gross", "999999"),
        ("price", "0"),
        ("price", "100000.01"),
        ("price", "NaN"),
        ("stock", "-1"),
        ("stock", "٣٠٠٠٠٠٠٠٠٠٠"),
        ("pictures", [SimpleUploadedFile("p.jpg", b"%PDF-1.4 no picture")]),
        ("produce", "9" * 30),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_made(client, cooperative, seller, field, text):
    make.make_produce(cooperative)
    refused = client.post(reverse("listing:new"), written(**{field: text}))
    assert refused.status_code == 200
    assert field in refused.context["form"].errors
    assert not Pack.objects.exists()
    assert not ProductImage.objects.exists()


def test_pictures_have_one_cover_and_are_six_at_most(cooperative):
    pack = create(cooperative, pictures=[jpeg("red"), jpeg("green"), jpeg("blue")])
    red, green, blue = pack.product.images.order_by("display_order")
    actions.make_cover(picture=blue)
    assert list(pack.product.images.order_by("display_order")) == [blue, red, green]
    actions.remove_picture(picture=red)
    assert list(pack.product.images.order_by("display_order")) == [blue, green]
    assert list(pack.product.images.values_list("display_order", flat=True)) == [0, 1]
    with pytest.raises(ValidationError):
        actions.add_pictures(pack=pack, pictures=[jpeg()] * 5)


def test_a_photo_is_not_called_a_drawing(client, cooperative):
    pack = on_shelf(cooperative)
    drawn = make.make_pack(make.make_produce(code="HT09"))
    ProductImage.objects.create(product=drawn.product, original=picture(), caption="核桃 示意图")
    said = {one: client.get(one.product.get_absolute_url()).content.decode() for one in (pack, drawn)}
    assert "gallery-note" not in said[pack]
    assert "gallery-note" in said[drawn]


# ── Price ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def reference(monkeypatch):
    """The county expects 8 to 12 yuan a jin."""
    monkeypatch.setattr(band, "reference_band", lambda produce, day: (800, 1_200))


def test_a_price_outside_the_reference_needs_a_reason_and_keeps_it(client, cooperative, seller, reference):
    pack = create(cooperative)  # 50 yuan for 5 jin: 10 a jin
    page = reverse("listing:price", args=[pack.pk])
    refused = client.post(page, {"price": "60.03"})  # 60.03 ÷ 5 = 12.006, which is 12.01 in fen
    assert "reason" in refused.context["form"].errors
    client.post(page, {"price": "60.02"})  # 12.004: 12.00
    client.post(page, {"price": "75", "reason": "特级果，单果三两以上"})
    changes = list(PriceChange.objects.values_list("old_fen", "new_fen", "reason", "low_fen_per_jin"))
    assert changes == [
        (None, 5_000, "", 800),
        (5_000, 6_002, "", 800),
        (6_002, 7_500, "特级果，单果三两以上", 800),
    ]


def test_without_a_reference_any_price_will_do_and_the_same_price_is_no_change(cooperative):
    pack = create(cooperative)
    assert actions.change_price(pack=pack, price_fen=9_900)
    assert not actions.change_price(pack=pack, price_fen=9_900)
    assert PriceChange.objects.count() == 2


def test_an_order_keeps_the_price_at_which_it_was_placed(cooperative):
    pack = on_shelf(cooperative)
    order = make.place_order((pack, 2))
    actions.change_price(pack=pack, price_fen=9_900)
    order.refresh_from_db()
    assert order.sale.goods_fen == 10_000


# ── Stock ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_stock_comes_in_and_leaves_with_its_reasons(cooperative):
    pack = create(cooperative)  # 30
    for kind, packs in (("came_in", 20), ("spoiled", 4), ("elsewhere", 6), ("missing", 1), ("found", 2)):
        actions.change_stock(pack=pack, kind=kind, packs=packs, note="")
    assert StockRecord.objects.get().num_in_stock == 41
    assert list(StockChange.objects.values_list("delta", "left")) == [
        (30, 30), (20, 50), (-4, 46), (-6, 40), (-1, 39), (2, 41),
    ]  # fmt: skip


@pytest.mark.stock
def test_what_is_sold_and_not_sent_never_leaves_the_store_another_way(client, cooperative, seller):
    pack = on_shelf(cooperative)
    make.place_order((pack, 25))
    refused = client.post(reverse("listing:stock", args=[pack.pk]), {"kind": "spoiled", "packs": "6"})
    assert "packs" in refused.context["form"].errors
    client.post(reverse("listing:stock", args=[pack.pk]), {"kind": "spoiled", "packs": "5"})
    stock = StockRecord.objects.get()
    assert (stock.num_in_stock, stock.num_allocated, StockChange.objects.count()) == (25, 25, 2)


@pytest.mark.stock
@pytest.mark.parametrize("is_guarded", [True, False])
def test_an_order_between_the_look_and_the_write_keeps_its_goods(cooperative, is_guarded):
    pack = on_shelf(cooperative)
    looked = StockRecord.objects.get()
    make.place_order((pack, 28))
    if is_guarded:
        with pytest.raises(ValidationError):
            actions.change_stock(pack=pack, kind="spoiled", packs=looked.free)
        stock = StockRecord.objects.get()
        assert stock.num_in_stock >= stock.num_allocated
    else:
        # The control: who writes what he reckoned from the look takes goods away that are sold.
        StockRecord.objects.filter(pk=looked.pk).update(num_in_stock=looked.num_in_stock - looked.free)
        stock = StockRecord.objects.get()
        assert stock.num_in_stock < stock.num_allocated


@pytest.mark.parametrize(
    ("field", "text"), [("packs", "0"), ("packs", "-3"), ("packs", "1" * 30), ("packs", "三"), ("kind", "gift")]
)
def test_a_change_of_stock_that_cannot_be_changes_nothing(client, cooperative, seller, field, text):
    pack = create(cooperative)
    data = {"kind": "came_in", "packs": "1", field: text}
    assert field in client.post(reverse("listing:stock", args=[pack.pk]), data).context["form"].errors
    assert StockRecord.objects.get().num_in_stock == 30


@pytest.mark.parametrize("model", [PriceChange, StockChange, ListingStep])
def test_history_is_never_edited(cooperative, model):
    at_county(cooperative)
    row = model.objects.first()
    row.at = days.now()
    with pytest.raises(DatabaseError), transaction.atomic():
        row.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        row.delete()


# ── Whose it is ──────────────────────────────────────────────────────────────────────────────────────────────────────

PAGES = ("product", "edit", "price", "stock")


def test_anothers_product_is_not_found_and_a_packer_finds_none(client, cooperative):
    pack = create(cooperative)
    image = pack.product.images.first()
    for somebody in (
        make.make_post(make.make_cooperative(), access.OWNER),
        make.make_post(cooperative, access.PACKER),
        make.make_user(),
    ):
        client.force_login(somebody)
        for name in PAGES:
            assert client.get(reverse(f"listing:{name}", args=[pack.pk])).status_code == 404
            assert client.post(reverse(f"listing:{name}", args=[pack.pk]), {"price": "1"}).status_code == 404
        assert client.post(reverse("listing:pictures", args=[pack.pk]), {"remove": image.pk}).status_code == 404
        assert client.get(reverse("listing:queue")).status_code == 404
        assert client.post(reverse("listing:review", args=[pack.pk]), {"publish": "y"}).status_code == 404
    assert StockRecord.objects.get().price == 50


def test_anothers_picture_is_not_found_at_ones_own_product(client, cooperative, seller):
    own, theirs = create(cooperative), create(make.make_cooperative())
    image = theirs.product.images.first()
    assert client.post(reverse("listing:pictures", args=[own.pk]), {"remove": image.pk}).status_code == 404
    assert client.post(reverse("listing:pictures", args=[own.pk]), {"cover": "9" * 40}).status_code == 404
    theirs_declared = SupplyDeclaration.objects.create(
        produce=theirs.produce, g=1, starts_on=days.today(), ends_on=days.today(), declared_at=days.now()
    )
    assert client.get(reverse("listing:new"), {"declaration": theirs_declared.pk}).status_code == 404


def test_lists_ask_no_more_for_ten_products_than_for_one(client, cooperative):
    def asked(name: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(reverse(name)).status_code == 200
        return len(caught)

    def box(n: int) -> actions.Boxed:
        return actions.Boxed(spec=f"{n}斤装", net_g=500 * n, gross_g=500 * n + 200, price_fen=1_000 * n)

    client.force_login(make.make_post(cooperative, access.OWNER, user=make.make_user(is_staff=True)))
    at_county(cooperative, boxed=box(1))
    few = {name: asked(name) for name in ("listing:products", "listing:queue")}
    for n in range(2, 11):
        at_county(cooperative, boxed=box(n))
    assert Produce.objects.count() == 1
    assert {name: asked(name) for name in few} == few
