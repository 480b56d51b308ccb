"""Keys with which programs act for an organization."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.models.organization import Organization
from plinto.kernel.ids import uuid7


class ApiKey(models.Model):
    """
    A key of an organization, which outlives whoever made it.

    ``digest`` is SHA-256 of the secret that works now, and ``former_digest`` of the one before it,
    which works until ``former_ends_at``. ``version`` grows when a copy must change; a key that has
    ended has no row.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="api_keys", db_index=False
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="api_keys",
    )
    name = models.CharField(max_length=200)
    hint = models.CharField(max_length=8)
    scopes = models.JSONField(default=list)
    digest = models.BinaryField(max_length=32, unique=True)
    former_digest = models.BinaryField(max_length=32, unique=True, null=True, blank=True)
    former_ends_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    rotated_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveBigIntegerField(default=1)

    class Meta:
        db_table = "accounts_api_key"
        verbose_name = "API key"
        ordering = ["-id"]
        default_permissions = ("view", "delete")
        indexes = [
            models.Index(fields=["organization", "-id"], name="api_key_of_organization"),
        ]

    def __str__(self) -> str:
        return self.name
