"""A harvest is declared, sold ahead, and served or paid back when it is in."""

import datetime as dt

import pytest
import time_machine
from django.core.exceptions import ValidationError
from oscar.core.loading import get_class

import suppliers.actions
from shop import invariants, orders
from shop.models import Refund, Sale
from shop.preorders import actions
from shop.preorders.models import Presale
from suppliers.base import days
from suppliers.models import SupplyDeclaration
from tests import factories as f

pytestmark = [pytest.mark.django_db, pytest.mark.stock]

OutOfStock = get_class("partner.exceptions", "OutOfStock")
DAY = dt.timedelta(days=1)
SOON = days.today() + 30 * DAY


@pytest.fixture
def peaches():
    """Boxes of 2.5 kg at 68 yuan, sold out until the harvest."""
    produce = f.make_produce(code="DT01", name="巫溪冬桃", category="fruit", harvest_from="09-20", harvest_to="11-15")
    return f.make_pack(produce, price_fen=6_800, in_stock=0)


def declare(pack, g: int = 100_000, *, starts_on=SOON, ends_on=SOON + 9 * DAY, **fields) -> SupplyDeclaration:
    """Ten days of 10 kg unless told otherwise."""
    return suppliers.actions.declare_supply(produce=pack.produce, g=g, starts_on=starts_on, ends_on=ends_on, **fields)


def sell_ahead(pack, *, ships_from=SOON, price_fen: int = 6_800) -> Presale:
    closes_at = days.at(ships_from - DAY, 0)
    return actions.open_presale(of=pack, ships_from=ships_from, closes_at=closes_at, price_fen=price_fen)


def close(presale: Presale) -> None:
    Presale.objects.filter(pk=presale.pk).update(closes_at=days.now())


def paid(presale: Presale, boxes: int):
    order = f.place_order((presale.pack, boxes))
    f.pay(order)
    return order


def refunded(order) -> tuple[int, int]:
    sale = Sale.objects.get(order=order)
    return sale.refunded_goods_fen, sale.refunded_freight_fen


def test_half_of_what_the_week_brings_can_be_ordered_and_no_more(peaches):
    # Seven of ten days bring 70 kg, half of it is 35 kg: 14 boxes.
    declare(peaches)
    presale = sell_ahead(peaches)
    assert presale.quota == 14
    paid(presale, 10)
    with pytest.raises(OutOfStock):
        f.place_order((presale.pack, 5))
    paid(presale, 4)


def test_without_a_declared_harvest_nothing_is_sold_ahead(peaches):
    with pytest.raises(ValidationError) as refused:
        sell_ahead(peaches)
    assert "ships_from" in refused.value.error_dict
    assert not Presale.objects.exists()
    assert peaches.produce.packs.count() == 1


def test_two_packs_of_one_harvest_share_it(peaches):
    declare(peaches)
    sell_ahead(peaches)  # 14 boxes of 2.5 kg: the whole 35 kg
    big = f.make_pack(peaches.produce, spec="10斤装", net_g=5_000, gross_g=5_700, in_stock=0)
    assert actions.quota_of(big, SOON) == 0


def test_the_same_pack_is_not_sold_ahead_twice_for_a_week(peaches):
    declare(peaches)
    sell_ahead(peaches)
    with pytest.raises(ValidationError):
        sell_ahead(peaches)


@pytest.mark.parametrize("closes_in", [-1, 31])
def test_orders_end_between_now_and_the_first_day_of_shipping(peaches, closes_in):
    declare(peaches)
    with pytest.raises(ValidationError) as refused:
        actions.open_presale(
            of=peaches, ships_from=SOON, closes_at=days.at(days.today() + closes_in * DAY, 12), price_fen=1
        )
    assert "closes_at" in refused.value.error_dict


def test_a_smaller_declaration_lowers_the_quota_but_never_below_what_is_sold(peaches):
    first = declare(peaches)
    presale = sell_ahead(peaches)
    paid(presale, 5)
    # 20 kg in ten days: 14 kg in the week, 7 kg to sell: 2 boxes, and 5 are sold.
    declare(peaches, 20_000, replaces=first)
    actions.follow_declarations(produce=peaches.produce)
    presale.refresh_from_db()
    stock = presale.pack.product.stockrecords.get()
    assert (presale.quota, stock.num_in_stock, stock.net_stock_level) == (2, 5, 0)


