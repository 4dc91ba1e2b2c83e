"""What was sold in the half-year of 2019 was sent to the cooperatives in the summer after it."""

import datetime as dt

from shop.packing import actions, money
from suppliers.models import Cooperative

SENT_ON = dt.date(2019, 7, 15)


def load() -> None:
    """Write the remittances of 2019, once."""
    for cooperative in Cooperative.objects.filter(remittances=None):
        fen = sum(one.net_fen + one.freight_fen for one in money.months(cooperative) if one.month.year == SENT_ON.year)
        if fen > 0:
            reference = f"DEMO-{SENT_ON:%Y%m%d}-{cooperative.code}"
            actions.remit(cooperative=cooperative, amount_fen=fen, remitted_on=SENT_ON, reference=reference, by=None)
