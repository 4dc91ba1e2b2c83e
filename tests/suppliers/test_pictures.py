"""Pictures that people send: bounded before they are read, and nothing of the file but its pixels survives."""

import io
import struct
import zipfile
import zlib

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageFile

from suppliers.base.pictures import MOST_BYTES, redrawn


def upload(content: bytes, name: str = "p.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/jpeg")


def drawn(size=(640, 480), *, form="JPEG", mode="RGB", color="green", **options) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, color).save(file, form, **options)
    return file.getvalue()


def png_that_says(width: int, height: int) -> bytes:
    """A PNG of some hundred bytes whose header claims a size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 10_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def refused(content: bytes, name: str = "p.png") -> str:
    with pytest.raises(ValidationError) as error:
        redrawn(upload(content, name))
    return error.value.messages[0]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_each_kind_of_photo_becomes_a_jpeg(form):
    with Image.open(io.BytesIO(redrawn(upload(drawn(form=form))))) as picture:
        assert (picture.format, picture.size) == ("JPEG", (640, 480))


def test_the_long_side_is_at_most_1600_pixels():
    with Image.open(io.BytesIO(redrawn(upload(drawn((4000, 3000)))))) as picture:
        assert picture.size == (1600, 1200)


def test_place_time_and_comments_are_gone_and_the_picture_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x0110] = "some-phone"
    exif.get_ifd(0x8825)[1] = "N"  # GPS
    exif.get_ifd(0x8825)[2] = (36.0, 11.0, 0.0)
    content = drawn((640, 480), exif=exif, comment=b"secret-comment", xmp=b"secret-xmp")
    assert b"some-phone" in content
    assert b"secret-comment" in content
    made = redrawn(upload(content))
    with Image.open(io.BytesIO(made)) as picture:
        assert picture.size == (480, 640)
        assert not picture.getexif()
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"some-phone" not in made
    assert b"secret" not in made


def test_what_is_see_through_becomes_white():
    made = redrawn(upload(drawn(form="PNG", mode="RGBA", color=(0, 0, 0, 0))))
    with Image.open(io.BytesIO(made)) as picture:
        assert picture.getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "1", "LA"])
def test_photos_of_other_colour_modes_are_read_as_well(mode):
    form = "JPEG" if mode == "CMYK" else "PNG"
    file = io.BytesIO()
    Image.new("RGB", (20, 20), "red").convert(mode).save(file, form)
    assert redrawn(upload(file.getvalue()))


@pytest.mark.parametrize(
    ("width", "height"), [(12_000, 12_000), (5_000, 4_001), (100_000, 100_000), (2**31 - 1, 2**31 - 1)]
)
def test_too_many_megapixels_are_refused_before_a_pixel_is_unpacked(width, height, monkeypatch):
    unpacked = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: unpacked.append(self.size))
    assert refused(png_that_says(width, height))
    assert unpacked == []


def test_144_megapixels_are_called_by_their_name():
    assert "2000 万像素" in refused(png_that_says(12_000, 12_000))


def test_twenty_megapixels_are_still_taken():
    assert redrawn(upload(drawn((5_000, 4_000), form="PNG")))


def test_a_file_above_five_mib_is_refused_unread():
    class Unreadable(SimpleUploadedFile):
        def read(self, *_size):
            raise AssertionError("it was read")

    file = Unreadable("p.jpg", drawn() + b"\0" * MOST_BYTES)
    with pytest.raises(ValidationError, match="5 MB"):
        redrawn(file)


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    "content",
    [
        SVG,
        b"<html><script>alert(1)</script></html>",
        b"\x89PNG\r\n\x1a\n" + SVG,
        b"\xff\xd8\xff\xe0" + SVG,
        b"RIFF\x10\x00\x00\x00WEBP" + SVG,
        b"%PDF-1.7\n" + SVG,
        b"\0" * 200,
        b"GIF89a" + b"\1\0\1\0\0\0\0",
        drawn()[:-400],
        drawn(form="PNG")[:-40],
        drawn()[:30],
        drawn(form="GIF", mode="P", color=1),
        drawn(form="TIFF"),
    ],
    ids=["svg", "html", "png head", "jpeg head", "webp head", "pdf", "nul", "gif head", "cut jpeg", "cut png",
         "jpeg without body", "gif", "tiff"],
)  # fmt: skip
def test_what_is_no_whole_photo_is_refused_with_words(content):
    assert refused(content)


def test_nothing_of_a_file_that_hides_in_a_photo_is_kept():
    hidden = io.BytesIO()
    with zipfile.ZipFile(hidden, "w") as packed:
        packed.writestr("evil.html", "<script>alert(1)</script>")
    made = redrawn(upload(drawn() + hidden.getvalue() + SVG))
    assert b"evil" not in made
    assert b"script" not in made
    assert not zipfile.is_zipfile(io.BytesIO(made))


def test_text_chunks_that_unpack_without_end_are_refused_or_dropped():
    bomb = zlib.compress(b"a" * 50_000_000)
    png = drawn(form="PNG")
    chunk = b"zTXt" + b"key\0\0" + bomb
    content = png[:33] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png[33:]
    try:
        made = redrawn(upload(content))
    except ValidationError:
        return
    assert len(made) < 100_000


def test_an_empty_file_is_said_to_be_empty():
    assert "空的" in refused(b"")
