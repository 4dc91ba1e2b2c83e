"""What a cooperative's books have beside purchases and sales: walnuts handed over and shelled, losses, a signed season."""

import datetime as dt

from django.contrib.auth import get_user_model
from django.db import transaction

import suppliers.actions
from suppliers import stock
from suppliers.base import days
from suppliers.models import Batch, Cooperative, Produce, PurchaseLot

from .. import stock as season
from . import people

# So much of walnuts is kernel (出仁率).
KERNEL_LEAST_BP, KERNEL_MOST_BP = 4_000, 5_500
HANDED_OVER_G, KERNELS_G = 20_000, 9_100
SIGNED_SEASON = 2018


@transaction.atomic
def load() -> None:
    """Write what is missing of it: all of it, or nothing where it is there."""
    walnuts, others = (Produce.objects.filter(code="HT01", cooperative__code=code).first() for code in ("C12", "C11"))
    kernels = Produce.objects.filter(code="HR01", cooperative__code="C11").first()
    if not (walnuts and others and kernels) or Batch.objects.filter(produce=walnuts).exists():
        return
    Produce.objects.filter(code="HR01").update(yield_least_bp=KERNEL_LEAST_BP, yield_most_bp=KERNEL_MOST_BP)
    kernels.refresh_from_db()
    today = days.today()
    fresh = PurchaseLot.objects.filter(bought_on__gte=today - dt.timedelta(days=60)).verified().with_goods_left()
    _shell(walnuts, others, kernels, fresh, today)
    for kind, g, note in (("graded_out", 3_500, "空壳"), ("lost", 1_200, "受潮发霉")):
        stock.withdraw(produce=others, kind=kind, g=g, on=today, note=note, by=_owner("c11"))
    stock.withdraw(
        produce=others, kind="elsewhere", g=10_000, on=today, fen_per_kg=1_900, buyer="示例·县城集市", by=_owner("c11")
    )
    _correct(others, today)
    _sign(others)


def _owner(code: str):
    return get_user_model().objects.get(email=people.email(code))


def _shell(walnuts: Produce, others: Produce, kernels: Produce, fresh, today: dt.date) -> None:
    """Walnuts of C12 go to C11, which shells them."""
    lots = list(fresh.filter(produce=walnuts).first_in_first_out()[:2])
    batch = stock.make_batch(lots=lots, packed_on=today, note="交加工", by=_owner("c12"))
    offered = stock.offer(
        batch=batch,
        taker=Cooperative.objects.get(pk=others.cooperative_id),
        g=HANDED_OVER_G,
        fen_per_kg=2_100,
        on=today,
        note="剥核桃仁",
        by=_owner("c12"),
    )
    taken = stock.accept(hand_over=offered, by=_owner("c11"))
    own = stock.make_batch(lots=list(taken.lots.all()), packed_on=today, by=_owner("c11"))
    stock.process(
        produce=others, into=kernels, in_g=HANDED_OVER_G, out_g=KERNELS_G, on=today, batch=own, by=_owner("c11")
    )
    # Another offer waits for an answer.
    stock.offer(
        batch=batch,
        taker=taken.into.cooperative,
        g=5_000,
        fen_per_kg=2_100,
        on=today,
        note="再来一车",
        by=_owner("c12"),
    )


def _correct(produce: Produce, today: dt.date) -> None:
    """A nought too many, seen the same day."""
    member = produce.cooperative.members.order_by("household_no").first()
    slip = {
        "lot_no": f"{produce.cooperative.code}-{produce.code}-N101",
        "produce": produce,
        "household": member,
        "g": 450_000,
        "fen_per_kg": 1_850,
        "bought_on": today,
        "by": _owner("c11"),
    }
    wrong = suppliers.actions.enter_lot(**slip)
    right = slip | {"lot_no": f"{produce.cooperative.code}-{produce.code}-N102", "g": 45_000}
    stock.correct(lot=wrong, why="多写了一个零", slip={k: v for k, v in right.items() if k != "by"}, by=right["by"])


def _sign(produce: Produce) -> None:
    """The owner counted two kilograms less than the books say when the season was over."""
    whole = season.season_from(produce, SIGNED_SEASON)
    account = season.accounts({produce.pk: (whole.starts_on, whole.ends_on)})[produce.pk]
    if account.on_hand_g >= 2_000:
        season.sign(
            produce=produce,
            year=SIGNED_SEASON,
            counted_on=whole.ends_on,
            counted_g=account.on_hand_g - 2_000,
            explained="lost",
            by=_owner("c11"),
        )
