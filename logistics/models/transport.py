"""How it travelled: carriers, vehicles, each cooperative's part of an order, and its shipments."""

import datetime as dt
import secrets
from typing import Self

from django.db import models
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from suppliers.base import access
from suppliers.models import Cooperative, Produce

# Crockford's: no I, L, O or U, which are read out or written down as something else.
TRACE_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_trace_code() -> str:
    """Ten signs by chance, of 2⁵⁰ possible codes."""
    return "".join(secrets.choice(TRACE_SIGNS) for _sign in range(10))


class Carrier(models.Model):
    """A courier or haulier, by the code it prints on its waybills (SF, ZTO …)."""

    code = models.CharField(_("code"), max_length=8, primary_key=True)
    name = models.CharField(_("name"), max_length=40)
    is_courier = models.BooleanField(_("carries parcels"), default=True)

    class Meta:
        ordering = ["code"]
        verbose_name = _("carrier")
        verbose_name_plural = _("carriers")

    def __str__(self) -> str:
        return self.name


class ApprovedDistance(models.Model):
    """The kilometres from Wuxi to a city (核定里程) that a subsidy counts, never a claimant's."""

    city_code = models.CharField(_("city"), max_length=6, primary_key=True)
    city = models.CharField(_("city name"), max_length=40)
    km = models.PositiveIntegerField(_("approved km"))
    note = models.CharField(_("note"), max_length=80, blank=True)

    class Meta:
        ordering = ["city_code"]
        verbose_name = _("approved distance")
        verbose_name_plural = _("approved distances")


def city_name(code: str) -> models.Subquery:
    """The name of the row's city, for use in a queryset; None for one to which no distance is approved."""
    return models.Subquery(ApprovedDistance.objects.filter(pk=models.OuterRef(code)).values("city")[:1])


class VehicleQuerySet(models.QuerySet):
    def loading(self, day: dt.date, *, within_days: int) -> Self:
        """Vehicles that left on `day` or so many days before it at most."""
        return self.filter(departs_on__gte=day - dt.timedelta(days=within_days), departs_on__lte=day)

    def with_room(self) -> Self:
        """Each with the gross grams aboard (`aboard_g`) and those it has room for (`room_g`)."""
        aboard = (
            Shipment.objects.filter(vehicle=models.OuterRef("pk"))
            .order_by()
            .values("vehicle")
            .annotate(g=Sum("gross_g"))
        )
        return self.annotate(aboard_g=Coalesce(models.Subquery(aboard.values("g")), 0)).annotate(
            room_g=F("max_load_g") - F("aboard_g")
        )

    def with_city(self) -> Self:
        """Each with the name of its `city`."""
        return self.annotate(city=city_name("city_code"))

    def carrying(self, cooperative: Cooperative) -> Self:
        """Each with whether goods of `cooperative` are aboard (`carries_own`)."""
        own = Shipment.objects.filter(vehicle=models.OuterRef("pk"), cooperative=cooperative)
        return self.annotate(carries_own=models.Exists(own))


class Vehicle(models.Model):
    """One trip of a vehicle (车次): a direct truck with several cooperatives' goods, or a bulk load.

    `net_g` is what the weighbridge wrote (过磅单); without a weigh note it is empty and no rate by tonnes applies.
    """

    vehicle_no = models.CharField(_("trip number"), max_length=40, unique=True)
    plate = models.CharField(_("number plate"), max_length=12, blank=True)
    carrier = models.ForeignKey(Carrier, models.PROTECT, related_name="vehicles")
    city_code = models.CharField(_("city"), max_length=6)
    departs_on = models.DateField(_("departs on"))
    max_load_g = models.PositiveBigIntegerField(_("rated load (g)"))
    is_refrigerated = models.BooleanField(_("refrigerated"), default=False)
    has_temperature_log = models.BooleanField(_("temperature log"), default=False)
    weigh_note = models.CharField(_("weigh note number"), max_length=40, blank=True)
    net_g = models.PositiveBigIntegerField(_("net weight by the weighbridge (g)"), null=True, blank=True)

    objects = VehicleQuerySet.as_manager()

    class Meta:
        ordering = ["departs_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(weigh_note="", net_g__isnull=True) | (~Q(weigh_note="") & Q(net_g__gt=0)),
                name="vehicle_weight_has_its_note",
            ),
            models.CheckConstraint(
                condition=Q(net_g__isnull=True) | Q(net_g__lte=F("max_load_g")), name="vehicle_is_not_overloaded"
            ),
        ]
        verbose_name = _("vehicle")
        verbose_name_plural = _("vehicles")

    def __str__(self) -> str:
        return self.vehicle_no


class OfCooperativeQuerySet(models.QuerySet):
    def visible_to(self, user) -> Self:
        """The county's offices see all, a cooperative its own."""
        if access.has_role(user, *access.READS_EVIDENCE):
            return self
        return self.filter(cooperative__in=Cooperative.objects.visible_to(user))


class ConsignmentQuerySet(OfCooperativeQuerySet):
    def with_city(self) -> Self:
        """Each with the name of the `city` it goes to."""
        return self.annotate(city=Coalesce(F("order__shipping_address__line4"), city_name("destination_code")))


