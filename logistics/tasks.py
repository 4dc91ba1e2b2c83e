"""Doorbells: the rows are the queue, so twice is as good as once, and never only later."""

from celery import shared_task

from . import actions


@shared_task(ignore_result=True, acks_late=True)
def assess_dispatched_shipments() -> None:
    actions.assess_due()
