"""A cooperative joins: who may decide when, what is kept of it, and what becomes of it."""

import datetime as dt
import io

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from suppliers import joining
from suppliers.base import access, days
from suppliers.models import Application, Cooperative, CooperativeStaff, CooperativeStep, Invitation

from .. import factories as make

pytestmark = pytest.mark.django_db

MONDAY = dt.datetime(2026, 11, 30, 2, tzinfo=dt.UTC)  # 10 o'clock in Wuxi


def picture() -> SimpleUploadedFile:
    written = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(written, "PNG")
    return SimpleUploadedFile("licence.png", written.getvalue(), content_type="image/png")


def posted(**fields) -> dict:
    return {
        "name": "示例·谭家村桃子专业合作社",
        "kind": "cooperative",
        "uscc": make.credit_code(),
        "village": make.make_village().pk,
        "contact": "谭女士",
        "mobile": "138 0013 8000",
        "licence": picture(),
    } | fields


# ── Days ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (dt.date(2026, 11, 30), dt.date(2026, 12, 9)),  # Monday: Tue Wed Thu Fri Mon Tue Wed
        (dt.date(2026, 11, 27), dt.date(2026, 12, 8)),  # Friday: Mon Tue Wed Thu Fri Mon Tue
        (dt.date(2026, 11, 28), dt.date(2026, 12, 8)),  # Saturday
        (dt.date(2026, 12, 25), dt.date(2027, 1, 6)),  # Friday: Mon–Thu, New Year's Friday is none, Mon Tue Wed
    ],
)
def test_a_notice_lasts_seven_days_on_which_people_work(day, last):
    assert days.after_working_days(day, 7) == last


# ── The whole way ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_application_goes_to_township_county_and_notice_and_is_a_cooperative_the_day_after_it(client):
    applicant, official, staff = make.make_user(), make.make_township_official(), make.make_user(is_staff=True)
    with time_machine.travel(MONDAY, tick=False):
        client.force_login(applicant)
        data = posted(send="yes")
        client.post(reverse("joining:apply"), data)
        application = Application.objects.get()
        assert (application.state, application.applicant) == ("submitted", applicant)
        page = reverse("application", args=[application.application_no])
        client.force_login(official)
        client.post(page, {"pass": "yes"})
        client.force_login(staff)
        client.post(page, {"pass": "yes"})
        application.refresh_from_db()
        assert (application.state, application.notice_until) == ("on_notice", dt.date(2026, 12, 9))
        assert joining.activate_due() == 0
    with time_machine.travel(dt.datetime(2026, 12, 9, 15, 59, tzinfo=dt.UTC), tick=False):
        assert joining.activate_due() == 0  # the last day, 23:59 in Wuxi
    with time_machine.travel(dt.datetime(2026, 12, 9, 16, 1, tzinfo=dt.UTC), tick=False):
        assert joining.activate_due() == 1
        assert joining.activate_due() == 0
        application.refresh_from_db()
        cooperative = application.cooperative
        assert (cooperative.name, cooperative.uscc) == (data["name"], data["uscc"])
        assert cooperative.partner.code == cooperative.code
        assert access.role_at(applicant, cooperative) == access.OWNER
    steps = list(application.steps.values_list("kind", "stage", "by"))
    assert steps == [
        ("submitted", "applicant", applicant.pk),
        ("township_passed", "township", official.pk),
        ("county_passed", "county", staff.pk),
        ("active", "notice", None),
    ]


def test_codes_of_new_cooperatives_go_on_after_the_last():
    make.make_cooperative("C12")
    make.make_cooperative("C07")
    with time_machine.travel(MONDAY, tick=False):
        make.make_application(state="on_notice")
        make.make_application(state="on_notice", uscc=make.credit_code())
    with time_machine.travel(MONDAY + dt.timedelta(days=30), tick=False):
        assert joining.activate_due() == 2
    assert set(Cooperative.objects.values_list("code", flat=True)) == {"C07", "C12", "C13", "C14"}


