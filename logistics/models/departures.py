"""Where buyers can have their goods put: direct trucks with their stops (直通车), and counters in Tai'an shops (专柜)."""

import datetime as dt
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .transport import Vehicle, city_name


class DepartureQuerySet(models.QuerySet):
    def open_at(self, moment: dt.datetime) -> Self:
        """Departures that take orders at `moment`."""
        return self.filter(state=Departure.State.OPEN, cut_off_at__gt=moment)

    def with_room_for(self, g: int) -> Self:
        """Departures on which so many gross grams still fit."""
        return self.filter(booked_g__lte=F("capacity_g") - g)

    def with_city(self) -> Self:
        """Each with the name of its `city`."""
        return self.annotate(city=city_name("city_code"))

    def to_city(self, code: str) -> Self:
        return self.filter(city_code=code)


class Departure(models.Model):
    """A direct truck that is going to leave: orders are taken until its cut-off, as far as it has room.

    `booked_g` is the gross weight of the orders that ride on it; it changes only by conditional UPDATEs. The `vehicle` is
    the trip that it became.
    """

    class State(models.TextChoices):
        OPEN = "open", _("takes orders")
        LEFT = "left", _("on its way")
        CANCELLED = "cancelled", _("cancelled")

    departure_no = models.CharField(_("departure number"), max_length=40, unique=True)
    city_code = models.CharField(_("city"), max_length=6)
    cut_off_at = models.DateTimeField(_("orders until"))
    leaves_at = models.DateTimeField(_("leaves at"))
    capacity_g = models.PositiveBigIntegerField(_("room (g)"))
    booked_g = models.PositiveBigIntegerField(_("booked (g)"), default=0)
    least_g = models.PositiveBigIntegerField(_("goes from (g)"), default=0)
    fen_per_kg = models.PositiveIntegerField(_("freight (fen per kg)"))
    is_refrigerated = models.BooleanField(_("refrigerated"), default=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    vehicle = models.OneToOneField(Vehicle, models.PROTECT, null=True, blank=True, related_name="departure")

    objects = DepartureQuerySet.as_manager()

    class Meta:
        ordering = ["leaves_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(booked_g__lte=F("capacity_g")), name="departure_has_room"),
            models.CheckConstraint(condition=Q(least_g__lte=F("capacity_g")), name="departure_can_go"),
            models.CheckConstraint(condition=Q(cut_off_at__lte=F("leaves_at")), name="departure_cut_off_first"),
        ]
        indexes = [models.Index(fields=["state", "cut_off_at"], name="departures_open")]
        verbose_name = _("departure")
        verbose_name_plural = _("departures")

    def __str__(self) -> str:
        return self.departure_no

    @property
    def room_g(self) -> int:
        """The gross grams that still fit."""
        return self.capacity_g - self.booked_g

    def is_open_at(self, moment: dt.datetime) -> bool:
        """Whether it takes orders at `moment`, as `open_at` asks the database."""
        return self.state == self.State.OPEN and self.cut_off_at > moment


class Stop(models.Model):
    """Where a direct truck hands out what was ordered, and when."""

    departure = models.ForeignKey(Departure, models.CASCADE, related_name="stops")
    name = models.CharField(_("stop"), max_length=60)
    address = models.CharField(_("address"), max_length=120)
    area_code = models.CharField(_("district"), max_length=6)
    opens_at = models.DateTimeField(_("handed out from"))
    closes_at = models.DateTimeField(_("handed out until"))

    class Meta:
        ordering = ["opens_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(opens_at__lt=F("closes_at")), name="stop_opens_before_it_closes"),
            models.UniqueConstraint(fields=["departure", "name"], name="one_stop_of_a_name"),
        ]
        verbose_name = _("stop")
        verbose_name_plural = _("stops")

    def __str__(self) -> str:
        return self.name


class Counter(models.Model):
    """A counter in a Shandong shop (专柜) that hands out what was ordered online."""

    code = models.CharField(_("code"), max_length=12, unique=True)
    name = models.CharField(_("counter"), max_length=60)
    address = models.CharField(_("address"), max_length=120)
    area_code = models.CharField(_("district"), max_length=6)
    hours = models.CharField(_("opening hours"), max_length=60)
    is_open = models.BooleanField(_("takes orders"), default=True)

    class Meta:
        ordering = ["area_code", "code"]
        verbose_name = _("counter")
        verbose_name_plural = _("counters")

    def __str__(self) -> str:
        return self.name
