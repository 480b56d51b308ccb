"""HTTP/1.1 as the clients of benchmarks write and read it, with as little work as it takes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

_TOKEN = b"{token}"


def encoded(
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: Any = None,
    form: Mapping[str, str] | None = None,
) -> bytes:
    """Write a request, with ``body`` as JSON or ``form`` as a browser sends it."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: */*"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    kind, content = content_of(body, form)
    if kind:
        lines.append(f"Content-Type: {kind}")
    if content or method != "GET":
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join([*lines, "", ""]).encode() + content


def content_of(body: Any, form: Mapping[str, str] | None) -> tuple[str, bytes]:
    """Return a body and its media type, both empty when there is nothing to send."""
    if body is not None:
        return "application/json", json.dumps(body).encode()
    if form is not None:
        return "application/x-www-form-urlencoded", urlencode(form).encode()
    return "", b""


class Refreshing:
    """A chain: ``body`` has ``{token}`` in it, and the answer names the next one as ``field``."""

    def __init__(self, path: str, body: dict[str, str], field: str) -> None:
        self._request = encoded("POST", path).replace(b"Content-Length: 0", b"")[:-4]
        self._body = json.dumps(body).encode()
        self._found = re.compile(rb'"' + field.encode() + rb'"\s*:\s*"([^"]+)"')

    def request(self, token: str) -> bytes:
        body = self._body.replace(_TOKEN, token.encode())
        head = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        return self._request + head + body

    def successor(self, received: bytes) -> str:
        """
        Read the token to go on with.

        :raises ValueError: there is none in the answer
        """
        found = self._found.search(received)
        if found is None:
            raise ValueError("An answer names no token to go on with.")
        return found[1].decode()


class Receiver:
    """Puts one answer together from what arrives."""

    __slots__ = ("_ends_at", "is_last", "received", "status")

    def __init__(self) -> None:
        self.received = b""
        self.status = b""
        self.is_last = False
        self._ends_at: int | None = None

    def is_whole(self, chunk: bytes) -> bool:
        """
        Take a chunk, and tell whether the answer is complete.

        :raises ValueError: the answer does not say how long it is
        """
        self.received = self.received + chunk if self.received else chunk
        if not self.status:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return False
            self.status = self.received[9:12]
            head = self.received[: end + 2].lower()
            self.is_last = b"\r\nconnection: close\r\n" in head
            self._ends_at = _length(head, self.status, end + 4)
        if self._ends_at is None:
            return self.received.endswith(b"0\r\n\r\n")
        return len(self.received) >= self._ends_at


def _length(head: bytes, status: bytes, begins_at: int) -> int | None:
    """Say where an answer ends; None for one in chunks."""
    at = head.find(b"\r\ncontent-length:")
    if at >= 0:
        return begins_at + int(head[at + 17 : head.index(b"\r", at + 17)])
    if status in {b"204", b"304"}:
        return begins_at
    if b"\r\ntransfer-encoding: chunked\r\n" in head:
        return None
    raise ValueError("The answer does not say how long it is.")
