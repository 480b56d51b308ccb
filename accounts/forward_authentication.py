"""How Django's view of forward auth learns who comes: by the judgement that its doors share."""

from __future__ import annotations

import structlog
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.services import forward_auth
from accounts.services.access import Caller
from accounts.services.forward_auth import Passage
from plinto.kernel import handed_on
from plinto.kernel.exceptions import MethodNotAllowedError
from resilience.throttling import meter_of


class ForwardAuthentication(BaseAuthentication):
    """
    Let a request pass by ``services.forward_auth``, uncounted; ``request.auth`` is its passage.

    What is refused is counted for the network it came from, and is answered 429 when that is used
    up. Who is let in is never shut out by others, and counts in the application they came for.

    :raises MethodNotAllowedError: it is no question, so nothing of it is judged
    :raises PlintoException: whatever ``forward_auth.judge`` refuses with
    """

    def authenticate(self, request: Request) -> tuple[Caller, Passage]:
        if request.method not in {"GET", "HEAD"}:
            raise MethodNotAllowedError(allowed=["GET", "HEAD"])
        handed_on.raise_refusal(request)
        passage = forward_auth.judge(
            request.META.get("HTTP_AUTHORIZATION", ""),
            request.META.get("QUERY_STRING", ""),
            now=timezone.now(),
        )
        meter_of(request).waive()
        structlog.contextvars.bind_contextvars(**passage.named)
        return passage.who, passage

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        return "Bearer"
