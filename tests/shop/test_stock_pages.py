"""The pages of stock, batches, hand-overs and corrections, through the client."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from logistics.models import Consignment
from shop.models import SaleLine
from suppliers import stock
from suppliers.base import access, days
from suppliers.models import Batch, CarryOn, HandOver, PurchaseLot, SignedAccount, TownshipStaff, Withdrawal
from tests import factories as f

pytestmark = pytest.mark.django_db

TODAY = days.today()
LONG_IDS = "9" * 30


@pytest.fixture
def produce():
    return f.make_produce()


@pytest.fixture
def own(produce, client):
    client.force_login(f.make_user(cooperative=produce.cooperative))
    return produce.cooperative


def errors(response, form: str = "form") -> dict[str, list[str]]:
    assert response.status_code == 200
    return {name: list(said) for name, said in response.context[form].errors.items()}


def withdrawal(**fields) -> dict:
    return {"kind": "lost", "weight": "2", "weight_unit": "kg", "on": TODAY.isoformat(), "price_unit": "kg"} | fields


def test_goods_that_were_lost_are_written_down_in_jin_and_taken_back(client, own, produce):
    lot = f.make_lot(produce, None, g=10_000, bought_on=TODAY)
    client.post(reverse("suppliers:withdraw", args=[produce.pk]), withdrawal(weight="3", weight_unit="jin"))
    (row,) = Withdrawal.objects.all()
    assert (row.g, row.kind, row.made_by.cooperative_posts.get().cooperative) == (1_500, "lost", own)
    listed = reverse("suppliers:withdrawals", args=[produce.pk])
    client.post(listed, {"withdrawal": row.pk})
    client.post(listed, {"withdrawal": row.pk})  # the second changes nothing
    lot.refresh_from_db()
    assert (lot.withdrawn_g, Withdrawal.objects.count()) == (0, 2)
    others = f.make_lot(f.make_produce(), None).produce
    (theirs,) = stock.withdraw(produce=others, kind="lost", g=1, on=TODAY)
    for nobodys in (LONG_IDS, "x", theirs.pk):
        assert client.post(listed, {"withdrawal": nobodys}).status_code == 404


def test_goods_sold_elsewhere_have_their_price_and_buyer(client, own, produce):
    f.make_lot(produce, None, g=10_000, bought_on=TODAY)
    address = reverse("suppliers:withdraw", args=[produce.pk])
    client.post(address, withdrawal(kind="elsewhere", price="9.5", price_unit="jin", buyer="示例·集市"))
    row = Withdrawal.objects.get()
    assert (row.fen_per_kg, row.buyer) == (1_900, "示例·集市")


@pytest.mark.parametrize(
    ("written", "field"),
    [
        ({"weight": "11"}, "weight"),
        ({"weight": "1e400"}, "weight"),
        ({"kind": "stolen"}, "kind"),
        ({"kind": "carried_on"}, "kind"),
        ({"on": "2999-01-01"}, "on"),
        ({"lot": LONG_IDS}, "lot"),
        ({"kind": "elsewhere", "price": "-1"}, "price"),
    ],
)
def test_what_cannot_have_left_is_refused_at_its_field(client, own, produce, written, field):
    f.make_lot(produce, None, g=10_000, bought_on=TODAY)
    answer = client.post(reverse("suppliers:withdraw", args=[produce.pk]), withdrawal(**written))
    assert list(errors(answer)) == [field]
    assert Withdrawal.objects.count() == 0


def right_slip(lot, **fields) -> dict:
    return {
        "why": "多写一个零",
        "lot_no": f"{lot.lot_no}-2",
        "produce": lot.produce_id,
        "household": lot.household.household_no,
        "weight": "5",
        "weight_unit": "kg",
        "price": "18.5",
        "price_unit": "kg",
        "bought_on": lot.bought_on.isoformat(),
    } | fields


def test_a_slip_is_taken_back_and_written_anew_in_one_page_and_both_show_the_pair(client, own, produce):
    wrong = f.make_lot(produce, f.make_household(own), g=50_000, verified=False)
    address = reverse("suppliers:correct", args=[wrong.pk])
    assert client.get(address).status_code == 200
    assert list(errors(client.post(address, right_slip(wrong, why="")))) == ["why"]
    assert list(errors(client.post(address, right_slip(wrong, weight="0")))) == ["weight"]
    wrong.refresh_from_db()
    assert wrong.reversed_at is None
    answer = client.post(address, right_slip(wrong))
    right = PurchaseLot.objects.get(corrects=wrong)
    assert answer["Location"] == reverse("suppliers:lot", args=[right.pk])
    assert (right.g, right.lot_no) == (5_000, f"{own.code}-{wrong.lot_no}-2")
    ledger = client.get(reverse("suppliers:ledger")).content.decode()
    for page in (ledger, client.get(reverse("suppliers:lot", args=[wrong.pk])).content.decode()):
        assert wrong.lot_no in page
        assert right.lot_no in page
    assert wrong.lot_no in client.get(reverse("suppliers:lot", args=[right.pk])).content.decode()
    assert "50 公斤" not in client.get(reverse("stock")).content.decode()


def test_a_slip_entered_twice_is_only_taken_back(client, own, produce):
    lot = f.make_lot(produce, f.make_household(own), verified=False)
    address = reverse("suppliers:correct", args=[lot.pk])
    assert list(errors(client.post(address, {"only": "1", "only-why": ""}), "taking")) == ["why"]
    client.post(address, {"only": "1", "only-why": "录了两遍"})
    lot.refresh_from_db()
    assert lot.reversed_why == "录了两遍"
    assert PurchaseLot.objects.count() == 1


def test_a_slip_that_was_taken_back_is_neither_paid_nor_checked(client, own, produce):
    household = f.make_household(own)
    lot = f.make_lot(produce, household, verified=False)
    stock.take_back(lot=lot, why="录了两遍")
    paid = {"receipt": "R1", "paid_on": TODAY.isoformat()}
    assert "作废" in errors(client.post(reverse("suppliers:lot", args=[lot.pk]), paid))["__all__"][0]
    official = f.make_user("", access.TOWNSHIP)
    TownshipStaff.objects.create(user=official, township=household.village.township)
    client.force_login(official)
    assert client.post(reverse("slips"), {"slip": lot.pk}).status_code == 302
    lot.refresh_from_db()
    assert (lot.verified_at, lot.paid_on) == (None, None)


def test_a_slip_of_which_goods_have_gone_says_what_can_be_done(client, own, produce):
    lot = f.make_lot(produce, f.make_household(own), g=10_000)
    stock.withdraw(produce=produce, kind="lost", g=1_500, on=TODAY)
    address = reverse("suppliers:correct", args=[lot.pk])
    page = client.get(address).content.decode()
    for words in ("1.5 公斤已经出库", "再录一张单", "县运营中心"):
        assert words in page
    client.post(address, right_slip(lot))
    lot.refresh_from_db()
    assert lot.reversed_at is None


def test_a_batch_is_made_of_slips_and_its_code_stands_on_its_page(client, own, produce):
    lots = [f.make_lot(produce, f.make_household(own), bought_on=TODAY) for _ in range(2)]
    unverified = f.make_lot(produce, None, bought_on=TODAY, verified=False)
    address = reverse("suppliers:batch_new", args=[produce.pk])
    for wrong in ([], [unverified.pk], [LONG_IDS], ["\x00"]):
        assert "lots" in errors(client.post(address, {"lots": wrong, "packed_on": TODAY.isoformat()}))
    answer = client.post(address, {"lots": [lot.pk for lot in lots], "packed_on": TODAY.isoformat()})
    batch = Batch.objects.get()
    assert answer["Location"] == reverse("suppliers:batch", args=[batch.pk])
    assert set(batch.lots.all()) == set(lots)
    assert batch.trace_code in client.get(answer["Location"]).content.decode()


def ship(client, consignment: Consignment, **fields):
    form = {
        "carried_by": "SF",
        "waybill": "SF1234567890",
        "gross_kg": "2.7",
        "freight": "12",
        "on": TODAY.isoformat(),
    } | fields
    return client.post(reverse("ship", args=[consignment.consignment_no]), form)


def test_a_consignment_is_shipped_from_a_batch_or_refused_at_the_batch(client, own, produce):
    f.make_carriers()
    pack = f.make_pack(produce)
    lots = [f.make_lot(produce, None, g=g, bought_on=TODAY) for g in (2_000, 5_000)]
    short, enough = (stock.make_batch(lots=[lot], packed_on=TODAY) for lot in lots)
    others = stock.make_batch(lots=[f.make_lot(f.make_produce(), None, bought_on=TODAY)], packed_on=TODAY)
    order = f.place_order((pack, 1))
    f.pay(order)
    consignment = order.consignments.get()
    page = client.get(reverse("ship", args=[consignment.consignment_no])).content.decode()
    assert enough.trace_code in page
    assert others.trace_code not in page
    said = errors(ship(client, consignment, batch=short.pk))
    assert "0.5 公斤" in said["batch"][0]
    assert list(errors(ship(client, consignment, batch=others.pk))) == ["batch"]
    assert list(errors(ship(client, consignment, batch=LONG_IDS))) == ["batch"]
    assert ship(client, consignment, batch=enough.pk).status_code == 302
    assert SaleLine.objects.get(sale=order.sale).batch == enough
    shipment = consignment.shipments.get()
    # Whoever opens the parcel sees its batch.
    client.logout()
    assert enough.trace_code in client.get(reverse("trace", args=[shipment.trace_code])).content.decode()


def test_both_sides_agree_on_a_hand_over_and_the_taker_makes_kernels_of_it(client, own, produce):
    household = f.make_household(own)
    batch = stock.make_batch(lots=[f.make_lot(produce, household, bought_on=TODAY)], packed_on=TODAY)
    kernels = f.make_produce(code="HR01", name="核桃仁")
    offer = {
        "taker": kernels.cooperative_id,
        "weight": "8",
        "weight_unit": "kg",
        "price": "20",
        "price_unit": "kg",
        "on": TODAY.isoformat(),
    }
    address = reverse("suppliers:batch", args=[batch.pk])
    for wrong, field in (({"weight": "11"}, "weight"), ({"taker": own.pk}, "taker"), ({"price": "0"}, "price")):
        assert list(errors(client.post(address, offer | wrong))) == [field]
    client.post(address, offer)
    one = HandOver.objects.get()
    desk = reverse("suppliers:hand_overs")
    client.post(desk, {"hand_over": one.pk, "answer": "accept"})  # the giver cannot
    assert HandOver.objects.open().count() == 1
    client.force_login(f.make_user(cooperative=f.make_cooperative()))
    assert client.post(desk, {"hand_over": one.pk, "answer": "accept"}).status_code == 404
    client.force_login(f.make_user(cooperative=kernels.cooperative))
    client.post(desk, {"hand_over": one.pk, "answer": "accept"})
    raw = PurchaseLot.objects.get(household=household, produce__cooperative=kernels.cooperative)
    # Whose goods they are stays with the giver's books: the taker sees the slip, not the household.
    for page in (reverse("suppliers:ledger"), reverse("suppliers:lot", args=[raw.pk])):
        text = client.get(page).content.decode()
        assert raw.carried_from.lot_no in text
        assert household.household_no not in text
        assert household.masked_head not in text
    making = {"into": kernels.pk, "went_in": "8", "came_out": "3.6", "unit": "kg", "on": TODAY.isoformat()}
    process = reverse("suppliers:process", args=[raw.produce_id])
    for wrong, field in (
        ({"came_out": "8.1"}, "came_out"),
        ({"went_in": "9"}, "went_in"),
        ({"into": produce.pk}, "into"),
    ):
        assert list(errors(client.post(process, making | wrong))) == [field]
    client.post(process, making)
    made = CarryOn.objects.get(into=kernels)
    assert (made.in_g, made.out_g, made.lots.get().household) == (8_000, 3_600, household)
    carried = reverse("suppliers:carried", args=[made.pk])
    assert "45.00" in client.get(carried).content.decode()
    client.post(carried, {"why": "称错了"})
    assert CarryOn.objects.filter(reverses=made).exists()


def test_an_auditor_follows_goods_carried_on_to_the_slip_of_their_household(client, produce):
    pack = f.make_pack(f.make_produce(produce.cooperative, code="HR01"))
    household = f.make_household(produce.cooperative)
    slip = f.make_lot(produce, household, g=10_000, bought_on=TODAY)
    made = stock.process(produce=produce, into=pack.produce, in_g=10_000, out_g=5_000, on=TODAY)
    order = f.sell((pack, 1), on=TODAY)
    client.force_login(f.make_user("", access.AUDITOR))
    for address in (
        reverse("officials:order", args=[order.number]),
        reverse("officials:household", args=[household.household_no]),
    ):
        page = client.get(address).content.decode()
        assert f"{made.lots.get().lot_no} <small>← {slip.lot_no}</small>" in page


def count(**fields) -> dict:
    return {"counted": "20", "unit": "kg", "counted_on": "2026-08-31", "explained": "lost", "note": ""} | fields


@pytest.fixture
def last_season(produce):
    """20 kg of last season's walnuts, and the address of its account."""
    year = TODAY.year - 1
    f.make_lot(produce, None, g=20_000, bought_on=dt.date(year, 10, 1))
    return reverse("stock_account", args=[produce.pk, year])


