"""Refusals of whoever has to come by the connection of an organization."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from audit.parties import Target
from plinto.kernel.exceptions import AuthorizationError
from plinto.kernel.origin import Origin


class SSORequired(AuthorizationError):
    """
    The organization of the address lets people in by its own identity provider only.

    Whoever raises it is in a transaction, so it carries what its row in the trail tells.
    """

    error_code = "SSO_REQUIRED"
    default_message = "Your organization asks you to sign in by its identity provider."

    def __init__(
        self, door: Mapping[str, str], *, organization_id: UUID, person: Target, origin: Origin
    ) -> None:
        super().__init__(details=dict(door), reason="single sign-on required")
        self.organization_id, self.person, self.origin = organization_id, person, origin
