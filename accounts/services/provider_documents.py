"""
What OpenID Connect providers publish: their metadata and their keys, kept by each process.

They are read when they are wanted and old. While a provider cannot be asked, what it said last
still holds: its outage does not make its own signatures unreadable. A key that nobody knows makes
a process ask at most once a minute, so forged tokens are no way to flood a provider. Whoever has
a row for a provider writes down there what it ``published``, and a new process can ``recall`` it.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from joserfc import jwk
from joserfc.errors import JoseError

from accounts.services.statements import StatementRefused, Word, fetch
from resilience import crowd, http
from resilience.circuit import Policy
from resilience.crowd import Crowd

log = structlog.get_logger(__name__)

_FRESH_FOR = 3600.0
# Also after a failure: what is broken is not asked by every request.
_ASK_AGAIN_AFTER = 60.0
# What there is already is worth no longer wait: a browser needs the rest for the code.
_RENEWING_SECONDS = 3.0
_METADATA, _KEYS = "discovery", "keys"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL_ENDPOINTS = ("userinfo_endpoint", "end_session_endpoint")
_METHODS = "token_endpoint_auth_methods_supported"
_NAMES_ITSELF = "authorization_response_iss_parameter_supported"
_KNOWN_METHODS = ("client_secret_basic", "client_secret_post")
_USED = ("issuer", *_ENDPOINTS, *_OPTIONAL_ENDPOINTS)
# The members of a public key that say something (RFC 7517, section 4; RFC 7518, section 6).
_MEMBERS = ("kty", "crv", "x", "y", "n", "e", "kid", "alg", "use")
_MOST_KEYS = 50
# Seconds of work over there are no failure: the deadline says what is too long.
_POLICY = Policy(recovery_timeout=10.0, slow_seconds=60.0, probe_timeout=http.SECONDS)
_breakers: Crowd[str] = Crowd("provider", policy=_POLICY)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What discovery says, as far as it is used."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    takes_basic: bool
    takes_post: bool
    names_itself: bool


@dataclass(frozen=True, slots=True)
class Published:
    """What a provider said last, as JSON and as far as it is used."""

    metadata: Mapping[str, Any]
    keys: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A document as JSON and read, and when it was fetched and last asked for."""

    said: Mapping[str, Any]
    document: Any
    fetched_at: float
    asked_at: float


