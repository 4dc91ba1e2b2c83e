"""What is owed becomes a run, the run a file for the bank, and what the bank paid is written down once."""

import csv
import datetime as dt
import io
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from python_calamine import CalamineWorkbook

from suppliers import actions, papers, payments, stock
from suppliers.base import days
from suppliers.models import (
    CooperativeStaff,
    Membership,
    Payment,
    PaymentRun,
    PaymentSlip,
    PurchaseLot,
    Reveal,
)
from tests import factories as f

pytestmark = pytest.mark.django_db

MAR_1, MAR_2, MAR_9 = dt.date(2019, 3, 1), dt.date(2019, 3, 2), dt.date(2019, 3, 9)


@pytest.fixture
def produce():
    return f.make_produce()


@pytest.fixture
def cooperative(produce):
    return produce.cooperative


def slip(produce, household, *, g=10_000, fen_per_kg=1_850, on=MAR_1, verified=False, **fields):
    return f.make_lot(produce, household, g=g, fen_per_kg=fen_per_kg, bought_on=on, verified=verified, **fields)


def run_of(cooperative, by=None) -> PaymentRun:
    lots = payments.owed(cooperative).values_list("pk", flat=True)
    return payments.make_run(cooperative=cooperative, lots=lots, by=by)


@pytest.fixture
def owner(client, cooperative):
    user = f.make_user(cooperative=cooperative)
    client.force_login(user)
    return user


# ── What is owed, and runs ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.money
def test_owed_are_standing_unpaid_slips_of_households_verified_or_not_each_rounded_once(produce, cooperative):
    household = f.make_member(cooperative)
    slip(produce, household, g=10_000, fen_per_kg=1_850)  # 185.00 yuan
    slip(produce, household, g=333, fen_per_kg=1_501, verified=True)  # 0.333 × 15.01 = 4.99833: 5.00 yuan
    slip(produce, None)  # no household
    paid = slip(produce, household)
    actions.verify_lot(lot=paid, how="bank", receipt="R1", paid_on=MAR_2)
    back = slip(produce, household)
    PurchaseLot.objects.filter(pk=back.pk).update(reversed_at=days.now(), reversed_why="重量写错")
    kernels = f.make_produce(cooperative, code="HT02")
    stock.process(produce=produce, into=kernels, in_g=5_000, out_g=2_500, on=MAR_2)  # lots of nobody's purchase
    (due,) = payments.dues(cooperative, payments.owed(cooperative))
    assert (due.fen, due.unverified_fen, len(due.lots)) == (19_000, 18_500, 2)
    own = PurchaseLot.objects.filter(household=household)
    assert own.account() == {"bought_fen": 37_500, "paid_fen": 18_500, "owed_fen": 19_000}


@pytest.mark.money
def test_a_run_is_a_snapshot_of_fen_by_household_and_computed_twice_the_same(produce, cooperative):
    first, second = f.make_member(cooperative), f.make_member(cooperative)
    slip(produce, second, g=2_000, fen_per_kg=100)  # 2.00
    slip(produce, first)  # 185.00
    slip(produce, first, g=1, fen_per_kg=500)  # 0.5 fen, half up: 0.01
    once, twice = (
        [(d.household, d.fen) for d in payments.dues(cooperative, payments.owed(cooperative))] for _n in range(2)
    )
    assert once == twice == [(first, 18_501), (second, 200)]
    run = run_of(cooperative)
    assert list(run.payments.values_list("household", "fen")) == [(first.pk, 18_501), (second.pk, 200)]
    assert [s.fen for s in PaymentSlip.objects.order_by("lot__g")] == [1, 200, 18_500]


