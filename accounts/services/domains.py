"""The domains of an organization: named, proved by a record in the DNS, deleted."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts import domain_controls as controls
from accounts.domain_errors import DomainNotProved, DomainTaken
from accounts.models import OrganizationDomain
from accounts.rules import permissions
from accounts.services import attempts, domain_proofs
from accounts.services.access import get_rbac_service
from accounts.services.attempts import Bucket, Limit
from accounts.services.organization_acts import Acting, Attempt, acting
from accounts.services.standing import Standing
from audit.events import Event
from audit.parties import Target
from plinto.kernel import pages
from plinto.kernel.crypto import new_token
from plinto.kernel.exceptions import ConflictError, NotFoundError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

MOST = 50  # domains of one organization
# Each look asks servers outside, and a thread waits for them.
LOOKED = Limit("domain", 30, timedelta(hours=1))


def listed(
    who: Standing, organization_id: UUID, *, wanted: pages.PageRequest, now: datetime
) -> pages.Page[OrganizationDomain]:
    """
    List the domains of an organization, proved or not.

    :raises NotFoundError: the person is not in it, or there is none
    :raises AuthorizationError: they lack ``sso:read``
    """
    get_rbac_service().require(who, organization_id, permissions.READ_SSO, now=now)
    return pages.cut(_of(organization_id), wanted=wanted)


@enforces(controls.DOMAINS)
@after_conflicts
def add(
    who: Standing, organization_id: UUID, *, name: str, origin: Origin, now: datetime
) -> OrganizationDomain:
    """
    Name a domain that will be proved; ``name`` is in its one spelling.

    :raises NotFoundError: the person is not in the organization, or there is none
    :raises AuthorizationError: they lack ``sso:write``
    :raises ConflictError: the organization has it already, or has too many
    """
    target = Target("domain", label=name)
    with acting(Attempt(who, organization_id, Event.DOMAIN_ADDED, target, origin, now)) as act:
        act.require(permissions.WRITE_SSO)
        mine = _of(organization_id)
        if mine.filter(name=name).exists():
            raise ConflictError("This domain is listed already.", reason="listed already")
        if mine.count() >= MOST:
            raise ConflictError(f"There are {MOST} domains already.", reason="too many domains")
        domain = OrganizationDomain.objects.create(
            organization_id=organization_id, name=name, token=new_token(""), created_at=now
        )
        act.record(target=target_of(domain))
        return domain


@enforces(controls.DOMAINS)
def verify(
    who: Standing, organization_id: UUID, domain_id: UUID, *, origin: Origin, now: datetime
) -> OrganizationDomain:
    """
    Prove a domain by its record; one that is proved already stays so.

    :raises NotFoundError: there is no such domain, or no such organization for this person
    :raises AuthorizationError: they lack ``sso:write``
    :raises DomainNotProved: the record is not there
    :raises DomainTaken: the record is there, and another organization has proved the domain
    :raises DNSUnavailable: nobody said whether the record is there
    :raises TooManyAttempts: this person has had many looks within the hour
    """
    target = Target("domain", id=str(domain_id))
    attempt = Attempt(who, organization_id, Event.DOMAIN_VERIFIED, target, origin, now)
    domain = _to_prove(attempt, domain_id)
    if domain.verified_at:
        return domain
    attempts.take(Bucket.of(LOOKED, who.user_id), now=now)
    # Outside of any transaction: the servers that are asked may take their time.
    is_proved = domain_proofs.stands(domain)
    return _settle(attempt, domain, is_proved=is_proved)


@enforces(controls.DOMAINS)
@after_conflicts
def delete(
    who: Standing, organization_id: UUID, domain_id: UUID, *, origin: Origin, now: datetime
) -> None:
    """
    Delete a domain; from then on another organization may prove it.

    :raises NotFoundError: there is no such domain, or no such organization for this person
    :raises AuthorizationError: they lack ``sso:write``
    """
    target = Target("domain", id=str(domain_id))
    with acting(Attempt(who, organization_id, Event.DOMAIN_DELETED, target, origin, now)) as act:
        domain = _within_reach(act, domain_id)
        act.record(target=target_of(domain))
        _of(organization_id).filter(pk=domain.pk).delete()


def owner_of(name: str) -> UUID | None:
    """Say which organization has proved a domain, given in its one spelling."""
    proved = OrganizationDomain.objects.filter(name=name, verified_at__isnull=False)
    return proved.values_list("organization_id", flat=True).first()


def target_of(domain: OrganizationDomain) -> Target:
    """Name a domain as what was acted upon."""
    return Target("domain", id=str(domain.pk), label=domain.name)


@after_conflicts
def _to_prove(attempt: Attempt, domain_id: UUID) -> OrganizationDomain:
    with acting(attempt) as act:
        return _within_reach(act, domain_id)


@after_conflicts
def _settle(
    attempt: Attempt, looked_at: OrganizationDomain, *, is_proved: bool
) -> OrganizationDomain:
    """Write down what was found, unless the domain went or changed hands meanwhile."""
    with acting(attempt) as act:
        domain = _within_reach(act, looked_at.pk)
        if not is_proved:
            raise DomainNotProved(record=domain_proofs.record(domain))
        if domain.verified_at is None:
            _prove(domain, now=attempt.now)
            act.record(target=target_of(domain))
        return domain


def _prove(domain: OrganizationDomain, *, now: datetime) -> None:
    domain.verified_at = domain.checked_at = now
    domain.missing_since = None
    try:
        with transaction.atomic():
            domain.save(update_fields=["verified_at", "checked_at", "missing_since"])
    except IntegrityError as error:
        raise DomainTaken(reason="proved by another organization") from error


def _of(organization_id: UUID) -> QuerySet[OrganizationDomain]:
    return OrganizationDomain.objects.filter(organization_id=organization_id)


def _within_reach(act: Acting, domain_id: UUID) -> OrganizationDomain:
    act.require(permissions.WRITE_SSO)
    domain = _of(act.organization.pk).filter(pk=domain_id).first()
    if domain is None:
        raise NotFoundError(reason="no such domain")
    return domain
