"""
Connections to servers outside: to an address that was judged, within one deadline.

What ``resilience.http`` hands to its client, so that no way leads around either.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore2

from resilience.addresses import is_public
from resilience.errors import OutboundFailedError, OutboundRefusedError
from resilience.names import Resolve

# One address that swallows packets must leave time for the next.
_CONNECT_SECONDS = 3.0


class Deadline:
    """When an exchange must be over."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """
        Seconds until then.

        :raises httpcore2.ReadTimeout: there are none
        """
        left = self._at - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("The exchange took too long.")
        return left

    def at_most(self, seconds: float) -> None:
        """Bring it forward, so that what is left takes no longer than ``seconds``."""
        self._at = min(self._at, time.monotonic() + seconds)


class Backend(httpcore2.NetworkBackend):
    """
    Opens the connection of one exchange.

    A name is resolved once, with ``lookup``, and every address judged, unless ``is_allowed`` says
    that an operator named the server.
    """

    def __init__(self, *, is_allowed: bool, deadline: Deadline, lookup: Resolve) -> None:
        self._is_allowed, self._deadline, self._lookup = is_allowed, deadline, lookup
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception = OutboundFailedError(reason="unknown name")
        for address in self._judged(host, port):
            patience = min(self._deadline.left(), _CONNECT_SECONDS)
            try:
                stream = self._sockets.connect_tcp(
                    address, port, patience, socket_options=socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(stream, self._deadline)
        raise failure

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore2.NetworkStream:
        raise OutboundRefusedError(reason="unix socket")

    def _judged(self, host: str, port: int) -> list[str]:
        found = self._lookup(host, port, self._deadline.left())
        # One bad address condemns the name: it is not left to chance which is taken.
        if not self._is_allowed and not all(map(is_public, found)):
            raise OutboundRefusedError(reason="private address")
        return found


class _Stream(httpcore2.NetworkStream):
    """A connection whose every wait ends with the exchange: a slow drip gains nothing."""

    def __init__(self, inner: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._inner.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._inner.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> _Stream:
        left = self._deadline.left()
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