def test_one_that_cannot_join_does_not_keep_the_others_waiting():
    with time_machine.travel(MONDAY, tick=False):
        broken, good = (make.make_application(state="on_notice") for _n in range(2))
    taken = make.make_cooperative()
    Cooperative.objects.filter(pk=taken.pk).update(uscc=broken.uscc)
    with time_machine.travel(MONDAY + dt.timedelta(days=30), tick=False):
        assert joining.activate_due() == 1
    good.refresh_from_db()
    broken.refresh_from_db()
    assert (good.state, broken.state) == ("active", "on_notice")


def test_what_is_sent_back_keeps_its_number_and_goes_the_whole_way_again():
    application = make.make_application(state="township_passed")
    number = application.application_no
    application = joining.send_back(application=application, by=make.make_user(is_staff=True), reason="执照照片看不清")
    application.refresh_from_db()
    assert (application.state, application.steps.last().reason) == ("returned", "执照照片看不清")
    application = joining.submit(application=application, by=application.applicant)
    application.refresh_from_db()
    assert (application.state, application.application_no) == ("submitted", number)


@pytest.mark.parametrize("decide", [joining.send_back, joining.reject])
def test_nothing_is_turned_down_without_a_reason(decide):
    application = make.make_application()
    with pytest.raises(ValidationError):
        decide(application=application, by=make.make_township_official(application.village), reason="  ")
    application.refresh_from_db()
    assert application.state == "submitted"


def test_an_objection_keeps_it_from_joining_until_it_is_dismissed():
    staff = make.make_user(is_staff=True)
    with time_machine.travel(MONDAY, tick=False):
        application = make.make_application(state="on_notice")
        application = joining.object_to(application=application, by=staff, reason="有人反映地址不实")
    with time_machine.travel(MONDAY + dt.timedelta(days=30), tick=False):
        assert joining.activate_due() == 0
        application = joining.dismiss_objection(application=application, by=staff, reason="已实地核实")
        assert joining.activate_due() == 1


def test_the_county_may_let_a_notice_last_longer_and_not_shorter():
    with time_machine.travel(MONDAY, tick=False):
        application, staff = make.make_application(state="township_passed"), make.make_user(is_staff=True)
        with pytest.raises(ValidationError):
            application = joining.pass_on(application=application, by=staff, notice_until=dt.date(2026, 12, 8))
        application = joining.pass_on(application=application, by=staff, notice_until=dt.date(2026, 12, 18))
    application.refresh_from_db()
    assert application.notice_until == dt.date(2026, 12, 18)


# ── Who may not decide ───────────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_decides_at_two_stages():
    application = make.make_application()
    both = make.make_township_official(application.village)
    both.is_staff = True
    both.save()
    application = joining.pass_on(application=application, by=both)
    with pytest.raises(joining.NotYours):
        joining.pass_on(application=application, by=both)
    application.refresh_from_db()
    assert application.state == "township_passed"


def test_nobody_decides_on_his_own_application():
    official = make.make_township_official()
    application = make.make_application(by=official)
    with pytest.raises(joining.NotYours):
        application = joining.pass_on(application=application, by=official)


def test_another_township_and_a_staff_member_without_a_township_do_not_decide_at_the_townships_stage():
    application = make.make_application()
    elsewhere = make.make_township_official(make.make_village("500238110202"))
    for somebody in (elsewhere, make.make_user(is_staff=True), make.make_user()):
        with pytest.raises(joining.NotYours):
            application = joining.pass_on(application=application, by=somebody)


def test_two_decisions_at_once_are_one():
    application = make.make_application()
    official = make.make_township_official(application.village)
    stale = Application.objects.get(pk=application.pk)
    joining.pass_on(application=application, by=official)
    with pytest.raises(joining.AlreadyDecided):
        joining.reject(application=stale, by=official, reason="晚了一步")


