"""What the shop stands on before anything is sold: places, carriers, approved distances, the subsidy programme."""

import datetime as dt
import json
from functools import cache
from importlib import resources

from django.contrib.auth.models import Group
from django.db import transaction

from logistics import data as logistics_data
from logistics.models import ApprovedDistance, Carrier, Envelope, ProgrammeVersion, SubsidyProgramme
from suppliers import data as suppliers_data
from suppliers.base import access, days
from suppliers.models import Township, Village

CARRIERS = [
    ("SF", "顺丰速运", True),
    ("YZPY", "邮政快递包裹", True),
    ("ZTO", "中通快递", True),
    ("YTO", "圆通速递", True),
    ("STO", "申通快递", True),
    ("YD", "韵达快递", True),
    ("DBL", "德邦快递", True),
    ("JD", "京东物流", True),
    ("ZTC", "巫溪直通车", False),
    ("HY", "大宗货运", False),
]
FORMER_NAMES = {"500238118": ["中岗乡"]}


@cache
def demo_data() -> dict:
    """The demo's catalogue, cooperatives and cities, as they lie in data/catalogue.json."""
    return json.loads(resources.files(__package__).joinpath("data/catalogue.json").read_text("utf-8"))


def policy() -> dict:
    """The terms of the demo programme (logistics/data/wx_sd_demo.json), without the test vectors that lie beside them."""
    terms = json.loads(resources.files(logistics_data).joinpath("wx_sd_demo.json").read_text("utf-8"))
    return {key: value for key, value in terms.items() if key != "test_vectors"}


@transaction.atomic
def load(*, programme: bool = True) -> dict[str, int]:
    """Write what is missing of it; what is there stays. Return how many there are now of each."""
    for role in access.ROLES:
        Group.objects.get_or_create(name=role)
    deep = set(demo_data()["deep_poverty_townships"])
    places = json.loads(resources.files(suppliers_data).joinpath("wuxi.json").read_text("utf-8"))
    Township.objects.bulk_create(
        [
            Township(
                code=t["code"],
                name=t["name"],
                is_deep_poverty=t["name"] in deep,
                former_names=FORMER_NAMES.get(t["code"], []),
            )
            for t in places["townships"]
        ],
        ignore_conflicts=True,
    )
    Village.objects.bulk_create(
        [Village(code=v["code"], township_id=v["code"][:9], name=v["name"]) for v in places["villages"]],
        ignore_conflicts=True,
    )
    Carrier.objects.bulk_create(
        [Carrier(code=code, name=name, is_courier=is_courier) for code, name, is_courier in CARRIERS],
        ignore_conflicts=True,
    )
    ApprovedDistance.objects.bulk_create(
        [
            ApprovedDistance(city_code=c["code"], city=c["name"], km=c["km"], note="核定里程(演示), 待商务委核定")
            for c in demo_data()["shandong_cities"]
        ],
        ignore_conflicts=True,
    )
    if programme:
        _load_programme()
    return {
        "townships": Township.objects.count(),
        "villages": Village.objects.count(),
        "carriers": Carrier.objects.count(),
        "approved distances": ApprovedDistance.objects.count(),
        "subsidy programmes": SubsidyProgramme.objects.count(),
        "roles": Group.objects.filter(name__in=access.ROLES).count(),
    }


def _load_programme() -> None:
    """The demo programme: version 1 is 2019's; the current and the next year have versions on the same terms."""
    terms = policy()
    programme, _ = SubsidyProgramme.objects.get_or_create(
        code=terms["code"], defaults={"name": "巫溪农产品入鲁物流补贴(演示)"}
    )
    this_year = days.today().year
    for number, year in enumerate([2019, this_year, this_year + 1], start=1):
        starts_on, ends_on = dt.date(year, 1, 1), dt.date(year, 12, 31)
        if programme.versions.filter(starts_on=starts_on).exists():
            continue
        halves = [int(fen) for fen in terms["period_budget_fen"].values()]
        middle = dt.date(year, 6, 30)
        periods = [(starts_on, middle), (middle + dt.timedelta(days=1), ends_on)]
        version = ProgrammeVersion.objects.create(
            programme=programme,
            number=programme.versions.count() + 1,
            starts_on=starts_on,
            ends_on=ends_on,
            budget_fen=terms["budget_fen"],
            terms={
                **terms,
                "version": number,
                "effective": [str(starts_on), str(ends_on)],
                "period_budget_fen": {f"{a}..{b}": fen for (a, b), fen in zip(periods, halves, strict=True)},
            },
        )
        Envelope.objects.bulk_create(
            Envelope(version=version, starts_on=a, ends_on=b, amount_fen=fen)
            for (a, b), fen in zip(periods, halves, strict=True)
        )
