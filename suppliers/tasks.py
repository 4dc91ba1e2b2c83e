"""Doorbells: the rows are the queue, so twice is as good as once, and never only later."""

from celery import shared_task

from .sheets import engine


@shared_task(ignore_result=True, acks_late=True)
def work_on_sheet(sheet_id: int) -> None:
    engine.work(sheet_id=sheet_id)
