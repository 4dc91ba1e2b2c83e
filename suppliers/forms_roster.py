"""Forms of the roster: a household, one question after another; what changes of it; reasons."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .actions import BANK_ACCOUNT, HOUSEHOLD_NO, MOBILE, MOST_PEOPLE, Registration
from .base import days, identity
from .base.fields import DayField, PlainCharField, RowField
from .forms import villages_by_township
from .models import Cooperative, Reveal, Village
from .models.people import SCHEMES

# The screens on which a household is written down: each one question, with the fields that answer it.
STEPS: dict[str, tuple[str, ...]] = {
    "head": ("head",),
    "id": ("id_number",),
    "number": ("household_no",),
    "village": ("village",),
    "people": ("size",),
    "status": ("category", "category_from"),
    "mobile": ("mobile",),
    "bank": ("bank_account",),
    "since": ("member_from",),
}
NUMERIC = {"inputmode": "numeric", "autocomplete": "off"}


def categories() -> list[tuple[str, str]]:
    """Categories to choose from, those of the newest scheme first."""
    names = dict.fromkeys(category for scheme in reversed(SCHEMES) for category in SCHEMES[scheme])
    return [(name, name) for name in names]


class PeopleField(forms.IntegerField):
    def __init__(self, **options):
        super().__init__(
            widget=forms.TextInput(attrs=NUMERIC),
            min_value=1,
            max_value=MOST_PEOPLE,
            error_messages=dict.fromkeys(("min_value", "max_value", "invalid"), _("A household has 1 to 30 people.")),
            **options,
        )


def digits_only(text: str) -> str:
    return "".join(text.split()).replace("-", "")


class MobileField(PlainCharField):
    def clean(self, value):
        value = digits_only(super().clean(value)).removeprefix("+86")
        if value and not MOBILE.fullmatch(value):
            raise ValidationError(_("A mobile number has 11 digits and begins with 1."))
        return value


class AccountField(PlainCharField):
    def clean(self, value):
        value = digits_only(super().clean(value))
        if value and not BANK_ACCOUNT.fullmatch(value):
            raise ValidationError(_("A bank account has 12 to 21 digits. Check them against the passbook or the card."))
        return value


class IdNumberField(PlainCharField):
    def clean(self, value):
        try:
            return identity.id_number(super().clean(value))
        except ValueError as error:
            raise ValidationError(
                _("This is no ID number. It has 18 signs; check each digit against the card.")
            ) from error


class HouseholdNoField(PlainCharField):
    def clean(self, value):
        value = super().clean(value).upper()
        if value and not HOUSEHOLD_NO.fullmatch(value):
            raise ValidationError(_("The number has letters, digits and - alone, such as WX900001."))
        return value


class PastDayField(DayField):
    def clean(self, value):
        day = super().clean(value)
        if day and day > days.today():
            raise ValidationError(_("This day is still to come."))
        return day


class HouseholdForm(forms.Form):
    """A household that joins the cooperative; `only` some of its fields, for one screen."""

    head = PlainCharField(label=_("What is the head of the household called?"), max_length=30)
    id_number = IdNumberField(
        label=_("ID number of the head"),
        max_length=24,
        help_text=_("It is kept encrypted, and shown to you with its last four signs alone."),
    )
    household_no = HouseholdNoField(
        label=_("Household number"), max_length=20, help_text=_("As it stands in the village's register.")
    )
    village = RowField(label=_("In which village?"), queryset=Village.objects.select_related("township"))
    size = PeopleField(label=_("How many people?"))
    category = forms.ChoiceField(
        label=_("Is it registered, and as what?"),
        required=False,
        help_text=_("The county approves it before it counts."),
    )
    category_from = PastDayField(label=_("In this category since"), required=False)
    mobile = MobileField(label=_("Mobile number"), max_length=20, required=False)
    bank_account = AccountField(
        label=_("Bank account"),
        max_length=30,
        required=False,
        help_text=_("For payments through the bank. Without one, it is paid in cash."),
    )
    member_from = PastDayField(label=_("Member since"))

    def __init__(self, data=None, *, cooperative: Cooperative, only: tuple[str, ...] = ()):
        super().__init__(data, initial={"member_from": days.today(), "village": cooperative.village_id})
        self.fields["category"].choices = [("", _("not registered")), *categories()]
        for name in ("id_number", "mobile", "bank_account"):
            self.fields[name].widget.attrs |= NUMERIC if name != "id_number" else {"autocomplete": "off"}
        if only:
            self.fields = {name: self.fields[name] for name in only}
        if "village" in self.fields:
            self.fields["village"].choices = villages_by_township(first=cooperative.village.township_id)

    def clean(self):
        data = self.cleaned_data
        is_open = data.get("category") and not data.get("category_from") and "category_from" not in self.errors
        if is_open and "category_from" in self.fields:
            self.add_error("category_from", _("Write since when the household has this category."))
        return data

    @property
    def registration(self) -> Registration:
        written = {name: value for name, value in self.cleaned_data.items() if name != "member_from"}
        return Registration(**written)


class SizeForm(forms.Form):
    size = PeopleField(label=_("How many people?"))


class MobileForm(forms.Form):
    mobile = MobileField(
        label=_("Mobile number"), max_length=20, required=False, help_text=_("Leave it empty where there is none.")
    )


class AccountForm(forms.Form):
    bank_account = AccountField(
        label=_("Bank account"), max_length=30, required=False, help_text=_("Leave it empty to pay in cash.")
    )


class StatusForm(forms.Form):
    category = forms.ChoiceField(label=_("Registered as what?"))
    category_from = PastDayField(label=_("In this category since"))

    def __init__(self, data=None):
        super().__init__(data)
        self.fields["category"].choices = categories()


class EndForm(forms.Form):
    ends_on = PastDayField(label=_("Last day as a member"))

    def __init__(self, data=None):
        super().__init__(data, initial={"ends_on": days.today()})


class RevealForm(forms.Form):
    """Which field is to be seen, and why."""

    field = forms.ChoiceField(label=_("What do you need to see?"))
    why = PlainCharField(
        label=_("What for?"), max_length=120, help_text=_("It is kept with your name, and the county reads it.")
    )

    def __init__(self, data=None, *, fields=(Reveal.Field.MOBILE, Reveal.Field.BANK_ACCOUNT)):
        super().__init__(data)
        self.fields["field"].choices = [(one.value, one.label) for one in fields]


class MergerForm(forms.Form):
    """As which other household a household counts, from when, and why."""

    into = PlainCharField(label=_("Number of the household that it joins"), max_length=20)
    on = PastDayField(label=_("From"))
    why = PlainCharField(label=_("Reason"), max_length=120)


class SplitForm(forms.Form):
    """The household that is split off."""

    household_no = HouseholdNoField(label=_("Number of the new household"), max_length=20)
    head = PlainCharField(label=_("Head of household"), max_length=30)
    id_number = IdNumberField(label=_("ID number of the head"), max_length=24)
    size = PeopleField(label=_("How many people leave with it?"))
    on = PastDayField(label=_("From"))
    why = PlainCharField(label=_("Reason"), max_length=120)
