"""
Answers: the dictionaries that go out, and the serializers that describe them.

Describing and building are apart because a serializer that also builds costs a fifth of a
request. A test holds every answer against its description.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework import serializers

from accounts.models import Session
from accounts.rules import devices
from accounts.services import standing
from accounts.services.pending_sign_ins import Awaiting
from accounts.services.sessions import SignedIn
from accounts.services.tokens import JWTService


class UserAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    email_verified = serializers.BooleanField()
    name = serializers.CharField(allow_blank=True)
    locale = serializers.CharField(allow_blank=True)
    timezone = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


_OF_A_PERSON = ("email", "email_verified", "name", "locale", "timezone", "created_at")


class SessionAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    device = serializers.CharField()
    agent = serializers.CharField(allow_blank=True)
    address = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    current = serializers.BooleanField()


class SessionPageAnswer(serializers.Serializer[Any]):
    results = SessionAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class SignedInAnswer(serializers.Serializer[Any]):
    access = serializers.CharField()
    refresh = serializers.CharField()
    token_type = serializers.ChoiceField(choices=["Bearer"])
    expires_in = serializers.IntegerField(help_text="Seconds.")
    session = SessionAnswer()
    user = UserAnswer()


class FactorWantedAnswer(serializers.Serializer[Any]):
    """The password was right; the token and one of the methods open the session."""

    mfa_required = serializers.ChoiceField(choices=[True])
    mfa_token = serializers.CharField()
    methods = serializers.ListField(
        child=serializers.ChoiceField(choices=["totp", "passkey", "recovery_code"])
    )


class RegisteredAnswer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["verification_sent"])
    registration = serializers.CharField()


class SentAnswer(serializers.Serializer[Any]):
    """A mail is on its way if the address has a use for it; the answer never tells."""

    status = serializers.ChoiceField(choices=["sent"])


class VerifiedAnswer(serializers.Serializer[Any]):
    """The mailbox is proved; a link to set a password is on its way to it."""

    status = serializers.ChoiceField(choices=["verified"])


def user(user_id: UUID, person: dict[str, Any]) -> dict[str, Any]:
    """Show a person to themselves, from facts as ``standing`` knows them."""
    # Named one by one: what a copy of a person needs besides is nobody's business.
    return {"id": str(user_id), **{name: person[name] for name in _OF_A_PERSON}}


def session(row: Session, *, current: UUID) -> dict[str, Any]:
    """Show one session to its person."""
    return {
        "id": row.pk,
        "device": devices.describe(row.agent),
        "agent": row.agent,
        "address": row.address,
        "created_at": row.created_at,
        "last_seen_at": row.last_seen_at,
        "expires_at": row.expires_at,
        "current": row.pk == current,
    }


def entered(entry: SignedIn | Awaiting) -> dict[str, Any]:
    """Hand out the tokens of a session, or ask for the second factor."""
    if isinstance(entry, Awaiting):
        return {"mfa_required": True, "mfa_token": entry.token, "methods": entry.methods}
    return signed_in(entry)


def signed_in(entry: SignedIn) -> dict[str, Any]:
    """Hand out the tokens of a session."""
    return {
        "access": entry.access,
        "refresh": entry.refresh,
        "token_type": "Bearer",
        "expires_in": int(JWTService.lifetime.total_seconds()),
        "session": session(entry.session, current=entry.session.pk),
        "user": user(entry.user.pk, standing.person_facts(entry.user)),
    }
