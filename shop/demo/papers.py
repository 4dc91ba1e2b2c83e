"""Papers of the demo's cooperatives, marked as examples, and which of them show what they pay to growers."""

import datetime as dt

from django.db import transaction

from suppliers.base import days
from suppliers.models import Certificate, Cooperative, Produce

SHOWS_GROWER_PRICE = ("C01", "C02", "C03", "C07", "C11")
ISSUER = "示例·检验机构"
# (cooperative, produce or "" for all of its goods, kind, days since it was issued, days that it is valid; 0: always)
PAPERS = [
    ("C02", "XG01", Certificate.Kind.TEST, 120, 365),
    ("C03", "LY01", Certificate.Kind.WORKSHOP, 400, 1095),
    ("C04", "DH01", Certificate.Kind.INDICATION, 900, 0),
    ("C06", "ST01", Certificate.Kind.WORKSHOP, 300, 1095),
    ("C08", "QC01", Certificate.Kind.TEST, 500, 365),  # over: it is not shown
    ("C10", "DN01", Certificate.Kind.CONFORMITY, 20, 180),
    ("C12", "", Certificate.Kind.LICENCE, 700, 1825),
]


@transaction.atomic
def load() -> None:
    """Write the papers that are missing; a cooperative that has any was decided on before and stays as it is."""
    today = days.today()
    produce = {(one.cooperative.code, one.code): one for one in Produce.objects.select_related("cooperative")}
    cooperatives = Cooperative.objects.filter(certificates=None).in_bulk(field_name="code")
    Cooperative.objects.filter(code__in=set(SHOWS_GROWER_PRICE) & set(cooperatives)).update(shows_grower_price=True)
    Certificate.objects.bulk_create(
        Certificate(
            cooperative=cooperatives[code],
            produce=produce[code, item] if item else None,
            kind=kind,
            number=f"示例-{code}-{n:03d}",
            issuer=ISSUER,
            issued_on=today - dt.timedelta(days=ago),
            expires_on=today + dt.timedelta(days=valid - ago) if valid else None,
        )
        for n, (code, item, kind, ago, valid) in enumerate(PAPERS, start=1)
        if code in cooperatives
    )
