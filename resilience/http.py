"""
The one way in which Plinto asks a server outside.

A name that somebody else controls may lead inside (server-side request forgery), and may lead
elsewhere a moment later (rebinding). So it is resolved once per exchange, every address is
judged, and the connection is made to a judged address; Host, SNI and certificate keep the name.
There are no redirects, no proxies of the environment and no decompression, and one deadline
covers the whole exchange, resolving included. A breaker per host keeps calls from what fails.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import httpcore2
from django.conf import settings

from plinto.kernel.environment import Address
from resilience import breakers
from resilience.addresses import is_public
from resilience.breaker import Breaker
from resilience.circuit import Policy
from resilience.errors import OutboundFailedError, OutboundRefusedError
from resilience.names import Resolve, resolve

LONGEST_ANSWER = 64 * 1024
SECONDS = 5.0
# One address that swallows packets must leave time for the next.
_CONNECT_SECONDS = 3.0
_FAILURES = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError)
_SERVER_ERROR = 500
# Seconds of work over there are no failure: the deadline says what is too long.
_POLICY = Policy(recovery_timeout=10.0, slow_seconds=60.0, probe_timeout=SECONDS)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; names of headers are in small letters, and of twins the last counts."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a request goes, in parts that nobody has to read again."""

    scheme: str
    host: str
    port: int
    path: str
    is_allowed: bool

    @property
    def url(self) -> httpcore2.URL:
        return httpcore2.URL(
            scheme=self.scheme.encode(),
            host=self.host.encode(),
            port=self.port,
            target=self.path.encode(),
        )

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        is_usual = self.port == (443 if self.scheme == "https" else 80)
        return host if is_usual else f"{host}:{self.port}"


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes = b"",
    seconds: float = SECONDS,
    lookup: Resolve = resolve,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """
    Make one exchange within ``seconds`` and return its answer, whatever its status.

    ``lookup`` finds the addresses of a name; ``tls`` says whom to trust, the machine's
    authorities by default.

    :raises OutboundRefusedError: Plinto does not send there; nothing was sent
    :raises OutboundFailedError: no answer in time, or none that can be used
    :raises CircuitOpenError: the host has been failing and is left alone for a while
    """
    target = _target(url)
    breaker = breaker_of(target.host, target.port)
    permit = breaker.admit()
    try:
        answer = _exchange(
            method,
            target,
            headers=headers or {},
            content=content,
            backend=_Backend(target, deadline=_Deadline(seconds), lookup=lookup),
            tls=tls or _authorities(),
        )
    except OutboundFailedError as error:
        breaker.failed(permit, reason=error.reason)
        raise
    except BaseException:
        breaker.abandoned(permit)
        raise
    if answer.status >= _SERVER_ERROR:
        breaker.failed(permit, reason="server error")
    else:
        breaker.succeeded(permit)
    return answer


def judge(url: str) -> Address:
    """
    Judge an address as it is written, as ``send`` will, and say where it leads.

    :raises OutboundRefusedError: Plinto does not send there
    """
    target = _target(url)
    return Address(target.host, target.port)


def breaker_of(host: str, port: int) -> Breaker:
    """Return the breaker in front of one host."""
    return breakers.get(f"http:{host}:{port}", policy=_POLICY)


def _target(url: str) -> _Target:
    """Read an address strictly: what two parsers read differently is an attacker's."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise OutboundRefusedError(reason="not an address") from error
    host, is_plain = parts.hostname or "", url.isascii() and url.isprintable()
    if not is_plain or " " in url or "\\" in url or not host:
        raise OutboundRefusedError(reason="not an address")
    if "@" in parts.netloc or parts.fragment:
        raise OutboundRefusedError(reason="userinfo or fragment")
    port = port or (443 if parts.scheme == "https" else 80)
    is_allowed = Address(host, port) in settings.OUTBOUND_ALLOWED
    if parts.scheme != "https" and not (parts.scheme == "http" and is_allowed):
        raise OutboundRefusedError(reason="scheme")
    if port != 443 and not is_allowed:
        raise OutboundRefusedError(reason="port")
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return _Target(parts.scheme, host, port, path, is_allowed)


def _exchange(
    method: str,
    target: _Target,
    *,
    headers: Mapping[str, str],
    content: bytes,
    backend: _Backend,
    tls: ssl.SSLContext,
) -> Answer:
    sent = {
        "Host": target.authority,
        "User-Agent": "Plinto",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **headers,
    }
    if content or method == "POST":
        sent["Content-Length"] = str(len(content))
    try:
        with (
            # A pool for one exchange: a connection that is kept was judged too long ago.
            httpcore2.ConnectionPool(tls, network_backend=backend, max_connections=1) as pool,
            pool.stream(method, target.url, headers=list(sent.items()), content=content) as came,
        ):
            known = {name.decode("latin-1").lower(): _text(value) for name, value in came.headers}
            if known.get("content-encoding", "identity") != "identity":
                raise OutboundFailedError(reason="compressed")
            return Answer(came.status, known, _read(came))
    except _FAILURES as error:
        is_late = isinstance(error, httpcore2.TimeoutException)
        raise OutboundFailedError(reason="timeout" if is_late else "connection") from error


def _read(came: httpcore2.Response) -> bytes:
    body = bytearray()
    for part in came.iter_stream():
        body += part
        if len(body) > LONGEST_ANSWER:
            raise OutboundFailedError(reason="too large")
    return bytes(body)


def _text(value: bytes) -> str:
    return value.decode("latin-1")


@lru_cache(maxsize=1)
def _authorities() -> ssl.SSLContext:
    """Trust whom the machine trusts, or whom ``SSL_CERT_FILE`` names."""
    return ssl.create_default_context()


class _Deadline:
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


class _Stream(httpcore2.NetworkStream):
    """A connection whose every wait ends with the exchange: a slow drip gains nothing."""

    def __init__(self, inner: httpcore2.NetworkStream, deadline: _Deadline) -> None:
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


class _Backend(httpcore2.NetworkBackend):
    """Opens the connection of one exchange, to an address that was judged."""

    def __init__(self, target: _Target, *, deadline: _Deadline, lookup: Resolve) -> None:
        self._target, self._deadline, self._lookup = target, deadline, lookup
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
        if not self._target.is_allowed and not all(map(is_public, found)):
            raise OutboundRefusedError(reason="private address")
        return found
