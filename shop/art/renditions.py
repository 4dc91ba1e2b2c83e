"""Drawings of produce, turned into pictures of a given width where a raster file is asked for (Oscar's product images)."""

import io
from functools import lru_cache
from pathlib import Path

import vl_convert
from PIL import Image

DRAWINGS = Path(__file__).parent.parent / "static" / "shop" / "img"


def codes() -> list[str]:
    """Return the produce codes that there are drawings of (HT01, DT01, …)."""
    return sorted(path.stem.upper() for path in DRAWINGS.glob("[a-z][a-z][0-9][0-9].svg"))


@lru_cache(maxsize=32)
def render(code: str, width: int = 800) -> bytes:
    """Return the drawing of the produce `code` as a WebP picture, `width` pixels wide and high.

    Raises LookupError if nobody has drawn it.
    """
    if code.upper() not in codes():
        raise LookupError(code)
    svg = (DRAWINGS / f"{code.lower()}.svg").read_text("utf-8")
    # The drawings say 800 × 800 of themselves.
    png = vl_convert.svg_to_png(svg, scale=width / 800)
    picture = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(picture, "WEBP", quality=90, method=2)
    return picture.getvalue()
