"""
How a domain is proved: by a text record that only its owner can place.

The record stands below a name of its own, ``_plinto-challenge``, so that it neither shows among
the texts of the domain nor is hidden by an alias of it, and it names who asked for it.
"""

from __future__ import annotations

from accounts.domain_errors import DNSUnavailable
from accounts.models import OrganizationDomain
from resilience.errors import CircuitOpenError, OutboundFailedError
from resilience.text_records import get_text_records

# RFC 8552 keeps names with an underscore for uses like this one.
_PLACE = "_plinto-challenge"
_WORD = "plinto-domain-verification"
_RETRY_AFTER = 10


def record(domain: OrganizationDomain) -> dict[str, str]:
    """Say which record proves a domain: its ``type``, ``name`` and ``value``."""
    return {
        "type": "TXT",
        "name": f"{_PLACE}.{domain.name}",
        "value": f"{_WORD}={domain.token}",
    }


def stands(domain: OrganizationDomain) -> bool:
    """
    Look whether the record is there; seconds may pass, so never within a transaction.

    :raises DNSUnavailable: nobody said whether it is
    """
    wanted = record(domain)
    try:
        found = get_text_records().of(wanted["name"])
    except (OutboundFailedError, CircuitOpenError) as error:
        raise DNSUnavailable(retry_after=_RETRY_AFTER, reason=f"dns: {error.reason}") from error
    return any(text.strip() == wanted["value"] for text in found)