def test_the_owner_signs_a_seasons_account(client, own, produce, last_season):
    ends = dt.date(TODAY.year, 8, 31)
    ends = min(ends, TODAY)
    assert list(errors(client.post(last_season, count(counted_on="2999-01-01")))) == ["counted_on"]
    assert list(errors(client.post(last_season, count(counted="25", counted_on=ends.isoformat())))) == ["explained"]
    assert SignedAccount.objects.count() == 0
    client.post(last_season, count(counted="19.5", counted_on=ends.isoformat()))
    signed = SignedAccount.objects.get()
    assert (signed.counted_g, signed.book_g, signed.explained) == (19_500, 20_000, "lost")
    assert signed.sha256[:12] in client.get(last_season).content.decode()


def test_who_does_not_own_the_cooperative_finds_no_form_to_sign(client, own, last_season):
    own.staff.update(role="seller")
    assert client.get(last_season).content.decode().count("<form") == client.get(
        reverse("stock")
    ).content.decode().count("<form")
    assert errors(client.post(last_season, count(counted_on=TODAY.isoformat())))
    assert SignedAccount.objects.count() == 0


@pytest.mark.parametrize("year", [0, 1999, 2999, int(LONG_IDS)])
def test_a_season_that_cannot_be_is_not_there(client, own, produce, year):
    assert client.get(f"/cooperative/stock/{produce.pk}/{year}/").status_code == 404


