"""What waits in the queues of a deployment, for how long, and what was given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from resilience.worker import roster

# Of more rows than that only the first are counted: when there are millions, how long the oldest
# has waited tells more, and the count must not become a load of its own.
COUNTED_TO = 100_000
ABANDONED_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """
    One queue: rows that are due, since when the oldest of them is, and rows that were given up
    within ``ABANDONED_WITHIN``. Neither number goes beyond ``COUNTED_TO``.
    """

    queue: str
    due: int
    oldest: datetime | None
    abandoned: int

    @property
    def is_more(self) -> bool:
        """Whether there may be more due rows than were counted."""
        return self.due >= COUNTED_TO

    def waited(self, now: datetime) -> float:
        """Return for how many seconds the oldest due row has waited; 0 when none is due."""
        return (now - self.oldest).total_seconds() if self.oldest else 0.0


@runtime_checkable
class Telling(Protocol):
    """A queue that can say what waits in it."""

    def backlog(self, now: datetime) -> Backlog: ...


def look(*, now: datetime) -> list[Backlog]:
    """Ask every queue that can tell, in three short statements each."""
    return [queue.backlog(now) for queue in roster.queues.values() if isinstance(queue, Telling)]
