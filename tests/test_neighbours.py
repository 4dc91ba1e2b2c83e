"""A cooperative asks for everything that is another's, sends it everywhere, and neither sees nor changes anything.

The first cooperative has one of each thing. Its addresses are collected twice: by a walk through its owner's pages, and
from the URL patterns, filled with its rows. Then its neighbour, its own packer and seller, and a township that is not its
households' ask for each of them.
"""

import datetime as dt
import io
import re
import zipfile

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.urls import get_resolver, resolve, reverse

import suppliers.actions
from logistics.models import Consignment, Shipment, Vehicle
from shop.aftersales.models import NoReasonReturn, Review, SpoilageClaim
from shop.preorders import actions as preorders
from shop.preorders.models import Presale
from suppliers import joining, stock
from suppliers.base import days
from suppliers.base.access import OWNER, PACKER, SELLER
from suppliers.models import (
    Batch,
    CarryOn,
    Certificate,
    CooperativeStaff,
    Household,
    HouseholdDraft,
    HouseholdStatus,
    Invitation,
    Pack,
    PaymentRun,
    Produce,
    PurchaseLot,
    SheetImport,
    SupplyDeclaration,
    SupplyKey,
    Withdrawal,
)
from tests import factories as f
from tests.crawler import Walk, view_of
from tests.test_access import make_world, patterns

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

HEAD, INVITED = "欧阳琇莹", "13998761234"
# What is kept of a visitor, whoever he is; no cooperative's books.
OF_VISITORS = ("django_", "account", "analytics_", "basket_", "mfa_", "usersessions_")
# The one row of a cooperative that points at another: goods are offered to a neighbour.
MAY_POINT = {("suppliers_handover", "taker_id")}

# Of these a row's number is sent by a form somewhere.
POSTED = {
    f"suppliers_{name}" for name in ("batch", "handover", "household", "produce", "pack", "purchaselot", "withdrawal")
} | {"aftersales_review"}

NO_ROW = re.compile("csrf|weight|price|unit|note|why|mobile|fen|amount|count|day|year|_on$|^on$|page|story|text|words")

# ── The world ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def world():
    """`mine` has one of each thing (its `rows`), `neighbour` owns another cooperative that has a little of its own."""
    other = f.make_cooperative("C02")
    produce = f.make_produce(other, code="BL01", name="示例·板栗")
    f.make_pack(produce)
    lot = f.make_lot(produce, f.make_household(other), bought_on=days.today())
    f.make_lot(produce, lot.household, bought_on=days.today())
    stock.make_batch(lots=[lot], packed_on=days.today())
    neighbour = f.make_post(other, OWNER)
    before = existing()
    given = make_world()
    mine = given["cooperative"]
    owner = f.make_post(mine, OWNER)
    make_more(mine, owner)
    rows = {key: row for key, row in existing().items() if key not in before}
    return {"mine": mine, "other": other, "owner": owner, "neighbour": neighbour, "rows": rows, "names": given["names"]}


def make_more(mine, owner) -> None:
    """What the world of the doors lacks: a name that is found again, and things of the remaining kinds."""
    household = Household.objects.get(memberships__cooperative=mine)
    household.head = HEAD
    household.save()
    lot = PurchaseLot.objects.filter(household=household).earliest("pk")
    produce, today = lot.produce, days.today()
    f.make_lot(produce, household, g=7_654_300, fen_per_kg=1_973, bought_on=today, verified=False)
    stock.withdraw(produce=produce, kind=Withdrawal.Kind.LOST, g=1_000, on=today, by=owner)
    stock.offer(
        batch=Batch.objects.get(produce=produce), taker=f.make_cooperative(), g=1_000, fen_per_kg=2_000, on=today
    )
    joining.invite(cooperative=mine, address=INVITED, role=SELLER, by=owner)
    monday = today + dt.timedelta(days=21 - today.weekday())
    suppliers.actions.declare_supply(
        produce=produce, g=9_000_000, starts_on=monday, ends_on=monday + dt.timedelta(days=20), by=owner
    )
    pack = f.make_pack(produce)
    preorders.open_presale(of=pack, ships_from=monday, price_fen=9_731, closes_at=days.at(monday, 0), by=owner)
    f.make_carriers()
    vehicle = Vehicle.objects.create(
        vehicle_no="ZTC-9731", carrier_id="ZTC", city_code=f.TAIAN, departs_on=dt.date(2019, 3, 6), max_load_g=5_000_000
    )
    order = f.sell((pack, 1), on=dt.date(2019, 3, 6), vehicle=vehicle)
    Review.objects.create(line=order.sale.lines.get(), produce=produce, name="王*", stars=4)
    f.pay(f.place_order((pack, 2)))  # waits to be packed


