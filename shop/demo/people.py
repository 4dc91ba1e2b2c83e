"""The demo's sign-ins, one or more for each role. Their password is in the README; production has no such users."""

import datetime as dt

from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction

from suppliers.base import access
from suppliers.models import Cooperative, CooperativeStaff, Township, TownshipStaff

PASSWORD = "wuxi-direct-demo"
TOWNSHIP = "500238110"  # 峰灵镇
SINCE = dt.date(2019, 1, 1)

BUYERS = [("buyer", "王先生"), ("buyer2", "李女士"), ("canteen", "泰安市某机关食堂")]
OFFICES = [
    (access.OFFICIAL, "商务委 阅读"),
    (access.REVIEWER, "商务委 复审"),
    (access.FINANCE, "财政 审定"),
    (access.TOWNSHIP, "峰灵镇 初审"),
    (access.AUDITOR, "审计"),
    (access.TAIAN, "泰安 协作办"),
]


def email(name: str) -> str:
    return f"{name}@demo.example"


@transaction.atomic
def load() -> None:
    """Make the users, roles and posts that are missing."""
    password = make_password(PASSWORD)  # hashed once: it is slow on purpose
    for name, full_name in BUYERS:
        make_user(name, full_name, password)
    for role, full_name in OFFICES:
        make_user(role, full_name, password).groups.add(Group.objects.get_or_create(name=role)[0])
    TownshipStaff.objects.get_or_create(
        user=get_user_model().objects.get(email=email(access.TOWNSHIP)),
        defaults={"township": Township.objects.get(pk=TOWNSHIP)},
    )
    make_user("staff", "县运营中心", password, is_staff=True, is_superuser=True)
    for cooperative in Cooperative.objects.all():
        user = make_user(cooperative.code.lower(), cooperative.name.removeprefix("示例·"), password)
        CooperativeStaff.objects.get_or_create(user=user, cooperative=cooperative, defaults={"starts_on": SINCE})


def make_user(name: str, full_name: str, password: str, **flags):
    """The user `name`@demo.example, who is made where he is missing."""
    users = get_user_model().objects
    user = users.filter(email=email(name)).first()
    if user is None:
        user = users.create(email=email(name), last_name=full_name, password=password, **flags)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user
