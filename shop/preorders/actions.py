"""A pre-sale is opened, follows what is declared, closes, and is settled when the harvest is in."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import F, Max, Q
from django.utils.translation import gettext as _
from oscar.core.loading import get_model

from shop import orders
from shop.listing.models import published
from shop.models import Sale, SaleLine
from suppliers import board, harvests
from suppliers.base import days
from suppliers.base.money import half_up, yuan_of
from suppliers.models import Pack, Produce, SupplyDeclaration

from . import forecast
from .models import Presale, presale_of

Product = get_model("catalogue", "Product")
ProductImage = get_model("catalogue", "ProductImage")
StockRecord = get_model("partner", "StockRecord")

# What of a declared harvest is sold ahead: half. The other half is hail, wasps and what the cooperative sells at the gate.
SHARE_BP = 5_000
DAYS_OF_SHIPPING = 7
# An order that was not sent so many days after its week is paid back in full.
DAYS_OF_PATIENCE = 7
MOST_PRICE_FEN = 100_000_00
# No harvest is known so long ahead.
MOST_DAYS_AHEAD = 730


def declared_g(produce: Produce, starts_on: dt.date, ends_on: dt.date) -> int:
    """The grams of `produce` that are declared for these days. What is declared as "maybe" is not sold ahead."""
    rows = SupplyDeclaration.objects.standing().between(starts_on, ends_on).filter(produce=produce)
    firm = rows.exclude(confidence=SupplyDeclaration.Confidence.MAYBE)
    return harvests.expected_g(board.declared(firm), starts_on, ends_on)


def quota_of(pack: Pack, ships_from: dt.date, *, share_bp: int = SHARE_BP) -> int:
    """How many of `pack` can be sold ahead for the week from `ships_from`. Raises ValidationError for a day too far off."""
    _check_week(ships_from)
    ships_to = _last_day(ships_from)
    others = _of_the_same_days(pack.produce, ships_from, ships_to)
    return forecast.quota(
        declared_g=declared_g(pack.produce, ships_from, ships_to),
        share_bp=share_bp,
        promised_g=sum(packs * net_g for packs, net_g in others.values_list("quota", "of__net_g")),
        net_g=pack.net_g,
    )


def _check_week(ships_from: dt.date) -> None:
    if (ships_from - days.today()).days > MOST_DAYS_AHEAD:
        raise ValidationError({"ships_from": _("That is more than two years ahead. Choose an earlier day.")})


def _last_day(ships_from: dt.date) -> dt.date:
    return ships_from + dt.timedelta(days=DAYS_OF_SHIPPING - 1)


def _of_the_same_days(produce: Produce, ships_from: dt.date, ships_to: dt.date):
    return Presale.objects.filter(of__produce=produce, ships_from__lte=ships_to, ships_to__gte=ships_from)


@transaction.atomic
def open_presale(
    *, of: Pack, ships_from: dt.date, closes_at: dt.datetime, price_fen: int, by=None, share_bp: int = SHARE_BP
) -> Presale:
    """Put what will be picked on the shelf: a pack like `of`, sent in the week from `ships_from`, as many as the quota.

    Raises ValidationError by field where nothing is declared for that week, where it is sold ahead already, or where the
    days do not follow each other.
    """
    # The produce row is the lock: two presales of one harvest are opened one after the other.
    produce = Produce.objects.select_for_update().get(pk=of.produce_id)
    if of.is_for_institutions or presale_of(of) or not Pack.objects.filter(published(), pk=of.pk).exists():
        raise ValidationError(
            {"pack": _("Only what the county has passed and private buyers can buy can be sold ahead.")}
        )
    _check_week(ships_from)
    if not days.now() < closes_at <= days.at(ships_from, 0):
        raise ValidationError({"closes_at": _("Orders end after now, and before the first day of shipping.")})
    if not 0 < price_fen <= MOST_PRICE_FEN:
        raise ValidationError({"price": _("Write a price above zero, and at most 100,000 yuan.")})
    if Presale.objects.filter(of=of, ships_from=ships_from).exists():
        raise ValidationError({"ships_from": _("This pack is sold ahead for that week already.")})
    quota = quota_of(of, ships_from, share_bp=share_bp)
    if quota == 0:
        raise ValidationError(
            {
                "ships_from": _(
                    "Nothing is left to sell ahead for that week. Declare the harvest first, or take another."
                )
            }
        )
    return Presale.objects.create(
        pack=_pack_like(of, ships_from, price_fen=price_fen, quota=quota),
        of=of,
        ships_from=ships_from,
        ships_to=_last_day(ships_from),
        closes_at=closes_at,
        share_bp=share_bp,
        declared_g=declared_g(produce, ships_from, _last_day(ships_from)),
        quota=quota,
        opened_at=days.now(),
        opened_by=by,
    )


def _pack_like(of: Pack, ships_from: dt.date, *, price_fen: int, quota: int) -> Pack:
    """A new pack on the shelf like `of`, with its own product, stock and pictures."""
    sku = f"{of.sku[:12]}-Y{ships_from:%y%m%d}"
    upc = f"{sku}-{of.produce.cooperative.code}"
    product = Product.objects.create(
        upc=upc,
        # Frozen into every order, so it says what was promised.
        title=_("%(what)s · pre-order, sent from %(month)d/%(day)d")
        % {"what": of.product.title, "month": ships_from.month, "day": ships_from.day},
        description=of.product.description,
        product_class=of.product.product_class,
    )
    product.categories.set(of.product.categories.all())
    for image in of.product.images.all():
        # A file of its own: Oscar deletes the file with the picture.
        copy = ContentFile(image.original.read(), name=f"{upc.lower()}.webp")
        ProductImage.objects.create(product=product, original=copy, caption=image.caption)
    StockRecord.objects.create(
        product=product,
        partner=of.produce.cooperative.partner,
        partner_sku=sku,
        price=yuan_of(price_fen),
        num_in_stock=quota,
        num_allocated=0,
    )
    return Pack.objects.create(
        product=product, produce=of.produce, sku=sku, spec=of.spec, net_g=of.net_g, gross_g=of.gross_g
    )


@transaction.atomic
def follow_declarations(*, produce: Produce) -> None:
    """Bring the quotas of the open pre-sales of `produce` up to what is declared now; what is sold stays sold."""
    Produce.objects.select_for_update().get(pk=produce.pk)
    promised: list[Presale] = []
    for presale in Presale.objects.unsettled().filter(of__produce=produce).select_related("of").order_by("pk"):
        declared = declared_g(produce, presale.ships_from, presale.ships_to)
        earlier = [one for one in promised if one.ships_from <= presale.ships_to and one.ships_to >= presale.ships_from]
        wanted = forecast.quota(
            declared_g=declared,
            share_bp=presale.share_bp,
            promised_g=sum(one.quota * one.of.net_g for one in earlier),
            net_g=presale.of.net_g,
        )
        # The counts move by the difference in one statement: orders go on meanwhile, and none of them loses its goods.
        stock = StockRecord.objects.filter(product=presale.pk)
        held = stock.select_for_update().values_list("num_allocated", "num_in_stock").get()
        in_stock = max(wanted - _gone(presale), held[0] or 0)
        stock.update(num_in_stock=in_stock)
        presale.declared_g, presale.quota = declared, wanted
        presale.save(update_fields=["declared_g", "quota"])
        promised.append(presale)


def _gone(presale: Presale) -> int:
    """How many packs have left the store already."""
    gone = SaleLine.objects.filter(pack=presale.pk, dispatched_at__isnull=False)
    return sum(gone.values_list("quantity", flat=True))


def close_due() -> int:
    """Take pre-sales off the shelf whose time to order is over. Return how many."""
    over = Presale.objects.over_at(days.now()).values("pk")
    return Product.objects.filter(pk__in=over, is_public=True).update(is_public=False)


def waiting(presale: Presale) -> list[forecast.Wanted]:
    """The paid lines of `presale` that have not left, who paid first first (then by line)."""
    lines = (
        SaleLine.objects.filter(
            pack=presale.pk, dispatched_at=None, sale__paid_on__isnull=False, refunded_g__lt=F("net_g")
        )
        .select_related("sale")
        .annotate(paid_at=Max("sale__order__payments__at", filter=Q(sale__order__payments__applied=True)))
        .order_by("paid_at", "pk")
    )
    return [
        forecast.Wanted(
            line_id=line.pk,
            packs=line.kept_packs,
            fen=line.net_fen,
            freight_fen=_freight_of(line),
        )
        for line in lines
    ]


def _freight_of(line: SaleLine) -> int:
    """The part of what is left of the order's freight that `line` bears, by gross weight among what is left of it."""
    sale = line.sale
    whole_g = sum(sale.lines.filter(refunded_g__lt=F("net_g")).values_list("gross_g", flat=True))
    return half_up((sale.freight_fen - sale.refunded_freight_fen) * line.gross_g, whole_g)


