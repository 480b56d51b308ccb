"""Who wants to be told, of what, and up to where they were."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from plinto.kernel.ids import uuid7


class Endpoint(models.Model):
    """
    An address that is told of events: of one organization, or of all where there is none.

    Secrets are sealed. The former one signs beside the present until ``former_until``. A paused
    endpoint is sent nothing, and its positions stand still, so nothing is lost to it.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"

    class Pause(models.TextChoices):
        BY_HAND = "by_hand", "By hand"
        FAILING = "failing", "It failed for five days"
        GONE = "gone", "It answered 410"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        "accounts.Organization",
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        db_index=False,
    )
    url = models.CharField(max_length=2048)
    description = models.CharField(max_length=200, blank=True)
    events = models.JSONField(default=list)  # types of ``catalogue``, ``subject.*`` or ``*``
    state = models.CharField(max_length=6, choices=State, default=State.ACTIVE)
    paused_at = models.DateTimeField(null=True)
    paused_because = models.CharField(max_length=7, choices=Pause, blank=True)
    failing_since = models.DateTimeField(null=True)
    secret = models.BinaryField(editable=False)
    former_secret = models.BinaryField(editable=False, default=b"")
    former_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    rotated_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "webhooks_endpoint"
        ordering = ["-id"]
        indexes = [models.Index(fields=["organization", "-id"], name="endpoint_of_organization")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="active", paused_at__isnull=True, paused_because="")
                | Q(state="paused", paused_at__isnull=False) & ~Q(paused_because=""),
                name="endpoint_paused_whole",
            )
        ]

    def __str__(self) -> str:
        return self.url


class Position(models.Model):
    """How far an endpoint has read into one chain of the trail; without a row, not at all."""

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.CASCADE, related_name="positions", db_index=False
    )
    chain = models.UUIDField()
    sequence = models.BigIntegerField()

    class Meta:
        db_table = "webhooks_position"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "chain"], name="position_of_endpoint")
        ]

    def __str__(self) -> str:
        return f"{self.endpoint_id} {self.chain} {self.sequence}"
