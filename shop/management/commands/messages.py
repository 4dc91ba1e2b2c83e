"""Translations without the gettext programs: everything marked in code and templates, in one Chinese catalogue."""

import fcntl
import io
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError

from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.exceptions import TemplateSyntaxError
from django.utils.translation.template import templatize

LOCALE = "zh_Hans"
PACKAGES = ("suppliers", "logistics", "shop")
KEYWORDS = {
    name + lazy: spec
    for name, spec in {
        "gettext": None,
        "ngettext": (1, 2),
        "pgettext": ((1, "c"), 2),
        "npgettext": ((1, "c"), 2, 3),
    }.items()
    for lazy in ("", "_lazy")
} | {"_": None, "gettext_noop": None}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*\}")
CONTEXT_ENDS = "\x04"
# They say when somebody ran the tool: every two branches would disagree about them.
VOLATILE = ("POT-Creation-Date", "PO-Revision-Date", "Generated-By", "Report-Msgid-Bugs-To", "Last-Translator")


class Command(BaseCommand):
    """Bring the catalogue up to date with the code, and compile it."""

    help = "Extracts what is to be translated into shop/locale, merges translations, checks and compiles the catalogue."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where something is not right")
        parser.add_argument("--compile", action="store_true", help="only compile the catalogue as it is")
        parser.add_argument("--prune", action="store_true", help="drop what is no longer in the code")
        parser.add_argument(
            "--fill",
            metavar="FILE.json",
            type=Path,
            help='translations to merge: {"msgid": "msgstr"}; plurals as a list; "context\\u0004msgid" with a context',
        )

    def handle(self, **options):
        with _one_at_a_time():
            catalog = _read()
            if options["compile"]:
                _compile(catalog)
                return
            was_obsolete = dict(catalog.obsolete)
            catalog.update(self._extracted(), no_fuzzy_matching=True, update_header_comment=False)
            for key, message in was_obsolete.items():
                if again := catalog.get(message.id, message.context):  # its translation comes back with it
                    again.string = message.string
                    del catalog.obsolete[key]
            if options["check"]:
                self._report(_problems(catalog), len(catalog))
                return
            if options["prune"]:
                catalog.obsolete.clear()
            unknown = _fill(catalog, json.loads(options["fill"].read_text("utf-8"))) if options["fill"] else []
            _write(catalog)
            _compile(catalog)
        problems = _problems(catalog)
        self.stdout.write(f"{len(catalog)} messages, {len(problems)} to be looked at (messages --check lists them)")
        if unknown:
            raise CommandError("not in the code, so not filled in:\n" + "\n".join(f"  {key!r}" for key in unknown))

    def _report(self, problems: list[str], count: int) -> None:
        for problem in problems:
            self.stderr.write(problem)
        if problems:
            raise CommandError(f"{len(problems)} of {count} messages are not right")
        self.stdout.write(f"{count} messages, all translated")

    def _extracted(self) -> Catalog:
        """Everything that is marked in the code and the templates."""
        template = Catalog(locale=LOCALE)
        for path, source in _sources():
            name = path.relative_to(settings.BASE_DIR).as_posix()
            try:
                # templatize leaves Python calls amid the page's indentation, which Python would not read.
                lines = source if path.suffix == ".py" else _stripped(templatize(source, origin=name))
                options = {"encoding": "utf-8"}
                found = list(extract("python", io.BytesIO(lines.encode()), KEYWORDS, ("Translators:",), options))
            except (SyntaxError, TokenError, TemplateSyntaxError) as error:
                self.stderr.write(f"{name} cannot be read: {error}")
                continue
            for _line, message, comments, context in found:
                template.add(message, None, [(name, 0)], auto_comments=comments, context=context)
        return template


def _stripped(text: str) -> str:
    return "\n".join(line.strip() for line in text.splitlines())


def _sources() -> Iterator[tuple[Path, str]]:
    for package in PACKAGES:
        for path in sorted((settings.BASE_DIR / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, path.read_text("utf-8")
    for folder in ("templates", *PACKAGES):
        for pattern in ("*.html", "*.txt"):
            for path in sorted((settings.BASE_DIR / folder).rglob(pattern)):
                if folder == "templates" or "templates" in path.parts:
                    yield path, path.read_text("utf-8")


def _fill(catalog: Catalog, translations: dict[str, str | list[str]]) -> list[str]:
    """Set translations; return the keys that the catalogue does not have."""
    unknown = []
    for key, translated in translations.items():
        context, _, msgid = key.rpartition(CONTEXT_ENDS)
        message = catalog.get(msgid, context or None)
        if message is None:
            unknown.append(key)
            continue
        if not isinstance(message.id, tuple):
            message.string = translated
        else:
            message.string = (translated,) if isinstance(translated, str) else tuple(translated)
        message.flags.discard("fuzzy")
    return unknown


def _problems(catalog: Catalog) -> list[str]:
    problems = []
    for message in catalog:
        if not message.id:
            continue
        strings = _texts(message.string or "")
        if not all(strings):
            problems.append(f"untranslated: {_key(message)!r} ({message.locations[0][0]})")
        elif message.fuzzy:
            problems.append(f"fuzzy: {_key(message)!r}")
        elif any(_placeholders(string) != _placeholders(_texts(message.id)[-1]) for string in strings):
            problems.append(f"other placeholders: {_key(message)!r}")
    problems += [f"no longer in the code: {_key(message)!r}" for message in catalog.obsolete.values()]
    return problems


def _texts(one_or_many: str | Iterable[str]) -> list[str]:
    return [one_or_many] if isinstance(one_or_many, str) else list(one_or_many)


def _placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def _key(message: Message) -> str:
    msgid = _texts(message.id)[0]
    return f"{message.context}{CONTEXT_ENDS}{msgid}" if message.context else msgid


def _folder() -> Path:
    return settings.LOCALE_PATHS[0] / LOCALE / "LC_MESSAGES"


def _read() -> Catalog:
    path = _folder() / "django.po"
    if not path.exists():
        return Catalog(locale=LOCALE, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE)


def _write(catalog: Catalog) -> None:
    catalog.header_comment = "# Chinese of the whole project. Changed by `manage.py messages`, sorted by message."
    catalog.fuzzy = False
    written = io.BytesIO()
    write_po(written, catalog, width=120, sort_output=True, include_lineno=False)
    lines = written.getvalue().decode().splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith(tuple(f'"{name}:' for name in VOLATILE)))
    _replace(_folder() / "django.po", text.encode())


def _compile(catalog: Catalog) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    _replace(_folder() / "django.mo", compiled.getvalue())


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: a server may be reading it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_bytes() == content:
        return
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.write_bytes(content)
    new.replace(path)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Wait until nobody else of this checkout is at the catalogue."""
    lock = settings.BASE_DIR / "var" / "messages.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
