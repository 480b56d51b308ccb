"""
The API keys of an organization: made, listed, changed, rotated and deleted by its members.

A key belongs to the organization and goes on when whoever made it leaves: what runs with it should
not stop because of somebody's last day, and the list shows who made it, so an administrator who
wants it to stop deletes it. It holds scopes of its own, none of which its maker lacked. Whoever
gives it more, or is shown a new secret of it, must hold that too; taking something away, and
deleting it, needs ``api_keys:write`` alone, so that a leaked key can be stopped at once.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from accounts import api_key_controls as controls
from accounts.api_key_errors import ApiKeyChanged
from accounts.models import ApiKey
from accounts.rules import api_key_texts, permissions
from accounts.services import api_key_removal, api_key_standing
from accounts.services.access import get_rbac_service
from accounts.services.organization_acts import Acting, Attempt, acting
from accounts.services.standing import Standing
from audit.events import Event
from audit.parties import Target
from plinto.kernel import pages
from plinto.kernel.crypto import token_digest
from plinto.kernel.exceptions import ConflictError, NotFoundError, ValidationError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

MOST = 100  # keys of one organization


@dataclass(frozen=True, slots=True)
class Issued:
    """A key, and the text of its new secret, which is shown once."""

    key: ApiKey
    text: str


def listed(
    who: Standing, organization_id: UUID, *, wanted: pages.PageRequest, now: datetime
) -> pages.Page[ApiKey]:
    """
    List the keys of an organization, newest first.

    :raises NotFoundError: the person is not in it, or there is none
    :raises AuthorizationError: they lack ``api_keys:read``, or a second factor
    """
    get_rbac_service().require(who, organization_id, permissions.READ_API_KEYS, now=now)
    return pages.cut(_of(organization_id).select_related("made_by"), wanted=wanted)


@enforces(controls.API_KEYS)
@after_conflicts
def create(
    who: Standing, organization_id: UUID, *, fields: dict[str, Any], origin: Origin, now: datetime
) -> Issued:
    """
    Make a key with scopes that its maker holds.

    :raises NotFoundError: the person is not in the organization, or there is none
    :raises AuthorizationError: they lack ``api_keys:write``, or one of the scopes
    :raises ConflictError: there are too many keys
    :raises ValidationError: the key would end in the past, or live too long
    """
    expires_at = _end(fields.get("expires_at"), now=now)
    scopes = permissions.tidy(fields["scopes"])
    text = _minted()
    target = Target("api_key", label=fields["name"])
    with acting(Attempt(who, organization_id, Event.API_KEY_CREATED, target, origin, now)) as act:
        act.require(permissions.WRITE_API_KEYS)
        act.require_all_of(scopes)
        if _of(organization_id).count() >= MOST:
            raise ConflictError(f"There are {MOST} keys already.", reason="too many keys")
        key = ApiKey.objects.create(
            organization_id=organization_id,
            made_by_id=who.user_id,
            name=fields["name"],
            hint=api_key_texts.hint(text),
            scopes=scopes,
            digest=token_digest(text),
            created_at=now,
            expires_at=expires_at,
        )
        told = {
            "name": (None, key.name),
            "scopes": (None, scopes),
            "expires_at": (None, _told(expires_at)),
        }
        act.record(target=api_key_removal.target_of(key), changes=told)
        return Issued(_shown(key.pk), text)


@enforces(controls.API_KEYS)
@after_conflicts
def update(
    who: Standing,
    organization_id: UUID,
    key_id: UUID,
    *,
    fields: dict[str, Any],
    origin: Origin,
    now: datetime,
) -> ApiKey:
    """
    Change what a key is called, may do, or how long; it counts from its next request on.

    :raises NotFoundError: there is no such key, or no such organization for this person
    :raises AuthorizationError: they lack ``api_keys:write``, or what the key would gain
    :raises ValidationError: the key would end in the past, or live too long
    """
    target = Target("api_key", id=str(key_id))
    with acting(Attempt(who, organization_id, Event.API_KEY_UPDATED, target, origin, now)) as act:
        key = _within_reach(act, key_id)
        wanted = dict(fields)
        if "scopes" in wanted:
            wanted["scopes"] = permissions.tidy(wanted["scopes"])
        if "expires_at" in wanted:
            wanted["expires_at"] = _end(
                wanted["expires_at"], now=now, since=key.rotated_at or key.created_at
            )
        act.require_all_of(_gained(key, wanted))
        changes = {
            name: (getattr(key, name), value)
            for name, value in wanted.items()
            if getattr(key, name) != value
        }
        if changes:
            _write(key, **{name: after for name, (_, after) in changes.items()})
            told = {
                name: (_told(before), _told(after)) for name, (before, after) in changes.items()
            }
            act.record(target=api_key_removal.target_of(key), changes=told)
        return _shown(key.pk)


@enforces(controls.API_KEYS)
@after_conflicts
def rotate(
    who: Standing,
    organization_id: UUID,
    key_id: UUID,
    *,
    overlap: timedelta,
    origin: Origin,
    now: datetime,
) -> Issued:
    """
    Give a key a new secret; the one of now works for ``overlap`` longer, and the one before it
    no more.

    Of those who rotate a key at the same moment one does: the others would end the secret that is
    in use.

    :raises NotFoundError: there is no such key, or no such organization for this person
    :raises AuthorizationError: they lack ``api_keys:write``, or something that the key may
    :raises ApiKeyChanged: somebody else changed the key meanwhile
    """
    seen = _of(organization_id).filter(pk=key_id).values_list("version", flat=True).first()
    text = _minted()
    target = Target("api_key", id=str(key_id))
    with acting(Attempt(who, organization_id, Event.API_KEY_ROTATED, target, origin, now)) as act:
        key = _within_reach(act, key_id)
        act.require_all_of(key.scopes)
        if key.version != seen:
            raise ApiKeyChanged(reason="rotated at once")
        digest, former = bytes(key.digest), key.former_digest
        ends_at = now + overlap if overlap else None
        _write(
            key,
            digest=token_digest(text),
            hint=api_key_texts.hint(text),
            rotated_at=now,
            former_digest=digest if ends_at else None,
            former_ends_at=ends_at,
        )
        ended = [bytes(former)] if former else []
        ended += [] if ends_at else [digest]
        transaction.on_commit(lambda: api_key_standing.bury(*ended))
        told = {"former_ends_at": (None, _told(ends_at or now))}
        act.record(target=api_key_removal.target_of(key), changes=told)
        return Issued(_shown(key.pk), text)


@enforces(controls.API_KEYS)
@after_conflicts
def delete(
    who: Standing, organization_id: UUID, key_id: UUID, *, origin: Origin, now: datetime
) -> None:
    """
    End a key; its next request is refused.

    :raises NotFoundError: there is no such key, or no such organization for this person
    :raises AuthorizationError: they lack ``api_keys:write``
    """
    target = Target("api_key", id=str(key_id))
    with acting(Attempt(who, organization_id, Event.API_KEY_DELETED, target, origin, now)) as act:
        key = _within_reach(act, key_id)
        act.record(target=api_key_removal.target_of(key))
        api_key_removal.end(key)


def _of(organization_id: UUID) -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(organization_id=organization_id)


def _within_reach(act: Acting, key_id: UUID) -> ApiKey:
    act.require(permissions.WRITE_API_KEYS)
    key = _of(act.organization.pk).filter(pk=key_id).select_for_update(no_key=True).first()
    if key is None:
        raise NotFoundError(reason="no such key")
    return key


def _gained(key: ApiKey, wanted: dict[str, Any]) -> list[str]:
    """What a change gives the key that it would not have without it."""
    scopes: list[str] = wanted.get("scopes", key.scopes)
    end = wanted.get("expires_at", key.expires_at)
    if key.expires_at and (end is None or end > key.expires_at):
        return scopes
    return [scope for scope in scopes if not permissions.allows(key.scopes, scope)]


def _write(key: ApiKey, **columns: Any) -> None:
    before = key.version
    ApiKey.objects.filter(pk=key.pk).update(version=F("version") + 1, **columns)
    changed = ApiKey.objects.get(pk=key.pk)
    transaction.on_commit(lambda: api_key_standing.refresh(changed, before=before))


def _end(
    wanted: datetime | None, *, now: datetime, since: datetime | None = None
) -> datetime | None:
    """
    Judge when a key is to end; ``None`` for as late as may be.

    :raises ValidationError: in the past, or more than ``API_KEY_MAX_DAYS`` after its secret is made
    """
    days = settings.API_KEY_MAX_DAYS
    latest = (since or now) + timedelta(days=days) if days else None
    end = wanted or latest
    if end and end <= now:
        raise ValidationError(fields={"expires_at": ["This is in the past."]})
    if end and latest and end > latest:
        raise ValidationError(fields={"expires_at": [f"A secret lives {days} days at most."]})
    return end


def _minted() -> str:
    return api_key_texts.spelled(secrets.token_bytes(api_key_texts.SECRET_BYTES))


def _shown(key_id: UUID) -> ApiKey:
    return ApiKey.objects.select_related("made_by").get(pk=key_id)


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
