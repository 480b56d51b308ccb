"""A signed-in session, which is also the family of its refresh tokens."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from plinto.kernel.ids import uuid7


class Session(models.Model):
    """
    One sign-in on one device, from ``created_at`` until it ends or expires.

    ``refresh_digest`` is SHA-256 of the one refresh token that works now and
    ``spent_refresh_digest`` of the one before it, for twins within the grace; older tokens
    carry their own proof of origin, so no row is kept for them.
    ``connection_id`` is the connection of an organization that vouched for the person, if one did.
    ``version`` grows when a cached copy must change: at the end, and at each fresh proof.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sessions", db_index=False
    )
    organization_id = models.UUIDField(null=True, blank=True)
    connection_id = models.UUIDField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=45, blank=True)
    network = models.CharField(max_length=49, blank=True)
    agent = models.CharField(max_length=300, blank=True)
    methods = models.JSONField(default=list)  # RFC 8176 method names, the amr claim
    authenticated_at = models.DateTimeField()
    proved_at = models.DateTimeField()
    version = models.PositiveBigIntegerField(default=1)
    refresh_digest = models.BinaryField(max_length=32)
    spent_refresh_digest = models.BinaryField(max_length=32, null=True, blank=True)
    refreshed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_session"
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["user", "-id"], condition=Q(ended_at=None), name="session_live_of_user"
            ),
            models.Index(fields=["user", "network"], name="session_user_network"),
            models.Index(fields=["expires_at"], name="session_expires_at"),
            models.Index(
                fields=["connection_id", "-id"],
                condition=Q(ended_at=None, connection_id__isnull=False),
                name="session_live_of_connection",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
