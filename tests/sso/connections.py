"""Connections as rows, for tests whose subject is not how they are made."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import OrganizationDomain
from plinto.kernel.ids import uuid7
from sso.models import Connection, OIDCSettings, SAMLSettings

APP = "http://app.example/signed-in?from=plinto"


def _connection(organization_id: UUID, protocol: str, **fields: Any) -> Connection:
    now = timezone.now()
    told = {
        "slug": f"{protocol}-{uuid7().hex[-12:]}",
        "name": "Analytical Engines",
        "redirect_uris": [APP],
        "created_at": now,
        "updated_at": now,
    }
    return Connection.objects.create(
        organization_id=organization_id, protocol=protocol, **{**told, **fields}
    )


def make_saml_connection(
    organization_id: UUID,
    *,
    entity_id: str,
    sso_url: str,
    certificates: list[str],
    saml: dict[str, Any] | None = None,
    **fields: Any,
) -> Connection:
    """Make one that is on; ``saml`` are more columns of its settings."""
    made = _connection(organization_id, "saml", **fields)
    SAMLSettings.objects.create(
        connection=made,
        entity_id=entity_id,
        sso_url=sso_url,
        certificates=certificates,
        **(saml or {}),
    )
    return made


def make_oidc_connection(
    organization_id: UUID,
    *,
    issuer: str,
    client_id: str,
    client_secret: bytes = b"",
    oidc: dict[str, Any] | None = None,
    **fields: Any,
) -> Connection:
    """Make one that is on; ``client_secret`` is sealed already."""
    made = _connection(organization_id, "oidc", **fields)
    OIDCSettings.objects.create(
        connection=made,
        issuer=issuer,
        client_id=client_id,
        client_secret=client_secret,
        **(oidc or {}),
    )
    return made


def proved(organization_id: UUID, domain: str) -> OrganizationDomain:
    """Let an organization have proved a domain."""
    now = timezone.now()
    return OrganizationDomain.objects.create(
        organization_id=organization_id,
        name=domain,
        token=uuid7().hex,
        created_at=now,
        verified_at=now,
    )
