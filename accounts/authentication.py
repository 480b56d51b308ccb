"""
Bearer tokens on requests: access tokens of people, and API keys where a view takes them.

The session, or the key's row, has the last word.
"""

from __future__ import annotations

import structlog
from django.utils import timezone
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication

from accounts.api_key_errors import ApiKeyInvalid, ApiKeyNotAccepted
from accounts.errors import SessionEnded
from accounts.rules import api_key_texts, bearer
from accounts.services import access, api_key_standing, api_key_uses, standing
from accounts.services.api_key_standing import KeyStanding
from accounts.services.standing import Standing
from accounts.services.tokens import get_jwt_service
from accounts.services.verified_tokens import Claims
from plinto.kernel import origin
from resilience.throttling import meter_of


class BearerAuthentication(JWTAuthentication):
    """
    Authenticate by access token, or by API key, from the Authorization header and nowhere else.

    The request counts for the person whom a good token names, in the round trip of the session
    check, or for the key; one that is refused here counts for the network it came from.

    A view takes keys if its ``key_scopes`` names a scope for the method, which the key must hold;
    ``""`` is for any key. Everywhere else keys are refused before they are looked at.

    :raises TokenError: the token is not one of ours, or not one any more
    :raises SessionEnded: the token is good but its session is over
    :raises RateLimitError: the person or the key has sent too many requests
    :raises ApiKeyNotAccepted: the view takes no keys
    :raises InsufficientScope: it takes keys, but not this one
    """

    def authenticate(  # type: ignore[override]
        self, request: Request
    ) -> tuple[Standing, Claims] | tuple[KeyStanding, None] | None:
        raw = bearer.token_in(request._request.META.get("HTTP_AUTHORIZATION", ""))
        if raw is None:
            return None
        text = raw.decode("latin-1")
        if api_key_texts.is_meant(text):
            return _key(request, text), None
        return self._person(request, raw)

    def _person(self, request: Request, raw: bytes) -> tuple[Standing, Claims]:
        claims = get_jwt_service().read(raw)
        meter = meter_of(request)
        try:
            who = standing.of(
                claims,
                now=timezone.now(),
                errand=lambda keys: meter.count("account", claims.user_id, copies=keys),
                also=_wanted_next(request, claims),
            )
        except SessionEnded:
            meter.disown()
            raise
        origin.bind_session(request, who.session_id)
        structlog.contextvars.bind_contextvars(
            user_id=str(who.user_id), session_id=str(who.session_id)
        )
        return who, claims


class ApiKeyAuthentication(BearerAuthentication):
    """
    Authenticate by API key alone.

    :raises ApiKeyInvalid: the token is anything else
    """

    def _person(self, request: Request, raw: bytes) -> tuple[Standing, Claims]:  # noqa: ARG002
        raise ApiKeyInvalid(reason="not an API key")


def _wanted_next(request: Request, claims: Claims) -> tuple[str, ...]:
    """The copies that a view below an organization asks for next, if it only reads."""
    organization_id = request.parser_context["kwargs"].get("organization_id")
    if organization_id is None or request.method not in SAFE_METHODS:
        return ()
    return access.copies_of(organization_id, claims.user_id)


def _key(request: Request, text: str) -> KeyStanding:
    scopes = getattr(request.parser_context["view"], "key_scopes", {})
    scope = scopes.get(request.method)
    if scope is None:
        raise ApiKeyNotAccepted(reason="no key is taken here")
    meter, now = meter_of(request), timezone.now()
    try:
        who = api_key_standing.of(
            text,
            now=now,
            count=lambda holder, names: meter.count("key", holder, copies=names),
        )
    except ApiKeyInvalid:
        meter.disown()
        raise
    structlog.contextvars.bind_contextvars(key_id=str(who.key_id))
    if scope:
        who.require(scope)
    api_key_uses.note(who.key_id, now=now)
    return who
