"""
The short way of forward auth: ``GET /api/v1/auth/verify``.

A proxy asks it about every request of every application behind it; what is ordinary is somebody
who may pass, and ``accounts.services.forward_auth`` judges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.services import forward_auth
from plinto.kernel.origin import Origin
from plinto.short_way import Answer, ShortWay

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PATH = "/api/v1/auth/verify"
_METHODS = {"GET", "HEAD"}


class ForwardAuthDoor(ShortWay):
    """Answers proxies about who may pass."""

    path, status = PATH, "204 No Content"

    def is_plain(self, environ: WSGIEnvironment) -> bool:
        """Tell whether it is a question without a body, as proxies ask it."""
        return (
            environ["REQUEST_METHOD"] in _METHODS
            and environ.get("CONTENT_LENGTH", "") in ("", "0")
            and "HTTP_TRANSFER_ENCODING" not in environ
        )

    def answer(self, environ: WSGIEnvironment, who: Origin) -> Answer | None:  # noqa: ARG002
        passage = forward_auth.judge(
            environ.get("HTTP_AUTHORIZATION", ""),
            environ.get("QUERY_STRING", ""),
            now=timezone.now(),
        )
        return Answer(passage.headers.items(), named=passage.named)
