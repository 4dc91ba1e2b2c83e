"""Drawings of produce, turned into pictures of a given width where a raster file is asked for (Oscar's product images).

One drawing of each produce gives up to three views of it: the whole drawing, the same in a box, and a part of it close by.
"""

import io
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree as ET

import vl_convert
from PIL import Image

DRAWINGS = Path(__file__).parent.parent / "static" / "shop" / "img"
SVG = "http://www.w3.org/2000/svg"
ET.register_namespace("", SVG)

WHOLE, BOX, CLOSE = "whole", "box", "close"
# Each drawing begins with its defs, the paper, a disc and the contour lines; the produce comes after them.
GROUND = slice(1, 4)
# Left, top and side of the square that is looked at closely: the cut fruit, the kernels, the weave of a bundle.
CLOSE_UP = {
    "CL01": (400, 360, 340),
    "DH01": (400, 270, 350),
    "DN01": (110, 60, 350),
    "DS01": (330, 470, 320),
    "DT01": (387, 369, 330),
    "FM01": (440, 430, 330),
    "HM01": (240, 180, 330),
    "HR01": (230, 200, 330),
    "HT01": (390, 370, 350),
    "LR01": (250, 250, 330),
    "LY01": (300, 330, 340),
    "QC01": (380, 350, 330),
    "ST01": (420, 400, 330),
    "WS01": (330, 380, 340),
    "XG01": (300, 300, 340),
    "YY01": (330, 350, 340),
}
# A living cock goes into no box. What comes in several fills it, the rest lies in it once.
UNBOXED = {"DN01"}
SEVERAL = {"CL01", "DT01", "FM01", "HT01", "QC01", "WS01", "XG01", "YY01"}
# How far right, how far down, how large.
ONCE = ((138, 64, 0.66),)
THRICE = ((110, 110, 0.42), (345, 110, 0.42), (210, 150, 0.5))


def codes() -> list[str]:
    """Return the produce codes that there are drawings of (HT01, DT01, …)."""
    return sorted(path.stem.upper() for path in DRAWINGS.glob("[a-z][a-z][0-9][0-9].svg"))


def views(code: str) -> tuple[str, ...]:
    """Return the views that there are of the produce `code`, the one for its card first."""
    return (WHOLE, CLOSE) if code.upper() in UNBOXED else (WHOLE, CLOSE, BOX)


@lru_cache(maxsize=64)
def render(code: str, width: int = 800, view: str = WHOLE) -> bytes:
    """Return a view of the produce `code` as a WebP picture, `width` pixels wide and high.

    Raises LookupError if nobody has drawn it.
    """
    if code.upper() not in codes() or view not in views(code):
        raise LookupError(code, view)
    svg = (DRAWINGS / f"{code.lower()}.svg").read_text("utf-8")
    if view == CLOSE:
        left, top, side = CLOSE_UP[code.upper()]
        svg = svg.replace('viewBox="0 0 800 800"', f'viewBox="{left} {top} {side} {side}"', 1)
    elif view == BOX:
        svg = boxed(svg, THRICE if code.upper() in SEVERAL else ONCE)
    # The drawings say 800 × 800 of themselves.
    png = vl_convert.svg_to_png(svg, scale=width / 800)
    picture = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(picture, "WEBP", quality=90, method=2)
    return picture.getvalue()


def boxed(svg: str, places: tuple[tuple[int, int, float], ...]) -> str:
    """Return the drawing of an open box with what `svg` shows lying in it at `places`, the last one in front."""
    produce = ET.fromstring(svg)  # noqa: S314  (our own file)
    del produce[GROUND]
    crate = ET.fromstring((DRAWINGS / "crate.svg").read_text("utf-8"))  # noqa: S314
    goods = next(one for one in crate.iter(f"{{{SVG}}}g") if one.get("class") == "goods")
    one = ET.SubElement(ET.SubElement(goods, f"{{{SVG}}}defs"), f"{{{SVG}}}g", id="one")
    one.extend(produce)
    for x, y, scale in places:
        ET.SubElement(goods, f"{{{SVG}}}use", href="#one", transform=f"translate({x} {y}) scale({scale})")
    return ET.tostring(crate, "unicode")
