"""Sheets in and out: what somebody's Excel, WPS or CSV file says, and files that Excel and WPS open.

A file is bounded before it is parsed: by its size, by what its zip directory says, by what really comes out of it while it
is unpacked, and by how far its cells reach. What is parsed is packed anew from exactly the bytes that were counted, so the
parser meets no other part of the file. Nothing of a file runs: formulas are read as the values they last had.
"""

import codecs
import csv
import datetime as dt
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from xml.parsers import expat

import python_calamine
import xlsxwriter
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .cells import FORMULA_STARTS, safe

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 60
MOST_UNPACKED = 50 * 1024 * 1024
MOST_PARTS = 500
MOST_SHEETS = 30
MOST_FILLED = 600_000  # cells: thirty columns of as many rows as are taken
MOST_SIGNS = 10_000_000  # in all cells together: a text that is kept once may stand in every cell
MOST_CELL = 2_000  # signs: longer is no entry of a list
HEADROOM = 20  # rows of titles above the list

Cell = str | float | bool | dt.date | dt.datetime | dt.time | dt.timedelta | None

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BOM = "\ufeff"  # without it Excel and WPS read UTF-8 as something else

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SHEET = re.compile(r"^xl/worksheets/[^/]+\.xml$", re.IGNORECASE)
_STRINGS = re.compile(r"^xl/sharedStrings\.xml$", re.IGNORECASE)
# What of a workbook is read: no macros, pictures, drawings or links to elsewhere.
_READ = re.compile(
    r"^(\[Content_Types\]\.xml|_rels/\.rels|xl/workbook\.xml|xl/_rels/workbook\.xml\.rels|xl/sharedStrings\.xml"
    r"|xl/styles\.xml|xl/worksheets/[^/]+\.xml)$",
    re.IGNORECASE,
)
# A bell, a sign to write from right to left, half of a pair: nobody types them, and no database likes them.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
_REFERENCE = re.compile(r"^([A-Z]{1,3})([0-9]{1,7})$")


@dataclass(frozen=True)
class Table:
    """The cells of one sheet, from its first row and column on; all rows are equally long.

    `merged` are ranges of cells drawn together, as (first row, first column, last row, last column), counted from 0.
    """

    rows: list[list[Cell]]
    name: str = ""
    merged: tuple[tuple[int, int, int, int], ...] = ()