def test_an_auditor_sees_all_accounts_and_picks_those_with_a_question(client, produce):
    client.force_login(f.make_user("", access.AUDITOR))
    pack = f.make_pack(produce)
    f.make_lot(produce, f.make_household(produce.cooperative), g=2_500, bought_on=TODAY)
    f.sell((pack, 4), on=TODAY)
    other = f.make_produce(harvest_from="01-01", harvest_to="12-31")
    f.make_lot(other, None, bought_on=TODAY)
    year = stock_year(produce)
    page = client.get(reverse("officials_stock"), {"year": year}).content.decode()
    assert "7.5 公斤来源不明" in page
    assert "只有在册户的单" in page
    flagged = client.get(reverse("officials_stock"), {"year": year, "flagged": "1"}).context["rows"]
    assert [row.produce for row in flagged] == [produce]
    for nonsense in ("x", LONG_IDS, "１９９９", ""):
        assert client.get(reverse("officials_stock"), {"year": nonsense}).status_code == 200


def stock_year(produce) -> int:
    starts = dt.date(TODAY.year, 9, 1)
    return TODAY.year if starts <= TODAY else TODAY.year - 1


@pytest.mark.parametrize(
    "name", ["stock", "suppliers:ledger", "suppliers:batches", "suppliers:hand_overs", "officials_stock"]
)
def test_ten_rows_take_as_many_queries_as_one(client, own, produce, name):
    if name == "officials_stock":
        client.force_login(f.make_user("", access.AUDITOR))

    def fill(n: int) -> None:
        for k in range(n):
            kind = f.make_produce(own, code=f"K{PurchaseLot.objects.count()}-{k}")
            lot = f.make_lot(kind, f.make_household(own), bought_on=TODAY)
            batch = stock.make_batch(lots=[lot], packed_on=TODAY)
            stock.offer(batch=batch, taker=taker, g=1_000, fen_per_kg=100, on=TODAY)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(reverse(name)).status_code == 200
        return len(caught)

    taker = f.make_cooperative()
    fill(1)
    queries()  # what the first request alone asks
    one = queries()
    fill(9)
    assert queries() == one
