"""Doorbells of the shop, and the sweep that finds what no bell has rung for."""

import logging

from celery import shared_task

import logistics.actions
from suppliers import joining
from suppliers.sheets import engine as sheets

from . import orders
from .accounts import actions as accounts
from .aftersales import actions as aftersales
from .preorders import actions as preorders
from .together import actions as together

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True, acks_late=True)
def sweep() -> None:
    """Do everything that is due: expire, receive by default, trace late lots, pass on, assess, tidy up. Each part is safe to repeat."""
    sweep_now()


def sweep_now() -> dict[str, int]:
    """Do everything that is due now; return how many of each.

    A part that fails does not keep the others from being done: it is logged, and raised when all have had their turn.
    """
    parts = {
        "orders expired": orders.expire_unpaid,
        "orders of trucks that do not go": orders.give_up_stranded,
        "pre-sales closed": preorders.close_due,
        "pre-orders given up": preorders.give_up_overdue,
        "group orders decided": together.decide_due,
        "group orders ended": together.end_overdue,
        "group orders paid back": together.give_money_back,
        "hand-outs received": together.receive_handed_out,
        "shipments received by default": orders.receive_by_default,
        "lines traced to late lots": orders.trace_late_lots,
        "after-sales passed to the county": aftersales.pass_on,
        "cooperatives joined": joining.activate_due,
        "shipments assessed": logistics.actions.assess_due,
        "orders of erased accounts pseudonymised": accounts.pseudonymise_due,
        "sheets checked or written": sheets.work_due,
        "sheets forgotten": sheets.tidy,
        "sessions and codes over": accounts.tidy,
    }
    done, failed = {}, []
    for part, do in parts.items():
        try:
            done[part] = do()
        except Exception as error:
            logger.exception("the sweep could not finish: %s", part)
            failed.append(error)
    if failed:
        raise ExceptionGroup("parts of the sweep failed", failed)
    return done
