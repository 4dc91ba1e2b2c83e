"""How a query finds produce: by Chinese signs, by their sound, by first letters, and by what else people call the thing.

Pure: texts in, a score out. It needs no index that could lag behind the shelf: a county's produce is some hundred
names, and what is worked out for a text is kept as long as the text stays the same.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import rjieba
from pypinyin import lazy_pinyin

LONGEST_QUERY = 60
MOST_WORDS = 8

# What is one thing under several names, across dialects. A text that holds one of them is found by the others.
SAME = (
    ("洋芋", "土豆", "马铃薯", "山药蛋"),
    ("红苕", "苕粉", "红薯", "地瓜", "甘薯", "红薯粉", "地瓜粉", "粉条"),
    ("香菇", "冬菇", "花菇", "菌子", "蘑菇"),
    ("木耳", "耳子", "云耳"),
    ("脐橙", "橙子", "甜橙", "橙"),
    ("柑橘", "橘子", "桔子", "柑子", "橘"),
    ("脆李", "李子"),
    ("冬桃", "桃子", "水蜜桃"),
    ("腊肉", "熏肉", "腊味", "烟熏肉"),
    ("蜂蜜", "蜜糖", "蜂糖"),
    ("核桃", "胡桃"),
    ("老鹰茶", "茶叶", "白茶", "红茶"),
    ("河鸡", "土鸡", "鸡肉", "走地鸡"),
    ("药材", "中药", "药草"),
)

_RUNS = re.compile(r"[㐀-鿿]+|[0-9a-z]+")


@dataclass(frozen=True)
class Text:
    """A text as it is matched: its signs, and its syllables and their first letters from every sign on."""

    signs: str
    sounds: tuple[str, ...]
    initials: tuple[str, ...]


def words(query: str) -> tuple[str, ...]:
    """The words of a query, at most eight: nothing but letters, digits and Chinese signs of its first 60 characters."""
    found: list[str] = []
    for run in _RUNS.findall(_plain(query[:LONGEST_QUERY])):
        found += rjieba.cut(run) if run[0] > "z" else [run]
    return tuple(dict.fromkeys(found))[:MOST_WORDS]


def score(texts: Sequence[tuple[str, int]], wanted: Sequence[str], *, named_from: int = 0) -> tuple[int, int]:
    """How many of the words `wanted` are in `texts`, and how well: the sum of the best weight for each of them.

    `texts` are (text, weight). A match by sound counts a step less than one by signs. First letters find only what
    weighs `named_from` or more: nobody looks for a cooperative by the z of 种植专业合作社.
    """
    best = []
    for word in wanted:
        weights = [
            weight * 2 - step
            for text, weight in texts
            for step in (_step(word, text, by_initials=weight >= named_from),)
            if step is not None
        ]
        if weights:
            best.append(max(weights))
    return len(best), sum(best)


def with_other_names(text: str) -> str:
    """The other names of what `text` is about."""
    return " ".join(other for group in SAME if any(name in text for name in group) for other in group)


def _step(word: str, text: str, *, by_initials: bool) -> int | None:
    known = _known(text)
    if word in known.signs:
        return 0
    if word[0] > "z":
        # 东桃 sounds like 冬桃; one sign alone sounds like too much.
        sound = "".join(lazy_pinyin(word))
        return 1 if len(word) > 1 and any(one.startswith(sound) for one in known.sounds) else None
    spelled = (*known.sounds, *known.initials) if by_initials else known.sounds
    if len(word) > 1 and any(one.startswith(word) for one in spelled):
        return 1
    return None


@lru_cache(maxsize=50_000)
def _known(text: str) -> Text:
    plain = _plain(text)
    sounds: list[str] = []
    initials: list[str] = []
    for run in _RUNS.findall(plain):
        if run[0] <= "z":
            continue
        syllables = lazy_pinyin(run)
        sounds += ["".join(syllables[i:]) for i in range(len(syllables))]
        initials += ["".join(one[0] for one in syllables[i:]) for i in range(len(syllables))]
    return Text(plain, tuple(sounds), tuple(initials))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()
