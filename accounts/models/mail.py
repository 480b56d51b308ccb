"""Mail that waits to be sent, and what became of it."""

from __future__ import annotations

from django.db import models

from plinto.kernel.ids import uuid7
from resilience.leases import LeasedRow


class OutboundMail(LeasedRow):
    """
    One letter to one person, written in the transaction of the act that caused it.

    ``suppressed`` rows answer an address nobody has: they cost the same work as a real one, so
    time tells nothing, and are settled unsent.
    """

    # Also the local part of Message-ID, the same on every attempt, so a receiver can drop a twin.
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    template = models.CharField(max_length=40)
    recipient = models.EmailField(max_length=320)
    # Links and codes, sealed by plinto.kernel.crypto; empty once sent or given up.
    sealed_context = models.BinaryField(editable=False)
    suppressed = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta(LeasedRow.Meta):
        db_table = "accounts_outbound_mail"
        verbose_name = "mail"
        verbose_name_plural = "mail"

    def __str__(self) -> str:
        return f"{self.template} to {self.recipient}"
