"""What a person asked to be told of themselves."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from plinto.kernel.ids import uuid7
from resilience.leases import LeasedRow


class DataExport(LeasedRow):
    """
    One export of everything that is held about a person, written by the worker.

    ``sealed`` is empty before it is written, and again once it was taken or has expired. One of a
    person's exports waits at a time.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, db_index=True)
    taken_at = models.DateTimeField(null=True)
    sealed = models.BinaryField(editable=False, default=b"")

    class Meta(LeasedRow.Meta):
        db_table = "accounts_data_export"
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(state="due"), name="data_export_one_waits"
            )
        ]

    def __str__(self) -> str:
        return str(self.id)
