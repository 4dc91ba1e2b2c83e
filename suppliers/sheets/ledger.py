"""The purchase ledger (收购台账): slips that were written on paper or in her own sheet."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import actions
from ..base import privacy
from ..models import Cooperative, Household, Produce, PurchaseLot, SheetRow
from .kinds import DAY, NEW, PRICE, SAME, WEIGHT, Column, Kind, Made, Verdict, Wrong

NOT_A_HOUSEHOLD = ("非农户", "其他", "外购", "other", "Not from a household")
LOT = "lot"
DIGITS_OF_KEY = 12


def _label(household: Household | None) -> str:
    """A household as it is written and shown: number and masked name."""
    return f"{household.household_no} {privacy.mask_name(household.head)}" if household else NOT_A_HOUSEHOLD[0]


class Members:
    """The households of a cooperative by what people write: number, or the head's name where one alone has it."""

    def __init__(self, cooperative: Cooperative):
        self.spells = actions.spells_of(cooperative)
        self.by_number: dict[str, Household] = {}
        self.by_name: dict[str, list[Household]] = defaultdict(list)
        rows = Household.objects.filter(pk__in=self.spells).only("household_no", "head")
        for household in rows:
            self.by_number[household.household_no.upper()] = household
            for name in {household.head, privacy.mask_name(household.head)}:
                self.by_name[name].append(household)

    def find(self, written: str) -> Household:
        """The member that `written` names. Raises ValueError with what to do where none or several are meant."""
        number = written.split(maxsplit=1)[0].upper()
        if found := self.by_number.get(number):
            return found
        found = self.by_name.get("".join(written.split()), [])
        if len(found) > 1:
            raise ValueError(
                _("Several members have this name. Write the number: %(numbers)s.")
                % {"numbers": "、".join(sorted(member.household_no for member in found)[:5])}
            )
        if not found:
            raise ValueError(_("No member has this number or name. Check it, or add the household first."))
        return found[0]

    def labels(self) -> list[str]:
        """Each member as a choice: number and masked name."""
        return [_label(member) for member in sorted(self.by_number.values(), key=lambda member: member.household_no)]


class ProduceNames:
    """What a cooperative buys, by name, by code, and by the name without what stands in brackets."""

    def __init__(self, cooperative: Cooperative):
        self.all = list(Produce.objects.filter(cooperative=cooperative))
        self.exact = {_plain(name): produce for produce in self.all for name in (produce.code, produce.name)}
        self.by_name: dict[str, list[Produce]] = defaultdict(list)
        for produce in self.all:
            bare = produce.name.replace("（", "(").split("(")[0]
            for name in {bare, bare.removeprefix("巫溪"), produce.variety}:
                if name:
                    self.by_name[_plain(name)].append(produce)

    def find(self, written: str) -> Produce:
        """The produce that `written` names. Raises ValueError with the names to choose from."""
        name = _plain(written)
        found = [self.exact[name]] if name in self.exact else self.by_name.get(name, [])
        if len(found) == 1:
            return found[0]
        raise ValueError(
            _("You have no produce of this name. Choose one of: %(names)s.")
            % {"names": "、".join(produce.name for produce in self.all[:8])}
        )

    def labels(self) -> list[str]:
        return [produce.name for produce in self.all]


def _plain(text: str) -> str:
    return "".join(text.split()).replace("（", "(").replace("）", ")").lower()


@dataclass
class Books:
    """What a slip is judged by, and how often each unnumbered slip was met so far."""

    cooperative: Cooperative
    members: Members
    produce: ProduceNames
    lots: Mapping[str, PurchaseLot]
    met: Counter = field(default_factory=Counter)


