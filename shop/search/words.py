"""How a query finds things: by Chinese signs, by their sound, by first letters, and by what else people call the thing.

Pure: texts in, scores out. An `Index` holds the texts turned round, sign by sign and sound by sound, so that a query
looks at what it finds and not at everything that there is.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def words(query: str) -> tuple[str, ...]:
    """The words of a query, at most eight: nothing but letters, digits and Chinese signs of its first 60 characters."""
    found: list[str] = []
    for run in _RUNS.findall(_plain(query[:LONGEST_QUERY])):
        found += rjieba.cut(run) if run[0] > "z" else [run]
    return tuple(dict.fromkeys(found))[:MOST_WORDS]


class Index:
    """Things by their texts. `things` are (text, weight)s by the id of what they are about.

    A match by sound counts a little less than one by signs, and one by nearly the same sound (n for l, z for zh: people
    of the south-west write as they speak) a little less again. First letters find only what weighs `named_from` or more:
    nobody looks for a cooperative by the z of 种植专业合作社.
    """

    STEPS = 3

    def __init__(self, things: Mapping[int, Iterable[tuple[str, int]]], *, named_from: int = 0) -> None:
        self._named_from = named_from
        # Each text once, with the things that it is about: a township's name stands on all that grows there.
        abouts: dict[str, dict[int, int]] = {}
        for thing, texts in things.items():
            for text, weight in texts:
                about = abouts.setdefault(_plain(text), {})
                about[thing] = max(about.get(thing, 0), weight)
        self._texts = list(abouts)
        self._abouts = list(abouts.values())
        self._with_sign: dict[str, set[int]] = {}
        sounds: set[tuple[str, int]] = set()
        initials: set[tuple[str, int]] = set()
        for n, text in enumerate(self._texts):
            for sign in text:
                self._with_sign.setdefault(sign, set()).add(n)
            for sound, first in _spelled(text):
                sounds.add((sound, n))
                initials.add((first, n))
        self._sounds, self._initials = sorted(sounds), sorted(initials)
        self._slurred = sorted({(_slurred(sound), n) for sound, n in sounds})

    def score(self, wanted: Sequence[str]) -> dict[int, tuple[int, int]]:
        """For each thing that has one of the words `wanted`: how many of them, and how well (the sum of the best)."""
        scores: dict[int, tuple[int, int]] = {}
        for word in wanted:
            best: dict[int, int] = {}
            for n, step, is_named in self._matches(word):
                for thing, weight in self._abouts[n].items():
                    worth = weight * self.STEPS - step
                    if worth > best.get(thing, 0) and (is_named or weight >= self._named_from):
                        best[thing] = worth
            for thing, worth in best.items():
                hits, sum_of_worth = scores.get(thing, (0, 0))
                scores[thing] = hits + 1, sum_of_worth + worth
        return scores

    def _matches(self, word: str) -> Iterator[tuple[int, int, bool]]:
        """The numbers of the texts that hold `word`, how roughly, and whether it may stand anywhere in them."""
        with_all_signs = set.intersection(*(self._with_sign.get(sign, set()) for sign in word))
        yield from ((n, 0, True) for n in with_all_signs if word in self._texts[n])
        if len(word) < 2:
            return  # one sign sounds like too much
        is_spelled = word[0] <= "z"
        sound = word if is_spelled else "".join(lazy_pinyin(word))
        yield from ((n, 1, True) for n in _beginning(self._sounds, sound))
        if is_spelled:
            yield from ((n, 1, False) for n in _beginning(self._initials, word))
        if len(sound) > 3:
            yield from ((n, 2, True) for n in _beginning(self._slurred, _slurred(sound)))


def with_other_names(text: str) -> str:
    """The other names of what `text` is about."""
    return " ".join(other for group in SAME if any(name in text for name in group) for other in group)


def _beginning(known: list[tuple[str, int]], with_: str) -> Iterator[int]:
    at = bisect_left(known, (with_,))
    while at < len(known) and known[at][0].startswith(with_):
        yield known[at][1]
        at += 1


@lru_cache(maxsize=20_000)
def _spelled(text: str) -> tuple[tuple[str, str], ...]:
    """The sound of a text, and the first letters of it, from each of its signs on."""
    found = []
    for run in _RUNS.findall(text):
        if run[0] > "z":
            syllables = lazy_pinyin(run)
            found += [("".join(syllables[i:]), "".join(one[0] for one in syllables[i:])) for i in range(len(syllables))]
    return tuple(found)


def _slurred(sound: str) -> str:
    """A sound without what is often not heard: zh and z, n and l, ng and n, h and f before u."""
    for said, heard in (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"), ("hu", "fu"), ("l", "n")):
        sound = sound.replace(said, heard)
    return sound


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()