class Documents:
    """The documents of one provider, whose address its ``issuer`` is."""

    def __init__(self, issuer: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer, self._clock = issuer, clock
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def metadata(self, *, until: float) -> Metadata:
        """
        Return the metadata, a fresh copy if there is one to be had.

        :raises StatementRefused: there is none, or it is another provider's
        """
        found: Metadata = self._document(_METADATA, self._discover, until=until).document
        return found

    def keys(self, *, until: float, is_stale: bool = False) -> list[jwk.Key]:
        """
        Return the signing keys; ``is_stale`` after they lacked one.

        :raises StatementRefused: there are none to be had
        """
        # Who is asked for the keys, the metadata say.
        self.metadata(until=until)
        kept = self._document(_KEYS, self._list_keys, until=until, anew=is_stale)
        found: list[jwk.Key] = kept.document
        return found

    def renew(self, *, until: float) -> Published:
        """
        Ask for both documents now, however young they are; what was there holds if it fails.

        :raises StatementRefused: the provider did not say, or nothing that can be used
        """
        if not self._lock.acquire(timeout=max(until - time.monotonic(), 0.0)):
            raise StatementRefused(f"{_METADATA}: timeout", word=Word.UNAVAILABLE)
        try:
            now = self._clock()
            metadata = self._kept[_METADATA] = self._discover(until, now)
            keys = self._kept[_KEYS] = self._list_keys(until, now)
        finally:
            self._lock.release()
        return Published(metadata.said, keys.said)

    def recall(self, published: Published) -> None:
        """
        Begin with what the provider said once, in a process that has not asked it yet.

        It is asked again at once, and this counts only as long as it does not answer.
        """
        never = -math.inf
        if self._kept:
            return
        # Without the lock: whoever asks the provider meanwhile may hold it for seconds.
        metadata = _metadata(self._issuer, published.metadata, never)
        self._kept.setdefault(_KEYS, _keys(published.keys, never))
        self._kept.setdefault(_METADATA, metadata)

    def fetched(self) -> Published | None:
        """Return what the provider has told this process itself, once it has told all."""
        kept = [self._kept.get(name) for name in (_METADATA, _KEYS)]
        metadata, keys = kept
        if metadata is None or keys is None or -math.inf in (metadata.fetched_at, keys.fetched_at):
            return None
        return Published(metadata.said, keys.said)

    def ask(
        self,
        url: str,
        *,
        until: float,
        step: str,
        form: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """
        Ask the provider for JSON, as ``statements.fetch`` does.

        The provider of an organization has a breaker of its own, whatever host it sends Plinto to:
        one that names a host of somebody else cannot have that host left alone for the others.

        :raises StatementRefused: it refused, was not reached, or what came is no JSON
        """
        is_known = any(each.issuer == self._issuer for each in settings.SOCIAL_PROVIDERS.values())
        breaker = None if is_known else _breakers.of(self._issuer)
        return fetch(url, until=until, form=form, headers=headers, step=step, breaker=breaker)

    def _document(
        self, name: str, get: Callable[[float, float], _Kept], *, until: float, anew: bool = False
    ) -> _Kept:
        kept = self._kept.get(name)
        if kept and not self._is_due(kept, anew=anew):
            return kept
        # Whoever finds somebody asking already takes what is there, or waits for it.
        if not self._lock.acquire(timeout=0.0 if kept else max(until - time.monotonic(), 0.0)):
            if kept:
                return kept
            raise StatementRefused(f"{name}: timeout", word=Word.UNAVAILABLE)
        try:
            kept = self._kept.get(name)
            if kept and not self._is_due(kept, anew=anew):
                return kept
            return self._renewed(name, kept, get, until=until)
        finally:
            self._lock.release()

    def _renewed(
        self, name: str, kept: _Kept | None, get: Callable[[float, float], _Kept], *, until: float
    ) -> _Kept:
        now = self._clock()
        if kept:
            until = min(until, time.monotonic() + _RENEWING_SECONDS)
        try:
            self._kept[name] = get(until, now)
        except StatementRefused as refusal:
            if kept is None:
                raise
            log.warning("provider.stale", issuer=self._issuer, reason=refusal.reason)
            self._kept[name] = replace(kept, asked_at=now)
        return self._kept[name]

    def _is_due(self, kept: _Kept, *, anew: bool) -> bool:
        now = self._clock()
        is_old = anew or now - kept.fetched_at >= _FRESH_FOR
        return is_old and now - kept.asked_at >= _ASK_AGAIN_AFTER

    def _discover(self, until: float, now: float) -> _Kept:
        address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        return _metadata(self._issuer, self.ask(address, until=until, step=_METADATA), now)

    def _list_keys(self, until: float, now: float) -> _Kept:
        uri = self._kept[_METADATA].document.jwks_uri
        return _keys(self.ask(uri, until=until, step=_KEYS), now)


@lru_cache(maxsize=crowd.MOST)
def of(issuer: str) -> Documents:
    """Return what this process keeps of a provider; of many those asked for last are kept."""
    return Documents(issuer)


def _metadata(issuer: str, said: Any, now: float) -> _Kept:
    if not isinstance(said, dict) or said.get("issuer") != issuer:
        # OpenID Connect Discovery, section 4.3: otherwise it speaks for somebody else.
        raise StatementRefused("discovery: another issuer")
    for name in _ENDPOINTS:
        if not _is_address(said.get(name), issuer):
            raise StatementRefused(f"discovery: {name}")
    for name in _OPTIONAL_ENDPOINTS:
        if name in said and not _is_address(said[name], issuer):
            raise StatementRefused(f"discovery: {name}")
    # Basic is what a provider takes that does not say (Discovery, section 3).
    methods = said.get(_METHODS)
    methods = methods if isinstance(methods, list) else ["client_secret_basic"]
    metadata = Metadata(
        authorization_endpoint=said["authorization_endpoint"],
        token_endpoint=said["token_endpoint"],
        jwks_uri=said["jwks_uri"],
        userinfo_endpoint=said.get("userinfo_endpoint"),
        end_session_endpoint=said.get("end_session_endpoint"),
        takes_basic="client_secret_basic" in methods,
        takes_post="client_secret_post" in methods,
        names_itself=said.get(_NAMES_ITSELF) is True,
    )
    used = {name: said[name] for name in _USED if name in said}
    used[_METHODS] = [method for method in _KNOWN_METHODS if method in methods]
    used[_NAMES_ITSELF] = metadata.names_itself
    return _Kept(used, metadata, fetched_at=now, asked_at=now)


def _is_address(said: Any, issuer: str) -> bool:
    if not isinstance(said, str) or not said.isascii() or not said.isprintable():
        return False
    try:
        # Where the issuer itself is asked without TLS, nothing is gained by asking the rest so.
        return urlsplit(said).scheme in {"https", urlsplit(issuer).scheme}
    except ValueError:
        return False


def _keys(said: Any, now: float) -> _Kept:
    listed = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(listed, list):
        raise StatementRefused("keys: no list")
    keys = [key for each in listed[:_MOST_KEYS] if (key := _key(each)) is not None]
    public = [key.as_dict(private=False) for key in keys]
    used = {"keys": [{name: key[name] for name in _MEMBERS if name in key} for key in public]}
    return _Kept(used, keys, fetched_at=now, asked_at=now)


def _key(said: Any) -> jwk.Key | None:
    """Read one key; one of a kind that is not known does not spoil the others."""
    # A symmetric key that everybody can read proves nothing.
    if not isinstance(said, dict) or said.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    if said.get("use", "sig") != "sig":
        return None
    # A row cannot hold all that JSON can, such as NUL.
    names = (said.get(name, "") for name in ("kid", "alg"))
    if not all(isinstance(name, str) and name.isprintable() for name in names):
        return None
    try:
        return jwk.import_key(said)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
