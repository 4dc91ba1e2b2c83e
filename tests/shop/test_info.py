"""Pages about the shop itself, and the components that all pages are made of."""

import re
from pathlib import Path

import pytest
from django.conf import settings as shop_settings
from django.template.loader import render_to_string

from tests import factories as f

pytestmark = pytest.mark.django_db


def test_help_says_what_delivery_costs_and_how_to_reach_somebody(client, settings):
    page = client.get("/help/").content.decode()
    assert "首重 1 公斤 5.20 元，续重每公斤 1.20 元" in page
    assert page.count("由经营者填写") >= 3
    settings.SHOP_CONTACT = {"phone": "023-5152-0000", "wechat": "wuxizhida", "email": "kefu@shop.example", "hours": ""}
    page = client.get("/help/").content.decode()
    for words in ('href="tel:023-5152-0000"', "wuxizhida", 'href="mailto:kefu@shop.example"', "每天 9:00–18:00"):
        assert words in page


@pytest.mark.parametrize(
    "name", ["freight", "spoilage", "returns", "invoices", "trucks", "institutions", "trace", "privacy"]
)
def test_each_question_has_an_address(client, name):
    assert client.get("/help/").content.decode().count(f'<details id="{name}">') == 1


def test_the_licence_is_on_every_page_and_has_one_with_the_sellers(client, settings):
    seller = f.make_pack().produce.cooperative
    idle = f.make_cooperative()
    assert "营业执照（亮照）: 由经营者填写" in client.get("/").content.decode()
    settings.SHOP_OPERATOR, settings.SHOP_LICENCE, settings.SHOP_ICP = (
        "示例公司",
        "91500238MA0000000X",
        "渝ICP备00000000号",
    )
    page = client.get("/help/").content.decode()
    assert "营业执照（亮照） 91500238MA0000000X" in page
    assert "渝ICP备00000000号" in page
    page = client.get("/licence/").content.decode()
    assert "示例公司" in page
    assert seller.uscc in page
    assert idle.uscc not in page


def test_the_style_guide_is_there_in_development_alone_and_shows_every_component(client, settings):
    f.make_pack()
    f.make_pack(f.make_produce(code="QC01", harvest_from="11-15", harvest_to="01-31"), in_stock=0)
    assert client.get("/styleguide/").status_code == 404
    settings.DEBUG = True
    page = client.get("/styleguide/").content.decode()
    named = set(re.findall(r"partials/(\w+)\.html", page))
    assert named >= {"badge", "card", "empty", "field", "harvest", "impact_band", "lost", "notice", "price", "quantity",
                     "sheet", "steps", "toast"}  # fmt: skip
    css = (Path(shop_settings.BASE_DIR) / "shop/static/shop/css/shop.css").read_text("utf-8")
    palette = set(re.findall(r"^  --([a-z-]+): #", css, re.MULTILINE)) - {"white"}
    assert palette == set(re.findall(r"swatch-([a-z-]+)\"", page))
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_what_wechat_cannot_do_is_said_only_by_the_browser_that_is_wechats(client):
    hint = render_to_string("partials/wechat_hint.html")
    assert "only-wechat" in hint
    assert "在浏览器打开" in hint
    plain = client.get("/help/")
    assert "User-Agent" not in plain.headers.get("Vary", "")


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (#rrggbb) as WCAG 2 counts it."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("text", "grounds"),
    [
        ("ink", "paper paper-deep leaf river-mist peach-mist honey-mist alarm-mist"),
        ("ink-soft", "paper paper-deep leaf river-mist"),
        ("river-deep", "paper paper-deep leaf river-mist"),
        ("persimmon", "paper paper-deep leaf river-mist"),
        ("alarm", "paper leaf alarm-mist"),
        ("white", "river river-deep persimmon alarm"),
        ("leaf", "ink"),
    ],
)
def test_text_can_be_read_on_each_ground_it_stands_on(text, grounds):
    css = (Path(shop_settings.BASE_DIR) / "shop/static/shop/css/shop.css").read_text("utf-8")
    colours = dict(re.findall(r"^  --([a-z-]+): (#\w{6});", css, re.MULTILINE)) | {"white": "#ffffff"}
    assert [ground for ground in grounds.split() if contrast(colours[text], colours[ground]) < 4.5] == []
