"""
The metadata of SAML providers: fetched, read, and turned into what is kept of a connection.

What they say decides who may vouch for people, so they count only when they come from where an
administrator said: pasted by one, signed by the key that is pinned for them, or from an address
that TLS protects.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from plinto.kernel.exceptions import SSOMetadataError
from resilience import http
from resilience.circuit import Policy
from resilience.crowd import Crowd
from resilience.errors import CircuitOpenError, OutboundFailedError, OutboundRefusedError
from sso.facts import Refused
from sso.models import SAMLSettings
from sso.protocols.saml import metadata

LONGEST = 1_000_000
SECONDS = 5.0
# Of each address by itself: that of a host would let an organization shut others out of it.
_POLICY = Policy(recovery_timeout=10.0, slow_seconds=60.0, probe_timeout=SECONDS)
_breakers: Crowd[str] = Crowd("metadata", policy=_POLICY)
_REASONS = {
    "timeout": "nothing came within five seconds",
    "too large": "there are more than a megabyte of them",
    "compressed": "they came compressed, although nobody asked for that",
    "tls": "the certificate of the server is not trusted",
    "connection": "the server was not reached",
}


def fetched(url: str, *, provider: str) -> bytes:
    """
    Fetch metadata; seconds may pass, so never within a transaction.

    :raises SSOMetadataError: nothing came, or more than a megabyte
    """
    try:
        answer = http.send("GET", url, seconds=SECONDS, most=LONGEST, breaker=_breakers.of(url))
    except (OutboundFailedError, OutboundRefusedError, CircuitOpenError) as error:
        raise _error(
            _REASONS.get(error.reason, "the server was not asked"),
            provider=provider,
            reason=f"fetching: {error.reason}",
        ) from error
    if answer.status != 200:
        told = f"the server answered {answer.status}"
        raise _error(told, provider=provider, reason=f"fetching: status {answer.status}")
    return answer.body


def columns(
    xml: bytes, *, signer: str, entity_id: str | None, provider: str, now: datetime
) -> dict[str, Any]:
    """
    Read metadata, and return what is kept of them.

    ``entity_id`` is whose they must be; None when any provider will do.

    :raises SSOMetadataError: they are not acceptable; ``provider`` names the connection
    """
    try:
        found = metadata.read(xml, signer=signer or None, now=now, entity_id=entity_id)
        text = xml.decode()
    except Refused as refusal:
        check, _, told = refusal.reason.partition(": ")
        raise _error(told or check, provider=provider, reason=refusal.reason) from refusal
    except UnicodeDecodeError as error:
        raise _error("they are not in UTF-8", provider=provider, reason="not UTF-8") from error
    if found.valid_until and found.valid_until <= now:
        # What was good last goes on; what is known to be out of date does not begin.
        told = f"they were valid until {found.valid_until:%Y-%m-%d} only"
        raise _error(told, provider=provider, reason="valid until the past")
    said = found.provider
    return {
        "entity_id": said.entity_id,
        "sso_url": said.sso_url,
        "sso_binding": said.sso_binding,
        "slo_url": said.slo_url,
        "slo_answer_url": said.slo_answer_url,
        "slo_binding": said.slo_binding,
        "certificates": list(said.certificates),
        "valid_until": found.valid_until,
        "metadata_xml": text,
    }


def findings(kept: SAMLSettings, *, now: datetime) -> tuple[str, ...]:
    """Say in plain words what is amiss with metadata that are kept; nothing where none are."""
    if not kept.metadata_xml:
        return ()
    try:
        # Their signature was judged when they came.
        said = metadata.read(
            kept.metadata_xml.encode(), signer=None, now=now, entity_id=kept.entity_id
        )
    except Refused as refusal:
        return (f"They would not be accepted today: {refusal.reason}.",)
    return said.findings


def are_trusted_from(url: str, *, signer: str) -> bool:
    """
    Tell whether new facts may come from there without an administrator.

    Over plain http anybody on the way could name a key of their own; no redirect is followed, so
    whoever answers is the host that an administrator named.
    """
    return bool(signer) or url.startswith("https://")


def differ(kept: Any, said: Mapping[str, Any]) -> bool:
    """Tell whether metadata say anything else than what is kept, but for their text."""
    names = set(said) - {"metadata_xml", "valid_until"}
    return any(getattr(kept, name) != said[name] for name in names)


def _error(told: str, *, provider: str, reason: str) -> SSOMetadataError:
    return SSOMetadataError(
        f"The metadata cannot be used: {told}.", provider=provider, reason=reason
    )
