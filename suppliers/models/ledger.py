"""What is grown, how it is packed, and the purchase ledger (收购台账): what was bought from whom."""

import datetime as dt
import secrets
from typing import Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from ..base import access
from .people import COUNTED_CATEGORIES, Cooperative, Household, HouseholdStatus, TownshipStaff, counts_as

month_day = RegexValidator(r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", _("Write the day as month-day, such as 09-20."))


class ProduceQuerySet(models.QuerySet):
    def households_supplying(self, *, since: dt.date, on: dt.date) -> dict[int, int]:
        """For each of these, by id: distinct registered households with a verified lot bought from `since` to `on`."""
        lots = (
            PurchaseLot.objects.filter(produce__in=self, bought_on__gte=since, bought_on__lte=on).verified().eligible()
        )
        return dict(
            lots.values("produce").annotate(n=models.Count(counts_as(on), distinct=True)).values_list("produce", "n")
        )


class Produce(models.Model):
    """What a cooperative buys from households and sells: winter peaches of C01. Purchase lots are lots of it."""

    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="produce", verbose_name=_("cooperative"))
    code = models.CharField(_("code"), max_length=12)
    name = models.CharField(_("name"), max_length=60)
    variety = models.CharField(_("variety"), max_length=60, blank=True)
    category = models.CharField(_("category"), max_length=20)
    harvest_from = models.CharField(_("harvest from"), max_length=5, validators=[month_day])
    harvest_to = models.CharField(_("harvest to"), max_length=5, validators=[month_day])
    shelf_life_days = models.PositiveSmallIntegerField(_("shelf life (days)"))
    is_cold_chain = models.BooleanField(_("travels refrigerated"), default=False)
    is_b2b_only = models.BooleanField(_("for institutions only"), default=False)
    geographical_indication = models.CharField(_("geographical indication"), max_length=60, blank=True)
    # Of goods that other goods are made into, so much comes out (出成率); what is written outside of it is refused.
    yield_least_bp = models.PositiveIntegerField(_("least yield (bp)"), default=0)
    yield_most_bp = models.PositiveIntegerField(_("most yield (bp)"), default=10_000)

    objects = ProduceQuerySet.as_manager()

    class Meta:
        ordering = ["code", "cooperative"]
        constraints = [
            models.UniqueConstraint(fields=["cooperative", "code"], name="one_produce_a_cooperative"),
            models.CheckConstraint(
                condition=Q(yield_least_bp__lte=F("yield_most_bp"), yield_most_bp__lte=10_000), name="yield_is_a_share"
            ),
        ]
        verbose_name = _("produce")
        verbose_name_plural = _("produce")

    def __str__(self) -> str:
        return self.name


class PackQuerySet(models.QuerySet):
    def on_sale(self) -> Self:
        """Packs that are in the shop: their product is public, and who sells them is not suspended."""
        return self.filter(product__is_public=True, produce__cooperative__suspended_at=None)


class Pack(models.Model):
    """How produce is sold (规格): one Oscar product each, with its weights. Bulk is sold by the kilogram."""

    product = models.OneToOneField("catalogue.Product", models.CASCADE, primary_key=True, related_name="pack")
    produce = models.ForeignKey(Produce, models.PROTECT, related_name="packs")
    sku = models.CharField(_("SKU"), max_length=20)
    spec = models.CharField(_("specification"), max_length=40)
    net_g = models.PositiveIntegerField(_("net weight (g)"))
    gross_g = models.PositiveIntegerField(_("gross weight (g)"))
    is_per_kg = models.BooleanField(_("sold by the kilogram"), default=False)

    objects = PackQuerySet.as_manager()

    class Meta:
        ordering = ["is_per_kg", "net_g"]
        constraints = [
            models.UniqueConstraint(fields=["produce", "sku"], name="one_pack_a_sku"),
            models.CheckConstraint(condition=Q(net_g__gt=0, gross_g__gte=F("net_g")), name="pack_weights"),
        ]
        verbose_name = _("pack")
        verbose_name_plural = _("packs")

    def __str__(self) -> str:
        return f"{self.produce} {self.spec}"

    @property
    def is_suspended(self) -> bool:
        """Whether who sells it is suspended, so that nobody can buy it now."""
        return self.produce.cooperative.suspended_at is not None

    @property
    def is_for_institutions(self) -> bool:
        """Bulk goods, and what law keeps from private persons, are bought by institutions on a quote."""
        return self.is_per_kg or self.produce.is_b2b_only


def eligible_on_purchase() -> models.Exists:
    """Whether a lot's household was registered on the day it sold the goods, for use in a lot queryset."""
    sold_on = Coalesce(models.OuterRef("household_sold_on"), models.OuterRef("bought_on"))
    return models.Exists(
        HouseholdStatus.objects.on(sold_on)
        .approved()
        .filter(household=models.OuterRef("household"), category__in=COUNTED_CATEGORIES)
    )