class Consignment(models.Model):
    """One cooperative's part of an order (托运单): all of the order that this cooperative sees."""

    class State(models.TextChoices):
        HELD = "held", _("not paid yet")
        TO_SHIP = "to_ship", _("to ship")
        DISPATCHED = "dispatched", _("dispatched")
        RECEIVED = "received", _("received")
        CANCELLED = "cancelled", _("cancelled")

    consignment_no = models.CharField(_("consignment number"), max_length=48, unique=True)
    order = models.ForeignKey("order.Order", models.PROTECT, related_name="consignments")
    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="consignments")
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.HELD)
    destination_code = models.CharField(_("destination"), max_length=6)
    # Printed on the boxes while they are packed; the next shipment of it takes this code as its own.
    next_trace_code = models.CharField(max_length=16, null=True, unique=True, default=new_trace_code, editable=False)

    objects = ConsignmentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["order", "cooperative"], name="one_consignment_a_cooperative")]
        indexes = [models.Index(fields=["cooperative", "state"], name="consignments_to_ship")]
        verbose_name = _("consignment")
        verbose_name_plural = _("consignments")

    def __str__(self) -> str:
        return self.consignment_no

    @property
    def lines(self):
        """This cooperative's lines of the order, and no others."""
        return self.order.lines.filter(partner=self.cooperative.partner_id)


class ShipmentQuerySet(OfCooperativeQuerySet):
    def unassessed(self) -> Self:
        """Shipments whose awards are due to be worked out (again)."""
        return self.filter(is_assessed=False)

    def like(self, *, cooperative: Cooperative, city_code: str, gross_g: int) -> "Shipment | None":
        """The last parcel of `cooperative` to a city that was charged for the same kilograms; None where there was none."""
        billed_g = -(-gross_g // 1000) * 1000
        return (
            self.filter(cooperative=cooperative, destination_code=city_code, billed_g=billed_g, vehicle=None)
            .order_by("-dispatched_on", "-pk")
            .first()
        )

    def with_closed_award(self) -> Self:
        """Shipments an award of which is frozen or settled, so that its inputs stay as they are."""
        return self.filter(awards__state__in=("frozen", "settled")).distinct()


class Shipment(models.Model):
    """A parcel, or a consignment aboard a vehicle, on its way from the day of dispatch (揽收日)."""

    class State(models.TextChoices):
        DISPATCHED = "dispatched", _("on its way")
        RECEIVED = "received", _("received")

    class Receipt(models.TextChoices):
        CARRIER = "carrier", _("signed for with the carrier")
        BUYER = "buyer", _("confirmed by the buyer")
        DEFAULT = "default", _("by default after 10 days")
        ACCEPTANCE = "acceptance", _("accepted by the institution")
        SHEET = "sheet", _("counter's settlement sheet")

    shipment_no = models.CharField(_("shipment number"), max_length=52, unique=True)
    # On the parcel as a QR code (溯源码): by chance, so that nobody reads other people's parcels by counting on.
    trace_code = models.CharField(_("trace code"), max_length=16, unique=True, default=new_trace_code, editable=False)
    consignment = models.ForeignKey(Consignment, models.PROTECT, related_name="shipments")
    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="shipments")
    vehicle = models.ForeignKey(Vehicle, models.PROTECT, null=True, blank=True, related_name="shipments")
    carrier = models.ForeignKey(Carrier, models.PROTECT, related_name="shipments")
    waybill = models.CharField(_("waybill"), max_length=24)
    destination_code = models.CharField(_("destination"), max_length=6)
    net_g = models.PositiveBigIntegerField(_("net weight (g)"))
    gross_g = models.PositiveBigIntegerField(_("gross weight (g)"))
    billed_g = models.PositiveBigIntegerField(_("billed weight (g)"))
    freight_fen = models.PositiveBigIntegerField(_("freight paid to the carrier (fen)"))
    buyer_paid_freight_fen = models.PositiveBigIntegerField(_("freight the buyer paid (fen)"), default=0)
    other_subsidy_fen = models.PositiveBigIntegerField(_("other subsidies for this freight (fen)"), default=0)
    dispatched_at = models.DateTimeField(_("dispatched at"))
    dispatched_on = models.DateField(_("dispatched on"))
    received_on = models.DateField(_("received on"), null=True, blank=True)
    received_how = models.CharField(_("received how"), max_length=10, choices=Receipt.choices, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DISPATCHED)
    refunded_g = models.PositiveBigIntegerField(_("refunded (g)"), default=0)
    # False rings nothing by itself: the sweep takes every row that is not assessed, the bell only makes it sooner.
    is_assessed = models.BooleanField(_("assessed"), default=False)

    objects = ShipmentQuerySet.as_manager()

    class Meta:
        ordering = ["dispatched_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["carrier", "waybill"], name="one_use_a_waybill"),
            models.CheckConstraint(
                condition=Q(net_g__gt=0, gross_g__gte=F("net_g"), billed_g__gt=0), name="shipment_weights"
            ),
            models.CheckConstraint(condition=Q(refunded_g__lte=F("net_g")), name="shipment_refunded_weight"),
            models.CheckConstraint(
                condition=Q(state="dispatched", received_on__isnull=True, received_how="")
                | (Q(state="received", received_on__gte=F("dispatched_on")) & ~Q(received_how="")),
                name="shipment_received_when_and_how",
            ),
        ]
        indexes = [
            models.Index(fields=["cooperative", "dispatched_on"], name="shipments_by_cooperative"),
            models.Index(fields=["is_assessed"], condition=Q(is_assessed=False), name="shipments_unassessed"),
        ]
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")

    def __str__(self) -> str:
        return self.shipment_no


class ShipmentLine(models.Model):
    """The grams of an order line aboard a shipment (发运明细). A line travels whole, so its lots are the shipment's."""

    shipment = models.ForeignKey(Shipment, models.PROTECT, related_name="lines")
    line = models.OneToOneField("order.Line", models.PROTECT, related_name="shipment_line")
    produce = models.ForeignKey(Produce, models.PROTECT, related_name="+")
    net_g = models.PositiveBigIntegerField(_("net weight (g)"))

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(net_g__gt=0), name="shipment_line_weighs_something"),
        ]
        verbose_name = _("shipment line")
        verbose_name_plural = _("shipment lines")
