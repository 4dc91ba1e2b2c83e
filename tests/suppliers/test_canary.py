"""A household with an unmistakable name and numbers goes through everything; afterwards they are found in clear nowhere.

Looked through are the database as it lies on the disk, logs, arguments of tasks, exports and the pages of everybody else.
"""

import datetime as dt
import io
import zipfile

import pytest
from django.apps import apps
from django.db import connection

from shop import roster as county
from shop.reports import exports
from shop.reports.figures import Figures
from suppliers.base import access, bell
from suppliers.forms_roster import STEPS
from suppliers.models import Household, HouseholdStatus, PaymentRun
from tests import factories as f
from tests.crawler import Walk

pytestmark = pytest.mark.django_db

NAME, ID_NUMBER = "欧阳琇莹", "500238197505053416"
MOBILE, ACCOUNT = "13998761234", "6228480402564890018"
NEW_MOBILE, NEW_ACCOUNT = "18812345679", "6217000010009876543"
SECRETS = (NAME, ID_NUMBER, MOBILE, ACCOUNT, NEW_MOBILE, NEW_ACCOUNT)
MAR_1, MAR_5 = dt.date(2019, 3, 1), dt.date(2019, 3, 5)
OTHERS = ("anonymous", "other cooperative", access.OFFICIAL, access.TOWNSHIP, access.AUDITOR, "staff")


def found_in(text: str | bytes, secrets=SECRETS) -> set[str]:
    text = text if isinstance(text, str) else text.decode("utf-8", "replace") + text.decode("gb18030", "replace")
    return {secret for secret in secrets if secret in text}


def dump() -> str:
    """Every value of every table, as the database itself has it."""
    rows = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows += [f"{table}: {row!r}" for row in cursor.fetchall()]
    if connection.vendor == "sqlite":  # pages that hold no row any more too
        rows.append(connection.connection.serialize().decode("utf-8", "replace"))
    return "\n".join(rows)


@pytest.fixture
def walked(client, caplog, monkeypatch, django_capture_on_commit_callbacks):
    """The household entered, approved, changed, looked at and paid. Returns what was logged, rung and deliberately shown."""
    rung, bank_files = [], []
    monkeypatch.setattr(bell, "_ring_now", lambda task, *ids: rung.append((task.name, ids)))
    caplog.set_level("DEBUG")
    cooperative = f.make_cooperative()
    owner, staff = f.make_user(cooperative=cooperative), f.make_user(is_staff=True)
    client.force_login(owner)
    answers = {
        "head": NAME,
        "id_number": ID_NUMBER,
        "household_no": "WX900001",
        "village": cooperative.village_id,
        "size": "4",
        "category": "建档立卡贫困户",
        "category_from": "2019-01-01",
        "mobile": MOBILE,
        "bank_account": ACCOUNT,
        "member_from": "2019-01-01",
    }
    address = "/cooperative/households/new/"
    for names in STEPS.values():
        address = client.post(address, {name: answers[name] for name in names})["Location"]
    client.get(address)
    client.post(address)
    home = "/cooperative/households/WX900001/"
    client.post(home + "mobile/", {"mobile": NEW_MOBILE})
    client.post(home + "bank/", {"bank_account": NEW_ACCOUNT})
    client.post(home + "bank/", {"bank_account": ACCOUNT + "x"})  # refused
    # Its own cooperative reads its name.
    assert found_in(client.post(home + "reveal/", {"field": "mobile", "why": "通知交货时间"}).content) == {
        NAME,
        NEW_MOBILE,
    }
    household = Household.objects.get()
    pack = f.make_pack(f.make_produce(cooperative))
    f.make_lot(pack.produce, household, bought_on=MAR_1)
    f.make_lot(pack.produce, household, bought_on=MAR_1, verified=False)
    f.sell((pack, 1), on=MAR_5)
    f.make_programme()
    f.assess()
    with django_capture_on_commit_callbacks(execute=True):
        county.approve_statuses(spells=HouseholdStatus.objects.values_list("pk", flat=True), by=staff)
    client.post("/cooperative/payments/", {"all": "1"})
    preview = client.post("/cooperative/payments/", {"all": "1"})
    client.post("/cooperative/payments/", {"lots": preview.context["lots"], "confirmed": "yes"})
    run = f"/cooperative/payments/{PaymentRun.objects.get().run_no}/"
    for kind in ("xlsx", "csv"):
        bank_files.append(client.post(run + "bank-file/", {"kind": kind, "why": "三月货款代发"}).content)
    client.post(run, {"what": "all", "how": "bank", "receipt": "HD1", "paid_on": "2019-03-09"})
    # A second cooperative writes the same household down, with other words.
    client.force_login(f.make_user(cooperative=f.make_cooperative()))
    answers |= {"household_no": "WX900002", "size": "9"}
    address = "/cooperative/households/new/"
    for names in STEPS.values():
        address = client.post(address, {name: answers[name] for name in names})["Location"]
    client.post(address)
    client.force_login(staff)
    client.post("/officials/households/WX900001/reveal/", {"field": "id_number", "why": "核对身份证"})
    client.logout()
    return {"log": caplog.text, "rung": repr(rung), "bank_files": bank_files}


@pytest.mark.slow
def test_nothing_that_names_the_household_is_in_clear_anywhere_but_in_the_banks_file(walked, client):
    assert found_in(dump()) == set()
    assert found_in(walked["log"]) == set()
    assert walked["rung"] != "[]"
    assert found_in(walked["rung"]) == set()
    figures = Figures(dt.date(2019, 1, 1), dt.date(2019, 12, 31))
    assert found_in("".join(exports.csv_lines(exports.credit_rows(figures)))) == set()
    xlsx, in_gbk = walked["bank_files"]
    assert found_in(in_gbk, (NAME, NEW_ACCOUNT)) == {NAME, NEW_ACCOUNT}
    with zipfile.ZipFile(io.BytesIO(xlsx)) as book:
        assert found_in(b"".join(book.read(name) for name in book.namelist())) == {NAME, NEW_ACCOUNT}


@pytest.mark.slow
@pytest.mark.parametrize("role", OTHERS)
def test_no_page_of_anybody_else_names_it(walked, client, role):
    if role == "staff":
        client.force_login(f.make_user(is_staff=True))
    elif role == "other cooperative":
        client.force_login(f.make_user(cooperative=f.make_cooperative()))
    elif role != "anonymous":
        client.force_login(f.make_user("", role))
    starts = ["/", "/impact/", "/officials/", "/officials/approvals/", "/officials/reveals/", "/officials/slips/"]
    starts += ["/officials/households/WX900001/", "/officials/households/WX900001/reveal/"]
    starts += ["/officials/credits.csv?from=2019-01-01&to=2019-12-31"]
    if role != "staff":  # who may look after any cooperative's pages, and sees them as it does
        starts += ["/cooperative/", "/cooperative/households/", "/cooperative/payments/"]
    skipped = ("/cooperative/",) if role == "staff" else ()
    named = {}
    for visit in Walk(client, each=1, skipped=skipped).pages(*starts):
        content = b"".join(visit.response.streaming_content) if visit.response.streaming else visit.response.content
        if found := found_in(content):
            named[visit.path] = found
    assert named == {}


def test_the_canary_sings():
    """The control: a household kept in clear is found."""
    apps.get_model("suppliers", "Cooperative").objects.filter(pk=f.make_cooperative().pk).update(story=f"电话 {MOBILE}")
    assert found_in(dump()) == {MOBILE}
