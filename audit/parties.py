"""Who acted, on what, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    SUCCESS = "success"
    REFUSED = "refused"


class ActorKind(StrEnum):
    USER = "user"
    STAFF = "staff"  # a person acting through the admin site
    API_KEY = "api_key"
    SYSTEM = "system"  # a worker or a management command
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted; ``label`` is how they were called at that moment and counts as personal."""

    kind: ActorKind
    id: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """What was acted upon; ``kind`` is a singular noun such as ``user`` or ``signing_key``."""

    kind: str
    id: str = ""
    label: str = ""


ANONYMOUS = Actor(ActorKind.ANONYMOUS)
SYSTEM = Actor(ActorKind.SYSTEM)
