"""What people write to sign in, to change their number, and to go away."""

import re

from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from suppliers.base.fields import MobileField, PlainCharField, plain

from . import limits
from .codes import DIGITS

SECOND_FACTORS = limits.Limit("second-factor", 5, 5 * limits.MINUTE)


class MainlandMobileField(MobileField):
    """A mobile number to which a code can be sent. Those of other countries are refused by name."""

    def widget_attrs(self, widget) -> dict:
        return super().widget_attrs(widget) | {"maxlength": 24}

    def clean(self, value) -> str:
        digits = re.sub(r"[\s\-()]", "", plain(value if isinstance(value, str) else ""))
        if re.match(r"(\+|00)(?!86)\d", digits):
            raise ValidationError(
                _("Codes reach numbers of the mainland (+86) alone. With another number, sign in by e-mail.")
            )
        return super().clean(value)


class MobileForm(forms.Form):
    """The number that a code goes to."""

    mobile = MainlandMobileField(label=_("Mobile number"), error_messages={"required": _("Write your mobile number.")})


class CodeForm(forms.Form):
    """The code that came."""

    code = PlainCharField(
        label=_("Code of 6 digits"),
        max_length=20,
        error_messages={"required": _("Write the six digits of the message.")},
        widget=forms.TextInput(
            attrs={
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "pattern": "[0-9]*",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )

    def clean_code(self) -> str:
        code = re.sub(r"[\s\-]", "", self.cleaned_data["code"])
        if not re.fullmatch(rf"[0-9]{{{DIGITS}}}", code):
            raise ValidationError(_("Write the six digits of the message."))
        return code


class CountedCode:
    """A code of a second factor is guessed at so often and no more, whichever process is asked."""

    def clean_code(self) -> str:
        who = str(self.user.pk)
        # The try is counted before the code is looked at.
        if not limits.take(who, SECOND_FACTORS):
            raise ValidationError(_("Too many attempts. Please wait five minutes."))
        code = super().clean_code()
        limits.forget(who, SECOND_FACTORS)
        return code


class SecondFactorForm(CountedCode, AuthenticateForm):
    """The code of the second factor, after the password."""


class SecondFactorAgainForm(CountedCode, ReauthenticateForm):
    """The code of the second factor, before something that cannot be undone."""


class NameForm(forms.Form):
    """How one is called here."""

    name = PlainCharField(
        label=_("Name"),
        max_length=30,
        required=False,
        help_text=_("As we should call you. It is shown to you alone."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class EraseForm(forms.Form):
    """The wish to go, with what shows that it is one's own: the password, the code, or where there is neither the word."""

    WORD = "注销"

    password = forms.CharField(
        label=_("Your password"),
        max_length=128,
        error_messages={"required": _("Write your password.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = CodeForm.base_fields["code"]
    word = PlainCharField(
        label=_("To confirm, write: 注销"), max_length=20, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    is_sure = forms.BooleanField(
        label=_("I have read what goes and what stays. It cannot be undone."),
        error_messages={"required": _("Please confirm that you have read it.")},
    )

    def __init__(self, *args, proof: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for name in {"password", "code", "word"} - {proof}:
            del self.fields[name]
        if proof == "code":
            del self.fields["code"].widget.attrs["autofocus"]

    clean_code = CodeForm.clean_code

    def clean_word(self) -> str:
        if self.cleaned_data["word"] != self.WORD:
            raise ValidationError(_("Write the two characters 注销."))
        return self.WORD
