"""The roster (社员户): households that join, and how those who are members are reached."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from stdnum.cn import ric

from .. import actions
from ..base import days, privacy
from ..models import Cooperative, Household, HouseholdStatus, Membership, SheetRow, Village
from ..models.people import SCHEMES
from . import engine
from .kinds import CHANGED, DAY, DIGITS, NEW, SAME, WHOLE, Column, Kind, Made, Verdict, Wrong

CATEGORIES = tuple(dict.fromkeys(category for scheme in reversed(SCHEMES) for category in SCHEMES[scheme]))
HOUSEHOLD, MEMBERSHIP = "household", "membership"


def masked(household: Household) -> dict[str, str]:
    """What of a household stands in an export, by column: enough to know it by."""
    return {
        "head": privacy.mask_name(household.head),
        "id_number": privacy.mask_tail(household.id_number, width=18),
        "mobile": privacy.mask_mobile(household.mobile) if household.mobile else "",
        "bank_account": privacy.mask_tail(household.bank_account, width=8),
    }


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
    """What a row of a roster is judged by. Households in it are decrypted; it never leaves memory."""

    cooperative: Cooperative
    villages: VillageNames
    spells: Mapping[int, list[Membership]]
    members: Mapping[str, Household]
    by_index: Mapping[str, Household]
    numbers: frozenset[str]


class Roster(Kind):
    code = "roster"
    title = gettext_lazy("Members")
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
        spells: dict[int, list[Membership]] = defaultdict(list)
        for membership in Membership.objects.filter(cooperative=cooperative):
            spells[membership.household_id].append(membership)
        today = days.today()
        own = (
            Household.objects.filter(memberships__cooperative=cooperative)
            .distinct()
            .select_related("village__township")
        )
        members = {
            household.household_no.upper(): household
            for household in own
            if any(spell.covers(today) or spell.starts_on > today for spell in spells[household.pk])
        }
        # Of others' households the keyed index alone: what is written of them is none of this cooperative's business.
        others = Household.objects.exclude(id_index=None).only("household_no", "id_index")
        return Books(
            cooperative=cooperative,
            villages=VillageNames(),
            spells=spells,
            members=members,
            by_index={household.id_index: household for household in others},
            numbers=frozenset(number.upper() for number in Household.objects.values_list("household_no", flat=True)),
        )

    def judge(self, values: dict[str, Any], books: Books) -> Verdict:
        number = values["household_no"].upper()
        if member := books.members.get(number):
            return self._known(values, member, books)
        return self._joining(values, number, books)

    def _known(self, values: dict[str, Any], member: Household, books: Books) -> Verdict:
        """A row about a member: what of it may change by a sheet, and what may not."""
        mask = masked(member)
        errors = {}
        if values["head"] not in (member.head, mask["head"]):
            errors["head"] = _(
                "The roster has another name for this number. Check the number; a new head is entered by hand."
            )
        if not _is_same_number(values["id_number"], member.id_number, mask["id_number"]):
            errors["id_number"] = _("The roster has another ID number for this household. Check both.")
        village = books.villages.find(values["village"])
        if village is None:
            errors["village"] = _no_village()
        elif village.pk != member.village_id:
            errors["village"] = _("The roster has another village for this household. A move is entered by hand.")
        wanted = {"size": values["size"]}
        for name in ("mobile", "bank_account"):
            written, present = values.get(name) or "", getattr(member, name)
            if written and written != mask[name]:
                wanted[name] = written
            if name == "bank_account" and present and wanted.get(name, present) != present:
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
        amended = {name: value for name, value in wanted.items() if value != getattr(member, name)}
        return Verdict(
            verdict=CHANGED if amended else SAME,
            key=f"household {member.pk}",
            title=f"{member.household_no} {mask['head']}",
            act=(member.pk, amended),
            changes=[
                (self.column(name).bare, _shown(name, getattr(member, name)), _shown(name, value))
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
        known = books.by_index.get(index)
        if known and actions.is_member_from(member_from, books.spells.get(known.pk, ())):
            errors["id_number"] = _("This household is a member already, under the number %(no)s.") % {
                "no": known.household_no
            }
        if known is None and number in books.numbers:
            errors["household_no"] = _("This number is another household's. Check the number and the ID number.")
        if errors:
            raise Wrong(errors)
        return Verdict(
            verdict=NEW,
            key=f"id {index}",
            title=f"{known.household_no if known else number} {privacy.mask_name(values['head'])}",
            act=(registration, member_from),
            changes=[(self.column("member_from").bare, "—", member_from.isoformat())],
        )

    def apply(self, verdicts: Sequence[Verdict], *, cooperative: Cooperative, by) -> list[Made]:
        joining = [verdict for verdict in verdicts if verdict.verdict == NEW]
        made = []
        joined = actions.register_households(registrations=[v.act for v in joining], cooperative=cooperative)
        for verdict, one in zip(joining, joined, strict=True):
            made.append(Made(verdict.row, MEMBERSHIP, one.membership.pk))
            if one.is_new:
                made.append(Made(verdict.row, HOUSEHOLD, one.household.pk))
        amended = {v.act[0]: (v.row, v.act[1]) for v in verdicts if v.verdict == CHANGED}
        for household in Household.objects.filter(pk__in=amended):
            row, amendment = amended[household.pk]
            before = {name: [getattr(household, name), value] for name, value in amendment.items()}
            made.append(Made(row, HOUSEHOLD, household.pk, before=json.dumps(before)))
        actions.amend_households(amendments={pk: amendment for pk, (_row, amendment) in amended.items()})
        return made

    def undo(self, made: Sequence[SheetRow], *, cooperative: Cooperative) -> None:
        changed = {row.object_id: json.loads(row.before) for row in made if row.before}
        for household in Household.objects.filter(pk__in=changed):
            if any(getattr(household, name) != new for name, (_old, new) in changed[household.pk].items()):
                raise ValidationError(engine.built_on())
        actions.amend_households(
            amendments={pk: {name: old for name, (old, _new) in rows.items()} for pk, rows in changed.items()}
        )
        memberships = Membership.objects.filter(pk__in=[row.object_id for row in made if row.made == MEMBERSHIP])
        households = [row.object_id for row in made if row.made == HOUSEHOLD and not row.before]
        bought_from = memberships.filter(household__lots__produce__cooperative=cooperative)
        declared_for = memberships.filter(household__declarations__produce__cooperative=cooperative)
        if bought_from.exists() or declared_for.exists() or memberships.exclude(ends_on=None).exists():
            raise ValidationError(engine.built_on())
        if HouseholdStatus.objects.filter(household__in=households, ends_on__isnull=False).exists():
            raise ValidationError(engine.built_on())
        memberships.delete()
        HouseholdStatus.objects.filter(household__in=households).delete()
        # What else points at a household protects it, and with it the whole import.
        Household.objects.filter(pk__in=households).delete()

    def export(self, cooperative: Cooperative) -> Iterable[dict[str, Any]]:
        today = days.today()
        since = dict(Membership.objects.on(today).filter(cooperative=cooperative).values_list("household", "starts_on"))
        statuses = {
            status.household_id: status
            for status in HouseholdStatus.objects.on(today).filter(household__memberships__cooperative=cooperative)
        }
        rows = Household.objects.members_of(cooperative, on=today).select_related("village__township")
        for household in rows:
            status = statuses.get(household.pk)
            yield masked(household) | {
                "household_no": household.household_no,
                "village": f"{household.village.township.name}{household.village.name}",
                "size": household.size,
                "category": status.category if status else "",
                "category_from": status.starts_on if status else None,
                "member_from": since.get(household.pk),
            }


def _no_village() -> str:
    return _("There is no such village, or several of this name. Choose township and village from the list.")


def _is_same_number(written: str, kept: str, mask: str) -> bool:
    return written in (kept, mask) or ric.compact(written) == kept


def _shown(name: str, value: Any) -> str:
    """A value of a household for the preview: masked where it is a secret."""
    if not value:
        return "—"
    if name == "mobile":
        return privacy.mask_mobile(str(value))
    return privacy.mask_tail(str(value), width=8) if name == "bank_account" else str(value)
