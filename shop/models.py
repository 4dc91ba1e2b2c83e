"""What Oscar's order does not know: how it was sold, in integer fen and grams, and when it counts as a sale."""

import datetime as dt
import secrets
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from logistics.models import Counter, Shipment, Stop
from shop import places
from suppliers.models import Batch, Cooperative, Pack, Produce


def new_token() -> str:
    return secrets.token_urlsafe(24)


class SaleQuerySet(models.QuerySet):
    def expired(self, moment: dt.datetime) -> Self:
        """Unpaid sales whose time to pay is over at `moment`."""
        return self.filter(order__status="placed", paid_on__isnull=True, expires_at__lte=moment)

    def holding(self, moment: dt.datetime) -> Self:
        """Unpaid sales that hold their goods until some time after `moment`."""
        return self.filter(order__status="placed", paid_on__isnull=True, expires_at__gt=moment)


class Sale(models.Model):
    """The facts of an order that are counted: channel, destination, money, receipt. One to one with Oscar's order."""

    class Channel(models.TextChoices):
        RETAIL = "retail", _("online shop")
        GROUP = "group", _("group purchase / direct truck")
        COUNTER = "counter", _("counter")
        BULK = "bulk", _("bulk")

    class BuyerKind(models.TextChoices):
        INDIVIDUAL = "individual", _("private person")
        INSTITUTION = "institution", _("institution")

    class Delivery(models.TextChoices):
        PARCEL = "parcel", _("parcel")
        TRUCK = "truck", _("direct truck")
        COUNTER = "counter", _("counter pick-up")

    Receipt = Shipment.Receipt  # an order is received as the last of its shipments was

    order = models.OneToOneField("order.Order", models.PROTECT, primary_key=True, related_name="sale")
    token = models.CharField(max_length=40, unique=True, default=new_token, editable=False)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    buyer_kind = models.CharField(_("kind of buyer"), max_length=12, choices=BuyerKind.choices)
    organisation = models.CharField(_("organisation"), max_length=80, blank=True)
    city_code = models.CharField(_("city"), max_length=6)
    goods_fen = models.PositiveBigIntegerField(_("goods (fen)"))
    freight_fen = models.PositiveBigIntegerField(_("freight (fen)"), default=0)
    paid_fen = models.PositiveBigIntegerField(_("paid (fen)"), default=0)
    refunded_goods_fen = models.PositiveBigIntegerField(_("goods refunded (fen)"), default=0)
    refunded_freight_fen = models.PositiveBigIntegerField(_("freight refunded (fen)"), default=0)
    expires_at = models.DateTimeField(_("to be paid by"), null=True, blank=True)
    # A keyed index of the network address it was ordered from, as long as it holds its goods unpaid (shop.holding).
    held_from = models.CharField(max_length=64, blank=True, default="", editable=False)
    paid_on = models.DateField(_("paid on"), null=True, blank=True)
    received_on = models.DateField(_("received on"), null=True, blank=True)
    received_how = models.CharField(_("received how"), max_length=10, choices=Receipt.choices, blank=True)
    recognised_on = models.DateField(_("counted as a sale on"), null=True, blank=True)
    is_fresh_confirmed = models.BooleanField(_("no-reason return waived for fresh goods"), default=False)
    note = models.CharField(_("order note"), max_length=200, blank=True)
    delivery = models.CharField(_("delivery"), max_length=8, choices=Delivery.choices, default=Delivery.PARCEL)
    stop = models.ForeignKey(Stop, models.PROTECT, null=True, blank=True, related_name="sales")
    counter = models.ForeignKey(Counter, models.PROTECT, null=True, blank=True, related_name="sales")
    expected_on = models.DateField(_("expected on"), null=True, blank=True)

    objects = SaleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(paid_fen__lte=F("goods_fen") + F("freight_fen")), name="sale_not_paid_twice"
            ),
            models.CheckConstraint(
                condition=Q(refunded_goods_fen__lte=F("goods_fen"))
                & Q(refunded_freight_fen__lte=F("freight_fen"))
                & Q(refunded_goods_fen__lte=F("paid_fen") - F("refunded_freight_fen")),
                name="sale_refunds_what_was_paid",
            ),
            models.CheckConstraint(
                condition=Q(paid_on__isnull=True) | Q(paid_fen=F("goods_fen") + F("freight_fen")),
                name="sale_paid_in_full",
            ),
            models.CheckConstraint(
                condition=Q(recognised_on__isnull=True)
                | Q(recognised_on__gte=F("paid_on"), recognised_on=F("received_on"))
                | Q(recognised_on__gte=F("received_on"), recognised_on=F("paid_on")),
                name="sale_recognised_at_the_later_day",
            ),
            models.CheckConstraint(
                condition=Q(delivery="parcel", stop__isnull=True, counter__isnull=True)
                | Q(delivery="truck", stop__isnull=False, counter__isnull=True)
                | Q(delivery="counter", stop__isnull=True, counter__isnull=False),
                name="sale_is_delivered_one_way",
            ),
        ]
        indexes = [
            models.Index(fields=["recognised_on"], name="sales_by_day"),
            models.Index(fields=["expires_at"], condition=Q(paid_on__isnull=True), name="sales_unpaid"),
        ]
        verbose_name = _("sale")
        verbose_name_plural = _("sales")

    @property
    def total_fen(self) -> int:
        return self.goods_fen + self.freight_fen

    @property
    def refunded_fen(self) -> int:
        return self.refunded_goods_fen + self.refunded_freight_fen

    @property
    def expected_city(self) -> str:
        """The city it is expected in, as people say it."""
        return places.short_city(self.city_code)


