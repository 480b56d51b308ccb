"""
What accounts asks of the connections of organizations, without knowing any protocol.

``SSOService`` is a port: single sign-on, which sits above accounts, provides what answers. Who
vouched for somebody is told by a ``Voucher``, which is sealed wherever it has to wait.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from accounts.models import User
from plinto.kernel import services
from plinto.kernel.crypto import decrypt, encrypt

_PURPOSE = "voucher of a connection"


class NotAdmitted(Exception):
    """Whoever came by a connection is not let in; ``reason`` is for the trail."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Voucher:
    """
    Who somebody is at a connection of an organization, after its mapping.

    ``email`` is in its canonical form, and ``is_vouched`` unless the provider leaves open whose it
    is. ``methods`` (RFC 8176) and ``authenticated_at`` are the provider's word. ``groups`` are
    names as it knows them. ``session_index`` and ``hint`` mean something to single sign-on only.
    """

    connection_id: UUID
    organization_id: UUID
    protocol: str
    subject: str
    email: str
    is_vouched: bool = True
    name: str = ""
    groups: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    authenticated_at: datetime | None = None
    session_index: str = ""
    hint: str = field(default="", repr=False)

    @property
    def email_key(self) -> str:
        """Under which the owner of the address is known."""
        return self.email.lower()

    @property
    def domain(self) -> str:
        """The domain of the address, as the domain name system spells it."""
        return self.email.rpartition("@")[2]

    def sealed(self) -> bytes:
        """Encrypt it for its row."""
        return encrypt(orjson.dumps(asdict(self)), purpose=_PURPOSE)

    @classmethod
    def opened(cls, sealed: bytes | memoryview | None) -> Voucher:
        """
        Read it from its row.

        :raises ConfigurationError: no field key opens it
        """
        told: dict[str, Any] = orjson.loads(decrypt(sealed or b"", purpose=_PURPOSE))
        at = told["authenticated_at"]
        return cls(
            **{
                **told,
                "connection_id": UUID(told["connection_id"]),
                "organization_id": UUID(told["organization_id"]),
                "groups": tuple(told["groups"]),
                "methods": tuple(told["methods"]),
                "authenticated_at": datetime.fromisoformat(at) if at else None,
            }
        )


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
    def opened(self, session_id: UUID, voucher: Voucher, *, now: datetime) -> bool:
        """
        Remember what a session is called at the provider, in the transaction that opens it.

        The connection's row is held from then on. False, and the session must not be, when the
        connection was switched off meanwhile or its provider has switched the person off.
        """

    @abstractmethod
    def linked(self, person: User, voucher: Voucher, *, now: datetime) -> None:
        """Let what the provider described become this person, in the caller's transaction."""

    @abstractmethod
    def door(self, organization_id: UUID) -> LoginDoor | None:
        """Say where the people of an organization sign in; None when no connection is on."""

    @abstractmethod
    def names(self, connection_ids: Collection[UUID]) -> dict[UUID, str]:
        """Say what these connections are called; what is gone is left out."""

    @abstractmethod
    def is_usable(self, connection_id: UUID) -> bool:
        """Tell whether somebody could come in by a connection."""


def get_sso_service() -> SSOService:
    """Return the process-wide judge of connections."""
    return services.get(SSOService)  # type: ignore[type-abstract]
