"""What officials type: a window of days, and a new version of a subsidy programme."""

import datetime as dt
import unicodedata

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from logistics import actions
from logistics.models import Envelope, ProgrammeVersion, SubsidyProgramme
from suppliers.base import days
from suppliers.base.money import fen_of

# As people write days: 2019-01-05, 2019/1/5, 2019.1.5, 2019年1月5日, 20190105.
DAY_FORMATS = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"]
FIRST_DAY = dt.date(2000, 1, 1)
MOST_YEARS = 10


class DayField(forms.DateField):
    """A day, written as people here write days."""

    default_error_messages = {
        "invalid": _("This is not a day. Write it as 2019-06-30."),
        "required": _("Choose a day."),
    }

    def __init__(self, **kwargs):
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(input_formats=DAY_FORMATS, localize=False, **{"widget": widget} | kwargs)


class WindowForm(forms.Form):
    """A window of days, both included. In the address it is ?from=2019-01-01&to=2019-06-30."""

    starts = DayField(label=_("From"))
    ends = DayField(label=_("To"))

    def add_prefix(self, field_name: str) -> str:
        return {"starts": "from", "ends": "to"}.get(field_name, field_name)

    def clean_starts(self) -> dt.date:
        starts = self.cleaned_data["starts"]
        if starts < FIRST_DAY:
            raise ValidationError(_("Choose a day from 2000 on."))
        return starts

    def clean_ends(self) -> dt.date:
        ends = self.cleaned_data["ends"]
        if ends < FIRST_DAY:
            raise ValidationError(_("Choose a day from 2000 on."))
        if ends.year > days.today().year + 1:
            raise ValidationError(_("Choose a day not later than the end of next year."))
        return ends

    def clean(self) -> dict:
        starts, ends = self.cleaned_data.get("starts"), self.cleaned_data.get("ends")
        if starts and ends:
            if starts > ends:
                self.add_error("ends", _("The last day lies before the first day."))
            elif ends.year - starts.year >= MOST_YEARS and (ends.month, ends.day) >= (starts.month, starts.day):
                self.add_error("ends", _("A report covers ten years at most."))
        return self.cleaned_data


class YuanField(forms.DecimalField):
    """An amount typed in yuan; cleaned to integer fen."""

    def __init__(self, **kwargs):
        widget = forms.TextInput(attrs={"inputmode": "decimal"})
        super().__init__(max_digits=13, decimal_places=2, min_value=0, **{"widget": widget} | kwargs)

    def to_python(self, value):
        # As sheets have it: 600,000.00 or 600，000元, in half or full width.
        plain = unicodedata.normalize("NFKC", str(value or "")).replace(",", "").replace(" ", "").removesuffix("元")
        return super().to_python(plain)

    def clean(self, value) -> int | None:
        yuan = super().clean(value)
        return None if yuan is None else fen_of(yuan)


class VersionForm(forms.Form):
    """The next version of a programme: its days, the money of its two periods, and its budget."""

    like = forms.ModelChoiceField(ProgrammeVersion.objects.none(), label=_("Terms as in"), empty_label=None)
    starts = DayField(label=_("In force from"))
    ends = DayField(label=_("In force to"))
    envelope_1_starts = DayField(label=_("First period from"))
    envelope_1_ends = DayField(label=_("First period to"))
    envelope_1 = YuanField(label=_("Money for the first period (yuan)"))
    envelope_2_starts = DayField(label=_("Second period from"))
    envelope_2_ends = DayField(label=_("Second period to"))
    envelope_2 = YuanField(label=_("Money for the second period (yuan)"))
    budget = YuanField(label=_("Budget (yuan)"))

    def __init__(self, *args, programme: SubsidyProgramme, **kwargs):
        super().__init__(*args, **kwargs)
        self.programme = programme
        self.fields["like"].queryset = programme.versions.order_by("-number")

    def save(self) -> ProgrammeVersion | None:
        """Open the version; None, with the reason at its field, where it cannot be."""
        data = self.cleaned_data
        try:
            return actions.open_version(
                programme=self.programme.code,
                starts=data["starts"],
                ends=data["ends"],
                budget_fen=data["budget"],
                envelopes=[
                    Envelope(
                        starts_on=data[f"envelope_{i}_starts"],
                        ends_on=data[f"envelope_{i}_ends"],
                        amount_fen=data[f"envelope_{i}"],
                    )
                    for i in (1, 2)
                ],
                like=data["like"],
            )
        except ValidationError as error:
            self.add_error(None, error)
            return None
