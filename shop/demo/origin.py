"""What a trace and a card have to tell: papers, prices that cooperatives show, and a month that many bought in.

Papers and buyers are made up.
"""

import datetime as dt

from suppliers.base import days
from suppliers.models import Certificate, Cooperative, Produce

from .present import Scene, happen

OPEN_BOOKS = ("C01", "C03", "C07", "C11", "C12")
ISSUED_DAYS_AGO, VALID_DAYS = 90, 365
# Walnut kernels go to many in the days in which the demo's own buyer has some: a month of three households and more.
TOGETHER = [Scene((("HR01-500-C11", 6 + n % 7),), "received" if n % 3 else "dispatched", 3) for n in range(30)]
FIRST_NOTE = 61


def load() -> None:
    """Write what is missing of it."""
    today = days.today()
    Cooperative.objects.filter(code__in=OPEN_BOOKS).update(shows_grower_price=True)
    for produce in Produce.objects.filter(cooperative__code__in=OPEN_BOOKS).select_related("cooperative"):
        code = f"{produce.cooperative.code}-{produce.code}"
        for kind, issuer in (
            (Certificate.Kind.CONFORMITY, produce.cooperative.name),
            (Certificate.Kind.TEST, "示例·县农产品质量安全检测站"),
        ):
            Certificate.objects.get_or_create(
                cooperative=produce.cooperative,
                kind=kind,
                number=f"演示-{code}",
                defaults={
                    "produce": produce,
                    "issuer": issuer,
                    "issued_on": today - dt.timedelta(days=ISSUED_DAYS_AGO),
                    "expires_on": today + dt.timedelta(days=VALID_DAYS),
                },
            )
    for n, scene in enumerate(TOGETHER, start=FIRST_NOTE):
        happen(n, scene, today)
