"""Chinese in addresses, spelled by its sound."""

import re

from pypinyin import lazy_pinyin


def slug(text: str, allow_unicode: bool = False) -> str:
    """`text` in lower-case letters and digits, words joined by hyphens, at most 50 signs: 巫溪冬桃 is wu-xi-dong-tao.

    Longer ones than the column holds crash PostgreSQL, and a text of punctuation alone still needs a slug.
    """
    spelled = "-".join(lazy_pinyin(text, errors=lambda rest: re.sub(r"[^0-9A-Za-z]+", "-", rest)))
    words = re.sub(r"-+", "-", re.sub(r"[^0-9a-z-]", "", spelled.lower())).strip("-")
    return words[:50].rstrip("-") or "x"
