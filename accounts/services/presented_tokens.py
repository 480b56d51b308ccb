"""
Whose a token is that somebody else shows: read once, for introspection and for revocation.

A key speaks for its organization, so it learns about the sessions of that organization's members
and about that organization's keys, and of everything else nothing at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Membership, Session
from accounts.services import refresh_tokens
from accounts.services.tokens import get_jwt_service
from plinto.kernel.exceptions import TokenError

_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Presented:
    """
    A token of a session; ``claims`` is what an access token says, and empty of a refresh token.

    What is no token at all belongs to a session that does not exist, so that it costs the same
    question as one that does.
    """

    session_id: UUID
    claims: Mapping[str, Any] = field(default_factory=dict)


def read(token: str) -> Presented:
    """Read an access or a refresh token; whether its session lives is another question."""
    try:
        if token.startswith(refresh_tokens.PREFIX):
            return Presented(refresh_tokens.session_of(token))
        claims, whole = get_jwt_service().read_whole(token.encode("utf-8", "surrogatepass"))
    except TokenError:
        return Presented(_NOBODY)
    return Presented(claims.session_id, whole)


def sessions_of(presented: Presented, *, organization_id: UUID) -> QuerySet[Session]:
    """Choose the session of a token, if it is one of somebody in the organization."""
    members = Membership.objects.filter(organization_id=organization_id)
    chosen = Session.objects.filter(pk=presented.session_id, user_id__in=members.values("user_id"))
    owner = presented.claims.get("sub")
    return chosen.filter(user_id=owner) if owner else chosen


def memberships_of(
    presented: Presented, *, organization_id: UUID, now: datetime
) -> QuerySet[Membership]:
    """
    Choose the membership of whoever is signed in with a token, while they are.

    What is asked of their session and person besides joins the same rows.
    """
    chosen = Membership.objects.filter(
        organization_id=organization_id,
        user__is_active=True,
        user__sessions__pk=presented.session_id,
        user__sessions__ended_at=None,
        user__sessions__expires_at__gt=now,
    )
    owner = presented.claims.get("sub")
    return chosen.filter(user_id=owner) if owner else chosen
