"""Who asks: the client's address, its agent and the request id, believed only as far as earned."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from plinto.kernel.environment import Network
from plinto.kernel.ids import uuid7

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,128}\Z")
_FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_FORWARDED",
)
# Browsers stay under 300 characters; more is somebody filling the database.
_AGENT_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from, as audit rows, sessions and mails record it."""

    address: str
    agent: str
    request_id: str
    session_id: UUID | None = None

    @property
    def network(self) -> str:
        """
        The unit that limits count by: an IPv4 address, or the /64 of an IPv6 one.

        One customer holds a whole /64, so a limit per IPv6 address is no limit.
        """
        try:
            address = ipaddress.ip_address(self.address)
        except ValueError:
            return self.address
        if address.version == 4:
            return self.address
        return str(ipaddress.ip_network((address, 64), strict=False))


SYSTEM = Origin(address="", agent="", request_id="")


def client_address(peer: str, forwarded_for: str, *, trusted: Iterable[Network]) -> str:
    """
    Walk X-Forwarded-For from the right and stop at the first hop that is not our own proxy.

    Everything left of it was written by the client. A hop that is no address ends the walk at
    the proxy that passed it on, so a forged header cannot open a new bucket.
    """
    networks = tuple(trusted)
    address = _plain(peer)
    for hop in reversed(forwarded_for.split(",")):
        if not _is_trusted(address, networks):
            break
        forwarded = _plain(hop.strip())
        if not forwarded:
            break
        address = forwarded
    return address


def prepare(request: HttpRequest) -> Origin:
    """Attach the origin to a fresh request and drop forwarding headers no trusted proxy sent."""
    peer = request.META.get("REMOTE_ADDR") or ""
    if not _is_trusted(_plain(peer), tuple(settings.TRUSTED_PROXIES)):
        for name in _FORWARDED:
            request.META.pop(name, None)
    offered = request.META.get("HTTP_X_REQUEST_ID", "")
    origin = Origin(
        address=client_address(
            peer, request.META.get("HTTP_X_FORWARDED_FOR", ""), trusted=settings.TRUSTED_PROXIES
        ),
        agent=_printable(request.META.get("HTTP_USER_AGENT", "")),
        request_id=offered if _SANE_REQUEST_ID.match(offered) else str(uuid7()),
    )
    request.origin = origin  # type: ignore[attr-defined]
    return origin


def of(request: HttpRequest | Request) -> Origin:
    """Return the origin the middleware attached."""
    origin: Origin = request.origin  # type: ignore[union-attr]
    return origin


def bind_session(request: Request, session_id: UUID) -> None:
    """Add the session to the origin, once the request is authenticated."""
    request._request.origin = replace(of(request), session_id=session_id)  # type: ignore[attr-defined]


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


@lru_cache(maxsize=4096)
def _is_trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    if not address:
        return False
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in trusted)


def _printable(agent: str) -> str:
    return "".join(char for char in agent[:_AGENT_LENGTH] if char.isprintable())
