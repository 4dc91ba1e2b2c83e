"""A sheet's way into the books: sent in → columns named → checked → confirmed → written, and taken back.

Nothing is written while a row is wrong, and what is written is exactly what was shown: rows are judged again when they are
written, and where the books have moved meanwhile the sheet goes back to be looked at. A worker may be killed anywhere and
begin again. What a sheet says about people is in `content` and `plan` alone, packed and encrypted.
"""

import datetime as dt
import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, ProtectedError
from django.utils.translation import gettext as _

from ..base import days, privacy
from ..base.sheets import MOST_ROWS, Cell, Table, column_letters
from ..models import Cooperative, SheetImport, SheetMapping, SheetRow
from . import cells, kinds
from .kinds import CHANGED, NEW, SAME, Column, Kind, Verdict, Wrong

WRONG = "wrong"
KEPT_DAYS = 7
MOST_WAITING = 10
MOST_ERRORS_KEPT = 200
MOST_TRIES = 5
ROWS_A_STEP = 1_000  # between two words about how far it is
ROWS_AT_ONCE = 300  # so few are done while one waits
HEADINGS_WITHIN = 20
TOTALS = ("合计", "总计", "小计", "本页合计", "累计", "total", "sum")
EXAMPLE = "示例("
State = SheetImport.State

# For each thing asked for: {"at": its column counted from 0, "unit": of its numbers, where the heading or she has said it}.
Mapping = dict[str, dict[str, Any]]


# ── What is kept of a sheet ──────────────────────────────────────────────────────────────────────────────────────────


def _packed(data: object) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return privacy.encrypt_bytes(zlib.compress(text.encode("utf-8", "replace")))


def _unpacked(token: bytes) -> Any:
    return json.loads(zlib.decompress(privacy.decrypt_bytes(token)))


def _storable(cell: Cell) -> object:
    """A cell as JSON: a day as a list of one, so that it stays a day."""
    if isinstance(cell, dt.datetime):
        return [cell.date().isoformat()]
    if isinstance(cell, dt.date):
        return [cell.isoformat()]
    if isinstance(cell, dt.time | dt.timedelta):
        return str(cell)
    if isinstance(cell, float) and not abs(cell) < 1e300:
        return str(cell)
    return cell


def table_of(sheet: SheetImport) -> Table:
    """What was sent in. Raises ValidationError where it is gone."""
    if sheet.content is None:
        raise ValidationError(_("This sheet is not kept any more. Send it in once more."))
    data = _unpacked(sheet.content)
    rows = [
        [dt.date.fromisoformat(cell[0]) if isinstance(cell, list) else cell for cell in row] for row in data["rows"]
    ]
    return Table(rows, merged=tuple(tuple(one) for one in data["merged"]))


def plan_of(sheet: SheetImport) -> list[dict]:
    """What the sheet would do, row by row, as it was checked: row, verdict, title, changes."""
    return _unpacked(sheet.plan) if sheet.plan else []


def fingerprint(headings: Sequence[Cell]) -> str:
    """The same for the same headings. Keyed: where there are no headings these are somebody's data."""
    return privacy.keyed_index("\x1f".join(str(cell or "") for cell in headings))


# ── Sent in ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def find_headings(tables: Sequence[Table], kind: Kind) -> tuple[Table, int, Mapping]:
    """The table that looks most like `kind`, the row of its headings, and which column seems to be which."""
    best: tuple[int, Table, int, Mapping] | None = None
    for table in tables:
        for at, row in enumerate(table.rows[:HEADINGS_WITHIN]):
            guess = guess_columns(row, kind)
            if best is None or len(guess) > best[0]:
                best = (len(guess), table, at, guess)
    if best is None:
        raise ValidationError(_("There is nothing in this sheet. Fill it in, save it and send it again."))
    found, table, at, guess = best
    if found < 2:
        # No words that we know: the first row with two entries is taken for the headings until she says otherwise.
        table = tables[0]
        at = next((i for i, row in enumerate(table.rows) if sum(not cells.is_empty(cell) for cell in row) > 1), 0)
        guess = guess_columns(table.rows[at], kind)
    return table, at, guess


