"""Typed reading of environment variables, loud on nonsense."""

from __future__ import annotations

import ipaddress
from base64 import b64decode
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Address(NamedTuple):
    """Where a server is found; the host of an IPv6 address is without its brackets."""

    host: str
    port: int


_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


class Environment:
    """
    Reads each variable once and remembers its name, so the documentation can be compared.

    Every reader raises ``ImproperlyConfigured`` and names the variable, never its value: a value
    in a start-up message ends in a log.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.names: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        self.names.append(name)
        return self._variables.get(name, "").strip() or default

    def choice(self, name: str, *, default: str, among: tuple[str, ...]) -> str:
        given = self.text(name, default)
        if given not in among:
            raise ImproperlyConfigured(f"{name} must be one of {', '.join(among)}.")
        return given

    def flag(self, name: str, *, default: bool) -> bool:
        given = self.text(name, "yes" if default else "no").lower()
        if given not in _TRUE | _FALSE:
            raise ImproperlyConfigured(f"{name} must be yes or no.")
        return given in _TRUE

    def whole(self, name: str, default: int, *, least: int = 1, most: int = 1_000_000) -> int:
        given = self.text(name, str(default))
        try:
            number = int(given)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be a whole number.") from error
        return int(_within(name, number, least, most))

    def seconds(
        self, name: str, default: float, *, least: float = 0.01, most: float = 31_536_000
    ) -> float:
        given = self.text(name, str(default))
        try:
            number = float(given)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be a number of seconds.") from error
        return _within(name, number, least, most)

    def words(self, name: str, default: str = "") -> list[str]:
        return [word.strip() for word in self.text(name, default).split(",") if word.strip()]

    def keys(self, name: str, default: str = "") -> list[str]:
        """Read a list of keys of 32 bytes, each in URL-safe base64."""
        given = self.words(name, default)
        for key in given:
            try:
                length = len(b64decode(key, altchars=b"-_", validate=True))
            except ValueError as error:
                raise ImproperlyConfigured(f"{name} must be URL-safe base64.") from error
            if length != 32:
                raise ImproperlyConfigured(f"{name} must list keys of 32 bytes each.")
        return given

    def networks(self, name: str) -> list[Network]:
        try:
            return [ipaddress.ip_network(word) for word in self.words(name)]
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must list addresses or networks.") from error

    def address(self, name: str) -> Address | None:
        """Read where to listen, such as ``127.0.0.1:9464`` or ``[::1]:9464``; empty is nowhere."""
        given = self.text(name)
        if not given:
            return None
        try:
            parts = urlsplit(f"//{given}")
            found = Address(str(ipaddress.ip_address(parts.hostname or "")), parts.port or 0)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be an address and a port.") from error
        if not found.port or parts.username is not None or parts.path:
            raise ImproperlyConfigured(f"{name} must be an address and a port.")
        return found

    def resolvers(self, name: str) -> list[Address]:
        """Read a list of name servers, such as ``10.0.0.53,[fd00::53]:5353``; the port is 53."""
        found = []
        for word in self.words(name):
            try:
                parts = urlsplit(f"//{word}")
                host = str(ipaddress.ip_address(parts.hostname or ""))
                found.append(Address(host, parts.port or 53))
            except ValueError as error:
                raise ImproperlyConfigured(f"{name} must list addresses of servers.") from error
            if parts.netloc != word or "@" in word:
                raise ImproperlyConfigured(f"{name} must list addresses of servers.")
        return found

    def destinations(self, name: str) -> frozenset[Address]:
        """Read a list of hosts with their ports, such as ``idp.intern:8443,[fd00::7]:443``."""
        found = set()
        for word in self.words(name):
            try:
                parts = urlsplit(f"//{word}")
                host, port = parts.hostname or "", parts.port or 0
            except ValueError as error:
                raise ImproperlyConfigured(f"{name} must list hosts with ports.") from error
            if not host or not port or parts.netloc != word or "@" in word:
                raise ImproperlyConfigured(f"{name} must list hosts with ports.")
            found.add(Address(host, port))
        return frozenset(found)

    def page(self, name: str) -> str:
        """Read the address of a page that people open, such as ``https://example.com/terms``."""
        given = self.text(name)
        parts = urlsplit(given)
        if given and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ImproperlyConfigured(f"{name} must be an http or https address.")
        return given

    def origin(self, name: str, default: str) -> str:
        """Read a base address such as ``https://id.example.com``, without a trailing slash."""
        given = self.text(name, default).rstrip("/")
        parts = urlsplit(given)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
            raise ImproperlyConfigured(f"{name} must be an http or https address.")
        return given


def _within(name: str, number: float, least: float, most: float) -> float:
    # NaN compares false with everything, so it is refused here too.
    if not least <= number <= most:
        raise ImproperlyConfigured(f"{name} must be between {least:g} and {most:g}.")
    return number
