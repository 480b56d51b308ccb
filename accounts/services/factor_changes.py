"""What every change of a person's own factors does: hold, count, record, and let workers know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from accounts.errors import InvalidCode, TooManyAttempts
from accounts.models import Session, User
from accounts.services import (
    access,
    factor_codes,
    factor_refusals,
    member_notes,
    sessions,
    standing,
)
from accounts.services.factor_codes import Answer
from accounts.services.standing import Standing
from audit.events import Event
from audit.parties import Target
from audit.services.record import get_audit_service
from plinto.kernel.origin import Origin


@contextmanager
def tried(
    who: Standing, answer: Answer, *, wanting: Event, origin: Origin, now: datetime
) -> Iterator[None]:
    """
    Count the block as one try, and record it where it is refused.

    :raises TooManyAttempts: the tries are used up, and the block does not run
    """
    try:
        with factor_codes.counted(who.user_id, now=now):
            yield
    except (TooManyAttempts, InvalidCode) as refusal:
        factor_refusals.note(
            refusal,
            answer,
            wanting=wanting,
            actor=who.actor,
            target=Target("session", id=str(who.session_id)),
            origin=origin,
            session_id=who.session_id,
            now=now,
        )
        raise


def note_proof(who: Standing, methods: Sequence[str]) -> None:
    """Let the session that showed a new factor count as one that showed a second factor."""
    mine = Session.objects.filter(pk=who.session_id, ended_at=None)
    for noted in mine.values_list("methods", flat=True):
        added = [name for name in methods if name not in noted]
        mine.update(methods=[*noted, *added])


def changed(
    event: Event, who: Standing, person: User, *, origin: Origin, now: datetime, reason: str = ""
) -> None:
    """Record what became of the factors, and let every worker read the person anew."""
    record(event, who, person, origin=origin, now=now, reason=reason)
    User.objects.filter(pk=person.pk).update(version=F("version") + 1)
    transaction.on_commit(lambda: standing.refresh_person(person.pk))
    transaction.on_commit(lambda: access.forget_person(person.pk))


def tell_members(
    event: Event, who: Standing, person: User, *, origin: Origin, now: datetime
) -> None:
    """Let the organizations of a person know that no second factor of theirs is left."""
    lost = member_notes.FACTOR_LOST
    member_notes.follow(event, person, actor=who.actor, origin=origin, changes=lost, now=now)


def record(
    event: Event,
    who: Standing,
    person: User,
    *,
    origin: Origin,
    now: datetime,
    reason: str = "",
    changes: Mapping[str, tuple[Any, Any]] | None = None,
) -> None:
    """Write the row of an act upon one's own factors."""
    get_audit_service().record(
        event,
        actor=who.actor,
        target=sessions.target_of(person),
        origin=origin,
        session_id=who.session_id,
        reason=reason,
        changes=changes,
        now=now,
    )
