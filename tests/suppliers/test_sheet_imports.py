"""A sheet's way into the books through the pages: asked once, shown first, written whole, taken back."""

import datetime as dt
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from suppliers import actions, roster, stock
from suppliers.base import days, privacy
from suppliers.base.sheets import read
from suppliers.models import (
    CooperativeStaff,
    Household,
    HouseholdChange,
    HouseholdStatus,
    Membership,
    MembershipRequest,
    PurchaseLot,
    SheetImport,
    SheetMapping,
    SheetRow,
)
from suppliers.sheets import engine, kinds
from suppliers.tasks import work_on_sheet

from .. import factories as make
from .test_sheets import book

pytestmark = pytest.mark.django_db

ID_NUMBER, OTHER_ID_NUMBER = "11010519491231002X", "110105199003072346"
OWN_HEADINGS = ["日期", "户主", "品名", "斤", "单价"]


@pytest.fixture
def produce():
    return make.make_produce()


@pytest.fixture
def household(produce):
    return make.make_household(produce.cooperative)


@pytest.fixture
def own(produce, client):
    client.force_login(make.make_user(cooperative=produce.cooperative))
    return produce.cooperative


def send(client, code: str, content: bytes | str, name: str = "收购.xlsx"):
    """Send a sheet in; return its import as it stands then."""
    data = {"pasted": content} if isinstance(content, str) else {"file": SimpleUploadedFile(name, content)}
    response = client.post(reverse("suppliers:sheet_new", args=[code]), data)
    assert response.status_code == 302, response.context["form"].errors
    return SheetImport.objects.get(pk=int(response["Location"].rstrip("/").rpartition("/")[2]))


def name_columns(client, sheet, **said):
    """Answer which column is which as it is guessed, and what is `said`."""
    page = client.get(reverse("suppliers:sheet_columns", args=[sheet.pk]))
    form = page.context["form"]
    fields = {name: form[name].initial for name in form.fields if form[name].initial is not None}
    response = client.post(page.request["PATH_INFO"], fields | said)
    sheet.refresh_from_db()
    return response


def press(client, name: str, sheet):
    response = client.post(reverse(f"suppliers:{name}", args=[sheet.pk]), follow=True)
    assert response.status_code == 200
    sheet.refresh_from_db()
    return response


def template_of(client, code: str, *rows) -> bytes:
    """The template of a kind, with rows under its headings: as somebody fills it in."""
    tables = read(client.get(reverse("suppliers:sheet_template", args=[code])).content)
    return book(tables[0].rows[0], tables[0].rows[1], *rows)


def slips(produce, household, *rows) -> str:
    return "\n".join("\t".join(map(str, row)) for row in (OWN_HEADINGS, *rows))


# ── The ledger ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_her_own_sheet_is_asked_about_once_and_shown_before_it_is_written(client, own, produce, household):
    text = slips(
        produce,
        household,
        ("2019.1.5", "谭大成", "核桃", "120", "9.25"),
        ("2019年1月6日", "谭大成", "核桃", "60公斤", "１８"),
        ("合计", "", "", 240, ""),
    )
    sheet = send(client, "ledger", text)
    assert sheet.state == "uploaded"
    page = client.get(reverse("suppliers:sheet", args=[sheet.pk]), follow=True)
    assert page.context["form"]["household"].initial == 1
    # The heading says jin; of the price nobody knows yet.
    assert page.context["form"]["g_unit"].initial == "jin"
    assert name_columns(client, sheet).context["form"].errors == {"fen_per_kg_unit": ["是斤还是公斤？请选一个。"]}
    assert name_columns(client, sheet, fen_per_kg_unit="jin").status_code == 302
    assert (sheet.state, sheet.counts["new"], sheet.counts["skipped"]) == ("checked", 2, 1)
    assert PurchaseLot.objects.count() == 0
    preview = client.get(reverse("suppliers:sheet", args=[sheet.pk])).content.decode()
    assert "18.50 元/公斤" in preview
    assert "写入：新增 2 条" in preview

    press(client, "sheet_write", sheet)
    assert sheet.state == "applied"
    first, second = PurchaseLot.objects.order_by("bought_on")
    # 120 jin are 60 kg at 9.25 yuan a jin, that is 1,850 fen a kilogram; 60 kg at 18 yuan a jin are 3,600.
    assert (first.g, first.fen_per_kg, first.bought_on) == (60_000, 1_850, dt.date(2019, 1, 5))
    assert (second.g, second.fen_per_kg, second.bought_on) == (60_000, 3_600, dt.date(2019, 1, 6))
    assert first.household == second.household == household
    assert not first.verified_at
    assert first.entered_by is not None

    # The next sheet with these headings is not asked about.
    again = send(client, "ledger", slips(produce, household, ("2019.1.7", "谭大成", "核桃", "10", "9.25")))
    assert again.state == "checked"
    assert SheetMapping.objects.count() == 1


