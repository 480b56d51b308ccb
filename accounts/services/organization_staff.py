"""Superusers who act in an organization on behalf of its members."""

from __future__ import annotations

from typing import TypeAlias
from uuid import UUID

from accounts.models import Organization, User
from accounts.services import administration
from plinto.kernel.exceptions import AuthorizationError, NotFoundError

# What parts above accounts call who acts, and what they hold.
Staff: TypeAlias = User
Held: TypeAlias = Organization


def hold(organization_id: UUID, *, by: Staff) -> Held:
    """
    Hold an organization in the caller's transaction, for somebody who still is a superuser.

    :raises AuthorizationError: they are none, or none any more
    :raises NotFoundError: there is no such organization
    """
    _, asking = administration.hold(by.pk, by=by)
    if not asking.is_superuser:
        raise AuthorizationError("Only a superuser may do this.", reason="not a superuser")
    held = Organization.objects.select_for_update(no_key=True).filter(pk=organization_id).first()
    if held is None:
        raise NotFoundError(reason="no such organization")
    return held
