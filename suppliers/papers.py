"""Papers of the purchase ledger: the voucher of a slip (收购凭证) and a household's statement (结算单), and files for the bank."""

import csv
import io
from collections.abc import Sequence

import xlsxwriter
from django.utils.translation import gettext as _

from . import roster
from .base import days, paper
from .base.cells import safe
from .base.money import yuan_of, yuan_text
from .models import Cooperative, Household, PurchaseLot
from .payments import Transfer
from .templatetags.amounts import kg

SIZES = ("a4", "a5")

# Large type: it is read by people without their glasses at hand.
_HEAD = """
#let d = json(bytes(sys.inputs.data))
#set page(paper: d.size, margin: (x: 12mm, y: 12mm), numbering: "1 / 1", flipped: d.size == "a5")
#set text(font: "Noto Sans SC", size: 13pt, lang: "zh")
#align(center, text(font: "Noto Serif SC", size: 22pt, weight: "bold", d.title))
#v(-2mm)
#align(center, text(size: 14pt, d.cooperative))
#v(1mm)
#grid(columns: (1fr, 1fr), row-gutter: 3mm, ..d.facts.map(f => [#text(fill: luma(90), f.at(0)) #h(2mm) #text(size: 14pt, f.at(1))]))
#v(2mm)
"""
_FOOT = """
#v(8mm)
#grid(columns: (1fr, 1fr), ..d.signatures.map(s => [#s #box(width: 38mm, stroke: (bottom: .6pt))]))
#v(1mm)
#text(size: 10pt, fill: luma(90), d.note)
"""
STATEMENT = (
    _HEAD
    + """
#table(
  columns: (auto, 1fr, auto, auto, auto, auto, auto),
  align: (left, left, right, right, right, right, right),
  inset: (x: 4pt, y: 6pt),
  stroke: (x: none, y: .5pt + luma(150)),
  table.header(..d.head.map(h => text(size: 11pt, fill: luma(90), h))),
  ..d.rows.flatten(),
  table.footer(repeat: false, ..d.sums.map(s => text(stroke: .3pt, s))),
)
"""
    + _FOOT
)
VOUCHER = (
    _HEAD
    + """
#table(
  columns: (1fr, auto, auto, auto, auto),
  align: (left, left, right, right, right),
  inset: (x: 5pt, y: 9pt),
  stroke: .6pt + luma(120),
  table.header(..d.head.map(h => text(size: 11pt, fill: luma(90), h))),
  ..d.row.map(v => text(size: 15pt, v)),
)
"""
    + _FOOT
)


def statement(*, household: Household, cooperative: Cooperative, lots, period: str, size: str = "a4") -> bytes:
    """The PDF of a household's statement over `lots`: day, produce and grade, kg, price, amount, paid, owed, and the sums.

    The ID number is masked. `size` is one of SIZES.
    """
    lots = lots.standing().filter(carried_from=None).with_cost().select_related("produce").order_by("bought_on", "pk")
    rows, g, cost, paid, owed = [], 0, 0, 0, 0
    for lot in lots:
        paid_fen = lot.paid_fen or 0
        owed_fen = 0 if lot.paid_on else lot.cost_fen
        g, cost, paid, owed = g + lot.g, cost + lot.cost_fen, paid + paid_fen, owed + owed_fen
        rows.append(
            [
                f"{lot.bought_on:%Y-%m-%d}",
                " ".join(filter(None, [lot.produce.name, lot.grade])),
                kg(lot.g),
                yuan_text(lot.fen_per_kg),
                yuan_text(lot.cost_fen),
                yuan_text(paid_fen),
                yuan_text(owed_fen),
            ]
        )
    return paper.pdf(
        STATEMENT,
        size=size,
        title=_("Household statement"),
        cooperative=cooperative.name,
        facts=[*_who(household), (_("Period"), period), (_("Printed on"), str(days.today()))],
        head=[_("Day"), _("Goods"), _("kg"), _("Yuan per kg"), _("Amount"), _("Paid"), _("Owed")],
        rows=rows,
        sums=[_("Sum"), "", kg(g), "", yuan_text(cost), yuan_text(paid), yuan_text(owed)],
        signatures=[_("Household (signature)"), _("Cooperative (seal)")],
        note=_("All amounts in yuan. What is owed is for goods handed over and not paid yet."),
    )


def voucher(*, lot: PurchaseLot, cost_fen: int, size: str = "a5") -> bytes:
    """The PDF of a purchase slip's voucher."""
    facts = [(_("Slip number"), lot.lot_no), (_("Day of purchase"), str(lot.bought_on))]
    if lot.household:
        facts += _who(lot.household)
    else:
        facts.append((_("Household"), _("not from a household")))
    if lot.paid_on:
        facts.append((_("Day of payment"), f"{lot.paid_on} · {yuan_text(lot.paid_fen or 0)}"))
    return paper.pdf(
        VOUCHER,
        size=size,
        title=_("Purchase voucher"),
        cooperative=lot.produce.cooperative.name,
        facts=facts,
        head=[_("Goods"), _("Grade"), _("kg"), _("Yuan per kg"), _("Amount")],
        row=[lot.produce.name, lot.grade or "—", kg(lot.g), yuan_text(lot.fen_per_kg), yuan_text(cost_fen)],
        signatures=[_("Household (signature)"), _("Buyer (signature)")],
        note=_("All amounts in yuan."),
    )


def _who(household: Household) -> list[tuple[str, str]]:
    return [
        (_("Household"), f"{household.head} · {household.household_no}"),
        (_("ID number"), roster.masked("id_number", household.id_number) or "—"),
        (_("Village"), f"{household.village.township.name}{household.village.name}"),
    ]


# ── Files for the bank ───────────────────────────────────────────────────────────────────────────────────────────────


def _bank_rows(transfers: Sequence[Transfer]) -> list[list[object]]:
    head: list[object] = [_("No."), _("Name of the payee"), _("Account of the payee"), _("Amount (yuan)"), _("Purpose")]
    return [head, *([n, t.name, t.account, yuan_of(t.fen), t.purpose] for n, t in enumerate(transfers, start=1))]


def bank_csv(transfers: Sequence[Transfer]) -> bytes:
    """The file for the bank as CSV in GBK. A rare sign of a name that GBK lacks is written as GB 18030 has it, its superset."""
    out = io.StringIO()
    csv.writer(out).writerows([[safe(value) for value in row] for row in _bank_rows(transfers)])
    return out.getvalue().encode("gb18030")


def bank_xlsx(transfers: Sequence[Transfer]) -> bytes:
    """The file for the bank as Excel; accounts are text, so that no digit is lost."""
    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(stream, options) as book:
        sheet, text, money = (
            book.add_worksheet(),
            book.add_format({"num_format": "@"}),
            book.add_format({"num_format": "0.00"}),
        )
        for column, width in enumerate((6, 16, 26, 14, 36)):
            sheet.set_column(column, column, width)
        for r, row in enumerate(_bank_rows(transfers)):
            for c, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(r, c, str(safe(value)), text)
                else:
                    sheet.write_number(r, c, value, money if c == 3 else None)
    return stream.getvalue()