@transaction.atomic
def settle(*, presale: Presale, packs: int, by=None) -> list[forecast.Share]:
    """Say that `packs` came in: who paid first is served, the others get their money back. Return the shares.

    Raises ValidationError where it was settled before, where orders are still taken, or for a count below zero.
    """
    # The sales first, as everywhere (shop.orders), then the pre-sale.
    sales = SaleLine.objects.filter(pack=presale.pk).values("sale")
    list(Sale.objects.select_for_update().filter(pk__in=sales).order_by("pk"))
    presale = Presale.objects.select_for_update(of=("self",)).select_related("of").get(pk=presale.pk)
    if presale.settled_at:
        raise ValidationError(_("This harvest was entered already. Nothing was changed."))
    if presale.closes_at > days.now():
        raise ValidationError(_("Orders are still taken. Enter the harvest when they have ended."))
    # Whoever is ordering at this moment is done before, or finds nothing left.
    stock = StockRecord.objects.select_for_update().get(product=presale.pk)
    if packs < 0:
        raise ValidationError({"packs": _("Write how many packs there are, 0 or more.")})
    if Sale.objects.filter(pk__in=sales, order__status=orders.PLACED).exists():
        # Whoever pays after the harvest is shared out would wait for goods that others have.
        raise ValidationError(_("Somebody has ordered and not paid yet. Please enter the harvest in half an hour."))
    shares = forecast.ration(waiting(presale), packs)
    lines = SaleLine.objects.in_bulk([one.line_id for one in shares])
    short = [one for one in shares if one.missing]
    orders.refund(refunds=[_refunding(presale, lines[one.line_id], one, by) for one in short])
    # What nobody has paid for is sold to nobody, whatever page he has open.
    StockRecord.objects.filter(pk=stock.pk).update(num_in_stock=F("num_allocated"))
    presale.harvested_packs, presale.settled_at, presale.settled_by = packs, days.now(), by
    presale.save(update_fields=["harvested_packs", "settled_at", "settled_by"])
    return shares


