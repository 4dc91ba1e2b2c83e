"""Whatever somebody sends in as a sheet is answered with words: no error of ours, and not a row in the books."""

import io
import random
import zipfile

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from logistics.models import Shipment
from suppliers.base import days
from suppliers.models import Household, PurchaseLot, SheetImport, SheetRow, SupplyDeclaration
from suppliers.sheets import kinds

from .. import factories as make
from ..suppliers.test_sheets import book, repacked

pytestmark = pytest.mark.django_db

SEEDS = 200
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ODD = [
    "", " ", "=1+1", "+86", "-", "@", "张三", "1e400", "-1", "0", "NaN", "inf", "\u202e斤", "🍑" * 50, "字" * 1_999, "2019.13.45",
    "1,234.5元", "99999999999999999999", "60公斤斤", "'=x", "%s{{x}}", "<b>", "null", "示例", "合计", "𠮷", "\ufffe", "１２３",
]  # fmt: skip
NUMBERS = [0, -1, 1e308, 5.1e17, 0.1 + 0.2, 43470, 2**53, -0.0, 1e-300]


def cells(chance: random.Random) -> list:
    return [
        chance.choice([chance.choice(ODD), chance.choice(NUMBERS), None, True]) for _c in range(chance.randint(1, 12))
    ]


def headings(chance: random.Random) -> list[str]:
    kind = chance.choice(kinds.all_kinds())
    return [str(column.label) for column in kind.columns]


def plain(chance: random.Random) -> bytes:
    return book(headings(chance), *(cells(chance) for _row in range(chance.randint(0, 8))))


def cut(chance):
    content = plain(chance)
    return content[: chance.randint(4, len(content))]


def flipped(chance):
    content = bytearray(plain(chance))
    for _n in range(chance.randint(1, 30)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content)


def with_broken_xml(chance):
    def change(name, part):
        if chance.random() < 0.5:
            return part
        at = chance.randrange(len(part) or 1)
        return part[:at] + chance.choice([b"", b"<", b"&", b"\x00", b"</row>", b"<c/>", b"\xff\xfe"]) + part[at + 3 :]

    return repacked(plain(chance), change)


def without_a_part(chance):
    return repacked(plain(chance), lambda _name, part: part if chance.random() < 0.7 else None)


def bomb(chance):
    return repacked(plain(chance), lambda name, part: part + b" " * 52_500_000 if name.endswith("sheet1.xml") else part)


def far_away(chance):
    place = chance.choice([b"XFD1048576", b"A1048576", b"ZZZ1", b"A0", b"A99999999", b"1A", b"XFD1"])
    return repacked(plain(chance), lambda name, part: part.replace(b'r="A1"', b'r="' + place + b'"', 1))


def merged_and_run(chance):
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as written:
        page = written.add_worksheet(chance.choice(["收购台账", "a", "填写说明"]))
        page.write_row(0, 0, headings(chance))
        page.merge_range("A2:C6", chance.choice(ODD[5:12]))
        for r in range(6, 10):
            page.write_formula(
                r, 1, chance.choice(["=1/0", "=A1", "=NOW()", '=HYPERLINK("http://x")']), None, "#DIV/0!"
            )
        hidden = written.add_worksheet("藏")
        hidden.write(0, 0, "x")
        if chance.random() < 0.5:
            hidden.hide()
        written.add_chartsheet("图")
    return stream.getvalue()


def with_macros(chance):
    out = io.BytesIO(plain(chance))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/vbaProject.bin", OLE + chance.randbytes(2_000))
    return out.getvalue()


def old_or_locked(chance):
    tail = "EncryptedPackage".encode("utf-16-le") if chance.random() < 0.5 else "Workbook".encode("utf-16-le")
    return OLE + chance.randbytes(1_500) + tail + chance.randbytes(500)