def existing() -> dict[tuple, dict]:
    """Every row by table and key, as the database has it."""
    rows = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            table, key = model._meta.db_table, model._meta.pk.column
            if not model._meta.managed or table.startswith(OF_VISITORS):
                continue
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                told = dict(zip(names, row, strict=True))
                told.pop("last_login", None)
                rows[table, told[key]] = told
    return rows


def secrets(mine) -> dict[str, str]:
    """What of `mine` no neighbour may read, and what each is."""
    lots = PurchaseLot.objects.filter(produce__cooperative=mine)
    orders = Consignment.objects.filter(cooperative=mine)
    households = Household.objects.filter(memberships__cooperative=mine)
    found = {HEAD: "name", "欧阳*莹": "masked name", INVITED: "invited", "139****1234": "invited", "7654.3": "weight"}
    found |= {"15308.6": "weight in jin", "19.73": "price per kg", "9.865": "price per jin"}
    found |= dict.fromkeys(households.values_list("household_no", flat=True), "household number")
    found |= dict.fromkeys(lots.values_list("lot_no", flat=True), "slip number")
    found |= dict.fromkeys(lots.exclude(household_key=None).values_list("household_key", flat=True), "slip's key")
    found |= dict.fromkeys(orders.values_list("consignment_no", flat=True), "consignment")
    found |= dict.fromkeys(orders.values_list("order__number", flat=True), "order")
    found |= dict.fromkeys(orders.values_list("order__sale__token", flat=True), "order's address")
    found |= dict.fromkeys(Shipment.objects.filter(cooperative=mine).values_list("waybill", flat=True), "waybill")
    found |= dict.fromkeys(
        Batch.objects.filter(produce__cooperative=mine).values_list("trace_code", flat=True), "batch"
    )
    found |= dict.fromkeys(PaymentRun.objects.filter(cooperative=mine).values_list("run_no", flat=True), "payment run")
    found |= dict.fromkeys(SupplyKey.objects.filter(cooperative=mine).values_list("key", flat=True), "supply key")
    found |= {user.email: "staff" for user in (post.user for post in mine.staff.select_related("user"))}
    return found