class Ledger(Kind):
    code = "ledger"
    title = gettext_lazy("Purchase ledger")
    intro = gettext_lazy("What was bought from whom. Slips count once they are verified.")
    place = 2
    columns = (
        Column(
            "lot_no",
            gettext_lazy("Slip number"),
            synonyms=("收购单号", "单号", "单据号", "票号", "编号", "收据号"),
            example="示例(导入时跳过)",
            help=gettext_lazy("May be empty: then the slip gets a number made of what it says."),
            most=24,
            width=20,
        ),
        Column(
            "bought_on",
            gettext_lazy("Day of purchase"),
            DAY,
            synonyms=("收购日期", "日期", "收购时间", "时间", "交货日期", "过秤日期"),
            is_required=True,
            example="2019-01-05",
            help=gettext_lazy("The day the goods were weighed."),
        ),
        Column(
            "household",
            gettext_lazy("Household"),
            synonyms=(
                "户编号",
                "农户编号",
                "户主",
                "姓名",
                "农户",
                "农户姓名",
                "社员",
                "社员户",
                "交货人",
                "卖货人",
                "名字",
            ),
            is_required=True,
            is_secret=True,
            example="WX000001 张*三",
            help=gettext_lazy("The number, or the head's name. For goods from elsewhere write 非农户."),
            width=22,
        ),
        Column(
            "produce",
            gettext_lazy("Kind of produce"),
            synonyms=("品种", "产品", "品名", "农产品", "商品", "货物", "作物", "名称"),
            is_required=True,
            help=gettext_lazy("Choose it from the list."),
            width=20,
        ),
        Column(
            "g",
            gettext_lazy("Weight (jin)"),
            WEIGHT,
            synonyms=("重量", "斤", "公斤", "斤数", "公斤数", "数量", "净重", "收购量", "kg"),
            is_required=True,
            example=120,
            unit="jin",
            help=gettext_lazy("A number. Other units stand behind it: 60公斤, 0.5吨."),
            width=12,
        ),
        Column(
            "fen_per_kg",
            gettext_lazy("Price (yuan per jin)"),
            PRICE,
            synonyms=("单价", "价格", "收购价", "收购单价", "价"),
            is_required=True,
            example=4.5,
            unit="jin",
            width=14,
        ),
        Column("grade", gettext_lazy("Grade"), synonyms=("等级", "级别", "规格"), example="一级", most=20, width=10),
        Column(
            "voucher",
            gettext_lazy("Voucher number"),
            synonyms=("凭证", "凭证号", "发票号", "备注凭证", "收购凭证"),
            help=gettext_lazy("Number of the receipt or invoice; may be empty."),
        ),
    )

    def choices(self, cooperative: Cooperative) -> dict[str, Sequence[str]]:
        return {
            "household": [*Members(cooperative).labels(), NOT_A_HOUSEHOLD[0]],
            "produce": ProduceNames(cooperative).labels(),
        }

    def books(self, cooperative: Cooperative) -> Books:
        lots = PurchaseLot.objects.filter(produce__cooperative=cooperative).only(
            "lot_no", "produce", "household", "g", "fen_per_kg", "bought_on", "grade"
        )
        return Books(cooperative, Members(cooperative), ProduceNames(cooperative), {lot.lot_no: lot for lot in lots})

    def judge(self, values: dict[str, Any], books: Books) -> Verdict:
        errors = {}
        household = produce = None
        try:
            if values["household"] not in NOT_A_HOUSEHOLD:
                household = books.members.find(values["household"])
        except ValueError as error:
            errors["household"] = str(error)
        try:
            produce = books.produce.find(values["produce"])
        except ValueError as error:
            errors["produce"] = str(error)
        if errors:
            raise Wrong(errors)
        slip = actions.Slip(
            lot_no="",
            produce=produce,
            household=household,
            g=values["g"],
            fen_per_kg=values["fen_per_kg"],
            bought_on=values["bought_on"],
            grade=values.get("grade") or "",
            voucher=values.get("voucher") or "",
        )
        slip = _numbered(slip, values.get("lot_no"), books)
        known = books.lots.get(slip.lot_no)
        title = f"{slip.lot_no} {_label(household)}"
        if known:
            self._same_or_wrong(slip, known)
            return Verdict(SAME, key=slip.lot_no, title=title)
        is_member = household is None or any(
            spell.covers(slip.bought_on) for spell in books.members.spells[household.pk]
        )
        if errors := actions.slip_errors(slip, is_member=is_member, is_known=False):
            raise Wrong(errors)
        says = {"bought_on": slip.bought_on, "produce": produce.name, "g": slip.g, "fen_per_kg": slip.fen_per_kg}
        return Verdict(
            NEW,
            key=slip.lot_no,
            title=title,
            act=slip,
            changes=[(self.column(n).bare, "—", self.column(n).said(value)) for n, value in says.items()],
        )

    def _same_or_wrong(self, slip: actions.Slip, lot: PurchaseLot) -> None:
        """Raise Wrong where the slip says otherwise than the ledger: what was written is never edited."""
        pairs = {
            "produce": (lot.produce_id, slip.produce.pk),
            "household": (lot.household_id, slip.household.pk if slip.household else None),
            "g": (lot.g, slip.g),
            "fen_per_kg": (lot.fen_per_kg, slip.fen_per_kg),
            "bought_on": (lot.bought_on, slip.bought_on),
        }
        wrong = [name for name, (old, new) in pairs.items() if old != new]
        if wrong:
            raise Wrong(
                {
                    name: _("The ledger has another entry under this slip number. Slips are not changed by a sheet.")
                    for name in wrong
                }
            )

    def apply(self, verdicts: Sequence[Verdict], *, cooperative: Cooperative, by) -> list[Made]:
        lots = actions.enter_lots(slips=[verdict.act for verdict in verdicts], cooperative=cooperative, by=by)
        return [Made(verdict.row, LOT, lot.pk) for verdict, lot in zip(verdicts, lots, strict=True)]

    def undo(self, made: Sequence[SheetRow], *, cooperative: Cooperative, by=None) -> None:
        actions.remove_lots(lot_ids=[row.object_id for row in made], cooperative=cooperative)

    def export(self, cooperative: Cooperative) -> Iterable[dict[str, Any]]:
        lots = (
            PurchaseLot.objects.filter(produce__cooperative=cooperative)
            .standing()
            .bought()
            .select_related("produce", "household")
            .order_by("bought_on", "pk")
        )
        for lot in lots.iterator(chunk_size=2000):
            yield {
                "lot_no": lot.lot_no,
                "bought_on": lot.bought_on,
                "household": _label(lot.household),
                "produce": lot.produce.name,
                "g": lot.g,
                "fen_per_kg": lot.fen_per_kg,
                "grade": lot.grade,
                "voucher": lot.voucher,
            }


def _numbered(slip: actions.Slip, written: str | None, books: Books) -> actions.Slip:
    """`slip` under the cooperative's number for it: as written, else one made of what it says.

    The second of two slips that say the same on one day is the second: sent in again, each meets itself.
    """
    code = books.cooperative.code
    if written:
        number = written.upper()
        known = number in books.lots or number.startswith(f"{code}-")
        return replace(slip, lot_no=number if known else f"{code}-{number}")
    said = (
        slip.household.household_no if slip.household else "",
        slip.produce.code,
        slip.bought_on.isoformat(),
        str(slip.g),
        str(slip.fen_per_kg),
        slip.grade,
    )
    books.met[said] += 1
    digest = privacy.keyed_index(" ".join((code, *said, str(books.met[said]))))[:DIGITS_OF_KEY].upper()
    return replace(slip, lot_no=f"{code}-{slip.bought_on:%y%m%d}-{digest}")
