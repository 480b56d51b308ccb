"""Writing the places of many rows at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import connection

from audit.chain import Link
from audit.models import AuditRow

# One statement for a batch: a row at a time costs a round trip each.
_ALL_AT_ONCE = """
    UPDATE audit_row
       SET chain = %s, sealed_at = %s, sequence = placed.sequence,
           previous_hash = placed.previous_hash, sealed_hash = placed.sealed_hash
      FROM unnest(%s::uuid[], %s::bigint[], %s::bytea[], %s::bytea[])
           AS placed (id, sequence, previous_hash, sealed_hash)
     WHERE audit_row.id = placed.id AND audit_row.sealed_hash IS NULL
"""


def give(places: Mapping[UUID, tuple[Link, bytes]], *, chain: UUID, sealed_at: datetime) -> int:
    """Write the place and the hash of rows, by their ids; return how many were not sealed yet."""
    if connection.vendor == "postgresql":
        links = [link for link, _ in places.values()]
        with connection.cursor() as cursor:
            cursor.execute(
                _ALL_AT_ONCE,
                [
                    chain,
                    sealed_at,
                    list(places),
                    [link.sequence for link in links],
                    [link.previous_hash for link in links],
                    [sealed_hash for _, sealed_hash in places.values()],
                ],
            )
            return int(cursor.rowcount)
    return sum(
        AuditRow.objects.filter(pk=key).seal(
            chain=chain,
            sequence=link.sequence,
            previous_hash=link.previous_hash,
            sealed_hash=sealed_hash,
            sealed_at=sealed_at,
        )
        for key, (link, sealed_hash) in places.items()
    )