def test_a_declaration_is_replaced_once(peaches):
    first = declare(peaches)
    declare(peaches, 20_000, replaces=first)
    with pytest.raises(ValidationError):
        declare(peaches, 30_000, replaces=first)
    assert SupplyDeclaration.objects.count() == 2
    assert actions.declared_g(peaches.produce, SOON, SOON + 9 * DAY) == 20_000


def test_when_too_little_comes_in_the_last_to_pay_are_paid_back_with_their_freight(peaches):
    declare(peaches)
    presale = sell_ahead(peaches)
    early, middle, late = paid(presale, 2), paid(presale, 3), paid(presale, 1)
    close(presale)
    shares = actions.settle(presale=presale, packs=4)
    assert [(one.sent, one.missing) for one in shares] == [(2, 0), (2, 1), (0, 1)]
    assert refunded(early) == (0, 0)
    # Three boxes of 2.65 kg weigh 7.95 kg: 5.20 + 7 × 1.20 = 13.60; a third of it is 4.53.
    assert refunded(middle) == (6_800, 453)
    # One box of 2.65 kg: 5.20 + 2 × 1.20 = 7.60.
    assert refunded(late) == (6_800, 760)
    assert orders.Order.objects.get(pk=late.pk).status == orders.REFUNDED
    assert list(invariants.violations()) == []


def test_a_harvest_is_entered_once(peaches):
    declare(peaches)
    presale = sell_ahead(peaches)
    paid(presale, 2)
    close(presale)
    actions.settle(presale=presale, packs=1)
    with pytest.raises(ValidationError):
        actions.settle(presale=presale, packs=0)
    assert Refund.objects.count() == 1


def test_the_harvest_is_not_entered_while_orders_are_taken(peaches):
    declare(peaches)
    presale = sell_ahead(peaches)
    with pytest.raises(ValidationError):
        actions.settle(presale=presale, packs=10)


def test_nothing_leaves_before_the_harvest_is_entered_and_then_only_what_is_left_of_the_line(peaches):
    declare(peaches)
    presale = sell_ahead(peaches)
    order = paid(presale, 3)
    close(presale)
    with pytest.raises(ValidationError):
        f.dispatch(order, on=days.today())
    actions.settle(presale=presale, packs=2)
    (shipment,) = f.dispatch(order, on=days.today())
    assert shipment.net_g == 5_000
    stock = presale.pack.product.stockrecords.get()
    assert (stock.num_in_stock, stock.num_allocated) == (0, 0)
    assert list(invariants.violations()) == []


def test_of_a_harvest_that_is_shared_out_as_much_is_in_store_as_is_sent(peaches):
    declare(peaches)
    presale = sell_ahead(peaches)
    first, second = paid(presale, 4), paid(presale, 3)
    stock = presale.pack.product.stockrecords.get()
    assert (stock.num_in_stock, stock.num_allocated) == (14, 7)
    close(presale)
    actions.settle(presale=presale, packs=5)  # four for the first, one of three for the second
    stock.refresh_from_db()
    assert (stock.num_in_stock, stock.num_allocated) == (5, 5)
    f.dispatch(second, on=days.today())
    stock.refresh_from_db()
    assert (stock.num_in_stock, stock.num_allocated) == (4, 4)
    f.dispatch(first, on=days.today())
    stock.refresh_from_db()
    assert (stock.num_in_stock, stock.num_allocated) == (0, 0)
    assert list(invariants.violations()) == []


def test_what_is_over_leaves_the_shelf(peaches):
    declare(peaches)
    presale = sell_ahead(peaches)
    assert actions.close_due() == 0
    close(presale)
    assert actions.close_due() == 1
    assert not Presale.objects.open_at(days.now()).exists()