def test_the_same_file_twice_and_the_same_rows_in_another_file_change_nothing(client, own, produce, household):
    rows = [(dt.date(2019, 1, 5), household.household_no, "核桃", 120, 9.25)] * 2
    content = template_of(client, "ledger", *[("", *row) for row in rows])
    sheet = send(client, "ledger", content)
    assert (sheet.state, sheet.counts["new"]) == ("checked", 2)
    press(client, "sheet_write", sheet)
    assert PurchaseLot.objects.count() == 2
    assert send(client, "ledger", content) == sheet
    other = send(client, "ledger", template_of(client, "ledger", ("", *rows[0]), ("", *rows[1]), ("合计",)))
    assert other.pk != sheet.pk
    assert (other.counts["new"], other.counts["same"]) == (0, 2)
    press(client, "sheet_write", other)
    assert (other.state, PurchaseLot.objects.count()) == ("checked", 2)


def test_an_export_comes_back_as_it_went_and_a_slip_is_never_changed(client, own, produce, household):
    make.make_lot(produce, household, g=12_345, fen_per_kg=1_851)
    make.make_lot(produce, None, g=500)
    content = client.get(reverse("suppliers:sheet_export", args=["ledger"])).content
    sheet = send(client, "ledger", content)
    assert (sheet.state, sheet.counts) == ("checked", {"new": 0, "changed": 0, "same": 2, "wrong": 0, "skipped": 0})
    headings, *rows = read(content)[0].rows
    rows[0][4] = 30.0
    wrong = send(client, "ledger", book(headings, *rows))
    assert wrong.counts["wrong"] == 1
    assert "单号" in wrong.errors[0]["say"]
    assert (wrong.errors[0]["row"], wrong.errors[0]["cell"]) == (2, "E2")
    press(client, "sheet_write", wrong)
    assert wrong.state == "checked"


def test_every_wrong_cell_is_named_with_row_column_and_what_to_do_and_nothing_is_written(
    client, own, produce, household
):
    stranger = make.make_household(make.make_cooperative())
    tomorrow = days.today() + dt.timedelta(days=1)
    good = ("S1", dt.date(2019, 1, 5), household.household_no, "核桃", 120, 9.25)
    content = template_of(
        client,
        "ledger",
        good,
        ("S1", *good[1:4], 121, 9.25),
        ("S2", tomorrow, household.household_no, "核桃", 120, 9.25),
        ("S3", "1月5日", "查无此人", "香蕉", "很多", -3),
        ("S4", dt.date(2019, 1, 5), stranger.household_no, "核桃", 120, 9.25),
    )
    sheet = send(client, "ledger", content)
    assert (sheet.counts["new"], sheet.counts["wrong"]) == (1, 4)
    met = {(error["row"], error["cell"]) for error in sheet.errors}
    assert met == {(4, "A4"), (5, "B5"), (6, "B6"), (6, "E6"), (6, "F6"), (7, "C7")}
    page = client.get(reverse("suppliers:sheet", args=[sheet.pk])).content.decode()
    assert "第 5 行 · 收购日期" in page
    assert "您写的是：很多" in page
    press(client, "sheet_write", sheet)
    assert (sheet.state, PurchaseLot.objects.count()) == ("checked", 0)


def test_a_name_that_two_members_have_is_asked_for_by_number(client, own, produce, household):
    twin = make.make_household(own)
    sheet = send(client, "ledger", template_of(client, "ledger", ("", dt.date(2019, 1, 5), "谭大成", "核桃", 1, 9)))
    assert household.household_no in sheet.errors[0]["say"]
    assert twin.household_no in sheet.errors[0]["say"]


