"""Doorbells of the shop, and the sweep that finds what no bell has rung for."""

from celery import shared_task

import logistics.actions

from . import orders


@shared_task(ignore_result=True, acks_late=True)
def sweep() -> None:
    """Do everything that is due: expire, receive by default, trace late lots, assess. Each part is safe to repeat."""
    sweep_now()


def sweep_now() -> dict[str, int]:
    """Do everything that is due now; return how many of each."""
    return {
        "orders expired": orders.expire_unpaid(),
        "shipments received by default": orders.receive_by_default(),
        "lines traced to late lots": orders.trace_late_lots(),
        "shipments assessed": logistics.actions.assess_due(),
    }
