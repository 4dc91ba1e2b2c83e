from django import forms
from django.test.html import parse_html

from suppliers.base.fields import LongSelect

PLACES = [("", "请选择"), ("370900", "泰安市"), ("x", '<b>"&')]


class Form(forms.Form):
    place = forms.ChoiceField(choices=PLACES, widget=LongSelect)
    as_django_does = forms.ChoiceField(choices=PLACES)


def drawn(data: dict | None = None, **attributes) -> tuple:
    form = Form(data)
    return tuple(
        parse_html(form[name].as_widget(attrs={"id": "one", **attributes}).replace("as_django_does", "place"))
        for name in Form.base_fields
    )


def test_a_long_select_is_what_django_makes_of_it():
    ours, djangos = drawn()
    assert ours == djangos
    for code, _name in PLACES:
        ours, djangos = drawn({"place": code, "as_django_does": code}, autocomplete="address-level2", disabled=True)
        assert ours == djangos
    ours, djangos = drawn({"place": "no such", "as_django_does": "no such"})
    assert ours == djangos


def test_a_long_select_escapes_what_it_shows():
    assert "<b>" not in str(Form({"place": "x"})["place"])
