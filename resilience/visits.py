"""What becomes of one stay of a connection outside its pool, and who hears of it."""

from __future__ import annotations

import time
from typing import Any, Protocol

from redis.exceptions import TimeoutError as RedisTimeoutError

from resilience.circuit import Permit
from resilience.deadline import Budget
from resilience.reads import is_read
from resilience.trouble import Trouble, judge, reason_of

# A socket with a timeout of nothing would not wait for an answer that is already there.
LEAST_WAIT = 0.001


class Visit:
    """One stay of a connection outside the pool: its permits and what came of it."""

    __slots__ = (
        *("answered", "began", "budget", "gate", "is_cut_short", "permit"),
        *("reason", "timeout", "trouble", "wrote"),
    )

    def __init__(
        self, gate: Gate, permit: Permit, began: float, *, timeout: float, budget: Budget | None
    ) -> None:
        self.gate = gate
        self.permit = permit
        self.began = began
        self.timeout = timeout
        self.budget = budget
        self.wrote: Permit | None = None
        self.answered = self.is_cut_short = False
        self.trouble: Trouble | None = None
        self.reason = ""

    def may_wait(self) -> float:
        """Seconds until an answer must be there: the timeout, or what the request has left."""
        if self.budget is None:
            return self.timeout
        left = self.budget.left - (time.monotonic() - self.began)
        return min(max(left, LEAST_WAIT), self.timeout)

    def sending(self, command: Any) -> None:
        """
        Note what is about to be sent, once per stay if it is a write.

        :raises CircuitOpenError: Redis refuses writes at the moment, so none are sent
        """
        if self.wrote is None and not is_read(command):
            self.wrote = self.gate.admit_write()

    def suffered(self, error: BaseException) -> None:
        trouble = judge(error)
        if self._gave_up_early(error):
            # Redis may be well: only a wait of the whole timeout speaks against it.
            trouble, self.is_cut_short = Trouble.LOCAL, True
        if self.trouble is None or trouble > self.trouble:
            self.trouble, self.reason = trouble, reason_of(error)

    def _gave_up_early(self, error: BaseException) -> bool:
        return (
            self.budget is not None
            and isinstance(error, TimeoutError | RedisTimeoutError)
            and time.monotonic() - self.began < self.timeout
        )


class Gate(Protocol):
    """Who lets connections out and hears how they fared."""

    def enter(self) -> Visit: ...
    def admit_write(self) -> Permit: ...
    def is_current(self, permit: Permit) -> bool: ...
    def settle(self, visit: Visit) -> None: ...
