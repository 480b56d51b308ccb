"""
The states of a circuit breaker and the moves between them.

closed ──threshold or rate──▶ open ──recovery timeout──▶ half-open ──good probes──▶ closed
                               ▲                             │
                               └────────── bad probe ────────┘

No lock, no clock, no I/O: the breaker around it brings the time and lets one thread in at once.
Every method that may move returns the transition, or ``None``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from resilience.circuit import Permit, Policy, Standing, State, Transition
from resilience.window import Window

FOREVER = math.inf


class Machine:
    """
    ``permit`` is the one of the running closed period, ``None`` while the machine is not closed;
    ``streak`` counts failures in a row; ``window`` the bad calls of the last seconds.
    """

    def __init__(
        self, name: str, *, policy: Policy, random: Callable[[], float], wall_now: float
    ) -> None:
        self._name = name
        self._policy = policy
        self._random = random
        self.standing = Standing(state=State.CLOSED, generation=0, since=wall_now)
        self.permit: Permit | None = Permit(0)
        self.streak = 0
        self.window = Window(seconds=policy.window)
        self.opened_count = 0
        self._probe: Permit | None = None
        self._probe_lapses_at = 0.0
        self._good_probes = 0
        self._failed_probes = 0

    def may_probe_at(self) -> float | None:
        """When the next probe may be sent; ``None`` when closed or held open by hand."""
        if self.standing.state is State.CLOSED or self.standing.until == FOREVER:
            return None
        return self._probe_lapses_at if self._probe is not None else self.standing.until

    def take_probe(self, *, now: float, wall_now: float) -> tuple[Permit | None, Transition | None]:
        """Hand out the one probe, if it is due."""
        due_at = self.may_probe_at()
        if due_at is None or now < due_at:
            return None, None
        change = None
        if self.standing.state is State.OPEN:
            change = self._move(State.HALF_OPEN, reason=self.standing.reason, wall_now=wall_now)
        self._probe = Permit(self.standing.generation, is_probe=True)
        self._probe_lapses_at = now + self._policy.probe_lease
        return self._probe, change

    def fail(
        self, permit: Permit, *, reason: str, calls: int, now: float, wall_now: float
    ) -> Transition | None:
        """Judge a failure; ``calls`` is how many calls were ever answered, this one included."""
        if permit is self._probe:
            return self._reopen(reason, now, wall_now)
        if permit is not self.permit:
            return None
        self.streak += 1
        is_too_much = self._note_bad(calls, now)
        if self.streak >= self._policy.failure_threshold or is_too_much:
            return self.trip(reason=reason, now=now, wall_now=wall_now)
        return None

    def succeed(
        self, permit: Permit, *, is_slow: bool, calls: int, now: float, wall_now: float
    ) -> Transition | None:
        """Judge an answer; a slow one ends a streak, and still speaks against the dependency."""
        if permit is self._probe:
            if is_slow:
                return self._reopen("slow", now, wall_now)
            return self._note_good_probe(wall_now)
        if permit is not self.permit:
            return None
        self.streak = 0
        if is_slow and self._note_bad(calls, now):
            return self.trip(reason="slow", now=now, wall_now=wall_now)
        self.window.roll(now=now, total=calls - 1)
        return None

    def abandon(self, permit: Permit) -> None:
        """Take a probe back that was never sent."""
        if permit is self._probe:
            self._probe = None

    def trip(self, *, reason: str, now: float, wall_now: float) -> Transition | None:
        """Open, unless it is open already or held by hand."""
        if self.permit is None or self.standing.is_forced:
            return None
        self.opened_count += 1
        return self._open(reason, now, wall_now)

    def force(self, state: State, *, reason: str, wall_now: float) -> Transition:
        """Stay in ``state`` until freed: open without probes, or closed whatever fails."""
        return self._move(state, reason=reason, until=FOREVER, is_forced=True, wall_now=wall_now)

    def free(self, *, now: float, wall_now: float) -> Transition | None:
        """End a forced state: an open machine may be probed at once, a closed one counts anew."""
        if not self.standing.is_forced:
            return None
        return self._move(self.standing.state, reason="freed", until=now, wall_now=wall_now)

    def reset(self, *, wall_now: float) -> Transition:
        """Close and forget every failure."""
        self._failed_probes = 0
        return self._move(State.CLOSED, reason="reset", wall_now=wall_now)

    def _note_bad(self, calls: int, now: float) -> bool:
        """Put one bad call in the window and tell whether its share is now too great."""
        bad, total = self.window.note_bad(now=now, total=calls)
        return total >= self._policy.min_calls and bad >= total * self._policy.failure_rate

    def _note_good_probe(self, wall_now: float) -> Transition | None:
        self._probe = None
        self._good_probes += 1
        if self._good_probes < self._policy.half_open_max_calls:
            return None
        self._failed_probes = 0
        return self._move(State.CLOSED, reason="recovered", wall_now=wall_now)

    def _reopen(self, reason: str, now: float, wall_now: float) -> Transition:
        self._failed_probes += 1
        return self._open(reason, now, wall_now)

    def _open(self, reason: str, now: float, wall_now: float) -> Transition:
        pause = self._policy.pause(failed_probes=self._failed_probes, chance=self._random())
        return self._move(State.OPEN, reason=reason, until=now + pause, wall_now=wall_now)

    def _move(
        self,
        state: State,
        *,
        reason: str,
        wall_now: float,
        until: float = 0.0,
        is_forced: bool = False,
    ) -> Transition:
        before = self.standing
        is_news = (before.state is State.CLOSED) != (state is State.CLOSED)
        self.standing = Standing(
            state=state,
            generation=before.generation + 1,
            since=wall_now if is_news else before.since,
            until=until,
            reason=reason,
            is_forced=is_forced,
        )
        self.permit = Permit(before.generation + 1) if state is State.CLOSED else None
        self._probe = None
        self.streak = self._good_probes = 0
        self.window.clear()
        return Transition(name=self._name, before=before, after=self.standing)
