"""Papers of a cooperative: what is taken, who sees them, and the warning before they run out."""

import datetime as dt
import io

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from suppliers import certificates
from suppliers.base import access, days
from suppliers.models import Batch, Certificate

from .. import factories as make

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def picture() -> SimpleUploadedFile:
    written = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(written, "PNG")
    return SimpleUploadedFile("p.png", written.getvalue())


@pytest.fixture
def produce():
    return make.make_produce()


@pytest.fixture
def seller(produce, client):
    seller = make.make_post(produce.cooperative, access.SELLER)
    client.force_login(seller)
    return seller


def posted(**fields) -> dict:
    today = days.today()
    return {
        "kind": "test",
        "number": "JC-2026-001",
        "issuer": "示例·检测站",
        "issued_on": today.isoformat(),
        "expires_on": (today + dt.timedelta(days=180)).isoformat(),
        "content": SimpleUploadedFile("report.pdf", PDF),
    } | fields


def paper(produce=None, *, ends_in: int | None = 180, since: int = 10, number: str = "", **fields) -> Certificate:
    today = days.today()
    return Certificate.objects.create(
        **{
            "cooperative": produce.cooperative if produce else None,
            "produce": produce,
            "kind": "test",
            "number": number or f"N{next(make.serial)}",
            "issued_on": today - dt.timedelta(days=max(since, 10 - (ends_in or 0)) if since > 0 else since),
            "expires_on": None if ends_in is None else today + dt.timedelta(days=ends_in),
        }
        | fields
    )


def test_a_pdf_is_kept_as_it_is_and_handed_out_as_a_file(client, produce, seller):
    client.post(reverse("suppliers:certificate_new"), posted(produce=produce.pk))
    certificate = Certificate.objects.get()
    assert (certificate.produce, certificate.added_by) == (produce, seller)
    client.logout()
    answer = client.get(reverse("certificate", args=[certificate.pk]))
    assert answer.content == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_picture_is_redrawn(client, produce, seller):
    sent = picture()
    client.post(reverse("suppliers:certificate_new"), posted(content=sent))
    answer = client.get(reverse("certificate", args=[Certificate.objects.get().pk]))
    assert answer["Content-Type"] == "image/jpeg"
    assert answer.content[:2] == b"\xff\xd8"


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("content", SimpleUploadedFile("x.pdf", b"%PDF-1.4 cut off")),
        ("content", SimpleUploadedFile("x.pdf", b"<script>alert(1)</script>%%EOF")),
        ("content", SimpleUploadedFile("x.pdf", b"")),
        ("content", SimpleUploadedFile("x.pdf", PDF + b"\0" * (5 * 1024 * 1024) + b"%%EOF")),
        ("kind", "praise"),
        ("number", ""),
        ("number", "9" * 61),
        ("issued_on", "2099-01-01"),
        ("issued_on", "1900-01-01"),
        ("expires_on", "2000-01-01"),
        ("expires_on", "9999-12-31"),
        ("expires_on", ""),  # a test report has an end
        ("produce", "9" * 30),
    ],
)
def test_what_cannot_be_is_said_at_its_field(client, produce, seller, field, text):
    refused = client.post(reverse("suppliers:certificate_new"), posted(**{field: text}))
    assert refused.status_code == 200
    assert field in refused.context["form"].errors
    assert not Certificate.objects.exists()


def test_a_number_is_written_once_and_again_after_it_was_taken_back(client, produce, seller):
    client.post(reverse("suppliers:certificate_new"), posted())
    refused = client.post(reverse("suppliers:certificate_new"), posted(content=picture()))
    assert "number" in refused.context["form"].errors
    client.post(reverse("suppliers:certificate_withdraw", args=[Certificate.objects.get().pk]))
    client.post(reverse("suppliers:certificate_new"), posted(content=picture()))
    assert Certificate.objects.count() == 2
    assert Certificate.objects.standing().count() == 1


def test_a_paper_of_a_batch_is_of_its_own_produce(produce):
    other = make.make_produce(produce.cooperative, code="HT02")
    batch = Batch.objects.create(produce=other, trace_code="B1", packed_on=days.today(), made_at=days.now())
    today = days.today()
    wrong = certificates.Paper("conformity", "1", today, today, produce=produce, batch=batch)
    with pytest.raises(ValidationError):
        certificates.add(cooperative=produce.cooperative, paper=wrong)
    right = certificates.Paper("conformity", "1", today, today, produce=other, batch=batch)
    assert certificates.add(cooperative=produce.cooperative, paper=right).batch == batch


def test_those_in_force_on_a_day_are_those_of_it(produce):
    today = days.today()
    good = {
        paper(produce, ends_in=0),
        paper(produce, ends_in=None),
        paper(None, cooperative=produce.cooperative, ends_in=5),
    }
    paper(produce, ends_in=-1)
    paper(produce, since=-1)
    paper(produce, withdrawn_at=days.now())
    paper(make.make_produce())
    paper(make.make_produce(produce.cooperative, code="HT02"))
    assert set(Certificate.objects.valid_on(today).of_produce(produce)) == good


def test_the_home_of_a_cooperative_warns_thirty_days_before_the_end(client, produce, seller):
    paper(produce, ends_in=31, number="LATER-1")
    soon = paper(produce, ends_in=30, number="SOON-1", kind="workshop")
    paper(produce, ends_in=-3, number="OVER-1", kind="licence")
    paper(produce, ends_in=-40, number="LONG-AGO-1", kind="indication")
    said = client.get(reverse("logistics:home")).content.decode()
    assert [number for number in ("LATER-1", "SOON-1", "OVER-1", "LONG-AGO-1") if number in said] == [
        "SOON-1",
        "OVER-1",
    ]
    paper(produce, ends_in=400, kind=soon.kind)
    assert "SOON-1" not in client.get(reverse("logistics:home")).content.decode()


def test_what_is_valid_is_everybodys_and_what_is_over_its_cooperatives_and_the_countys(client, produce):
    over = paper(produce, ends_in=-1, content=PDF, content_type="application/pdf")
    valid = paper(produce, content=PDF, content_type="application/pdf")
    empty = paper(produce)

    def met(user) -> list[int]:
        client.logout()
        if user:
            client.force_login(user)
        return [client.get(reverse("certificate", args=[one.pk])).status_code for one in (valid, over, empty)]

    assert met(None) == [200, 404, 404]
    assert met(make.make_post(make.make_cooperative(), access.OWNER)) == [200, 404, 404]
    assert met(make.make_post(produce.cooperative, access.SELLER)) == [200, 200, 404]
    assert met(make.make_user(is_staff=True)) == [200, 200, 404]


def test_anothers_certificate_cannot_be_taken_back_and_a_packer_takes_none_back(client, produce):
    certificate = paper(produce)
    for somebody in (
        make.make_post(make.make_cooperative(), access.OWNER),
        make.make_post(produce.cooperative, access.PACKER),
    ):
        client.force_login(somebody)
        assert client.post(reverse("suppliers:certificate_withdraw", args=[certificate.pk])).status_code == 404
    assert Certificate.objects.standing().filter(pk=certificate.pk).exists()


def test_a_valid_paper_stands_beside_the_product_with_its_copy(client, produce):
    pack = make.make_pack(produce)
    certificate = paper(produce, content=PDF, content_type="application/pdf", number="JC-77")
    said = client.get(pack.product.get_absolute_url()).content.decode()
    assert "JC-77" in said
    assert reverse("certificate", args=[certificate.pk]) in said
