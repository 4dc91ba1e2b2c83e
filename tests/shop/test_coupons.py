"""Coupons: a code in the basket, off the goods to the fen, as often as it may be used and no oftener."""

import datetime as dt
import threading

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import connection
from oscar.apps.order.utils import OrderCreator as Oscars

from shop import orders
from shop.basket import coupons
from shop.invariants import violations
from shop.models import Sale
from shop.order.exceptions import CouponGone
from shop.order.utils import OrderCreator
from suppliers.base import days
from tests import factories as f

pytestmark = [pytest.mark.django_db, pytest.mark.money]
NOBODY = AnonymousUser()


@pytest.fixture
def walnuts():
    return f.make_pack(price_fen=8_805)


@pytest.fixture
def honey():
    return f.make_pack(price_fen=3_333)


def basket_with(code: str, *wares):
    basket = f.make_basket(*wares)
    coupons.use(basket=basket, code=code, user=NOBODY)
    return basket


def order_of(basket, **fields):
    return orders.place(
        basket=basket,
        shipping_address=f.ShippingAddress(first_name="王女士", area_code=f.TAISHAN_DISTRICT, country_id="CN"),
        shipping_method=f.ByWeight(f.TAISHAN_DISTRICT),
        city_code=f.TAIAN,
        **fields,
    )


def test_a_percentage_comes_off_each_line_in_whole_fen(walnuts, honey):
    f.make_coupon(percent=10)
    basket = basket_with("tao 10", (walnuts, 1), (honey, 1))
    # 10 % of 88.05 is 8.805, half up 8.81; of 33.33 it is 3.333, 3.33. Left: 79.24 and 30.00.
    assert coupons.given(basket)[0]["fen"] == 881 + 333
    order = order_of(basket)
    assert dict(order.sale.lines.values_list("sku", "goods_fen")) == {walnuts.sku: 7_924, honey.sku: 3_000}
    assert order.sale.goods_fen == 10_924
    # Freight is not touched: two parcels, 2.65 kg each, 3 begun: 5.20 + 2 × 1.20 = 7.60.
    assert (order.sale.freight_fen, str(order.total_incl_tax)) == (1_520, "124.44")
    assert list(violations()) == []


def test_an_amount_is_shared_by_price_and_the_parts_sum_to_it(walnuts, honey):
    f.make_coupon(yuan=10)
    order = order_of(basket_with("TAO10", (walnuts, 1), (honey, 2)))
    # Shared from the cheaper on, rounded down: 66.66 / 154.71 × 10 = 4.3087, 4.30; the rest, 5.70, is the other's.
    assert dict(order.sale.lines.values_list("sku", "goods_fen")) == {honey.sku: 6_236, walnuts.sku: 8_235}
    assert order.sale.goods_fen == 15_471 - 1_000
    assert list(violations()) == []


def test_a_refund_gives_back_what_was_paid_and_not_the_price(walnuts, honey):
    f.make_coupon(percent=10)
    order = order_of(basket_with("TAO10", (walnuts, 1), (honey, 1)))
    f.pay(order)
    line = order.sale.lines.get(pack=walnuts)
    with pytest.raises(ValidationError):
        f.give_back(order, on=days.today(), g=line.net_g, fen=8_805, line=line)
    f.give_back(order, on=days.today(), g=line.net_g, fen=7_924, line=line)
    order.sale.refresh_from_db()
    assert order.sale.refunded_goods_fen == 7_924
    assert list(violations()) == []


def test_goods_may_cost_nothing_and_the_freight_is_still_paid(honey):
    f.make_coupon(percent=100)
    order = order_of(basket_with("TAO10", (honey, 1)))
    assert (order.sale.goods_fen, order.sale.freight_fen) == (0, 760)
    assert f.pay(order).applied
    assert orders.cancel(order=order, reason="x")
    assert list(violations()) == []


