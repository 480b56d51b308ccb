"""How much is allowed to whom, whoever counts it: limits and the buckets they are counted in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from plinto.kernel.crypto import keyed_digest


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` per subject in each window; ``scope`` has 20 characters at most."""

    scope: str
    most: int
    window: timedelta

    @property
    def seconds(self) -> int:
        return int(self.window.total_seconds())


@dataclass(frozen=True, slots=True)
class Bucket:
    """One counter: a limit and the digest of whom it counts for, so that no store names anybody."""

    limit: Limit
    subject: str

    @classmethod
    def of(cls, limit: Limit, *parts: object) -> Bucket:
        whom = "\x1f".join(str(part) for part in parts)
        return cls(limit, keyed_digest(whom, purpose=f"limit:{limit.scope}").hex())

    @property
    def key(self) -> str:
        return f"{self.limit.scope}:{self.subject}"
