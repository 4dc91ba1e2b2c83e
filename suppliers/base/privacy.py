"""People's names and numbers: encrypted at rest, matched by a keyed index, masked wherever they are shown (PIPL art. 28, 51).

`settings.PII_KEYS` is a list of Fernet keys: the first one encrypts, all of them decrypt, so a key is rotated by putting
the new one in front. The index is keyed by the last of them, which therefore stays until `reindex` has run.
"""

import hashlib
import hmac
from functools import cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """`text` as a token that only a holder of PII_KEYS reads; empty stays empty."""
    return _fernet(tuple(settings.PII_KEYS)).encrypt(text.encode()).decode() if text else ""


def decrypt(token: str) -> str:
    """The text behind `token`. Raises cryptography.fernet.InvalidToken where no key fits."""
    return _fernet(tuple(settings.PII_KEYS)).decrypt(token.encode()).decode() if token else ""


def encrypt_bytes(content: bytes) -> bytes:
    """`content` as a token that only a holder of PII_KEYS reads."""
    return _fernet(tuple(settings.PII_KEYS)).encrypt(content)


def decrypt_bytes(token: bytes) -> bytes:
    """The content behind `token`. Raises cryptography.fernet.InvalidToken where no key fits."""
    return _fernet(tuple(settings.PII_KEYS)).decrypt(bytes(token))


def keyed_index(text: str) -> str:
    """The same 64 hex digits for the same `text` (blanks and case aside), of no use without the key."""
    plain = "".join(text.split()).upper()
    return hmac.new(settings.PII_KEYS[-1].encode(), plain.encode(), hashlib.sha256).hexdigest()


class EncryptedText(models.TextField):
    """A text that is a Fernet token in the database and plain text in Python; it cannot be searched."""

    def get_prep_value(self, value):
        return encrypt(str(value)) if value else ""

    def from_db_value(self, value, expression, connection):
        return decrypt(value) if value else ""

    def get_lookup(self, lookup_name):
        return None if lookup_name != "isnull" else super().get_lookup(lookup_name)


class EncryptedBytes(models.BinaryField):
    """Bytes, such as a picture, that are a Fernet token in the database and plain in Python."""

    def get_db_prep_value(self, value, connection, prepared=False):
        token = _fernet(tuple(settings.PII_KEYS)).encrypt(bytes(value)) if value else b""
        return super().get_db_prep_value(token, connection, prepared)

    def from_db_value(self, value, expression, connection):
        return _fernet(tuple(settings.PII_KEYS)).decrypt(bytes(value)) if value else b""


def mask_name(name: str) -> str:
    """张三→张*, 张三丰→张*丰, 欧阳小明→欧**明: the first and the last sign stay."""
    if len(name) <= 1:
        return "*" * len(name)
    if len(name) == 2:
        return name[0] + "*"
    return name[0] + "*" * (len(name) - 2) + name[-1]


def mask_mobile(mobile: str) -> str:
    """138****8000; anything shorter than seven signs is hidden whole."""
    digits = mobile[-11:]
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 8 else "****"


def mask_tail(number: str, *, width: int) -> str:
    """Stars and the last four signs, as for an ID number (width 18) or a bank account (width 8)."""
    return "*" * (width - 4) + number[-4:] if number else ""
