"""The project starts, and its foundations hold."""

import datetime as dt
import re

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from oscar.apps.catalogue.signals import product_viewed
from oscar.core.loading import get_class, get_model

from shop.catalogue.slugs import slug

User = get_user_model()


@pytest.mark.django_db
def test_two_people_with_a_mobile_number_alone_are_two_people():
    first = User.objects.create_user(mobile="13800138000")
    second = User.objects.create_user(mobile="13800138001", email="")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.email, second.email) == (None, None)
    assert str(first) == "138****8000"
    assert first.mobile.as_e164 == "+8613800138000"


@pytest.mark.django_db
def test_one_mobile_number_is_one_persons():
    User.objects.create_user(mobile="13800138000")
    with pytest.raises(IntegrityError):
        User.objects.create_user(mobile="+86 138 0013 8000")


@pytest.mark.django_db
def test_an_email_address_is_one_persons_however_it_is_spelled():
    User.objects.create_user("Buyer@Demo.Example", "secret")
    with pytest.raises(IntegrityError):
        User.objects.create_user("buyer@demo.example")


def test_somebody_without_email_and_mobile_cannot_sign_in_so_is_no_user():
    with pytest.raises(ValueError, match="an e-mail address or a mobile number"):
        User.objects.create_user()


def test_an_address_knows_its_city_and_speaks_of_mobiles():
    address = get_model("address", "UserAddress")(
        state="山东省", line4="泰安市", line3="泰山区", line1="东岳大街 1 号", area_code="370902", mobile="13805380001"
    )
    assert address.city_code == "370900"
    assert (address.mobile, str(address.phone_number)) == ("13805380001", "+8613805380001")
    assert address.in_full == "山东省 泰安市 泰山区 东岳大街 1 号"


@pytest.mark.django_db
def test_an_order_goes_where_the_address_book_says():
    book = get_model("address", "UserAddress")(
        line1="东岳大街 1 号", area_code="370902", mobile="13805380001", country_id="CN"
    )
    shipping = get_model("order", "ShippingAddress")()
    book.populate_alternative_model(shipping)
    shipping.save()
    shipping.refresh_from_db()
    assert (shipping.area_code, shipping.mobile, shipping.city_code) == ("370902", "13805380001", "370900")


@pytest.mark.parametrize("code", ["3709", "abcdef", "3709021"])
def test_what_is_no_district_is_refused_at_the_field(code):
    with pytest.raises(ValidationError) as refused:
        get_model("address", "UserAddress")(area_code=code).clean_fields(exclude=["user", "country", "line1"])
    assert list(refused.value.message_dict) == ["area_code"]


@pytest.mark.django_db
def test_order_numbers_tell_the_day_and_nothing_of_how_much_is_sold(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 23, 16, 30, tzinfo=dt.UTC))  # half past midnight in Shanghai
    numbers = {get_class("order.utils", "OrderNumberGenerator")().order_number() for _ in range(50)}
    assert len(numbers) == 50
    assert all(re.fullmatch(r"261124[0-9A-HJKMNP-TV-Z]{7}", number) for number in numbers)


def test_chinese_in_addresses_of_pages_is_spelled_and_short():
    assert slug("巫溪冬桃 5斤装") == "wu-xi-dong-tao-5-jin-zhuang"
    assert slug("，。！") == "x"
    assert len(slug("巫溪县高山晚熟冬桃" * 20)) <= 50


def test_looking_at_a_product_writes_nothing():
    signal = product_viewed.send(sender=None, product=None, user=None, request=None, response=None)
    assert [returned for _receiver, returned in signal] == [None]  # the history that is not kept; no counter
