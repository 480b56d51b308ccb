"""The SCIM token on a request, in the Authorization header and nowhere else."""

from __future__ import annotations

import structlog
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from resilience.throttling import meter_of
from sso.scim_errors import ScimTokenInvalid
from sso.services import scim_tokens
from sso.services.scim_tokens import ScimStanding


class ScimAuthentication(BaseAuthentication):
    """
    Authenticate by SCIM token; the request counts for it, or if it is none for its network.

    :raises ScimTokenInvalid: it is none, or not one any more
    :raises RateLimitError: the token has made too many requests
    """

    def authenticate(self, request: Request) -> tuple[ScimStanding, None] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise ScimTokenInvalid(reason="not one token")
        meter = meter_of(request)
        try:
            who = scim_tokens.standing(
                parts[1].decode("latin-1"),
                count=lambda holder: meter.count("key", holder),
                now=timezone.now(),
            )
        except ScimTokenInvalid:
            meter.disown()
            raise
        structlog.contextvars.bind_contextvars(scim_of=str(who.organization_id))
        return who, None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        return "Bearer"


class Provisions(BasePermission):
    """An identity provider with the SCIM token of an organization."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002
        who: object = request.user
        return isinstance(who, ScimStanding)


def provisioner_of(request: Request) -> ScimStanding:
    """Return the token behind a request that ``Provisions`` let through."""
    who: object = request.user
    if not isinstance(who, ScimStanding):
        raise TypeError("This view lacks the Provisions permission.")
    return who
