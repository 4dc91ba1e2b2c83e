"""The report's tables and its detail as files: CSV, Excel, JSON. Households by number, no other personal data."""

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import xlsxwriter
from django.utils.translation import gettext as _

from suppliers.base.money import yuan_of
from suppliers.base.sheets import csv_lines
from suppliers.models import Credit
from suppliers.models.ledger import PurchaseLot, eligible_on_purchase

from .figures import Figures
from .report import COUNT, MONEY, SHARE, TEXT, WEIGHT, Column, Report, Table, wan_text


def heading(column: Column) -> str:
    """A column's label with its unit."""
    unit = {MONEY: _("yuan"), WEIGHT: _("kg"), SHARE: "%"}.get(column.kind)
    return f"{column.label}({unit})" if unit else column.label


def exact(value: object, kind: str) -> object:
    """A raw value in yuan, kilograms or percent, exactly, for a file."""
    if value is None or kind in (TEXT, COUNT):
        return value
    return {MONEY: yuan_of, WEIGHT: lambda g: Decimal(g).scaleb(-3), SHARE: lambda bp: Decimal(bp).scaleb(-2)}[kind](
        value
    )


def table_rows(table: Table) -> Iterator[list[object]]:
    """A table for a CSV file: headings, rows, totals, and its note."""
    yield [heading(column) for column in table.columns]
    for row in [*table.rows, table.total]:
        yield [exact(value, column.kind) for value, column in zip(row, table.columns, strict=True)]
    yield [_("Note"), table.note]


def credit_rows(figures: Figures) -> Iterator[list[object]]:
    """带贫台账: every credit of the window from its order line to its lot and household, oldest first; fen and grams.

    The rows that count (eligible on the day of purchase) sum to 户源销售额 and 农户实得 of the report.
    """
    yield [
        _("Credit"),
        _("Day"),
        _("Order line"),
        _("Order number"),
        _("Cooperative"),
        _("Product"),
        _("Lot"),
        _("Household number"),
        _("Weight (g)"),
        _("Sales (fen)"),
        _("Credited (fen)"),
        _("Reverses credit"),
        _("Counts"),
    ]
    eligible = set(PurchaseLot.objects.filter(eligible_on_purchase()).values_list("pk", flat=True))
    rows = (
        Credit.objects.filter(kind=Credit.Kind.SALE)
        .between(figures.starts, figures.ends)
        .order_by("credited_on", "pk")
        .values_list(
            "pk",
            "credited_on",
            "allocation__line",
            "allocation__line__order__number",
            "allocation__lot__produce__cooperative__code",
            "allocation__lot__produce__code",
            "allocation__lot__lot_no",
            "household__household_no",
            "allocation__g",
            "allocation__sales_fen",
            "amount_fen",
            "reverses",
            "allocation__lot",
        )
    )
    yes, no = _("yes"), _("no")
    for *row, lot in rows.iterator(chunk_size=2000):
        yield [*row, yes if lot in eligible else no]


def workbook(report: Report) -> bytes:
    """The report as an Excel file: a sheet of headline figures, one for each table. Money in yuan, weight in kg."""
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(stream, options) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        title = book.add_format({"bold": True, "font_size": 16})
        formats = {
            MONEY: book.add_format({"num_format": "#,##0.00"}),
            WEIGHT: book.add_format({"num_format": "#,##0.000"}),
            SHARE: book.add_format({"num_format": "0.00"}),
            COUNT: book.add_format({"num_format": "#,##0"}),
            TEXT: book.add_format(),
        }
        sheet = book.add_worksheet(_("Headline"))
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 2, 20)
        sheet.write(0, 0, report.title, title)
        sheet.write(1, 0, report.narrative)
        for i, (label, value, kind) in enumerate(report.headline, start=3):
            sheet.write(i, 0, label)
            sheet.write(i, 1, exact(value, kind), formats[kind])
            if kind == MONEY:
                sheet.write(i, 2, f"{wan_text(value)} " + _("10,000 yuan"))
        sheet.write(
            len(report.headline) + 4, 0, _("Data as of %(moment)s") % {"moment": f"{report.cut_off:%Y-%m-%d %H:%M}"}
        )
        for table in report.tables.values():
            sheet = book.add_worksheet(table.title[:31])
            sheet.freeze_panes(1, 0)
            for c, column in enumerate(table.columns):
                sheet.set_column(c, c, 34 if column.kind == TEXT else 16)
                sheet.write(0, c, heading(column), bold)
            for r, row in enumerate([*table.rows, table.total], start=1):
                for c, (value, column) in enumerate(zip(row, table.columns, strict=True)):
                    sheet.write(r, c, exact(value, column.kind), formats[column.kind])
            sheet.write(len(table.rows) + 3, 0, table.note)
    return stream.getvalue()


def write_files(report: Report, folder: Path) -> list[Path]:
    """Write report.json and a CSV for each table and for the detail into `folder`; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "report.json"]
    written[0].write_text(json.dumps(report.as_data(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    contents = {table.code: table_rows(table) for table in report.tables.values()}
    for name, rows in [*contents.items(), ("credits", credit_rows(report.figures))]:
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(csv_lines(rows))
        written.append(path)
    return written
