"""Whoever tells the shop a name or a number on a page: afterwards it is found in clear nowhere, but where it is meant to be.

A household comes by a sheet and calls back about a slip, an applicant writes papers, a buyer asks for a quote and posts
what is wanted, somebody is invited to work here, a household gets its links. The household that is entered by page and
paid is in tests/suppliers/test_canary.py, which lends its eyes.
"""

import datetime as dt
import io
import zipfile

import pytest
from django.test import Client

from shop.sourcing.models import Inquiry, Wanted
from suppliers import slips
from suppliers.base import access, bell, days
from suppliers.models import Application, Household, PurchaseLot, SheetImport, SlipDispute, SupplyKey
from tests import factories as f
from tests.crawler import Walk
from tests.suppliers.test_canary import dump, found_in

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NAME, ID_NUMBER, MOBILE, ACCOUNT = "欧阳琇莹", "500238197505053416", "13998761234", "6228480402564890018"
WRONG_ID, CALL_BACK = "500238197505053417", "18812345679"
APPLICANT, APPLICANTS_MOBILE = "司徒婵娟", "13987650001"
ASKER, ASKERS_MOBILE = "尉迟皓月", "13987650002"
POSTER, POSTERS_MOBILE, INVITED = "澹台灵犀", "13987650003", "13987650004"
HOUSEHOLDS = (NAME, ID_NUMBER, MOBILE, ACCOUNT, WRONG_ID, CALL_BACK)
SECRETS = (
    *HOUSEHOLDS,
    *(APPLICANT, APPLICANTS_MOBILE, ASKER, ASKERS_MOBILE, POSTER, POSTERS_MOBILE, INVITED),
)
HEADINGS = ("户编号", "户主", "身份证号", "村", "人口", "类别", "认定日期", "手机号", "银行账号", "入社日期")
COLUMNS = (
    *("household_no", "head", "id_number", "village", "size", "category", "category_from", "mobile"),
    *("bank_account", "member_from"),
)


@pytest.fixture
def told(client, caplog, monkeypatch, django_capture_on_commit_callbacks):
    """Everything told to the shop through its pages; the cooperative, its owner, what was logged, rung and exported."""
    rung = []
    monkeypatch.setattr(bell, "_ring_now", lambda task, *ids: rung.append((task.name, ids)))
    caplog.set_level("DEBUG")
    cooperative = f.make_cooperative()
    produce = f.make_pack(f.make_produce(cooperative, code="DT01")).produce
    owner, staff = f.make_post(cooperative, access.OWNER), f.make_user(is_staff=True)
    with django_capture_on_commit_callbacks(execute=True):
        client.force_login(owner)
        send_sheet(client, cooperative, ID_NUMBER)
        send_sheet(client, cooperative, WRONG_ID, "WX900009")  # refused: its check digit is wrong
        household = Household.objects.get(household_no="WX900001")
        lot = f.make_lot(produce, household, bought_on=days.today() - dt.timedelta(days=2), verified=False)
        client.post(f"/cooperative/ledger/{lot.pk}/key/")
        client.post("/cooperative/supply/links/", {"household": household.pk})
        client.post("/cooperative/staff/", {"address": INVITED, "role": "packer"})
        exported = [client.get(f"/cooperative/sheets/{kind}/export.xlsx").content for kind in ("roster", "ledger")]
        client.logout()
        key = PurchaseLot.objects.get(pk=lot.pk).household_key
        client.post(f"/slip/{key}/wrong/", {"about": "weight", "words": f"我是{NAME}", "mobile": CALL_BACK})
        asked = {"kind": "DT01", "tonnes": "2", "city_code": f.TAIAN, "organisation": "示例·工会"}
        client.post("/supply/ask/", asked | {"contact": ASKER, "mobile": ASKERS_MOBILE})
        until = {"starts_on": days.today(), "ends_on": days.today() + dt.timedelta(days=30), "until": days.today()}
        client.post("/supply/wanted/", asked | until | {"contact": POSTER, "mobile": POSTERS_MOBILE})
        client.force_login(f.make_user())
        papers = {
            "name": "示例·新社",
            "kind": "cooperative",
            "uscc": f.credit_code(),
            "village": cooperative.village_id,
        }
        client.post("/join/apply/", papers | {"contact": APPLICANT, "mobile": APPLICANTS_MOBILE})
        sent = {"contact": APPLICANT, "mobile": APPLICANTS_MOBILE, "village": cooperative.village}
        f.make_application(state="submitted", **sent)
        f.make_application(state="township_passed", **sent)
        f.make_application(state="on_notice", **sent)
        client.force_login(staff)
        client.post("/officials/wanted/", {"wanted": Wanted.objects.get().pk, "state": "shown"})
        slips.look_up_mobile(dispute=SlipDispute.objects.get(), by=staff)
        client.logout()
    assert set(Application.objects.values_list("state", flat=True)) >= {"draft", "submitted", "on_notice"}
    assert {one.contact for one in Application.objects.all()} == {APPLICANT}
    assert (Inquiry.objects.get().contact, SlipDispute.objects.get().mobile[-11:]) == (ASKER, CALL_BACK)
    assert SupplyKey.objects.count() == 1
    return {
        "cooperative": cooperative,
        "keys": {key, SupplyKey.objects.get().key},
        "log": caplog.text,
        "rung": repr(rung),
        "exported": exported,
    }


