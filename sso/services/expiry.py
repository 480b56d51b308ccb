"""
When what signs or seals ends: certificates of providers, and Plinto's own service key.

A connection lasts as long as the last of its provider's certificates, because while a provider
rolls over its old one may end without anybody noticing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, QuerySet

from accounts.services import owners
from accounts.services.mail import get_email_service
from resilience import measures
from resilience.contract import enforces
from resilience.glance import Figures
from resilience.retrying import after_conflicts
from resilience.worker import Chore
from sso import connection_controls as controls
from sso.models import Refresh, SAMLSettings, ServiceKey

# Days before the end at which somebody is told.
HORIZONS = (30, 7, 1)
_BATCH = 100


def days_left(end: datetime | None, *, now: datetime) -> int | None:
    """Whole days until a moment, negative once it has passed; None for what does not end."""
    return None if end is None else (end - now) // timedelta(days=1)


def told(end: datetime | None, *, now: datetime) -> str:
    """Say in words how long a certificate lasts."""
    left = days_left(end, now=now)
    if left is None:
        return "none"
    if left < 0:
        return "expired"
    return "ends today" if left == 0 else f"{left} days left"


def figures(now: datetime) -> Figures:
    """Count what ends, for a scrape; no figure is of one connection."""
    ends = {
        str(days): Count("pk", filter=Q(certificates_end_at__lte=now + timedelta(days=days)))
        for days in (0, *HORIZONS)
    }
    found = _in_use().aggregate(**{f"within_{days}": count for days, count in ends.items()})
    failing = Refresh.objects.filter(failing_since__isnull=False, connection__is_enabled=True)
    left = (_end_of_service_key(now) - now).total_seconds()
    return {
        measures.SSO_CERTIFICATES: {(days,): found[f"within_{days}"] for days in ends},
        measures.SSO_METADATA: {(): failing.count()},
        measures.SSO_SERVICE_KEY: {(): max(left, 0.0)},
    }


def endangered(now: datetime) -> int:
    """Count the connections that are on and by which nobody comes in after tomorrow."""
    return _in_use().filter(certificates_end_at__lte=now + timedelta(days=1)).count()


@enforces(controls.CERTIFICATE_ENDS)
def tell(now: datetime) -> int:
    """Write to the owners of organizations whose providers' certificates end; once each time."""
    return sum(_tell_within(days, now=now) for days in sorted(HORIZONS))


def _tell_within(days: int, *, now: datetime) -> int:
    untold = Q(end_told_days=None) | Q(end_told_days__gt=days)
    ending = _in_use().filter(untold, certificates_end_at__lte=now + timedelta(days=days))
    rows = ending.select_related("connection__organization").order_by("certificates_end_at")
    return sum(_tell(row, days, untold=untold, now=now) for row in rows[:_BATCH])


@after_conflicts
def _tell(row: SAMLSettings, days: int, *, untold: Q, now: datetime) -> bool:
    connection = row.connection
    with transaction.atomic():
        # Of several workers one writes, and none about certificates that were replaced meanwhile.
        mine = SAMLSettings.objects.filter(untold, pk=row.pk)
        if not mine.filter(certificates_end_at=row.certificates_end_at).update(end_told_days=days):
            return False
        for owner in owners.of(connection.organization_id):
            get_email_service().queue(
                "certificates_ending",
                to=owner.email,
                context={
                    "name": owner.name,
                    "connection": connection.name,
                    "organization": connection.organization.name,
                    "time": row.certificates_end_at,
                    "link": settings.APP_URL,
                },
                now=now,
            )
    return True


def _in_use() -> QuerySet[SAMLSettings]:
    return SAMLSettings.objects.filter(connection__is_enabled=True)


def _end_of_service_key(now: datetime) -> datetime:
    """When the certificate of the key that signs ends; this moment if there is none."""
    published = ServiceKey.objects.filter(
        Q(published_until=None) | Q(published_until__gt=now), signs_from__lte=now
    )
    ends = published.order_by("-signs_from", "-pk").values_list("expires_at", flat=True)
    return ends.first() or now


TELLING = Chore(name="tell of ending certificates", every=timedelta(hours=1), run=tell)