@pytest.mark.parametrize(
    ("code", "terms", "message"),
    [
        ("", {}, "请填写优惠码"),
        ("NIX", {}, "没有这个优惠码"),
        ("TAO10", {"end_datetime": days.now() - dt.timedelta(hours=1)}, "已于"),
        ("TAO10", {"start_datetime": days.now() + dt.timedelta(hours=1)}, "才能使用"),
        ("TAO10", {"usage": "Once per customer"}, "请先登录"),
        ("\x00'; --", {}, "没有这个优惠码"),
        ("9" * 5_000, {}, "没有这个优惠码"),
    ],
)
def test_what_is_wrong_with_a_code_is_said(walnuts, code, terms, message):
    f.make_coupon(percent=10, **terms)
    basket = f.make_basket((walnuts, 1))
    with pytest.raises(ValidationError, match=message):
        coupons.use(basket=basket, code=code, user=NOBODY)
    assert not basket.vouchers.exists()


def test_a_coupon_for_other_goods_does_not_go_in(walnuts, honey):
    f.make_coupon(percent=10, products=[honey.product])
    basket = f.make_basket((walnuts, 1))
    with pytest.raises(ValidationError, match="不适用"):
        coupons.use(basket=basket, code="TAO10", user=NOBODY)
    assert not basket.vouchers.exists()
    assert coupons.given(basket) == []


def test_a_coupon_for_one_use_is_used_once_and_comes_back_with_the_order(walnuts):
    voucher = f.make_coupon(percent=10, usage="Single use")
    late = basket_with("TAO10", (walnuts, 1))
    order = order_of(basket_with("TAO10", (walnuts, 1)))
    with pytest.raises(ValidationError, match="用过"):
        basket_with("TAO10", (walnuts, 1))
    with pytest.raises(CouponGone):
        order_of(late)
    assert (Sale.objects.count(), walnuts.product.stockrecords.get().num_allocated) == (1, 1)
    assert orders.cancel(order=order, reason="x")
    voucher.refresh_from_db()
    assert (voucher.num_orders, voucher.total_discount, voucher.applications.count()) == (0, 0, 0)
    basket_with("TAO10", (walnuts, 1))


def test_a_coupon_that_gives_nothing_any_more_is_not_used_up(walnuts, honey):
    voucher = f.make_coupon(percent=10, products=[honey.product], usage="Single use")
    basket = basket_with("TAO10", (walnuts, 1), (honey, 1))
    basket.lines.get(product=honey.product).delete()
    coupons.apply(basket, user=NOBODY)
    order = order_of(basket)
    assert order.sale.goods_fen == 8_805
    assert not voucher.applications.exists()


def test_a_customer_uses_once_what_is_once_for_a_customer(walnuts):
    f.make_coupon(percent=10, usage="Once per customer")
    buyer = f.make_user()
    for fails in (False, True):
        basket = f.make_basket((walnuts, 1), user=buyer)
        if fails:
            with pytest.raises(ValidationError, match="用过"):
                coupons.use(basket=basket, code="TAO10", user=buyer)
        else:
            coupons.use(basket=basket, code="TAO10", user=buyer)
            order_of(basket, user=buyer)


def all_at_once(baskets) -> int:
    ready, worked = threading.Barrier(len(baskets)), []

    def buy(basket):
        ready.wait()
        try:
            worked.append(order_of(basket))
        except CouponGone:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=buy, args=[basket]) for basket in baskets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(worked)


@pytest.mark.django_db(transaction=True)
def test_of_eight_buyers_at_once_three_use_a_coupon_for_three(walnuts):
    voucher = f.make_coupon(percent=10, uses=3)
    assert all_at_once([basket_with("TAO10", (walnuts, 1)) for _ in range(8)]) == 3
    assert voucher.offers.get().num_applications == Sale.objects.count() == 3
    with pytest.raises(ValidationError, match="用完"):
        basket_with("TAO10", (walnuts, 1))
    assert list(violations()) == []


@pytest.mark.django_db(transaction=True)
def test_with_oscars_own_counting_all_eight_would(walnuts, monkeypatch):
    f.make_coupon(percent=10, uses=3)
    monkeypatch.setattr(OrderCreator, "record_discount", Oscars.record_discount)
    assert all_at_once([basket_with("TAO10", (walnuts, 1)) for _ in range(8)]) == 8