def test_steps_are_never_edited():
    step = make.make_application().steps.get()
    with pytest.raises(DatabaseError), transaction.atomic():
        step.delete()
    step.reason = "另一个说法"
    with pytest.raises(DatabaseError), transaction.atomic():
        step.save()


# ── The applicant's pages ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_draft_may_be_empty_and_is_finished_later(client):
    client.force_login(make.make_user())
    client.post(reverse("joining:apply"), {"kind": "company"})
    application = Application.objects.get()
    assert application.state == "draft"
    refused = client.post(
        reverse("joining:edit", args=[application.application_no]), {"kind": "company", "send": "yes"}
    )
    assert set(refused.context["form"].errors) == {"name", "uscc", "village", "contact", "mobile", "licence"}
    client.post(reverse("joining:edit", args=[application.application_no]), posted(send="yes"))
    application.refresh_from_db()
    assert application.state == "submitted"


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("uscc", "93500238MA0000001X"),  # the check digit is wrong
        ("uscc", "9" * 400),
        ("mobile", "12345"),
        ("mobile", "1" * 4000),
        ("village", "1" * 30),
        ("village", "' or 1=1"),
        ("kind", "bank"),
        ("name", "字" * 81),
        ("licence", SimpleUploadedFile("x.jpg", b"GIF89a no picture")),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_sent_in(client, field, text):
    client.force_login(make.make_user())
    refused = client.post(reverse("joining:apply"), posted(send="yes", **{field: text}))
    assert refused.status_code == 200
    assert field in refused.context["form"].errors
    assert not Application.objects.exclude(state="draft").exists()


def test_a_credit_code_is_applied_for_once(client):
    first = make.make_application()
    make.make_cooperative()
    client.force_login(make.make_user())
    for taken in (first.uscc, f" {first.uscc.lower()[:8]} {first.uscc.lower()[8:]}"):
        refused = client.post(reverse("joining:apply"), posted(send="yes", uscc=taken))
        assert "uscc" in refused.context["form"].errors
        Application.objects.filter(state="draft").delete()


def test_what_is_sent_back_stays_complete_while_it_is_changed(client):
    application = make.make_application()
    application = joining.send_back(
        application=application, by=make.make_township_official(application.village), reason="请补充联系人"
    )
    client.force_login(application.applicant)
    refused = client.post(reverse("joining:edit", args=[application.application_no]), posted(name=""))
    assert "name" in refused.context["form"].errors
    application.refresh_from_db()
    assert application.name


def test_contact_mobile_and_licence_are_not_readable_in_the_database():
    application = make.make_application()
    with connection.cursor() as cursor:
        cursor.execute("SELECT contact, mobile, licence FROM suppliers_application WHERE id = %s", [application.pk])
        contact, mobile, licence = cursor.fetchone()
    assert "谭" not in contact
    assert "13800138000" not in mobile
    assert b"picture" not in bytes(licence)
    assert bytes(Application.objects.defer(None).get().licence) == b"\xff\xd8 a picture"


def test_anothers_application_and_its_licence_are_not_found(client):
    application = make.make_application()
    names = ("joining:application", "joining:edit", "joining:licence")
    client.force_login(application.applicant)
    assert client.get(reverse(names[0], args=[application.application_no])).status_code == 200
    assert client.get(reverse(names[2], args=[application.application_no])).status_code == 200
    for somebody in (
        make.make_user(),
        make.make_user(cooperative=make.make_cooperative()),
        make.make_user("", access.OFFICIAL),
        make.make_township_official(make.make_village("500238110202")),
    ):
        client.force_login(somebody)
        for name in names:
            assert client.get(reverse(name, args=[application.application_no])).status_code == 404
        assert client.get(reverse("application", args=[application.application_no])).status_code == 404
        assert client.post(reverse("application", args=[application.application_no]), {"pass": "y"}).status_code == 404
    for office in (make.make_township_official(application.village), make.make_user(is_staff=True)):
        client.force_login(office)
        assert client.get(reverse("joining:licence", args=[application.application_no])).status_code == 200


