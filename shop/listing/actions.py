"""A product is created, looked at by the county, published; its price and its stock are changed.

`create_product` is for whoever makes products: the pages of a cooperative, and a sheet with many of them.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import F, Max
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from oscar.core.loading import get_model
from pypinyin import Style, lazy_pinyin

from shop.partner.models import ALLOCATED
from suppliers import joining
from suppliers.base import days
from suppliers.base.fields import plain
from suppliers.base.money import fen_of, half_up, yuan_of, yuan_text
from suppliers.models import Cooperative, Pack, Produce
from suppliers.models.ledger import month_day

from . import band
from .models import Listing, ListingStep, PriceChange, StockChange

Category = get_model("catalogue", "Category")
Product = get_model("catalogue", "Product")
ProductClass = get_model("catalogue", "ProductClass")
ProductImage = get_model("catalogue", "ProductImage")
StockRecord = get_model("partner", "StockRecord")

State, Kind = Listing.State, ListingStep.Kind

G_PER_JIN = 500
MOST_PRICE_FEN = 100_000_00
MOST_G = 1_000_000  # a tonne: beyond it a pack is a slip of the finger
MOST_SHELF_LIFE_DAYS = 3_650
MOST_PICTURES = 6
MOST_IN_STOCK = 10_000_000


class NotEditable(Exception):
    """The product waits for the county, or is published: only its price and stock change now."""


@dataclass(frozen=True)
class Kept:
    """What grows and how long it keeps. Month-days are "09-20"; `category` is the slug of a category of the shop."""

    name: str
    category: str
    harvest_from: str
    harvest_to: str
    shelf_life_days: int
    variety: str = ""
    is_cold_chain: bool = False
    geographical_indication: str = ""


@dataclass(frozen=True)
class Boxed:
    """How it is packed and what it costs. Gross weight counts the box; bulk is sold by the kilogram of 1,000 g."""

    spec: str
    net_g: int
    gross_g: int
    price_fen: int
    in_stock: int = 0
    is_per_kg: bool = False
    about: str = ""
    price_reason: str = ""


# ── A product is made ────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def create_product(
    *,
    cooperative: Cooperative,
    boxed: Boxed,
    produce: Produce | None = None,
    kept: Kept | None = None,
    pictures: Sequence[bytes] = (),
    by=None,
) -> Pack:
    """Make a product of `cooperative` that nobody sees yet: produce (where it is new), pack, Oscar product, stock record.

    Of what grows either `produce`, which the cooperative has already, or `kept`; who has produce of that name in that
    category gets another pack of it. `pictures` are redrawn JPEGs, the first is the cover. The product is a draft: `submit`
    sends it to the county. Raises ValidationError by field: name, category, harvest_from, harvest_to, shelf_life_days, spec,
    net_g, gross_g, price_fen, price_reason, in_stock, pictures.
    """
    Cooperative.objects.select_for_update().get(pk=cooperative.pk)
    errors = _wrong_about(boxed, pictures)
    if (produce is None) == (kept is None):
        raise ValueError("either produce or what is kept of it")
    if produce is not None and produce.cooperative_id != cooperative.pk:
        errors["produce"] = _("Choose one of your products.")
    if kept is not None:
        errors |= _wrong_about_kept(kept)
    if errors:
        raise ValidationError(errors)
    produce = produce or _produce(cooperative, kept)
    if Pack.objects.filter(produce=produce, spec=boxed.spec, presale=None).exists():
        raise ValidationError({"spec": _("You have this product in this pack already.")})
    return _pack(produce, boxed, pictures, by)


def _pack(produce: Produce, boxed: Boxed, pictures: Sequence[bytes], by) -> Pack:
    reference = _checked_price(produce, boxed.net_g, boxed.price_fen, boxed.price_reason)
    sku = _sku(produce, boxed)
    product = Product.objects.create(
        upc=f"{sku}-{produce.cooperative.code}",
        title=f"{produce.name} {boxed.spec}",
        description=boxed.about,
        product_class=ProductClass.objects.get_or_create(
            name="农产品", defaults={"requires_shipping": True, "track_stock": True}
        )[0],
        is_public=False,
    )
    product.categories.set(Category.objects.filter(slug=produce.category)[:1])
    StockRecord.objects.create(
        product=product,
        partner_id=produce.cooperative.partner_id,
        partner_sku=sku,
        price=yuan_of(boxed.price_fen),
        num_in_stock=boxed.in_stock,
        num_allocated=0,
    )
    pack = Pack.objects.create(
        product=product,
        produce=produce,
        sku=sku,
        spec=boxed.spec,
        net_g=boxed.net_g,
        gross_g=boxed.gross_g,
        is_per_kg=boxed.is_per_kg,
    )
    now = days.now()
    Listing.objects.create(pack=pack, made_at=now, made_by=by)
    _priced(pack, None, boxed.price_fen, reference, reason=boxed.price_reason, by=by)
    if boxed.in_stock:
        StockChange.objects.create(
            pack=pack,
            kind=StockChange.Kind.CAME_IN,
            delta=boxed.in_stock,
            left=boxed.in_stock,
            at=now,
            by=by,
        )
    add_pictures(pack=pack, pictures=pictures)
    return pack


def _wrong_about(boxed: Boxed, pictures: Sequence[bytes]) -> dict[str, str]:
    errors = {}
    if not 1 <= len(boxed.spec) <= 40:
        errors["spec"] = _("Write how it is packed, in up to 40 signs, such as: 5 jin a box.")
    if not 0 < boxed.net_g <= MOST_G:
        errors["net_g"] = _("Write the weight of the goods, more than 0 and at most a tonne.")
    elif not boxed.net_g <= boxed.gross_g <= MOST_G:
        errors["gross_g"] = _("With its box it weighs at least as much as the goods, and at most a tonne.")
    if boxed.is_per_kg and boxed.net_g != 1_000:
        errors["net_g"] = _("What is sold by the kilogram weighs 1 kg.")
    if not 0 < boxed.price_fen <= MOST_PRICE_FEN:
        errors["price_fen"] = _("Write a price above zero, and at most 100,000 yuan.")
    if not 0 <= boxed.in_stock <= MOST_IN_STOCK:
        errors["in_stock"] = _("Write how many there are, from 0 to ten million.")
    if len(pictures) > MOST_PICTURES:
        errors["pictures"] = _("At most six pictures.")
    return errors


def _wrong_about_kept(kept: Kept) -> dict[str, str]:
    errors = {}
    if not 1 <= len(kept.name) <= 60:
        errors["name"] = _("Write what it is, in up to 60 signs.")
    if len(kept.variety) > 60:
        errors["variety"] = _("Write the variety in up to 60 signs.")
    if not (len(kept.category) <= 20 and Category.objects.filter(slug=kept.category, depth=1).exists()):
        errors["category"] = _("Choose a category.")
    for name in ("harvest_from", "harvest_to"):
        try:
            month_day(getattr(kept, name))
            dt.datetime.strptime(f"2024-{getattr(kept, name)}", "%Y-%m-%d")  # noqa: DTZ007  (a day of no year)
        except (ValidationError, ValueError):
            errors[name] = _("Write the day as month-day, such as 09-20.")
    if not 0 < kept.shelf_life_days <= MOST_SHELF_LIFE_DAYS:
        errors["shelf_life_days"] = _("Write for how many days it keeps, from 1 to 3650.")
    return errors


def _produce(cooperative: Cooperative, kept: Kept) -> Produce:
    """The cooperative's produce of that name and category, a new one where it has none."""
    known = Produce.objects.filter(name=kept.name, category=kept.category)
    if own := known.filter(cooperative=cooperative).first():
        return own
    # The same goods of several cooperatives have one code: their pages then lead to each other.
    elsewhere = known.order_by("pk").first()
    taken = set(Produce.objects.filter(cooperative=cooperative).values_list("code", flat=True))
    code = elsewhere.code if elsewhere and elsewhere.code not in taken else _new_code(kept.name)
    return Produce.objects.create(
        cooperative=cooperative,
        code=code,
        name=kept.name,
        variety=kept.variety,
        category=kept.category,
        harvest_from=kept.harvest_from,
        harvest_to=kept.harvest_to,
        shelf_life_days=kept.shelf_life_days,
        is_cold_chain=kept.is_cold_chain,
        geographical_indication=kept.geographical_indication,
    )