def test_produce_is_known_by_its_short_name_unless_two_have_it(client, own, produce, household):
    make.make_produce(own, code="HT02", name="巫溪核桃")
    rows = [
        ("", dt.date(2019, 1, n), household.household_no, name, 1, 9)
        for n, name in enumerate(("巫溪核桃（干）", "巫溪核桃", "ht02", "核桃"), 1)
    ]
    sheet = send(client, "ledger", template_of(client, "ledger", *rows))
    assert sheet.counts["new"] == 3
    assert [(error["row"], error["name"]) for error in sheet.errors] == [(6, "produce")]


def test_merged_cells_over_rows_are_named(client, own, produce, household):
    headings = read(client.get(reverse("suppliers:sheet_template", args=["ledger"])).content)[0].rows[0]
    row = ["", dt.date(2019, 1, 5), household.household_no, "核桃", 1, 9]
    sheet = send(client, "ledger", book(headings, row, row, merged=["E2:E3"]))
    assert sheet.counts["wrong"] == 2
    assert "E2:E3" in sheet.errors[0]["say"]


def test_an_import_is_taken_back_while_nothing_is_built_on_it(client, own, produce, household):
    def imported(number):
        sheet = send(
            client,
            "ledger",
            template_of(client, "ledger", (number, dt.date(2019, 1, 5), household.household_no, "核桃", 1, 9)),
        )
        press(client, "sheet_write", sheet)
        return sheet

    first = imported("S1")
    press(client, "sheet_take_back", first)
    assert (first.state, PurchaseLot.objects.count(), SheetRow.objects.count()) == ("undone", 0, 0)
    # It may come again.
    second = imported("S1")
    assert (second.state, PurchaseLot.objects.count()) == ("applied", 1)
    actions.verify_lot(lot=PurchaseLot.objects.get(), how=PurchaseLot.Verified.TOWNSHIP)
    said = [str(one) for one in press(client, "sheet_take_back", second).context["messages"]]
    assert (second.state, PurchaseLot.objects.count()) == ("applied", 1)
    assert "已经核实" in said[0]


def test_what_was_shown_is_what_is_written_or_it_is_shown_again(client, own, produce, household):
    row = (dt.date(2019, 1, 5), household.household_no, "核桃", 1, 9)
    sheet = send(client, "ledger", template_of(client, "ledger", ("S1", *row), ("S2", *row)))
    actions.enter_lot(
        lot_no=f"{own.code}-S1", produce=produce, household=household, g=500, fen_per_kg=1_800, bought_on=row[0]
    )
    press(client, "sheet_write", sheet)
    assert sheet.state == "checked"
    assert "变化" in sheet.notice
    assert (sheet.counts["new"], sheet.counts["same"], PurchaseLot.objects.count()) == (1, 1, 1)
    press(client, "sheet_write", sheet)
    assert (sheet.state, PurchaseLot.objects.count()) == ("applied", 2)


# ── The roster ───────────────────────────────────────────────────────────────────────────────────────────────────────


def roster_row(of, **fields) -> list:
    said = {
        "no": "wx900001", "head": "谭小兰", "id": ID_NUMBER, "village": f"{of.township.name}{of.name}", "size": 4,
        "category": "脱贫户", "since": dt.date(2021, 1, 1), "mobile": "13805380001", "bank": "6228480123456789012", "from": dt.date(2021, 5, 1),
    } | fields  # fmt: skip
    return list(said.values())


