"""
Forward auth: who is behind a request that a proxy asks about, and whether it may pass.

One answer for two doors: Django's view of the path, and the shorter way below its handler. The
same is asked as anywhere else: the signature, the session, the person or the key, and the
membership behind a permission, all in one round trip to Redis or from their rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from urllib.parse import parse_qsl
from uuid import UUID

from accounts import forward_auth_controls as controls
from accounts.api_key_errors import InsufficientScope
from accounts.rules import api_key_texts, bearer, permissions
from accounts.services import access, api_key_standing, api_key_uses, standing
from accounts.services.access import Caller, get_rbac_service
from accounts.services.api_key_standing import KeyStanding
from accounts.services.standing import Standing
from accounts.services.tokens import get_jwt_service
from accounts.services.verified_tokens import Claims
from plinto.kernel.exceptions import (
    AuthenticationError,
    AuthorizationError,
    NotFoundError,
    ValidationError,
)
from resilience.contract import enforces

_KNOWN = {"permission", "organization"}


@dataclass(frozen=True, slots=True)
class Question:
    """What the proxy wants to know besides who comes."""

    permission: str | None = None
    organization_id: UUID | None = None


@dataclass(frozen=True)
class Passage:
    """Somebody who may pass; ``organization_id`` is one that they were just found to belong to."""

    who: Caller
    organization_id: UUID | None

    @cached_property
    def headers(self) -> dict[str, str]:
        """
        What the application behind the proxy is told.

        ``X-Plinto-User`` is always there, and empty for a program: a proxy that copies headers
        over those of the client leaves none that the client made up.
        """
        who = self.who
        if isinstance(who, KeyStanding):
            told = {"X-Plinto-User": "", "X-Plinto-Key": str(who.key_id)}
            scopes = " ".join(who.scopes)
        else:
            told = {"X-Plinto-User": str(who.user_id), "X-Plinto-Session": str(who.session_id)}
            # Access tokens have no scopes: what a person may do is asked by permission.
            scopes = ""
        if self.organization_id is not None:
            told["X-Plinto-Organization"] = str(self.organization_id)
        return {**told, "X-Plinto-Scopes": scopes}

    @cached_property
    def named(self) -> dict[str, str]:
        """Who it is, as lines of the log name them."""
        who = self.who
        if isinstance(who, KeyStanding):
            return {"key_id": str(who.key_id)}
        return {"user_id": str(who.user_id), "session_id": str(who.session_id)}


@enforces(controls.FORWARD_AUTH)
def judge(authorization: str, query: str, *, now: datetime) -> Passage:
    """
    Say who sent a request with this Authorization header, and let them pass.

    ``query`` is the query string of the proxy's question: ``permission`` and ``organization``, each
    once at most. Nothing is counted against a rate limit.

    :raises AuthenticationError: there is no bearer token
    :raises TokenError: it is none of ours, or not one any more
    :raises SessionEnded: the token is good but its session is over
    :raises AuthorizationError: they lack the permission, or are not in the organization
    :raises ValidationError: nobody can be let in by such a question
    """
    raw = bearer.token_in(authorization)
    if raw is None:
        raise AuthenticationError(reason="no bearer token")
    question = _read(query)
    text = raw.decode("latin-1")
    if api_key_texts.is_meant(text):
        return _key(text, question, now=now)
    return _person(raw, question, now=now)


def _person(raw: bytes, question: Question, *, now: datetime) -> Passage:
    claims = get_jwt_service().read(raw)
    # The token says which organization the session was in; its copy has the last word.
    likely = question.organization_id or claims.organization_id
    also = access.copies_of(likely, claims.user_id) if likely else ()
    who = standing.of(claims, now=now, also=also)
    organization_id = question.organization_id or who.organization_id
    if organization_id is None:
        if question.permission is not None:
            raise AuthorizationError(reason="a permission, and no organization")
        return _same(claims, who)
    try:
        found = get_rbac_service().access(who, organization_id, now=now)
    except NotFoundError as error:
        if question == Question():
            # The session outlived its membership, of which nobody asked.
            return Passage(who, None)
        # A proxy understands 401 and 403, and takes 404 for trouble.
        raise AuthorizationError(reason=error.reason) from error
    if question.permission is not None and not found.allows(question.permission):
        raise access.lacking(question.permission)
    return Passage(who, organization_id)


def _same(claims: Claims, who: Standing) -> Passage:
    """Let somebody pass who is in no organization; of the same person it is the same passage."""
    before: Passage | None = claims.conclusions.get("passage")
    if before is not None and before.who is who:
        return before
    passage = claims.conclusions["passage"] = Passage(who, None)
    return passage


def _key(text: str, question: Question, *, now: datetime) -> Passage:
    who = api_key_standing.of(text, now=now)
    if question.organization_id not in (None, who.organization_id):
        raise AuthorizationError(reason="key of another organization")
    if question.permission is not None and not permissions.allows(who.scopes, question.permission):
        raise InsufficientScope(question.permission)
    api_key_uses.note(who.key_id, now=now)
    return Passage(who, who.organization_id)


@lru_cache(maxsize=256)
def _read(query: str) -> Question:
    """
    Read the question, which stands in a proxy's configuration.

    A name that is not known is refused, because a permission that was misspelled would let
    everybody pass; and so is one that comes twice, because a client may have added the second.
    """
    said = parse_qsl(query, keep_blank_values=True)
    given = dict(said)
    if len(given) != len(said) or not given.keys() <= _KNOWN:
        raise ValidationError("Ask for permission and organization, each once at most.")
    permission, organization = given.get("permission"), given.get("organization")
    fields: dict[str, list[str]] = {}
    organization_id = None
    if permission is not None:
        try:
            permissions.read(permission)
        except ValueError as error:
            fields["permission"] = [str(error)]
    if organization is not None:
        try:
            organization_id = UUID(organization)
        except ValueError:
            fields["organization"] = ["Must be a valid UUID."]
    if fields:
        raise ValidationError(fields=fields)
    return Question(permission, organization_id)
