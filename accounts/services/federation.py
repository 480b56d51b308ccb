"""
What accounts asks of the connections of organizations, without knowing any protocol.

``SSOService`` is a port: single sign-on, which sits above accounts, provides what answers. Who
vouched for somebody is told by a ``Voucher``, which is sealed wherever it has to wait.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from accounts.models import Session, User
from plinto.kernel import services


@dataclass(frozen=True, slots=True)
class Voucher:
    """
    Who somebody is at a connection of an organization, after its mapping.

    ``methods`` (RFC 8176) and ``authenticated_at`` are the provider's word. ``groups`` are names as
    it knows them. ``session_index`` and ``hint`` mean something to single sign-on only.
    """

    connection_id: UUID
    organization_id: UUID
    protocol: str
    subject: str
    email: str
    name: str = ""
    groups: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    authenticated_at: datetime | None = None
    session_index: str = ""
    hint: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Terms:
    """
    On what terms a connection lets somebody in, as its row says at this moment.

    ``role_id`` is what the person's groups give them, None when they say nothing; ``default_role``
    is for who has no place yet, and None there means the built-in member.
    """

    creates_accounts: bool
    role_id: UUID | None
    default_role_id: UUID | None


@dataclass(frozen=True, slots=True)
class LoginDoor:
    """Where people of a domain sign in."""

    slug: str
    protocol: str
    login_url: str


class SSOService(ABC):
    """Answers for the connections of organizations."""

    @abstractmethod
    def terms(self, voucher: Voucher) -> Terms | None:
        """
        Say on what terms somebody is let in, in the caller's transaction.

        None when they are not: the connection is off or gone, or its provider has switched the
        person off.
        """

    @abstractmethod
    def opened(self, session: Session, voucher: Voucher, *, now: datetime) -> None:
        """Remember what a session is called at the provider, in the transaction that opens it."""

    @abstractmethod
    def linked(self, person: User, voucher: Voucher, *, now: datetime) -> None:
        """Let what the provider described become this person, in the caller's transaction."""

    @abstractmethod
    def door(self, organization_id: UUID) -> LoginDoor | None:
        """Say where the people of an organization sign in; None when no connection is on."""

    @abstractmethod
    def is_usable(self, connection_id: UUID) -> bool:
        """Tell whether somebody could come in by a connection."""


def get_sso_service() -> SSOService:
    """Return the process-wide judge of connections."""
    return services.get(SSOService)  # type: ignore[type-abstract]