def column_letters(index: int) -> str:
    """The letters over column `index` (0 is A)."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


# ── In ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def read(content: bytes) -> list[Table]:
    """The sheets of an Excel (.xlsx, .xlsm) or text (CSV in UTF-8, UTF-16 or GBK) file that are visible and not empty.

    Raises ValidationError, in words for whoever sent it, for what is too large, damaged, locked, or something else.
    """
    if not content:
        raise ValidationError(_("This file is empty. Please choose it again."))
    if len(content) > MOST_BYTES:
        raise ValidationError(_("A sheet may have up to 5 MB. Split it into several sheets and send them one by one."))
    if content.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise ValidationError(_("This sheet is locked with a password. Take the password away and send it again."))
        raise ValidationError(
            _("This is a sheet in the old format (.xls). Open it, choose “Save as” and “.xlsx”, and send that file.")
        )
    tables = _workbook(content) if content.startswith(_ZIP) else [_text_table(_text(content))]
    tables = [table for table in tables if table.rows]
    if not tables:
        raise ValidationError(_("There is nothing in this sheet. Fill it in, save it and send it again."))
    return tables


def read_pasted(text: str) -> Table:
    """The cells of a block that was copied from a spreadsheet. Raises ValidationError where it is empty or too large."""
    if len(text) > MOST_BYTES // 2:
        raise ValidationError(_("This is too much to paste. Send the sheet as a file."))
    table = _text_table(text)
    if not table.rows:
        raise ValidationError(_("There is nothing in this sheet. Fill it in, save it and send it again."))
    return table


def _damaged() -> ValidationError:
    return ValidationError(
        _("This file cannot be read; it may be damaged. Open it, choose “Save as” and “.xlsx”, and send that file.")
    )


def _too_large() -> ValidationError:
    return ValidationError(
        _(
            "This sheet is too large: up to %(rows)s rows and %(columns)s columns. Split it and send the parts one by one."
        )
        % {"rows": f"{MOST_ROWS:,}", "columns": MOST_COLUMNS}
    )


def _workbook(content: bytes) -> list[Table]:
    try:
        parts = _unpacked(content)
        lengths = [n for name, xml in parts.items() if _STRINGS.match(name) for n in _lengths(xml)]
        pages = [xml for name, xml in parts.items() if _SHEET.match(name)]
        for xml in pages:
            _measure(xml, lengths)
        packed = _packed(parts)
    except (ValidationError, MemoryError):
        raise
    except Exception as error:  # zip and XML parsers throw what they like at a file that is made for it
        raise _damaged() from error
    if not pages:
        raise _not_a_sheet()
    del parts, pages, lengths
    try:
        return list(_tables(packed))
    except ValidationError:
        raise
    except python_calamine.PasswordError as error:
        raise ValidationError(
            _("This sheet is locked with a password. Take the password away and send it again.")
        ) from error
    except Exception as error:
        raise _damaged() from error
    except BaseException as error:
        # A panic of the parser is no Exception; anything else that ends the process is not ours to hold up.
        if type(error).__name__ != "PanicException":
            raise
        raise _damaged() from error


def _not_a_sheet() -> ValidationError:
    return ValidationError(_("This is not a sheet. Send a file that ends in .xlsx, or in .csv."))


def _unpacked(content: bytes) -> dict[str, bytes]:
    """The parts of a workbook that are read. Raises ValidationError above the bounds, whatever the zip says of itself."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if len(members) > MOST_PARTS or sum(member.file_size for member in members) > MOST_UNPACKED:
            raise _too_large()
        if any(member.flag_bits & 1 for member in members):
            raise ValidationError(_("This sheet is locked with a password. Take the password away and send it again."))
        if any(member.filename.lower() == "xl/workbook.bin" for member in members):
            raise ValidationError(
                _(
                    "This is a sheet in a format we cannot read. Open it, choose “Save as” and “.xlsx”, and send that file."
                )
            )
        parts: dict[str, bytes] = {}
        left = MOST_UNPACKED
        for member in members:
            if not _READ.match(member.filename):
                continue
            if member.filename in parts:
                raise _damaged()
            # What the header says may be a lie: no more than what is left is ever unpacked.
            with archive.open(member) as file:
                parts[member.filename] = part = file.read(left + 1)
            left -= len(part)
            if left < 0:
                raise _too_large()
        return parts


def _packed(parts: dict[str, bytes]) -> io.BytesIO:
    """`parts` as a zip file, so that what is parsed is what was counted."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    packed.seek(0)
    return packed


def _parse(xml: bytes, start, end, text=None) -> None:
    """Walk through `xml`, element by element; names come without their namespace's prefix."""

    def refuse_document_type(*_args) -> None:
        raise _damaged()  # entities that multiply; no spreadsheet writes any

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse_document_type
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.buffer_text = True
    parser.Parse(xml, True)


def _plain_name(name: str) -> str:
    return name.rpartition(":")[2]


def _lengths(xml: bytes) -> list[int]:
    """How many signs each of the texts has that the cells of a workbook name by number."""
    found: list[int] = []

    def start(name: str, _attributes: dict[str, str]) -> None:
        if _plain_name(name) == "si":
            found.append(0)

    def text(signs: str) -> None:
        if found:
            found[-1] += len(signs)

    _parse(xml, start, None, text)
    return found


def _measure(xml: bytes, lengths: Sequence[int]) -> None:
    """Raise ValidationError where the filled cells of a sheet reach too far, are too many, or say too much.

    A parser lays out every cell between the first and the last one, each with a copy of its text: a single far cell, or
    a long text in every cell, would fill the memory. `lengths` are those of the texts that cells name by number.
    """
    row = column = filled = signs = 0
    in_cell = is_named = in_value = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, filled, in_cell, is_named, in_value
        name = _plain_name(name)
        if name == "row":
            row = int(attributes.get("r", row + 1))
            column = 0
        elif name == "c":
            in_cell, is_named = True, attributes.get("t") == "s"
            if "r" in attributes:
                row, column = _place(attributes["r"])
            else:
                column += 1
        elif in_cell and name in ("v", "is", "f"):
            in_value = name == "v"
            filled += 1
            if row > MOST_ROWS + HEADROOM or column > MOST_COLUMNS or filled > MOST_FILLED:
                raise _too_large()

    def end(name: str) -> None:
        nonlocal in_cell, in_value
        name = _plain_name(name)
        in_value = in_value and name != "v"
        in_cell = in_cell and name != "c"

    def text(said: str) -> None:
        nonlocal signs
        if not in_cell:
            return
        if is_named and in_value:
            number = int(said) if said.strip().isdecimal() and len(said) < 9 else -1
            signs += lengths[number] if 0 <= number < len(lengths) else 0
        else:
            signs += len(said)
        if signs > MOST_SIGNS:
            raise _too_large()

    _parse(xml, start, end, text)


