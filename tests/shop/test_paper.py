"""Sheets set on the server: what people wrote is said on them and never obeyed, many at once, in bounded memory."""

import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from suppliers.base import paper

SHEET = """#let d = json(bytes(sys.inputs.data))
#set page(width: 300pt, height: 400pt, margin: 20pt, fill: white)
#set text(font: "Noto Serif SC")
#for name in d.names [#name \\ ]
"""


def test_a_picture_is_as_large_as_its_page():
    made = paper.png(SHEET, names=["谭家村", "映霜红"])
    picture = Image.open(io.BytesIO(made))
    assert (picture.format, picture.size) == ("PNG", (300, 400))


def test_chinese_is_set_and_not_left_blank():
    blank, said = paper.png(SHEET, names=[""]), paper.png(SHEET, names=["巫溪核桃"])
    ink = [Image.open(io.BytesIO(made)).convert("L").histogram()[:100] for made in (blank, said)]
    assert sum(ink[0]) == 0
    assert sum(ink[1]) > 20


@pytest.mark.parametrize(
    "written",
    ['#panic("no")', '"] #read("/css/shop.css")', "$x^2$ *a* _b_ @c <d>", "\\ // /* `", "\x07\ufffe😀", "#" * 5000],
)
def test_what_people_wrote_is_set_as_it_stands(written):
    # Were it obeyed, the first would fail; were it left out, the sheets would be the same.
    assert paper.png(SHEET, names=[written]) != paper.png(SHEET, names=[""])


def test_a_list_becomes_a_pdf_of_as_many_pages_as_it_needs():
    assert paper.pdf(SHEET, names=["王*"]).startswith(b"%PDF-")
    assert len(paper.pdf(SHEET, names=["王*"] * 200)) > len(paper.pdf(SHEET, names=["王*"]))


def test_the_same_picture_is_set_once_and_no_more_than_some_are_kept():
    paper._png.cache_clear()
    for n in range(paper.PICTURES_KEPT + 3):
        paper.png(SHEET, names=[str(n)])
        paper.png(SHEET, names=[str(n)])
    kept = paper._png.cache_info()
    assert (kept.misses, kept.hits, kept.currsize) == (paper.PICTURES_KEPT + 3, paper.PICTURES_KEPT + 3, 32)


def test_many_at_once_each_get_their_own():
    one_by_one = [paper.png(SHEET, names=[str(n)]) for n in range(8)]
    paper._png.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda n: paper.png(SHEET, names=[str(n)]), range(8)))
    assert together == one_by_one
    assert len(set(together)) == 8


def test_a_thousand_different_sheets_take_no_more_memory_than_a_hundred():
    def pages_held() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1])

    for n in range(100):
        paper._set(SHEET, json.dumps({"names": [f"a{n}"]}), "png")
    before = pages_held()
    for n in range(1000):
        paper._set(SHEET, json.dumps({"names": [f"b{n}"]}), "png")
    assert (pages_held() - before) * 4096 < 20_000_000


def test_a_sheet_is_set_within_a_second():
    paper.png(SHEET, names=["warm"])
    began = time.perf_counter()
    paper.png(SHEET, names=["once more"])
    assert time.perf_counter() - began < 1
