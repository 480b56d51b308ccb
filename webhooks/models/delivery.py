"""What an endpoint is sent, and how every try went."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from plinto.kernel.ids import uuid7
from resilience.leases import LeasedRow
from webhooks.models.endpoint import Endpoint


class Delivery(LeasedRow):
    """
    One event for one endpoint; the body is composed from the trail whenever it is sent.

    ``event_id`` is the row of the trail and, on every try, the ``webhook-id``. ``tries`` counts
    answers and failures since ``scheduled_at``, from which the schedule runs; ``attempts`` of the
    lease counts claims.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    event_id = models.UUIDField()
    type = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    scheduled_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)

    class Meta(LeasedRow.Meta):
        db_table = "webhooks_delivery"
        default_permissions = ("view",)
        verbose_name_plural = "deliveries"
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event_id"], name="delivery_once")
        ]
        indexes = [
            *LeasedRow.Meta.indexes,
            models.Index(
                fields=["endpoint", "due_at"],
                condition=Q(state="due"),
                name="delivery_due_of_endpoint",
            ),
            models.Index(fields=["endpoint", "-id"], name="delivery_of_endpoint"),
            models.Index(
                fields=["endpoint", "-id"],
                condition=Q(state="abandoned"),
                name="delivery_failed_of_endpoint",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"


class Attempt(models.Model):
    """One try: what came back and how long it took; ``error`` says why nothing useful did."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="log")
    started_at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=200, blank=True)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)  # the first 2 KB

    class Meta:
        db_table = "webhooks_attempt"
        default_permissions = ("view",)
        ordering = ("-id",)
        indexes = [models.Index(fields=["delivery", "-id"], name="attempt_of_delivery")]

    def __str__(self) -> str:
        return f"{self.status or self.error}"
