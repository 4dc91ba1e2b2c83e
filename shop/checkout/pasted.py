"""An address as people copy it out of a chat, taken apart: name, mobile number, 省/市/区 and street.

A pure function over the table of places. What it does not find stays empty for the buyer to fill in; it never guesses
between two districts of one name.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from shop import places

MOST_SIGNS = 400

_LABELS = {
    "name": "收货人姓名|收件人姓名|收货人|收件人|联系人|姓名|名字",
    "mobile": "手机号码|联系电话|联系方式|收货电话|手机号|手机|电话",
    "area": "所在地区|省市区|地区",
    "street": "详细地址|收货地址|收件地址|街道地址|地址",
    "postcode": "邮政编码|邮编",
}
# A label stands at the start or after a blank or sign; longer words come first above, and the colon may be missing.
_LABEL = re.compile(
    r"(?:^|(?<=[\s,;。、\x02]))(?:"
    + "|".join(f"(?P<{key}>{words})" for key, words in _LABELS.items())
    + r")\s*[:\s]\s*"
)
_MOBILE = re.compile(r"(?<!\d)(?:\(?\+?(?:00)?86\)?[\s-]?)?(1[3-9]\d[\s-]?\d{4}[\s-]?\d{4})(?!\d)")
_POSTCODE = re.compile(r"(?:(?:邮政编码|邮编)\s*:?\s*|(?<![^\s,;]))\d{6}(?![^\s,;])")
_BETWEEN = re.compile(r"[\s,;、|/>-]*")
_SPLIT = re.compile(r"[\s,;。、|]+")
_ENDS_LIKE_A_PLACE = re.compile(r"[省市区县旗镇乡村庄街路道巷弄号楼栋幢座室院园苑城厦场店校层户元站社组队屯里桥]$")
_CALLED = r"(?:先生|女士|小姐|老师|师傅|阿姨|同志)"
_NAME = re.compile(
    rf"(?:[\u4e00-\u9fff]{{2,4}}|[\u4e00-\u9fff]{{1,4}}{_CALLED}|[\u4e00-\u9fff]+·[\u4e00-\u9fff]+|[A-Za-z][A-Za-z. ]{{1,28}})"
)
_GLUED_NAME = re.compile(
    rf"^(?P<street>.*[号室楼户栋座\d])(?P<name>[\u4e00-\u9fff]{{1,3}}{_CALLED}|[\u4e00-\u9fff]{{2,3}})$"
)
_TO = re.compile(r"\s*[(]?(?:收|亲启)[)]?$")
# 泰安路 is a street, and no 泰安.
_STREET_NEXT = re.compile(r"(?:[东西南北中]?(?:路|街|大道|大街|巷|广场|小区|宾馆|酒店|大厦|村|镇|乡|花园))")
_PEOPLES = "土家|苗|傣|藏|羌|彝|布依|侗|哈尼|壮|白|景颇|傈僳|回|蒙古|哈萨克|朝鲜|柯尔克孜|维吾尔|黎|满|瑶"


@dataclass(frozen=True)
class Pasted:
    """What was found of an address; places by their GB codes, "" for what was not."""

    name: str = ""
    mobile: str = ""
    province: str = ""
    city: str = ""
    district: str = ""
    street: str = ""


def parse(text: str) -> Pasted:
    """Take `text` apart. Anything at all may be passed in; what makes no sense comes back empty."""
    text = unicodedata.normalize("NFKC", text or "")[:MOST_SIGNS].replace("\x00", " ").replace("：", ":")
    text = re.sub(r"[\x01\x02]", " ", text)
    mobile = ""
    if found := _MOBILE.search(text):
        mobile = re.sub(r"\D", "", found.group(1))
        text = f"{text[: found.start()]} \x02 {text[found.end() :]}"
    text = _POSTCODE.sub(" ", text)
    name, text = _labelled_name(text)
    text = _LABEL.sub(" ", text)
    area, start, end = _find_area(text)
    if any(area):
        before, after = text[:start], _without_repeated(text[end:], area)
    else:
        before, after = text, ""
    if not name:
        name, before, after = _name(before, after)
    street = _street(f"{after} {before}")
    province, city, district = area
    return Pasted(name[:30], mobile, province, city, district, street[:120])


def _labelled_name(text: str) -> tuple[str, str]:
    """The name that stands behind its label, and the text without both."""
    for label in _LABEL.finditer(text):
        if label.group("name"):
            rest = text[label.end() :]
            name = _SPLIT.split(rest.lstrip(), maxsplit=1)[0].replace("\x02", "")
            at = text.index(name, label.end()) if name else label.end()
            if not _LABEL.match(f"{name}:"):
                return _TO.sub("", name), f"{text[: label.start()]} {text[at + len(name) :]}"
    return "", text


# ── 省/市/区 ─────────────────────────────────────────────────────────────────────────────────────────────────────────

NOWHERE = ("", "", "")


@dataclass(frozen=True)
class _Word:
    """A way to write a place; `weight` is how sure it makes one."""

    text: str
    code: str
    weight: int


def _find_area(text: str) -> tuple[tuple[str, str, str], int, int]:
    """The surest chain of places in `text`, with where it starts and ends; the earlier one where two are as sure."""
    best, best_weight, best_at = NOWHERE, 0, (0, 0)
    for start in range(len(text)):
        for area, weight, end in _chains(text, start):
            if weight > best_weight:
                best, best_weight, best_at = area, weight, (start, end)
    return best, *best_at


def _chains(text: str, start: int):
    """Each (places, weight, end) that begins at `start`: 省市区, 省区, 市区, or a 区 that is the only one of its name."""
    for province in _match(text, start, _province_words()):
        at = start + len(province.text)
        yield (province.code, "", ""), province.weight, at
        yield from _in_province(text, at, province)
    for city in _match(text, start, _city_words("")):
        yield from _in_city(text, start + len(city.text), city, 0)
    for district in _match(text, start, _only_districts()):
        yield _chain_of(district.code), district.weight, start + len(district.text)


def _in_province(text: str, at: int, province: _Word):
    after = _BETWEEN.match(text, at).end()
    # 北京市 北京市 东城区, 重庆市 市辖区 万州区: said twice, and meant once.
    for again in (province.text, "市辖区", "县"):
        if text.startswith(again, after) and province.code[:2] in ("11", "12", "31", "50"):
            after = _BETWEEN.match(text, after + len(again)).end()
            break
    for city in _match(text, after, _city_words(province.code)):
        yield from _in_city(text, after + len(city.text), city, province.weight)
    for district in _match(text, after, _district_words(province.code)):
        yield _chain_of(district.code), province.weight + district.weight, after + len(district.text)


def _in_city(text: str, at: int, city: _Word, weight: int):
    own = places.children(city.code)
    only = own[0].code if len(own) == 1 else ""
    yield (places.province_of(city.code).code, city.code, only), weight + city.weight, at
    after = _BETWEEN.match(text, at).end()
    for district in _match(text, after, _district_words(city.code)):
        yield _chain_of(district.code), weight + city.weight + district.weight, after + len(district.text)


def _match(text: str, at: int, words: dict[str, list[_Word]]):
    """The words of a place that stand at `at`; a short one only where no street goes on from it."""
    for word in words.get(text[at : at + 2], ()):
        if text.startswith(word.text, at) and (word.weight > 1 or not _STREET_NEXT.match(text, at + len(word.text))):
            yield word


def _chain_of(district: str) -> tuple[str, str, str]:
    return places.province_of(district).code, places.city_of(district).code, district


def _indexed(words) -> dict[str, list[_Word]]:
    """`words` by their first two signs, the longest first."""
    found: dict[str, list[_Word]] = {}
    for word in sorted(words, key=lambda word: -len(word.text)):
        found.setdefault(word.text[:2], []).append(word)
    return found


@cache
def _province_words() -> dict[str, list[_Word]]:
    words = []
    for area in places.children():
        short = re.sub(r"(?:壮族|回族|维吾尔)?自治区$|省$|市$", "", area.name)
        words += [_Word(area.name, area.code, 2), _Word(short, area.code, 1)]
        if area.name.endswith("自治区"):
            words += [_Word(f"{short}自治区", area.code, 2), _Word(f"{short}省", area.code, 2)]
    return _indexed(words)


@cache
def _city_words(province: str) -> dict[str, list[_Word]]:
    """The cities of a province, of all provinces for ""; what only heads a list of districts is no city."""
    words = []
    for parent in [province] if province else [area.code for area in places.children()]:
        for area in places.children(parent):
            if area.name in places.full_name(area.code):
                short = re.sub(rf"(?:(?:{_PEOPLES})族?)*自治州$|地区$|盟$|市$", "", area.name)
                words += [_Word(area.name, area.code, 3)]
                words += [_Word(short, area.code, 1)] if 1 < len(short) < len(area.name) else []
    return _indexed(words)


@cache
def _district_words(within: str) -> dict[str, list[_Word]]:
    """The districts of a city or province, in full, and cities and counties in short too (肥城, 宁阳)."""
    cities = [within] if not within.endswith("0000") else [area.code for area in places.children(within)]
    words = []
    for area in (district for city in cities for district in places.children(city)):
        words.append(_Word(area.name, area.code, 4))
        short = re.sub(r"(?<=..)[县市]$", "", area.name)
        words += [_Word(short, area.code, 1)] if short != area.name else []
        # 岱岳 by itself is the district; before more of a word it may be anything.
        words += [_Word(f"{area.name[:-1]} ", area.code, 1)] if re.search(r"..区$", area.name) else []
    return _indexed(words)


@cache
def _only_districts() -> dict[str, list[_Word]]:
    """The districts whose name no other has."""
    by_name: dict[str, list[str]] = {}
    for province in places.children():
        for word in (one for words in _district_words(province.code).values() for one in words if one.weight > 1):
            by_name.setdefault(word.text, []).append(word.code)
    return _indexed(_Word(name, codes[0], 4) for name, codes in by_name.items() if len(codes) == 1 and len(name) > 2)


# ── Name and street ──────────────────────────────────────────────────────────────────────────────────────────────────


def _without_repeated(text: str, area: tuple[str, str, str]) -> str:
    """`text` without the same places once more, as shops paste them before the street."""
    deepest = next((code for code in reversed(area) if code), "")
    full = places.full_name(deepest)
    bare = text.lstrip(" ,;、-/")
    return bare[len(full) :] if full and bare.startswith(full) else text


def _name(before: str, after: str) -> tuple[str, str, str]:
    """The receiver's name among what is left, and both parts without it."""
    for part in (before, after):
        pieces = [piece for piece in _SPLIT.split(part.replace("\x02", " \x02 ")) if piece]
        # What stands right after the district is the street.
        first = 1 if part is after and pieces and pieces[0] != "\x02" else 0
        candidates = [i for i in range(first, len(pieces)) if _is_name(pieces[i])]
        if candidates:
            by_mobile = [i for i in candidates if "\x02" in pieces[max(i - 1, 0) : i + 2]]
            i = (by_mobile or candidates)[0]
            name = _TO.sub("", pieces.pop(i))
            rest = " ".join(pieces)
            return (name, rest, after) if part is before else (name, before, rest)
    pieces = after.split("\x02")
    if (glued := _GLUED_NAME.match(_TO.sub("", pieces[0].strip()))) and _is_name(glued.group("name")):
        return glued.group("name"), before, " ".join([glued.group("street"), *pieces[1:]])
    return "", before, after


def _is_name(piece: str) -> bool:
    piece = _TO.sub("", piece)
    return bool(_NAME.fullmatch(piece)) and not _ENDS_LIKE_A_PLACE.search(piece)


def _street(text: str) -> str:
    """What is left, in its order, as one line."""
    return " ".join(piece.strip(":-") for piece in _SPLIT.split(text.replace("\x02", " ")) if piece.strip(":.-()"))
