"""Invitations: a mailed link that makes whoever proves the address a member, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from accounts import organization_controls as controls
from accounts.models import Invitation, Membership, User
from accounts.rules import permissions
from accounts.services import attempts, registrations, roles
from accounts.services.access import get_rbac_service
from accounts.services.attempts import Bucket, Limit
from accounts.services.mail import get_email_service
from accounts.services.organization_acts import Acting, Attempt, acting
from accounts.services.standing import Standing
from audit.events import Event
from audit.parties import Target
from plinto.kernel import pages
from plinto.kernel.crypto import new_token, token_digest
from plinto.kernel.exceptions import ConflictError, NotFoundError
from plinto.kernel.origin import Origin
from resilience import trimming
from resilience.contract import enforces
from resilience.retrying import after_conflicts

# Long enough for a holiday; a letter that is a day late has lost little of it.
LIVES_FOR = timedelta(days=7)
_KEPT_FOR = timedelta(days=30)
# Letters go to strangers, so one account must not write to the whole world.
_INVITED = Limit("invitation", 100, timedelta(hours=1))


def listed(
    who: Standing, organization_id: UUID, *, wanted: pages.PageRequest, now: datetime
) -> pages.Page[Invitation]:
    """
    List the invitations that are open, also those that have expired and may be sent again.

    :raises NotFoundError: the person is not in the organization, or there is none
    :raises AuthorizationError: they lack ``members:read``
    """
    get_rbac_service().require(who, organization_id, permissions.READ_MEMBERS, now=now)
    return pages.cut(_open(organization_id).select_related("role", "invited_by"), wanted=wanted)


@enforces(controls.INVITATIONS)
@after_conflicts
def invite(
    who: Standing, organization_id: UUID, *, email: str, role: str, origin: Origin, now: datetime
) -> Invitation:
    """
    Invite whoever reads a mailbox, and write the letter.

    :raises NotFoundError: the person is not in the organization, or there is none
    :raises AuthorizationError: they lack ``members:write``, or something that the role holds
    :raises ConflictError: the address is a member's, or is invited already
    :raises ValidationError: it is no address, or there is no role of this name
    :raises TooManyAttempts: this person has invited many within the hour
    """
    address = registrations.read_address(email)
    attempts.take(Bucket.of(_INVITED, who.user_id), now=now)
    target = Target("invitation", label=address.email)
    attempt = Attempt(who, organization_id, Event.INVITATION_SENT, target, origin, now)
    with acting(attempt) as act:
        act.require(permissions.WRITE_MEMBERS)
        chosen = roles.named(organization_id, role)
        act.require_all_of(chosen.permissions)
        members = Membership.objects.filter(organization_id=organization_id)
        if members.filter(user__email_key=address.key).exists():
            raise ConflictError("This address belongs to a member.", reason="is a member")
        earlier = _open(organization_id).filter(email_key=address.key)
        if earlier.filter(expires_at__gt=now).exists():
            raise ConflictError("This address is invited already.", reason="invited already")
        earlier.update(ended_at=now)
        invitation = Invitation(
            organization=act.organization,
            role=chosen,
            email=address.email,
            email_key=address.key,
            created_at=now,
        )
        _send(invitation, act)
        act.record(target=_target_of(invitation), changes={"role": (None, chosen.name)})
        return invitation


@enforces(controls.INVITATIONS)
@after_conflicts
def resend(
    who: Standing, organization_id: UUID, invitation_id: UUID, *, origin: Origin, now: datetime
) -> Invitation:
    """
    Send an invitation again, with another link; whoever does so vouches for it from now on.

    :raises NotFoundError: it is not open, or the person is not in the organization
    :raises AuthorizationError: they lack ``members:write``, or something that the role holds
    :raises TooManyAttempts: this person has invited many within the hour
    """
    attempts.take(Bucket.of(_INVITED, who.user_id), now=now)
    target = Target("invitation", id=str(invitation_id))
    attempt = Attempt(who, organization_id, Event.INVITATION_RESENT, target, origin, now)
    with acting(attempt) as act:
        invitation = _within_reach(act, invitation_id)
        _send(invitation, act)
        act.record(target=_target_of(invitation))
        return invitation


@enforces(controls.INVITATIONS)
@after_conflicts
def revoke(
    who: Standing, organization_id: UUID, invitation_id: UUID, *, origin: Origin, now: datetime
) -> None:
    """
    End an invitation; its link works no more.

    :raises NotFoundError: it is not open, or the person is not in the organization
    :raises AuthorizationError: they lack ``members:write``, or something that the role holds
    """
    target = Target("invitation", id=str(invitation_id))
    attempt = Attempt(who, organization_id, Event.INVITATION_REVOKED, target, origin, now)
    with acting(attempt) as act:
        invitation = _within_reach(act, invitation_id)
        _open(organization_id).filter(pk=invitation.pk).update(ended_at=now)
        act.record(target=_target_of(invitation))


def trim(*, now: datetime) -> int:
    """Delete invitations that ended or expired a month ago."""
    before = now - _KEPT_FOR
    # Each by its own index.
    ended = trimming.delete(Invitation.objects.filter(ended_at__lt=before))
    return ended + trimming.delete(Invitation.objects.filter(expires_at__lt=before))


def _open(organization_id: UUID) -> QuerySet[Invitation]:
    return Invitation.objects.filter(organization_id=organization_id, ended_at=None)


def _within_reach(act: Acting, invitation_id: UUID) -> Invitation:
    """Find an open invitation that the member could have written."""
    act.require(permissions.WRITE_MEMBERS)
    mine = _open(act.organization.pk).select_related("role", "organization")
    invitation = mine.filter(pk=invitation_id).first()
    if invitation is None:
        raise NotFoundError(reason="no open invitation")
    act.require_all_of(invitation.role.permissions)
    return invitation


def _send(invitation: Invitation, act: Acting) -> None:
    """Give an invitation a fresh link and write the letter that brings it."""
    who, now = act.person, act.attempt.now
    token = new_token("pli_")
    invitation.token_digest = token_digest(token)
    invitation.expires_at = now + LIVES_FOR
    invitation.invited_by = User.objects.get(pk=who.user_id)
    invitation.save()
    # Counted with the letter: what is refused has written to nobody.
    wait = attempts.count(Bucket.of(attempts.MAIL, invitation.email_key), now=now)
    get_email_service().queue(
        "invitation",
        to=invitation.email,
        context={
            "name": "",
            "link": f"{settings.APP_URL}/accept-invitation#token={token}",
            "organization": act.organization.name,
            "inviter": who.person["name"] or who.person["email"],
            "expires_in_days": LIVES_FOR // timedelta(days=1),
        },
        suppressed=bool(wait),
        now=now,
    )


def _target_of(invitation: Invitation) -> Target:
    return Target("invitation", id=str(invitation.pk), label=invitation.email)
