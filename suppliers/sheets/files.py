"""Templates and exports: one shape for what is taken out, what is filled in and what is sent in again."""

from django.utils.translation import gettext as _

from ..base import days
from ..base.sheets import MOST_ROWS, Heading, Page, workbook
from ..models import Cooperative
from .kinds import DAY, MONEY, PRICE, WEIGHT, WHOLE, Kind

LOOKS = {DAY: "day", WEIGHT: "number", PRICE: "number", MONEY: "number", WHOLE: "number"}


def template(kind: Kind, cooperative: Cooperative) -> bytes:
    """An empty sheet of `kind` to fill in, with an example row that an import passes over."""
    example = [column.example if column.example != "" else None for column in kind.columns]
    return workbook(_page(kind, cooperative, [example], examples=1))


def export(kind: Kind, cooperative: Cooperative, *, by) -> bytes:
    """The present rows of `kind` in the shape of its template: to be read, changed and sent in again."""
    rows = ([column.written(row.get(column.name)) for column in kind.columns] for row in kind.export(cooperative))
    stamp = _("Exported on %(day)s by account %(account)s. Names and numbers of people are masked.") % {
        "day": f"{days.now().astimezone(days.SHANGHAI):%Y-%m-%d %H:%M}",
        "account": by.pk,
    }
    return workbook(_page(kind, cooperative, rows, stamp=stamp))


def _page(kind: Kind, cooperative: Cooperative, rows, *, examples: int = 0, stamp: str = "") -> Page:
    choices = kind.choices(cooperative)
    headings = [
        Heading(
            str(column.label),
            LOOKS.get(column.type, "text"),
            column.width,
            str(column.help),
            is_required=column.is_required,
            choices=choices.get(column.name, ()),
        )
        for column in kind.columns
    ]
    return Page(
        name=str(kind.title),
        headings=headings,
        rows=rows,
        examples=examples,
        notes_name=_("How to fill it in"),
        notes=_notes(kind, cooperative, stamp),
        choices_name=_("Lists"),
    )


def _notes(kind: Kind, cooperative: Cooperative, stamp: str) -> list[list[str]]:
    how = [
        _("One row for each. Leave the row of headings as it is; columns may stand in any order."),
        _("Yellow columns are needed. The others may be empty."),
        _("Weights and prices: a number. Another unit is written behind it: 60公斤, 0.5吨."),
        _("Days with their year: 2019-1-5, 2019.1.5 or 2019年1月5日."),
        _("ID numbers and bank accounts: format the column as “text” first, else the last digits are lost."),
        _("The grey example row, empty rows and sums (合计) are passed over."),
        _("Up to %(rows)s rows a sheet. Before anything is written you see what will change.")
        % {"rows": f"{MOST_ROWS:,}"},
    ]
    lines = [[f"{cooperative.name} · {kind.title}"], *([stamp] if stamp else []), *([text] for text in how), [""]]
    lines = [[line] if isinstance(line, str) else line for line in lines]
    lines.append([_("Column"), _("What belongs there"), _("Example"), _("Other words for it")])
    for column in kind.columns:
        example = column.example.isoformat() if hasattr(column.example, "isoformat") else str(column.example)
        needed = _("needed") if column.is_required else _("only to read") if column.is_info else _("may be empty")
        lines.append(
            [
                str(column.label),
                ". ".join(filter(None, [needed, str(column.help)])),
                "" if example.startswith("示例(") else example,
                "、".join(column.synonyms[:8]),
            ]
        )
    return lines
