"""Sheets that a cooperative sends in (导入): what was sent, how its columns are to be read, and what it made."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ..base import privacy
from .people import Cooperative


class SheetImportQuerySet(models.QuerySet):
    def due(self) -> Self:
        """Imports that a worker has to check or to write."""
        return self.filter(state__in=(SheetImport.State.MAPPED, SheetImport.State.CONFIRMED))

    def waiting(self) -> Self:
        """Imports that wait for somebody to look at them: nothing of them is written yet."""
        return self.filter(state__in=SheetImport.WAITING)


class SheetImport(models.Model):
    """A sheet on its way into the books. What it says is encrypted, and gone once it is written or after a week.

    `counts` is rows by verdict (new, changed, same, wrong); `errors` says row, column and what to do, and nothing of what
    was written in the cell. `content` and `plan` are JSON, packed and encrypted (suppliers.sheets.engine).
    """

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("columns to be named")
        MAPPED = "mapped", _("being checked")
        CHECKED = "checked", _("to be looked at")
        CONFIRMED = "confirmed", _("being written")
        APPLIED = "applied", _("imported")
        UNDONE = "undone", _("taken back")
        REFUSED = "refused", _("given up")

    WAITING = (State.UPLOADED, State.MAPPED, State.CHECKED, State.CONFIRMED)

    cooperative = models.ForeignKey(Cooperative, models.PROTECT, related_name="sheet_imports")
    kind = models.CharField(_("kind"), max_length=16)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(_("sent in at"))
    sha256 = models.CharField(max_length=64)
    is_pasted = models.BooleanField(_("pasted"), default=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.UPLOADED)
    content = models.BinaryField(null=True)
    plan = models.BinaryField(null=True)
    # Where the headings are (a row counted from 0, None without any), and column and unit of each thing asked for.
    heading_at = models.PositiveIntegerField(null=True)
    mapping = models.JSONField(default=dict)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    done = models.PositiveIntegerField(_("rows looked at"), default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    counts = models.JSONField(default=dict)
    errors = models.JSONField(default=list)
    notice = models.CharField(max_length=300, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    applied_at = models.DateTimeField(_("written at"), null=True)
    undone_at = models.DateTimeField(_("taken back at"), null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = SheetImportQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            # The same file is written once; taken back, it may come again.
            models.UniqueConstraint(
                fields=["cooperative", "kind", "sha256"], condition=Q(state="applied"), name="sheet_applied_once"
            ),
            models.CheckConstraint(
                condition=Q(applied_at__isnull=False, state__in=("applied", "undone"))
                | (Q(applied_at__isnull=True) & ~Q(state__in=("applied", "undone"))),
                name="sheet_applied_when",
            ),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=False, state="undone") | (Q(undone_at__isnull=True) & ~Q(state="undone")),
                name="sheet_undone_when",
            ),
            # What people entrusted to a sheet does not stay here when it is in the books, or given up.
            models.CheckConstraint(
                condition=Q(state__in=("uploaded", "mapped", "checked", "confirmed"))
                | Q(content__isnull=True, plan__isnull=True),
                name="sheet_content_goes",
            ),
        ]
        indexes = [models.Index(fields=["cooperative", "kind", "-at"], name="sheets_of_cooperative")]
        verbose_name = _("sheet import")
        verbose_name_plural = _("sheet imports")

    @property
    def is_at_work(self) -> bool:
        """Whether a worker has it, so that there is something to wait for."""
        return self.state in (self.State.MAPPED, self.State.CONFIRMED)


class SheetRow(models.Model):
    """A row that an import wrote: `made` names the kind of object, `object_id` which, `before` what it was (JSON)."""

    sheet = models.ForeignKey(SheetImport, models.CASCADE, related_name="made")
    row = models.PositiveIntegerField()
    made = models.CharField(max_length=16)
    object_id = models.BigIntegerField()
    before = privacy.EncryptedText(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sheet", "made", "object_id"], name="sheet_made_once"),
        ]


class SheetMapping(models.Model):
    """How a cooperative's own headings are to be read: asked once, remembered for the same row of headings."""

    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="sheet_mappings")
    kind = models.CharField(max_length=16)
    fingerprint = models.CharField(max_length=64)
    mapping = models.JSONField(default=dict)
    mapped_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cooperative", "kind", "fingerprint"], name="one_mapping_of_headings"),
        ]
