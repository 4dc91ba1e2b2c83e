"""What kinds of sheets there are. A kind is declared as data, its columns, and says how a row meets the books.

The engine knows no kind by name: a package above suppliers adds its own with `register`.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from ..base.access import OWNER, SELLER
from ..base.sheets import Cell
from ..models import Cooperative, SheetRow
from . import cells

TEXT, DIGITS, WEIGHT, PRICE, MONEY, WHOLE, DAY = "text", "digits", "weight", "price", "money", "whole", "day"
NEW, CHANGED, SAME = "new", "changed", "same"

READERS = {
    TEXT: lambda cell, _unit: cells.text_of(cell),
    DIGITS: lambda cell, _unit: cells.digits_of(cell),
    WEIGHT: cells.grams_of,
    PRICE: cells.fen_per_kg_of,
    MONEY: lambda cell, _unit: cells.fen_of(cell),
    WHOLE: lambda cell, _unit: cells.whole_of(cell),
    DAY: lambda cell, _unit: cells.day_of(cell),
}


@dataclass(frozen=True)
class Column:
    """What is asked for: named as the action's argument is, with the words that people write over it.

    `unit` is that of the template and the export; `is_secret`: shown masked; `is_info`: written for people, never read.
    """

    name: str
    label: str | Promise
    type: str = TEXT
    synonyms: Sequence[str] = ()
    is_required: bool = False
    help: str | Promise = ""
    example: object = ""
    unit: str | None = None
    is_secret: bool = False
    is_info: bool = False
    width: int = 14
    most: int = 60

    @property
    def has_unit(self) -> bool:
        return self.type in (WEIGHT, PRICE)

    @property
    def bare(self) -> str:
        """The label without its unit."""
        return re.sub(r"\s*[(（].*[)）]$", "", str(self.label))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words that mean this column, in the order in which they are preferred."""
        own = []
        for language in ("zh-hans", "en"):
            with translation.override(language):
                own.append(plain_heading(str(self.label)))
        return tuple(dict.fromkeys([*own, *map(plain_heading, self.synonyms)]))

    def value(self, cell: Cell, unit: str | None) -> Any:
        """What `cell` means. Raises ValueError with what is wrong."""
        value = READERS[self.type](cell, unit)
        if isinstance(value, str) and len(value) > self.most:
            raise ValueError(_("This is longer than %(most)s signs.") % {"most": self.most})
        if value is None and self.is_required:
            raise ValueError(_("Something belongs here."))
        return value

    def written(self, value: Any) -> object:
        """`value`, as the actions take it, for a cell of the export: in yuan, in jin or kilograms."""
        if value is None or value == "":
            return None
        if self.type == WEIGHT:
            return Decimal(value) / cells.G_OF_UNIT[self.unit]
        if self.type == PRICE:
            return Decimal(value) * cells.G_OF_UNIT[self.unit] / 100_000
        if self.type == MONEY:
            return Decimal(value).scaleb(-2)
        return value

    def said(self, value: Any) -> str:
        """`value` as a person reads it in the preview."""
        if value is None or value == "":
            return "—"
        if self.type == WEIGHT:
            return _("%(kg)s kg") % {"kg": f"{Decimal(value).scaleb(-3).normalize():f}"}
        if self.type == PRICE:
            return _("%(yuan)s yuan/kg") % {"yuan": f"{Decimal(value).scaleb(-2):.2f}"}
        if self.type == MONEY:
            return _("%(yuan)s yuan") % {"yuan": f"{Decimal(value).scaleb(-2):,.2f}"}
        return value.isoformat() if isinstance(value, dt.date) else str(value)


def plain_heading(text: str) -> str:
    """A heading without units, stars, blanks and what stands in brackets."""
    text = unicodedata.normalize("NFKC", text)
    bare = re.sub(r"[(\[【].*?[)\]】]", "", text)
    return re.sub(r"[\s*:、/_-]", "", bare or text).lower()


class Wrong(Exception):
    """A row that cannot be taken: what is wrong, by column."""

    def __init__(self, errors: Mapping[str, str]):
        super().__init__(", ".join(errors))
        self.errors = dict(errors)


@dataclass(frozen=True)
class Verdict:
    """What a row would do. `key` is what makes it the same row again, `act` what the kind's `apply` takes.

    `changes` are (column's label, old, new) in words; `title` says in the preview which row this is.
    """

    verdict: str
    key: str
    title: str
    act: Any = None
    changes: Sequence[tuple[str, str, str]] = ()
    row: int = 0


@dataclass(frozen=True)
class Made:
    """A row of the books that was written for `row` of a sheet."""

    row: int
    made: str
    object_id: int
    before: str = ""


class Kind:
    """A kind of sheet; subclasses say the rest. Names of columns are those of the action's arguments."""

    code: str
    title: str | Promise
    intro: str | Promise
    columns: Sequence[Column] = ()
    icon: str = "file-spreadsheet"
    can_be_undone = True
    posts: Sequence[str] = (OWNER, SELLER)  # whose it is at the cooperative

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    @cached_property
    def asked(self) -> list[Column]:
        """The columns that are read."""
        return [column for column in self.columns if not column.is_info]

    def choices(self, cooperative: Cooperative) -> dict[str, Sequence[str]]:
        """What the drop-downs of the template offer, by column."""
        return {}

    def books(self, cooperative: Cooperative) -> Any:
        """What rows are judged by, looked up once for all of them."""
        raise NotImplementedError

    def judge(self, values: dict[str, Any], books: Any) -> Verdict | None:
        """What a row would do; None for one that says nothing yet. Raises Wrong."""
        raise NotImplementedError

    def apply(self, verdicts: Sequence[Verdict], *, cooperative: Cooperative, by) -> list[Made]:
        """Write the new and changed rows, all or none. Raises ValidationError."""
        raise NotImplementedError

    def undo(self, made: Sequence[SheetRow], *, cooperative: Cooperative, by=None) -> None:
        """Take back what an import wrote. Raises ValidationError where something is built on it."""
        raise ValidationError(_("What left cannot be taken back."))

    def export(self, cooperative: Cooperative) -> Iterable[dict[str, Any]]:
        """The present rows, as values by column."""
        raise NotImplementedError


@dataclass
class _Register:
    kinds: dict[str, Kind] = field(default_factory=dict)


_register = _Register()


def register(kind: Kind) -> None:
    """Let cooperatives send in sheets of `kind`; the same code again replaces it."""
    _register.kinds[kind.code] = kind


def all_kinds() -> list[Kind]:
    return sorted(_register.kinds.values(), key=lambda kind: kind.place)


def get(code: str) -> Kind | None:
    return _register.kinds.get(code)


def by_column(error: ValidationError, kind: Kind, *, otherwise: str) -> Wrong:
    """What an action refused, at the columns of `kind`; what names no column is put at `otherwise`."""
    if not hasattr(error, "error_dict"):
        return Wrong({otherwise: " ".join(error.messages)})
    return Wrong(
        {
            name if kind.column(name) else otherwise: " ".join(message for one in errors for message in one.messages)
            for name, errors in error.error_dict.items()
        }
    )