def unpaid_lot(path: str = "") -> Q:
    """Lots whose household is not paid; `path` leads to the lot. Of goods carried on, the slip they go back to says it."""
    return Q(**{f"{path}slip": None, f"{path}paid_on": None}) | Q(
        **{f"{path}slip__isnull": False, f"{path}slip__paid_on": None}
    )


class PurchaseLotQuerySet(models.QuerySet):
    def verified(self) -> Self:
        """Lots paid through the bank, confirmed by the household or checked at the township, that stand."""
        return self.filter(verified_at__isnull=False, reversed_at__isnull=True)

    def unverified(self) -> Self:
        """Lots that stand and do not count yet."""
        return self.filter(verified_at__isnull=True, reversed_at__isnull=True)

    def bought(self) -> Self:
        """Lots that were bought, not carried on from other lots."""
        return self.filter(carried_from__isnull=True)

    def standing(self) -> Self:
        """Lots that no correction took back."""
        return self.filter(reversed_at__isnull=True)

    def with_cost(self) -> Self:
        """Each with what it costs (`cost_fen`): grams times price, half up, as `price_of` has it."""
        doubled = models.F("g") * models.F("fen_per_kg") * 2 + 1000
        return self.annotate(cost_fen=models.ExpressionWrapper(doubled / 2000, output_field=models.BigIntegerField()))

    def owed(self) -> Self:
        """Slips of households that stand and are not paid, verified or not. What was carried on was bought before, elsewhere."""
        return self.standing().filter(household__isnull=False, carried_from=None, paid_on=None)

    def account(self) -> dict[str, int]:
        """What these slips of households cost (`bought_fen`), what of it is paid (`paid_fen`) and owed (`owed_fen`)."""
        own = self.standing().filter(household__isnull=False, carried_from=None).with_cost()
        return own.aggregate(
            bought_fen=models.Sum("cost_fen", default=0),
            paid_fen=models.Sum("paid_fen", default=0),
            owed_fen=models.Sum("cost_fen", filter=Q(paid_on=None), default=0),
        )

    def disputed(self) -> Self:
        """Lots that somebody says are wrong, and nobody has decided yet."""
        # In one filter, so that both are asked of the same dispute.
        return self.filter(disputes__opened_at__isnull=False, disputes__closed_at__isnull=True)

    def with_dispute(self) -> Self:
        """Each with `is_disputed`: a dispute about it is open."""
        disputed = PurchaseLot.objects.disputed().filter(pk=models.OuterRef("pk"))
        return self.annotate(is_disputed=models.Exists(disputed))

    def unpaid(self) -> Self:
        """Lots of households that stand and whose payment nobody wrote down."""
        return self.standing().filter(paid_on__isnull=True, household__isnull=False)

    def costs(self) -> dict[str, int]:
        """Of these: how many (`slips`), their grams (`bought_g`) and what they cost, each rounded to the fen (`cost_fen`)."""
        # Half up in whole numbers, as money.price_of.
        cost = (F("g") * F("fen_per_kg") * 2 + 1000) / 2000
        return self.aggregate(
            slips=models.Count("pk"),
            bought_g=models.Sum("g", default=0),
            cost_fen=models.Sum(models.ExpressionWrapper(cost, output_field=models.BigIntegerField()), default=0),
        )

    def paid_to_households(self, *, on: dt.date) -> dict[str, int]:
        """Of the lots from households: `bought_g`, `fen_g` (fen per kilogram times grams), and how many `households` (as on a day)."""
        return self.filter(household__isnull=False).aggregate(
            bought_g=models.Sum("g", default=0),
            fen_g=models.Sum(models.F("g") * models.F("fen_per_kg"), default=0, output_field=models.BigIntegerField()),
            households=models.Count(counts_as(on), distinct=True),
        )

    def sums(self) -> dict[str, int]:
        """What of these was bought, sold here, withdrawn and is left (`bought_g`, `sold_g`, `withdrawn_g`, `left_g`)."""
        return self.standing().aggregate(
            # First: what is named withdrawn_g below is no column any more for what follows.
            left_g=models.Sum(F("g") - F("drawn_g") - F("withdrawn_g"), default=0),
            bought_g=models.Sum("g", filter=Q(carried_from__isnull=True), default=0),
            sold_g=models.Sum("drawn_g", default=0),
            withdrawn_g=models.Sum("withdrawn_g", default=0),
        )

    def eligible(self) -> Self:
        """Lots of households that were registered on the day of purchase."""
        return self.filter(eligible_on_purchase())

    def with_goods_left(self) -> Self:
        return self.filter(drawn_g__lt=F("g") - F("withdrawn_g"))

    def first_in_first_out(self) -> Self:
        return self.order_by("bought_on", "pk")

    def visible_to(self, user) -> Self:
        """The county's offices see all, a township those of its households, a cooperative its own."""
        if access.has_role(user, *access.READS_EVIDENCE):
            return self
        own = Q(produce__cooperative__in=Cooperative.objects.visible_to(user))
        if access.has_role(user, access.TOWNSHIP):
            post = TownshipStaff.objects.filter(user=user).values("township")
            own |= Q(household__village__township__in=post)
        return self.filter(own)