def test_what_was_not_sent_a_week_after_its_week_is_paid_back(peaches):
    declare(peaches)
    presale = sell_ahead(peaches)
    order = paid(presale, 2)
    last_day = days.today() - 7 * DAY
    Presale.objects.filter(pk=presale.pk).update(
        closes_at=days.now() - 20 * DAY, ships_from=last_day - 6 * DAY, ships_to=last_day
    )
    assert actions.give_up_overdue() == 0
    Presale.objects.filter(pk=presale.pk).update(ships_to=last_day - DAY)
    assert actions.give_up_overdue() == 1
    sale = Sale.objects.get(order=order)
    assert sale.refunded_fen == sale.total_fen
    assert actions.give_up_overdue() == 0


# ── Pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def at_the_desk(client, peaches):
    client.force_login(f.make_user(cooperative=peaches.produce.cooperative))
    return client


def test_a_cooperative_declares_a_harvest_and_sells_it_ahead(at_the_desk, peaches):
    at = "/cooperative/supply/declare"
    days_of_picking = {"starts_on": f"{SOON:%Y.%m.%d}", "ends_on": f"{SOON + 9 * DAY:%Y.%m.%d}"}
    for step, answers in [
        ("what", {"what": peaches.produce.pk}),
        ("variety", {}),
        ("amount", {"weight": "２００", "weight_unit": "jin"}),
        ("when", days_of_picking),
        ("price", {"price_unit": "jin"}),
        ("sure", {"confidence": "likely"}),
    ]:
        assert at_the_desk.post(f"{at}/{step}/", answers).status_code == 302
    assert at_the_desk.post(f"{at}/check/").status_code == 302
    asked = {
        "of": peaches.pk,
        "ships_from": f"{SOON:%Y-%m-%d}",
        "closes_on": f"{SOON - 2 * DAY:%Y-%m-%d}",
        "price": "68",
    }
    shown = at_the_desk.post("/cooperative/presales/new/", asked)
    assert shown.context["quota"] == 14
    assert not Presale.objects.exists()
    assert at_the_desk.post("/cooperative/presales/new/", asked | {"confirmed": "1"}).status_code == 302
    presale = Presale.objects.get()
    assert (presale.quota, presale.closes_at) == (14, days.at(SOON - DAY, 0))
    assert "14" in at_the_desk.get("/cooperative/presales/").content.decode()


def test_a_cooperative_sees_who_gets_what_before_it_happens(at_the_desk, peaches):
    declare(peaches)
    presale = sell_ahead(peaches)
    paid(presale, 2)
    page = f"/cooperative/presales/{presale.pk}/"
    close(presale)
    # Two boxes of 2.65 kg: 5.20 + 5 × 1.20 = 11.20 of freight; half of it goes back with 68.00.
    shown = at_the_desk.post(page, {"packs": "1"})
    assert shown.context["preview"] == {"whole": 0, "part": 1, "none": 0, "back_fen": 7_360}
    assert not Refund.objects.exists()
    assert at_the_desk.post(page, {"packs": "1", "confirmed": "1"}).status_code == 302
    assert at_the_desk.post(page, {"packs": "0", "confirmed": "1"}).status_code == 302
    assert Refund.objects.count() == 1


@pytest.mark.parametrize("packs", ["", "-1", "viele", "99999999999999999999", "1\x00"])
def test_a_count_that_is_none_is_asked_for_again(at_the_desk, peaches, packs):
    declare(peaches)
    presale = sell_ahead(peaches)
    close(presale)
    shown = at_the_desk.post(f"/cooperative/presales/{presale.pk}/", {"packs": packs, "confirmed": "1"})
    assert shown.status_code in (200, 400)
    presale.refresh_from_db()
    assert presale.settled_at is None


def test_another_cooperatives_presale_is_not_found(client, peaches):
    declare(peaches)
    presale = sell_ahead(peaches)
    client.force_login(f.make_user(cooperative=f.make_cooperative()))
    assert client.get(f"/cooperative/presales/{presale.pk}/").status_code == 404


