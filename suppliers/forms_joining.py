"""What an applicant writes, what is decided about it, and whom an owner invites."""

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from .base import access
from .base.fields import DayField, MobileField, PictureField, PlainCharField, RowField, plain
from .forms import villages_by_township
from .joining import Papers
from .models import Application, Cooperative, CooperativeStaff, Village

# What each post may do, in the words of who gives it.
ROLE_CHOICES = [
    (access.PACKER, _("packs and ships")),
    (access.SELLER, _("sells: also products, stock, purchase slips")),
    (access.OWNER, _("runs it: everything, also payments and staff")),
]


class ApplicationForm(forms.Form):
    """The papers of an application; all may be missing in a draft. `papers` is it as suppliers.joining takes it."""

    name = PlainCharField(
        label=_("Name of the cooperative"),
        max_length=80,
        required=False,
        help_text=_("The whole name, as it stands on the licence."),
    )
    kind = forms.ChoiceField(label=_("What are you?"), choices=Cooperative.Kind.choices, widget=forms.RadioSelect)
    uscc = forms.CharField(
        label=_("Unified social credit code"),
        max_length=40,
        required=False,
        help_text=_("18 signs, on the licence at the top."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    village = RowField(
        label=_("In which village?"), queryset=Village.objects.select_related("township"), required=False
    )
    contact = PlainCharField(label=_("Whom can we ask?"), max_length=30, required=False)
    mobile = MobileField(
        label=_("Mobile number of this person"), required=False, help_text=_("Only who decides on this sees it.")
    )
    licence = PictureField(
        label=_("Photo of the business licence"),
        required=False,
        help_text=_("Straight from above, so that each sign can be read. Only who decides on this sees it."),
    )

    def __init__(self, data=None, files=None, *, application: Application | None = None):
        initial = {"kind": Cooperative.Kind.COOPERATIVE}
        if application is not None:
            initial = {name: getattr(application, name) for name in ("name", "kind", "uscc", "contact")}
            initial |= {"village": application.village_id, "mobile": application.mobile.removeprefix("+86")}
        super().__init__(data, files, initial=initial)
        self.fields["village"].choices = [("", "—"), *villages_by_township()]

    def clean_uscc(self) -> str:
        return re.sub(r"[\s-]", "", plain(self.cleaned_data["uscc"])).upper()[:18]

    @property
    def papers(self) -> Papers:
        return Papers(**self.cleaned_data)


class ReasonForm(forms.Form):
    """Why something is decided so."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        error_messages={"required": _("Write the reason: it stays on record.")},
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 200}),
    )


class DecisionForm(ReasonForm):
    """What becomes of an application: the reason may be missing where it is passed."""

    notice_until = DayField(label=_("Notice until"), required=False)

    def __init__(self, data=None, *, asks_until: bool = False, soonest=None):
        super().__init__(data, initial={"notice_until": soonest})
        self.fields["reason"].required = False
        self.fields["reason"].help_text = _("Needed to send it back, to reject it, and for an objection.")
        if not asks_until:
            del self.fields["notice_until"]
        else:
            self.fields["notice_until"].help_text = _(
                "Seven working days at least. Choose a later day where a festival of the lunar year lies between."
            )


class InvitationForm(forms.Form):
    """Whom an owner invites, and to what."""

    address = forms.CharField(
        label=_("Mobile number or e-mail address"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(
        label=_("What does the person do?"), choices=ROLE_CHOICES, initial=access.PACKER, widget=forms.RadioSelect
    )


class RoleForm(forms.Form):
    """Another role for somebody who works here."""

    role = forms.ChoiceField(choices=CooperativeStaff.Role.choices)
