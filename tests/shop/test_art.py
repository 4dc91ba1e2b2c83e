"""Our drawings: there, small, self-contained, and turned into pixels."""

import io
import json
import re
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from shop.art import renditions

PRODUCE = [
    "CL01",
    "DH01",
    "DN01",
    "DS01",
    "DT01",
    "FM01",
    "HM01",
    "HR01",
    "HT01",
    "LR01",
    "LY01",
    "QC01",
    "ST01",
    "WS01",
    "XG01",
    "YY01",
]
OTHERS = ["contour", "crate", "favicon", "hero", "hero-tall", "logo", "truck"]
ALL = [code.lower() for code in PRODUCE] + OTHERS


def test_every_produce_of_the_demo_is_drawn():
    demo = json.loads((renditions.DRAWINGS.parents[2] / "demo/data/catalogue.json").read_text("utf-8"))
    assert {item["code"] for item in demo["products"]} <= set(renditions.codes()) == set(PRODUCE)


@pytest.mark.parametrize("name", ALL)
def test_a_drawing_is_well_formed_has_no_text_and_refers_to_nothing_outside_itself(name):
    svg = (renditions.DRAWINGS / f"{name}.svg").read_text("utf-8")
    root = ET.fromstring(svg)  # noqa: S314  (our own file)
    tags = {element.tag.split("}")[1] for element in root.iter()}
    assert not tags & {"text", "script", "style", "image", "foreignObject", "filter", "a"}
    assert not [ref for ref in re.findall(r'(?:href="|url\()([^")]+)', svg) if not ref.startswith("#")]
    ids = re.findall(r'\bid="([^"]+)"', svg)
    assert len(ids) == len(set(ids))
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    assert used == set(ids), "every reference has its target, and nothing is kept for nobody"


@pytest.mark.parametrize("code", PRODUCE)
def test_a_produce_drawing_stays_under_12_kilobytes(code):
    assert (renditions.DRAWINGS / f"{code.lower()}.svg").stat().st_size < 12 * 1024


def test_a_rendition_is_a_webp_of_the_width_asked_for():
    picture = Image.open(io.BytesIO(renditions.render("HT01", 800)))
    assert (picture.format, picture.size) == ("WEBP", (800, 800))
    assert Image.open(io.BytesIO(renditions.render("ht01", 200))).size == (200, 200)


@pytest.mark.parametrize("code", ["XX99", "hero", "../../settings", ""])
def test_what_nobody_drew_is_refused(code):
    with pytest.raises(LookupError):
        renditions.render(code, 800)


def test_most_produce_is_drawn_whole_close_by_and_in_a_box():
    views = {code: renditions.views(code) for code in PRODUCE}
    assert [code for code, seen in views.items() if len(seen) < 3] == ["DN01"]
    assert set(renditions.CLOSE_UP) == set(PRODUCE)
    sides = [max(left, top) + side for left, top, side in renditions.CLOSE_UP.values()]
    assert max(sides) <= 800, "no close-up looks past the edge of its drawing"
    pictures = {renditions.render("QC01", 100, view) for view in views["QC01"]}
    assert len(pictures) == 3
    with pytest.raises(LookupError):
        renditions.render("DN01", 100, renditions.BOX)


def test_what_lies_in_a_box_lies_in_it_without_its_own_ground():
    svg = (renditions.DRAWINGS / "qc01.svg").read_text("utf-8")
    boxed = renditions.boxed(svg, renditions.THRICE)
    assert boxed.count('href="#one"') == 3
    assert boxed.count('fill="#f6efe2"') == 1  # the paper of the box, and none of the orange's
