from django.template import Context, Template


def drawn(tag: str, **context) -> str:
    return Template("{% load lucide %}" + tag).render(Context(context))


def test_an_icon_is_drawn_as_it_is_asked_for_and_again_the_same():
    small = drawn('{% lucide "house" size=20 aria_hidden="true" %}')
    assert small.startswith("<svg")
    assert 'width="20"' in small
    assert 'aria-hidden="true"' in small
    assert drawn('{% lucide "house" size=20 aria_hidden="true" %}') == small
    assert 'width="24"' in drawn('{% lucide "house" %}')


def test_what_people_wrote_is_escaped_in_an_icon():
    label = '"><script>'
    assert "<script>" not in drawn('{% lucide "house" aria_label=label %}', label=label)
    assert "<script>" not in drawn('{% lucide "house" aria_label=label|safe %}', label=label)
