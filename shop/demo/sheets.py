"""Sheets of the demo's first cooperative: one that is in the books, one with rows to mend, one whose columns are asked for."""

import datetime as dt

from suppliers.base import days
from suppliers.base.sheets import read_pasted
from suppliers.models import Cooperative, Household, Produce, SheetImport
from suppliers.sheets import engine, kinds

COOPERATIVE = "C01"
LONG = 30  # days
HEADINGS = ("日期", "户编号", "品名", "重量(斤)", "单价(元/斤)")


def load() -> None:
    """Send them in, where this cooperative has none."""
    cooperative = Cooperative.objects.get(code=COOPERATIVE)
    if SheetImport.objects.filter(cooperative=cooperative).exists():
        return
    today = days.today()
    produce = Produce.objects.filter(cooperative=cooperative).first()
    # Who has joined this week could not have sold on the days below.
    old_members = Household.objects.members_of(cooperative, on=today - dt.timedelta(days=LONG))
    members = old_members.members_of(cooperative, on=today).values_list("household_no", flat=True)[:6]
    rows = [
        ((today - dt.timedelta(days=n + 2)).isoformat(), number, produce.name, f"{60 + 15 * n}", "4.5")
        for n, number in enumerate(members)
    ]
    written = _send(cooperative, [HEADINGS, *rows, ("合计", "", "", "", "")])
    engine.confirm(sheet=written)
    engine.work(sheet_id=written.pk)
    day, number, name, g, price = rows[0]
    wrong = [
        ("1月5日", number, name, g, price),
        (day, number, "香蕉", "很多", price),
        (day, number, name, "66公斤", price),
    ]
    _send(cooperative, [HEADINGS, *wrong])
    _send(cooperative, [("过秤", "谁家的", "啥子", "数量", "价"), (day, number, name, "88", price)], is_guessed=False)


def _send(cooperative: Cooperative, rows: list[tuple], *, is_guessed: bool = True) -> SheetImport:
    text = "\n".join("\t".join(row) for row in rows)
    sheet = engine.take_in(
        cooperative=cooperative,
        kind=kinds.get("ledger"),
        tables=[read_pasted(text)],
        content=text.encode(),
        is_pasted=True,
    )
    if is_guessed and sheet.state == SheetImport.State.UPLOADED:
        engine.name_columns(sheet=sheet, mapping=sheet.mapping)
    engine.work(sheet_id=sheet.pk)
    sheet.refresh_from_db()
    return sheet