def _new_code(name: str) -> str:
    """Initials of the sound and a number that nobody has: CL02 for 脆李 where there is a CL01."""
    sound = "".join(lazy_pinyin(plain(name), style=Style.FIRST_LETTER)).upper()
    initials = "".join(sign for sign in sound if "A" <= sign <= "Z")[:4] or "P"
    taken = set(Produce.objects.filter(code__startswith=initials).values_list("code", flat=True))
    return next(code for n in range(1, 100_000) if (code := f"{initials}{n:02d}") not in taken)


def _sku(produce: Produce, boxed: Boxed) -> str:
    """The produce's code and the weight, such as DT01-5J; with a number behind it where that is another pack's."""
    jin, rest = divmod(boxed.net_g, G_PER_JIN)
    size = "KG" if boxed.is_per_kg else f"{jin}J" if not rest else f"{boxed.net_g}G"
    base = f"{produce.code[:8]}-{size}"
    taken = set(Product.objects.filter(upc__startswith=base).values_list("upc", flat=True))
    for sku in (base, *(f"{base}-{n}" for n in range(2, 1_000))):
        if f"{sku}-{produce.cooperative.code}" not in taken:
            return sku
    raise ValidationError(
        {"spec": _("There are very many packs of this weight. Change the weight, or take another pack.")}
    )


# ── Pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def add_pictures(*, pack: Pack, pictures: Sequence[bytes]) -> None:
    """Put redrawn JPEGs behind the pictures of `pack`. Raises ValidationError by field where there would be too many."""
    own = ProductImage.objects.filter(product=pack.pk)
    if own.count() + len(pictures) > MOST_PICTURES:
        raise ValidationError({"pictures": _("At most six pictures. Take one away first.")})
    first = own.aggregate(last=Max("display_order"))["last"]
    for n, picture in enumerate(pictures, start=0 if first is None else first + 1):
        # A name of its own: an address that a browser has kept never shows another picture.
        file = ContentFile(picture, name=f"{pack.product.upc.lower()}-{get_random_string(8).lower()}.jpg")
        ProductImage.objects.create(product=pack.product, original=file, display_order=n)


@transaction.atomic
def remove_picture(*, picture) -> None:
    """Take a picture away, and close the gap."""
    product_id = picture.product_id
    picture.delete()
    _in_order(ProductImage.objects.filter(product=product_id).order_by("display_order", "pk"))


@transaction.atomic
def make_cover(*, picture) -> None:
    """Show `picture` first."""
    others = ProductImage.objects.filter(product=picture.product_id).exclude(pk=picture.pk)
    _in_order([picture, *others.order_by("display_order", "pk")])


def _in_order(pictures) -> None:
    for n, one in enumerate(list(pictures)):
        ProductImage.objects.filter(pk=one.pk).update(display_order=n)


