"""Who declares a harvest, and the questions he is asked: a cooperative, a household by its link, a village collector.

One question a screen. What was answered is kept as it was written (SupplyDraft) until it is declared, so a phone that
goes off loses nothing; every answer is looked at again when it is.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import ExpressionWrapper, Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

import suppliers.actions
from shop.preorders import actions as preorders
from suppliers import board, harvests, weighing
from suppliers.base import days, pictures
from suppliers.base.fields import AmountField, DayField, PlainCharField
from suppliers.forms import G_OF, JIN, UNITS
from suppliers.models import (
    Collector,
    Cooperative,
    Household,
    Membership,
    Produce,
    SupplyDeclaration,
    SupplyDraft,
    SupplyKey,
    Village,
)

CONFIDENCE = [
    (SupplyDeclaration.Confidence.CERTAIN, _("Certain: nothing but hail can take it")),
    (SupplyDeclaration.Confidence.LIKELY, _("Likely: it looks well")),
    (SupplyDeclaration.Confidence.MAYBE, _("Maybe: too early to say")),
]


@dataclass(frozen=True)
class Teller:
    """Who speaks: `owner` names his draft, `at` and `args` his pages, `user` who is signed in (None by a link)."""

    owner: str
    at: str
    base: str
    user: object = None
    args: tuple = ()
    produce: tuple[Produce, ...] = ()
    cooperative: Cooperative | None = None
    household: Household | None = None
    villages: tuple[Village, ...] = ()

    @property
    def steps(self) -> tuple[str, ...]:
        return (*(("where",) if self.villages else ()), "what", "variety", "amount", "when", "price", "sure")

    def url(self, step: str) -> str:
        return reverse(self.at, args=(*self.args, step))

    @property
    def home(self) -> str:
        return reverse(f"{self.at}s", args=self.args)

    def declarations(self):
        """What he has declared and may speak about again."""
        rows = SupplyDeclaration.objects.standing().filter(ends_on__gte=days.today())
        if self.villages:
            rows = rows.filter(declared_by=self.user, village__in=self.villages)
        elif self.household:
            rows = rows.filter(household=self.household, produce__cooperative=self.cooperative)
        else:
            rows = rows.of(self.cooperative)
        rows = rows.select_related("produce__cooperative", "household", "village").defer("photo")
        return rows.annotate(has_photo=ExpressionWrapper(Q(photo__isnull=False), models.BooleanField()))


def of_cooperative(cooperative: Cooperative, user) -> Teller:
    return Teller(
        owner=f"user-{user.pk}-{cooperative.pk}",
        at="supply_declare",
        base="cooperative/base.html",
        user=user,
        produce=tuple(Produce.objects.filter(cooperative=cooperative)),
        cooperative=cooperative,
    )


def of_key(key: SupplyKey) -> Teller:
    return Teller(
        owner=f"key-{key.pk}",
        at="supply:mine_declare",
        base="supply/teller.html",
        args=(key.key,),
        produce=tuple(Produce.objects.filter(cooperative=key.cooperative_id)),
        cooperative=key.cooperative,
        household=key.household,
    )


def of_collector(user) -> Teller:
    villages = Village.objects.filter(pk__in=Collector.objects.of(user).values("village")).select_related("township")
    return Teller(
        owner=f"collector-{user.pk}",
        at="supply:collect_declare",
        base="supply/teller.html",
        user=user,
        produce=tuple(Produce.objects.select_related("cooperative")),
        villages=tuple(villages),
    )


class Question(forms.Form):
    """One screen. `said` is the answer as suppliers.actions.declare_supply takes it."""

    title = ""

    def __init__(self, data=None, *, teller: Teller, answers: dict):
        super().__init__(data)
        self.teller, self.answers = teller, answers

    @property
    def said(self) -> dict:
        return self.cleaned_data

    def hidden(self) -> tuple[str, ...]:
        """Fields that are asked only when it comes to that."""
        return ()


class Where(Question):
    title = _("Whose harvest is it?")
    village = forms.ChoiceField(label=_("Village"))
    household = PlainCharField(
        label=_("Number of the household"),
        max_length=20,
        required=False,
        help_text=_("One household: its number. Several: leave this empty."),
    )
    households = forms.IntegerField(
        label=_("From how many households?"),
        required=False,
        min_value=1,
        max_value=suppliers.actions.MOST_HOUSEHOLDS_DECLARED,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["village"].choices = [(v.pk, f"{v.township.name} {v.name}") for v in self.teller.villages]

    def clean(self):
        data = super().clean()
        number, count = data.get("household"), data.get("households")
        if number:
            found = Household.objects.filter(household_no__iexact=number, village=data.get("village", "")).first()
            if found is None:
                self.add_error("household", _("No household of this village has this number."))
            data["household"] = found
        elif not count and not self.errors:
            self.add_error("households", _("Write one household's number, or how many households it is."))
        return data

    @property
    def said(self) -> dict:
        data = self.cleaned_data
        return {
            "village": Village.objects.get(pk=data["village"]),
            "household": data["household"] or None,
            "households": None if data["household"] else data["households"],
        }


class What(Question):
    title = _("What will be picked?")
    what = forms.ChoiceField(label=_("Product"), widget=forms.RadioSelect)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.teller.villages:
            kinds = [(code, name) for code, name in board.kinds().items()]
            bound = [(p.pk, f"{p.name} · {p.cooperative.name}") for p in self.teller.produce]
            self.fields["what"].choices = [
                (_("No cooperative yet"), kinds),
                (_("For a cooperative"), bound),
            ]
        else:
            self.fields["what"].choices = [(p.pk, p.name) for p in self.teller.produce]

    @property
    def said(self) -> dict:
        what = self.cleaned_data["what"]
        found = next((p for p in self.teller.produce if str(p.pk) == what), None)
        return {"produce": found} if found else {"kind": what}


class Variety(Question):
    title = _("Which variety and grade?")
    variety = PlainCharField(label=_("Variety"), max_length=30, required=False)
    grade = PlainCharField(label=_("Grade"), max_length=20, required=False)


class Amount(Question):
    title = _("How much will it be?")
    weight = AmountField(
        label=_("Weight in all"),
        min_value=0,
        required=False,
        help_text=_("Not known yet? Leave it empty and write the land or the trees: then it is reckoned."),
    )
    weight_unit = forms.ChoiceField(label=_("Unit of the weight"), choices=UNITS, initial=JIN, widget=forms.RadioSelect)
    mu = AmountField(label=_("Land (mu)"), min_value=0, required=False)
    trees = forms.IntegerField(
        label=_("Trees"), required=False, min_value=0, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )
    unusual_why = PlainCharField(
        label=_("Why is it so much, or so little?"), max_length=120, required=False, help_text=_("A few words will do.")
    )

    def hidden(self) -> tuple[str, ...]:
        asked = "unusual_why" in self.errors or (self.is_bound and self.data.get("unusual_why"))
        return () if asked else ("unusual_why",)

    def clean(self):
        data = super().clean()
        if self.errors:
            return data
        land = {"mu_hundredths": int((data.get("mu") or 0) * 100), "trees": data.get("trees") or 0}
        usual = suppliers.actions.yields().get(_kind_of(self.answers, self.teller), harvests.Yields())
        g = weighing.grams(data["weight"], data["weight_unit"]) if data.get("weight") else usual.estimate_g(**land)
        if not g:
            self.add_error("weight", _("Write the weight; for this product it cannot be reckoned from land or trees."))
            return data
        try:
            suppliers.actions.check_amount(
                _kind_of(self.answers, self.teller), g, unusual_why=data["unusual_why"], **land
            )
        except ValidationError as error:
            for name, words in error.message_dict.items():
                self.add_error("weight" if name == "g" else name, words)
        data["g"] = g
        return data

    @property
    def said(self) -> dict:
        data = self.cleaned_data
        return {
            "g": data["g"],
            "mu_hundredths": int(data["mu"] * 100) if data["mu"] else None,
            "trees": data["trees"] or None,
            "unusual_why": data["unusual_why"],
        }


class When(Question):
    title = _("When will it be picked?")
    starts_on = DayField(label=_("First day of picking"))
    ends_on = DayField(label=_("Last day of picking"))

    def clean(self):
        data = super().clean()
        if not self.errors:
            try:
                suppliers.actions.check_harvest_days(data["starts_on"], data["ends_on"])
            except ValidationError as error:
                for name, words in error.message_dict.items():
                    self.add_error(name, words)
        return data


class Price(Question):
    title = _("What price do you hope for?")
    price = AmountField(label=_("Price (yuan)"), required=False, min_value=0, max_value=100_000)
    price_unit = forms.ChoiceField(label=_("Price per"), choices=UNITS, initial=JIN, widget=forms.RadioSelect)

    @property
    def said(self) -> dict:
        data = self.cleaned_data
        if not data["price"]:
            return {"fen_per_kg": None}
        return {"fen_per_kg": weighing.fen_per_kg(data["price"], data["price_unit"])}


class Sure(Question):
    title = _("How sure is it?")
    confidence = forms.ChoiceField(
        label=_("How sure"), choices=CONFIDENCE, widget=forms.RadioSelect, initial=SupplyDeclaration.Confidence.LIKELY
    )


QUESTIONS: dict[str, type[Question]] = {
    "where": Where, "what": What, "variety": Variety, "amount": Amount, "when": When, "price": Price, "sure": Sure,
}  # fmt: skip
CHECK = "check"


def _kind_of(answers: dict, teller: Teller) -> str:
    """The kind of produce that was answered, empty before."""
    what = str(answers.get("what", {}).get("what", ""))
    return next((p.code for p in teller.produce if str(p.pk) == what), what)


@dataclass(frozen=True)
class Draft:
    """The answers so far of a teller."""

    teller: Teller
    answers: dict = field(default_factory=dict)

    @classmethod
    def of(cls, teller: Teller) -> "Draft":
        kept = SupplyDraft.objects.filter(owner=teller.owner).first()
        return cls(teller, kept.answers if kept else {})

    def form(self, step: str, data=None) -> Question:
        """The question of `step`, answered with `data`, else with what was answered before."""
        kept = self.answers.get(step)
        return QUESTIONS[step](data if data is not None else kept, teller=self.teller, answers=self.answers)

    def keep(self, step: str, form: Question) -> None:
        """Keep what was answered to `step`."""
        # A weight of a hundred digits is refused by its form, so all that comes here is short.
        answers = self.answers | {step: {name: form.data.get(name, "") for name in form.fields}}
        _store(self.teller, answers)

    def missing(self) -> str | None:
        """The first step that is not answered, or no longer well; None when all are."""
        return next(
            (step for step in self.teller.steps if step not in self.answers or not self.form(step).is_valid()), None
        )

    @property
    def harvest(self) -> dict:
        """All of it as suppliers.actions.declare_supply takes it."""
        said: dict = {}
        for step in self.teller.steps:
            form = self.form(step)
            form.is_valid()
            said |= form.said
        if self.teller.household:
            said["household"] = self.teller.household
        return said


def _store(teller: Teller, answers: dict) -> None:
    SupplyDraft.objects.update_or_create(owner=teller.owner, defaults={"answers": answers, "touched_at": days.now()})


def discard(teller: Teller) -> None:
    """Begin anew."""
    SupplyDraft.objects.filter(owner=teller.owner).delete()


def restate(teller: Teller, older: SupplyDeclaration) -> None:
    """Speak again about a harvest that was declared: its answers are the draft, and the new word will replace it."""
    discard(teller)
    answers = {
        "what": {"what": str(older.produce_id or older.kind)},
        "variety": {"variety": older.variety, "grade": older.grade},
        "amount": {
            "weight": f"{Decimal(older.g) / G_OF[JIN]:f}",
            "weight_unit": JIN,
            "mu": f"{Decimal(older.mu_hundredths) / 100:f}" if older.mu_hundredths else "",
            "trees": older.trees or "",
            "unusual_why": older.unusual_why,
        },
        "when": {"starts_on": older.starts_on.isoformat(), "ends_on": older.ends_on.isoformat()},
        "price": {"price": f"{Decimal(older.fen_per_kg) / 200:f}" if older.fen_per_kg else "", "price_unit": JIN},
        "sure": {"confidence": older.confidence},
        "replaces": older.pk,
    }
    if teller.villages:
        answers["where"] = {
            "village": older.village_id,
            "household": older.household.household_no if older.household else "",
            "households": older.households or "",
        }
    _store(teller, answers)


@transaction.atomic
def declare(draft: Draft, *, photo: bytes | None) -> SupplyDeclaration:
    """Declare what `draft` says, and bring open pre-sales up to it.

    Raises ValidationError by field as declare_supply does, and where the same answers were declared a moment ago.
    """
    teller, said = draft.teller, draft.harvest
    # Taking the draft away is the lock: of two presses one finds it, the other waits and finds nothing.
    if not SupplyDraft.objects.filter(owner=teller.owner).delete()[0]:
        raise ValidationError(gettext("This harvest was written down already."))
    replaces = teller.declarations().filter(pk=draft.answers.get("replaces")).first()
    if teller.villages and said.get("household") and "kind" in said:
        said = _tied(said)
    # What a cooperative says again about a household's harvest stays that household's.
    if replaces and not teller.villages and not teller.household:
        said |= {"household": replaces.household, "households": replaces.households, "village": replaces.village}
    if replaces and replaces.produce_id != getattr(said.get("produce"), "pk", None):
        replaces = None  # another product is another harvest
    told = suppliers.actions.declare_supply(**said, photo=photo, replaces=replaces, by=teller.user)
    if told.produce:
        preorders.follow_declarations(produce=told.produce)
    return told


def _tied(said: dict) -> dict:
    """A household that delivers to one cooperative which buys this kind speaks to that one."""
    produce = Produce.objects.filter(
        code=said["kind"],
        cooperative__in=Membership.objects.on(days.today()).filter(household=said["household"]).values("cooperative"),
    )
    if produce.count() != 1:
        return said
    return {name: value for name, value in said.items() if name != "kind"} | {"produce": produce.get()}


@transaction.atomic
def call_off(teller: Teller, declaration: SupplyDeclaration) -> None:
    """Nothing will come of it; open pre-sales follow."""
    if suppliers.actions.call_off_supply(declaration=declaration) and declaration.produce:
        preorders.follow_declarations(produce=declaration.produce)


class PhotoForm(forms.Form):
    """A photo, if there is one, redrawn."""

    photo = forms.FileField(label=_("Photo of it"), required=False, widget=forms.FileInput(attrs={"accept": "image/*"}))

    def clean_photo(self) -> bytes | None:
        upload = self.cleaned_data["photo"]
        return pictures.redrawn(upload) if upload else None


def stale(cooperative: Cooperative) -> list[SupplyDeclaration]:
    """What `cooperative` should say again, because it begins soon and was said long ago."""
    rows = SupplyDeclaration.objects.stale_on(days.today()).of(cooperative).filter(Q(household=None))
    return list(rows.select_related("produce").defer("photo")[:5])


def summary(draft: Draft) -> list[tuple[str, str, str]]:
    """What was answered, as (step, question, answer)."""
    said = draft.harvest
    name = said["produce"].name if said.get("produce") else dict(board.kinds()).get(said.get("kind", ""), "")
    jin = said["g"] / G_OF[JIN]
    lines = [("what", gettext("Product"), name)]
    if draft.teller.villages:
        whom = said["household"].household_no if said.get("household") else said.get("households")
        lines.insert(0, ("where", gettext("Households"), f"{said['village'].name} · {whom}"))
    lines += [
        ("variety", gettext("Variety and grade"), " · ".join(filter(None, [said["variety"], said["grade"]])) or "—"),
        ("amount", gettext("Weight"), gettext("%(jin)s jin") % {"jin": f"{jin:,.0f}"}),
        ("when", gettext("Picked"), f"{said['starts_on']:%Y-%m-%d} – {said['ends_on']:%Y-%m-%d}"),
        (
            "price",
            gettext("Price"),
            gettext("%(yuan)s yuan per jin") % {"yuan": f"{said['fen_per_kg'] / 200:.2f}"}
            if said["fen_per_kg"]
            else "—",
        ),
        ("sure", gettext("How sure"), str(SupplyDeclaration.Confidence(said["confidence"]).label)),
    ]
    return lines