def test_households_join_by_a_sheet_with_what_is_secret_encrypted_and_masked(client, own, caplog):
    content = template_of(client, "roster", roster_row(own.village))
    sheet = send(client, "roster", content)
    assert sheet.counts["new"] == 1, sheet.errors
    secrets = ("谭小兰", ID_NUMBER, "13805380001", "6228480123456789012")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM suppliers_sheetimport")
        row = " ".join(
            bytes(v).decode("latin-1") if isinstance(v, bytes | memoryview) else str(v) for v in cursor.fetchone()
        )
    preview = client.get(reverse("suppliers:sheet", args=[sheet.pk])).content.decode()
    assert "谭*兰" in preview
    for secret in secrets:
        assert secret not in row
        assert secret not in preview
        assert secret not in caplog.text
    press(client, "sheet_write", sheet)
    household = Household.objects.get()
    assert (household.household_no, household.head, household.id_number) == ("WX900001", "谭小兰", ID_NUMBER)
    assert household.id_index == privacy.keyed_index(ID_NUMBER)
    assert (household.mobile, household.bank_account) == ("13805380001", "6228480123456789012")
    status, membership = HouseholdStatus.objects.get(), Membership.objects.get()
    # It counts when the county has approved it.
    assert (status.category, status.approved_at, status.proposed_by) == ("脱贫户", None, own)
    assert (membership.starts_on, membership.size) == (dt.date(2021, 5, 1), 4)
    assert (membership.mobile, membership.bank_account) == ("13805380001", "6228480123456789012")
    assert (sheet.content, sheet.plan) == (None, None)

    # What is exported is masked, and comes back as the same; people and mobile are changed, shown old and new.
    exported = read(client.get(reverse("suppliers:sheet_export", args=["roster"])).content)[0].rows
    assert exported[1][:3] == ["WX900001", "谭*兰", "**************002X"]
    assert send(client, "roster", book(*exported)).counts["same"] == 1
    exported[1][4], exported[1][7] = 5.0, "13905380002"
    sheet = send(client, "roster", book(*exported))
    assert engine.plan_of(sheet)[0]["changes"] == [["人口", "4", "5"], ["手机号", "138****0001", "139****0002"]]
    press(client, "sheet_write", sheet)
    household.refresh_from_db()
    assert (household.size, household.mobile) == (5, "13905380002")
    press(client, "sheet_take_back", sheet)
    household.refresh_from_db()
    assert (household.size, household.mobile) == (4, "13805380001")
    # Who changed what stays, and that it was changed back.
    changes = HouseholdChange.objects.order_by("pk").values_list("field", "before", "after")
    assert list(changes) == [
        ("size", "4", "5"),
        ("mobile", "138****0001", "139****0002"),
        ("size", "5", "4"),
        ("mobile", "139****0002", "138****0001"),
    ]
    assert None not in HouseholdChange.objects.values_list("by", flat=True)


def test_no_error_that_is_kept_repeats_what_was_written(client, own):
    member = make.make_household(own)
    content = template_of(
        client,
        "roster",
        roster_row(own.village, id=510232198001011234.0, bank=6.228480123456789e18),
        roster_row(own.village, no="wx900002", id="110105194912310020", size="谭小兰", village="13805380001"),
        roster_row(own.village, no=member.household_no, head="王五", id=OTHER_ID_NUMBER),
    )
    sheet = send(client, "roster", content)
    assert sheet.counts["wrong"] == 3
    kept = json.dumps(sheet.errors, ensure_ascii=False)
    assert "设置单元格格式 → 文本" in kept
    for secret in ("谭小兰", "王五", "5102", "1101", "13805380001", "6228"):
        assert secret not in kept


def test_a_known_bank_account_is_not_sent_elsewhere_by_a_sheet(client, own):
    press(client, "sheet_write", send(client, "roster", template_of(client, "roster", roster_row(own.village))))
    sheet = send(client, "roster", template_of(client, "roster", roster_row(own.village, bank="6228480000000000000")))
    assert [error["name"] for error in sheet.errors] == ["bank_account"]


def test_a_household_that_another_cooperative_knows_joins_and_is_not_written_twice(client, own):
    other = make.make_cooperative()
    registration = actions.Registration("WX900001", "谭小兰", ID_NUMBER, own.village, 3, mobile="13705380007")
    known, _is_new = actions.register_household(
        registration=registration, cooperative=other, member_from=dt.date(2020, 1, 1)
    )
    sheet = send(client, "roster", template_of(client, "roster", roster_row(own.village)))
    press(client, "sheet_write", sheet)
    assert Household.objects.get() == known
    known.refresh_from_db()
    assert (known.size, known.mobile) == (3, "13705380007")
    assert known.memberships.get(cooperative=own).size == 4
    # Neither reads what the other wrote.
    exported = read(client.get(reverse("suppliers:sheet_export", args=["roster"])).content)[0].rows
    assert (exported[1][4], exported[1][7]) == (4.0, "138****0001")
    assert set(known.memberships.values_list("cooperative", flat=True)) == {own.pk, other.pk}
    press(client, "sheet_take_back", sheet)
    assert known.memberships.get().cooperative == other
    assert not HouseholdStatus.objects.exists()


