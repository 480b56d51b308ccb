"""
What the trail of an organization tells of its members as people.

A member is switched off, takes another name or loses their second factor elsewhere, and it matters
in every organization they are in. Each gets a row of its own, in the transaction of the act.

It is told what became of the member and not how: from where somebody changed their name, or who of
the staff switched them off, is not an organization's to know. The row has the request id of the
one that does tell it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from accounts.models import Membership, User
from accounts.services import sessions
from audit.events import Event
from audit.parties import Actor, ActorKind, Target
from audit.services.record import Entry, get_audit_service
from plinto.kernel.origin import Origin

_SEEN_AS = {
    Event.USER_DEACTIVATED: Event.MEMBER_DEACTIVATED,
    Event.USER_REACTIVATED: Event.MEMBER_REACTIVATED,
    Event.USER_ERASED: Event.MEMBER_ERASED,
    Event.USER_UPDATED: Event.MEMBER_CHANGED,
    Event.ADMIN_CHANGED: Event.MEMBER_CHANGED,
    Event.EMAIL_CHANGED: Event.MEMBER_CHANGED,
    Event.EMAIL_RESTORED: Event.MEMBER_CHANGED,
    Event.FACTORS_RESET: Event.MEMBER_CHANGED,
    Event.FACTOR_REMOVED: Event.MEMBER_CHANGED,
    Event.PASSKEY_REMOVED: Event.MEMBER_CHANGED,
}
# What members know of each other, and what an organization may ask of them.
_SHOWN = {"email", "name", "second_factor"}

# Who of the staff it was, or which other organization, concerns nobody here.
_NAMELESS = {ActorKind.STAFF, ActorKind.SCIM_TOKEN}

FACTOR_LOST = {"second_factor": (True, False)}


def follow(
    event: Event,
    person: User,
    *,
    actor: Actor,
    origin: Origin,
    now: datetime,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
) -> int:
    """
    Record for each organization of a person what happened to them; return how many there are.

    Nothing is recorded of an event, or of changes, that concern no organization. Whoever is
    erased must still be a member, and is named by their id alone.

    :raises RuntimeError: no transaction is open
    """
    seen_as = _SEEN_AS.get(event)
    shown = {name: sides for name, sides in (changes or {}).items() if name in _SHOWN}
    if seen_as is None or (seen_as is Event.MEMBER_CHANGED and not shown):
        return 0
    is_erased = event is Event.USER_ERASED
    target = Target("user", id=str(person.pk)) if is_erased else sessions.target_of(person)
    told = Entry(
        event=seen_as,
        actor=Actor(actor.kind) if actor.kind in _NAMELESS else actor,
        target=target,
        origin=replace(origin, address="", agent="", session_id=None),
        changes=shown,
        now=now,
    )
    mine = Membership.objects.filter(user_id=person.pk).order_by("organization_id")
    organizations = mine.values_list("organization_id", flat=True)
    return get_audit_service().record_all(
        replace(told, organization_id=key) for key in organizations
    )