def test_an_office_sees_no_drafts(client):
    draft = make.make_application(state="draft")
    client.force_login(make.make_user(is_staff=True))
    assert client.get(reverse("application", args=[draft.application_no])).status_code == 404
    assert client.get(reverse("joining:licence", args=[draft.application_no])).status_code == 404


def test_the_notice_names_whom_township_kind_and_until_when_and_nothing_of_a_person(client):
    application = make.make_application(state="on_notice")
    make.make_application(name="示例·还在镇里的公司")
    said = client.get(reverse("joining:notice")).content.decode()
    assert application.name in said
    assert application.village.township.name in said
    assert f"{application.notice_until:%Y-%m-%d}" in said
    assert "还在镇里" not in said
    assert "谭女士" not in said
    assert "13800138000" not in said
    assert application.uscc not in said


def queries(client, address: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(address).status_code == 200
    return len(caught)


@pytest.mark.parametrize("page", ["joining:notice", "applications", "cooperatives_office"])
def test_a_list_asks_no_more_for_ten_rows_than_for_one(client, page):
    client.force_login(make.make_user(is_staff=True))
    address = reverse(page) + ("?show=all" if page == "applications" else "")
    make.make_application(state="on_notice")
    make.make_cooperative()
    few = queries(client, address)
    for _n in range(9):
        make.make_application(state="on_notice")
        make.make_cooperative()
    assert queries(client, address) == few


# ── Suspension ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_cooperative_is_suspended_and_resumed_with_reasons(client):
    cooperative, staff = make.make_cooperative(), make.make_user(is_staff=True)
    client.force_login(staff)
    page = reverse("cooperative_office", args=[cooperative.code])
    assert "reason" in client.post(page, {"suspend": "yes"}).context["form"].errors
    client.post(page, {"suspend": "yes", "reason": "检测不合格"})
    cooperative.refresh_from_db()
    assert cooperative.suspended_at
    assert cooperative.why_suspended == "检测不合格"
    client.post(page, {"suspend": "yes", "reason": "又一次"})  # the page of a moment ago
    client.post(page, {"resume": "yes", "reason": "复检合格"})
    cooperative.refresh_from_db()
    assert cooperative.suspended_at is None
    told = list(CooperativeStep.objects.values_list("kind", "by", "reason"))
    assert told == [("suspended", staff.pk, "检测不合格"), ("resumed", staff.pk, "复检合格")]


def test_nobody_suspends_or_resumes_a_cooperative_he_works_for():
    cooperative = make.make_cooperative()
    staff = make.make_post(cooperative, access.PACKER, user=make.make_user(is_staff=True))
    with pytest.raises(joining.NotYours):
        joining.suspend(cooperative=cooperative, by=staff, reason="不行")
    with pytest.raises(joining.NotYours):
        joining.suspend(cooperative=cooperative, by=make.make_user(), reason="不行")


# ── Staff ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def cooperative():
    return make.make_cooperative()


@pytest.fixture
def owner(cooperative):
    return make.make_post(cooperative, access.OWNER)


def invite(cooperative, owner, address: str = "13800138000", role: str = access.PACKER) -> Invitation:
    return joining.invite(cooperative=cooperative, address=address, role=role, by=owner)


@pytest.mark.parametrize("written", ["13800138000", " +86 138-0013-8000 ", "１３８００１３８０００"])
def test_who_signs_in_with_the_invited_number_accepts_and_works_there(client, cooperative, owner, written):
    invitation = invite(cooperative, owner, written)
    packer = make.make_user(mobile="+8613800138000")
    client.force_login(packer)
    client.post(reverse("joining:invitations"), {"invitation": invitation.pk})
    assert access.role_at(packer, cooperative) == access.PACKER
    assert client.get(reverse("logistics:home")).status_code == 200
    assert client.post(reverse("joining:invitations"), {"invitation": invitation.pk}).status_code == 404


def test_an_e_mail_address_opens_its_invitation_once_it_is_confirmed(client, cooperative, owner):
    from allauth.account.models import EmailAddress

    invitation = invite(cooperative, owner, "Seller@Test.Example", access.SELLER)
    seller = make.make_user("seller")
    client.force_login(seller)
    assert client.post(reverse("joining:invitations"), {"invitation": invitation.pk}).status_code == 404
    EmailAddress.objects.create(user=seller, email=seller.email, verified=True, primary=True)
    client.post(reverse("joining:invitations"), {"invitation": invitation.pk})
    assert access.role_at(seller, cooperative) == access.SELLER


def test_anothers_invitation_one_that_is_over_and_one_that_was_taken_back_are_not_found(client, cooperative, owner):
    invitation = invite(cooperative, owner)
    client.force_login(make.make_user(mobile="+8613900139000"))
    assert client.post(reverse("joining:invitations"), {"invitation": invitation.pk}).status_code == 404
    invited = make.make_user(mobile="+8613800138000")
    client.force_login(invited)
    with time_machine.travel(days.now() + dt.timedelta(days=31), tick=False):
        assert not joining.invitations_of(invited).exists()
    joining.withdraw_invitation(invitation=invitation)
    assert client.post(reverse("joining:invitations"), {"invitation": invitation.pk}).status_code == 404
    assert client.post(reverse("joining:invitations"), {"invitation": "9" * 40}).status_code == 404


@pytest.mark.parametrize("address", ["12345", "nobody", "", "a@b", "1" * 400, "<b>@test.example"])
def test_an_invitation_needs_a_number_or_an_address(client, cooperative, owner, address):
    client.force_login(owner)
    refused = client.post(reverse("suppliers:staff"), {"address": address, "role": "packer"})
    assert "address" in refused.context["form"].errors
    assert not Invitation.objects.exists()


def test_a_person_is_invited_once_and_not_while_he_works_here(cooperative, owner):
    invite(cooperative, owner)
    with pytest.raises(ValidationError):
        invite(cooperative, owner, role=access.SELLER)
    make.make_post(cooperative, access.PACKER, user=make.make_user(mobile="+8613700137000"))
    with pytest.raises(ValidationError):
        invite(cooperative, owner, "13700137000")


def test_a_post_ends_at_once_and_can_begin_again(client, cooperative, owner):
    packer = make.make_post(cooperative, access.PACKER, user=make.make_user(mobile="+8613800138000"))
    client.force_login(owner)
    post = CooperativeStaff.objects.get(user=packer)
    client.post(reverse("suppliers:post", args=[post.pk]), {"end": "yes"})
    assert access.role_at(packer, cooperative) == ""
    for _n in range(2):  # twice on one day
        invitation = invite(cooperative, owner)
        joining.accept(invitation=invitation, by=packer)
        joining.end_post(post=CooperativeStaff.objects.on(days.today()).get(user=packer), by=owner)
    assert access.role_at(packer, cooperative) == ""
    kinds = CooperativeStep.objects.filter(person=packer).values_list("kind", flat=True)
    assert list(kinds) == ["ended", "started", "ended", "started", "ended"]


def test_the_last_owner_neither_leaves_nor_becomes_something_else(cooperative, owner):
    post = CooperativeStaff.objects.get(user=owner)
    with pytest.raises(ValidationError):
        joining.end_post(post=post, by=owner)
    with pytest.raises(ValidationError):
        joining.change_role(post=post, role=access.SELLER, by=owner)
    second = make.make_post(cooperative, access.OWNER)
    joining.end_post(post=post, by=owner)
    with pytest.raises(ValidationError):
        joining.end_post(post=CooperativeStaff.objects.get(user=second), by=second)


def test_another_cooperatives_posts_and_invitations_are_not_found(client, cooperative, owner):
    elsewhere = make.make_cooperative()
    theirs = make.make_post(elsewhere, access.OWNER)
    invitation = invite(elsewhere, theirs)
    client.force_login(owner)
    post = CooperativeStaff.objects.get(user=theirs)
    assert client.post(reverse("suppliers:post", args=[post.pk]), {"end": "yes"}).status_code == 404
    assert client.post(reverse("suppliers:invitation_withdraw", args=[invitation.pk])).status_code == 404


OWNERS = ["suppliers:staff", "suppliers:grower_price", "logistics:awards"]
SELLERS = ["suppliers:ledger", "suppliers:slip", "suppliers:households", "suppliers:household_new", "presales",
           "supply_declares", "presale_new", "aftersales:cooperative", "aftersales:cooperative-reviews"]  # fmt: skip
PACKERS = ["logistics:home", "logistics:consignments", "logistics:vehicles", "logistics:vehicle_new"]


@pytest.mark.parametrize(
    ("role", "opens", "hidden"),
    [
        (access.PACKER, PACKERS, SELLERS + OWNERS),
        (access.SELLER, PACKERS + SELLERS, OWNERS),
        (access.OWNER, PACKERS + SELLERS + OWNERS, []),
    ],
)
def test_each_role_opens_its_pages_and_its_menu_leads_to_no_other(client, cooperative, role, opens, hidden):
    client.force_login(make.make_post(cooperative, role))
    assert {name: client.get(reverse(name)).status_code for name in opens} == dict.fromkeys(opens, 200)
    assert {name: client.get(reverse(name)).status_code for name in hidden} == dict.fromkeys(hidden, 404)
    menu = client.get(reverse("logistics:home")).content.decode()
    assert [name for name in hidden if f'href="{reverse(name)}"' in menu] == []


def test_who_packs_here_and_owns_there_owns_there_alone(client, cooperative):
    elsewhere = make.make_cooperative("A-FIRST")
    user = make.make_post(elsewhere, access.PACKER)
    make.make_post(cooperative, access.OWNER, user=user)
    client.force_login(user)
    assert client.get(reverse("suppliers:staff")).status_code == 404
    assert client.get(reverse("suppliers:staff"), {"cooperative": cooperative.code}).status_code == 200


def test_a_seller_does_not_say_that_the_bank_has_paid(client, cooperative):
    lot = make.make_lot(make.make_produce(cooperative), make.make_household(cooperative), verified=False)
    client.force_login(make.make_post(cooperative, access.SELLER))
    assert client.get(reverse("suppliers:lot", args=[lot.pk])).status_code == 200
    paid = {"receipt": "R1", "paid_on": days.today().isoformat()}
    assert client.post(reverse("suppliers:lot", args=[lot.pk]), paid).status_code == 404
    lot.refresh_from_db()
    assert lot.verified_at is None


def test_the_growers_price_is_shown_where_the_owner_says_so(client, cooperative, owner):
    client.force_login(owner)
    client.post(reverse("suppliers:grower_price"), {"shows": "yes"})
    cooperative.refresh_from_db()
    assert cooperative.shows_grower_price
    assert cooperative.steps.get().kind == "grower_price"


def test_the_staff_page_asks_no_more_for_ten_than_for_one(client, cooperative, owner):
    client.force_login(owner)
    few = queries(client, reverse("suppliers:staff"))
    for n in range(9):
        make.make_post(cooperative, access.PACKER)
        invite(cooperative, owner, f"1380013800{n}")
    assert queries(client, reverse("suppliers:staff")) == few + 0


def test_who_is_invited_lands_on_the_invitation_when_he_signs_in(client, cooperative, owner):
    from allauth.account.models import EmailAddress

    seller = make.make_user("seller", password="a long password")
    EmailAddress.objects.create(user=seller, email=seller.email, verified=True, primary=True)
    signed_in = {"login": seller.email, "password": "a long password"}
    assert client.post(reverse("account_login"), signed_in)["Location"] == "/"
    client.logout()
    invite(cooperative, owner, seller.email, access.SELLER)
    assert client.post(reverse("account_login"), signed_in)["Location"] == reverse("joining:invitations")
