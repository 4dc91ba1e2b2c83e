"""The tool that keeps the Chinese catalogue."""

import io
import json
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.core.management import CommandError, call_command
from django.utils import translation

TEMPLATE = """{% load i18n %}
<div>
    {% translate "Hello" context "greeting" %}
    {% blocktranslate count n=households trimmed %}
        {{ n }} household
    {% plural %}
        {{ n }} households
    {% endblocktranslate %}
</div>
"""
CODE = "from django.utils.translation import gettext_lazy as _\nname = _('Walnuts')\n"


@pytest.fixture
def project(tmp_path, settings):
    settings.BASE_DIR = tmp_path
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(TEMPLATE)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "code.py").write_text(CODE)
    return tmp_path


def messages(**options) -> str:
    out = io.StringIO()
    call_command("messages", stdout=out, stderr=out, **options)
    return out.getvalue()


def fill(project: Path, translations: dict) -> str:
    (project / "fill.json").write_text(json.dumps(translations))
    return messages(fill=project / "fill.json")


ALL = {"Walnuts": "核桃", "greeting\x04Hello": "您好", "%(n)s household": ["%(n)s 户"]}


def test_what_is_marked_is_found_filled_and_compiled(project):
    with pytest.raises(CommandError, match="3 of 3"):
        messages(check=True)
    fill(project, ALL)
    assert messages(check=True) == "3 messages, all translated\n"
    assert (project / "locale/zh_Hans/LC_MESSAGES/django.mo").exists()


def test_a_translation_that_the_code_does_not_ask_for_is_an_error_and_the_others_are_kept(project):
    with pytest.raises(CommandError, match="Peaches"):
        fill(project, ALL | {"Peaches": "桃"})
    assert messages(check=True) == "3 messages, all translated\n"


def test_a_placeholder_that_is_missing_in_the_chinese_is_an_error(project):
    fill(project, ALL | {"%(n)s household": ["户"]})
    with pytest.raises(CommandError, match="1 of 3"):
        messages(check=True)


def test_what_leaves_the_code_is_listed_until_it_is_pruned_and_comes_back_translated(project):
    fill(project, ALL)
    (project / "shop" / "code.py").write_text("")
    messages()
    with pytest.raises(CommandError, match="1 of 2"):
        messages(check=True)
    (project / "shop" / "code.py").write_text(CODE)
    messages()
    assert messages(check=True) == "3 messages, all translated\n"
    (project / "shop" / "code.py").write_text("")
    messages(prune=True)
    assert messages(check=True) == "2 messages, all translated\n"


def test_running_it_again_changes_nothing(project):
    fill(project, ALL)
    written = (project / "locale/zh_Hans/LC_MESSAGES/django.po").read_bytes()
    messages()
    assert (project / "locale/zh_Hans/LC_MESSAGES/django.po").read_bytes() == written
    assert b"POT-Creation-Date" not in written
    assert len(read_po(io.BytesIO(written))) == 3


def test_oscar_speaks_chinese():
    with translation.override("zh-hans"):
        assert translation.gettext("Quantity") == "数量"