def new_code() -> str:
    """A word that nobody guesses, for an address that is its own key."""
    return secrets.token_urlsafe(12)


class BatchQuerySet(models.QuerySet):
    def with_left(self) -> Self:
        """Each with the grams left in its lots (`left_g`) and how many lots it has (`lot_count`)."""
        left = F("lots__g") - F("lots__drawn_g") - F("lots__withdrawn_g")
        # Said outright: with sums Django forgets the order of the model.
        summed = self.annotate(left_g=models.Sum(left, default=0), lot_count=models.Count("lots"))
        return summed.order_by("-packed_on", "-pk")

    def with_goods_left(self) -> Self:
        return self.with_left().filter(left_g__gt=0)


class Batch(models.Model):
    """Lots of one produce that are packed together (批次), named at packing; `trace_code` is printed on the boxes."""

    produce = models.ForeignKey(Produce, models.PROTECT, related_name="batches")
    trace_code = models.CharField(_("trace code"), max_length=24, unique=True)
    packed_on = models.DateField(_("packed on"))
    note = models.CharField(_("note"), max_length=120, blank=True)
    made_at = models.DateTimeField(_("made at"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = BatchQuerySet.as_manager()

    class Meta:
        ordering = ["-packed_on", "-pk"]
        verbose_name = _("batch")
        verbose_name_plural = _("batches")

    def __str__(self) -> str:
        return self.trace_code


class PurchaseLot(models.Model):
    """A purchase slip: so many grams of a produce bought from a household (or, with none, another source) on a day.

    What was written is never edited (a trigger): a slip that is wrong is taken back whole (`reversed_at`) while nothing
    of it has gone, and written anew. `drawn_g`, the grams sold here, only rises; `withdrawn_g` are those that went another
    way (`Withdrawal`). A lot whose goods came from a batch, own or another cooperative's, has one row for each lot it
    carries on (`carried_from`): `bought_on` is then the day the goods came, `household_sold_on` the day the household sold.
    """

    class Verified(models.TextChoices):
        BANK = "bank", _("paid through the bank")
        HOUSEHOLD = "household", _("confirmed by the household")
        TOWNSHIP = "township", _("checked at the township")

    class Signed(models.TextChoices):
        SIGNATURE = "signature", _("signature")
        FINGERPRINT = "fingerprint", _("fingerprint")

    lot_no = models.CharField(_("lot number"), max_length=32, unique=True)
    produce = models.ForeignKey(Produce, models.PROTECT, related_name="lots")
    household = models.ForeignKey(Household, models.PROTECT, null=True, blank=True, related_name="lots")
    grade = models.CharField(_("grade"), max_length=20, blank=True)
    g = models.PositiveBigIntegerField(_("weight (g)"))
    drawn_g = models.PositiveBigIntegerField(_("sold (g)"), default=0)
    fen_per_kg = models.PositiveIntegerField(_("price (fen per kg)"))
    bought_on = models.DateField(_("bought on"))
    entered_at = models.DateTimeField(_("entered at"))
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    voucher = models.CharField(_("voucher"), max_length=60, blank=True)
    verified_how = models.CharField(_("verified how"), max_length=10, choices=Verified.choices, blank=True)
    verified_at = models.DateTimeField(_("verified at"), null=True, blank=True)
    verified_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    paid_on = models.DateField(_("paid on"), null=True, blank=True)
    paid_fen = models.PositiveBigIntegerField(_("paid (fen)"), null=True, blank=True)
    # A phone without network makes this key, so a slip sent again is the same slip.
    entry_key = models.UUIDField(_("key of the entry"), null=True, blank=True, unique=True, editable=False)
    signed_how = models.CharField(_("signed with"), max_length=12, choices=Signed.choices, blank=True)
    # The household opens its slip with this.
    household_key = models.CharField(max_length=24, null=True, blank=True, unique=True, editable=False)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="lots")
    withdrawn_g = models.PositiveBigIntegerField(_("withdrawn (g)"), default=0)
    carried_from = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="carried_on")
    household_sold_on = models.DateField(_("sold by the household on"), null=True, blank=True)
    # How it was carried on, and the slip on which its household sold the goods, however long the chain.
    carry_on = models.ForeignKey("CarryOn", models.PROTECT, null=True, blank=True, related_name="lots")
    slip = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    corrects = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="corrected_by")
    reversed_at = models.DateTimeField(_("taken back at"), null=True, blank=True)
    reversed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reversed_why = models.CharField(_("why it was taken back"), max_length=120, blank=True)

    objects = PurchaseLotQuerySet.as_manager()

    class Meta:
        ordering = ["bought_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(g__gt=0), name="lot_weighs_something"),
            models.CheckConstraint(condition=Q(drawn_g__lte=F("g") - F("withdrawn_g")), name="lot_is_not_overdrawn"),
            models.CheckConstraint(
                condition=Q(carried_from__isnull=True, household_sold_on__isnull=True)
                | Q(carried_from__isnull=False, household_sold_on__lte=F("bought_on"))
                | Q(carried_from__isnull=False, household__isnull=True, household_sold_on__isnull=True),
                name="lot_carried_on_keeps_the_day_of_its_household",
            ),
            models.CheckConstraint(
                condition=Q(carried_from__isnull=True, carry_on__isnull=True, slip__isnull=True)
                | Q(carried_from__isnull=False, carry_on__isnull=False, slip__isnull=False),
                name="lot_carried_on_says_how_and_from_which_slip",
            ),
            models.CheckConstraint(
                condition=Q(reversed_at__isnull=True, reversed_why="")
                | (Q(reversed_at__isnull=False, drawn_g=0, withdrawn_g=0, paid_on__isnull=True) & ~Q(reversed_why="")),
                name="lot_taken_back_whole_and_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(verified_how="", verified_at__isnull=True)
                | (~Q(verified_how="") & Q(verified_at__isnull=False)),
                name="lot_verified_how_and_when",
            ),
            models.CheckConstraint(
                condition=Q(paid_on__isnull=True, paid_fen__isnull=True)
                | Q(paid_on__isnull=False, paid_fen__isnull=False),
                name="lot_paid_when_and_how_much",
            ),
            # Only what was verified is sold from: a lot with goods drawn has its evidence.
            models.CheckConstraint(
                condition=Q(drawn_g=0) | Q(verified_at__isnull=False), name="lot_drawn_only_when_verified"
            ),
        ]
        indexes = [models.Index(fields=["produce", "bought_on", "id"], name="lot_fifo")]
        verbose_name = _("purchase lot")
        verbose_name_plural = _("purchase lots")

    def __str__(self) -> str:
        return self.lot_no

    @property
    def left_g(self) -> int:
        """The grams that are still there: neither sold nor gone another way."""
        return 0 if self.reversed_at else self.g - self.drawn_g - self.withdrawn_g


