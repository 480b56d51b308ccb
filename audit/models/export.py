"""What was asked to be taken along from the trail, written by the worker."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from plinto.kernel.ids import uuid7
from resilience.leases import LeasedRow


class TrailExport(LeasedRow):
    """
    One file of one organization's trail, asked for by somebody; ``filters`` say what is in it.

    The file stands in parts, sealed, so that neither writing nor reading holds it whole. One
    export of a person in an organization waits at a time.
    """

    class Format(models.TextChoices):
        JSON_LINES = "jsonl", "JSON lines"
        CSV = "csv", "CSV"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    requested_by = models.UUIDField()
    requested_at = models.DateTimeField()
    format = models.CharField(max_length=5, choices=Format)
    filters = models.JSONField(default=dict)
    expires_at = models.DateTimeField(null=True, db_index=True)
    row_count = models.BigIntegerField(default=0)
    size = models.BigIntegerField(default=0)  # octets of the file, once it is written

    class Meta(LeasedRow.Meta):
        db_table = "audit_trail_export"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "requested_by"],
                condition=Q(state="due"),
                name="trail_export_one_waits",
            )
        ]
        indexes = [
            *LeasedRow.Meta.indexes,
            models.Index(fields=["requested_by"], name="trail_export_requested_by"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class TrailExportPart(models.Model):
    """A piece of an export, sealed, in order of ``number``."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    export = models.ForeignKey(TrailExport, on_delete=models.CASCADE)
    number = models.PositiveIntegerField()
    sealed = models.BinaryField()

    class Meta:
        db_table = "audit_trail_export_part"
        default_permissions = ()
        ordering: ClassVar[list[str]] = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["export", "number"], name="trail_export_part_number")
        ]

    def __str__(self) -> str:
        return f"{self.export_id} {self.number}"
