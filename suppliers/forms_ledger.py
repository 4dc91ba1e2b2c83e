"""Forms about purchase slips: entering one, finding some, and what is said when one is wrong."""

import re
from dataclasses import dataclass
from functools import cached_property

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from . import weighing
from .base import days, pictures, privacy
from .base.fields import AmountField, DayField, PlainCharField, RowField, plain
from .base.money import yuan_text
from .forms import UNITS
from .models import Cooperative, Household, Produce, PurchaseLot, SlipDispute
from .spelling import spellings
from .weighing import JIN, Band, Doubt

# What grades are called in the trade; what a cooperative has written besides stays to be chosen.
GRADES = ("特级", "一级", "二级", "统货")
# Of the last so many slips of a cooperative is known what is usual, and who came lately.
LOOKED_BACK = 400
USUAL_AFTER = 50
RECENT = 8


@dataclass(frozen=True)
class Member:
    """A household as one looks for it. Its name is shown masked; `find` is what may be typed."""

    no: str
    name: str
    village: str
    find: str


@dataclass(frozen=True)
class Good:
    """A produce as one buys it: last at `price` (fen per kg, for one `unit`) and `grade`; `usual` where that can be said."""

    id: int
    name: str
    grade: str
    fen_per_kg: int | None
    usual: Band | None


class Scales:
    """What the entry of a slip is made with: members and goods of a cooperative, those of lately first. Four queries."""

    def __init__(self, cooperative: Cooperative):
        self.cooperative = cooperative

    @cached_property
    def _lately(self) -> list[dict]:
        slips = PurchaseLot.objects.standing().filter(produce__cooperative=self.cooperative, carried_from=None)
        columns = ("produce", "household", "grade", "fen_per_kg", "g", "bought_on")
        return list(slips.order_by("-entered_at", "-pk").values(*columns)[:LOOKED_BACK])

    @cached_property
    def households(self) -> list[Household]:
        """All who are or were members, those who sold last first."""
        members = Household.objects.filter(memberships__cooperative=self.cooperative).distinct()
        came = {row["household"]: -n for n, row in reversed(list(enumerate(self._lately)))}
        return sorted(members.select_related("village"), key=lambda one: -came.get(one.pk, -LOOKED_BACK))

    @cached_property
    def members(self) -> list[Member]:
        return [
            Member(
                one.household_no,
                one.masked_head,
                one.village.name,
                " ".join([one.household_no.lower(), one.head, *spellings(one.head)]),
            )
            for one in self.households
        ]

    @property
    def recent(self) -> list[Member]:
        return self.members[:RECENT]

    @cached_property
    def goods(self) -> list[Good]:
        """What the cooperative buys, what it bought last first."""
        of: dict[int, list[dict]] = {}
        for row in self._lately:
            of.setdefault(row["produce"], []).append(row)
        all_of_it = {one.pk: one for one in Produce.objects.filter(cooperative=self.cooperative)}
        found = []
        for pk in sorted(all_of_it, key=lambda pk: list(of).index(pk) if pk in of else len(of)):
            last = of.get(pk, [])
            usual = weighing.band([(row["fen_per_kg"], row["g"]) for row in last[:USUAL_AFTER]])
            found.append(
                Good(
                    pk,
                    all_of_it[pk].name,
                    last[0]["grade"] if last else "",
                    last[0]["fen_per_kg"] if last else None,
                    usual,
                )
            )
        return found

    @cached_property
    def grades(self) -> list[str]:
        """The grades to choose from, those written lately first."""
        written = [row["grade"] for row in self._lately if row["grade"]]
        return list(dict.fromkeys([*written, *GRADES]))[:8]

    def usual(self, produce: Produce) -> Band | None:
        return next((good.usual for good in self.goods if good.id == produce.pk), None)

    def for_script(self) -> dict:
        """The same, for the script of the page, which goes on when the net has gone."""
        return {
            "members": [[one.no, one.name, one.village, one.find] for one in self.members],
            "goods": {
                good.id: {
                    "name": good.name,
                    "grade": good.grade,
                    "price": good.fen_per_kg,
                    "usual": [good.usual.low, good.usual.high, good.usual.most_g] if good.usual else None,
                }
                for good in self.goods
            },
        }


class PhotoField(forms.FileField):
    """A photo, as a redrawn JPEG (suppliers.base.pictures)."""

    widget = forms.FileInput(
        attrs={"accept": "image/jpeg,image/png,image/webp", "capture": "environment", "data-photos": "1"}
    )

    def clean(self, data, initial=None) -> bytes | None:
        # An empty file is a photo that went wrong, and says so itself.
        return pictures.redrawn(data) if data else None


