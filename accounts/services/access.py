"""
What a person may do in an organization, asked by every request about one.

Redis may hold two copies, read in one round trip: of the member, with what their role allows, and
of the organization, with the ``epoch`` at which a change last concerned all its members. A member's
copy is believed only together with the organization's, and only if it was made in that epoch; so
whoever changes a role, or deletes the organization, has one copy to bury, however many have the
role. Without either of them one SQL statement reads the rows, which decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from accounts import organization_controls as controls
from accounts.models import AuthenticatorApp, Membership, Passkey, Role
from accounts.organization_errors import SecondFactorRequired
from accounts.rules import permissions
from accounts.services.api_key_standing import KeyStanding
from accounts.services.standing import COPY_LIFETIME, Standing
from plinto.kernel import services
from plinto.kernel.exceptions import AuthorizationError, NotFoundError
from resilience import copies
from resilience.contract import enforces
from resilience.copies import Copy

# Who asks about an organization: a person who is signed in, or a program with an API key.
Caller = Standing | KeyStanding

_MEMBER = (
    "role__name",
    "role__is_builtin",
    "role__own_permissions",
    "organization__changes",
    "organization__epoch",
    "organization__mfa_required_from",
)
_HAS_FACTOR = Exists(
    AuthenticatorApp.objects.filter(user=OuterRef("user"), confirmed_at__isnull=False)
) | Exists(Passkey.objects.filter(user=OuterRef("user")))


@dataclass(frozen=True, slots=True)
class Access:
    """A member as the organization knows them: their role, and what it allows; keys have none."""

    organization_id: UUID
    role: str
    permissions: tuple[str, ...]

    def allows(self, permission: str) -> bool:
        """Tell whether the member holds a permission, which may be a wildcard."""
        return permissions.allows(self.permissions, permission)


@enforces(controls.MEMBER_RIGHTS)
class RBACService:
    """
    Answers who may do what in an organization; ``rules.permissions`` is the vocabulary.

    For whoever reads. Acts ask the rows again, under the lock that ``organization_acts`` takes.
    """

    def access(self, who: Caller, organization_id: UUID, *, now: datetime) -> Access:
        """
        Say what somebody who is signed in, or a key, may do in an organization.

        :raises NotFoundError: they are not in it, or there is none
        :raises SecondFactorRequired: it asks for a second factor, and they have none
        """
        if isinstance(who, KeyStanding):
            if who.organization_id != organization_id:
                raise NotFoundError(reason="key of another organization")
            return Access(organization_id, role="", permissions=who.scopes)
        organization, member = _copies(who, copies_of(organization_id, who.user_id))
        if organization and member and organization.facts and member.facts:
            known = member.facts
            is_of_this_epoch = known["epoch"] == organization.version
            # A factor that was added since shows in its row.
            if is_of_this_epoch and not _lacks_factor(known, organization.facts, now=now):
                return _access(organization_id, known)
        return self.from_rows(who.user_id, organization_id, now=now)

    def from_rows(self, user_id: UUID, organization_id: UUID, *, now: datetime) -> Access:
        """
        The same of anybody, whatever copies say.

        :raises NotFoundError: they are not in it, or there is none
        :raises SecondFactorRequired: it asks for a second factor, and they have none
        """
        return _from_rows(organization_id, user_id, now=now)

    def require(
        self, who: Caller, organization_id: UUID, permission: str, *, now: datetime
    ) -> Access:
        """
        The same, of somebody who holds ``permission``.

        :raises NotFoundError: they are not in it, or there is none
        :raises AuthorizationError: they are in it and lack the permission, or a second factor
        """
        found = self.access(who, organization_id, now=now)
        if not found.allows(permission):
            raise lacking(permission)
        return found


def copies_of(organization_id: UUID, user_id: UUID) -> tuple[str, str]:
    """The keys of the copies that say what a person may do, for ``standing.of`` to bring along."""
    return _organization_key(organization_id), _member_key(organization_id, user_id)


def forget_members(organization_id: UUID, *user_ids: UUID, version: int) -> None:
    """
    Make what copies say of members unbelievable, after a change that is committed.

    ``version`` is the organization's count of changes before it.
    """
    keys = [_member_key(organization_id, user_id) for user_id in user_ids]
    copies.bury(*keys, version=version, lifetime=COPY_LIFETIME)


def forget_everybody(organization_id: UUID, *, version: int) -> None:
    """Do the same for all members of an organization at once."""
    copies.bury(_organization_key(organization_id), version=version, lifetime=COPY_LIFETIME)


def forget_person(user_id: UUID) -> None:
    """Do the same for one person in all their organizations, after a second factor came or went."""
    mine = Membership.objects.filter(user_id=user_id)
    found = list(mine.values_list("organization_id", "organization__changes"))
    keys = [_member_key(organization_id, user_id) for organization_id, _ in found]
    version = max((changes for _, changes in found), default=0)
    copies.bury(*keys, version=version, lifetime=COPY_LIFETIME)


def lacking(permission: str) -> AuthorizationError:
    """The refusal of a member who lacks a permission; it may be told to them."""
    return AuthorizationError(f"This needs the permission {permission}.", reason=f"no {permission}")


def get_rbac_service() -> RBACService:
    """Return the process-wide judge of permissions."""
    return services.get(RBACService)


services.register(RBACService, RBACService)


def _copies(who: Standing, keys: tuple[str, str]) -> list[Copy | None]:
    if who.brought.keys() >= set(keys):
        return [who.brought.pop(key) for key in keys]
    return copies.read(*keys)


def _from_rows(organization_id: UUID, user_id: UUID, *, now: datetime) -> Access:
    mine = Membership.objects.filter(organization_id=organization_id, user_id=user_id)
    row = mine.annotate(has_factor=_HAS_FACTOR).values(*_MEMBER, "has_factor").first()
    if row is None:
        raise NotFoundError(reason="not a member")
    role = Role(
        name=row["role__name"],
        is_builtin=row["role__is_builtin"],
        own_permissions=row["role__own_permissions"],
    )
    epoch = row["organization__epoch"]
    required_from = row["organization__mfa_required_from"]
    policy = {"epoch": epoch, "mfa_from": required_from and required_from.timestamp()}
    facts = {
        "role": role.name,
        "permissions": role.permissions,
        "has_factor": row["has_factor"],
        "epoch": epoch,
    }
    copies.fill(
        _organization_key(organization_id),
        version=epoch,
        facts=policy,
        lifetime=COPY_LIFETIME,
    )
    copies.fill(
        _member_key(organization_id, user_id),
        version=row["organization__changes"],
        facts=facts,
        lifetime=COPY_LIFETIME,
    )
    if _lacks_factor(facts, policy, now=now):
        raise SecondFactorRequired(reason="no second factor")
    return _access(organization_id, facts)


def _lacks_factor(member: dict[str, Any], policy: dict[str, Any], *, now: datetime) -> bool:
    required_from = policy["mfa_from"]
    is_required = required_from is not None and required_from <= now.timestamp()
    return is_required and not member["has_factor"]


def _access(organization_id: UUID, facts: dict[str, Any]) -> Access:
    return Access(organization_id, facts["role"], tuple(facts["permissions"]))


def _organization_key(organization_id: UUID) -> str:
    return f"access:organization:{organization_id.hex}"


def _member_key(organization_id: UUID, user_id: UUID) -> str:
    return f"access:member:{organization_id.hex}:{user_id.hex}"
