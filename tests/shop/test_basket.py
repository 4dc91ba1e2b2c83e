import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from oscar.core.loading import get_class, get_model

from tests import factories as f

Basket = get_model("basket", "Basket")
pytestmark = pytest.mark.django_db


@pytest.fixture
def basket():
    basket = Basket.objects.create()
    basket.strategy = get_class("partner.strategy", "Selector")().strategy()
    return basket


def test_a_frozen_basket_thaws(basket):
    basket.freeze()
    assert Basket.objects.get().status == Basket.FROZEN
    basket.thaw()
    assert Basket.objects.get().status == Basket.OPEN


def test_a_basket_that_became_an_order_is_not_opened_again(basket):
    basket.freeze()
    Basket.objects.update(status=Basket.SUBMITTED)  # the payment arrived meanwhile
    basket.thaw()
    assert basket.status == Basket.SUBMITTED
    assert Basket.objects.get().status == Basket.SUBMITTED


@pytest.mark.parametrize("quantity", [0, -1, 10**9])
def test_what_is_no_quantity_does_not_get_into_a_basket(basket, quantity):
    with pytest.raises(ValueError, match="no quantity"):
        basket.add(f.make_pack().product, quantity)
    assert basket.is_empty


def test_the_price_in_the_stock_record_is_what_is_paid(basket):
    basket.add(f.make_pack(price_fen=8_801).product, 3)
    assert str(basket.total_incl_tax) == "264.03"
    assert str(basket.total_tax) == "0.00"


def test_freight_weighs_each_cooperatives_part_alone(basket):
    basket.add(f.make_pack(gross_g=2_650).product, 2)  # 5.3 kg, billed 6: 5.20 + 5 × 1.20 = 11.20
    basket.add(f.make_pack(net_g=800, gross_g=900).product, 1)  # another's, billed 1: 5.20
    repository = get_class("shipping.repository", "Repository")()
    (method,) = repository.get_shipping_methods(basket, f.ShippingAddress(area_code="370902"))
    assert str(method.calculate(basket).incl_tax) == "16.40"
    assert repository.get_shipping_methods(basket, f.ShippingAddress(area_code="710100")) == []


def test_ten_lines_take_as_many_queries_as_one():
    def queries_for(lines: int) -> int:
        basket = Basket.objects.create()
        basket.strategy = get_class("partner.strategy", "Selector")().strategy()
        for _ in range(lines):
            basket.add(f.make_pack().product, 1)
        basket = Basket.objects.get(pk=basket.pk)
        basket.strategy = get_class("partner.strategy", "Selector")().strategy()
        with CaptureQueriesContext(connection) as seen:
            assert basket.total_incl_tax == lines * 88
            get_class("shipping.repository", "Repository")().get_shipping_methods(basket)[0].calculate(basket)
            assert not any(line.get_warning() for line in basket.all_lines())
        return len(seen)

    assert queries_for(10) == queries_for(1)
