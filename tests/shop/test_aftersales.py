"""Spoilage claims and no-reason returns: asked by who bought, decided once, paid back through the books."""

import datetime as dt
import io
import threading

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from logistics.models import Shipment
from shop import orders
from shop.aftersales import actions
from shop.aftersales.models import Decider, NoReasonReturn, Photo, SpoilageClaim
from shop.invariants import violations
from shop.models import Refund, Sale, SaleLine
from shop.tasks import sweep_now
from suppliers.base import days
from suppliers.models import Credit
from tests import factories as f

DAY = dt.date(2019, 3, 5)
IN_TIME = dt.datetime(2019, 3, 6, 15, 59, tzinfo=dt.UTC)  # 23:59 in Shanghai, the day after
TOO_LATE = dt.datetime(2019, 3, 6, 16, 0, tzinfo=dt.UTC)

PEACHES = {"code": "DT01", "name": "冬桃", "shelf_life_days": 14, "category": "fruit"}


def photo() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "brown").save(file, "JPEG")
    return file.getvalue()


PHOTO = photo()


def files(n: int = 1) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(f"{i}.jpg", PHOTO, content_type="image/jpeg") for i in range(n)]


@pytest.fixture
def now():
    with time_machine.travel(IN_TIME, tick=False) as clock:
        yield clock


def sold(pack=None, *, n: int = 2, user=None, **fields) -> SaleLine:
    """The line of an order of two packs (176.00, 5 kg), received on DAY by a household's slip of 18.50 a kilogram."""
    pack = pack or f.make_pack()
    f.make_lot(pack.produce, f.make_household(pack.produce.cooperative), bought_on=DAY - dt.timedelta(days=2))
    order = f.place_order((pack, n), placed_at=days.at(DAY, 9), user=user, **fields)
    f.pay(order, on=DAY)
    orders.receive(shipments=f.dispatch(order, on=DAY), on=DAY, how=Sale.Receipt.CARRIER)
    return order.sale.lines.get()


def claimed(line: SaleLine, percent: int = 30) -> SpoilageClaim:
    return actions.claim(line=line, spoiled_bp=percent * 100, photos=[PHOTO], note="三个坏果")


@pytest.fixture
def line(db, now):
    return sold()


@pytest.fixture
def staff(db):
    return f.make_user("staff", is_staff=True)


def approve(claim, by, **fields):
    return actions.approve(claim=claim, by=by, decided_as=Decider.COUNTY, **fields)


# ── Spoilage claims ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.money
def test_an_approved_claim_pays_back_its_share_and_reverses_what_it_was_drawn_from(line, staff):
    claim = approve(claimed(line), staff)
    line.refresh_from_db()
    # 30 % of 176.00 and of 5 kg; the household's credit falls by 1.5 kg at 18.50.
    assert (line.refunded_fen, line.refunded_g) == (5_280, 1_500)
    assert [credit.amount_fen for credit in Credit.objects.order_by("pk")] == [9_250, -2_775]
    assert (claim.refund.goods_fen, claim.refund.freight_fen, claim.refund.by) == (5_280, 0, staff)
    assert (claim.state, claim.approved_bp, claim.decided_by) == ("paid", 3_000, staff)
    assert Shipment.objects.get().refunded_g == 1_500
    assert list(violations()) == []


@pytest.mark.money
def test_half_spoiled_is_paid_back_whole_and_the_household_drops_out(line, staff):
    approve(claimed(line, 50), staff)
    line.refresh_from_db()
    assert (line.net_fen, line.kept_g, line.sale.order.status) == (0, 0, orders.REFUNDED)
    assert sum(credit.amount_fen for credit in Credit.objects.all()) == 0
    assert list(violations()) == []


@pytest.mark.money
def test_several_claims_follow_each_other_until_nothing_is_left(line, staff):
    approve(claimed(line, 30), staff)
    approve(claimed(line, 10), staff)
    approve(claimed(line, 20), staff)  # 60 % together: the rest
    line.refresh_from_db()
    assert line.net_fen == 0
    with pytest.raises(ValidationError, match="全部退还"):
        claimed(line, 10)
    assert list(violations()) == []


