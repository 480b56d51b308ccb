"""Who walks a journey: clients of the server, each with connections and an address of its own."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from tests.factories import PASSWORD


class BrokenConnection(Exception):
    """The connection ended before a whole answer came; the server may have acted or not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; ``began`` is the monotonic time at which its request was sent."""

    status: int
    headers: Message
    content: bytes
    began: float
    seconds: float

    @property
    def body(self) -> Any:
        return json.loads(self.content) if self.content else None


class Caller:
    """
    A client at ``address``, which the server believes if it trusts 127.0.0.1 as a proxy; it may
    move to another one between requests.

    A connection that is kept stays with one worker; otherwise each request opens another, and
    any worker may answer it.
    """

    def __init__(
        self, port: int, *, address: str = "127.0.0.1", is_kept: bool = True, timeout: float = 30
    ) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self.address = address
        self._is_kept = is_kept

    @property
    def port(self) -> int:
        """Where the kept connection comes from, as the server sees it; 0 without one."""
        socket = self._connection.sock
        return socket.getsockname()[1] if socket else 0

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """
        Send one request, as JSON unless its body is bytes, with ``token`` as the bearer.

        :raises BrokenConnection: refused, reset, silent too long or cut short
        """
        sent = {"X-Forwarded-For": self.address, **(headers or {})}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        began = time.monotonic()
        try:
            self._connection.request(method, path, content, sent)
            response = self._connection.getresponse()
            received = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise BrokenConnection(repr(error)) from error
        if not self._is_kept:
            self._connection.close()
        seconds = time.monotonic() - began
        return Answer(response.status, response.headers, received, began, seconds)

    def __del__(self) -> None:
        # A socket that is merely forgotten is a warning, and warnings are errors.
        self._connection.close()


@dataclass
class Visitor:
    """Somebody with an account, and what they hold of their session."""

    caller: Caller
    email: str
    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    session_id: str = ""
    user_id: str = ""

    def sign_in(self, password: str = PASSWORD) -> Answer:
        body = {"email": self.email, "password": password}
        return self._kept(self.caller.send("POST", "/api/v1/auth/login", body))

    def go_on(self) -> Answer:
        """Exchange the refresh token."""
        body = {"refresh": self.refresh}
        return self._kept(self.caller.send("POST", "/api/v1/auth/token/refresh", body))

    def send(self, method: str, path: str, body: Any = None) -> Answer:
        """Send a request to the API as the signed-in person."""
        return self.caller.send(method, f"/api/v1{path}", body, token=self.access)

    def me(self) -> Answer:
        return self.send("GET", "/me")

    def _kept(self, answer: Answer) -> Answer:
        if answer.status == 200 and "access" in answer.body:
            tokens = answer.body
            self.access, self.refresh = tokens["access"], tokens["refresh"]
            self.session_id, self.user_id = tokens["session"]["id"], tokens["user"]["id"]
        return answer
