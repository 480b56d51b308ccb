"""What an identity provider that provisions does to people of an organization."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from accounts.models import Identity


def known_as(subject: str, connection_ids: Collection[UUID]) -> list[UUID]:
    """Say who a subject at any of these connections is, as far as it was linked to somebody."""
    known = Identity.objects.filter(connection_id__in=connection_ids, subject=subject)
    return list(known.values_list("user_id", flat=True))
