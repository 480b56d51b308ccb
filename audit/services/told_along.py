"""
The row of an act as part of the statement that acts: one round trip, and both or neither.

For PostgreSQL, whose ``WITH`` holds several changes. The key of who acted is not known before the
statement has run, so what is personal is written as a draft.
"""

from __future__ import annotations

from typing import Any

from psycopg import sql

from audit.services import drafts
from audit.services.record import Entry
from plinto.kernel.ids import uuid7

_COLUMNS = (
    "id",
    "occurred_at",
    "action",
    "outcome",
    "reason",
    "actor_kind",
    "target_kind",
    "target_id",
    "organization_id",
    "session_id",
    "request_id",
)


_INSERTION = sql.SQL(
    """
    INSERT INTO audit_row ({columns}, actor_id, personal, changes)
    SELECT {values}, ({actor_id})::text,
           jsonb_build_object({draft}, %(told_draft)s::text, 'actor_label', {label}), '{{}}'::jsonb
      FROM {source}
    """
)


def insertion(
    *, source: sql.Identifier, actor_id: sql.Composable, label: sql.Composable
) -> sql.Composed:
    """
    Return an INSERT of one row of the trail for each row of ``source``, a part of the same WITH.

    ``actor_id`` and ``label`` are expressions over it: who acted, and their address. What else the
    row tells is executed with it: see ``parameters``.
    """
    return _INSERTION.format(
        columns=sql.SQL(", ").join(map(sql.Identifier, _COLUMNS)),
        values=sql.SQL(", ").join(sql.Placeholder(f"told_{name}") for name in _COLUMNS),
        draft=sql.Literal(drafts.DRAFT),
        source=source,
        actor_id=actor_id,
        label=label,
    )


def parameters(entry: Entry) -> dict[str, Any]:
    """
    Return what ``insertion`` is executed with.

    The actor of ``entry`` says of which kind they are, and nothing else.

    :raises ValueError: the event lacks what it must carry, or ``changes`` are told, which a draft
        has no place for
    """
    if entry.changes or entry.actor.label:
        raise ValueError("What changed and the label are not told along.")
    row = {"id": uuid7(), **entry.columns()}
    told = {f"told_{name}": row[name] for name in _COLUMNS}
    return {**told, "told_draft": drafts.drafted(row["personal"])[drafts.DRAFT]}
