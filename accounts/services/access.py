"""What a person may do in an organization, asked by every request about one."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from accounts import organization_controls as controls
from accounts.models import Membership
from accounts.rules import permissions
from accounts.services.standing import Standing
from plinto.kernel import services
from plinto.kernel.exceptions import AuthorizationError, NotFoundError
from resilience.contract import enforces


@dataclass(frozen=True, slots=True)
class Access:
    """A member as the organization knows them: their role, and what it allows."""

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

    def access(self, who: Standing, organization_id: UUID) -> Access:
        """
        Say what somebody who is signed in may do in an organization.

        :raises NotFoundError: they are not in it, or there is none
        """
        membership = (
            Membership.objects.select_related("role")
            .filter(organization_id=organization_id, user_id=who.user_id)
            .first()
        )
        if membership is None:
            raise NotFoundError(reason="not a member")
        role = membership.role
        return Access(organization_id, role.name, tuple(role.permissions))

    def require(self, who: Standing, organization_id: UUID, permission: str) -> Access:
        """
        The same, of somebody who holds ``permission``.

        :raises NotFoundError: they are not in it, or there is none
        :raises AuthorizationError: they are in it and lack the permission
        """
        found = self.access(who, organization_id)
        if not found.allows(permission):
            raise lacking(permission)
        return found


def lacking(permission: str) -> AuthorizationError:
    """The refusal of a member who lacks a permission; it may be told to them."""
    return AuthorizationError(f"This needs the permission {permission}.", reason=f"no {permission}")


def get_rbac_service() -> RBACService:
    """Return the process-wide judge of permissions."""
    return services.get(RBACService)


services.register(RBACService, RBACService)
