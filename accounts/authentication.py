"""Bearer tokens on requests: simplejwt reads the header, the session has the last word."""

from __future__ import annotations

import structlog
from django.utils import timezone
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication

from accounts.services import standing
from accounts.services.standing import Standing
from accounts.services.tokens import Claims, get_jwt_service
from plinto.kernel import origin


class BearerAuthentication(JWTAuthentication):
    """
    Authenticate by access token, taken from the Authorization header and nowhere else.

    :raises TokenError: the token is not one of ours, or not one any more
    :raises SessionEnded: the token is good but its session is over
    """

    def authenticate(self, request: Request) -> tuple[Standing, Claims] | None:  # type: ignore[override]
        header = self.get_header(request)
        raw = self.get_raw_token(header) if header else None
        if raw is None:
            return None
        claims = get_jwt_service().read(raw)
        who = standing.of(claims, now=timezone.now())
        origin.bind_session(request, who.session_id)
        structlog.contextvars.bind_contextvars(
            user_id=str(who.user_id), session_id=str(who.session_id)
        )
        return who, claims
