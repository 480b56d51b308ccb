"""Domains of organizations as the OpenAPI document shows them."""

from __future__ import annotations

from accounts.domain_errors import DNSUnavailable, DomainNotProved, DomainTaken
from accounts.examples.organizations import IN_AN_ORGANIZATION, ORGANIZATION_ID
from accounts.examples.values import EARLIER, NOW, page
from plinto.kernel.examples import Operation, Subject
from plinto.kernel.exceptions import ConflictError, ServiceUnavailableError

_DOMAIN_ID = "01a20651-4d6e-7f28-8b94-7a2c1e0d9f35"
_RECORD = {
    "type": "TXT",
    "name": "_plinto-challenge.example.com",
    "value": "plinto-domain-verification=Kx7Qm2Vb9Nd4",
}
_DOMAIN = {
    "id": _DOMAIN_ID,
    "domain": "example.com",
    "verified_at": None,
    "missing_since": None,
    "created_at": EARLIER,
    "record": _RECORD,
}

SUBJECT = Subject(
    name="Domains",
    description="Domains that an organization has proved to be its own, by a record.",
    parameters={"organization_id": ORGANIZATION_ID, "domain_id": _DOMAIN_ID},
    refusals=IN_AN_ORGANIZATION,
    operations={
        "list_domains": Operation(summary="List the domains", answer=page(_DOMAIN)),
        "add_domain": Operation(
            summary="Add a domain",
            body={"domain": "example.com"},
            answer=_DOMAIN,
            refusals=(ConflictError("This domain is listed already."),),
        ),
        "delete_domain": Operation(summary="Delete a domain"),
        "verify_domain": Operation(
            summary="Prove a domain by its record",
            answer={**_DOMAIN, "verified_at": NOW},
            refusals=(
                DomainNotProved(record=_RECORD),
                DomainTaken(),
                ServiceUnavailableError(),
                DNSUnavailable(),
            ),
        ),
    },
)