def test_a_household_that_is_known_otherwise_waits_for_the_county_and_the_others_join(client, own):
    registration = actions.Registration("WX900009", "谭小兰", ID_NUMBER, own.village, 3)
    known, _is_new = actions.register_household(
        registration=registration, cooperative=make.make_cooperative(), member_from=dt.date(2020, 1, 1)
    )
    rows = [roster_row(own.village), roster_row(own.village, no="wx900002", head="谭小梅", id=OTHER_ID_NUMBER)]
    sheet = send(client, "roster", template_of(client, "roster", *rows))
    assert sheet.counts["new"] == 2, sheet.errors
    preview = client.get(reverse("suppliers:sheet", args=[sheet.pk])).content.decode()
    assert "先看一下这户" in preview
    assert known.household_no not in preview
    press(client, "sheet_write", sheet)
    request = MembershipRequest.objects.get()
    assert (request.household, request.cooperative, request.decided_at) == (known, own, None)
    assert actions.Registration.of_text(request.written).household_no == "WX900001"
    assert request.asked_by is not None
    assert Membership.objects.get(cooperative=own).household.household_no == "WX900002"
    # Sent in again in another file, nothing is asked twice.
    assert send(client, "roster", template_of(client, "roster", *rows, ("合计",))).counts["same"] == 2
    press(client, "sheet_take_back", sheet)
    assert not MembershipRequest.objects.exists()
    assert Household.objects.get() == known


def test_what_the_county_has_decided_on_is_not_taken_back(client, own):
    sheet = send(client, "roster", template_of(client, "roster", roster_row(own.village)))
    press(client, "sheet_write", sheet)
    roster.approve_statuses(spells=[HouseholdStatus.objects.get().pk], by=make.make_user())
    press(client, "sheet_take_back", sheet)
    assert (sheet.state, Household.objects.count()) == ("applied", 1)


def test_a_seller_sends_in_slips_and_finds_no_roster_and_a_packer_finds_nothing(client, own, produce, household):
    roster_sheet = send(client, "roster", template_of(client, "roster", roster_row(own.village)))
    for role, found in (("seller", 200), ("packer", 404)):
        user = make.make_user()
        CooperativeStaff.objects.create(user=user, cooperative=own, role=role, starts_on=dt.date(2018, 1, 1))
        client.force_login(user)
        assert client.get(reverse("suppliers:sheets")).status_code == found
        assert client.get(reverse("suppliers:sheet_new", args=["ledger"])).status_code == found
        for address in (
            reverse("suppliers:sheet_new", args=["roster"]),
            reverse("suppliers:sheet_export", args=["roster"]),
            reverse("suppliers:sheet", args=[roster_sheet.pk]),
        ):
            assert client.get(address).status_code == 404


def test_slips_that_are_paid_or_corrected_are_not_taken_back(client, own, produce, household):
    row = (dt.date(2019, 1, 5), household.household_no, "核桃", 1, 9)
    sheet = send(client, "ledger", template_of(client, "ledger", ("S1", *row)))
    press(client, "sheet_write", sheet)
    lot = PurchaseLot.objects.get()
    assert lot.household_key
    stock.take_back(lot=lot, why="写错了")
    press(client, "sheet_take_back", sheet)
    assert (sheet.state, PurchaseLot.objects.count()) == ("applied", 1)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM suppliers_purchaselot")
    # And what was taken back is not exported.
    assert len(read(client.get(reverse("suppliers:sheet_export", args=["ledger"])).content)[0].rows) == 1


def test_a_roster_is_not_taken_back_once_something_was_bought(client, own, produce):
    sheet = send(client, "roster", template_of(client, "roster", roster_row(own.village)))
    press(client, "sheet_write", sheet)
    make.make_lot(produce, Household.objects.get(), bought_on=dt.date(2021, 6, 1))
    press(client, "sheet_take_back", sheet)
    assert (sheet.state, Membership.objects.count()) == ("applied", 1)


# ── Around it ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_another_cooperatives_import_is_not_found(client, own, produce, household):
    sheet = send(client, "ledger", slips(produce, household, ("2019.1.5", "谭大成", "核桃", "1", "9")))
    client.force_login(make.make_user(cooperative=make.make_cooperative()))
    assert client.get(reverse("suppliers:sheet", args=[sheet.pk])).status_code == 404
    assert client.get(reverse("suppliers:sheet_columns", args=[sheet.pk])).status_code == 404
    for name in ("sheet_write", "sheet_take_back", "sheet_give_up"):
        assert client.post(reverse(f"suppliers:{name}", args=[sheet.pk])).status_code == 404


