"""Writing the places of many rows at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from audit.chain import Link
from audit.models import AuditRow

# One statement for a batch: a row at a time costs a round trip each.
_ALL_AT_ONCE = """
    UPDATE audit_row
       SET chain = %s, sealed_at = %s, sequence = placed.sequence,
           previous_hash = placed.previous_hash, sealed_hash = placed.sealed_hash,
           personal = COALESCE(placed.personal, audit_row.personal)
      FROM unnest(%s::uuid[], %s::bigint[], %s::bytea[], %s::bytea[], %s::jsonb[])
           AS placed (id, sequence, previous_hash, sealed_hash, personal)
     WHERE audit_row.id = placed.id AND audit_row.sealed_hash IS NULL
"""


def give(
    places: Mapping[UUID, tuple[Link, bytes]],
    *,
    personal: Mapping[UUID, Mapping[str, Any]],
    chain: UUID,
    sealed_at: datetime,
) -> int:
    """
    Write the place and the hash of rows, by their ids; return how many were not sealed yet.

    ``personal`` has that column of the rows whose drafts it replaces.
    """
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
                    [
                        orjson.dumps(personal[key]).decode() if key in personal else None
                        for key in places
                    ],
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
            **({"personal": personal[key]} if key in personal else {}),
        )
        for key, (link, sealed_hash) in places.items()
    )