def text_of(answer) -> str:
    """What an answer says, that of a workbook too."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            content = b"".join(book.read(name) for name in book.namelist())
    return content.decode("utf-8", "replace") + str(answer.headers)


def found_in(answer, known: dict[str, str]) -> set[str]:
    text = text_of(answer)
    return {what for word, what in known.items() if word in text}


# ── The addresses ────────────────────────────────────────────────────────────────────────────────────────────────────


def rows_by_address(mine) -> dict[str, list[tuple]]:
    """For each address under /cooperative/ that names something: the arguments that name what `mine` has of it."""

    def keys(model, **by) -> list[tuple]:
        return [(pk,) for pk in model.objects.filter(**by).order_by("pk").values_list("pk", flat=True)]

    lots = keys(PurchaseLot, produce__cooperative=mine)
    produce, packs = keys(Produce, cooperative=mine), keys(Pack, produce__cooperative=mine, presale=None)
    sheets, runs = keys(SheetImport, cooperative=mine), [(run.run_no,) for run in mine.payment_runs.all()]
    drafts = keys(HouseholdDraft, cooperative=mine)
    consignments = [(one.consignment_no,) for one in mine.consignments.all()]
    households = [(one.household_no,) for one in Household.objects.filter(memberships__cooperative=mine)]
    claims = keys(SpoilageClaim, line__cooperative=mine)
    returns = keys(NoReasonReturn, line__cooperative=mine)
    return {
        **dict.fromkeys(("lot", "slip_paper", "slip_key", "slip_answer", "correct", "voucher"), lots),
        **dict.fromkeys(("withdraw", "withdrawals", "process", "batch_new"), produce),
        "stock_account": [(*one, days.today().year - 1) for one in produce],
        "carried": keys(CarryOn, into__cooperative=mine),
        "batch": keys(Batch, produce__cooperative=mine),
        **dict.fromkeys(("sheet", "sheet_columns", "sheet_write", "sheet_take_back", "sheet_give_up"), sheets),
        **dict.fromkeys(("payment_run", "bank_file"), runs),
        "post": keys(CooperativeStaff, cooperative=mine),
        "invitation_withdraw": keys(Invitation, cooperative=mine),
        "certificate_withdraw": keys(Certificate, cooperative=mine),
        "household_drop": drafts,
        "household_step": [(*one, step) for one in drafts for step in ("head", "check")],
        **dict.fromkeys(("household", "household_end", "household_reveal", "account", "statement"), households),
        "household_change": [(*one, what) for one in households for what in ("people", "mobile", "bank", "status")],
        **dict.fromkeys(("consignment", "ship"), consignments),
        "supply_change": keys(SupplyDeclaration, produce__cooperative=mine),
        "harvest_in": keys(Presale, of__produce__cooperative=mine),
        "vehicle": keys(Vehicle, shipments__cooperative=mine),
        **dict.fromkeys(("product", "edit", "pictures", "price", "stock"), packs),
        "cooperative-claim": claims,
        "cooperative-return": returns,
    }


# Addresses that name a kind of thing, not somebody's.
KINDS = {
    "sheet_new": [("ledger",), ("roster",)],
    "sheet_template": [("ledger",), ("roster",)],
    "sheet_export": [("ledger",), ("roster",)],
    "supply_declare": [("what",), ("check",)],
}


def addresses(mine) -> tuple[list[str], list[str]]:
    """The addresses of what `mine` has, and those that are the same for all cooperatives."""
    rows, own, common = rows_by_address(mine), [], []
    for path, _callback in patterns(get_resolver()):
        if not path.startswith("cooperative/"):
            continue
        arguments = re.findall(r"<[^>]+>", path)
        if not arguments:
            common.append(f"/{path}")
            continue
        name = name_of(path)
        given = rows[name] if name in rows else KINDS[name]  # a new page names itself in one of the two
        assert given, f"nothing of {name} is in this world"
        (own if name in rows else common).extend(filled(path, arguments, each) for each in given)
    return own, common


def name_of(path: str) -> str:
    sample = re.sub(r"<uuid:[^>]+>", "00000000-0000-4000-8000-000000000000", path)
    sample = re.sub(r"<(?:row|int):[^>]+>", "1", sample)
    return resolve("/" + re.sub(r"<[^>]+>", "x", sample)).url_name


def filled(path: str, arguments: list[str], given: tuple) -> str:
    for argument, value in zip(arguments, given, strict=True):
        path = path.replace(argument, str(value), 1)
    return f"/{path}"


def walked(client: Client, user, *starts: str) -> set[str]:
    client.force_login(user)
    return {visit.path for visit in Walk(client, each=3).pages(*starts) if visit.status == 200}


def names_a_thing(path: str, own: list[str]) -> bool:
    """Whether `path` is of something that `own` addresses, under the same or another form of its address."""
    return path.split("?", maxsplit=1)[0] in own


# What a packer reads: what goes out, to whose order, and which goods of the store are in it.
OF_PACKING = ("order", "consignment", "waybill", "batch", "slip number")

# ── Who asks ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_neighbour_finds_nothing_of_another_cooperative(client, world):
    own, common = addresses(world["mine"])
    met = walked(client, world["owner"], "/cooperative/")
    # The control: these are addresses, and the owner's walk comes to nothing that the patterns do not know.
    assert {path: code for path in own if (code := client.get(path).status_code) not in (200, 302, 405)} == {}
    in_books = {path.split("?")[0] for path in met if path.startswith("/cooperative/")}
    patterned = {*KINDS, "stock_account"}  # more sheets, steps and years than are asked for
    assert {path for path in in_books - {*own, *common} if resolve(path).url_name not in patterned} == set()
    known = secrets(world["mine"])
    shown = {what for path in met for what in found_in(client.get(path), known)}
    assert shown >= {"name", "household number", "slip number", "order", "payment run", "staff", "weight in jin"}
    before = existing()

    client.force_login(world["neighbour"])
    opened, told = {}, {}
    for path in [*own, *sorted(path for path in met if path.split("?")[0] in own)]:
        got = {client.get(path).status_code, client.post(path).status_code}
        if got not in ({404}, {404, 405}):  # one of the two may be no way to ask, never both
            opened[path] = got
    asked = f"?cooperative={world['mine'].code}"
    for path in common:
        got = {client.get(path + asked).status_code, client.post(path + asked).status_code}
        if got not in ({404}, {404, 405}):
            opened[path + asked] = got
    if client.post(reverse("suppliers:choose"), {"code": world["mine"].code}).status_code != 404:
        opened["choose"] = "chosen"
    for path in {*common, *met} - set(own):
        if path.startswith("/cooperative/") and (found := found_in(client.get(path), known)):
            told[path] = found
    for lot in PurchaseLot.objects.filter(produce__cooperative=world["mine"]):
        if client.get(f"/slips/{lot.pk}/photo/").status_code != 404:
            opened[f"photo {lot.pk}"] = 200
    assert opened == {}
    assert told == {}
    assert changed(before, world["rows"]) == {}


def changed(before: dict, rows) -> dict:
    """Those of `rows` that are not what they were, and new rows that point at one of them."""
    now = existing()
    found = {key: before[key] for key in rows if key in before and now.get(key) != before[key]}
    for model in apps.get_models():
        table = model._meta.db_table
        links = [
            (field.column, field.related_model._meta.db_table)
            for field in model._meta.concrete_fields
            if field.related_model
        ]
        for (where, key), row in now.items():
            if where != table or (where, key) in before:
                continue
            for column, there in links:
                if (there, row[column]) in rows and (table, column) not in MAY_POINT:
                    found[where, key] = row
    return found


def test_what_is_another_cooperatives_is_taken_in_no_field_of_a_neighbours_forms(client, world):
    """Each field of each form of the neighbour's takes, one after the other, a row of each kind of the first cooperative."""
    known, names = secrets(world["mine"]), world["names"]
    latest = {table: str(key) for (table, key) in world["rows"] if table in POSTED}
    numbers = {*latest.values(), *(str(names[name]) for name in ("household", "trace", "code"))}
    client.force_login(world["neighbour"])
    forms = {}
    for visit in Walk(client, each=1).pages("/cooperative/"):
        for form in visit.page.forms if visit.page and visit.path.startswith("/cooperative/") else []:
            forms.setdefault((view_of(form.action or visit.path), *form.fields), (form.action or visit.path, form))
    before, taken, told, sent = existing(), {}, {}, 0
    for where, form in forms.values():
        if not form.is_post:  # looks for something, and writes nothing
            continue
        with transaction.atomic():
            for name in form.fields:
                for number in () if NO_ROW.search(name) else numbers:
                    answer = client.post(where, form.fields | {name: number} | dict(form.buttons[:1]))
                    sent += 1
                    # What was typed comes back; nothing else does.
                    if found := found_in(answer, {word: what for word, what in known.items() if word not in number}):
                        told[where, name, number] = found
            if lost := changed(before, world["rows"]):
                taken[where] = lost
            transaction.set_rollback(True)
    assert taken == {}
    assert told == {}
    assert sent > 200


