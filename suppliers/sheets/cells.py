"""What somebody meant by a cell: grams, fen, days, numbers that must keep all their digits. No database, no clock.

Each function takes a cell as `suppliers.base.sheets` reads it and returns the value, None for an empty cell. They raise
ValueError with what is wrong and how to mend it; what was written is never repeated in it, as it might be personal.
"""

import datetime as dt
import re
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from ..base.sheets import Cell

G_OF_UNIT = {"jin": 500, "kg": 1000, "t": 1_000_000, "g": 1}
# The longest first: 公斤 ends in 斤 too.
_UNIT_WORDS = (
    ("公斤", "kg"),
    ("千克", "kg"),
    ("市斤", "jin"),
    ("kg", "kg"),
    ("吨", "t"),
    ("斤", "jin"),
    ("克", "g"),
)
_MONEY_SIGNS = re.compile(r"[\s¥￥]|人民币|元|块|rmb", re.IGNORECASE)
_THOUSANDS = re.compile(r"^([+-]?\d{1,3}(,\d{3})+)(?=\.|$)")
_NUMBER = re.compile(r"^[+-]?\d{1,15}(\.\d{0,9})?$|^[+-]?\.\d{1,9}$")
_DAY = re.compile(r"^(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*[日号]?(\s+\d{1,2}:\d{2}(:\d{2})?)?$")
_SIX = Decimal("0.000001")
FIRST_SERIAL, LAST_SERIAL = 20_000, 73_050  # 1954 to 2099: what lies outside is another number
EXCEL_EPOCH = dt.date(1899, 12, 30)
# A number keeps 15 digits in a spreadsheet; the rest become zeros, silently.
EXACT_DIGITS = 15


def is_empty(cell: Cell) -> bool:
    """Whether nothing is written in a cell; a stroke (/ or —) says nothing too."""
    return cell is None or (isinstance(cell, str) and cell.strip() in ("", "/", "-", "--", "—", "——", "无"))


def unit_in(text: str) -> str | None:
    """The unit of weight that `text` (a heading, a cell) names."""
    low = text.lower()
    return next((unit for word, unit in _UNIT_WORDS if word in low), None)


def text_of(cell: Cell) -> str | None:
    """A cell as one line of text; a whole number without its decimals."""
    if is_empty(cell):
        return None
    if isinstance(cell, bool):
        raise ValueError(_("A text belongs here."))
    if isinstance(cell, float | int):
        number = _decimal(cell)
        return f"{number:f}" if number != number.to_integral_value() else f"{int(number)}"
    if isinstance(cell, dt.datetime | dt.date | dt.time | dt.timedelta):
        raise ValueError(_("A text belongs here, and this is a date. Format the column as “text” and write it again."))
    return str(cell).strip()


def digits_of(cell: Cell) -> str | None:
    """A number that is a name (ID, bank account, mobile): every digit counts. Blanks and hyphens between them do not."""
    if is_empty(cell):
        return None
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        number = _decimal(cell)
        if number != number.to_integral_value() or len(str(abs(int(number)))) > EXACT_DIGITS:
            raise ValueError(_lost_digits())
        return str(int(number))
    if not isinstance(cell, str):
        raise ValueError(_("Digits belong here. Format the column as “text” and write the number again."))
    text = re.sub(r"[\s-]", "", cell).upper()
    if re.fullmatch(r"[\d.]+E\+?\d+", text):
        raise ValueError(_lost_digits())
    return text


def _lost_digits() -> str:
    return _(
        "The last digits of this number are lost, because it was typed as a number. Select the column, choose "
        "“Format cells → Text”, and write the number again."
    )


def _decimal(cell: float | int) -> Decimal:
    """A number as a spreadsheet shows it: what a sum of floats leaves in the tenth decimal is dropped."""
    try:
        number = Decimal(repr(cell))
        if not number.is_finite() or abs(number) > Decimal(10) ** 30:
            raise ValueError(_("This number is too large."))
        near = number.quantize(_SIX) if abs(number) < Decimal(10) ** 15 else number
    except InvalidOperation as error:
        raise ValueError(_("A number belongs here.")) from error
    return near if abs(near - number) < Decimal("0.000000001") else number