def _refunding(presale: Presale, line: SaleLine, share: forecast.Share, by) -> orders.Refunding:
    g = line.kept_g if share.sent == 0 else share.missing * presale.of.net_g
    return orders.Refunding(
        key=f"presale-{line.pk}",
        sale_id=line.sale_id,
        lines=[orders.GiveBack(line.pk, g=g, fen=share.back_fen)],
        freight_fen=share.back_freight_fen,
        reason=_("The harvest was smaller than declared; who paid first was served first."),
        by=by,
    )


def give_up_overdue() -> int:
    """Pay back in full what was not sent so many days after its week. Return how many orders."""
    latest = days.today() - dt.timedelta(days=DAYS_OF_PATIENCE)
    overdue = SaleLine.objects.filter(
        sale__order__status=orders.PAID,
        pack__presale__ships_to__lt=latest,
        dispatched_at=None,
        refunded_g__lt=F("net_g"),
    )
    return sum(_give_up(sale_id, latest) for sale_id in sorted(set(overdue.values_list("sale", flat=True))))


@transaction.atomic
def _give_up(sale_id: int, latest: dt.date) -> bool:
    """Cancel an order if all that is left of it is overdue and nothing was sent, else pay back what is overdue of it."""
    sale = Sale.objects.select_for_update().select_related("order").get(pk=sale_id)
    left = sale.lines.filter(refunded_g__lt=F("net_g"), sale__order__status=orders.PAID)
    late = left.filter(pack__presale__ships_to__lt=latest, dispatched_at=None).order_by("pk")
    if not late.exists():
        return False
    reason = _("not sent in its week")
    if late.count() == left.count():
        return orders.cancel(order=sale.order, reason=reason)
    for line in late:
        # One after the other: each bears its part of the freight that the one before has left.
        line.sale.refresh_from_db()
        orders.refund(
            refunds=[
                orders.Refunding(
                    key=f"overdue-{line.pk}",
                    sale_id=sale.pk,
                    lines=[orders.GiveBack(line.pk, g=line.kept_g, fen=line.net_fen)],
                    freight_fen=_freight_of(line),
                    reason=reason,
                )
            ]
        )
    return True