def guess_columns(headings: Sequence[Cell], kind: Kind) -> Mapping:
    """Which column seems to be which, by the words over it: its own first, then what others say, then what contains them."""
    plain = [kinds.plain_heading(cell) if isinstance(cell, str) else "" for cell in headings]
    guess: Mapping = {}
    taken: set[int] = set()

    def take(column: Column, at: int) -> None:
        guess[column.name] = {"at": at} | _unit_of(column, str(headings[at]))
        taken.add(at)

    info = {word for column in kind.columns if column.is_info for word in column.words}
    for column in kind.asked:
        places = {word: at for at, word in reversed(list(enumerate(plain))) if word and at not in taken}
        if exact := next((word for word in column.words if word in places), None):
            take(column, places[exact])
    for column in kind.asked:
        if column.name in guess:
            continue
        for at, heading in enumerate(plain):
            if at in taken or not heading or heading in info:
                continue
            if any(len(word) > 1 and word in heading for word in column.words):
                take(column, at)
                break
    return guess


def _unit_of(column: Column, heading: str) -> dict[str, str]:
    """The unit that a heading names, where the column has one."""
    unit = cells.unit_in(heading) if column.has_unit else None
    return {"unit": unit} if unit else {}


def is_own_template(headings: Sequence[Cell], kind: Kind, guess: Mapping) -> bool:
    """Whether these are the headings of our own template: then nothing has to be asked."""
    ours = {kinds.plain_heading(str(column.label)): column for column in kind.columns}
    theirs = [kinds.plain_heading(str(cell)) for cell in headings if not cells.is_empty(cell)]
    units = all("unit" in guess[column.name] for column in kind.asked if column.has_unit and column.name in guess)
    required = all(column.name in guess for column in kind.asked if column.is_required)
    return bool(theirs) and all(word in ours for word in theirs) and units and required


@transaction.atomic
def take_in(
    *, cooperative: Cooperative, kind: Kind, tables: Sequence[Table], content: bytes, is_pasted: bool = False, by=None
) -> SheetImport:
    """Keep a sheet that was sent in, encrypted, and find out which column is which; return its import.

    The same content again returns the import that wrote it, or the one that still waits. Raises ValidationError where
    too many wait.
    """
    Cooperative.objects.select_for_update(no_key=True).get(pk=cooperative.pk)
    sha256 = hashlib.sha256(content).hexdigest()
    own = SheetImport.objects.filter(cooperative=cooperative)
    same = own.filter(kind=kind.code, sha256=sha256)
    if known := same.filter(state=State.APPLIED).first() or same.waiting().first():
        return known
    if own.waiting().count() >= MOST_WAITING:
        raise ValidationError(
            _("%(n)s sheets wait for you already. Finish them or give them up first.") % {"n": MOST_WAITING}
        )
    table, at, guess = find_headings(tables, kind)
    if len(table.rows) - at - 1 > MOST_ROWS:
        raise ValidationError(_("A sheet may have up to 20,000 rows. Split it and send the parts one by one."))
    sheet = SheetImport.objects.create(
        cooperative=cooperative,
        kind=kind.code,
        by=by,
        at=days.now(),
        sha256=sha256,
        is_pasted=is_pasted,
        content=_packed(
            {
                "rows": [[_storable(cell) for cell in row] for row in table.rows],
                "merged": [list(m) for m in table.merged],
            }
        ),
        heading_at=at,
        mapping=guess,
        rows=max(len(table.rows) - at - 1, 0),
    )
    headings = table.rows[at] if table.rows else []
    remembered = SheetMapping.objects.filter(
        cooperative=cooperative, kind=kind.code, fingerprint=fingerprint(headings)
    ).first()
    if remembered and not missing(kind, remembered.mapping):
        sheet.mapping, sheet.state = remembered.mapping, State.MAPPED
    elif is_own_template(headings, kind, guess):
        sheet.state = State.MAPPED
    sheet.save(update_fields=["mapping", "state"])
    return sheet


