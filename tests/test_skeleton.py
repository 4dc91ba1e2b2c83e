"""The project starts, and its foundations hold."""

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError

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
