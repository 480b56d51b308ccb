"""Who acted, on what, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    SUCCESS = "success"
    REFUSED = "refused"


class ActorKind(StrEnum):
    USER = "user"
    STAFF = "staff"  # a person acting through the admin site
    API_KEY = "api_key"
    SCIM_TOKEN = "scim_token"  # noqa: S105 - an organization's identity provider
    SYSTEM = "system"  # a worker or a management command
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Actor:
    """
    Who acted; ``label`` is how they were called at that moment and counts as personal.

    ``key`` is the sealed key of a person, under which the trail keeps what is personal in the row.
    """

    kind: ActorKind
    id: str = ""
    label: str = ""
    key: bytes = field(default=b"", repr=False)

    def as_target(self) -> Target:
        """Name a person who acts on themselves as the one acted upon, with the same key."""
        return Target("user", id=self.id, label=self.label, key=self.key)


@dataclass(frozen=True, slots=True)
class Target:
    """
    What was acted upon; ``kind`` is a singular noun such as ``user`` or ``signing_key``.

    Somebody has a ``key`` as an actor has.
    """

    kind: str
    id: str = ""
    label: str = ""
    key: bytes = field(default=b"", repr=False)


ANONYMOUS = Actor(ActorKind.ANONYMOUS)
SYSTEM = Actor(ActorKind.SYSTEM)
