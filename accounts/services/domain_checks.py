"""
Looking again, every day, whether domains that were proved still are.

Domains are sold and expire. Whoever holds one next must not find that its addresses sign in to
the organization before; and whoever loses a record by mistake has a week to put it back. Only an
answer that the record is not there counts: servers that say nothing prove nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction

from accounts import domain_controls as controls
from accounts.domain_errors import DNSUnavailable
from accounts.models import OrganizationDomain
from accounts.services import domain_proofs, owners
from accounts.services.domains import target_of
from accounts.services.mail import get_email_service
from audit.events import Event
from audit.parties import SYSTEM
from audit.services.record import get_audit_service
from plinto.kernel.origin import SYSTEM as NOWHERE
from resilience.contract import enforces
from resilience.retrying import after_conflicts

EVERY = timedelta(days=1)
WITHDRAWN_AFTER = timedelta(days=7)
# What one turn looks at, so that slow servers do not keep the worker from its other chores.
_BATCH = 20

log = structlog.get_logger(__name__)


@enforces(controls.DOMAINS)
def check_due(now: datetime) -> int:
    """Look at the domains that nobody has looked at for a day; return how many were withdrawn."""
    proved = OrganizationDomain.objects.filter(verified_at__isnull=False)
    due = proved.filter(checked_at__lte=now - EVERY).order_by("checked_at")
    return sum(_check(domain, now=now) for domain in due[:_BATCH])


def _check(domain: OrganizationDomain, *, now: datetime) -> bool:
    # Committed before anybody is asked: of several workers one looks, and a domain whose servers
    # hang is not looked at again before all others were.
    mine = OrganizationDomain.objects.filter(pk=domain.pk, verified_at=domain.verified_at)
    if not mine.filter(checked_at=domain.checked_at).update(checked_at=now):
        return False
    try:
        if domain_proofs.stands(domain):
            mine.update(missing_since=None)
            return False
    except DNSUnavailable as error:
        log.warning("domain.not_checked", domain=domain.name, reason=error.reason)
        return False
    mine.filter(missing_since=None).update(missing_since=now)
    if domain.missing_since is None or now - domain.missing_since < WITHDRAWN_AFTER:
        return False
    return _withdraw(domain, now=now)


@after_conflicts
def _withdraw(domain: OrganizationDomain, *, now: datetime) -> bool:
    with transaction.atomic():
        mine = OrganizationDomain.objects.filter(pk=domain.pk, verified_at=domain.verified_at)
        if not mine.update(verified_at=None, missing_since=None):
            return False
        get_audit_service().record(
            Event.DOMAIN_WITHDRAWN,
            actor=SYSTEM,
            target=target_of(domain),
            origin=NOWHERE,
            organization_id=domain.organization_id,
            reason="record not found",
            now=now,
        )
        _tell_owners(domain, now=now)
    return True


def _tell_owners(domain: OrganizationDomain, *, now: datetime) -> None:
    for owner in owners.of(domain.organization_id):
        get_email_service().queue(
            "domain_withdrawn",
            to=owner.email,
            context={
                "name": owner.name,
                "domain": domain.name,
                "organization": domain.organization.name,
                "time": now,
                "link": settings.APP_URL,
            },
            now=now,
        )
