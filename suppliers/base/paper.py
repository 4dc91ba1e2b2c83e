"""Paper: a PDF to print, a PNG to share, set on the server by typst with the Chinese fonts that come with it.

The source is a template of ours; what is said on it comes as data, never as part of the source, so nothing that people
wrote can be an instruction. In the source, `#let d = json(bytes(sys.inputs.data))` reads it. Pictures are found under
`shop/static/shop/` ("/img/box.svg"); others come as data (an SVG text: `image(bytes(d.qr), format: "svg")`).
"""

import json
from functools import cache, lru_cache
from threading import Lock

from django.conf import settings
from django.http import HttpResponse

PICTURES = settings.BASE_DIR / "shop" / "static" / "shop"
SERIF, SANS = "Noto Serif SC", "Noto Sans SC"

# Pictures are kept, as many as this: the same card is looked at by everybody in a group. What names people is not kept.
PICTURES_KEPT = 32

# One sheet at a time in a process, by one compiler: a new one for each sheet would leave 100 KB behind each time.
_one_at_a_time = Lock()


def png(source: str, **data) -> bytes:
    """The first page of `source` as a PNG; a point of its measures is a dot of the picture."""
    return _png(source, _said(data))


def pdf(source: str, **data) -> bytes:
    """`source` as a PDF."""
    return _set(source, _said(data), "pdf")


def answer(content: bytes, *, name: str) -> HttpResponse:
    """A PDF to look at in the browser and to print, `name`d without its ending. Papers name people: nobody keeps it."""
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"', "Cache-Control": "no-store, private"}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


def _said(data: dict) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True)


@lru_cache(maxsize=PICTURES_KEPT)
def _png(source: str, said: str) -> bytes:
    return _set(source, said, "png")


def _set(source: str, said: str, form: str) -> bytes:
    with _one_at_a_time:
        made = _compiler().compile(input=source.encode(), format=form, ppi=72, sys_inputs={"data": said})
    return made if isinstance(made, bytes) else made[0]


@cache
def _compiler():
    import pylopdf_fonts_zh_cn as fonts
    import typst  # only a process that sets paper has it

    folder = fonts.serif_path().parent
    chinese = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])
    return typst.Compiler(root=PICTURES, font_paths=chinese, ignore_system_fonts=True)