@pytest.mark.parametrize("post", [SELLER, PACKER])
def test_who_may_do_less_at_the_cooperative_finds_no_page_of_its_owners(client, world, post):
    own, common = addresses(world["mine"])
    client.force_login(f.make_post(world["mine"], post))
    before = existing()
    opened, told = {}, {}
    mine = world["mine"]
    money_and_people = {
        word: what
        for word, what in secrets(mine).items()
        if what in ("payment run", "staff", "invited") or (post == PACKER and what not in OF_PACKING)
    }
    for path in [*own, *common]:
        policy = resolve(path).func.access_policy
        answer = client.get(path)
        if post not in policy:
            for one in (answer, client.post(path)):
                if one.status_code not in (404, 405):
                    opened[path] = one.status_code
        elif found := found_in(answer, money_and_people):
            told[path] = found
    assert opened == {}
    assert told == {}
    assert changed(before, world["rows"]) == {}


def test_a_township_finds_nothing_of_households_of_another(client, world):
    elsewhere = f.make_village("500238110201")
    client.force_login(f.make_township_official(elsewhere))
    known = {word: what for word, what in secrets(world["mine"]).items() if what != "staff"}
    names, before = world["names"], existing()
    opened, told = {}, {}
    numbers = {"household_no": names["household"], "application_no": names["application"], "number": names["number"]}
    for path, _callback in patterns(get_resolver()):
        if not path.startswith("officials/"):
            continue
        values = numbers | {"pk": names["dispute"] if "disputes" in path else names["lot"]}
        address = "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found, of=values: str(of.get(found[1], names["code"])), path)
        answers = client.get(address), client.post(address)
        if address != f"/{path}" and {answer.status_code for answer in answers} - {404, 405}:
            opened[address] = [answer.status_code for answer in answers]
        for answer in answers:
            if found := found_in(answer, known):
                told[address] = found
    for lot in PurchaseLot.objects.filter(produce__cooperative=world["mine"]):
        client.post("/officials/slips/", {"act": "check", "slips": [lot.pk]})
        if client.post("/officials/slips/", {"slip": lot.pk}).status_code != 404:
            opened[f"slip {lot.pk}"] = "checked"
    spells = HouseholdStatus.objects.values_list("pk", flat=True)
    client.post("/officials/approvals/", {"spell": list(spells)})
    assert opened == {}
    assert told == {}
    assert changed(before, world["rows"]) == {}
