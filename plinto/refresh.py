"""
The short way of going on: ``POST /api/v1/auth/token/refresh``.

Every client that is signed in comes here each few minutes, as long as it runs; what is ordinary is
a body that holds a refresh token and nothing else, and a token that opens a session.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.serializers import answers
from accounts.serializers.bodies import RefreshBody
from accounts.services import session_refresh
from accounts.views.sign_in import RefreshView
from plinto.kernel.answers import rendered
from plinto.kernel.exceptions import MalformedRequestError
from plinto.kernel.origin import Origin
from plinto.kernel.parsers import strict_json
from plinto.short_way import Answer, ShortWay
from resilience.throttling import Meter, policy_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PATH = "/api/v1/auth/token/refresh"
# Of the length of a body, which is under 200 bytes; what is longer may be wrong in ways that Django
# tells, and a number without end is not read at all.
_DIGITS = 3


class RefreshDoor(ShortWay):
    """Answers clients that go on with their session."""

    path, status = PATH, "200 OK"

    def is_plain(self, environ: WSGIEnvironment) -> bool:
        """Tell whether it brings a short body of JSON whose length is known."""
        length = environ.get("CONTENT_LENGTH", "")
        return (
            environ["REQUEST_METHOD"] == "POST"
            and environ.get("CONTENT_TYPE") == "application/json"
            and length.isdecimal()
            and len(length) <= _DIGITS
            and "HTTP_TRANSFER_ENCODING" not in environ
        )

    def answer(self, environ: WSGIEnvironment, who: Origin) -> Answer | None:
        body = _body_of(environ)
        if body is None:
            return None
        meter = Meter(policy_of(RefreshView), network=who.network)
        meter.hand_on(environ)
        meter.count_stranger()
        entry = session_refresh.with_refresh_token(body["refresh"], origin=who, now=timezone.now())
        return Answer(meter.headers(), (rendered(answers.signed_in(entry)),))


def _body_of(environ: WSGIEnvironment) -> dict[str, str] | None:
    """Read the body and leave it to be read again; None if it is not an ordinary one."""
    raw = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    environ["wsgi.input"] = BytesIO(raw)
    try:
        return RefreshBody.texts_in(strict_json(raw))
    except MalformedRequestError:
        return None
