"""
From granian to a WSGI application: in the thread that took the request, once its body is there.

granian calls ``Gateway.take`` in one of its threads with what it knows of a request, and reads
bodies by itself, so no thread waits for one. Names of headers with ``_`` are dropped: in an
environment they would be the same as those with ``-``, and a client could say ``X_Forwarded_For``
beside what a trusted proxy says in ``X-Forwarded-For``.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial
from io import BytesIO
from typing import Any

import structlog

from plinto.kernel.environment import Address
from plinto.kernel.stopping import stopping
from plinto.serving import connections, streaming
from plinto.serving.bodies import Bodies
from plinto.serving.watch import Stay, Watch

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

# Set for what arrived at the address of METRICS_BIND. No header becomes a name with a dot.
IS_PRIVATE = "plinto.is_private"
# Bytes of a path with its query, as with other servers.
_LONGEST_TARGET = 8190
_COMMON = """
    accept accept-encoding accept-language authorization cache-control connection cookie
    host idempotency-key if-match if-none-match origin referer traceparent user-agent
    x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-request-id
"""
_KEYS = {name: f"HTTP_{name.replace('-', '_').upper()}" for name in _COMMON.split()} | {
    "content-type": "CONTENT_TYPE",
    "content-length": "CONTENT_LENGTH",
}
_PROTOCOLS = {"1": "HTTP/1.0", "1.1": "HTTP/1.1"}

log = structlog.get_logger(__name__)


class _Answer:
    """The ``start_response`` of WSGI."""

    __slots__ = ("headers", "status")

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[str, str]] = []

    def __call__(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: Any = None,  # noqa: ARG002 - WSGI passes it
    ) -> None:
        self.status = int(status[:3])
        self.headers = headers


class Gateway:
    """Serves ``application`` at ``address``; a body of more than ``most`` bytes stays unread."""

    def __init__(
        self,
        application: Application,
        *,
        address: Address,
        is_private: bool,
        most: int,
        watch: Watch,
    ) -> None:
        self._application = application
        self._watch = watch
        self._bodies = Bodies(most=most)
        self._constants: Environ = {
            "SCRIPT_NAME": "",
            "SERVER_NAME": address.host,
            "SERVER_PORT": str(address.port),
            "wsgi.errors": sys.stderr,
            "wsgi.multiprocess": True,
            "wsgi.multithread": True,
            "wsgi.run_once": False,
            "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0),
            IS_PRIVATE: is_private,
        }

    def take(self, watcher: Any) -> None:
        """Begin with a request; whatever goes wrong, granian hears of no exception."""
        protocol = watcher.proto
        try:
            scope = watcher.scope
            stay = Stay(scope.client)
            environ = self._environ(scope, stay.peer)
            if len(environ["PATH_INFO"]) + len(environ["QUERY_STRING"]) > _LONGEST_TARGET:
                protocol.response_empty(414, _CLOSES)
            elif self._bodies.is_announced(environ):
                self._watch.enter(stay)
                then = partial(self._answer, protocol, environ, stay)
                self._bodies.read(protocol, environ, then)
            else:
                self._watch.enter(stay)
                self._answer(protocol, environ, stay, b"")
        except BaseException:
            log.exception("gateway.failed")
            protocol.response_empty(500, _CLOSES)

    def _environ(self, scope: Any, peer: str) -> Environ:
        environ = self._constants.copy()
        for name, value in scope.headers.items():
            key = _KEYS.get(name)
            if key is None:
                if "_" in name:
                    continue
                key = f"HTTP_{name.replace('-', '_').upper()}"
            if key not in environ:
                environ[key] = value
            elif key != "CONTENT_LENGTH":  # all of these are the same, granian has seen to it
                environ[key] += ("; " if key == "HTTP_COOKIE" else ",") + value
        path = scope.path
        environ["PATH_INFO"] = path if path.isascii() else path.encode().decode("latin-1")
        environ["QUERY_STRING"] = scope.query_string
        environ["REQUEST_METHOD"] = scope.method
        environ["SERVER_PROTOCOL"] = _PROTOCOLS.get(scope.http_version, "HTTP/1.1")
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = _parts(peer)
        return environ

    def _answer(self, protocol: Any, environ: Environ, stay: Stay, body: bytes | None) -> None:
        """Call the application; ``body`` is None when the client left in the middle of it."""
        if body is None:
            self._watch.leave(stay)
            protocol.response_empty(400, _CLOSES)
            return
        stay.thread = threading.get_ident()
        environ["wsgi.input"] = BytesIO(body)
        answer = _Answer()
        try:
            content = self._application(environ, answer)
            try:
                self._send(protocol, environ, stay, answer, content)
            finally:
                close = getattr(content, "close", None)
                if close is not None:
                    close()
        except BaseException:
            log.exception("request.failed")
            protocol.response_empty(500, _CLOSES)
        finally:
            self._watch.leave(stay)

    def _send(
        self, protocol: Any, environ: Environ, stay: Stay, answer: _Answer, content: Iterable[bytes]
    ) -> None:
        headers = answer.headers
        if stopping:
            headers = [*headers, *_CLOSES]
        if not getattr(content, "streaming", False):
            protocol.response_bytes(answer.status, headers, b"".join(content))
            return
        if environ["REQUEST_METHOD"] == "HEAD":
            protocol.response_empty(answer.status, headers)
            return
        chunks = iter(content)
        piece, is_all = streaming.begin(chunks)
        if is_all:
            protocol.response_bytes(answer.status, headers, piece)
            return
        pipe = streaming.Pipe()
        try:
            protocol.response_file(answer.status, headers, pipe.path)
            pipe.write(piece, is_overdue=lambda: stay.is_overdue)
            for chunk in chunks:
                pipe.write(chunk, is_overdue=lambda: stay.is_overdue)
        except (BrokenPipeError, streaming.Overdue):
            connections.hang_up(stay.peer)
        except BaseException:
            # Its end would look like the end of the answer.
            connections.hang_up(stay.peer)
            raise
        finally:
            pipe.close()


_CLOSES = [("Connection", "close")]


def _parts(peer: str) -> tuple[str, str]:
    host, _, port = peer.rpartition(":")
    return host.strip("[]"), port
