"""Organizations: made, shown, renamed and deleted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import organization_controls as controls
from accounts.models import Invitation, Membership, Organization, OrganizationDomain, Role
from accounts.organization_errors import SlugTaken
from accounts.rules import permissions
from accounts.services import api_key_removal, attempts, factor_codes, organization_belongings
from accounts.services.access import get_rbac_service
from accounts.services.attempts import Bucket, Limit
from accounts.services.federation import get_sso_service
from accounts.services.organization_acts import Acting, Attempt, acting, target_of
from accounts.services.standing import Standing
from audit.events import Event
from audit.parties import Target
from audit.services.record import get_audit_service
from plinto.kernel import pages
from plinto.kernel.exceptions import ConflictError, NotFoundError
from plinto.kernel.ids import uuid7
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

# How long members have to add a second factor once it is asked for.
GRACE = timedelta(days=7)
# Slugs are taken for good, so one account must not take them all.
_CREATED = Limit("organization", 20, timedelta(hours=1))


@enforces(controls.MEMBER_RIGHTS)
@after_conflicts
def create(who: Standing, *, name: str, slug: str, origin: Origin, now: datetime) -> Membership:
    """
    Make an organization with the built-in roles, and its creator the owner of it.

    :raises SlugTaken: another one has this slug
    :raises TooManyAttempts: this person has made many within the hour
    """
    attempts.take(Bucket.of(_CREATED, who.user_id), now=now)
    try:
        with transaction.atomic():
            return _create(who, name=name, slug=slug, origin=origin, now=now)
    except IntegrityError as error:
        if not Organization.objects.filter(slug=slug).exists():
            raise
        refusal = SlugTaken(reason="slug taken")
        get_audit_service().record_refusal(
            Event.ORGANIZATION_CREATED,
            actor=who.actor,
            target=Target("organization", label=slug),
            origin=origin,
            session_id=who.session_id,
            reason=refusal.reason,
        )
        raise refusal from error


def of_person(user_id: UUID, *, wanted: pages.PageRequest) -> pages.Page[Membership]:
    """List the organizations a person is in, joined last first."""
    mine = Membership.objects.filter(user_id=user_id)
    return pages.cut(mine.select_related("organization", "role"), wanted=wanted)


def get(who: Standing, organization_id: UUID, *, now: datetime) -> Membership:
    """
    Show an organization to one of its members.

    :raises NotFoundError: they are not in it, or there is none
    :raises AuthorizationError: they lack ``organization:read``
    """
    get_rbac_service().require(who, organization_id, permissions.READ_ORGANIZATION, now=now)
    return _own(who, organization_id)


@enforces(controls.MEMBER_RIGHTS)
@after_conflicts
def update(
    who: Standing, organization_id: UUID, *, fields: dict[str, Any], origin: Origin, now: datetime
) -> Membership:
    """
    Change the name, the slug or the policy.

    :raises NotFoundError: the person is not in it, or there is none
    :raises AuthorizationError: they lack ``organization:write``
    :raises SlugTaken: another one has this slug
    :raises ConflictError: they would ask for a second factor and have none themselves, or for
        single sign-on without a proved domain and a connection that is on
    """
    event, target = Event.ORGANIZATION_UPDATED, target_of(organization_id)
    with acting(Attempt(who, organization_id, event, target, origin, now)) as act:
        act.require(permissions.WRITE_ORGANIZATION)
        policy = fields.get("policy", {})
        values = {name: value for name, value in fields.items() if name != "policy"}
        if "require_mfa" in policy:
            values |= _with_mfa(act, is_required=policy["require_mfa"])
        if "require_sso" in policy:
            values |= _with_sso(act, is_required=policy["require_sso"])
        changes = {
            name: (getattr(act.organization, name), value)
            for name, value in values.items()
            if getattr(act.organization, name) != value
        }
        if changes:
            _write(organization_id, values)
            if "mfa_required_from" in changes:
                act.changes_everybody()
            act.record(changes={name: _told(*sides) for name, sides in changes.items()})
        return _own(who, organization_id)


@enforces(controls.MEMBER_RIGHTS)
def delete(who: Standing, organization_id: UUID, *, origin: Origin, now: datetime) -> None:
    """
    Delete an organization with everything in it; nothing that it gave works any more.

    :raises NotFoundError: the person is not in it, or there is none
    :raises AuthorizationError: they lack ``organization:delete``
    """
    event, target = Event.ORGANIZATION_DELETED, target_of(organization_id)
    attempt = Attempt(who, organization_id, event, target, origin, now)
    while not _delete(attempt):
        pass


@after_conflicts
def _delete(attempt: Attempt) -> bool:
    """Delete a portion of what the organization has, and at last itself."""
    organization_id = attempt.organization_id
    with acting(attempt) as act:
        act.require(permissions.DELETE_ORGANIZATION)
        if not organization_belongings.shorten(organization_id):
            return False
        act.record(target=target_of(organization_id, act.organization.slug))
        act.changes_everybody()
        api_key_removal.end_all_of(organization_id)
        Invitation.objects.filter(organization_id=organization_id).delete()
        Membership.objects.filter(organization_id=organization_id).delete()
        Role.objects.filter(organization_id=organization_id).delete()
        Organization.objects.filter(pk=organization_id).delete()
    return True


def _create(who: Standing, *, name: str, slug: str, origin: Origin, now: datetime) -> Membership:
    organization = Organization(name=name, slug=slug, created_at=now)
    organization.save(force_insert=True)
    # Newest first is how lists go, so the owner's role is made last.
    roles = [
        Role(pk=uuid7(), organization=organization, name=each, is_builtin=True, created_at=now)
        for each in reversed(list(permissions.BUILT_IN))
    ]
    Role.objects.bulk_create(roles)
    membership = Membership(
        organization=organization, user_id=who.user_id, role=roles[-1], created_at=now
    )
    membership.save(force_insert=True)
    get_audit_service().record(
        Event.ORGANIZATION_CREATED,
        actor=who.actor,
        target=target_of(organization.pk, slug),
        origin=origin,
        organization_id=organization.pk,
        session_id=who.session_id,
        now=now,
    )
    return membership


def _with_mfa(act: Acting, *, is_required: bool) -> dict[str, datetime | None]:
    """Say from when on members need a second factor; asking again does not prolong the grace."""
    if not is_required:
        return {"mfa_required_from": None}
    if not factor_codes.available(act.person.user_id):
        told = "Add a second factor to your own account first."
        raise ConflictError(told, reason="no second factor of one's own")
    already = act.organization.mfa_required_from
    return {"mfa_required_from": already or act.attempt.now + GRACE}


def _with_sso(act: Acting, *, is_required: bool) -> dict[str, datetime | None]:
    """Close the other ways in, from now on, once there is a way that stays open."""
    if not is_required:
        return {"sso_required_from": None}
    organization = act.organization
    mine = OrganizationDomain.objects.filter(organization=organization, verified_at__isnull=False)
    if not mine.exists() or get_sso_service().door(organization.pk) is None:
        told = "Prove a domain and enable a connection first."
        raise ConflictError(told, reason="no proved domain or no enabled connection")
    return {"sso_required_from": organization.sso_required_from or act.attempt.now}


def _told(*sides: Any) -> tuple[Any, ...]:
    return tuple(side.isoformat() if isinstance(side, datetime) else side for side in sides)


def _write(organization_id: UUID, values: dict[str, Any]) -> None:
    try:
        with transaction.atomic():
            Organization.objects.filter(pk=organization_id).update(**values)
    except IntegrityError as error:
        raise SlugTaken(reason="slug taken") from error


def _own(who: Standing, organization_id: UUID) -> Membership:
    mine = Membership.objects.select_related("organization", "role")
    found = mine.filter(organization_id=organization_id, user_id=who.user_id).first()
    if found is None:
        raise NotFoundError(reason="not a member")
    return found