class InvoiceWish(models.Model):
    """The invoice (发票) a buyer asked for: in his own name, or in the name and tax number of a unit."""

    class Kind(models.TextChoices):
        PERSONAL = "personal", _("personal")
        UNIT = "unit", _("unit")

    sale = models.OneToOneField(Sale, models.CASCADE, primary_key=True, related_name="invoice_wish")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    title = models.CharField(_("invoice title"), max_length=80)
    tax_id = models.CharField(_("tax number"), max_length=18, blank=True)
    email = models.EmailField(_("sent to"), blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="personal", tax_id="") | (Q(kind="unit") & ~Q(tax_id="")),
                name="invoice_of_a_unit_has_its_tax_number",
            )
        ]
        verbose_name = _("invoice wish")
        verbose_name_plural = _("invoice wishes")


class SaleLineQuerySet(models.QuerySet):
    def untraced(self) -> Self:
        """Dispatched lines of which some grams have no lot yet (未溯源)."""
        return self.filter(untraced_g__gt=0)


class SaleLine(models.Model):
    """A line of an order in integer fen and grams, as it was sold, with what was refunded and what has no lot yet."""

    line = models.OneToOneField("order.Line", models.PROTECT, primary_key=True, related_name="sale_line")
    sale = models.ForeignKey(Sale, models.PROTECT, related_name="lines")
    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="+")
    produce = models.ForeignKey(Produce, models.PROTECT, related_name="+")
    pack = models.ForeignKey(Pack, models.SET_NULL, null=True, related_name="+")
    sku = models.CharField(_("SKU"), max_length=20)
    quantity = models.PositiveIntegerField(_("quantity"))
    net_g = models.PositiveBigIntegerField(_("net weight (g)"))
    gross_g = models.PositiveBigIntegerField(_("gross weight (g)"))
    goods_fen = models.PositiveBigIntegerField(_("goods (fen)"))
    refunded_g = models.PositiveBigIntegerField(_("refunded (g)"), default=0)
    refunded_fen = models.PositiveBigIntegerField(_("refunded (fen)"), default=0)
    dispatched_at = models.DateTimeField(_("dispatched at"), null=True, blank=True)
    untraced_g = models.PositiveBigIntegerField(_("untraced (g)"), default=0)
    untraced_fen = models.PositiveBigIntegerField(_("untraced (fen)"), default=0)
    # Named at packing, never after (a trigger): it is drawn from the lots of this batch alone.
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="+")

    objects = SaleLineQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0, net_g__gt=0, gross_g__gte=F("net_g")), name="sale_line_weights"
            ),
            models.CheckConstraint(
                condition=Q(refunded_g__lte=F("net_g"), refunded_fen__lte=F("goods_fen")),
                name="sale_line_refunds_what_was_sold",
            ),
            models.CheckConstraint(
                condition=Q(untraced_g__lte=F("net_g") - F("refunded_g"))
                & Q(untraced_fen__lte=F("goods_fen") - F("refunded_fen")),
                name="sale_line_untraced_within_the_line",
            ),
        ]
        indexes = [models.Index(fields=["produce"], condition=Q(untraced_g__gt=0), name="sale_lines_untraced")]
        verbose_name = _("sale line")
        verbose_name_plural = _("sale lines")

    @property
    def net_fen(self) -> int:
        """What the line was sold for, less refunds."""
        return self.goods_fen - self.refunded_fen

    @property
    def kept_g(self) -> int:
        """What the line weighs, less refunds."""
        return self.net_g - self.refunded_g

    @property
    def kept_packs(self) -> int:
        """How many packs hold what is kept: one of which a part was paid back is still a pack."""
        return -(-self.kept_g * self.quantity // self.net_g)


class Refund(models.Model):
    """Money given back on a day. `key` makes it happen once: the same key again is the same refund."""

    key = models.CharField(max_length=80, unique=True)
    sale = models.ForeignKey(Sale, models.PROTECT, related_name="refunds")
    goods_fen = models.PositiveBigIntegerField(_("goods (fen)"))
    freight_fen = models.PositiveBigIntegerField(_("freight (fen)"), default=0)
    refunded_on = models.DateField(_("refunded on"))
    # A refund counts from the day its sale does: before that day there is nothing to take it from.
    counted_on = models.DateField(_("counted on"), null=True, blank=True)
    made_at = models.DateTimeField(_("made at"))
    reason = models.CharField(_("reason"), max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(counted_on__isnull=True) | Q(counted_on__gte=F("refunded_on")),
                name="refund_counts_from_its_day",
            )
        ]
        indexes = [models.Index(fields=["counted_on"], name="refunds_by_day")]
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")


