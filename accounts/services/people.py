"""Holding a person's row, as whoever changes something of theirs does before anything else."""

from __future__ import annotations

from uuid import UUID

from accounts.errors import SessionEnded
from accounts.models import User
from accounts.services.standing import Standing


def held(user_id: UUID, *, wholly: bool = False) -> User | None:
    """
    Lock an active person in the caller's transaction and return them as they are now, if at all.

    ``wholly`` also keeps rows from being added that point to them (``FOR UPDATE`` instead of
    ``FOR NO KEY UPDATE``): for what changes who they are, or that they are.
    """
    rows = User.objects.select_for_update(no_key=not wholly)
    return rows.filter(pk=user_id, is_active=True).first()


def hold(who: Standing, *, wholly: bool = False) -> User:
    """
    Do the same for whoever is signed in.

    :raises SessionEnded: the person is gone, or was switched off a moment ago
    """
    person = held(who.user_id, wholly=wholly)
    if person is None:
        raise SessionEnded(reason="person is gone")
    return person