class Withdrawal(models.Model):
    """Grams of a lot that went another way than into a sale here. Only grows: a reversal is negative and names its original."""

    class Kind(models.TextChoices):
        GRADED_OUT = "graded_out", _("graded out")
        LOST = "lost", _("lost")
        SOLD_ELSEWHERE = "elsewhere", _("sold elsewhere")
        CARRIED_ON = "carried_on", _("carried on")

    lot = models.ForeignKey(PurchaseLot, models.PROTECT, related_name="withdrawals")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    g = models.BigIntegerField(_("weight (g)"))
    withdrawn_on = models.DateField(_("withdrawn on"))
    fen_per_kg = models.PositiveIntegerField(_("price (fen per kg)"), null=True, blank=True)
    buyer = models.CharField(_("sold to"), max_length=60, blank=True)
    carry_on = models.ForeignKey("CarryOn", models.PROTECT, null=True, blank=True, related_name="withdrawals")
    note = models.CharField(_("note"), max_length=120, blank=True)
    made_at = models.DateTimeField(_("made at"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reverses = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="reversal")

    class Meta:
        ordering = ["withdrawn_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(reverses__isnull=True, g__gt=0) | Q(reverses__isnull=False, g__lt=0),
                name="withdrawal_sign",
            ),
            models.CheckConstraint(
                condition=Q(kind="carried_on", carry_on__isnull=False)
                | (~Q(kind="carried_on") & Q(carry_on__isnull=True)),
                name="goods_carried_on_went_somewhere",
            ),
            models.CheckConstraint(
                condition=Q(kind="elsewhere") | Q(fen_per_kg__isnull=True, buyer=""),
                name="only_what_was_sold_has_a_buyer",
            ),
        ]
        verbose_name = _("withdrawal")
        verbose_name_plural = _("withdrawals")
