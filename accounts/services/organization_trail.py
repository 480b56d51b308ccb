"""
The trail of an organization, for its members who hold ``audit:read`` and for keys of that scope.

An organization's trail is what happened in it: its rows and no others, whoever acted.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.rules import permissions
from accounts.services.access import Caller, get_rbac_service
from audit.services import proofs, reading
from audit.services.reading import Filters, Listed
from plinto.kernel import pages


def listed(
    who: Caller,
    organization_id: UUID,
    *,
    filters: Filters,
    wanted: pages.PageRequest,
    now: datetime,
) -> Listed:
    """
    List what happened in an organization, newest first.

    :raises NotFoundError: whoever asks is not of it, or there is none
    :raises AuthorizationError: they lack ``audit:read``, or a second factor
    """
    get_rbac_service().require(who, organization_id, permissions.READ_AUDIT, now=now)
    return reading.listed(organization_id, filters=filters, wanted=wanted)


def proof(who: Caller, organization_id: UUID, row_id: UUID, *, now: datetime) -> dict[str, Any]:
    """
    Return what proves a row to whoever has the public keys and nothing else.

    :raises NotFoundError: whoever asks is not of the organization, or it has no such row
    :raises AuthorizationError: they lack ``audit:read``, or a second factor
    :raises NotSignedYet: the row is too young
    :raises TrailDamaged: the rows no longer lead to what was signed
    """
    get_rbac_service().require(who, organization_id, permissions.READ_AUDIT, now=now)
    return proofs.prove(organization_id, row_id)
