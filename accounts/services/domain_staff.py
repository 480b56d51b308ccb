"""
Domains in the hands of superusers, who set an organization up on behalf of its members.

They may prove a domain by their own word, for a deployment whose name servers nobody outside asks;
the trail tells by whose word, and such a proof is looked for again like any other.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import domain_controls as controls
from accounts.domain_errors import DomainNotProved
from accounts.models import OrganizationDomain, User
from accounts.rules import domains as spelling
from accounts.services import domain_proofs, domains, organization_staff
from accounts.services.staff import actor_of
from audit.events import Event
from audit.services.record import get_audit_service
from plinto.kernel.exceptions import NotFoundError, ValidationError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

BY_WORD = "by the word of a superuser"


@enforces(controls.DOMAINS)
def add(
    organization_id: UUID, *, name: str, by: User, origin: Origin, now: datetime
) -> OrganizationDomain:
    """
    Name a domain that will be proved, in the caller's transaction or one of its own.

    :raises AuthorizationError: only superusers may
    :raises ValidationError: it is no domain
    :raises ConflictError: the organization has it already, or has too many
    """
    try:
        canonical = spelling.canonical(name)
    except ValueError as error:
        raise ValidationError(fields={"name": [str(error)]}) from error
    with transaction.atomic():
        organization_staff.hold(organization_id, by=by)
        domain = domains.named(organization_id, canonical, now=now)
        _record(Event.DOMAIN_ADDED, domain, by=by, origin=origin, now=now)
    return domain


@enforces(controls.DOMAINS)
def prove_by_record(domain_id: UUID, *, by: User, origin: Origin, now: datetime) -> bool:
    """
    Look for the record of a domain at once; false if the domain is proved already.

    :raises AuthorizationError: only superusers may
    :raises DomainNotProved: the record is not there
    :raises DomainTaken: another organization has proved the domain
    :raises DNSUnavailable: nobody said whether the record is there
    """
    domain = _allowed(domain_id, by=by)
    if domain.verified_at:
        return False
    # Outside of any transaction: the servers that are asked may take their time.
    if not domain_proofs.stands(domain):
        raise DomainNotProved(record=domain_proofs.record(domain))
    return _prove(domain_id, reason="", by=by, origin=origin, now=now)


@enforces(controls.DOMAINS)
def prove_by_word(domain_id: UUID, *, by: User, origin: Origin, now: datetime) -> bool:
    """
    Prove a domain without looking; false if it is proved already.

    :raises AuthorizationError: only superusers may
    :raises DomainTaken: another organization has proved the domain
    """
    return _prove(domain_id, reason=BY_WORD, by=by, origin=origin, now=now)


@after_conflicts
def _allowed(domain_id: UUID, *, by: User) -> OrganizationDomain:
    with transaction.atomic():
        return _held(domain_id, by=by)


@after_conflicts
def _prove(domain_id: UUID, *, reason: str, by: User, origin: Origin, now: datetime) -> bool:
    with transaction.atomic():
        domain = _held(domain_id, by=by)
        if domain.verified_at:
            return False
        domains.prove(domain, now=now)
        _record(Event.DOMAIN_VERIFIED, domain, by=by, origin=origin, now=now, reason=reason)
    return True


@enforces(controls.DOMAINS)
def delete(domain_id: UUID, *, by: User, origin: Origin, now: datetime) -> None:
    """
    Delete a domain, in the caller's transaction or one of its own.

    :raises AuthorizationError: only superusers may
    """
    with transaction.atomic():
        domain = _held(domain_id, by=by)
        _record(Event.DOMAIN_DELETED, domain, by=by, origin=origin, now=now)
        OrganizationDomain.objects.filter(pk=domain.pk).delete()


def _held(domain_id: UUID, *, by: User) -> OrganizationDomain:
    found = OrganizationDomain.objects.filter(pk=domain_id).first()
    if found is None:
        raise NotFoundError(reason="no such domain")
    organization_staff.hold(found.organization_id, by=by)
    return OrganizationDomain.objects.get(pk=domain_id)


def _record(
    event: Event,
    domain: OrganizationDomain,
    *,
    by: User,
    origin: Origin,
    now: datetime,
    reason: str = "",
) -> None:
    get_audit_service().record(
        event,
        actor=actor_of(by),
        target=domains.target_of(domain),
        origin=origin,
        organization_id=domain.organization_id,
        reason=reason,
        now=now,
    )
