"""
What OpenID Connect providers publish: their metadata and their keys, kept by each process.

They are read when they are wanted and old. While a provider cannot be asked, what it said last
still holds: its outage does not make its own signatures unreadable. A key that nobody knows makes
a process ask at most once a minute, so forged tokens are no way to flood a provider.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog
from joserfc import jwk
from joserfc.errors import JoseError

from accounts.providers import Provider
from accounts.services.statements import StatementRefused, Word, fetch
from resilience.registry import Registry

log = structlog.get_logger(__name__)

_FRESH_FOR = 3600.0
# Also after a failure: what is broken is not asked by every request.
_ASK_AGAIN_AFTER = 60.0
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What discovery says, as far as it is used."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    takes_basic: bool
    names_itself: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    """A document, and when it was fetched and last asked for."""

    document: Any
    fetched_at: float
    asked_at: float


class Documents:
    """The documents of one provider."""

    def __init__(self, provider: Provider, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._provider, self._clock = provider, clock
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def metadata(self, *, until: float) -> Metadata:
        """
        Return the metadata, a fresh copy if there is one to be had.

        :raises StatementRefused: there is none, or it is another provider's
        """
        found: Metadata = self._document("metadata", self._discover, until=until)
        return found

    def keys(self, *, until: float, is_stale: bool = False) -> list[jwk.Key]:
        """
        Return the signing keys; ``is_stale`` after they lacked one.

        :raises StatementRefused: there are none to be had
        """
        uri = self.metadata(until=until).jwks_uri
        found: list[jwk.Key] = self._document(
            "keys", lambda until: _keys(fetch(uri, until=until)), until=until, anew=is_stale
        )
        return found

    def _document(
        self, name: str, get: Callable[[float], Any], *, until: float, anew: bool = False
    ) -> Any:
        kept = self._kept.get(name)
        if kept and not self._is_due(kept, anew=anew):
            return kept.document
        # Whoever finds somebody asking already takes what is there, or waits for it.
        if not self._lock.acquire(timeout=0.0 if kept else max(until - time.monotonic(), 0.0)):
            if kept:
                return kept.document
            raise StatementRefused("provider: timeout", word=Word.UNAVAILABLE)
        try:
            kept = self._kept.get(name)
            if kept and not self._is_due(kept, anew=anew):
                return kept.document
            return self._renewed(name, kept, get, until=until)
        finally:
            self._lock.release()

    def _renewed(
        self, name: str, kept: _Kept | None, get: Callable[[float], Any], *, until: float
    ) -> Any:
        now = self._clock()
        try:
            self._kept[name] = _Kept(get(until), fetched_at=now, asked_at=now)
        except StatementRefused as refusal:
            if kept is None:
                raise
            log.warning(
                "provider.stale", provider=self._provider.name, what=name, reason=refusal.reason
            )
            self._kept[name] = _Kept(kept.document, fetched_at=kept.fetched_at, asked_at=now)
        return self._kept[name].document

    def _is_due(self, kept: _Kept, *, anew: bool) -> bool:
        now = self._clock()
        is_old = anew or now - kept.fetched_at >= _FRESH_FOR
        return is_old and now - kept.asked_at >= _ASK_AGAIN_AFTER

    def _discover(self, until: float) -> Metadata:
        issuer = self._provider.issuer
        said = fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration", until=until)
        if not isinstance(said, dict) or said.get("issuer") != issuer:
            # OpenID Connect Discovery, section 4.3: otherwise it speaks for somebody else.
            raise StatementRefused("discovery: another issuer")
        schemes = {"https", urlsplit(issuer).scheme}
        for name in _ENDPOINTS:
            if not isinstance(said.get(name), str) or urlsplit(said[name]).scheme not in schemes:
                raise StatementRefused(f"discovery: {name}")
        # Basic is what a provider takes that does not say (Discovery, section 3).
        methods = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Metadata(
            authorization_endpoint=said["authorization_endpoint"],
            token_endpoint=said["token_endpoint"],
            jwks_uri=said["jwks_uri"],
            userinfo_endpoint=_text(said.get("userinfo_endpoint")),
            takes_basic=isinstance(methods, list) and "client_secret_basic" in methods,
            names_itself=said.get("authorization_response_iss_parameter_supported") is True,
        )


_known: Registry[Provider, Documents] = Registry()


def of(provider: Provider) -> Documents:
    """Return what this process keeps of a provider."""
    return _known.get(provider, lambda: Documents(provider))


def _text(said: Any) -> str | None:
    return said if isinstance(said, str) else None


def _keys(said: Any) -> list[jwk.Key]:
    listed = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(listed, list):
        raise StatementRefused("keys: no list")
    return [key for each in listed[:50] if (key := _key(each)) is not None]


def _key(said: Any) -> jwk.Key | None:
    """Read one key; one of a kind that is not known does not spoil the others."""
    # A symmetric key that everybody can read proves nothing.
    if not isinstance(said, dict) or said.get("kty") not in {"RSA", "EC", "OKP"}:
        return None
    if said.get("use", "sig") != "sig":
        return None
    try:
        return jwk.import_key(said)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