def test_what_nobody_finishes_is_forgotten_after_a_week_and_what_is_given_up_at_once(client, own, produce, household):
    sheet = send(client, "ledger", slips(produce, household, ("2019.1.5", "谭大成", "核桃", "1", "9")))
    assert engine.tidy() == 0
    SheetImport.objects.update(at=days.now() - dt.timedelta(days=8))
    assert engine.tidy() == 1
    sheet.refresh_from_db()
    assert (sheet.state, sheet.content) == ("refused", None)
    other = send(client, "ledger", slips(produce, household, ("2019.1.6", "谭大成", "核桃", "1", "9")))
    press(client, "sheet_give_up", other)
    assert (other.state, other.content) == ("refused", None)


def test_no_more_sheets_wait_than_somebody_can_look_at(client, own, produce, household):
    for n in range(engine.MOST_WAITING):
        send(client, "ledger", slips(produce, household, ("2019.1.5", "谭大成", "核桃", n + 1, "9")))
    response = client.post(
        reverse("suppliers:sheet_new", args=["ledger"]),
        {"pasted": slips(produce, household, ("2019.1.5", "谭", "桃", 99, 9))},
    )
    assert "放弃" in response.context["form"].errors["pasted"][0]


def test_a_long_sheet_is_left_to_a_worker_and_the_page_says_how_far_it_is(client, own, produce, household, monkeypatch):
    monkeypatch.setattr(engine, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(engine, "ROWS_A_STEP", 2)
    rows = [("", dt.date(2019, 1, n), household.household_no, "核桃", 1, 9) for n in range(1, 6)]
    sheet = send(client, "ledger", template_of(client, "ledger", *rows))
    assert sheet.state == "mapped"
    address = reverse("suppliers:sheet", args=[sheet.pk])
    page = client.get(address).content.decode()
    assert "hx-get" in page
    assert f'href="{address}"' in page  # without a script
    waiting = client.get(address, headers={"HX-Request": "true"})
    assert "<progress" in waiting.content.decode()
    assert "<html" not in waiting.content.decode()

    seen = []
    engine.judged(sheet, progress=seen.append)
    assert seen == [2, 4, 6]
    work_on_sheet(sheet.pk)
    assert client.get(address, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    press(client, "sheet_write", sheet)
    assert sheet.state == "confirmed"
    # The bell was lost: the sweep finds it.
    assert engine.work_due() == 1
    assert engine.work_due() == 0
    sheet.refresh_from_db()
    assert (sheet.state, PurchaseLot.objects.count()) == ("applied", 5)


def test_a_sheet_at_which_workers_die_is_given_up(client, own, produce, household, monkeypatch):
    monkeypatch.setattr(engine, "ROWS_AT_ONCE", 0)
    sheet = send(
        client, "ledger", template_of(client, "ledger", ("", dt.date(2019, 1, 1), household.household_no, "核桃", 1, 9))
    )

    def dies(*_args, **_options):
        raise MemoryError

    monkeypatch.setattr(engine, "judged", dies)
    for _try in range(engine.MOST_TRIES):
        with pytest.raises(MemoryError):
            engine.work(sheet_id=sheet.pk)
    engine.work(sheet_id=sheet.pk)
    sheet.refresh_from_db()
    assert sheet.state == "refused"
    assert "县里" in sheet.notice


class Killed(BaseException):
    """What kills a worker lets nothing clean up; no `except Exception` catches it."""


def killed_at(number: int, do) -> bool:
    """Do something and die at its statement `number`; return whether it got that far."""
    seen = 0

    def count(execute, sql, params, many, context):
        nonlocal seen
        # Within a test's transaction these are what BEGIN and COMMIT are elsewhere.
        if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen += 1
            if seen == number:
                raise Killed
        return execute(sql, params, many, context)

    try:
        with connection.execute_wrapper(count):
            do()
    except Killed:
        return True
    return False


def books() -> list:
    return [
        sorted(PurchaseLot.objects.values_list("lot_no", "g", "fen_per_kg")),
        sorted(SheetRow.objects.values_list("row", "made")),
        SheetImport.objects.get().state,
    ]


def confirmed_sheet(client, household, monkeypatch):
    monkeypatch.setattr(engine, "ROWS_AT_ONCE", 0)
    rows = [("", dt.date(2019, 1, n), household.household_no, "核桃", n, 9) for n in range(1, 6)]
    sheet = send(client, "ledger", template_of(client, "ledger", *rows))
    engine.work(sheet_id=sheet.pk)
    return engine.confirm(sheet=sheet)


def begin_anew(sheet) -> None:
    """Have the confirmed `sheet` as it was, and the books without it."""
    SheetRow.objects.all().delete()
    PurchaseLot.objects.all().delete()
    sheet.save()


def test_killed_at_any_statement_and_run_again_the_books_are_the_same(client, own, produce, household, monkeypatch):
    sheet = confirmed_sheet(client, household, monkeypatch)
    engine.apply(sheet=sheet)
    whole = books()
    number = 0
    while True:
        number += 1
        begin_anew(sheet)
        if not killed_at(number, lambda: engine.apply(sheet=sheet)):
            break
        assert books() == [[], [], "confirmed"], f"killed at statement {number}"
        engine.apply(sheet=sheet)
        engine.apply(sheet=sheet)
        assert books() == whole, f"killed at statement {number}"
    assert number > 8
    assert len(whole[0]) == 5


def test_without_its_transaction_a_killed_import_leaves_slips_of_which_it_knows_nothing(
    client, own, produce, household, monkeypatch
):
    """The control of the test above: the same work, its transaction taken away."""
    sheet = confirmed_sheet(client, household, monkeypatch)
    left = set()
    for number in range(1, 60):
        begin_anew(sheet)
        was_killed = killed_at(number, lambda: engine.apply.__wrapped__(sheet=sheet))
        connection.set_rollback(False)  # of the test's own transaction, which stands for none
        lots, rows, state = books()
        left.add((len(lots), len(rows), state))
        if not was_killed:
            break
    assert (5, 0, "confirmed") in left


def test_the_same_number_of_queries_for_one_row_and_for_ten(client, own, produce, household, monkeypatch):
    def queries(n: int, first: int) -> tuple[int, int, int]:
        rows = [("", dt.date(2019, 1, 1), household.household_no, "核桃", first + i, 9) for i in range(n)]
        sheet = send(client, "ledger", template_of(client, "ledger", *rows))
        with CaptureQueriesContext(connection) as shown:
            client.get(reverse("suppliers:sheet", args=[sheet.pk]))
        engine.confirm(sheet=sheet)
        with CaptureQueriesContext(connection) as written:
            engine.apply(sheet=sheet)
        with CaptureQueriesContext(connection) as exported:
            client.get(reverse("suppliers:sheet_export", args=["ledger"]))
        assert PurchaseLot.objects.filter(g=first * 500).exists()
        return len(shown), len(written), len(exported)

    assert queries(1, 1) == queries(10, 100)


def test_two_imports_of_one_file_write_it_once(client, own, produce, household, monkeypatch):
    sheet = confirmed_sheet(client, household, monkeypatch)
    twin = SheetImport.objects.get(pk=sheet.pk)
    twin.pk = None
    twin.save(force_insert=True)
    engine.apply(sheet=sheet)
    engine.apply(sheet=twin)
    twin.refresh_from_db()
    assert (twin.state, PurchaseLot.objects.count()) == ("refused", 5)


def test_a_block_without_headings_can_be_named_too(client, own, produce, household):
    sheet = send(
        client,
        "ledger",
        f"2019.1.5\t{household.household_no}\t核桃\t12\t9\n2019.1.6\t{household.household_no}\t核桃\t12\t9",
    )
    response = name_columns(
        client,
        sheet,
        has_no_headings="on",
        bought_on=0,
        household=1,
        produce=2,
        g=3,
        g_unit="jin",
        fen_per_kg=4,
        fen_per_kg_unit="jin",
    )
    assert response.status_code == 302
    assert sheet.counts["new"] == 2, sheet.errors
    assert SheetMapping.objects.count() == 0


@pytest.mark.parametrize("kind", [kind.code for kind in kinds.all_kinds()])
def test_a_template_sent_in_as_it_is_says_nothing(kind, client, own):
    content = client.get(reverse("suppliers:sheet_template", args=[kind])).content
    sheet = send(client, kind, content)
    assert (sheet.state, sheet.counts) == ("checked", {"new": 0, "changed": 0, "same": 0, "wrong": 0, "skipped": 1})
    assert "填写说明" in [table.name for table in read(content)]
