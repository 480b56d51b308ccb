"""
The one way in which Plinto asks a server outside.

A name that somebody else controls may lead inside (server-side request forgery), and may lead
elsewhere a moment later (rebinding). So it is resolved once per exchange, every address is
judged, and the connection is made to a judged address; Host, SNI and certificate keep the name.
There are no redirects, no proxies of the environment and no decompression, and one deadline
covers the whole exchange, resolving included. A breaker keeps calls from what fails: that of the
host, unless the caller brings one of its own.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpcore2
from django.conf import settings

from plinto.kernel.environment import Address
from resilience import breakers
from resilience.breaker import Breaker
from resilience.circuit import Policy
from resilience.errors import OutboundFailedError, OutboundRefusedError
from resilience.forks import renew_after_fork
from resilience.judged import Backend, Deadline
from resilience.names import Resolve, resolve

LONGEST_ANSWER = 64 * 1024
SECONDS = 5.0
# What a caller keeps of a body is worth no longer wait once the status is known.
_KEEPING_SECONDS = 2.0
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
    most: int = LONGEST_ANSWER,
    keep: int | None = None,
    breaker: Breaker | None = None,
    lookup: Resolve = resolve,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """
    Make one exchange within ``seconds`` and return its answer, whatever its status.

    An answer with more than ``most`` octets is none that can be used. ``keep`` is for callers who
    want the status and the first octets of the body, however it goes on: the rest is left unread
    and the connection closed. ``breaker`` stands in for that of the host. ``lookup`` finds the
    addresses of a name; ``tls`` says whom to trust, the machine's authorities by default.

    :raises OutboundRefusedError: Plinto does not send there; nothing was sent
    :raises OutboundFailedError: no answer in time, or none that can be used
    :raises CircuitOpenError: the host has been failing and is left alone for a while
    """
    target = _target(url)
    breaker = breaker or breaker_of(target.host, target.port)
    permit = breaker.admit()
    try:
        answer = _exchange(
            method,
            target,
            headers=headers or {},
            content=content,
            deadline=Deadline(seconds),
            most=most,
            keep=keep,
            lookup=lookup,
            tls=tls or (_authorities() if target.scheme == "https" else None),
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
    deadline: Deadline,
    most: int,
    keep: int | None,
    lookup: Resolve,
    tls: ssl.SSLContext | None,
) -> Answer:
    sent = _sent(method, target, headers, content)
    backend = Backend(is_allowed=target.is_allowed, deadline=deadline, lookup=lookup)
    try:
        with (
            # A pool for one exchange: a connection that is kept was judged too long ago.
            httpcore2.ConnectionPool(tls, network_backend=backend, max_connections=1) as pool,
            pool.stream(method, target.url, headers=sent, content=content) as came,
        ):
            known = {name.decode("latin-1").lower(): _text(value) for name, value in came.headers}
            is_plain = known.get("content-encoding", "identity") == "identity"
            if keep is not None:
                deadline.at_most(_KEEPING_SECONDS)
                return Answer(came.status, known, _beginning(came, keep) if is_plain else b"")
            if not is_plain:
                raise OutboundFailedError(reason="compressed")
            return Answer(came.status, known, _whole(came, most))
    except _FAILURES as error:
        raise OutboundFailedError(reason=_reason(error)) from error


def _sent(
    method: str, target: _Target, headers: Mapping[str, str], content: bytes
) -> list[tuple[str, str]]:
    sent = {
        "Host": target.authority,
        "User-Agent": "Plinto",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **headers,
    }
    if content or method == "POST":
        sent["Content-Length"] = str(len(content))
    return list(sent.items())


def _whole(came: httpcore2.Response, most: int) -> bytes:
    body = bytearray()
    for part in came.iter_stream():
        body += part
        if len(body) > most:
            raise OutboundFailedError(reason="too large")
    return bytes(body)


def _beginning(came: httpcore2.Response, most: int) -> bytes:
    body = bytearray()
    # The status has been said; a body that breaks off or drips takes nothing of it back.
    with suppress(*_FAILURES):
        for part in came.iter_stream():
            body += part
            if len(body) >= most:
                break
    return bytes(body[:most])


def _reason(error: Exception) -> str:
    if isinstance(error, httpcore2.TimeoutException):
        return "timeout"
    is_tls = any(isinstance(each, ssl.SSLError) for each in error.args)
    return "tls" if is_tls else "connection"


def _text(value: bytes) -> str:
    return value.decode("latin-1")


class _Authorities:
    """Whom the machine trusts, or whom ``SSL_CERT_FILE`` names; read once, by one thread."""

    def __init__(self) -> None:
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        self._lock = threading.Lock()
        self._read: ssl.SSLContext | None = None

    def __call__(self) -> ssl.SSLContext:
        # Reading takes a tenth of a second, and many threads may send their first at once.
        with self._lock:
            self._read = self._read or ssl.create_default_context()
            return self._read


_authorities = _Authorities()
