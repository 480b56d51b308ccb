"""The words a breaker speaks in: states, permits, standings, policies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """
    When a breaker opens and how it comes back; all times are seconds.

    It opens after ``failure_threshold`` failures in a row, or when at least ``failure_rate`` of
    the calls of the last ``window`` failed or took longer than ``slow_seconds``, once there were
    ``min_calls``. It waits ``recovery_timeout``, spread by ``jitter`` so that workers do not
    probe together and doubled per failed probe up to ``longest_recovery`` times.
    """

    failure_threshold: int = 5
    recovery_timeout: float = 60.0
    half_open_max_calls: int = 3
    failure_rate: float = 0.5
    min_calls: int = 20
    window: float = 10.0
    slow_seconds: float = 0.2
    jitter: float = 0.1
    longest_recovery: int = 4
    probe_timeout: float = 0.25

    @property
    def probe_lease(self) -> float:
        """How long a probe may stay unanswered before another may be sent."""
        return 2 * self.probe_timeout

    def pause(self, *, failed_probes: int, chance: float) -> float:
        """How long to stay open; ``chance`` is a random number from 0 to 1."""
        growth: int = min(1 << min(failed_probes, 16), self.longest_recovery)
        return self.recovery_timeout * growth * (1 + self.jitter * (2 * chance - 1))


@dataclass(frozen=True, slots=True, eq=False)
class Permit:
    """
    Leave to make one call, compared by identity.

    All calls of one closed period share a permit; each probe has its own. An answer that comes
    with any other permit than the breaker's current one is too late to change anything.
    """

    generation: int
    is_probe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    Where a breaker stands, replaced as a whole.

    ``since`` is the Unix time at which it left or regained the closed state; ``until`` is the
    moment of its own clock at which an open breaker may be probed.
    """

    state: State
    generation: int
    since: float
    until: float = 0.0
    reason: str = ""
    is_forced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    name: str
    before: Standing
    after: Standing


Listener = Callable[[Transition], None]