def send_sheet(client: Client, cooperative, id_number: str, household_no: str = "WX900001") -> None:
    row = (
        household_no,
        NAME,
        id_number,
        cooperative.village.name,
        "4",
        "建档立卡贫困户",
        "2019-01-01",
        MOBILE,
        ACCOUNT,
    )
    pasted = "\n".join("\t".join(cells) for cells in (HEADINGS, (*row, "2019-01-01")))
    at = client.post("/cooperative/sheets/roster/", {"pasted": pasted})["Location"]
    client.post(f"{at}columns/", {name: at for at, name in enumerate(COLUMNS)})
    client.get(at)
    client.get(f"{at}?show=wrong")
    client.post(f"{at}write/")


def test_nothing_that_was_told_is_in_clear_in_the_database_the_log_or_the_bell(told):
    assert set(SheetImport.objects.values_list("state", flat=True)) == {"applied", "checked"}
    assert found_in(dump(), SECRETS) == set()
    assert found_in(told["log"], SECRETS) == set()
    assert found_in(told["rung"], SECRETS) == set()
    for book in told["exported"]:
        with zipfile.ZipFile(io.BytesIO(book)) as sheets:
            content = b"".join(sheets.read(name) for name in sheets.namelist())
        assert found_in(content, HOUSEHOLDS) <= {NAME}  # its own members' names alone


OTHERS = ("anonymous", "other cooperative", access.OFFICIAL, access.TOWNSHIP, access.AUDITOR, access.TAIAN, "staff")


def test_no_page_of_anybody_else_says_what_was_told(told):
    named = {}
    for role in OTHERS:
        client = Client()
        if role == "staff":
            client.force_login(f.make_user(is_staff=True))
        elif role == "other cooperative":
            client.force_login(f.make_post(f.make_cooperative(), access.OWNER))
        elif role == access.TOWNSHIP:
            client.force_login(f.make_township_official(told["cooperative"].village))
        elif role != "anonymous":
            client.force_login(f.make_user("", role))
        starts = ["/", "/supply/", "/supply/data.json", "/supply/data.csv", "/join/notice/", "/impact/data.json"]
        starts += ["/officials/", "/officials/slips/", "/officials/disputes/", "/officials/applications/"]
        starts += ["/officials/inquiries/", "/officials/wanted/", "/officials/approvals/"]
        starts += ["/officials/households/WX900001/"]
        if role == "anonymous":
            starts += [f"/slip/{key}/" for key in told["keys"]] + [f"/supply/mine/{key}/" for key in told["keys"]]
        # County staff see a cooperative's pages as it does.
        skipped = ("/cooperative/", "/catalogue/", "/together/", "/help/")
        if role in ("staff", access.TOWNSHIP):
            starts += [f"/officials/applications/{one.application_no}/" for one in Application.objects.all()]
        for visit in Walk(client, each=2, skipped=skipped).pages(*starts):
            answer = visit.response
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            if found := found_in(content, SECRETS):
                named[role, visit.path] = found
    assert {key: found for key, found in named.items() if not meant(*key, found)} == {}


def meant(role: str, path: str, found: set[str]) -> bool:
    """Whether `role` has to read it there: an applicant's contact at the desks, a household's own words about a slip."""
    if path.startswith("/officials/applications/"):
        return found <= ({APPLICANT, APPLICANTS_MOBILE} if role == "staff" else {APPLICANT})
    reads_words = (role, path.rsplit("/", 2)[0]) in (
        ("staff", "/officials/disputes"),
        (access.TOWNSHIP, "/officials/slips"),
    )
    return reads_words and found == {NAME}
