"""
For which site passkeys are made, and which pages may use them.

An authenticator binds each passkey to the id of a relying party, a domain, and signs the origin
of the page that asked. Both are compared with settings, never with a header of a request.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from plinto.kernel.environment import Environment

_USUAL_PORTS = {"http": 80, "https": 443}


class RelyingParty(NamedTuple):
    """The domain that passkeys belong to, and the origins of pages that may ask for them."""

    id: str
    origins: list[str]


def read(environment: Environment, *, public_url: str, app_url: str) -> RelyingParty:
    """
    Read ``PASSKEY_RP_ID`` and ``PASSKEY_ORIGINS``, which add to the addresses Plinto has anyway.

    An origin outside the domain is refused here, because no browser would ever let it ask (Web
    Authentication Level 3, section 5.1.3, step 8).

    :raises ImproperlyConfigured: an origin has a path, no TLS, or another domain
    """
    own = origin_of(app_url)
    rp_id = environment.text("PASSKEY_RP_ID", urlsplit(own).hostname or "").lower()
    if not _is_within(own, rp_id):
        raise ImproperlyConfigured("PASSKEY_RP_ID must be the domain of APP_URL or one above it.")
    origins = [own]
    if _is_within(origin_of(public_url), rp_id):
        origins.append(origin_of(public_url))
    for word in environment.words("PASSKEY_ORIGINS"):
        if urlsplit(word).scheme != "https" or origin_of(word) != word.lower():
            raise ImproperlyConfigured("PASSKEY_ORIGINS must list https origins without a path.")
        if not _is_within(word, rp_id):
            raise ImproperlyConfigured("PASSKEY_ORIGINS must lie in the domain of PASSKEY_RP_ID.")
        origins.append(word.lower())
    return RelyingParty(rp_id, list(dict.fromkeys(origins)))


def origin_of(address: str) -> str:
    """Reduce an address to its origin as browsers write it: no path, no usual port (RFC 6454)."""
    parts = urlsplit(address.lower())
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = parts.port if parts.port != _USUAL_PORTS.get(parts.scheme) else None
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def _is_within(origin: str, domain: str) -> bool:
    host = urlsplit(origin.lower()).hostname or ""
    return host == domain or host.endswith(f".{domain}")
