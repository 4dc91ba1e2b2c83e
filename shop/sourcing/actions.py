"""What staff decide about inquiries and what is wanted. Each is one transaction."""

from auditlog.models import LogEntry
from django.db import transaction

from suppliers.base import days

from .models import Inquiry, InquiryNote, Wanted


@transaction.atomic
def note(*, inquiry: Inquiry, state: str, text: str, by) -> InquiryNote:
    """Write down what was done about `inquiry`, which is in `state` from now on."""
    inquiry = Inquiry.objects.select_for_update().get(pk=inquiry.pk)
    inquiry.state = Inquiry.State(state)
    inquiry.save(update_fields=["state"])
    return InquiryNote.objects.create(inquiry=inquiry, state=state, text=text, made_by=by)


def decide(*, wanted: Wanted, state: str, by) -> bool:
    """Let `wanted` onto the board, or not; a post that shows can be taken off. Return whether that changed anything."""
    others = Wanted.objects.filter(pk=wanted.pk).exclude(state=state)
    return bool(others.update(state=Wanted.State(state), decided_at=days.now(), decided_by=by))


def look(*, asked: Inquiry | Wanted, by) -> None:
    """Write down that `by` has looked at the name and number of who asked."""
    LogEntry.objects.log_create(asked, force_log=True, action=LogEntry.Action.ACCESS, actor=by)


def forget(*, user) -> None:
    """Take what names `user` off what he asked; what he posted as wanted goes with him."""
    Inquiry.objects.filter(asked_by=user).update(contact="", mobile="")
    Wanted.objects.filter(posted_by=user).delete()
