"""What buyers and deciders fill in. Photos are counted and weighed before any of them is read."""

from collections.abc import Sequence

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from suppliers.base import pictures
from suppliers.base.fields import PlainCharField

from . import actions, rules

# Phones send JPEG for these, where they would send what only they can read for "image/*".
ACCEPTED = "image/jpeg,image/png,image/webp"


class PhotosInput(forms.FileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data, files, name):
        return files.getlist(name) if hasattr(files, "getlist") else files.get(name)

    def value_omitted_from_data(self, data, files, name):
        return name not in files


class PhotosField(forms.Field):
    """Up to `most` photos, as redrawn JPEGs."""

    widget = PhotosInput

    def __init__(self, *, most: int, **options):
        self.most = most
        super().__init__(**options)

    def widget_attrs(self, widget) -> dict:
        return {"accept": ACCEPTED, "multiple": True, "data-photos": self.most}

    def clean(self, value) -> Sequence[bytes]:
        uploads = [upload for upload in value or [] if upload]
        if self.required and not uploads:
            raise ValidationError(self.error_messages["required"])
        if len(uploads) > self.most:
            raise ValidationError(
                ngettext("Send %(n)d photo at most.", "Send %(n)d photos at most.", self.most) % {"n": self.most}
            )
        found = []
        for number, upload in enumerate(uploads, start=1):
            try:
                found.append(pictures.redrawn(upload))
            except ValidationError as error:
                raise ValidationError(
                    _("Photo %(number)d: %(problem)s") % {"number": number, "problem": error.messages[0]}
                ) from error
        return found


class ClaimForm(forms.Form):
    """How much of a line came spoiled, with photos of it."""

    percent = forms.TypedChoiceField(
        label=gettext_lazy("How much of it is spoiled?"),
        choices=[(n, f"{n} %") for n in range(10, 101, 10)],
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose how much of it is spoiled."),
            "invalid_choice": gettext_lazy("Choose one of the shares that are offered."),
        },
    )
    photos = PhotosField(
        label=gettext_lazy("Photos of it"),
        most=actions.MOST_PHOTOS,
        help_text=gettext_lazy("One to six: all of it in one picture, then what is spoiled from near."),
        error_messages={"required": gettext_lazy("Add at least one photo; without one nobody can judge.")},
    )
    note = forms.CharField(
        label=gettext_lazy("Anything else"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 300}),
    )

    def __init__(self, *args, bought: rules.Bought, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.bought = bought

    @property
    def shares(self) -> list[dict]:
        """Each share that can be chosen, with what it pays back."""
        chosen = self["percent"].value()
        return [
            {
                "percent": percent,
                "fen": rules.for_spoiled(self.bought, percent * 100).fen,
                "is_chosen": f"{percent}" == chosen,
            }
            for percent, _label in self.fields["percent"].choices
        ]


class ReturnForm(forms.Form):
    """How many packs go back."""

    packs = forms.IntegerField(
        label=gettext_lazy("How many packs go back?"),
        min_value=1,
        initial=1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "required": gettext_lazy("Write how many packs go back."),
            "invalid": gettext_lazy("Write how many packs go back, as a number."),
            "min_value": gettext_lazy("At least one pack goes back."),
        },
    )
    note = forms.CharField(
        label=gettext_lazy("Anything else"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 300}),
    )
    is_unopened = forms.BooleanField(
        label=gettext_lazy("It is unopened and as it came."),
        error_messages={"required": gettext_lazy("Only what is unopened can be sold again, so only that goes back.")},
    )

    def __init__(self, *args, most: int, needs_unopened: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["packs"].widget.attrs["max"] = most
        if not needs_unopened:
            del self.fields["is_unopened"]


class WaybillForm(forms.Form):
    """With what the buyer sent the goods back."""

    carrier = PlainCharField(
        label=gettext_lazy("Carrier"),
        max_length=40,
        error_messages={"required": gettext_lazy("Write who carries it, such as SF or EMS.")},
    )
    waybill = PlainCharField(
        label=gettext_lazy("Waybill"),
        max_length=40,
        error_messages={"required": gettext_lazy("Copy the number from the label.")},
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}),
    )


class ReviewForm(forms.Form):
    """Stars, words and photos."""

    stars = forms.TypedChoiceField(
        label=gettext_lazy("How was it?"),
        choices=[
            (5, gettext_lazy("very good")),
            (4, gettext_lazy("good")),
            (3, gettext_lazy("all right")),
            (2, gettext_lazy("not good")),
            (1, gettext_lazy("bad")),
        ],
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose between one and five stars."),
            "invalid_choice": gettext_lazy("Choose between one and five stars."),
        },
    )
    text = forms.CharField(
        label=gettext_lazy("What would you tell others?"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": 500}),
    )
    photos = PhotosField(
        label=gettext_lazy("Photos of it"),
        most=actions.MOST_REVIEW_PHOTOS,
        required=False,
        help_text=gettext_lazy("Up to three. Everybody can see them, so no faces and no addresses."),
    )


class DecisionForm(forms.Form):
    """Another share than the buyer's, and why; or why nothing is paid."""

    percent = forms.IntegerField(
        label=gettext_lazy("Another share (%)"),
        min_value=1,
        max_value=100,
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "invalid": gettext_lazy("Write a share between 1 and 100."),
            "min_value": gettext_lazy("Write a share between 1 and 100."),
            "max_value": gettext_lazy("Write a share between 1 and 100."),
        },
    )
    reason = PlainCharField(
        label=gettext_lazy("Reason (the buyer reads it)"),
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 200}),
    )


class AgreeForm(forms.Form):
    """Where a return goes to, or why it does not."""

    return_to = PlainCharField(
        label=gettext_lazy("Where it is sent back to"),
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 200}),
    )
    reason = PlainCharField(
        label=gettext_lazy("Reason (the buyer reads it)"),
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 200}),
    )


class ArrivalForm(forms.Form):
    """What came back, and whether it can be sold again."""

    is_sellable = forms.BooleanField(label=gettext_lazy("It can be sold again: put it back in stock."), required=False)
    reason = PlainCharField(
        label=gettext_lazy("Reason (the buyer reads it)"),
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": 200}),
    )


class AnswerForm(forms.Form):
    """What the cooperative says to a review."""

    answer = forms.CharField(
        label=gettext_lazy("Your answer (everybody reads it)"),
        max_length=500,
        error_messages={"required": gettext_lazy("Write what you answer.")},
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 500}),
    )


class HideForm(forms.Form):
    """Why a review is hidden."""

    because = PlainCharField(
        label=gettext_lazy("Why it is hidden"),
        max_length=200,
        error_messages={"required": gettext_lazy("Write why it is hidden; auditors read it.")},
    )
