"""Who owns an organization, and so is told what becomes of it."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from accounts.rules import permissions


def of(organization_id: UUID) -> QuerySet[User]:
    """Return the active owners."""
    return User.objects.filter(
        is_active=True,
        memberships__organization_id=organization_id,
        memberships__role__is_builtin=True,
        memberships__role__name=permissions.OWNER,
    )
