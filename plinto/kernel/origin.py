"""Who asks: the client's address, its agent and the request id, believed only as far as earned."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from plinto.kernel.environment import Network
from plinto.kernel.ids import uuid7_text

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
        return _network(self.address)


SYSTEM = Origin(address="", agent="", request_id="")


def client_address(peer: str, forwarded_for: str, *, trusted: Iterable[Network]) -> str:
    """
    Walk X-Forwarded-For from the right and stop at the first hop that is not our own proxy.

    Everything left of it was written by the client. A hop that is no address ends the walk at
    the proxy that passed it on, so a forged header cannot open a new bucket.
    """
    return _walked(peer, forwarded_for, is_proxy=_Proxies(trusted).has)


def _walked(peer: str, forwarded_for: str, *, is_proxy: Callable[[str], bool]) -> str:
    address = _plain(peer)
    for hop in reversed(forwarded_for.split(",")):
        if not is_proxy(address):
            break
        forwarded = _plain(hop.strip())
        if not forwarded:
            break
        address = forwarded
    return address


def prepare(request: HttpRequest) -> Origin:
    """Attach the origin to a fresh request and drop forwarding headers no trusted proxy sent."""
    origin = of_environ(request.META)
    request.origin = origin  # type: ignore[attr-defined]
    return origin


def of_environ(environ: dict[str, Any]) -> Origin:
    """Read the origin from a WSGI environment, and drop what no trusted proxy sent from it."""
    peer, is_proxy = environ.get("REMOTE_ADDR") or "", _our_proxies().has
    address = _plain(peer)
    if is_proxy(address):
        forwarded_for = environ.get("HTTP_X_FORWARDED_FOR", "")
        address = _walked(peer, forwarded_for, is_proxy=is_proxy)
    else:
        for name in _FORWARDED:
            environ.pop(name, None)
    offered = environ.get("HTTP_X_REQUEST_ID")
    return Origin(
        address=address,
        agent=_printable(environ.get("HTTP_USER_AGENT", "")),
        request_id=offered if offered and _SANE_REQUEST_ID.match(offered) else uuid7_text(),
    )


def of(request: HttpRequest | Request) -> Origin:
    """Return the origin the middleware attached."""
    # REST framework's request would search its own class first.
    origin: Origin = getattr(request, "_request", request).origin  # type: ignore[union-attr]
    return origin


def bind_session(request: Request, session_id: UUID) -> None:
    """Add the session to the origin, once the request is authenticated."""
    who = of(request)
    request._request.origin = Origin(who.address, who.agent, who.request_id, session_id)  # type: ignore[attr-defined]


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


class _Proxies:
    """Networks whose word is believed; asking the same address again costs a look-up."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self.networks = networks
        self.has = lru_cache(maxsize=4096)(self._has)

    def _has(self, address: str) -> bool:
        if not address:
            return False
        parsed = ipaddress.ip_address(address)
        return any(parsed in network for network in self.networks)


_proxies = _Proxies(())


def _our_proxies() -> _Proxies:
    global _proxies
    if _proxies.networks is not settings.TRUSTED_PROXIES:
        _proxies = _Proxies(settings.TRUSTED_PROXIES)
    return _proxies


@lru_cache(maxsize=4096)
def _network(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if address.version == 4:
        return text
    return str(ipaddress.ip_network((address, 64), strict=False))


def _printable(agent: str) -> str:
    agent = agent[:_AGENT_LENGTH]
    if agent.isprintable():
        return agent
    return "".join(char for char in agent if char.isprintable())