def missing(kind: Kind, mapping: Mapping) -> dict[str, str]:
    """What has to be said about the columns yet, by column: which it is, or its unit."""
    errors = {}
    for column in kind.asked:
        place = mapping.get(column.name)
        if place is None and column.is_required:
            errors[column.name] = _("Choose the column where this is written.")
    taken = Counter(place["at"] for place in mapping.values())
    for name, place in mapping.items():
        if taken[place["at"]] > 1:
            errors[name] = _("This column is chosen twice. Choose another one.")
    return errors


@transaction.atomic
def name_columns(*, sheet: SheetImport, mapping: Mapping, has_headings: bool = True) -> SheetImport:
    """Say which column is which, remember it for these headings, and let the sheet be checked.

    Raises ValidationError by column for what is missing or chosen twice, and where the sheet is past that.
    """
    kind = kind_of(sheet)
    sheet = SheetImport.objects.select_for_update().get(pk=sheet.pk)
    if sheet.state not in (State.UPLOADED, State.CHECKED):
        raise ValidationError(_("This sheet is past that already. Look at where it stands now."))
    if errors := missing(kind, mapping):
        raise ValidationError(errors)
    table = table_of(sheet)
    if has_headings:
        if sheet.heading_at is None:
            sheet.heading_at = 0
        SheetMapping.objects.update_or_create(
            cooperative=sheet.cooperative,
            kind=sheet.kind,
            fingerprint=fingerprint(table.rows[sheet.heading_at]),
            defaults={"mapping": mapping, "mapped_at": days.now()},
        )
        sheet.rows = len(table.rows) - sheet.heading_at - 1
    else:
        sheet.heading_at, sheet.rows = None, len(table.rows)
    sheet.mapping, sheet.state, sheet.done, sheet.tries, sheet.notice = mapping, State.MAPPED, 0, 0, ""
    sheet.plan = None
    sheet.save(update_fields=["mapping", "state", "done", "tries", "notice", "heading_at", "rows", "plan"])
    return sheet


def kind_of(sheet: SheetImport) -> Kind:
    kind = kinds.get(sheet.kind)
    if kind is None:
        raise ValidationError(_("Sheets of this kind are not taken any more."))
    return kind


# ── Checked ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Outcome:
    """What a whole sheet would do."""

    verdicts: list[Verdict] = field(default_factory=list)
    errors: list[dict] = field(default_factory=list)
    wrong_rows: int = 0
    skipped: int = 0

    @property
    def digest(self) -> str:
        """The same for the same effect."""
        effect = [[v.row, v.verdict, v.key, [list(change) for change in v.changes]] for v in self.verdicts]
        return hashlib.sha256(json.dumps(effect, ensure_ascii=False).encode()).hexdigest()

    @property
    def counts(self) -> dict[str, int]:
        counts = Counter(verdict.verdict for verdict in self.verdicts)
        return {name: counts[name] for name in (NEW, CHANGED, SAME)} | {WRONG: self.wrong_rows, "skipped": self.skipped}


def judged(sheet: SheetImport, *, progress: Callable[[int], None] = lambda done: None) -> Outcome:
    """What each row of `sheet` would do to the books as they stand."""
    kind = kind_of(sheet)
    table = table_of(sheet)
    books = kind.books(sheet.cooperative)
    outcome = Outcome()
    first_with: dict[str, int] = {}
    merged = _merged_cells(table, sheet.mapping)
    first = 0 if sheet.heading_at is None else sheet.heading_at + 1
    for done, at in enumerate(range(first, len(table.rows)), start=1):
        if done % ROWS_A_STEP == 0:
            progress(done)
        row = table.rows[at]
        if _says_nothing(row):
            outcome.skipped += 1
            continue
        try:
            values = _values(row, at, kind, sheet.mapping, merged)
            verdict = kind.judge(values, books)
            if verdict is None:
                outcome.skipped += 1
                continue
            earlier = first_with.setdefault(verdict.key, at)
            if earlier != at:
                name = kind.asked[0].name
                raise Wrong({name: _("Row %(row)s says the same. Delete one of the two.") % {"row": earlier + 1}})
        except Wrong as wrong:
            outcome.wrong_rows += 1
            outcome.errors += _errors(wrong, at, kind, sheet.mapping) if len(outcome.errors) < MOST_ERRORS_KEPT else []
            continue
        outcome.verdicts.append(replace(verdict, row=at + 1))
    return outcome


