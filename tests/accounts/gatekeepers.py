"""Clients at either door of a path that has two: Django's own, and a short way before it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory

from plinto.forward_auth import ForwardAuthDoor
from plinto.short_way import ShortWay

REQUEST_ID = "a-request-of-this-test"


@dataclass(frozen=True)
class Heard:
    """What a server would send: the status line, every header, and the body."""

    status: str
    headers: list[tuple[str, str]]
    content: bytes

    @property
    def code(self) -> int:
        return int(self.status[:3])

    def json(self) -> Any:
        return json.loads(self.content)

    def told(self) -> dict[str, str]:
        """The headers that an application behind the proxy is told."""
        return {name: text for name, text in self.headers if name.startswith("X-Plinto-")}


class Gate:
    """
    A door of ``way``: Django's own, or the one before it.

    ``passed_on`` counts the requests that reached Django.
    """

    def __init__(self, *, is_short: bool, way: type[ShortWay] = ForwardAuthDoor) -> None:
        self._django = WSGIHandler()
        self._path = way.path
        self.passed_on = 0
        self._door: Any = way(self._counted) if is_short else self._counted

    def ask(
        self,
        token: str | None = None,
        query: str = "",
        *,
        method: str = "GET",
        address: str = "127.0.0.1",
        body: bytes = b"",
        path: str = "",
        content_type: str = "application/octet-stream",
        headers: dict[str, str] | None = None,
    ) -> Heard:
        sent = {"X-Request-ID": REQUEST_ID, **(headers or {})}
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {token}")
        environ = (
            RequestFactory()
            .generic(
                method,
                (path or self._path) + query,
                body,
                content_type,
                headers=sent,
                REMOTE_ADDR=address,
            )
            .environ
        )
        environ["wsgi.input"] = BytesIO(body)
        heard: list[Any] = []
        content = self._door(environ, lambda *told: heard.append(told))
        answer = Heard(heard[0][0], sorted(heard[0][1]), b"".join(content))
        if hasattr(content, "close"):
            content.close()
        return answer

    def _counted(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        self.passed_on += 1
        return self._django(environ, start_response)