def number_of(cell: Cell) -> Decimal | None:
    """A cell as a number: 12.5, "1,234.5", "1,234.5元"."""
    if is_empty(cell):
        return None
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        return _decimal(cell)
    if not isinstance(cell, str):
        raise ValueError(_("A number belongs here."))
    text = _MONEY_SIGNS.sub("", cell)
    text = _THOUSANDS.sub(lambda found: found[1].replace(",", ""), text)
    if not _NUMBER.match(text):
        raise ValueError(_("A number belongs here, such as 12.5."))
    return Decimal(text)


def whole_of(cell: Cell) -> int | None:
    """A cell as a whole number; words of counting after it (人, 件, 盒) are let through."""
    if isinstance(cell, str):
        cell = re.sub(r"(?<=\d)\s*[人口件盒箱袋个包瓶只户]$", "", cell.strip())
    number = number_of(cell)
    if number is None:
        return None
    if number != number.to_integral_value() or abs(number) > 10**12:
        raise ValueError(_("A whole number belongs here."))
    return int(number)


def grams_of(cell: Cell, unit: str | None) -> int | None:
    """A weight in grams. A unit in the cell (25斤, 12.5公斤, 3吨) goes before the column's `unit`."""
    own = unit_in(cell) if isinstance(cell, str) else None
    if isinstance(cell, str) and own:
        for word, _unit in _UNIT_WORDS:
            cell = re.sub(word + r"\s*$", "", cell, flags=re.IGNORECASE)
    number = number_of(cell)
    if number is None:
        return None
    unit = own or unit
    if unit is None:
        raise ValueError(_("Is this jin or kilograms? Write the unit behind the number, or into the heading."))
    grams = number * G_OF_UNIT[unit]
    if grams != grams.to_integral_value():
        raise ValueError(_("This weight is finer than a gram. Write fewer decimals."))
    if not 0 < grams < 10**14:
        raise ValueError(_("Write a weight above zero."))
    return int(grams)


def fen_of(cell: Cell) -> int | None:
    """An amount of money in fen."""
    yuan = number_of(cell)
    if yuan is None:
        return None
    fen = yuan * 100
    if fen != fen.to_integral_value():
        raise ValueError(_("Write at most two decimals: an amount ends with the fen."))
    if not 0 <= fen < 10**14:
        raise ValueError(_("An amount is not below zero."))
    return int(fen)


def fen_per_kg_of(cell: Cell, unit: str | None) -> int | None:
    """A price in fen a kilogram. A unit in the cell (3.5元/斤) goes before the column's `unit`."""
    own = unit_in(cell) if isinstance(cell, str) else None
    if isinstance(cell, str):
        cell = re.sub(r"(/|每|一)\s*(公斤|千克|市斤|kg|吨|斤)\s*$", "", cell, flags=re.IGNORECASE)
    yuan = number_of(cell)
    if yuan is None:
        return None
    unit = own or unit
    if unit is None:
        raise ValueError(
            _("Is this the price of a jin or of a kilogram? Write it into the heading, such as 单价(元/斤).")
        )
    fen = yuan * 100 * 1000 / G_OF_UNIT[unit]
    if fen != fen.to_integral_value():
        raise ValueError(_("This price is finer than a fen a kilogram. Write fewer decimals."))
    if not 0 < fen < 10**9:
        raise ValueError(_("Write a price above zero."))
    return int(fen)


def day_of(cell: Cell) -> dt.date | None:
    """A day: 2019-1-5, 2019.1.5, 2019年1月5日, 20190105, or the number that Excel counts days by."""
    if is_empty(cell):
        return None
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    wrong = _("A day with its year belongs here, such as 2019-1-5 or 2019年1月5日.")
    if isinstance(cell, str):
        if found := _DAY.match(cell.strip()):
            return _day(int(found[1]), int(found[2]), int(found[3]), wrong)
        if re.fullmatch(r"\d{5}(\.0*)?|\d{8}", cell.strip()):
            cell = float(cell)
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        if FIRST_SERIAL <= cell <= LAST_SERIAL:
            return EXCEL_EPOCH + dt.timedelta(days=int(cell))
        if cell == int(cell) and 19_000_101 <= cell <= 20_991_231:
            return _day(int(cell) // 10_000, int(cell) // 100 % 100, int(cell) % 100, wrong)
    raise ValueError(wrong)


def _day(year: int, month: int, day: int, wrong: str) -> dt.date:
    try:
        found = dt.date(year, month, day)
    except ValueError as error:
        raise ValueError(_("There is no such day in the calendar. Look at the month and the day.")) from error
    if not 1954 <= year <= 2099:
        raise ValueError(wrong)
    return found