@pytest.mark.money
def test_another_share_is_paid_with_its_reason_alone(line, staff):
    claim = claimed(line, 40)
    with pytest.raises(ValidationError):
        approve(claim, staff, spoiled_bp=1_000)
    assert not Refund.objects.exists()
    approve(claim, staff, spoiled_bp=1_000, reason="照片上只有一成")
    line.refresh_from_db()
    assert line.refunded_fen == 1_760


def test_a_refusal_has_its_reason_and_pays_nothing(line, staff):
    claim = claimed(line)
    with pytest.raises(ValidationError):
        actions.refuse(request=claim, by=staff, decided_as=Decider.COUNTY, reason="")
    actions.refuse(request=claim, by=staff, decided_as=Decider.COUNTY, reason="照片不是本单")
    claim.refresh_from_db()
    assert (claim.state, claim.reason) == ("refused", "照片不是本单")
    assert not Refund.objects.exists()
    assert claimed(line, 20).state == "open"  # with better photos


def test_only_one_claim_of_a_line_is_open(line):
    first = claimed(line)
    with pytest.raises(actions.AlreadyAsked) as known:
        claimed(line)
    assert known.value.request == first
    with pytest.raises(IntegrityError), transaction.atomic():
        SpoilageClaim.objects.create(line=line, spoiled_bp=1_000)


def test_the_claim_window_closes_at_the_end_of_the_day_after_receipt(line, now):
    assert claimed(line)
    now.move_to(TOO_LATE)
    other = sold()
    with pytest.raises(ValidationError, match="期限"):
        claimed(other)


@pytest.mark.django_db
def test_the_tenth_day_opens_the_window_as_a_receipt_does():
    with time_machine.travel(days.at(DAY, 18), tick=False) as clock:
        order = f.place_order((f.make_pack(), 1), placed_at=days.at(DAY, 9))
        f.pay(order, on=DAY)
        f.dispatch(order, on=DAY)
        line = order.sale.lines.get()
        with pytest.raises(ValidationError, match="还没到"):
            claimed(line)
        clock.move_to(days.at(DAY + dt.timedelta(days=10), 0, 1))
        assert orders.receive_by_default() == 1
        clock.move_to(days.at(DAY + dt.timedelta(days=11), 23, 59))
        assert claimed(line)


@pytest.mark.django_db
def test_the_buyers_click_opens_the_window(client, now):
    order = f.place_order((f.make_pack(), 1), placed_at=days.at(DAY, 9))
    f.pay(order, on=DAY)
    f.dispatch(order, on=DAY)
    assert "after-sales" not in client.get(reverse("orders:order", args=[order.sale.token])).content.decode()
    client.post(reverse("orders:received", args=[order.sale.token]))
    page = client.get(reverse("orders:order", args=[order.sale.token])).content.decode()
    assert reverse("aftersales:claim-new", args=[order.sale.token, order.sale.lines.get().pk]) in page


def test_an_institution_accepts_its_goods_and_claims_nothing_here(db, now):
    with pytest.raises(ValidationError):
        claimed(sold(buyer_kind=Sale.BuyerKind.INSTITUTION, organisation="食堂"))


def test_the_row_of_a_claim_stays_as_the_buyer_wrote_it(line):
    claim = claimed(line)
    from shop import database

    database.install()
    try:
        for change in (lambda: SpoilageClaim.objects.filter(pk=claim.pk).update(spoiled_bp=100), claim.delete):
            with pytest.raises(Exception, match="history is never edited"), transaction.atomic():
                Photo.objects.all().delete()
                change()
    finally:
        database.remove()


# ── Who decides ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_comes_second_is_told_who_was_first(line, staff):
    claim = claimed(line)
    stale = SpoilageClaim.objects.get(pk=claim.pk)
    actions.refuse(request=claim, by=staff, decided_as=Decider.COUNTY, reason="不是本单")
    for late in (
        lambda: approve(stale, staff),
        lambda: actions.refuse(request=stale, by=staff, decided_as=Decider.COUNTY, reason="又一次"),
    ):
        with pytest.raises(actions.AlreadyDecided) as known:
            late()
        assert known.value.request.reason == "不是本单"
    assert not Refund.objects.exists()