def _says_nothing(row: Sequence[Cell]) -> bool:
    """Whether a row is empty, the template's example, or a sum of the others."""
    filled = [cell for cell in row if not cells.is_empty(cell)]
    if not filled or any(isinstance(cell, str) and cell.startswith(EXAMPLE) for cell in filled):
        return True
    head = filled[0]
    return isinstance(head, str) and head.replace(" ", "").rstrip(":：").lower() in TOTALS


def _merged_cells(table: Table, mapping: Mapping) -> dict[tuple[int, int], str]:
    """The cells that are read and drawn together with others over several rows, each with the name of the whole."""
    read = {place["at"] for place in mapping.values()}
    found = {}
    for top, left, bottom, right in table.merged:
        if bottom == top or bottom - top > MOST_ROWS:
            continue
        name = f"{column_letters(left)}{top + 1}:{column_letters(right)}{bottom + 1}"
        for column in read.intersection(range(left, right + 1)):
            found |= {(row, column): name for row in range(top, bottom + 1)}
    return found


def _values(row: Sequence[Cell], at: int, kind: Kind, mapping: Mapping, merged: dict) -> dict[str, Any]:
    """What a row says, by column. Raises Wrong with every cell that cannot be read."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for column in kind.asked:
        place = mapping.get(column.name)
        cell = row[place["at"]] if place and place["at"] < len(row) else None
        if place and (name := merged.get((at, place["at"]))):
            errors[column.name] = _(
                "The cells %(range)s are merged. Take the merging away and write the value into each row."
            ) % {"range": name}
            continue
        try:
            values[column.name] = column.value(cell, (place or {}).get("unit"))
        except ValueError as error:
            errors[column.name] = str(error)
    if errors:
        raise Wrong(errors)
    return values


def _errors(wrong: Wrong, at: int, kind: Kind, mapping: Mapping) -> list[dict]:
    listed = []
    for name, said in wrong.errors.items():
        column, place = kind.column(name), mapping.get(name)
        listed.append(
            {
                "row": at + 1,
                "column": str(column.label) if column else "",
                "name": name,
                "cell": f"{column_letters(place['at'])}{at + 1}" if place else "",
                "say": said,
            }
        )
    return listed


def check(*, sheet: SheetImport) -> SheetImport:
    """Judge every row of a sheet whose columns are named, and keep what it would do to be looked at. Twice is as once."""

    def progress(done: int) -> None:
        SheetImport.objects.filter(pk=sheet.pk, state=State.MAPPED).update(done=done)

    if sheet.state != State.MAPPED:
        return sheet
    outcome = judged(sheet, progress=progress)
    _to_be_looked_at(sheet, outcome, was=State.MAPPED)
    sheet.refresh_from_db()
    return sheet


def _to_be_looked_at(sheet: SheetImport, outcome: Outcome, *, was: str, notice: str = "") -> None:
    plan = [
        {"row": v.row, "verdict": v.verdict, "title": v.title, "changes": [list(change) for change in v.changes]}
        for v in outcome.verdicts
    ]
    SheetImport.objects.filter(pk=sheet.pk, state=was).update(
        state=State.CHECKED,
        plan=_packed(plan),
        digest=outcome.digest,
        counts=outcome.counts,
        errors=outcome.errors[:MOST_ERRORS_KEPT],
        done=sheet.rows,
        tries=0,
        notice=notice,
    )


# ── Written ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def confirm(*, sheet: SheetImport) -> SheetImport:
    """Let a checked sheet be written. Raises ValidationError where a row is wrong, nothing would change, or it is past that."""
    sheet = SheetImport.objects.select_for_update().get(pk=sheet.pk)
    if sheet.state in (State.CONFIRMED, State.APPLIED):
        return sheet  # pressed twice
    if sheet.state != State.CHECKED:
        raise ValidationError(_("This sheet is past that already. Look at where it stands now."))
    if sheet.counts.get(WRONG):
        raise ValidationError(_("Some rows are wrong. Mend them in your sheet and send it in again."))
    if not sheet.counts.get(NEW) and not sheet.counts.get(CHANGED):
        raise ValidationError(_("Nothing in this sheet is new, so there is nothing to write."))
    sheet.state, sheet.tries, sheet.notice = State.CONFIRMED, 0, ""
    sheet.save(update_fields=["state", "tries", "notice"])
    return sheet


@transaction.atomic
def apply(*, sheet: SheetImport) -> SheetImport:
    """Write a confirmed sheet, all of it or nothing, and forget what it said. Twice is as once.

    Where the books have moved since it was looked at, or an action refuses, it goes back to be looked at.
    """
    sheet = SheetImport.objects.select_for_update(of=("self",)).select_related("cooperative", "by").get(pk=sheet.pk)
    if sheet.state != State.CONFIRMED:
        return sheet
    # One sheet or slip at a time in a cooperative. NO KEY: buyers' orders that name the cooperative go on meanwhile.
    Cooperative.objects.select_for_update(no_key=True).get(pk=sheet.cooperative_id)
    same = SheetImport.objects.filter(
        cooperative=sheet.cooperative_id, kind=sheet.kind, sha256=sheet.sha256, state=State.APPLIED
    )
    if same.exists():
        return _over(sheet, State.REFUSED, notice=_("This very sheet was imported already. Nothing was written twice."))
    outcome = judged(sheet)
    if outcome.errors or outcome.digest != sheet.digest:
        moved = _("The books have changed since you looked. Nothing was written; please look at it once more.")
        _to_be_looked_at(sheet, outcome, was=State.CONFIRMED, notice=moved)
        sheet.refresh_from_db()
        return sheet
    todo = [verdict for verdict in outcome.verdicts if verdict.verdict != SAME]
    try:
        with transaction.atomic():
            made = kind_of(sheet).apply(todo, cooperative=sheet.cooperative, by=sheet.by)
    except (ValidationError, IntegrityError) as error:
        # An IntegrityError: somebody wrote the same waybill or slip number between the look and the write.
        why = " ".join(error.messages) if isinstance(error, ValidationError) else _("somebody was first. Look again.")
        said = _("Nothing was written: %(why)s") % {"why": why}
        _to_be_looked_at(sheet, outcome, was=State.CONFIRMED, notice=said[:300])
        sheet.refresh_from_db()
        return sheet
    SheetRow.objects.bulk_create(
        [SheetRow(sheet=sheet, row=m.row, made=m.made, object_id=m.object_id, before=m.before) for m in made],
        batch_size=2000,
    )
    sheet.applied_at = days.now()
    return _over(sheet, State.APPLIED)


def _over(sheet: SheetImport, state: str, *, notice: str = "") -> SheetImport:
    """End a sheet: what it said is forgotten."""
    sheet.state, sheet.content, sheet.plan, sheet.notice = state, None, None, notice
    sheet.done = sheet.rows
    sheet.save(update_fields=["state", "content", "plan", "notice", "done", "applied_at", "undone_at", "undone_by"])
    return sheet


@transaction.atomic
def undo(*, sheet: SheetImport, by=None) -> SheetImport:
    """Take back what an import wrote. Raises ValidationError where something is built on it; nothing is changed then."""
    sheet = SheetImport.objects.select_for_update(of=("self",)).select_related("cooperative").get(pk=sheet.pk)
    if sheet.state == State.UNDONE:
        return sheet
    kind = kind_of(sheet)
    if sheet.state != State.APPLIED or not kind.can_be_undone:
        raise ValidationError(_("This import cannot be taken back."))
    Cooperative.objects.select_for_update(no_key=True).get(pk=sheet.cooperative_id)
    try:
        with transaction.atomic():
            kind.undo(list(sheet.made.order_by("pk")), cooperative=sheet.cooperative, by=by)
    except (ProtectedError, IntegrityError) as error:
        raise ValidationError(built_on()) from error
    sheet.made.all().delete()
    sheet.undone_at, sheet.undone_by = days.now(), by
    return _over(sheet, State.UNDONE)


def built_on() -> str:
    return _("This import cannot be taken back any more: something is built on its rows. Correct them one by one.")


@transaction.atomic
def give_up(*, sheet: SheetImport) -> SheetImport:
    """Forget a sheet of which nothing was written."""
    sheet = SheetImport.objects.select_for_update().get(pk=sheet.pk)
    if sheet.state not in SheetImport.WAITING:
        return sheet
    return _over(sheet, State.REFUSED)


# ── What is due ──────────────────────────────────────────────────────────────────────────────────────────────────────


def work(*, sheet_id: int) -> bool:
    """Check or write a sheet that is due; return whether there was something to do.

    Each try is counted before it begins: a sheet at which workers die is given up, not tried for ever.
    """
    due = SheetImport.objects.due().filter(pk=sheet_id)
    if due.filter(tries__gte=MOST_TRIES).exists():
        with transaction.atomic():
            sheet = SheetImport.objects.select_for_update().get(pk=sheet_id)
            _over(sheet, State.REFUSED, notice=_("This sheet could not be worked on. Please tell the county's staff."))
        return True
    if not due.update(tries=F("tries") + 1):
        return False
    sheet = SheetImport.objects.select_related("cooperative", "by").get(pk=sheet_id)
    if sheet.state == State.MAPPED:
        check(sheet=sheet)
    elif sheet.state == State.CONFIRMED:
        apply(sheet=sheet)
    return True


def work_due() -> int:
    """Check and write every sheet that is due, each on its own. Return how many."""
    return sum(work(sheet_id=pk) for pk in SheetImport.objects.due().order_by("pk").values_list("pk", flat=True))


def tidy() -> int:
    """Forget the sheets that nobody has finished for a week. Return how many."""
    old = SheetImport.objects.waiting().filter(at__lt=days.now() - dt.timedelta(days=KEPT_DAYS))
    return sum(give_up(sheet=sheet).state == State.REFUSED for sheet in old.order_by("pk"))


def samples(table: Table, at: int | None, most: int = 2) -> list[list[str]]:
    """The first rows under the headings as text, long numbers masked: to see which column is which."""
    first = 0 if at is None else at + 1
    return [[said(cell) for cell in row] for row in table.rows[first : first + most]]


def said(cell: Cell) -> str:
    """A cell as it may be shown: what could be an ID number or an account is masked."""
    if cells.is_empty(cell):
        return ""
    if isinstance(cell, dt.date):
        return cell.isoformat()
    try:
        text = cells.text_of(cell) or ""
    except ValueError:
        return str(cell)[:40]
    digits = sum(sign.isdigit() for sign in text)
    return privacy.mask_tail(text, width=12) if digits >= 11 else text[:40]


def headings(table: Table, at: int | None) -> Iterator[tuple[int, str]]:
    """Each column of a table with what stands over it: (0, "A · 户主")."""
    row = table.rows[at] if at is not None and at < len(table.rows) else []
    for c in range(len(table.rows[0]) if table.rows else 0):
        heading = said(row[c]) if c < len(row) else ""
        yield c, f"{column_letters(c)} · {heading}" if heading else column_letters(c)
