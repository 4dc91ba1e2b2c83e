"""The roster (社员户): households that join, and how those who are members are reached."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import actions, roster
from ..base import days, privacy
from ..base.access import OWNER
from ..models import (
    Cooperative,
    Household,
    HouseholdChange,
    HouseholdStatus,
    Membership,
    MembershipRequest,
    SheetRow,
    SupplyKey,
    Village,
)
from ..models.people import SCHEMES
from . import engine
from .kinds import CHANGED, DAY, DIGITS, NEW, SAME, WHOLE, Column, Kind, Made, Verdict, Wrong

CATEGORIES = tuple(dict.fromkeys(category for scheme in reversed(SCHEMES) for category in SCHEMES[scheme]))
HOUSEHOLD, MEMBERSHIP, STATUS, REQUEST = "household", "membership", "status", "request"


@dataclass(frozen=True)
class Member:
    """A household that is a member, in the words of the cooperative: what another one wrote of it is not its to know."""

    household: Household
    membership: Membership

    def says(self) -> dict[str, Any]:
        """What is written of it that may change, by column."""
        return {
            "size": self.membership.size or self.household.size,
            "mobile": self.membership.mobile,
            "bank_account": self.membership.bank_account,
        }

    def masked(self) -> dict[str, str]:
        """What of it stands in an export, by column: enough to know it by."""
        written = self.says() | {"head": self.household.head, "id_number": self.household.id_number}
        names = ("head", "id_number", "mobile", "bank_account")
        return {name: roster.masked(name, written[name]) for name in names}


class VillageNames:
    """Villages by what people write: 峰灵镇谭家村, 谭家村 where there is one of the name, or the code."""

    def __init__(self):
        self.by_name: dict[str, Village] = {}
        alone: dict[str, list[Village]] = defaultdict(list)
        for village in Village.objects.select_related("township"):
            self.by_name[f"{village.township.name}{village.name}"] = village
            self.by_name[village.code] = village
            for name in {village.name, village.name.removesuffix("村"), village.name.removesuffix("社区")}:
                alone[name].append(village)
        self.by_name |= {name: found[0] for name, found in alone.items() if name and len(found) == 1}

    def find(self, written: str) -> Village | None:
        name = "".join(written.split()).removeprefix("重庆市").removeprefix("巫溪县")
        return self.by_name.get(name)

    @staticmethod
    def labels(first: str) -> list[str]:
        """All villages as they are written, those of the `first` township in front."""
        rows = Village.objects.select_related("township").order_by("township", "code")
        ordered = sorted(rows, key=lambda village: village.township_id != first)
        return [f"{village.township.name}{village.name}" for village in ordered]


@dataclass
class Books:
    """What a row of a roster is judged by. Members in it are decrypted; it never leaves memory.

    Of others' households there is what the county's check asks for, and the name still sealed (`sealed_head`).
    """

    cooperative: Cooperative
    villages: VillageNames
    spells: Mapping[int, list[Membership]]
    members: Mapping[str, Member]
    by_index: Mapping[str, Household]
    by_no: Mapping[str, Household]
    asked: Mapping[int, MembershipRequest]


class Roster(Kind):
    code = "roster"
    title = gettext_lazy("Members")
    posts = (OWNER,)  # ID numbers and bank accounts are in it
    intro = gettext_lazy("The households that deliver to you.")
    place = 1
    columns = (
        Column(
            "household_no",
            gettext_lazy("Household number"),
            synonyms=("户编号", "户号", "编号", "农户编号", "贫困户编号"),
            is_required=True,
            example="示例(导入时跳过)",
            help=gettext_lazy("As on the county's list. It is never given twice."),
            most=20,
            width=18,
        ),
        Column(
            "head",
            gettext_lazy("Head of the household"),
            synonyms=("户主", "户主姓名", "姓名", "农户", "农户姓名", "名字", "社员", "社员姓名"),
            is_required=True,
            is_secret=True,
            example="张三",
            help=gettext_lazy("The full name, as on the ID card."),
            most=30,
        ),
        Column(
            "id_number",
            gettext_lazy("ID number"),
            DIGITS,
            synonyms=("身份证", "身份证号", "身份证号码", "证件号码", "证件号", "公民身份号码", "户主身份证号"),
            is_required=True,
            is_secret=True,
            example="18 位，先把列设为文本",
            help=gettext_lazy("18 signs. The column is text, so that no digit gets lost. It is kept encrypted."),
            most=24,
            width=24,
        ),
        Column(
            "village",
            gettext_lazy("Village"),
            synonyms=("村", "村名", "所在村", "村社", "行政村", "村(社区)", "住址", "地址", "家庭住址"),
            is_required=True,
            example="峰灵镇谭家村",
            help=gettext_lazy("Choose it from the list, or write township and village."),
            width=22,
        ),
        Column(
            "size",
            gettext_lazy("People"),
            WHOLE,
            synonyms=("人口", "人数", "家庭人口", "家庭人数", "人口数", "家庭人口数"),
            is_required=True,
            example=4,
            help=gettext_lazy("How many live in the household: 1 to 30."),
            width=8,
        ),
        Column(
            "category",
            gettext_lazy("Category"),
            synonyms=("类别", "户类别", "户类型", "户属性", "属性", "贫困户类别", "农户类型"),
            example="脱贫户",
            help=gettext_lazy("Choose it from the list. Leave it empty for one that is not registered."),
            width=18,
        ),
        Column(
            "category_from",
            gettext_lazy("Day of recognition"),
            DAY,
            synonyms=("认定日期", "认定时间", "识别时间", "建档时间"),
            example="2021-01-01",
            help=gettext_lazy("Needed where there is a category."),
        ),
        Column(
            "mobile",
            gettext_lazy("Mobile number"),
            DIGITS,
            synonyms=("手机", "手机号", "手机号码", "电话", "联系电话", "电话号码", "联系方式"),
            is_secret=True,
            example="13800000000",
            help=gettext_lazy("May be empty. It is kept encrypted."),
            width=16,
        ),
        Column(
            "bank_account",
            gettext_lazy("Bank account"),
            DIGITS,
            synonyms=("银行账号", "银行卡号", "银行卡", "账号", "卡号", "一卡通", "一卡通账号", "惠农卡"),
            is_secret=True,
            example="12 到 21 位，列设为文本",
            help=gettext_lazy("May be empty. The column is text, so that no digit gets lost. It is kept encrypted."),
            width=24,
        ),
        Column(
            "member_from",
            gettext_lazy("Day of joining"),
            DAY,
            synonyms=("入社日期", "入社时间", "加入日期", "社员起始日期"),
            example="2019-01-05",
            help=gettext_lazy("Empty: from today on."),
        ),
    )

    def choices(self, cooperative: Cooperative) -> dict[str, Sequence[str]]:
        return {"village": VillageNames.labels(cooperative.village.township_id), "category": CATEGORIES}

    def books(self, cooperative: Cooperative) -> Books:
        spells = actions.spells_of(cooperative)
        own = Household.objects.filter(memberships__cooperative=cooperative).distinct()
        everybody = Household.objects.only("household_no", "id_index", "village").annotate(
            sealed_head=Cast("head", TextField())
        )
        by_no = {household.household_no.upper(): household for household in everybody}
        return Books(
            cooperative=cooperative,
            villages=VillageNames(),
            spells=spells,
            members={one.household.household_no.upper(): one for one in _present(own, spells)},
            by_index={household.id_index: household for household in by_no.values() if household.id_index},
            by_no=by_no,
            asked={
                one.household_id: one
                for one in MembershipRequest.objects.filter(cooperative=cooperative, decided_at=None)
            },
        )

    def judge(self, values: dict[str, Any], books: Books) -> Verdict:
        number = values["household_no"].upper()
        if member := books.members.get(number):
            return self._known(values, member, books)
        return self._joining(values, number, books)

    def _known(self, values: dict[str, Any], member: Member, books: Books) -> Verdict:
        """A row about a member: what of it may change by a sheet, and what may not."""
        household, mask, present = member.household, member.masked(), member.says()
        errors = {}
        if values["head"] not in (household.head, mask["head"]):
            errors["head"] = _(
                "The roster has another name for this number. Check the number; a new head is entered by hand."
            )
        if not _is_same_number(values["id_number"], household.id_number, mask["id_number"]):
            errors["id_number"] = _("The roster has another ID number for this household. Check both.")
        village = books.villages.find(values["village"])
        if village is None:
            errors["village"] = _no_village()
        elif village.pk != household.village_id:
            errors["village"] = _("The roster has another village for this household. A move is entered by hand.")
        wanted = {"size": values["size"]}
        for name in ("mobile", "bank_account"):
            written, kept = values.get(name) or "", present[name]
            if written and written != mask[name]:
                wanted[name] = written
            if name == "bank_account" and kept and wanted.get(name, kept) != kept:
                # Money goes there: whoever holds the sheet is not enough to send it elsewhere.
                errors[name] = _("A bank account that is known is not changed by a sheet. Enter the new one by hand.")
        errors |= {
            name: said
            for name, said in actions.contact_errors(
                size=wanted["size"],
                mobile=wanted.get("mobile", ""),
                bank_account=wanted.get("bank_account", ""),
            ).items()
            if name not in errors
        }
        if errors:
            raise Wrong(errors)
        amended = {name: value for name, value in wanted.items() if value != present[name]}
        return Verdict(
            verdict=CHANGED if amended else SAME,
            key=f"household {household.pk}",
            title=f"{household.household_no} {mask['head']}",
            act=(household.pk, {name: (present[name], value) for name, value in amended.items()}),
            changes=[
                (self.column(name).bare, _shown(name, present[name]), _shown(name, value))
                for name, value in amended.items()
            ],
        )

    def _joining(self, values: dict[str, Any], number: str, books: Books) -> Verdict:
        """A row about a household that is no member yet."""
        village = books.villages.find(values["village"])
        category = values.get("category") or ""
        registration = actions.Registration(
            household_no=number,
            head=values["head"],
            id_number=values["id_number"],
            village=village,
            size=values["size"],
            category="" if category in ("一般户", "一般农户", "普通户", "非贫困户") else category,
            category_from=values.get("category_from"),
            mobile=values.get("mobile") or "",
            bank_account=values.get("bank_account") or "",
        )
        member_from = values.get("member_from") or days.today()
        id_number, errors = actions.registration_errors(registration, member_from)
        if village is None:
            errors["village"] = _no_village()
        if "*" in values["head"]:
            errors["head"] = _("Write the whole name: this household is no member yet.")
        index = privacy.keyed_index(id_number) if id_number else ""
        if errors:
            raise Wrong(errors)
        known = _opened(books.by_index.get(index))
        own = books.spells.get(known.pk, ()) if known else ()
        same_no = books.by_no.get(number)
        errors, to_decide = actions.meet(registration, member_from, known=known, same_no=same_no, own=own)
        if errors:
            raise Wrong(errors)
        # Whom the county compares it with is not told: the number here is the one that was written.
        title = f"{number} {privacy.mask_name(values['head'])}"
        asked = books.asked.get(to_decide.pk) if to_decide else None
        if asked and (asked.written, asked.member_from) == (registration.as_text(), member_from):
            return Verdict(SAME, key=f"id {index}", title=title)
        changes = [(self.column("member_from").bare, "—", member_from.isoformat())]
        if to_decide:
            changes.append((_("The county"), "—", _("looks at this household first")))
        return Verdict(verdict=NEW, key=f"id {index}", title=title, act=(registration, member_from), changes=changes)

    def apply(self, verdicts: Sequence[Verdict], *, cooperative: Cooperative, by) -> list[Made]:
        joining = [verdict for verdict in verdicts if verdict.verdict == NEW]
        made = []
        asked = MembershipRequest.objects.filter(cooperative=cooperative, decided_at=None)
        before = {one.pk: json.dumps([one.written, one.member_from.isoformat()]) for one in asked} if joining else {}
        joined = actions.register_households(registrations=[v.act for v in joining], cooperative=cooperative, by=by)
        for verdict, one in zip(joining, joined, strict=True):
            if one.request:
                made.append(Made(verdict.row, REQUEST, one.request.pk, before=before.get(one.request.pk, "")))
            if one.membership:
                made.append(Made(verdict.row, MEMBERSHIP, one.membership.pk))
                if one.is_new:
                    made.append(Made(verdict.row, HOUSEHOLD, one.membership.household_id))
            if one.status:
                made.append(Made(verdict.row, STATUS, one.status.pk))
        amended = [verdict for verdict in verdicts if verdict.verdict == CHANGED]
        made += [Made(v.row, HOUSEHOLD, v.act[0], before=json.dumps(v.act[1])) for v in amended]
        changes = {pk: {name: new for name, (_old, new) in said.items()} for pk, said in (v.act for v in amended)}
        roster.change_members(changes=changes, cooperative=cooperative, by=by)
        return made

    def undo(self, made: Sequence[SheetRow], *, cooperative: Cooperative, by=None) -> None:
        def ids(name: str) -> list[int]:
            return [row.object_id for row in made if row.made == name and not row.before]

        self._change_back(made, cooperative, by)
        self._ask_no_more(made)
        memberships = Membership.objects.filter(pk__in=ids(MEMBERSHIP), ends_on=None)
        statuses = HouseholdStatus.objects.waiting().filter(pk__in=ids(STATUS), checked_at=None)
        if memberships.count() != len(ids(MEMBERSHIP)) or statuses.count() != len(ids(STATUS)):
            raise ValidationError(engine.built_on())
        members = {"cooperative": cooperative, "household__in": memberships.values("household")}
        if (
            memberships.filter(household__lots__produce__cooperative=cooperative).exists()
            or memberships.filter(household__declarations__produce__cooperative=cooperative).exists()
            or HouseholdChange.objects.filter(**members).exists()
            or SupplyKey.objects.filter(**members).exists()
        ):
            raise ValidationError(engine.built_on())
        statuses.delete()
        memberships.delete()
        # What else points at a household protects it, and with it the whole import.
        Household.objects.filter(pk__in=ids(HOUSEHOLD)).delete()

    def _change_back(self, made: Sequence[SheetRow], cooperative: Cooperative, by) -> None:
        """Write what members had before the import, as a change of its own. Raises ValidationError where it changed since."""
        changed = {row.object_id: json.loads(row.before) for row in made if row.made == HOUSEHOLD and row.before}
        if not changed:
            return
        present = {
            one.household.pk: one.says()
            for one in _present(Household.objects.filter(pk__in=changed), actions.spells_of(cooperative))
        }
        for pk, said in changed.items():
            if pk not in present or any(present[pk][name] != new for name, (_old, new) in said.items()):
                raise ValidationError(engine.built_on())
        back = {pk: {name: old for name, (old, _new) in said.items()} for pk, said in changed.items()}
        roster.change_members(changes=back, cooperative=cooperative, by=by)

    def _ask_no_more(self, made: Sequence[SheetRow]) -> None:
        """Take back what the county was asked. Raises ValidationError where it has decided."""
        before = {row.object_id: row.before for row in made if row.made == REQUEST}
        requests = MembershipRequest.objects.select_for_update().filter(pk__in=before, decided_at=None)
        if len(requests) != len(before):
            raise ValidationError(engine.built_on())
        for request in requests:
            if before[request.pk]:
                request.written, member_from = json.loads(before[request.pk])
                request.member_from = dt.date.fromisoformat(member_from)
                request.save(update_fields=["written", "member_from"])
            else:
                request.delete()

    def export(self, cooperative: Cooperative) -> Iterable[dict[str, Any]]:
        today = days.today()
        held = HouseholdStatus.objects.seen_by(cooperative).on(today)
        held = held.filter(Q(approved_at__isnull=False) | Q(confirms__isnull=False))
        held = held.filter(household__memberships__cooperative=cooperative).order_by("starts_on")
        statuses = {status.household_id: status for status in held}
        rows = Household.objects.members_of(cooperative, on=today).select_related("village__township")
        for member in _present(rows, actions.spells_of(cooperative)):
            household = member.household
            status = statuses.get(household.pk)
            yield member.masked() | {
                "household_no": household.household_no,
                "village": f"{household.village.township.name}{household.village.name}",
                "size": member.says()["size"],
                "category": status.category if status else "",
                "category_from": status.starts_on if status else None,
                "member_from": member.membership.starts_on,
            }


def _present(households: Iterable[Household], spells: Mapping[int, list[Membership]]) -> list[Member]:
    """Those of `households` that are members today or will be, each by its newest spell."""
    today = days.today()
    newest = ((household, spells[household.pk][-1]) for household in households if household.pk in spells)
    return [Member(household, spell) for household, spell in newest if spell.ends_on is None or spell.ends_on >= today]


def _opened(household: Household | None) -> Household | None:
    """`household` with its name, which was looked up sealed."""
    if household is not None:
        household.head = privacy.decrypt(household.sealed_head)
    return household


def _no_village() -> str:
    return _("There is no such village, or several of this name. Choose township and village from the list.")


def _is_same_number(written: str, kept: str, mask: str) -> bool:
    return written in (kept, mask) or "".join(written.split()).upper() == kept


def _shown(name: str, value: Any) -> str:
    """A value of a household for the preview: masked where it is a secret."""
    if not value:
        return "—"
    if name == "mobile":
        return privacy.mask_mobile(str(value))
    return privacy.mask_tail(str(value), width=8) if name == "bank_account" else str(value)
