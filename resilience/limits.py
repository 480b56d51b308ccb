"""How much is allowed to whom, whoever counts it: limits and the buckets they are counted in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache

from plinto.kernel.crypto import keyed_digest


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` per subject in each window; ``scope`` has 20 characters at most."""

    scope: str
    most: int
    window: timedelta
    seconds: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seconds", int(self.window.total_seconds()))


@dataclass(frozen=True, slots=True)
class Bucket:
    """One counter: a limit and the digest of whom it counts for, so that no store names anybody."""

    limit: Limit
    subject: str
    key: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", f"{self.limit.scope}:{self.subject}")

    @classmethod
    def of(cls, limit: Limit, *parts: object) -> Bucket:
        return cls(limit, _digest(limit.scope, "\x1f".join(str(part) for part in parts)))


# As many subjects as one process remembers the windows of; digests cost a twentieth of a request.
@lru_cache(maxsize=10_000)
def _digest(scope: str, whom: str) -> str:
    return keyed_digest(whom, purpose=f"limit:{scope}").hex()