def decide_at_once(claim: SpoilageClaim, by) -> list[str]:
    """Let three refuse `claim` and three approve it at the same moment; return what became of each."""
    ready, became = threading.Barrier(6), []

    def decide(n: int) -> None:
        ready.wait()
        try:
            if n % 2:
                approve(claim, by)
            else:
                actions.refuse(request=claim, by=by, decided_as=Decider.COUNTY, reason=f"第 {n} 个")
            became.append("decided")
        except actions.AlreadyDecided:
            became.append("second")
        except IntegrityError:
            became.append("broke")
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(became)


@pytest.mark.django_db(transaction=True)
def test_of_six_who_decide_at_once_one_wins():
    with time_machine.travel(IN_TIME, tick=True):
        claim = claimed(sold())
        assert decide_at_once(claim, f.make_user("staff", is_staff=True)) == ["decided", *["second"] * 5]
        claim.refresh_from_db()
        assert Refund.objects.count() == (1 if claim.state == "paid" else 0)
        assert list(violations()) == []


@pytest.mark.django_db(transaction=True)
def test_without_the_look_under_the_lock_several_would_decide(monkeypatch):
    monkeypatch.setattr(actions, "_undecided", lambda request: type(request).objects.with_line().get(pk=request.pk))
    with time_machine.travel(IN_TIME, tick=True):
        became = decide_at_once(claimed(sold()), f.make_user("staff", is_staff=True))
        assert became != ["decided", *["second"] * 5]
        assert "second" not in became


