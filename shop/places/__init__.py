"""Provinces, cities and districts of China by their GB codes of six digits: the 省/市/区 picker, and "to Shandong".

The data are areas.json (where they come from: NOTICE). Villages and townships of Wuxi belong to suppliers.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

SHANDONG = "37"

# The source's own headings for "no city in between": they hold districts, but nobody writes them on a parcel.
_UNSAID = {"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"}


class UnknownArea(LookupError):
    """No province, city or district has this code."""


@dataclass(frozen=True)
class Area:
    """A province (370000), a city (370900) or a district (370902)."""

    code: str
    name: str


@cache
def areas() -> list:
    """Return the whole tree, as JSON has it: [code, name, [[code, name, [[code, name], …]], …]] for each province."""
    return _data()["areas"]


def children(code: str = "") -> tuple[Area, ...]:
    """Return the cities of a province or the districts of a city, the provinces for "", nothing for any other code."""
    return _branches().get(code, ())


def district(code: str) -> Area:
    """Return the district of this code; a code that was merged away gives its successor (371203 → 370117).

    Raises UnknownArea for anything else, so a province or city alone is no district.
    """
    try:
        return _districts()[_current(code)]
    except KeyError:
        raise UnknownArea(code) from None


def city_of(code: str) -> Area:
    """Return the city (市) that a district lies in, or that `code` itself names. Raises UnknownArea."""
    try:
        return _cities()[_current(code)[:4]]
    except KeyError:
        raise UnknownArea(code) from None


def province_of(code: str) -> Area:
    """Return the province that a city or district lies in, or that `code` itself names. Raises UnknownArea."""
    try:
        return _provinces()[code[:2]]
    except KeyError:
        raise UnknownArea(code) from None


def full_name(code: str) -> str:
    """Return what is written on a parcel: 山东省泰安市泰山区, 北京市东城区, 广东省东莞市. Raises UnknownArea."""
    current = _current(code)
    chain = [province_of(current)]
    if not current.endswith("0000"):
        chain.append(city_of(current))
        # Where a city has no districts (东莞, 儋州) it is its own, and is said once.
        if current != chain[-1].code:
            chain.append(district(current))
    return "".join(area.name for area in chain if area.name not in _UNSAID)


def short_city(code: str) -> str:
    """Return a city as people say it: 泰安, 北京, 恩施; the province where `code` names no city; "" for no place."""
    try:
        city = city_of(code)
        name = city.name if city.name not in _UNSAID else province_of(code).name
    except UnknownArea:
        name = _provinces()[code[:2]].name if code[:2] in _provinces() else ""
    return name.removesuffix("市").removesuffix("省").removesuffix("地区")


def is_shandong(code: str) -> bool:
    """Say whether a code lies in Shandong. Goods go "to Shandong" by code, never by what an address says."""
    return code.startswith(SHANDONG)


def _current(code: str) -> str:
    return _data()["former"].get(code, code)


@cache
def _data() -> dict:
    return json.loads(resources.files(__package__).joinpath("areas.json").read_text("utf-8"))


@cache
def _branches() -> dict[str, tuple[Area, ...]]:
    branches = {"": tuple(Area(code, name) for code, name, _ in areas())}
    for province, _name, cities in areas():
        branches[province] = tuple(Area(code, name) for code, name, _ in cities)
        for city, _name, districts in cities:
            branches[city] = tuple(Area(*district) for district in districts)
    return branches


@cache
def _provinces() -> dict[str, Area]:
    return {area.code[:2]: area for area in children()}


@cache
def _cities() -> dict[str, Area]:
    return {area.code[:4]: area for province in children() for area in children(province.code)}


@cache
def _districts() -> dict[str, Area]:
    return {area.code: area for city in _cities().values() for area in children(city.code)}