class EntryForm(forms.Form):
    """A purchase slip as it is entered. `slip` is it as suppliers.actions.enter_lot takes it; `names` which field asks for what of it.

    What is odd about it (`doubts`) is asked once: it is written when `confirmed` names it.
    """

    names = {"g": "weight", "fen_per_kg": "price"}

    entry_key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    confirmed = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)
    household = PlainCharField(
        label=_("From which household?"),
        required=False,
        max_length=60,
        help_text=_("Number, name, or its first letters in pinyin, such as tdc."),
    )
    is_other_source = forms.BooleanField(label=_("Not from a household"), required=False)
    produce = RowField(label=_("What was bought?"), queryset=Produce.objects.none(), empty_label=None)
    grade = forms.ChoiceField(label=_("Grade"), required=False)
    weight = AmountField(label=_("How heavy?"), decimal_places=3)
    weight_unit = forms.ChoiceField(label=_("Unit of the weight"), choices=UNITS, initial=JIN, widget=forms.RadioSelect)
    price = AmountField(label=_("Price (yuan)"), decimal_places=3)
    price_unit = forms.ChoiceField(label=_("Price per"), choices=UNITS, initial=JIN, widget=forms.RadioSelect)
    photo = PhotoField(label=_("Photo of the paper slip"), required=False)
    signed_how = forms.ChoiceField(
        label=_("Has the household signed?"),
        required=False,
        choices=[("", _("not yet")), *PurchaseLot.Signed.choices],
        widget=forms.RadioSelect,
    )
    bought_on = DayField(label=_("Day of purchase"))
    lot_no = PlainCharField(
        label=_("Number of the paper slip"),
        max_length=24,
        required=False,
        help_text=_("Left empty, the slip gets a number by itself."),
    )

    def __init__(self, data=None, files=None, *, scales: Scales, initial=None):
        super().__init__(data, files, initial={"bought_on": days.today()} | (initial or {}))
        self.scales = scales
        self.fields["produce"].queryset = Produce.objects.filter(cooperative=scales.cooperative)
        self.fields["grade"].choices = [("", _("no grade")), *((grade, grade) for grade in scales.grades)]
        self.fields["household"].widget.attrs |= {"list": "members", "autocomplete": "off"}

    def clean_lot_no(self) -> str:
        number, code = self.cleaned_data["lot_no"].upper(), self.scales.cooperative.code
        # Each cooperative counts its own slips, so the number carries its code.
        number = number if not number or number.startswith(f"{code}-") else f"{code}-{number}"
        if len(number) > PurchaseLot._meta.get_field("lot_no").max_length:
            raise ValidationError(_("This number is too long. Write the last digits of it."))
        return number

    def clean(self):
        data = self.cleaned_data
        written, other = data.get("household"), data.get("is_other_source")
        if written and other:
            self.add_error("household", _("Either a household or no household: clear one of the two."))
        elif not written and not other and "household" in data:
            self.add_error("household", _('Write the household, or tick "Not from a household".'))
        elif written:
            try:
                data["household"] = self._member(written)
            except ValidationError as error:
                self.add_error("household", error)
        if "weight" in data and "weight_unit" in data:
            data["g"] = weighing.grams(data["weight"], data["weight_unit"])
            if data["g"] is None:
                self.add_error("weight", _("Less than a gram cannot be weighed. Leave the last digits out."))
        if "price" in data and "price_unit" in data:
            data["fen_per_kg"] = weighing.fen_per_kg(data["price"], data["price_unit"])
            if data["fen_per_kg"] is None:
                self.add_error(
                    "price", _("This price does not come out in whole fen per kilogram. Leave the last digit out.")
                )
        return data

    def _member(self, written: str) -> Household:
        """The member that `written` names: by number, else by the head's name, whole or masked, or how it is spelled."""
        members = self.scales.households
        number = written.split(maxsplit=1)[0].upper()
        if found := [member for member in members if member.household_no.upper() == number]:
            return found[0]
        # NFKC has turned a full-width star into a plain one already.
        found = [member for member in members if written in (member.head, privacy.mask_name(member.head))]
        if not found and written.isascii():
            found = [member for member in members if written.lower() in spellings(member.head)]
        if len(found) > 1:
            raise ValidationError(
                gettext("Several members have this name. Write the number: %(numbers)s.")
                % {"numbers": "、".join(member.household_no for member in found[:5])}
            )
        if not found:
            raise ValidationError(_("No member has this number or name. Check it, or add the household first."))
        return found[0]

    @property
    def slip(self) -> dict:
        data = self.cleaned_data
        names = ("produce", "g", "fen_per_kg", "bought_on", "lot_no", "grade", "signed_how", "photo", "entry_key")
        return {name: data[name] for name in names} | {"household": data["household"] or None}

    def doubts(self) -> dict[str, str]:
        """What is odd about the slip and was not confirmed: a question for each, by its code."""
        slip = self.slip
        confirmed = self.cleaned_data["confirmed"].split()
        same_day = 0
        if slip["household"]:
            same = PurchaseLot.objects.standing().filter(
                household=slip["household"], produce=slip["produce"], bought_on=slip["bought_on"]
            )
            # The one that was written with this key is this one.
            same_day = same.exclude(entry_key=slip["entry_key"]).count() if slip["entry_key"] else same.count()
        usual = self.scales.usual(slip["produce"])
        found = weighing.doubts(g=slip["g"], price=slip["fen_per_kg"], usual=usual, same_day=same_day)
        return {doubt.value: question(doubt, usual) for doubt in found if doubt.value not in confirmed}


