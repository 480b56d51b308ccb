"""Connections as their doors find them, and as protocols know them."""

from __future__ import annotations

from datetime import datetime

from plinto.kernel.exceptions import NotFoundError
from sso.facts import IdentityProvider, Policy, ServiceProvider
from sso.models import Connection
from sso.services import addresses, service_keys

Protocol = Connection.Protocol


def enabled(slug: str, protocol: Protocol) -> Connection:
    """
    Find a connection that people may come by, with its settings.

    :raises NotFoundError: there is none of that name, or it is off; callers see no difference
    """
    found = named(slug, protocol)
    if found is None or not found.is_enabled:
        raise NotFoundError(reason="connection off" if found else "no such connection")
    return found


def named(slug: str, protocol: Protocol) -> Connection | None:
    """Find a connection with its settings, be it on or off."""
    return (
        Connection.objects.select_related(str(protocol))
        .filter(slug=slug, protocol=protocol)
        .first()
    )


def service_provider(connection: Connection, *, now: datetime) -> ServiceProvider:
    """
    Say who Plinto is at a SAML connection.

    :raises ConfigurationError: there is no service key, or none can be read
    """
    return ServiceProvider(
        entity_id=addresses.entity_id(connection),
        acs_url=addresses.acs(connection),
        sls_url=addresses.sls(connection),
        keys=service_keys.ring.pairs(now),
    )


def identity_provider(connection: Connection) -> IdentityProvider:
    """Say who vouches at a SAML connection; what its metadata said last."""
    said = connection.saml
    return IdentityProvider(
        entity_id=said.entity_id,
        sso_url=said.sso_url,
        certificates=tuple(said.certificates),
        sso_binding=said.sso_binding,
        slo_url=said.slo_url,
        slo_answer_url=said.slo_answer_url,
        slo_binding=said.slo_binding,
    )


def policy(
    connection: Connection, *, is_proof_wanted: bool = False, asked_at: datetime | None = None
) -> Policy:
    """Say what a connection asks of whoever comes by it, and when a fresh proof was asked for."""
    is_saml = connection.protocol == Protocol.SAML
    return Policy(
        clock_skew=connection.clock_skew,
        wants_encrypted=is_saml and connection.saml.wants_encrypted,
        allows_unsolicited=is_saml and connection.saml.allows_unsolicited,
        max_age=connection.max_age,
        is_proof_wanted=is_proof_wanted,
        subject_attribute=connection.saml.subject_attribute if is_saml else "",
        asked_at=asked_at,
    )