def _place(reference: str) -> tuple[int, int]:
    """Row and column, counted from 1, of a cell's `reference` (B12)."""
    found = _REFERENCE.match(reference.upper())
    if found is None:
        raise _damaged()
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]), column


def _tables(packed: io.BytesIO) -> Iterator[Table]:
    with python_calamine.CalamineWorkbook.from_filelike(packed) as book:
        if len(book.sheets_metadata) > MOST_SHEETS:
            raise _too_large()
        for sheet in book.sheets_metadata:
            is_visible = sheet.visible == python_calamine.SheetVisibleEnum.Visible
            if not is_visible or sheet.typ != python_calamine.SheetTypeEnum.WorkSheet:
                continue
            found = book.get_sheet_by_name(sheet.name)
            if found.total_height > MOST_ROWS + HEADROOM or found.total_width > MOST_COLUMNS:
                raise _too_large()
            rows = found.to_python(skip_empty_area=False) if found.end else []
            merged = tuple((*first, *last) for first, last in (found.merged_cell_ranges or ())[:MOST_ROWS])
            yield Table(_trimmed(rows), sheet.name, merged)


def _trimmed(rows: list[list[Cell]]) -> list[list[Cell]]:
    """`rows` with clean cells, without the empty rows at their end; empty where nothing is written in them."""
    cleaned = [[_clean(cell) for cell in row] for row in rows]
    while cleaned and not any(cell not in (None, "") for cell in cleaned[-1]):
        cleaned.pop()
    if len(cleaned) > MOST_ROWS + HEADROOM:
        raise _too_large()
    return cleaned


