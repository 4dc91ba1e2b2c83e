"""How a name sounds: what somebody types who looks for it by pinyin, whole or by its first letters."""

from itertools import islice, product

from pypinyin import Style, pinyin

# Some signs sound in several ways (单, 曾, 解); of a name with many of them not every mixture is kept.
MOST_WAYS = 8


def spellings(name: str) -> list[str]:
    """The ways to type `name`: each sound of it whole (tandacheng), and by its first letters (tdc)."""
    sounds = pinyin(name, style=Style.NORMAL, heteronym=True, errors="ignore")
    found: dict[str, None] = {}
    for syllables in islice(product(*sounds), MOST_WAYS):
        found["".join(syllables)] = None
        found["".join(syllable[:1] for syllable in syllables)] = None
    return [spelling for spelling in found if spelling]