class RefundLine(models.Model):
    """The grams and fen of a line that a refund gave back. Only appended to (a trigger)."""

    refund = models.ForeignKey(Refund, models.PROTECT, related_name="lines")
    line = models.ForeignKey(SaleLine, models.PROTECT, related_name="refund_lines")
    g = models.PositiveBigIntegerField(_("weight (g)"))
    fen = models.PositiveBigIntegerField(_("refund (fen)"))
    untraced_g = models.PositiveBigIntegerField(_("of it untraced (g)"), default=0)
    untraced_fen = models.PositiveBigIntegerField(_("of it untraced (fen)"), default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["refund", "line"], name="a_line_once_a_refund"),
            models.CheckConstraint(
                condition=Q(untraced_g__lte=F("g"), untraced_fen__lte=F("fen")), name="refund_untraced_within_it"
            ),
        ]
        verbose_name = _("refund line")
        verbose_name_plural = _("refund lines")


class ShelfVersion(models.Model):
    """Numbers that change in the commit that changes what list pages show (triggers: shop/database.py).

    A part has as many rows as transactions have ever changed it at the same moment; its version is their sum.
    """

    class Part(models.TextChoices):
        GOODS = "goods"
        STOCK = "stock"
        PEOPLE = "people"
        FIGURES = "figures"

    part = models.CharField(max_length=8, choices=Part.choices)
    slot = models.PositiveIntegerField()
    token = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["part", "slot"], name="one_token_a_slot")]


class Remittance(models.Model):
    """Money that the shop sent to a cooperative for what it sold. Rows are never edited."""

    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="remittances")
    amount_fen = models.PositiveBigIntegerField(_("amount (fen)"))
    remitted_on = models.DateField(_("sent on"))
    reference = models.CharField(_("bank receipt"), max_length=40)
    made_at = models.DateTimeField(_("made at"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-remitted_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="remittance_is_something"),
            models.UniqueConstraint(fields=["cooperative", "reference"], name="one_remittance_a_receipt"),
        ]
        verbose_name = _("remittance")
        verbose_name_plural = _("remittances")
