"""
Acting in an organization: under its lock, by somebody who may, with a row in the trail.

Whoever changes anything in an organization holds its row first, so everything that is judged
before an act is still so when it is committed: what the actor may do, who is an owner, who has a
role. A program acts under the scopes of its key, read from the key's row at that moment; an
identity provider that provisions, as long as its token stands.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import Membership, Organization, User
from accounts.organization_errors import SecondFactorRequired
from accounts.rules import permissions
from accounts.services import access, api_key_standing, factor_codes
from accounts.services.access import Caller, lacking
from accounts.services.api_key_standing import KeyStanding
from accounts.services.standing import Standing
from audit.events import Event
from audit.parties import Actor, Target
from audit.services.record import Changes, get_audit_service
from plinto.kernel.exceptions import AuthorizationError, ConflictError, NotFoundError
from plinto.kernel.origin import Origin

_PROVISIONING = (permissions.READ_MEMBERS, permissions.WRITE_MEMBERS)


@dataclass(frozen=True, slots=True)
class Provisioner:
    """
    An identity provider that tells an organization who belongs to it.

    ``require_live`` raises when it may do so no more, and is asked under the lock.
    """

    organization_id: UUID
    actor: Actor
    require_live: Callable[[], None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who wants to do what, in which organization, from where and when."""

    who: Caller | Provisioner
    organization_id: UUID
    event: Event
    target: Target
    origin: Origin
    now: datetime

    @property
    def session_id(self) -> UUID | None:
        """The session somebody acts in; programs have none."""
        return self.who.session_id if isinstance(self.who, Standing) else None


@dataclass(frozen=True, slots=True)
class Acting:
    """A member or a program that acts, while the organization is held; ``held`` is what it may."""

    attempt: Attempt
    organization: Organization
    held: Sequence[str]

    @property
    def person(self) -> Standing:
        """
        The member who acts, where no program may.

        :raises TypeError: it is a program
        """
        if not isinstance(self.attempt.who, Standing):
            raise TypeError("This act is not for programs.")
        return self.attempt.who

    def require(self, permission: str) -> None:
        """
        Go on only if a permission is held, and by a person a second factor if one is asked for.

        :raises AuthorizationError: they lack it
        :raises SecondFactorRequired: they have no second factor
        """
        who, required_from = self.attempt.who, self.organization.mfa_required_from
        is_required = required_from is not None and required_from <= self.attempt.now
        if is_required and isinstance(who, Standing) and not factor_codes.available(who.user_id):
            raise SecondFactorRequired(reason="no second factor")
        if not permissions.allows(self.held, permission):
            raise lacking(permission)

    def require_all_of(self, wanted: Iterable[str]) -> None:
        """
        Go on only if the member holds everything that they give, take or touch.

        :raises AuthorizationError: it is more than they hold
        """
        if not permissions.covers(self.held, wanted):
            told = "This concerns permissions that you do not hold yourself."
            raise AuthorizationError(told, reason="beyond own permissions")

    def changes_members(self, *user_ids: UUID) -> None:
        """Let what these members may do be read anew, once the act is committed."""
        members_changed(self.organization, *user_ids)

    def changes_everybody(self) -> None:
        """Let what every member may do be read anew, once the act is committed."""
        key, version = self.organization.pk, self.organization.changes
        Organization.objects.filter(pk=key).update(changes=version + 1, epoch=version + 1)
        transaction.on_commit(lambda: access.forget_everybody(key, version=version))

    def record(
        self,
        event: Event | None = None,
        *,
        target: Target | None = None,
        changes: Changes | None = None,
        reason: str = "",
    ) -> UUID:
        """Write the act, or what it came to, to the trail in its transaction; return the id."""
        attempt = self.attempt
        return get_audit_service().record(
            event or attempt.event,
            actor=attempt.who.actor,
            target=target or attempt.target,
            origin=attempt.origin,
            organization_id=self.organization.pk,
            session_id=attempt.session_id,
            changes=changes,
            reason=reason,
            now=attempt.now,
        )


@contextmanager
def acting(attempt: Attempt, *, people: Collection[UUID] = ()) -> Iterator[Acting]:
    """
    Hold the organization for the block, which is one transaction, and record what it refuses.

    ``people`` are held before it, as by everybody who touches both.

    :raises NotFoundError: the actor is not in the organization, or there is none
    :raises TokenError: the key, or the token of who provisions, has ended meanwhile
    """
    try:
        with transaction.atomic():
            if people:
                wanted = User.objects.filter(pk__in=people).order_by("pk")
                list(wanted.select_for_update(no_key=True).values_list("pk"))
            locked = Organization.objects.select_for_update(no_key=True)
            organization = locked.filter(pk=attempt.organization_id).first()
            held = _held(attempt)
            if organization is None or held is None:
                raise NotFoundError(reason="not a member")
            yield Acting(attempt, organization, held)
    except (AuthorizationError, ConflictError, NotFoundError) as refusal:
        get_audit_service().record_refusal(
            attempt.event,
            actor=attempt.who.actor,
            target=attempt.target,
            origin=attempt.origin,
            organization_id=attempt.organization_id,
            session_id=attempt.session_id,
            reason=refusal.reason,
        )
        raise


def _held(attempt: Attempt) -> Sequence[str] | None:
    """What the actor may do in the organization, as the rows say; None to whom is not in it."""
    who = attempt.who
    if isinstance(who, Provisioner):
        who.require_live()
        return _PROVISIONING if who.organization_id == attempt.organization_id else None
    if isinstance(who, KeyStanding):
        if who.organization_id != attempt.organization_id:
            return None
        return api_key_standing.scopes_now(who, now=attempt.now)
    membership = (
        Membership.objects.select_related("role")
        .filter(organization_id=attempt.organization_id, user_id=who.user_id, user__is_active=True)
        .first()
    )
    return membership.role.permissions if membership else None


def members_changed(organization: Organization, *user_ids: UUID) -> None:
    """Let what members of an organization, which is held, may do be read anew after a commit."""
    key, version = organization.pk, organization.changes
    Organization.objects.filter(pk=key).update(changes=version + 1)
    transaction.on_commit(lambda: access.forget_members(key, *user_ids, version=version))


def target_of(organization_id: UUID, label: str = "") -> Target:
    """Name an organization as what was acted upon."""
    return Target("organization", id=str(organization_id), label=label)
