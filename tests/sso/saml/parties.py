"""The two sides of one connection, and a moment."""

from __future__ import annotations

from datetime import UTC, datetime

from sso.facts import IdentityProvider, KeyPair, Policy, ServiceProvider
from sso.protocols.saml import assertions
from tests.sso.attacks.signing import Told, form, good, key_of

NOW = datetime.now(UTC).replace(microsecond=0)
REQUEST = "_0123456789abcdef0123456789abcdef"
BASE = "https://id.example.com/sso/saml/corp"
PROVIDER = "https://idp.corp.example/metadata"


def service(*names: str) -> ServiceProvider:
    return ServiceProvider(
        entity_id=f"{BASE}/metadata",
        acs_url=f"{BASE}/acs",
        sls_url=f"{BASE}/sls",
        keys=tuple(key_of(name) for name in names or ("plinto",)),
    )


def provider(*keys: KeyPair, **changes: str) -> IdentityProvider:
    facts = {
        "entity_id": PROVIDER,
        "sso_url": "https://idp.corp.example/sso",
        "slo_url": "https://idp.corp.example/slo",
        **changes,
    }
    certificates = tuple(key.certificate for key in keys or (key_of("idp"),))
    return IdentityProvider(certificates=certificates, **facts)


def told(**changes: object) -> Told:
    """Return what an honest provider says of Ada."""
    honest = Told(sp=service(), issuer=PROVIDER, request_id=REQUEST, now=NOW)
    return honest.but(**changes)


def verify(document: object, **changes: object) -> assertions.Verified:
    """Verify a tree, bytes, what is told (signed by the provider), or a form value."""
    if isinstance(document, Told):
        document = good(document, key_of("idp"))
    value = document if isinstance(document, str) else form(document)
    asked = {
        "sp": service(),
        "idp": provider(),
        "policy": Policy(),
        "request_id": REQUEST,
        "now": NOW,
        **changes,
    }
    return assertions.verified(value, **asked)
