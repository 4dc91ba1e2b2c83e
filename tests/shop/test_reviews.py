"""Reviews: by who bought, once a line; answered once; hidden, never taken away."""

import datetime as dt
import io

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from shop.aftersales import actions
from shop.aftersales.models import Photo, Review
from shop.models import SaleLine
from tests import factories as f

pytestmark = pytest.mark.django_db
DAY = dt.date(2019, 3, 5)


def files(n: int) -> list[SimpleUploadedFile]:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "brown").save(file, "JPEG")
    return [SimpleUploadedFile(f"{i}.jpg", file.getvalue(), content_type="image/jpeg") for i in range(n)]


@pytest.fixture
def line() -> SaleLine:
    f.make_carriers()
    return f.sell((f.make_pack(), 1), on=DAY).sale.lines.get()


def page_of(line: SaleLine) -> str:
    return reverse("aftersales:review-new", args=[line.sale.token, line.pk])


def product_of(line: SaleLine) -> str:
    return line.line.product.get_absolute_url()


def test_a_guest_reviews_what_came_and_everybody_reads_it_under_no_name(client, line):
    posted = {"stars": "4", "text": "<b>香</b>\n个大", "photos": files(3)}
    assert client.post(page_of(line), posted).status_code == 302
    page = client.get(product_of(line)).content.decode()
    assert "泰安买家" in page
    assert "&lt;b&gt;香&lt;/b&gt;" in page
    assert "<b>4.0</b>" in page
    assert "王女士" not in page
    name = Photo.objects.first().name
    photo = client.get(reverse("aftersales:photo", args=[name]))
    assert (photo.status_code, photo["Content-Type"]) == (200, "image/jpeg")


def test_who_has_an_account_is_shown_by_the_family_name(client):
    buyer = f.make_user("buyer")
    order = f.place_order((f.make_pack(), 1), user=buyer)
    f.pay(order)
    for shipment in f.dispatch(order, on=order.date_placed.date()):
        shipment.__class__.objects.filter(pk=shipment.pk).update(
            state="received", received_on=shipment.dispatched_on, received_how="buyer"
        )
    assert actions.review(line=order.sale.lines.get(), stars=5).name == "王**"


def test_a_line_is_reviewed_once(client, line):
    for _ in range(2):
        client.post(page_of(line), {"stars": "4"})
    assert Review.objects.get().stars == 4
    with pytest.raises(actions.AlreadyAsked):
        actions.review(line=line, stars=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.create(line=line, produce=line.produce, name="x", stars=1)


def test_what_has_not_come_or_was_paid_back_is_not_reviewed(client, line):
    coming = f.sell((f.make_pack(), 1), on=DAY, received=False).sale.lines.get()
    f.give_back(line.sale.order, on=DAY, g=line.net_g, fen=line.goods_fen)
    for one in (coming, line):
        with pytest.raises(ValidationError):
            actions.review(line=one, stars=5)
        assert client.post(page_of(one), {"stars": "5"}).status_code == 200
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    "posted",
    [{}, {"stars": "0"}, {"stars": "6"}, {"stars": "-1"}, {"stars": "1000000000"}, {"stars": "a"}, {"stars": "\x00"},
     {"stars": "5", "text": "字" * 501}, {"stars": "5", "text": "a\x00b"}],
)  # fmt: skip
def test_nonsense_is_no_review(client, line, posted):
    answer = client.post(page_of(line), posted)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not Review.objects.exists()


def test_four_photos_are_too_many(client, line):
    assert "最多发 3 张" in client.post(page_of(line), {"stars": "5", "photos": files(4)}).content.decode()
    assert not Review.objects.exists()


def test_the_cooperative_answers_its_own_once(client, line):
    review = actions.review(line=line, stars=2, text="碎了几个")
    foreign = actions.review(line=f.sell((f.make_pack(), 1), on=DAY).sale.lines.get(), stars=5)
    client.force_login(f.make_user(cooperative=line.cooperative))
    door = reverse("aftersales:cooperative-reviews")
    assert client.post(door, {"review": foreign.pk, "answer": "谢谢"}).status_code == 404
    for text in ("对不起，下次多垫纸", "改口"):
        client.post(door, {"review": review.pk, "answer": text})
    review.refresh_from_db()
    assert review.answer == "对不起，下次多垫纸"
    assert "对不起，下次多垫纸" in client.get(product_of(line)).content.decode()
    for number in ("", "x", "-1", "9" * 40, "\x00", "²"):
        assert client.post(door, {"review": number, "answer": "谢谢"}).status_code == 404


def test_county_staff_hide_with_a_reason_and_the_row_stays(client, line):
    review = actions.review(line=line, stars=1, text="骂人的话", photos=[files(1)[0].read()])
    photo = reverse("aftersales:photo", args=[review.photos.get().name])
    door = reverse("aftersales:county-reviews")
    staff = f.make_user("staff", is_staff=True)
    client.force_login(staff)
    assert "审计" in client.post(door, {"review": review.pk}).content.decode()
    assert client.post(door, {"review": review.pk, "because": "辱骂"}).status_code == 302
    client.logout()
    page = client.get(product_of(line)).content.decode()
    assert "骂人的话" not in page
    assert "还没有人评价" in page
    assert client.get(photo).status_code == 404
    review.refresh_from_db()
    assert (review.text, review.hidden_by, review.hidden_because) == ("骂人的话", staff, "辱骂")


def test_the_database_keeps_reviews(line):
    from shop import database

    review = actions.review(line=line, stars=1, text="不好")
    database.install()
    try:
        for change in (review.delete, lambda: Review.objects.update(text="很好")):
            with pytest.raises(Exception, match="history is never edited"), transaction.atomic():
                change()
    finally:
        database.remove()


def test_the_average_is_of_what_is_shown(client):
    pack = f.make_pack()
    for stars in (5, 5, 4):
        actions.review(line=f.sell((pack, 1), on=DAY).sale.lines.get(), stars=stars)
    assert Review.objects.shown().sums() == {"n": 3, "tenths": 47}
    assert "<b>4.7</b>" in client.get(product_of(SaleLine.objects.first())).content.decode()


def test_a_product_asks_as_much_for_ten_reviews_as_for_two(client):
    pack, counts = f.make_pack(), []
    address = pack.product.get_absolute_url()
    for n in (2, 8):
        for _ in range(n):
            line = f.sell((pack, 1), on=DAY).sale.lines.get()
            actions.review(line=line, stars=5, photos=[files(1)[0].read()])
        client.get(address)
        with CaptureQueriesContext(connection) as caught:
            client.get(address)
        counts.append(len(caught))
    assert counts[0] == counts[1]
    every = client.get(reverse("aftersales:reviews", args=[pack.produce.pk])).content.decode()
    assert every.count('class="review"') == 10
