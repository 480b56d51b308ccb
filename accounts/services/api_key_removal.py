"""How API keys end: one by one, by themselves, by staff, or with their organization."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from accounts import api_key_controls as controls
from accounts.models import ApiKey, User
from accounts.services import api_key_standing
from accounts.services.api_key_standing import KeyStanding
from accounts.services.staff import actor_of
from audit.events import Event
from audit.parties import Actor, Target
from audit.services.record import get_audit_service
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

# Ending a key writes an audit row; more than this at once would hold locks for seconds.
_PORTION = 500


def target_of(key: ApiKey) -> Target:
    """Name a key as what was acted upon; what people call it may name somebody."""
    return Target("api_key", id=str(key.pk), label=key.hint)


@enforces(controls.API_KEYS)
def end(*keys: ApiKey) -> None:
    """
    Delete keys that the caller's transaction holds.

    The rows are the truth; copies in Redis are buried as soon as it is committed.
    """
    secrets = [bytes(each) for key in keys for each in (key.digest, key.former_digest) if each]
    ApiKey.objects.filter(pk__in=[key.pk for key in keys]).delete()
    transaction.on_commit(lambda: api_key_standing.bury(*secrets))


def end_all_of(organization_id: UUID) -> None:
    """End the keys of an organization that is deleted, in the caller's transaction."""
    end(*ApiKey.objects.filter(organization_id=organization_id).order_by("pk").select_for_update())


@enforces(controls.API_KEYS)
def end_secret(digest: bytes, *, by: KeyStanding, origin: Origin, now: datetime) -> None:
    """
    End one secret of a key of the organization that ``by`` acts for, in the caller's transaction.

    A former secret ends alone; with the current one the key ends. A secret of no key is none.
    """
    held = ApiKey.objects.filter(organization_id=by.organization_id).select_for_update()
    key = held.filter(api_key_standing.having(digest)).first()
    if key is None:
        return
    if bytes(key.digest) == digest:
        _record(Event.API_KEY_DELETED, key, actor=by.actor, origin=origin, now=now)
        end(key)
        return
    ends_at = key.former_ends_at.isoformat() if key.former_ends_at else None
    _record(
        Event.API_KEY_UPDATED,
        key,
        actor=by.actor,
        origin=origin,
        now=now,
        changes={"former_ends_at": (ends_at, now.isoformat())},
    )
    ApiKey.objects.filter(pk=key.pk).update(
        former_digest=None, former_ends_at=None, version=F("version") + 1
    )
    transaction.on_commit(lambda: api_key_standing.bury(digest))


@enforces(controls.API_KEYS)
def end_by_staff(chosen: QuerySet[ApiKey], *, by: User, origin: Origin, now: datetime) -> int:
    """End chosen keys, whatever their organization, and say how many there were."""
    wanted = list(chosen.order_by().values_list("pk", flat=True))
    return sum(
        _end_portion(wanted[start : start + _PORTION], by=by, origin=origin, now=now)
        for start in range(0, len(wanted), _PORTION)
    )


@after_conflicts
def _end_portion(wanted: list[UUID], *, by: User, origin: Origin, now: datetime) -> int:
    with transaction.atomic():
        held = list(ApiKey.objects.filter(pk__in=wanted).order_by("pk").select_for_update())
        for key in held:
            _record(Event.API_KEY_DELETED, key, actor=actor_of(by), origin=origin, now=now)
        end(*held)
    return len(held)


def _record(
    event: Event,
    key: ApiKey,
    *,
    actor: Actor,
    origin: Origin,
    now: datetime,
    changes: dict[str, tuple[str | None, str]] | None = None,
) -> None:
    get_audit_service().record(
        event,
        actor=actor,
        target=target_of(key),
        origin=origin,
        organization_id=key.organization_id,
        changes=changes,
        now=now,
    )
