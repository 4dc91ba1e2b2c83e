"""Pictures that people send: bounded before they are read, and drawn anew, so that nothing of the file survives but its pixels."""

import io

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

MOST_BYTES = 5 * 1024 * 1024
MOST_PIXELS = 20_000_000
LONG_SIDE = 1600
QUALITY = 82
FORMATS = ("JPEG", "PNG", "WEBP")  # Pillow reads no HEIC; phones send JPEG where a form asks for it


def redrawn(upload: File, *, long_side: int = LONG_SIDE) -> bytes:
    """`upload` as a JPEG that stands upright, at most `long_side` pixels wide or high, without any metadata.

    Raises ValidationError, in words for whoever sent it, where the file is above 5 MiB, its header says more than 20
    megapixels (looked at before a pixel is unpacked), or it is no whole JPEG, PNG or WebP.
    """
    if not upload.size:
        raise ValidationError(_("This photo is empty. Please choose it again."))
    if upload.size > MOST_BYTES:
        raise ValidationError(_("A photo may have up to 5 MB. Send a smaller one, or a screenshot of it."))
    try:
        upload.seek(0)
        with Image.open(upload, formats=FORMATS) as picture:
            width, height = picture.size
            if width * height <= MOST_PIXELS:
                return _jpeg(picture, long_side)
    except Image.DecompressionBombError:
        pass  # Pillow's own bound, far above ours
    except Exception as error:  # decoders throw what they like at a file that is made for it
        raise ValidationError(_("This is not a whole photo. Please send it as JPEG, PNG or WebP.")) from error
    raise ValidationError(_("A photo may have up to 20 megapixels. Send a smaller one, or a screenshot of it."))


def paper(upload: File) -> tuple[bytes, str]:
    """`upload` as (bytes, content type): a PDF as it is, else a redrawn JPEG.

    A PDF is known by how it begins and ends, and never read here: it is to be handed out as an attachment alone. Raises
    ValidationError as `redrawn` does.
    """
    if not upload.size or upload.size > MOST_BYTES:
        return redrawn(upload), "image/jpeg"  # it says what is wrong
    upload.seek(0)
    if upload.read(5) != b"%PDF-":
        return redrawn(upload), "image/jpeg"
    upload.seek(0)
    content = upload.read()
    if b"%%EOF" not in content[-1024:]:
        raise ValidationError(_("This PDF is not whole. Please save it again, or send a photo of the paper."))
    return content, "application/pdf"


def _jpeg(picture: Image.Image, long_side: int) -> bytes:
    picture.draft("RGB", (long_side, long_side))  # a JPEG is unpacked no larger than it is needed
    picture.load()
    upright = ImageOps.exif_transpose(picture)
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
    upright = upright.convert("RGB")
    upright.thumbnail((long_side, long_side))
    # Onto a new sheet: Pillow would carry comments over to the copy.
    sheet = Image.new("RGB", upright.size)
    sheet.paste(upright)
    written = io.BytesIO()
    sheet.save(written, "JPEG", quality=QUALITY, optimize=True)
    return written.getvalue()
