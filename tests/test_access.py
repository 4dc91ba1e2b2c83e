"""Who may open what: every URL has a declared policy, another's object is not found, and looking changes nothing."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver
from django.views.generic import RedirectView

import suppliers.actions
from shop import doors
from shop.aftersales.models import NoReasonReturn, SpoilageClaim
from shop.listing.models import Listing
from suppliers import payments, slips, stock
from suppliers.base import access, days
from suppliers.models import Certificate, HouseholdDraft, PurchaseLot, SlipPhoto
from tests import factories as f

# Pages of libraries that keep their own doors, each with what keeps it.
THEIRS = {
    "allauth.": "its own sign-in and limits",
    "django.views.i18n": "sets a language cookie",
    "django.views.static": "public pictures",
    "oscar.apps.dashboard.": "county staff alone (test_skeleton)",
    "django.contrib.auth.views": "signs out whoever is signed in",
    "shop.dashboard.": "county staff alone (test_skeleton)",
}


def patterns(resolver: URLResolver, prefix: str = ""):
    for one in resolver.url_patterns:
        path = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from patterns(one, path)
        elif isinstance(one, URLPattern):
            yield path, one.callback


def is_declared(callback) -> bool:
    view = getattr(callback, "view_class", callback)
    if hasattr(callback, "access_policy") or hasattr(view, "access_policy"):
        return True
    return view is RedirectView or f"{view.__module__}.".startswith(tuple(THEIRS))


def test_every_url_declares_who_may_open_it():
    assert sorted(path for path, callback in patterns(get_resolver()) if not is_declared(callback)) == []


# ── Each role at each door ───────────────────────────────────────────────────────────────────────────────────────────

OPEN, SIGN_IN, HIDDEN = 200, 302, 404
EVIDENCE, REPORT = access.READS_EVIDENCE, access.READS_REPORT
ALL = ("anonymous", "buyer", "cooperative", "other cooperative", *access.ROLES, "staff")
DOORS = {
    "/": ALL,
    "/catalogue/": ALL,
    "/basket/": ALL,
    "/together/": ALL,
    "/help/": ALL,
    "/licence/": ALL,
    "/trace/": ALL,
    "/trace/{trace}/": ALL,
    "/impact/": ALL,
    "/impact/data.json": ALL,
    "/privacy/": ALL,
    "/accounts/orders/": ALL[1:],
    "/accounts/addresses/": ALL[1:],
    "/accounts/profile/": ALL[1:],
    "/accounts/erase/": ALL[1:],
    "/officials/": (*REPORT, "staff"),
    "/officials/subsidy/": (*REPORT, "staff"),
    "/officials/slips/": (access.TOWNSHIP, "staff"),
    "/officials/slips/{lot}/": (),  # of its own township alone (tests/suppliers/test_checking.py)
    "/officials/disputes/": ("staff",),
    "/officials/disputes/{dispute}/": ("staff",),
    "/slips/{lot}/photo/": ("cooperative", *EVIDENCE, "staff"),
    "/slip/{key}/": ALL,
    "/slip/{key}/wrong/": ALL,
    "/officials/approvals/": (access.TOWNSHIP, "staff"),
    "/officials/reveals/": (access.AUDITOR, "staff"),
    "/officials/households/{household}/reveal/": (access.OFFICIAL, access.REVIEWER, access.FINANCE, "staff"),
    "/officials/households/{household}/merge/": ("staff",),
    "/officials/households/{household}/split/": ("staff",),
    "/officials/find/": (*EVIDENCE, "staff"),
    "/officials/credits.csv": (*EVIDENCE, "staff"),
    "/officials/orders/{number}/": (*EVIDENCE, "staff"),
    "/officials/households/{household}/": (*EVIDENCE, "staff"),
    "/officials/orders/{number}/refund/": ("staff",),
    "/officials/after-sales/": ("staff",),
    "/officials/after-sales/spoiled/{claim}/": ("staff",),
    "/officials/after-sales/returns/{return}/": ("staff",),
    "/officials/reviews/": ("staff",),
    "/cooperative/after-sales/": ("cooperative", "other cooperative"),
    "/cooperative/after-sales/spoiled/{claim}/": ("cooperative",),
    "/cooperative/after-sales/returns/{return}/": ("cooperative",),
    "/cooperative/reviews/": ("cooperative", "other cooperative"),
    "/reviews/{produce}/": ALL,
    "/orders/{token}/lines/{line}/spoiled/": ALL,
    "/orders/{token}/lines/{line}/return/": ALL,
    "/orders/{token}/lines/{line}/review/": ALL,
    "/orders/{token}/spoiled/{claim}/": ALL,
    "/orders/{token}/returns/{return}/": ALL,
    "/officials/departures/": ("staff",),
    "/officials/departures/new/": ("staff",),
    "/officials/departures/{departure}/": ("staff",),
    "/officials/counters/": ("staff",),
    "/cooperative/": ("cooperative", "other cooperative"),
    "/cooperative/ledger/": ("cooperative", "other cooperative"),
    "/cooperative/households/": ("cooperative", "other cooperative"),
    "/cooperative/sheets/": ("cooperative", "other cooperative"),
    "/cooperative/sheets/ledger/": ("cooperative", "other cooperative"),
    "/cooperative/sheets/ledger/template.xlsx": ("cooperative", "other cooperative"),
    "/cooperative/sheets/roster/export.xlsx": ("cooperative", "other cooperative"),
    "/cooperative/sheets/imports/{sheet}/": ("cooperative",),
    "/cooperative/sheets/imports/{asked}/columns/": ("cooperative",),
    "/cooperative/households/new/": ("cooperative", "other cooperative"),
    "/cooperative/households/new/{draft}/head/": ("cooperative",),
    "/cooperative/households/{household}/": ("cooperative",),
    "/cooperative/households/{household}/end/": ("cooperative",),
    "/cooperative/households/{household}/reveal/": ("cooperative",),
    "/cooperative/households/{household}/people/": ("cooperative",),
    "/cooperative/households/{household}/mobile/": ("cooperative",),
    "/cooperative/households/{household}/bank/": ("cooperative",),
    "/cooperative/households/{household}/status/": ("cooperative",),
    "/cooperative/households/{household}/account/": ("cooperative",),
    "/cooperative/households/{household}/statement.pdf": ("cooperative",),
    "/cooperative/ledger/{lot}/voucher.pdf": ("cooperative",),
    "/cooperative/payments/": ("cooperative", "other cooperative"),
    "/cooperative/payments/{run}/": ("cooperative",),
    "/cooperative/payments/{run}/bank-file/": ("cooperative",),
    "/cooperative/consignments/{consignment}/": ("cooperative",),
    "/cooperative/packing/": ("cooperative", "other cooperative"),
    "/cooperative/packing/scan/": ("cooperative", "other cooperative"),
    "/cooperative/packing/list.pdf": ("cooperative", "other cooperative"),
    "/cooperative/money/": ("cooperative", "other cooperative"),
    "/officials/money/": ("staff",),
    "/cooperative/ledger/new/": ("cooperative", "other cooperative"),
    "/cooperative/ledger/ready/": ("cooperative", "other cooperative"),
    "/cooperative/ledger/{lot}/": ("cooperative",),
    "/join/": ALL,
    "/join/notice/": ALL,
    "/join/apply/": ALL[1:],
    "/join/invitations/": ALL[1:],
    "/join/{application}/": ("applicant",),
    "/join/{application}/edit/": ("applicant",),
    "/join/{application}/licence.jpg": ("applicant", "staff"),
    "/officials/applications/": (access.TOWNSHIP, "staff"),
    "/officials/applications/{application}/": ("staff",),
    "/officials/cooperatives/": ("staff",),
    "/officials/cooperatives/{code}/": ("staff",),
    "/cooperative/staff/": ("cooperative", "other cooperative"),
    "/cooperative/certificates/": ("cooperative", "other cooperative"),
    "/cooperative/certificates/new/": ("cooperative", "other cooperative"),
    "/certificates/{certificate}/": ALL,
    "/cooperative/products/": ("cooperative", "other cooperative"),
    "/cooperative/products/new/": ("cooperative", "other cooperative"),
    "/cooperative/products/{pack}/": ("cooperative",),
    "/cooperative/products/{pack}/price/": ("cooperative",),
    "/cooperative/products/{pack}/stock/": ("cooperative",),
    "/officials/products/": ("staff",),
    "/officials/products/{pack}/": ("staff",),
    "/cooperative/grower-price/": ("cooperative", "other cooperative"),
    "/cooperative/ledger/{lot}/correct/": ("cooperative",),
    "/cooperative/stock/": ("cooperative", "other cooperative"),
    "/cooperative/stock/{produce}/{year}/": ("cooperative",),
    "/cooperative/stock/{produce}/withdraw/": ("cooperative",),
    "/cooperative/stock/{produce}/withdrawals/": ("cooperative",),
    "/cooperative/stock/{produce}/process/": ("cooperative",),
    "/cooperative/stock/carried/{carry_on}/": ("cooperative",),
    "/cooperative/batches/": ("cooperative", "other cooperative"),
    "/cooperative/batches/new/{produce}/": ("cooperative",),
    "/cooperative/batches/{batch}/": ("cooperative",),
    "/cooperative/hand-overs/": ("cooperative", "other cooperative"),
    "/officials/stock/": (*EVIDENCE, "staff"),
    "/cooperative/ledger/{lot}/paper/": ("cooperative",),
    "/preorders/": ALL,
    "/cooperative/presales/": ("cooperative", "other cooperative"),
    "/supply/": ALL,
    "/supply/data.json": ALL,
    "/supply/data.csv": ALL,
    "/supply/board.png": ALL,
    "/supply/ask/": ALL,
    "/supply/wanted/": ALL,
    "/supply/mine/{supply_key}/": ALL,
    "/supply/mine/{supply_key}/declare/what/": ALL,
    "/supply/collect/": (),
    "/supply/collect/declare/where/": (),
    "/cooperative/supply/": ("cooperative", "other cooperative"),
    "/cooperative/supply/declare/what/": ("cooperative", "other cooperative"),
    "/cooperative/supply/links/": ("cooperative", "other cooperative"),
    "/officials/inquiries/": ("staff",),
    "/officials/inquiries/{inquiry}/": ("staff",),
    "/officials/wanted/": ("staff",),
    "/officials/collectors/": ("staff",),
    "/officials/prices/": ("staff",),
    "/officials/prices/{market}/": ("staff",),
    "/officials/supply/": (*EVIDENCE, "staff"),
    "/cooperative/presales/new/": ("cooperative", "other cooperative"),
    "/dashboard/": ("staff",),
}


@pytest.fixture
def world():
    return make_world()


def make_world() -> dict:
    """One sale of one cooperative, traced to one household; its names for the doors."""
    pack = f.make_pack()
    household = f.make_household(pack.produce.cooperative)
    lot = f.make_lot(pack.produce, household, bought_on=dt.date(2019, 3, 1))
    slips.give_key(lot=lot)
    SlipPhoto.objects.create(lot=lot, content=b"JPEG")
    dispute = slips.dispute(lot=lot, raised_by="household", about="weight")
    order = f.sell((pack, 1), (f.make_pack(pack.produce), 1), on=dt.date(2019, 3, 5))
    more = f.make_lot(pack.produce, household, bought_on=days.today())
    kernels = f.make_produce(pack.produce.cooperative, code="HR01")
    made = stock.process(produce=pack.produce, into=kernels, in_g=1_000, out_g=500, on=days.today())
    asked_line, free_line = order.sale.lines.order_by("pk")
    return {
        "cooperative": pack.produce.cooperative,
        "names": {
            "number": order.number,
            "household": household.household_no,
            "consignment": order.consignments.get().consignment_no,
            "lot": lot.pk,
            "key": PurchaseLot.objects.get(pk=lot.pk).household_key,
            "dispute": dispute.pk,
            "trace": order.consignments.get().shipments.get().trace_code,
            "token": order.sale.token,
            "line": free_line.pk,
            "produce": pack.produce.pk,
            "year": days.today().year - 1,
            "carry_on": made.pk,
            "batch": stock.make_batch(lots=[more], packed_on=days.today()).pk,
            "claim": SpoilageClaim.objects.create(line=asked_line, spoiled_bp=1_000).pk,
            "return": NoReasonReturn.objects.create(line=asked_line, packs=1).pk,
            "departure": f.make_departure().pk,
            "application": f.make_application(state="returned").application_no,
            "code": pack.produce.cooperative.code,
            "sheet": f.make_sheet(pack.produce, household).pk,
            "asked": f.make_sheet(pack.produce, household, headings="一\t二").pk,
            "supply_key": suppliers.actions.give_supply_key(
                household=household, cooperative=pack.produce.cooperative
            ).key,
            "inquiry": f.make_inquiry().pk,
            "market": f.make_market().pk,
            "pack": Listing.objects.create(pack=pack, state="submitted", submitted_at=days.now()).pk,
            "certificate": Certificate.objects.create(
                cooperative=pack.produce.cooperative,
                kind="test",
                number="1",
                issued_on=days.today(),
                content=b"%PDF-",
                content_type=Certificate.PDF,
            ).pk,
            "run": payments.make_run(
                cooperative=pack.produce.cooperative,
                lots=[f.make_lot(pack.produce, household, verified=False).pk],
                by=None,
            ).run_no,
            "draft": HouseholdDraft.objects.create(
                cooperative=pack.produce.cooperative, written="{}", saved_at=days.now(), saved_by=f.make_user()
            ).pk,
        },
    }


def visitor(role: str, world: dict):
    if role == "anonymous":
        return None
    if role == "cooperative":
        return f.make_user(cooperative=world["cooperative"])
    if role == "other cooperative":
        return f.make_user(cooperative=f.make_cooperative())
    if role == "staff":
        return f.make_user(is_staff=True)
    return f.make_user("", *([] if role == "buyer" else [role]))


@pytest.mark.django_db
@pytest.mark.parametrize("role", ALL)
def test_each_role_finds_its_own_doors_and_no_others(client, world, role):
    if user := visitor(role, world):
        client.force_login(user)
    met, wanted = {}, {}
    for door, welcome in DOORS.items():
        if role == "staff" and door.startswith("/cooperative/"):
            continue  # county staff may look after any cooperative's pages
        answer = client.get(door.format(**world["names"]))
        met[door] = answer.status_code
        wanted[door] = OPEN if role in welcome else SIGN_IN if role == "anonymous" else HIDDEN
    # A picture sends nobody to the sign-in.
    photo = "/slips/{lot}/photo/"
    wanted[photo] = OPEN if role in DOORS[photo] else HIDDEN
    # Oscar sends those it does not let in to the sign-in, or refuses them: either way they stay out.
    if met["/dashboard/"] in (302, 403) and role != "staff":
        met["/dashboard/"] = wanted["/dashboard/"]
    assert met == wanted


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["anonymous", "buyer", "cooperative", "auditor", "staff"])
def test_looking_at_a_page_writes_nothing(client, world, role):
    if user := visitor(role, world):
        client.force_login(user)
    for door in DOORS:
        with CaptureQueriesContext(connection) as caught:
            client.get(door.format(**world["names"]))
        writes = [
            query["sql"]
            for query in caught.captured_queries
            if query["sql"].split(" ", 1)[0] in ("INSERT", "UPDATE", "DELETE") and "django_session" not in query["sql"]
        ]
        assert writes == [], door


# ── The bars and the page of everything ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
@pytest.mark.parametrize("post", access.POSTS)
def test_every_door_of_the_desk_opens_for_whoever_finds_it(client, post):
    cooperative = f.make_cooperative()
    user = f.make_user(cooperative=cooperative)
    cooperative.staff.update(role=post)
    client.force_login(user)
    found = [door for _name, several in doors.at_desk(post) for door in several]
    assert {door.view: client.get(door.url).status_code for door in found} == {door.view: 200 for door in found}
    shut = [door for _name, several in doors.DESK for door in several if door not in found]
    assert {door.view: client.get(door.url).status_code for door in shut} == {door.view: 404 for door in shut}


@pytest.mark.django_db
@pytest.mark.parametrize("role", [*access.ROLES, "staff"])
def test_every_door_of_the_office_opens_for_whoever_finds_it(client, role):
    user = f.make_user(is_staff=True) if role == "staff" else f.make_user("", role)
    client.force_login(user)
    found = [door for _name, several in doors.at_office(user) for door in several]
    assert found
    assert {door.view: client.get(door.url).status_code for door in found} == {door.view: 200 for door in found}