def test_home_shows_what_can_be_ordered_ahead_until_its_orders_end(client, peaches):
    declare(peaches)
    presale = sell_ahead(peaches)
    page = client.get("/").content.decode()
    assert "提前预订" in page
    assert f"{SOON.month}月{SOON.day}日起发" in page
    assert 'href="/preorders/"' in page
    with time_machine.travel(presale.closes_at, tick=False):
        assert "提前预订" not in client.get("/").content.decode()


def test_buyers_see_what_is_still_on_the_tree_in_as_many_queries_for_one_as_for_ten(
    client, peaches, django_assert_max_num_queries
):
    declare(peaches, 10_000_000, ends_on=SOON + 99 * DAY)
    sell_ahead(peaches)
    with django_assert_max_num_queries(8) as one:
        assert f"预售，{SOON.month}月{SOON.day}日起发" in client.get("/preorders/").content.decode()
    for week in range(1, 10):
        sell_ahead(peaches, ships_from=SOON + 7 * week * DAY)
    with django_assert_max_num_queries(8) as ten:
        client.get("/preorders/")
    assert len(one.captured_queries) == len(ten.captured_queries)


# ── Buying ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def put_in(client, pack, quantity: int = 1, **fields):
    return client.post(f"/basket/add/{pack.pk}/", {"quantity": quantity} | fields)


DELIVERY = {
    "name": "王女士",
    "mobile": "13805380001",
    "province": "370000",
    "city": "370900",
    "district": "370902",
    "street": "东岳大街 1 号",
    "is_fresh_confirmed": "on",
    "delivery": "parcel",
    "place": "1",
}


def test_what_is_sold_ahead_is_ordered_like_anything_else_and_says_its_week(client, peaches):
    declare(peaches)
    presale = sell_ahead(peaches)
    page = client.get(presale.pack.product.get_absolute_url()).content.decode()
    assert f"{SOON.month}月{SOON.day}日" in page
    put_in(client, presale.pack, 2)
    asked = client.get("/checkout/")
    answer = client.post("/checkout/", DELIVERY | {"basket": asked.context["basket_key"]})
    assert answer.status_code == 302, answer.context["form"].errors
    sale = Sale.objects.get()
    # Sent by the last of its seven days, three days on the way to Shandong.
    assert sale.expected_on == SOON + 6 * DAY + 3 * DAY
    assert [line.quantity for line in sale.lines.all()] == [2]


def test_no_truck_is_offered_for_what_is_sold_ahead(client, peaches):
    declare(peaches)
    presale = sell_ahead(peaches)
    f.make_stop(f.make_departure(is_refrigerated=True))
    put_in(client, presale.pack)
    ways = client.get("/checkout/").context["ways"]
    assert (ways.trucks, ways.counters) == ([], [])


def test_goods_of_different_weeks_are_ordered_apart(client, peaches):
    declare(peaches, 1_000_000)
    first, second = sell_ahead(peaches), sell_ahead(peaches, ships_from=SOON + 7 * DAY)
    walnuts = f.make_pack(f.make_produce(peaches.produce.cooperative))
    put_in(client, first.pack)
    for other in (second.pack, walnuts):
        refused = put_in(client, other)
        assert refused.status_code == 200
        assert "预售" in refused.context["error"]
    assert len(client.get("/basket/").context["parcels"][0].items) == 1


def test_a_basket_that_was_put_together_all_the_same_is_not_bought(client, peaches):
    declare(peaches)
    presale = sell_ahead(peaches)
    walnuts = f.make_pack()
    user = f.make_user()
    f.make_basket((presale.pack, 1), (walnuts, 1), user=user)
    client.force_login(user)
    page = client.get("/basket/")
    assert not page.context["is_buyable"]
    assert client.get("/checkout/")["Location"] == "/basket/"


def test_what_has_ended_is_not_sold_and_its_page_leads_to_what_it_was_of(client, peaches):
    declare(peaches)
    presale = sell_ahead(peaches)
    put_in(client, presale.pack)
    close(presale)
    assert not client.get("/basket/").context["is_buyable"]
    assert put_in(client, presale.pack).context["error"]
    actions.close_due()
    address = presale.pack.product.get_absolute_url()
    assert client.get(address)["Location"] == peaches.product.get_absolute_url()