@pytest.mark.django_db(transaction=True)
def test_of_two_who_report_the_same_line_at_once_one_claim_stays():
    with time_machine.travel(IN_TIME, tick=True):
        line, ready, became = sold(), threading.Barrier(4), []

        def report() -> None:
            ready.wait()
            try:
                claimed(line)
                became.append("made")
            except actions.AlreadyAsked:
                became.append("known")
            finally:
                connection.close()

        threads = [threading.Thread(target=report) for _n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(became) == ["known", "known", "known", "made"]
        assert (SpoilageClaim.objects.count(), Photo.objects.count()) == (1, 1)


def test_what_a_cooperative_leaves_unanswered_for_48_hours_is_the_countys(line, now):
    claim = claimed(line)
    assert sweep_now()["after-sales passed to the county"] == 0
    now.move_to(IN_TIME + dt.timedelta(hours=48))
    assert sweep_now()["after-sales passed to the county"] == 1
    assert sweep_now()["after-sales passed to the county"] == 0
    claim.refresh_from_db()
    assert claim.county_at == IN_TIME + dt.timedelta(hours=48)
    assert SpoilageClaim.objects.of_county().get() == claim


def test_the_county_decides_what_was_passed_to_it_the_oldest_first(client, line, staff, now):
    first, second = claimed(line), claimed(sold(), 20)
    client.force_login(staff)
    assert (
        reverse("aftersales:county-claim", args=[first.pk])
        not in client.get("/officials/after-sales/").content.decode()
    )
    now.move_to(IN_TIME + dt.timedelta(hours=49))
    actions.pass_on()
    page = client.get("/officials/after-sales/").content.decode()
    doors = [reverse("aftersales:county-claim", args=[claim.pk]) for claim in (first, second)]
    assert 0 < page.index(doors[0]) < page.index(doors[1])
    assert client.post(doors[0], {"verdict": "approve"}).status_code == 302
    first.refresh_from_db()
    assert (first.state, first.decided_as, first.decided_by) == ("paid", "county", staff)


def test_a_cooperative_decides_on_its_own_lines_and_finds_no_others(client, line):
    claim, other = claimed(line), claimed(sold())
    client.force_login(f.make_user(cooperative=line.cooperative))
    page = client.get("/cooperative/after-sales/").content.decode()
    own, foreign = (reverse("aftersales:cooperative-claim", args=[one.pk]) for one in (claim, other))
    assert own in page
    assert foreign not in page
    assert client.get(foreign).status_code == 404
    assert client.post(foreign, {"verdict": "approve"}).status_code == 404
    shown = client.get(own).content.decode()
    assert "52.80" in shown
    assert "王女士" not in shown
    assert client.post(own, {"verdict": "other", "percent": "10", "reason": "只坏了一成"}).status_code == 302
    line.refresh_from_db()
    assert line.refunded_fen == 1_760
    other.refresh_from_db()
    assert other.state == "open"


def test_who_posts_second_reads_who_was_first_and_changes_nothing(client, line, staff):
    claim = claimed(line)
    client.force_login(f.make_user("coop", cooperative=line.cooperative))
    actions.refuse(request=claim, by=staff, decided_as=Decider.COUNTY, reason="不是本单")
    page = client.post(reverse("aftersales:cooperative-claim", args=[claim.pk]), {"verdict": "approve"}, follow=True)
    assert "staff@test.example" in page.content.decode()
    assert not Refund.objects.exists()


@pytest.mark.parametrize(
    "posted",
    [
        {},
        {"verdict": "refuse"},
        {"verdict": "other"},
        {"verdict": "other", "percent": "0", "reason": "x"},
        {"verdict": "other", "percent": "-1", "reason": "x"},
        {"verdict": "other", "percent": "1000000000", "reason": "x"},
        {"verdict": "other", "percent": "9" * 5000, "reason": "x"},
        {"verdict": "other", "percent": "一半", "reason": "x"},
        {"verdict": "other", "percent": "10"},
        {"verdict": "refuse", "reason": "a\x00b"},
        {"verdict": "refuse", "reason": "x" * 201},
        {"verdict": "\x00"},
    ],
)
def test_no_verdict_that_says_too_little_or_nonsense_decides(client, line, staff, posted):
    claim = claimed(line)
    client.force_login(staff)
    answer = client.post(reverse("aftersales:county-claim", args=[claim.pk]), posted)
    assert answer.status_code == 200
    claim.refresh_from_db()
    assert claim.state == "open"


# ── The buyer's page ─────────────────────────────────────────────────────────────────────────────────────────────────


def page_of(line: SaleLine) -> str:
    return reverse("aftersales:claim-new", args=[line.sale.token, line.pk])


def test_a_guest_reports_spoiled_goods_and_sees_each_step(client, line, staff):
    shown = client.get(page_of(line)).content.decode()
    assert "退 ¥52.80" in shown  # 30 %
    assert "退 ¥176.00" in shown  # from one half on
    answer = client.post(page_of(line), {"percent": "30", "note": "压坏的", "photos": files(6)}, follow=True)
    claim = SpoilageClaim.objects.get()
    assert (claim.spoiled_bp, claim.note, claim.photos.count(), claim.asked_by) == (3_000, "压坏的", 6, None)
    assert "压坏的" in answer.content.decode()
    approve(claim, staff, spoiled_bp=2_000, reason="照片上两成")
    for address in (
        reverse("aftersales:claim", args=[line.sale.token, claim.pk]),
        reverse("orders:order", args=[line.sale.token]),
    ):
        page = client.get(address).content.decode()
        assert "35.20" in page
        assert "照片上两成" in page
        assert "staff@test.example" not in page


def test_a_second_post_finds_the_first_claim(client, line):
    for _ in range(2):
        assert client.post(page_of(line), {"percent": "30", "photos": files()}).status_code == 302
    assert SpoilageClaim.objects.count() == 1


@pytest.mark.parametrize("percent", ["0", "-1", "1000000000", "35", "abc", "\x00", "", "30.5", "9" * 5000])
def test_what_is_no_share_makes_no_claim(client, line, percent):
    answer = client.post(page_of(line), {"percent": percent, "photos": files()})
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not SpoilageClaim.objects.exists()


def test_seven_photos_or_none_make_no_claim(client, line):
    seven = client.post(page_of(line), {"percent": "30", "photos": files(7)})
    assert "最多发 6 张" in seven.content.decode()
    none = client.post(page_of(line), {"percent": "30"})
    assert "至少加一张" in none.content.decode()
    text = client.post(page_of(line), {"percent": "30", "photos": "not a file"})
    assert "至少加一张" in text.content.decode()
    assert not Photo.objects.exists()


def test_one_bad_photo_among_good_ones_leaves_nothing_behind(client, line):
    bad = SimpleUploadedFile("x.png", b"<svg onload=alert(1)>", content_type="image/png")
    answer = client.post(page_of(line), {"percent": "30", "photos": [*files(2), bad]})
    assert "第 3 张照片" in answer.content.decode()
    assert not SpoilageClaim.objects.exists()
    assert not Photo.objects.exists()


def test_photos_that_cannot_be_written_leave_no_claim(line, monkeypatch):
    monkeypatch.setattr(Photo.objects, "bulk_create", lambda rows: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        claimed(line)
    assert not SpoilageClaim.objects.exists()


def test_after_the_deadline_no_photo_is_even_looked_at(client, line, now, monkeypatch):
    now.move_to(TOO_LATE)
    monkeypatch.setattr("suppliers.base.pictures.redrawn", lambda upload: pytest.fail("it was read"))
    answer = client.post(page_of(line), {"percent": "30", "photos": files()})
    assert "期限" in answer.content.decode()
    assert not SpoilageClaim.objects.exists()


def test_a_body_larger_than_any_page_takes_is_refused_unread(client, line):
    answer = client.post(page_of(line), b"x", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=str(10**9))
    assert answer.status_code == 413
    assert "少发几张" in answer.content.decode()


def test_foreign_lines_tokens_and_claims_are_not_found(client, line):
    other = sold()
    claim = claimed(other)
    token = line.sale.token
    for address in (
        reverse("aftersales:claim-new", args=[token, other.pk]),
        reverse("aftersales:return-new", args=[token, other.pk]),
        reverse("aftersales:review-new", args=[token, other.pk]),
        reverse("aftersales:claim", args=[token, claim.pk]),
        reverse("aftersales:return", args=[token, 10**18 - 1]),
        reverse("aftersales:claim-new", args=[token, 10**18 - 1]),
        f"/orders/{token}/lines/{10**30}/spoiled/",
        f"/orders/{token}/lines/-1/spoiled/",
        reverse("aftersales:claim-new", args=["x" * 5000, line.pk]),
        reverse("aftersales:own-photo", args=[token, claim.photos.get().name]),
        f"/orders/%00/lines/{line.pk}/spoiled/",
        f"/cooperative/after-sales/spoiled/{10**30}/",
    ):
        assert client.get(address).status_code in (404, 302), address
        assert client.post(address, {"percent": "30", "photos": files()}).status_code in (404, 405, 302), address
    assert SpoilageClaim.objects.count() == 1


def test_an_order_of_somebodys_account_is_nobody_elses(client, db, now):
    buyer = f.make_user("buyer")
    line = sold(user=buyer)
    claim = claimed(line)
    for visitor in (None, f.make_user("other")):
        if visitor:
            client.force_login(visitor)
        for address in (
            page_of(line),
            reverse("aftersales:claim", args=[line.sale.token, claim.pk]),
            reverse("aftersales:own-photo", args=[line.sale.token, claim.photos.get().name]),
        ):
            assert client.get(address).status_code == 404
    client.force_login(buyer)
    assert client.get(reverse("aftersales:claim", args=[line.sale.token, claim.pk])).status_code == 200


def test_photos_of_a_claim_are_for_its_buyer_its_cooperative_and_the_county(client, line, staff):
    name = claimed(line).photos.get().name
    open_door, own_door = (
        reverse("aftersales:photo", args=[name]),
        reverse("aftersales:own-photo", args=[line.sale.token, name]),
    )
    own = client.get(own_door)
    assert (own["Content-Type"], own["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert "private" in own["Cache-Control"]
    met = {}
    visitors = {
        "anonymous": None,
        "buyer": f.make_user(),
        "cooperative": f.make_user(cooperative=line.cooperative),
        "other": f.make_user(cooperative=f.make_cooperative()),
        "auditor": f.make_user("", "auditor"),
        "staff": staff,
    }
    for role, visitor in visitors.items():
        client.logout()
        if visitor:
            client.force_login(visitor)
        met[role] = client.get(open_door).status_code
    assert met == {"anonymous": 404, "buyer": 404, "cooperative": 200, "other": 404, "auditor": 404, "staff": 200}
    assert client.get("/photos/../../etc/passwd").status_code == 404
    assert client.get("/photos/" + "x" * 3000).status_code == 404


# ── No-reason returns ────────────────────────────────────────────────────────────────────────────────────────────────


def agreed(line: SaleLine, by, packs: int = 1) -> NoReasonReturn:
    asked = actions.ask_return(line=line, packs=packs)
    return actions.agree(request=asked, by=by, decided_as=Decider.COOPERATIVE, return_to="巫溪县某村 谭先生")


@pytest.mark.money
def test_dried_goods_come_back_their_price_goes_back_and_stock_rises_only_then(line, staff):
    stock = line.line.stockrecord
    was = stock.num_in_stock
    one = agreed(line, staff)
    one = actions.send_back(request=one, carrier="顺丰", waybill="sf 1234567890")
    stock.refresh_from_db()
    assert (stock.num_in_stock, one.waybill, Refund.objects.count()) == (was, "SF1234567890", 0)
    one = actions.take_back(request=one, by=staff, is_sellable=True)
    stock.refresh_from_db()
    line.refresh_from_db()
    # One of two boxes: 88.00 and 2.5 kg, no freight.
    assert (line.refunded_fen, line.refunded_g, one.refund.freight_fen) == (8_800, 2_500, 0)
    assert (stock.num_in_stock, stock.num_allocated, one.restocked) == (was + 1, 0, 1)
    assert list(violations()) == []
    with pytest.raises(actions.AlreadyDecided):
        actions.take_back(request=one, by=staff, is_sellable=True)
    stock.refresh_from_db()
    assert stock.num_in_stock == was + 1


@pytest.mark.money
def test_what_cannot_be_sold_again_is_paid_back_and_stays_out_of_stock(line, staff):
    stock = line.line.stockrecord
    was = stock.num_in_stock
    one = actions.send_back(request=agreed(line, staff, 2), carrier="顺丰", waybill="SF1234567890")
    one = actions.take_back(request=one, by=staff, is_sellable=False)
    stock.refresh_from_db()
    assert (stock.num_in_stock, one.restocked, one.refund.goods_fen) == (was, 0, 17_600)
    with pytest.raises(ValidationError):
        actions.ask_return(line=line, packs=1)


def test_fresh_goods_stay_where_the_buyer_confirmed_it(db, now):
    line = sold(f.make_pack(f.make_produce(**PEACHES)), is_fresh_confirmed=True)
    with pytest.raises(ValidationError, match="鲜货"):
        actions.ask_return(line=line, packs=1)


def test_nobody_refuses_a_return_of_fresh_goods_that_the_buyer_never_confirmed(client, db, now, staff):
    line = sold(f.make_pack(f.make_produce(**PEACHES)))
    asked = actions.ask_return(line=line, packs=1)
    with pytest.raises(ValidationError, match="不能拒绝"):
        actions.refuse(request=asked, by=staff, decided_as=Decider.COUNTY, reason="鲜货不退")
    client.force_login(staff)
    client.post(reverse("aftersales:county-return", args=[asked.pk]), {"verdict": "refuse", "reason": "鲜货不退"})
    asked.refresh_from_db()
    assert (asked.state, asked.is_binding) == ("asked", True)
    with pytest.raises(IntegrityError), transaction.atomic():
        NoReasonReturn.objects.filter(pk=asked.pk).update(
            state="refused", decided_at=days.now(), decided_by=staff, decided_as="county", reason="x"
        )


def test_the_seventh_day_after_receipt_is_the_last(line, now):
    now.move_to(days.at(DAY + dt.timedelta(days=7), 23, 59))
    assert actions.ask_return(line=line, packs=1)
    other = sold()
    now.move_to(days.at(DAY + dt.timedelta(days=8), 0))
    with pytest.raises(ValidationError, match="期限"):
        actions.ask_return(line=other, packs=1)


def test_what_comes_back_opened_is_turned_away_with_its_reason(line, staff):
    one = actions.send_back(request=agreed(line, staff), carrier="顺丰", waybill="SF1234567890")
    one = actions.turn_away(request=one, by=staff, reason="已拆封")
    assert (one.state, one.closed_by) == ("refused", staff)
    assert not Refund.objects.exists()


def test_a_return_goes_its_way_through_the_pages(client, line):
    token = line.sale.token
    unticked = client.post(reverse("aftersales:return-new", args=[token, line.pk]), {"packs": "1"})
    assert "没拆封" in unticked.content.decode()
    client.post(reverse("aftersales:return-new", args=[token, line.pk]), {"packs": "1", "is_unopened": "on"})
    one = NoReasonReturn.objects.get()
    own = reverse("aftersales:return", args=[token, one.pk])
    early = client.post(own, {"carrier": "顺丰", "waybill": "SF1234567890"})
    assert early.status_code == 200
    client.force_login(f.make_user(cooperative=line.cooperative))
    desk = reverse("aftersales:cooperative-return", args=[one.pk])
    client.post(desk, {"verdict": "approve", "return_to": "尖山镇 谭先生 138****0000"})
    assert "尖山镇 谭先生" in client.get(own).content.decode()
    wrong = client.post(own, {"carrier": "顺丰", "waybill": "！"})
    assert "errorlist" in wrong.content.decode()
    client.post(own, {"carrier": "顺丰", "waybill": "SF1234567890"})
    assert "88.00" in client.get(desk).content.decode()
    client.post(desk, {"verdict": "approve", "is_sellable": "on"})
    one.refresh_from_db()
    assert (one.state, one.restocked, one.refund.goods_fen) == ("paid", 1, 8_800)
    assert "88.00" in client.get(own).content.decode()


@pytest.mark.parametrize("packs", ["0", "-1", "3", "1000000000", "abc", "", "\x00", "1.5", "9" * 5000])
def test_no_other_number_of_packs_is_asked_for(client, line, packs):
    address = reverse("aftersales:return-new", args=[line.sale.token, line.pk])
    answer = client.post(address, {"packs": packs, "is_unopened": "on"})
    assert answer.status_code == 200
    assert not NoReasonReturn.objects.exists()


# ── Flat in queries ──────────────────────────────────────────────────────────────────────────────────────────────────


def count(client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as caught:
        assert client.get(address).status_code == 200
    return len(caught)


@pytest.mark.parametrize("desk", ["/officials/after-sales/?show=open", "/cooperative/after-sales/"])
def test_a_desk_asks_as_much_for_ten_claims_as_for_one(client, line, staff, desk):
    client.force_login(staff if "officials" in desk else f.make_user(cooperative=line.cooperative))
    pack = line.pack

    def one_more() -> None:
        other = sold(pack)
        claimed(other)
        actions.ask_return(line=other, packs=1)

    one_more()
    one = count(client, desk)
    for _ in range(9):
        one_more()
    assert count(client, desk) == one


def test_an_order_asks_as_much_for_five_lines_as_for_one(client, now, db, staff):
    counts = []
    for n in (1, 5):
        packs = [(f.make_pack(), 1) for _ in range(n)]
        order = f.sell(*packs, on=DAY)
        for line in order.sale.lines.all():
            claimed(line)
            approve(claimed_of(line), staff)
        counts.append(count(client, reverse("orders:order", args=[order.sale.token])))
    assert counts[0] == counts[1]


def claimed_of(line: SaleLine) -> SpoilageClaim:
    return SpoilageClaim.objects.get(line=line)