def as_text(chance):
    rows = [headings(chance), *([str(cell) for cell in cells(chance)] for _row in range(5))]
    text = "\n".join(chance.choice(["\t", ",", ";"]).join(row) for row in rows)
    code = chance.choice(["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    return chance.choice(["", '"', "\x00", "\ufeff"]).encode() + text.encode(code, "replace")


def noise(chance):
    begins = [b"", b"PK\x03\x04", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", b"<html>", b"\x1f\x8b", OLE, b"PK\x05\x06"]
    return chance.choice(begins) + chance.randbytes(chance.randint(0, 3_000))


def another_zip(chance):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for n in range(chance.choice([1, 3, 600])):
            archive.writestr(
                chance.choice(["word/document.xml", "../../etc/passwd", "xl/workbook.bin", f"a{n}"]) + str(n), b"x"
            )
    return out.getvalue()


def many_columns(chance):
    return book([f"列{n}" for n in range(chance.choice([61, 200, 2_000]))], cells(chance))


WAYS = [
    plain, cut, flipped, with_broken_xml, without_a_part, far_away, merged_and_run, with_macros, old_or_locked, as_text, noise,
    another_zip, many_columns,
]  # fmt: skip
NAMES = ["收购.xlsx", "a.xls", "a.csv", "a.xlsm", "../../a.xlsx", "户主 510232.txt", "a" * 90 + ".xlsx"]


@pytest.fixture
def own(client):
    make.make_carriers()
    pack = make.make_pack()
    make.make_household(pack.produce.cooperative)
    make.pay(make.place_order((pack, 1)))
    client.force_login(make.make_user(cooperative=pack.produce.cooperative))
    return pack.produce.cooperative


def books() -> list[int]:
    return [model.objects.count() for model in (PurchaseLot, Household, SupplyDeclaration, Shipment, SheetRow)]


def follow(client, code: str, data: dict) -> str:
    """Send something in, look at where it leads, press on; return what came of it."""
    response = client.post(reverse("suppliers:sheet_new", args=[code]), data)
    assert response.status_code in (200, 302), response.status_code
    if response.status_code == 200:
        assert response.context["form"].errors
        return "refused"
    sheet = SheetImport.objects.get(pk=int(response["Location"].rstrip("/").rpartition("/")[2]))
    if sheet.state == "uploaded":
        address = reverse("suppliers:sheet_columns", args=[sheet.pk])
        form = client.get(address).context["form"]
        fields = {name: form[name].initial for name in form.fields if form[name].initial is not None}
        fields |= {name: "cells" for name in form.fields if name.endswith("_unit")}
        assert client.post(address, fields).status_code in (200, 302)
        sheet.refresh_from_db()
    if sheet.state != "uploaded":
        assert client.get(reverse("suppliers:sheet", args=[sheet.pk])).status_code == 200
    # A sheet without a wrong row is a right one, however it came about: it is not pressed on.
    if sheet.counts.get("wrong"):
        assert client.post(reverse("suppliers:sheet_write", args=[sheet.pk])).status_code == 302
    state = sheet.state
    client.post(reverse("suppliers:sheet_give_up", args=[sheet.pk]))
    return state


def test_two_hundred_damaged_sheets_cost_nobody_anything(client, own):
    before = books()
    codes = [kind.code for kind in kinds.all_kinds()]
    met = set()
    for seed in range(SEEDS):
        chance = random.Random(seed)
        content = WAYS[seed % len(WAYS)](chance)
        name = chance.choice(NAMES)
        met.add(follow(client, codes[seed % len(codes)], {"file": SimpleUploadedFile(name, content)}))
        assert books() == before, f"seed {seed}"
    assert {"refused", "checked"} <= met


def test_bombs_are_refused(client, own):
    for seed in range(3):
        assert follow(client, "ledger", {"file": SimpleUploadedFile("a.xlsx", bomb(random.Random(seed)))}) == "refused"
    assert not SheetImport.objects.exists()


@pytest.mark.parametrize(
    "pasted", ["\x00", "\x00a\tb", "\t\t\t", '"', "a" * 3_000, "=1+1\t=2\n1\t2", "\ud83d", "户主\n" * 30_000]
)
def test_whatever_is_pasted_is_answered(client, own, pasted):
    follow(client, "ledger", {"pasted": pasted.encode("utf-8", "replace").decode()})
    assert PurchaseLot.objects.count() == 0


def test_a_number_in_an_address_that_no_import_has_is_not_found(client, own):
    for number in (0, 10**18, 10**30):
        assert client.get(f"/cooperative/sheets/imports/{number}/").status_code == 404
    assert client.get("/cooperative/sheets/nothing/").status_code == 404


def test_a_page_of_a_preview_that_is_none_is_the_last_or_the_first(client, own):
    text = "日期\t户主\t品名\t斤\t单价(元/斤)\n" + f"{days.today()}\t谭大成\t核桃\t1\t9\n"
    response = client.post(reverse("suppliers:sheet_new", args=["ledger"]), {"pasted": text})
    sheet = SheetImport.objects.get()
    assert response.status_code == 302
    for query in ("?page=x", "?page=-1", "?page=" + "9" * 30, "?show=%00", "?show=skipped"):
        assert client.get(f"/cooperative/sheets/imports/{sheet.pk}/{query}", follow=True).status_code == 200