# ── To the county and onto the shelf ─────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def edit_product(
    *, pack: Pack, boxed: Boxed, kept: Kept | None = None, pictures: Sequence[bytes] = (), by=None
) -> Pack:
    """Write a draft, or what was sent back, anew; how many there are changes by `change_stock` alone.

    `kept` is taken where no other pack is of the same produce. Raises NotEditable, ValidationError by field as
    `create_product`.
    """
    listing = _locked(pack)
    if listing is None or not listing.is_editable:
        raise NotEditable
    may_keep = kept is not None and is_alone(pack)
    if errors := _wrong_about(boxed, ()) | (_wrong_about_kept(kept) if may_keep else {}):
        raise ValidationError(errors)
    produce = pack.produce
    if may_keep:
        for name, value in asdict(kept).items():
            setattr(produce, name, value)
        produce.save()
        pack.product.categories.set(Category.objects.filter(slug=produce.category)[:1])
    if Pack.objects.filter(produce=produce, spec=boxed.spec, presale=None).exclude(pk=pack.pk).exists():
        raise ValidationError({"spec": _("You have this product in this pack already.")})
    change_price(pack=pack, price_fen=boxed.price_fen, net_g=boxed.net_g, reason=boxed.price_reason, by=by)
    Product.objects.filter(pk=pack.pk).update(title=f"{produce.name} {boxed.spec}", description=boxed.about)
    Pack.objects.filter(pk=pack.pk).update(spec=boxed.spec, net_g=boxed.net_g, gross_g=boxed.gross_g)
    add_pictures(pack=pack, pictures=pictures)
    return pack


def is_alone(pack: Pack) -> bool:
    """Whether nothing else was made of the produce of `pack` yet, so that it may be written anew with it."""
    return not Pack.objects.filter(produce=pack.produce_id).exclude(pk=pack.pk).exists()


def _locked(pack: Pack) -> Listing | None:
    return Listing.objects.select_for_update(of=("self",)).filter(pack=pack.pk).first()


@transaction.atomic
def submit(*, pack: Pack, by) -> None:
    """Send a product to the county. Raises NotEditable, and ValidationError where it has no picture."""
    listing = _locked(pack)
    if listing is None or not listing.is_editable:
        raise NotEditable
    if not ProductImage.objects.filter(product=pack.pk).exists():
        raise ValidationError({"pictures": _("Add a picture first: buyers want to see what they buy.")})
    listing.state, listing.submitted_at = State.SUBMITTED, days.now()
    listing.save(update_fields=["state", "submitted_at"])
    _step(pack, Kind.SUBMITTED, by)


@transaction.atomic
def publish(*, pack: Pack, by) -> None:
    """Put a product on the shelf for the first time. Raises joining.AlreadyDecided, joining.NotYours."""
    listing = _at_county(pack, by)
    listing.state = State.PUBLISHED
    listing.save(update_fields=["state"])
    Product.objects.filter(pk=pack.pk).update(is_public=True)
    _step(pack, Kind.PUBLISHED, by)


@transaction.atomic
def send_back(*, pack: Pack, by, reason: str) -> None:
    """Send a product back to its cooperative. Raises joining.AlreadyDecided, joining.NotYours, ValidationError by field."""
    listing = _at_county(pack, by)
    if not reason.strip():
        raise ValidationError({"reason": _("Write the reason: the cooperative reads it.")})
    listing.state = State.RETURNED
    listing.save(update_fields=["state"])
    _step(pack, Kind.RETURNED, by, reason.strip())


def _at_county(pack: Pack, by) -> Listing:
    listing = _locked(pack)
    if listing is None or listing.state != State.SUBMITTED:
        raise joining.AlreadyDecided
    if not by.is_staff or joining.works_for(by, pack.produce.cooperative):
        raise joining.NotYours(_("You work for this cooperative. Somebody else decides on it."))
    return listing


@transaction.atomic
def shelve(*, pack: Pack, is_public: bool, by) -> bool:
    """Take a published product off the shelf, or put it back; return whether that changed anything. Raises NotEditable."""
    listing = _locked(pack)
    if listing is not None and listing.state != State.PUBLISHED:
        raise NotEditable
    changed = Product.objects.filter(pk=pack.pk, is_public=not is_public).update(is_public=is_public)
    if changed:
        _step(pack, Kind.PUT_BACK if is_public else Kind.TAKEN_OFF, by)
    return bool(changed)


def _step(pack: Pack, kind: str, by, reason: str = "") -> None:
    ListingStep.objects.create(pack=pack, kind=kind, at=days.now(), by=by, reason=reason)