def _clean(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    if len(cell) > MOST_CELL:
        raise ValidationError(_("A cell of this sheet holds more than 2,000 signs. Look whether something slipped in."))
    text = " ".join(_UNSEEN.sub(" ", unicodedata.normalize("NFKC", cell)).split())
    # The apostrophe that keeps a text from being a formula is no part of the text.
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text


def _text(content: bytes) -> str:
    """A text file's text, in whichever of the usual codes it is. Raises ValidationError where it is no text."""
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for code in ("utf-16",) if is_utf16 else ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(code)
        except UnicodeDecodeError:
            continue
        signs = text[:4000]
        odd = sum(unicodedata.category(sign) in ("Cc", "Cn", "Co", "Cs") and sign not in "\t\r\n" for sign in signs)
        if odd * 50 <= len(signs) and "\x00" not in text:
            return text
    raise _not_a_sheet()


def _text_table(text: str) -> Table:
    """A text table's cells; what stands between them is whichever of tab, comma and semicolon its first lines have most."""
    text = text.removeprefix(BOM).strip("\r\n")
    head = "\n".join(text.splitlines()[:10])
    between = max("\t,;，", key=head.count)
    if between == "，":
        between = ","
        text = text.replace("，", ",")
    rows: list[list[Cell]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=between):
            if len(rows) > MOST_ROWS + HEADROOM or len(row) > MOST_COLUMNS:
                raise _too_large()
            rows.append(list(row))
    except csv.Error as error:
        raise _damaged() from error
    width = max(map(len, rows), default=0)
    return Table(_trimmed([row + [""] * (width - len(row)) for row in rows]))


# ── Out ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """`rows` as lines of a CSV file that spreadsheets open, one at a time."""
    writer = csv.writer(_Echo())
    yield BOM
    for row in rows:
        yield writer.writerow([safe("" if value is None else value) for value in row])


@dataclass(frozen=True)
class Heading:
    """A column of a sheet that is written: what stands over it, how its cells look, and what may be chosen in them."""

    label: str
    kind: str = "text"  # text, number, day
    width: int = 16
    hint: str = ""
    is_required: bool = False
    choices: Sequence[str] = ()


@dataclass(frozen=True)
class Page:
    """A sheet to write: its name, columns, rows, how many lines of which are an example, and lines of explanation."""

    name: str
    headings: Sequence[Heading]
    rows: Iterable[Sequence[object]]
    notes_name: str
    notes: Sequence[Sequence[str]] = field(default_factory=list)
    examples: int = 0
    choices_name: str = "list"


NUMBER_FORMATS = {"text": "@", "number": "General", "day": "yyyy-mm-dd"}
ROWS_TO_FILL = 2_000
MOST_LISTED_INLINE = 200  # signs of a drop-down's list; Excel takes 255


def workbook(page: Page) -> bytes:
    """`page` as an Excel file: the explanation, the sheet to fill with its drop-downs, and the lists that they show."""
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(stream, options) as book:
        formats = _Formats(book)
        sheet = book.add_worksheet(page.name[:31])
        notes = book.add_worksheet(page.notes_name[:31])
        _write_notes(notes, page, formats)
        last = _write_rows(sheet, page, formats)
        lists = book.add_worksheet(page.choices_name[:31])
        lists.hide()
        for c, heading in enumerate(page.headings):
            _validate(sheet, lists, c, heading, last=last + ROWS_TO_FILL, lists_name=page.choices_name[:31])
        sheet.activate()
    return stream.getvalue()


class _Formats:
    """The looks of cells of one workbook."""

    def __init__(self, book: xlsxwriter.Workbook):
        head = {"bold": True, "text_wrap": True, "valign": "vcenter", "bottom": 1}
        self.required = book.add_format(head | {"bg_color": "#F6DDB0"})
        self.optional = book.add_format(head | {"bg_color": "#EEE8DA"})
        self.title = book.add_format({"bold": True, "font_size": 16})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self.plain = {kind: book.add_format({"num_format": look}) for kind, look in NUMBER_FORMATS.items()}
        grey = {"italic": True, "font_color": "#777777"}
        self.example = {kind: book.add_format(grey | {"num_format": look}) for kind, look in NUMBER_FORMATS.items()}


def _write_notes(sheet, page: Page, formats: _Formats) -> None:
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 3, 34)
    for r, row in enumerate(page.notes):
        for c, text in enumerate(row):
            look = formats.title if r == 0 else formats.bold if c == 0 else formats.wrapped
            sheet.write_string(r, c, str(safe(text)), look)


def _write_rows(sheet, page: Page, formats: _Formats) -> int:
    """Write headings and rows; return the last row's number, counted from 0."""
    sheet.freeze_panes(1, 0)
    for c, heading in enumerate(page.headings):
        sheet.set_column(c, c, heading.width, formats.plain[heading.kind])
        sheet.write_string(0, c, heading.label, formats.required if heading.is_required else formats.optional)
        if heading.hint:
            sheet.write_comment(0, c, heading.hint, {"x_scale": 2})
    last = 0
    for last, row in enumerate(page.rows, start=1):
        looks = formats.example if last <= page.examples else formats.plain
        for c, (value, heading) in enumerate(zip(row, page.headings, strict=True)):
            _write_cell(sheet, last, c, value, looks[heading.kind])
    return last


def _write_cell(sheet, r: int, c: int, value: object, look) -> None:
    if value is None or value == "":
        return
    if isinstance(value, dt.date):
        sheet.write_datetime(r, c, value, look)
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        sheet.write_number(r, c, value, look)
    else:
        sheet.write_string(r, c, str(safe(str(value))), look)


def _validate(sheet, lists, c: int, heading: Heading, *, last: int, lists_name: str) -> None:
    """Let Excel and WPS offer the choices of a column, and say what belongs there; other values stay possible."""
    if not heading.choices:
        return
    choices = list(heading.choices)
    if len(",".join(choices)) <= MOST_LISTED_INLINE and not any("," in choice for choice in choices):
        source: object = choices
    else:
        for r, choice in enumerate(choices):
            lists.write_string(r, c, str(safe(choice)))
        letters = column_letters(c)
        source = f"='{lists_name}'!${letters}$1:${letters}${len(choices)}"
    # A warning, no lock: her own words for a village are understood too.
    sheet.data_validation(
        1, c, last, c, {"validate": "list", "source": source, "error_type": "information", "ignore_blank": True}
    )
