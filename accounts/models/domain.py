"""Domains that organizations prove to be theirs."""

from __future__ import annotations

from django.db import models

from accounts.models.organization import Organization
from plinto.kernel.ids import uuid7


class OrganizationDomain(models.Model):
    """
    A domain that an organization says is its own, proved from ``verified_at`` on.

    Several may say so of one domain, and one at a time has proved it. ``token`` stands in a public
    record, so it is no secret. ``missing_since`` is when a proof was first not found again,
    ``checked_at`` when somebody last set out to look.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="domains", db_index=False
    )
    name = models.CharField(max_length=253)
    token = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    missing_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_organization_domain"
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="domain_named_once"),
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(verified_at__isnull=False),
                name="domain_proved_by_one",
            ),
        ]
        indexes = [
            models.Index(
                fields=["checked_at"],
                condition=models.Q(verified_at__isnull=False),
                name="domain_to_check",
            )
        ]

    def __str__(self) -> str:
        return self.name
