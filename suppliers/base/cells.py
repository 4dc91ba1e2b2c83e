"""Cells of files that spreadsheets open."""

# A text that starts like this is a formula to a spreadsheet, also in full width.
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def safe(value: object) -> object:
    """`value` for a cell: a text that a spreadsheet would run as a formula gets an apostrophe in front; numbers stay."""
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