def question(doubt: Doubt, usual: Band | None) -> str:
    """What somebody is asked about `doubt`."""
    low, high = (yuan_text(usual.low // 2), yuan_text(usual.high // 2)) if usual else ("", "")
    return {
        Doubt.PRICE_LOW: _("The price is lower than usual (%(low)s to %(high)s yuan per jin)."),
        Doubt.PRICE_HIGH: _("The price is higher than usual (%(low)s to %(high)s yuan per jin)."),
        Doubt.HEAVY: _("This is much heavier than the slips before."),
        Doubt.TWICE: _("This household has sold the same goods on this day already."),
    }[doubt] % {"low": low, "high": high}


STATES = [
    ("", _("All")),
    ("unverified", _("not verified")),
    ("disputed", _("disputed")),
    ("unpaid", _("not paid")),
    ("left", _("with goods left")),
    ("reversed", _("taken back")),
]


class FindLotsForm(forms.Form):
    """Which slips of a cooperative are looked at. What cannot be asked asks for nothing."""

    which = forms.ChoiceField(label=_("Slips"), required=False, choices=STATES, widget=forms.HiddenInput)
    produce = RowField(label=_("Product"), required=False, queryset=Produce.objects.none(), empty_label=_("all"))
    month = forms.CharField(
        label=_("Month"), required=False, max_length=7, widget=forms.DateInput(attrs={"type": "month"})
    )
    household = PlainCharField(label=_("Household number"), required=False, max_length=20)

    def __init__(self, data, *, cooperative: Cooperative):
        super().__init__(data)
        self.fields["produce"].queryset = Produce.objects.filter(cooperative=cooperative)

    def clean_month(self):
        written = plain(self.cleaned_data["month"])
        if not written:
            return None
        found = re.fullmatch(r"(20\d\d)[-./年]?(0?[1-9]|1[0-2])月?", written)
        if not found:
            raise ValidationError(_("Write the month as 2026-11."))
        return days.today().replace(year=int(found[1]), month=int(found[2]), day=1)

    def of(self, lots):
        """`lots`, as far as they are asked for."""
        data = self.cleaned_data if self.is_valid() else {}
        if data.get("produce"):
            lots = lots.filter(produce=data["produce"])
        if data.get("household"):
            lots = lots.filter(household__household_no__iexact=data["household"])
        if month := data.get("month"):
            lots = lots.filter(bought_on__gte=month, bought_on__lte=days.month_end(month))
        which = data.get("which", "")
        if which == "reversed":
            return lots.filter(reversed_at__isnull=False)
        lots = lots.standing()
        return {
            "unverified": lots.unverified,
            "disputed": lots.disputed,
            "unpaid": lots.unpaid,
            "left": lambda: lots.verified().with_goods_left(),
        }.get(which, lots.all)()


MOBILE = re.compile(r"1[3-9]\d{9}")


class DisputeForm(forms.Form):
    """What is wrong with a slip, in the words of its household."""

    about = forms.ChoiceField(label=_("What is wrong?"), choices=SlipDispute.About.choices, widget=forms.RadioSelect)
    words = PlainCharField(
        label=_("How is it really?"), required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )
    mobile = PlainCharField(
        label=_("Your mobile number, so that we can call back"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )

    def clean_mobile(self) -> str:
        written = re.sub(r"[\s-]|^\+?86", "", self.cleaned_data["mobile"])
        if written and not MOBILE.fullmatch(written):
            raise ValidationError(_("A mobile number has 11 digits. Check it, or leave it empty."))
        return written


class RefusalForm(forms.Form):
    """Why a township does not check a slip."""

    about = forms.ChoiceField(label=_("What is wrong?"), choices=SlipDispute.About.choices, widget=forms.RadioSelect)
    words = PlainCharField(label=_("The reason, in a sentence"), max_length=300)


class AnswerForm(forms.Form):
    """What a cooperative says to a dispute."""

    words = PlainCharField(label=_("What do you say to it?"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class DecisionForm(forms.Form):
    """How the county decides a dispute."""

    outcome = forms.ChoiceField(label=_("Decision"), choices=SlipDispute.Outcome.choices, widget=forms.RadioSelect)
    reason = PlainCharField(label=_("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))