def test_a_slip_is_live_in_one_run_by_the_database_itself(produce, cooperative):
    lot = slip(produce, f.make_member(cooperative))
    run = run_of(cooperative)
    with pytest.raises(ValidationError):
        payments.make_run(cooperative=cooperative, lots=[lot.pk], by=None)
    payment = Payment.objects.create(
        run=PaymentRun.objects.create(run_no="X", cooperative=cooperative, made_at=days.now()),
        household=lot.household,
        fen=1,
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentSlip.objects.create(payment=payment, lot=lot, fen=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        run.payments.update(fen=1)
    assert not payments.owed(cooperative).exists()
    with pytest.raises(ValidationError):  # and it is not paid beside its run
        actions.verify_lot(lot=lot, how="bank", receipt="R1", paid_on=MAR_2)


def test_a_run_is_cancelled_while_nothing_is_paid_and_its_slips_are_owed_again(produce, cooperative):
    first, second = f.make_member(cooperative), f.make_member(cooperative)
    slip(produce, first)
    slip(produce, second)
    run = run_of(cooperative)
    payments.cancel_run(run=run, by=None)
    assert payments.owed(cooperative).count() == 2
    with pytest.raises(ValidationError):
        payments.cancel_run(run=run, by=None)
    again = run_of(cooperative)
    payments.mark_paid(run=again, how="bank", receipt="R1", paid_on=MAR_9, payments=[again.payments.first().pk])
    with pytest.raises(ValidationError):
        payments.cancel_run(run=again, by=None)


# ── What was paid ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.money
def test_the_banks_receipt_pays_and_verifies_every_slip_of_the_run_once(produce, cooperative, owner):
    first, second = f.make_member(cooperative), f.make_member(cooperative)
    unverified = slip(produce, first)
    known = slip(produce, second, verified=True)
    PurchaseLot.objects.filter(pk=known.pk).update(verified_how="household")
    run = run_of(cooperative)
    assert payments.mark_paid(run=run, how="bank", receipt="HD2019", paid_on=MAR_9, by=owner) == 2
    before = list(PurchaseLot.objects.order_by("pk").values())
    assert payments.mark_paid(run=run, how="bank", receipt="HD2019", paid_on=MAR_9, by=owner) == 0
    assert list(PurchaseLot.objects.order_by("pk").values()) == before
    unverified.refresh_from_db()
    known.refresh_from_db()
    assert (unverified.verified_how, unverified.verified_by, unverified.paid_fen) == ("bank", owner, 18_500)
    assert (unverified.paid_on, unverified.voucher) == (MAR_9, "HD2019")
    assert (known.verified_how, known.paid_on, known.paid_fen) == ("household", MAR_9, 18_500)


def test_a_receipt_belongs_to_one_run_and_the_day_is_one_that_can_be(produce, cooperative):
    household = f.make_member(cooperative)
    slip(produce, household)
    payments.mark_paid(run=run_of(cooperative), how="bank", receipt="HD1", paid_on=MAR_9)
    slip(produce, household, on=MAR_2)
    run = run_of(cooperative)
    for refused in (
        {"receipt": "HD1", "paid_on": MAR_9},
        {"receipt": "", "paid_on": MAR_9},
        {"receipt": "HD2", "paid_on": MAR_1},
        {"receipt": "HD2", "paid_on": days.today() + dt.timedelta(days=1)},
    ):
        with pytest.raises(ValidationError):
            payments.mark_paid(run=run, how="bank", **refused)
    assert run.payments.waiting().count() == 1
    assert PurchaseLot.objects.filter(paid_on=None).count() == 1


def test_cash_pays_and_verifies_nothing_and_no_bank_pays_where_there_is_no_account(produce, cooperative):
    with_account, without = f.make_member(cooperative), f.make_member(cooperative, account="")
    slip(produce, with_account)
    lot = slip(produce, without)
    run = run_of(cooperative)
    with pytest.raises(ValidationError):
        payments.mark_paid(
            run=run, how="bank", receipt="HD1", paid_on=MAR_9, payments=run.payments.values_list("pk", flat=True)
        )
    assert payments.mark_paid(run=run, how="bank", receipt="HD1", paid_on=MAR_9) == 1
    lot.refresh_from_db()
    assert lot.paid_on is None
    assert payments.mark_paid(run=run, how="cash", paid_on=MAR_9) == 1
    lot.refresh_from_db()
    assert (lot.paid_fen, lot.verified_at) == (18_500, None)


def test_what_the_bank_did_not_pay_is_owed_again_and_can_be_paid_in_the_next_run(produce, cooperative):
    first, second = f.make_member(cooperative), f.make_member(cooperative)
    slip(produce, first)
    slip(produce, second)
    run = run_of(cooperative)
    failed = run.payments.get(household=first)
    with pytest.raises(ValidationError):
        payments.mark_failed(run=run, payments=[failed.pk], why="", by=None)
    assert payments.mark_failed(run=run, payments=[failed.pk], why="账号户名不符", by=None) == 1
    assert payments.mark_paid(run=run, how="bank", receipt="HD1", paid_on=MAR_9) == 1
    assert (
        payments.mark_failed(run=run, payments=run.payments.values_list("pk", flat=True), why="账号户名不符", by=None)
        == 0
    )
    assert [lot.household for lot in payments.owed(cooperative)] == [first]
    payments.mark_paid(run=run_of(cooperative), how="bank", receipt="HD2", paid_on=MAR_9)
    assert PurchaseLot.objects.filter(paid_on=None).count() == 0


def test_killed_in_the_middle_changes_nothing(produce, cooperative, monkeypatch):
    for _n in range(3):
        slip(produce, f.make_member(cooperative))
    run = run_of(cooperative)
    before = list(PurchaseLot.objects.order_by("pk").values())

    def killed(*_args, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Payment.objects._queryset_class, "update", killed)
        with pytest.raises(KeyboardInterrupt):
            payments.mark_paid(run=run, how="bank", receipt="HD1", paid_on=MAR_9)
    assert list(PurchaseLot.objects.order_by("pk").values()) == before
    assert payments.mark_paid(run=run, how="bank", receipt="HD1", paid_on=MAR_9) == 3


def test_a_slip_taken_back_meanwhile_is_not_paid(produce, cooperative):
    lot = slip(produce, f.make_member(cooperative))
    run = run_of(cooperative)
    PurchaseLot.objects.filter(pk=lot.pk).update(reversed_at=days.now(), reversed_why="重量写错")
    with pytest.raises(ValidationError):
        payments.mark_paid(run=run, how="bank", receipt="HD1", paid_on=MAR_9)
    assert run.payments.waiting().count() == 1


def at_once(do, *, times: int) -> list:
    start = Barrier(times)

    def one(_n):
        try:
            start.wait()
            return do()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def three_to_pay() -> PaymentRun:
    produce = f.make_produce()
    for _n in range(3):
        slip(produce, f.make_member(produce.cooperative))
    return run_of(produce.cooperative)


@pytest.mark.django_db(transaction=True)
def test_of_four_who_mark_a_run_at_once_one_pays_it():
    run = three_to_pay()
    paid = at_once(lambda: payments.mark_paid(run=run, how="bank", receipt="HD1", paid_on=MAR_9), times=4)
    assert sorted(paid) == [0, 0, 0, 3]
    assert set(PurchaseLot.objects.values_list("voucher", flat=True)) == {"HD1"}


@pytest.mark.django_db(transaction=True)
def test_marked_by_reading_first_it_is_paid_four_times():
    """The control: what the lock of the run is for."""
    run = three_to_pay()
    everybody_has_read = Barrier(4)

    def naive() -> int:
        waiting = list(run.payments.waiting().values_list("pk", flat=True))
        everybody_has_read.wait()
        Payment.objects.filter(pk__in=waiting).update(state="bank", receipt="HD1", paid_on=MAR_9, decided_at=days.now())
        return len(waiting)

    assert at_once(naive, times=4) == [3, 3, 3, 3]


@pytest.mark.django_db(transaction=True)
def test_of_two_runs_made_at_once_of_the_same_slips_one_is_made():
    produce = f.make_produce()
    lots = [slip(produce, f.make_member(produce.cooperative)).pk for _n in range(3)]

    def make():
        try:
            return payments.make_run(cooperative=produce.cooperative, lots=lots, by=None) and "made"
        except ValidationError:
            return "refused"

    assert sorted(at_once(make, times=2)) == ["made", "refused"]
    assert PaymentSlip.objects.filter(is_live=True).count() == 3


# ── Pages, files, papers ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_cooperative_pays_its_households_from_its_pages(client, produce, cooperative, owner):
    first, second = f.make_member(cooperative), f.make_member(cooperative, head="向秀英", account="")
    kept, left_out = slip(produce, first), slip(produce, first, g=1_000)
    slip(produce, second)
    assert "388.50" in client.get("/cooperative/payments/").content.decode()  # 185.00 + 18.50 + 185.00
    shown = client.post("/cooperative/payments/", {"household": [first.pk, second.pk]})
    assert shown.context["fen"] == 38_850
    assert shown.context["cash_fen"] == 18_500
    again = client.post("/cooperative/payments/", {"lots": shown.context["lots"], "without": [left_out.pk]})
    assert again.context["fen"] == 37_000
    assert PaymentRun.objects.count() == 0
    client.post("/cooperative/payments/", {"lots": again.context["lots"], "confirmed": "yes"})
    run = PaymentRun.objects.get()
    address = f"/cooperative/payments/{run.run_no}/"
    page = client.get(address).content.decode()
    assert "补账号" in page
    assert "6217000010001234567" not in page
    client.post(address, {"what": "all", "how": "bank", "receipt": "HD1", "paid_on": "2019-03-09"})
    client.post(address, {"what": "failed", "payment": run.payments.get(household=second).pk, "why": "人不在家里"})
    kept.refresh_from_db()
    assert kept.paid_on == MAR_9
    assert {row.state for row in run.payments.all()} == {"bank", "failed"}
    assert payments.owed(cooperative).count() == 2
    account = client.get(f"/cooperative/households/{first.household_no}/account/")
    # 185.00 and 18.50 bought, 185.00 paid: 18.50 is left.
    assert [(e.fen, e.is_payment, e.balance_fen) for e in account.context["page"]] == [
        (18_500, True, 1_850),
        (1_850, False, 20_350),
        (18_500, False, 18_500),
    ]


def bank_file(client, run, kind="xlsx", why="三月货款代发"):
    return client.post(f"/cooperative/payments/{run.run_no}/bank-file/", {"kind": kind, "why": why})


def test_the_file_for_the_bank_is_whole_logged_and_kept_nowhere(client, produce, cooperative, owner):
    plain, evil = f.make_member(cooperative), f.make_member(cooperative, head="=1+1", account="6228480402564890018")
    nobody = f.make_member(cooperative, account="")
    for household in (plain, evil, nobody):
        slip(produce, household)
    run = run_of(cooperative)
    assert client.get(f"/cooperative/payments/{run.run_no}/bank-file/").status_code == 200
    assert "6217" not in bank_file(client, run, why="").content.decode()
    assert not Reveal.objects.exists()
    answer = bank_file(client, run)
    assert "no-store" in answer["Cache-Control"]
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert rows[1][1:4] == ["谭大成", "6217000010001234567", 185.0]
    assert rows[2][1:4] == ["'=1+1", "6228480402564890018", 185.0]
    assert len(rows) == 3
    in_gbk = list(csv.reader(io.StringIO(bank_file(client, run, "csv").content.decode("gbk"))))
    assert in_gbk[1][1:4] == ["谭大成", "6217000010001234567", "185.00"]
    assert in_gbk[2][1] == "'=1+1"
    logged = Reveal.objects.values_list("household", "field", "why", "by", "cooperative")
    assert set(logged) == {
        (household.pk, "bank_file", "三月货款代发", owner.pk, cooperative.pk) for household in (plain, evil)
    }
    assert logged.count() == 4


def test_only_an_owner_makes_the_file_for_the_bank(client, produce, cooperative, owner):
    slip(produce, f.make_member(cooperative))
    run = run_of(cooperative)
    CooperativeStaff.objects.filter(user=owner).update(role=CooperativeStaff.Role.SELLER)
    assert bank_file(client, run).status_code == 404
    client.force_login(f.make_user(is_staff=True))
    assert bank_file(client, run).status_code == 404
    client.force_login(f.make_user(cooperative=f.make_cooperative()))
    assert bank_file(client, run).status_code == 404
    assert not Reveal.objects.exists()


def test_papers_are_pdfs_with_a_masked_id_number(client, produce, cooperative, owner, monkeypatch):
    household = f.make_member(cooperative)
    household.id_number = "11010519491231002X"
    household.save()
    paid = slip(produce, household)
    actions.verify_lot(lot=paid, how="bank", receipt="R1", paid_on=MAR_2)
    slip(produce, household, g=2_000)
    said = {}
    real = papers.paper.pdf
    monkeypatch.setattr(papers.paper, "pdf", lambda source, **data: said.update(data) or real(source, **data))
    for size in ("a4", "a5", "x" * 50):
        answer = client.get(
            f"/cooperative/households/{household.household_no}/statement.pdf",
            {"starts": "2019-01-01", "ends": "2019-12-31", "size": size},
        )
        assert answer.content.startswith(b"%PDF-")
        assert "no-store" in answer["Cache-Control"]
    # 185.00 paid, 37.00 owed.
    assert said["sums"][2:] == ["12", "", "222.00", "185.00", "37.00"]
    assert ["身份证号", "**************002X"] in [list(fact) for fact in said["facts"]]
    assert "11010519491231002X" not in str(said)
    assert client.get(f"/cooperative/ledger/{paid.pk}/voucher.pdf").content.startswith(b"%PDF-")
    assert "11010519491231002X" not in str(said)
    assert (
        client.get(f"/cooperative/households/{household.household_no}/statement.pdf?starts=x&ends=y").status_code == 302
    )


def test_another_cooperatives_runs_and_papers_are_not_there(client, produce, cooperative):
    household = f.make_member(cooperative)
    lot = slip(produce, household)
    run = run_of(cooperative)
    client.force_login(f.make_user(cooperative=f.make_cooperative()))
    for path in (
        f"payments/{run.run_no}/",
        f"payments/{run.run_no}/bank-file/",
        f"households/{household.household_no}/account/",
        f"households/{household.household_no}/statement.pdf",
        f"ledger/{lot.pk}/voucher.pdf",
    ):
        assert client.get(f"/cooperative/{path}").status_code == 404
    client.post(f"/cooperative/payments/{run.run_no}/", {"what": "cancel"})
    client.post("/cooperative/payments/", {"lots": str(lot.pk), "confirmed": "yes"})
    run.refresh_from_db()
    assert run.cancelled_at is None
    assert PaymentRun.objects.count() == 1


def test_ten_households_take_as_many_queries_as_one(client, produce, cooperative, owner):
    def count(address: str, **data) -> int:
        ask = client.post if data else client.get
        with CaptureQueriesContext(connection) as queries:
            assert ask(address, data).status_code == 200
        return len(queries)

    first = f.make_member(cooperative)
    slip(produce, first)
    run = run_of(cooperative)
    slip(produce, first)
    addresses = [("/cooperative/payments/", {}), ("/cooperative/payments/", {"all": "1"})]
    account = f"/cooperative/households/{first.household_no}/account/"
    count(account)
    one = [*(count(address, **data) for address, data in addresses), count(f"/cooperative/payments/{run.run_no}/")]
    one.append(count(account))
    payments.cancel_run(run=run, by=None)
    for _n in range(9):
        slip(produce, f.make_member(cooperative))
        slip(produce, first)
    more = run_of(cooperative)
    ten = [count(f"/cooperative/payments/{more.run_no}/"), count(account)]
    payments.cancel_run(run=more, by=None)
    ten = [*(count(address, **data) for address, data in addresses), *ten]
    assert ten == one


def test_accounts_are_read_in_the_newest_words_of_the_cooperative(cooperative):
    household = f.make_member(cooperative)
    Membership.objects.create(
        household=household, cooperative=cooperative, starts_on=days.today(), bank_account="6228480402564890018"
    )
    assert payments.accounts_of(cooperative, [household.pk]) == {household.pk: "6228480402564890018"}


def test_a_slip_in_a_payment_run_is_not_taken_back(produce, cooperative):
    lot = slip(produce, f.make_member(cooperative))
    run = payments.make_run(cooperative=cooperative, lots=[lot.pk], by=None)
    with pytest.raises(ValidationError):
        stock.take_back(lot=lot, why="重量写错")
    payments.cancel_run(run=run, by=None)
    assert stock.take_back(lot=lot, why="重量写错").reversed_at
