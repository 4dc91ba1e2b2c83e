"""Form fields that take numbers and days as people write them: full-width digits, 1,234.5元, 2019.1.5, 2019年1月5日."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from . import pictures

DAY_FORMATS = ["%Y-%m-%d", "%Y.%m.%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y%m%d"]


def plain(text: str) -> str:
    """`text` in half-width signs, without blanks around it."""
    return unicodedata.normalize("NFKC", text or "").strip()


def ids(texts: Iterable[str]) -> list[int]:
    """The ids of rows among posted `texts`; what can be no id is left out (SQLite cannot even compare it)."""
    return [int(one) for one in texts if one.isascii() and one.isdecimal() and len(one) < 19]


def row_id(text: str) -> int:
    """The id of a row that a posted `text` names; 0, which no row has, for what can be no id."""
    return next(iter(ids([text])), 0)


class PlainCharField(forms.CharField):
    """A line of text, in half-width signs. "２３号" and "23号" are the same."""

    def to_python(self, value):
        return plain(super().to_python(value))


class MobileField(forms.CharField):
    """A mobile number of the mainland, as +86 and eleven digits."""

    widget = forms.TextInput

    def widget_attrs(self, widget) -> dict:
        return {"type": "tel", "inputmode": "tel", "autocomplete": "tel", "maxlength": 20}

    def clean(self, value) -> str:
        digits = mobile_digits(super().clean(value))
        if digits is None and (self.required or plain(value or "")):
            raise ValidationError(_("A mobile number has eleven digits and starts with 1."))
        return f"+86{digits}" if digits else ""


def mobile_digits(text: str) -> str | None:
    """The eleven digits of a mobile number of the mainland, None where `text` is none."""
    digits = re.sub(r"[\s\-()]", "", plain(text))
    digits = re.sub(r"^(\+|00)?86(?=1\d{10}$)", "", digits)
    # \d alone is any digit of any script.
    return digits if re.fullmatch(r"1[3-9]\d{9}", digits, re.ASCII) else None


class AmountField(forms.DecimalField):
    """A number with at most two decimals, as Decimal; separators of thousands and the words 元 斤 公斤 are let through."""

    widget = forms.TextInput

    def __init__(self, **options):
        # More digits than any amount has; what is too much is said by the action, which knows why.
        super().__init__(**{"max_digits": 15, "decimal_places": 2} | options)

    def to_python(self, value):
        return super().to_python(re.sub(r"[,\s¥元]|公斤|斤|kg", "", plain(str(value or "")), flags=re.IGNORECASE))

    def widget_attrs(self, widget):
        # A number input swallows "1,234" without a word; this one has the keys of a number all the same.
        return {"inputmode": "decimal", "autocomplete": "off"}


class DayField(forms.DateField):
    """A day, picked or written."""

    def __init__(self, **options):
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(**{"input_formats": DAY_FORMATS, "widget": widget} | options)

    def to_python(self, value):
        return super().to_python(plain(value) if isinstance(value, str) else value)


class PictureField(forms.FileField):
    """A picture that somebody sends, as a redrawn JPEG (suppliers/base/pictures.py); None where it may be left out and is."""

    widget = forms.FileInput

    def widget_attrs(self, widget) -> dict:
        # Phones send JPEG for these, where they would send what only they can read for "image/*".
        return {"accept": "image/jpeg,image/png,image/webp"}

    def clean(self, value, initial=None) -> bytes | None:
        upload = super().clean(value, None)
        return pictures.redrawn(upload) if upload else None


class PaperField(forms.FileField):
    """A picture or PDF of a paper, as (bytes, content type) (suppliers/base/pictures.py); None where it may be left out."""

    widget = forms.FileInput

    def widget_attrs(self, widget) -> dict:
        return {"accept": "image/jpeg,image/png,image/webp,application/pdf"}

    def clean(self, value, initial=None) -> tuple[bytes, str] | None:
        upload = super().clean(value, None)
        return pictures.paper(upload) if upload else None


class RowField(forms.ModelChoiceField):
    """One of a queryset's rows by its id; a number that no id can be names none (SQLite cannot even compare it)."""

    def to_python(self, value):
        if isinstance(value, str) and len(value) > 18:
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return super().to_python(value)


def put_errors(form: forms.Form, error: ValidationError, names: Mapping[str, str]) -> None:
    """Show what an action refused at the fields of `form`; `names` says which field asks for which argument."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for argument, errors in error.error_dict.items():
        name = names.get(argument, argument)
        form.add_error(name if name in form.fields else None, errors)


class LongSelect(forms.Select):
    """A choice of many, none of them in a group: Django's HTML, without a template rendered for each option."""

    def render(self, name, value, attrs=None, renderer=None):
        chosen = self.format_value(value)
        options = format_html_join(
            "\n",
            '<option value="{}"{}>{}</option>',
            ((code, mark_safe(" selected") if str(code) in chosen else "", label) for code, label in self.choices),
        )
        attributes = flatatt({"name": name} | self.build_attrs(self.attrs, attrs))
        return format_html("<select{}>\n{}\n</select>", attributes, options)
