"""
Accepting an invitation.

Three things are judged at this moment and not when it was written: whose address it is, whether
its inviter could still give what it gives, and whether it is still open. All wrong tokens take the
same statements and get the same answer.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import organization_controls as controls
from accounts.models import Invitation, Membership, Organization, User
from accounts.rules import permissions
from accounts.services import people
from accounts.services.standing import Standing
from audit.events import Event
from audit.parties import Target
from audit.services.record import get_audit_service
from plinto.kernel.crypto import token_digest
from plinto.kernel.exceptions import ConflictError, NotFoundError
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

_NOBODY = UUID(int=0)


@enforces(controls.INVITATIONS)
@after_conflicts
def accept(who: Standing, token: str, *, origin: Origin, now: datetime) -> Membership:
    """
    Make somebody who is signed in a member of the organization that invited their address.

    :raises NotFoundError: the token is unknown, used, expired, revoked or for another address, or
        its inviter may not give this role any more
    :raises ConflictError: they are a member already
    :raises SessionEnded: the person was switched off a moment ago
    """
    keys = Invitation.objects.filter(token_digest=token_digest(token))
    found = keys.values_list("pk", "organization_id").first()
    invitation_id, organization_id = found or (_NOBODY, _NOBODY)
    target = Target("invitation", id=str(invitation_id) if found else "")
    try:
        with transaction.atomic():
            # Whoever touches both holds the person first, then the organization.
            person = people.hold(who)
            list(Organization.objects.select_for_update(no_key=True).filter(pk=organization_id))
            invitation = _judged(invitation_id, person, now=now)
            membership = _join(invitation, person, now=now)
            get_audit_service().record(
                Event.INVITATION_ACCEPTED,
                actor=who.actor,
                target=Target("invitation", id=str(invitation.pk), label=invitation.email),
                origin=origin,
                organization_id=organization_id,
                session_id=who.session_id,
                changes={"role": (None, invitation.role.name)},
                now=now,
            )
            return membership
    except (NotFoundError, ConflictError) as refusal:
        get_audit_service().record_refusal(
            Event.INVITATION_ACCEPTED,
            actor=who.actor,
            target=target,
            origin=origin,
            organization_id=organization_id if found else None,
            session_id=who.session_id,
            reason=refusal.reason,
        )
        raise


def _judged(invitation_id: UUID, person: User, *, now: datetime) -> Invitation:
    """Read the invitation and its inviter under the lock, and say what is wrong with them."""
    invitation = (
        Invitation.objects.select_related("role", "organization").filter(pk=invitation_id).first()
    )
    inviter = (
        Membership.objects.select_related("role")
        .filter(
            organization_id=invitation.organization_id if invitation else _NOBODY,
            user_id=invitation.invited_by_id if invitation else _NOBODY,
            user__is_active=True,
        )
        .first()
    )
    wrong = _wrong_with(invitation, inviter, person, now=now)
    if wrong or invitation is None:
        told = "This invitation is not for you, was used, or has expired."
        raise NotFoundError(told, reason=wrong)
    return invitation


def _wrong_with(
    invitation: Invitation | None, inviter: Membership | None, person: User, *, now: datetime
) -> str:
    if invitation is None:
        return "no such invitation"
    if invitation.ended_at or invitation.expires_at <= now:
        return "used, revoked or expired"
    if invitation.email_key != person.email_key or person.email_verified_at is None:
        return "for another address"
    held = inviter.role.permissions if inviter else []
    if not permissions.covers(held, [permissions.WRITE_MEMBERS, *invitation.role.permissions]):
        return "inviter may not give this any more"
    return ""


def _join(invitation: Invitation, person: User, *, now: datetime) -> Membership:
    mine = Membership.objects.filter(organization=invitation.organization, user=person)
    if mine.exists():
        raise ConflictError("You are in this organization already.", reason="is a member")
    if not Invitation.objects.filter(pk=invitation.pk, ended_at=None).update(ended_at=now):
        raise NotFoundError(reason="used meanwhile")
    return Membership.objects.create(
        organization=invitation.organization, user=person, role=invitation.role, created_at=now
    )
