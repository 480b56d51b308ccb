"""
The exchange of a refresh token as one statement of PostgreSQL, with its row of the trail.

It does what ``refresh_tokens`` does elsewhere in a transaction of three: the conditional UPDATE,
the reading of what the answer tells, and the row of the trail, which begins as a draft because
the person is not known before.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection
from psycopg import sql

from accounts.models import Session, User
from audit.events import Event
from audit.parties import Actor, ActorKind, Target
from audit.services import told_along
from audit.services.record import Entry
from plinto.kernel import prepared
from plinto.kernel.origin import Origin
from resilience.postgres.repeatable import repeatable

# What an answer tells and a token says.
_OF_SESSION = (
    "id",
    "user_id",
    "organization_id",
    "created_at",
    "last_seen_at",
    "expires_at",
    "address",
    "agent",
    "methods",
    "authenticated_at",
)
_OF_PERSON = (
    "id",
    "email",
    "email_verified_at",
    "name",
    "locale",
    "timezone",
    "is_active",
    "created_at",
    "version",
    "trail_key",
)

# Conditions on the row's own columns: PostgreSQL re-checks them after waiting for a twin.
_STATEMENT = (
    sql.SQL(
        """
        WITH rotated AS (
            UPDATE accounts_session AS session
               SET refresh_digest = %(successor)s, spent_refresh_digest = %(spent)s,
                   refreshed_at = %(now)s, last_seen_at = %(now)s
              FROM accounts_user AS person
             WHERE session.id = %(session)s AND session.refresh_digest = %(spent)s
               AND session.ended_at IS NULL AND session.expires_at > %(now)s
               AND session.last_seen_at > %(idle)s
               AND person.id = session.user_id AND person.is_active
         RETURNING {shown}, session.user_id, person.email
        ), told AS ({told})
        SELECT * FROM rotated
        """
    )
    .format(
        shown=sql.SQL(", ").join(
            sql.SQL("{}.{} AS {}").format(*map(sql.Identifier, (table, name, f"{table}_{name}")))
            for table, names in (("session", _OF_SESSION), ("person", _OF_PERSON))
            for name in names
        ),
        told=told_along.insertion(
            source=sql.Identifier("rotated"),
            actor_id=sql.Identifier("user_id"),
            label=sql.Identifier("email"),
        ),
    )
    .as_string()
)


def rotated(
    session_id: UUID, *, spent: bytes, successor: bytes, origin: Origin, now: datetime
) -> Session | None:
    """
    Put the digest ``successor`` in the place of ``spent``, and return the session with its person.

    None if the session is over, idle or somebody's who is switched off, or if another digest is
    in its place. Only what answers and tokens need of them is loaded.
    """
    entry = Entry(
        event=Event.SESSION_REFRESHED,
        actor=Actor(ActorKind.USER),
        target=Target("session", id=str(session_id)),
        origin=origin,
        session_id=session_id,
        now=now,
    )
    values = {
        **told_along.parameters(entry),
        "session": session_id,
        "spent": spent,
        "successor": successor,
        "now": now,
        "idle": now - settings.SESSION_IDLE,
    }
    # Were it done and its answer lost, doing it again finds the successor in place: a twin.
    found = repeatable(lambda: _exchanged(values))
    if found is None:
        return None
    width = len(_OF_SESSION)
    session = Session.from_db(connection.alias, _OF_SESSION, found[:width])
    # Django has JSON read by its fields, not by the driver.
    session.methods = orjson.loads(session.methods)
    session.user = User.from_db(
        connection.alias, _OF_PERSON, found[width : width + len(_OF_PERSON)]
    )
    return session


def _exchanged(values: dict[str, Any]) -> tuple[Any, ...] | None:
    with prepared.cursor() as cursor:
        cursor.execute(_STATEMENT, values)
        found: tuple[Any, ...] | None = cursor.fetchone()
    return found
