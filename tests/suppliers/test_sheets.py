"""What a cell means, and which files are sheets."""

import datetime as dt
import io
import zipfile

import pytest
import xlsxwriter
from django.core.exceptions import ValidationError

from suppliers.base import sheets
from suppliers.base.cells import safe
from suppliers.base.sheets import Heading, Page, read, read_pasted, workbook
from suppliers.sheets import cells

JAN_5 = dt.date(2019, 1, 5)


def book(*rows, sheet: str = "台账", **options) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False}) as written:
        page = written.add_worksheet(sheet)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if isinstance(cell, dt.date):
                    page.write_datetime(r, c, cell, written.add_format({"num_format": "yyyy-mm-dd"}))
                else:
                    page.write(r, c, cell)
        for merged in options.get("merged", ()):
            page.merge_range(merged, "并")
        for name in options.get("hidden", ()):
            other = written.add_worksheet(name)
            other.write(0, 0, "藏")
            other.hide()
    return stream.getvalue()


def repacked(content: bytes, change) -> bytes:
    """A workbook whose parts went through `change(name, bytes)`; None leaves the part out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if (part := change(name, old.read(name))) is not None:
                new.writestr(name, part)
    return out.getvalue()


# ── What a cell means ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "written",
    ["2019-1-5", "2019.1.5", "2019/01/05", "2019年1月5日", "2019年1月5号", "20190105", JAN_5, 43470.0, "43470", 20190105.0,
     dt.datetime(2019, 1, 5, 9, 30), "2019-01-05 00:00:00"],  # noqa: DTZ001
)  # fmt: skip
def test_a_day_is_read_as_people_and_spreadsheets_write_it(written):
    assert cells.day_of(written) == JAN_5


@pytest.mark.parametrize("written", ["1月5日", "2019年2月30日", "去年", 12.0, 1e12, True, "19.1.5"])
def test_what_is_no_day_with_a_year_is_refused(written):
    with pytest.raises(ValueError, match="日|day|月"):
        cells.day_of(written)


@pytest.mark.parametrize(
    ("written", "unit", "g"),
    [(120.0, "jin", 60_000), ("120", "kg", 120_000), ("60公斤", "jin", 60_000), ("60 kg", None, 60_000), ("0.5吨", "jin", 500_000),
     ("1,234.5斤", "kg", 617_250), ("25斤", None, 12_500), (0.1 + 0.2, "kg", 300)],
)  # fmt: skip
def test_a_weight_is_grams_and_a_unit_in_the_cell_goes_before_the_headings(written, unit, g):
    assert cells.grams_of(written, unit) == g


def test_a_weight_without_a_unit_asks_for_one():
    with pytest.raises(ValueError, match="斤"):
        cells.grams_of("120", None)


@pytest.mark.parametrize(
    ("written", "unit", "fen"),
    [(9.25, "jin", 1_850), ("18.5元", "kg", 1_850), ("￥4.5", "jin", 900), ("3.5元/斤", "kg", 700), ("7元/公斤", "jin", 700)],
)  # fmt: skip
def test_a_price_is_fen_a_kilogram(written, unit, fen):
    assert cells.fen_per_kg_of(written, unit) == fen


def test_money_lets_words_and_thousands_through_and_no_third_decimal():
    assert cells.fen_of("1,234.5元") == 123_450
    with pytest.raises(ValueError, match="两位小数|two decimals"):
        cells.fen_of("1.234")
    # A comma that is no separator of thousands might be a decimal point: that is not guessed.
    with pytest.raises(ValueError, match="数字|number"):
        cells.fen_of("12,5")


@pytest.mark.parametrize("written", [110105194912310021.0, "1.10105E+17", 6.2284801234567891e18])
def test_a_number_that_has_lost_digits_is_refused_with_advice(written):
    with pytest.raises(ValueError, match="文本|Text"):
        cells.digits_of(written)


def test_digits_keep_what_is_exact():
    assert cells.digits_of("11010519491231002x") == "11010519491231002X"
    assert cells.digits_of("6228 4801 2345 6789 012") == "6228480123456789012"
    assert cells.digits_of(13805380001.0) == "13805380001"


# ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_workbook_is_read_with_half_width_signs_and_without_what_is_hidden():
    (table,) = read(book(["户主", "重量"], ["张　三", "１２０"], [None, 1.5], hidden=["旧账"]))
    assert table.rows == [["户主", "重量"], ["张 三", "120"], ["", 1.5]]


def test_a_text_file_is_read_in_every_code_that_excel_and_wps_write():
    text = "户主,重量\n张三,120\n"
    for content in (text.encode("gbk"), text.encode(), b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16")):
        (table,) = read(content)
        assert table.rows == [["户主", "重量"], ["张三", "120"]]
    assert read_pasted('户主\t重量\n"张\n三"\t120\n').rows == [["户主", "重量"], ["张 三", "120"]]


def refused(content: bytes) -> str:
    with pytest.raises(ValidationError) as caught:
        read(content)
    return caught.value.messages[0]


def test_what_is_no_sheet_is_refused_with_what_to_do():
    plain = book(["户主"], ["张三"])
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600
    assert "空" in refused(b"")
    assert "XLS" in refused(ole)
    assert "密码" in refused(ole + "EncryptedPackage".encode("utf-16-le"))
    assert "另存为" in refused(plain[: len(plain) // 2])
    assert "另存为" in refused(repacked(plain, lambda name, part: part[:-40] if "sheet1" in name else part))
    assert "表格" in refused(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    assert "什么都没有" in refused(book())
    assert "5 MB" in refused(b"a" * (5 * 1024 * 1024 + 1))


def test_a_file_is_bounded_by_what_comes_out_of_it_whatever_its_header_says(monkeypatch):
    plain = book(["户主"], ["张三"])
    bomb = repacked(plain, lambda name, part: part + b" " * 60_000_000 if "sheet1" in name else part)
    assert len(bomb) < 200_000
    assert "太大" in refused(bomb)
    lying = bytearray(bomb)
    with zipfile.ZipFile(io.BytesIO(bomb)) as archive:
        true_size = next(m.file_size for m in archive.infolist() if "sheet1" in m.filename)
    while (at := lying.find(true_size.to_bytes(4, "little"))) >= 0:
        lying[at : at + 4] = (1_000).to_bytes(4, "little")
    assert refused(bytes(lying))
    # And where the header is believed by whoever unpacks, no more than the bound is taken out.
    monkeypatch.setattr(sheets, "MOST_UNPACKED", 2_000)
    assert "太大" in refused(plain)


def test_one_far_cell_does_not_lay_out_a_sheet_as_large_as_the_memory():
    def far(name, part):
        return part.replace(b'r="A2"', b'r="XFD1048576"') if "sheet1" in name else part

    assert "太大" in refused(repacked(book(["户主"], ["张三"]), far))


def test_a_long_text_that_is_kept_once_and_named_by_every_cell_is_refused():
    def long(name, part):
        return part.replace("长".encode(), b"x" * 1_000_000) if "sharedStrings" in name else part

    rows = [["长"] * 10] * 20
    assert len(content := repacked(book(*rows), long)) < 20_000
    assert "太大" in refused(content)


def test_entities_that_multiply_are_refused():
    def laughing(name, part):
        if "sheet1" not in name:
            return part
        return part.replace(b"?>", b'?><!DOCTYPE w [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>', 1)

    assert "另存为" in refused(repacked(book(["户主"], ["张三"]), laughing))


def test_what_a_spreadsheet_would_run_is_escaped_on_the_way_out_and_plain_again_on_the_way_in():
    names = ["=1+1", "+86", "-5", "@SUM(A1)", "＝1"]
    content = workbook(Page("名单", [Heading("姓名")], [[name] for name in names], "填写说明", [["名单"]]))
    tables = read(content)
    assert [table.name for table in tables] == ["名单", "填写说明"]
    assert [row[0] for row in tables[0].rows[1:]] == ["=1+1", "+86", "-5", "@SUM(A1)", "=1"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
        strings = archive.read("xl/sharedStrings.xml").decode()
    assert all(safe(name) in strings for name in names)


def test_a_template_offers_its_choices():
    villages = [f"某镇第{n}村" for n in range(300)]
    headings = [Heading("等级", choices=["一级", "二级"]), Heading("村", choices=villages)]
    with zipfile.ZipFile(io.BytesIO(workbook(Page("表", headings, [], "说明", [["说明"]])))) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert '"一级,二级"' in sheet
    assert "$B$1:$B$300" in sheet
