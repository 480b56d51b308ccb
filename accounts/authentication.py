"""Bearer tokens on requests: simplejwt reads the header, the session has the last word."""

from __future__ import annotations

import structlog
from django.utils import timezone
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication

from accounts.errors import SessionEnded
from accounts.services import standing
from accounts.services.standing import Standing
from accounts.services.tokens import Claims, get_jwt_service
from plinto.kernel import origin
from resilience.throttling import meter_of


class BearerAuthentication(JWTAuthentication):
    """
    Authenticate by access token, taken from the Authorization header and nowhere else.

    The request counts for the person whom a good token names, in the round trip of the session
    check; one that is refused here counts for the network it came from.

    :raises TokenError: the token is not one of ours, or not one any more
    :raises SessionEnded: the token is good but its session is over
    :raises RateLimitError: the person has sent too many requests
    """

    def authenticate(self, request: Request) -> tuple[Standing, Claims] | None:  # type: ignore[override]
        header = self.get_header(request)
        raw = self.get_raw_token(header) if header else None
        if raw is None:
            return None
        claims = get_jwt_service().read(raw)
        meter = meter_of(request)
        try:
            who = standing.of(
                claims,
                now=timezone.now(),
                errand=lambda keys: meter.count("account", claims.user_id, copies=keys),
            )
        except SessionEnded:
            meter.disown()
            raise
        origin.bind_session(request, who.session_id)
        structlog.contextvars.bind_contextvars(
            user_id=str(who.user_id), session_id=str(who.session_id)
        )
        return who, claims