# ── Price and stock ──────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def change_price(*, pack: Pack, price_fen: int, reason: str = "", by=None, net_g: int | None = None) -> bool:
    """Sell `pack` for `price_fen` from now on; return whether that is another price. What is ordered keeps its own.

    Raises ValidationError by field (price_fen, price_reason): outside the county's reference band it needs a reason.
    """
    reference = _checked_price(pack.produce, net_g or pack.net_g, price_fen, reason)
    stock = StockRecord.objects.select_for_update().get(product=pack.pk)
    old_fen = fen_of(stock.price or 0)
    if old_fen == price_fen:
        return False
    StockRecord.objects.filter(pk=stock.pk).update(price=yuan_of(price_fen))
    _priced(pack, old_fen, price_fen, reference, reason=reason, by=by)
    return True


def _checked_price(produce: Produce, net_g: int, price_fen: int, reason: str) -> tuple[int, int] | None:
    """The reference band of today. Raises ValidationError by field as `check_price`."""
    reference = band.reference_band(produce, days.today())
    check_price(price_fen=price_fen, net_g=net_g, reason=reason, reference=reference)
    return reference


def check_price(*, price_fen: int, net_g: int, reason: str, reference: tuple[int, int] | None) -> None:
    """Raises ValidationError by field for a price that cannot be, or is outside the `reference` and needs a reason."""
    if not 0 < price_fen <= MOST_PRICE_FEN:
        raise ValidationError({"price_fen": _("Write a price above zero, and at most 100,000 yuan.")})
    if reference and not reason.strip():
        low, high = reference
        if not low <= half_up(price_fen * G_PER_JIN, net_g) <= high:
            raise ValidationError(
                {
                    "price_reason": _(
                        "The county expects %(low)s to %(high)s yuan a jin. Write why yours is another, or change it."
                    )
                    % {"low": yuan_text(low), "high": yuan_text(high)}
                }
            )


def _priced(pack: Pack, old_fen: int | None, new_fen: int, reference, *, reason: str, by) -> None:
    low, high = reference or (None, None)
    PriceChange.objects.create(
        pack=pack,
        old_fen=old_fen,
        new_fen=new_fen,
        low_fen_per_jin=low,
        high_fen_per_jin=high,
        reason=reason.strip(),
        at=days.now(),
        by=by,
    )


@transaction.atomic
def change_stock(*, pack: Pack, kind: str, packs: int, note: str = "", by=None) -> StockChange:
    """Write down that so many of `pack` came into the store or left it otherwise than by an order (`StockChange.Kind`).

    Raises ValidationError by field (packs, kind): more cannot leave than is free, whoever orders at the same moment.
    """
    if kind not in StockChange.Kind.values:
        raise ValidationError({"kind": _("Choose what happened.")})
    if not 0 < packs <= MOST_IN_STOCK:
        raise ValidationError({"packs": _("Write how many, from 1 to ten million.")})
    adds = kind in StockChange.ADDS
    delta = packs if adds else -packs
    own = StockRecord.objects.filter(product=pack.pk)
    # In one statement (rule 11): whoever orders meanwhile has his goods, or finds them gone.
    if adds:
        changed = own.filter(num_in_stock__lte=MOST_IN_STOCK - packs).update(num_in_stock=F("num_in_stock") + packs)
    else:
        changed = (
            own.annotate(had_free=F("num_in_stock") - ALLOCATED)
            .filter(had_free__gte=packs)
            .update(num_in_stock=F("num_in_stock") - packs)
        )
    if not changed:
        if adds:
            raise ValidationError({"packs": _("That would be more than ten million. Check the number.")})
        free = own.get().free
        raise ValidationError(
            {
                "packs": ngettext(
                    "Only %(n)d is free: the others are sold and not sent yet.",
                    "Only %(n)d are free: the others are sold and not sent yet.",
                    free,
                )
                % {"n": free}
            }
        )
    left = own.values_list("num_in_stock", flat=True).get()
    return StockChange.objects.create(
        pack=pack, kind=kind, delta=delta, left=left, note=note.strip(), at=days.now(), by=by
    )
