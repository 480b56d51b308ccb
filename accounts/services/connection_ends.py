"""
What accounts keep of a connection, ended or deleted when it is.

In portions, in the caller's transaction or in one each: whoever wants all gone calls until the
answer is true.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from accounts import controls
from accounts.models import Identity, ProviderSignIn, Session
from accounts.services import sessions
from audit.parties import Actor
from plinto.kernel.origin import Origin
from resilience.contract import enforces

_PORTION = 500


@enforces(controls.SESSION_REVOCATION)
def end_sessions(
    connection_id: UUID, *, reason: str, actor: Actor, origin: Origin, now: datetime
) -> bool:
    """End a portion of the sessions that came by a connection; false if there may be more."""
    theirs = Session.objects.filter(connection_id=connection_id, ended_at=None).order_by("-pk")
    keys = list(theirs.values_list("pk", flat=True)[:_PORTION])
    chosen = Session.objects.filter(pk__in=keys)
    sessions.end(chosen, reason=reason, actor=actor, origin=origin, now=now)
    return len(keys) < _PORTION


def void_codes(connection_id: UUID) -> bool:
    """Delete a portion of the codes and links that are under way; false if there may be more."""
    under_way = ProviderSignIn.objects.filter(connection_id=connection_id)
    keys = list(under_way.values_list("pk", flat=True)[:_PORTION])
    ProviderSignIn.objects.filter(pk__in=keys).delete()
    return len(keys) < _PORTION


def forget_people(connection_id: UUID) -> bool:
    """Delete a portion of who people are at a connection; false if there may be more."""
    theirs = Identity.objects.filter(connection_id=connection_id)
    keys = list(theirs.values_list("pk", flat=True)[:_PORTION])
    Identity.objects.filter(pk__in=keys).delete()
    return len(keys) < _PORTION
