"""QR codes: an address as a drawing."""

import io
from urllib.parse import quote

import segno


def qr(address: str) -> str:
    """`address` as a QR code: an SVG document."""
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawn, kind="svg", xmldecl=False, scale=8, border=2, dark="#22352c", light="#ffffff"
    )
    return drawn.getvalue().decode()


def as_image(svg: str) -> str:
    """The address of an SVG that an <img> has in itself."""
    return "data:image/svg+xml," + quote(svg)
