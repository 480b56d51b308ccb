"""
A circuit breaker: stops calling what keeps failing, and finds out when it works again.

It guards nothing by itself and does no I/O: ask ``admit`` before a call and tell ``succeeded`` or
``failed`` afterwards, or put the call in ``with breaker.guard(...)``. It knows neither Django nor
a client, so Redis, mail servers, identity providers and webhook endpoints share it.
"""

from __future__ import annotations

import random as system_random
import threading
import time
from collections.abc import Callable
from types import TracebackType

from resilience.circuit import Listener, Permit, Policy, Standing, State, Transition
from resilience.errors import CircuitOpenError
from resilience.forks import renew_after_fork
from resilience.machine import FOREVER, Machine


class Breaker:
    """
    The breaker of one dependency in one process. Thread-safe; a forked child starts closed.

    A success in the closed state takes no lock; with ``began`` given it reads the clock once, to
    find slow calls. The counters are plain integers: CPython does not switch threads inside
    ``+= 1`` on an attribute, and if it ever did, figures would be off by one, never the state.

    ``permit`` is the leave that all calls of the closed state share, ``None`` in any other; a
    caller in a hurry may take it from there instead of asking ``admit``.

    Listeners are called after the lock is let go, by the thread that caused the transition.
    """

    def __init__(
        self,
        name: str,
        *,
        policy: Policy | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        random: Callable[[], float] = system_random.random,
    ) -> None:
        self.name = name
        self.policy = policy or Policy()
        self.clock = clock
        self._wall_clock = wall_clock
        self._random = random
        self._slow_seconds = self.policy.slow_seconds
        self._listeners: tuple[Listener, ...] = ()
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Begin closed, with nothing counted and a lock that nobody holds."""
        self._lock = threading.Lock()
        self._machine = Machine(
            self.name, policy=self.policy, random=self._random, wall_now=self._wall_clock()
        )
        self._reflect()
        self.successful_calls = self.failed_calls = self.rejected_calls = self.slow_calls = 0
        self.last_failure_time: float | None = None
        self.failed_at = -FOREVER

    @property
    def standing(self) -> Standing:
        return self._machine.standing

    @property
    def is_closed(self) -> bool:
        return self.permit is not None

    def is_current(self, permit: Permit) -> bool:
        """Tell whether ``permit`` is of the closed period that still lasts."""
        return permit is self.permit

    @property
    def failure_count(self) -> int:
        """Failures in a row, up to now."""
        return self._machine.streak

    @property
    def opened_count(self) -> int:
        """How often it left the closed state by itself."""
        return self._machine.opened_count

    @property
    def total_calls(self) -> int:
        """Calls that were answered or refused; those under way are not counted yet."""
        return self.successful_calls + self.failed_calls + self.rejected_calls

    def next_probe_in(self) -> float | None:
        """Seconds until a probe may be sent; ``None`` when closed or held open by hand."""
        with self._lock:
            due_at = self._machine.may_probe_at()
            return None if due_at is None else max(0.0, due_at - self.clock())

    def admit(self, *, may_probe: bool = True) -> Permit:
        """
        Ask leave for one call, which may turn out to be the probe.

        :raises CircuitOpenError: the breaker is open, or another call is the probe
        """
        permit = self.permit
        if permit is not None:
            return permit
        if may_probe and (permit := self.take_probe()) is not None:
            return permit
        self.rejected_calls += 1
        raise CircuitOpenError(name=self.name, reason=self.standing.reason)

    def take_probe(self) -> Permit | None:
        """
        Return the permit of the one probe that is due now, else ``None``.

        Its lease lapses, so a thread that dies with it in hand does not lock the dependency out.
        """
        with self._lock:
            permit, change = self._machine.take_probe(now=self.clock(), wall_now=self._wall_clock())
            self._reflect()
        self._announce(change)
        return permit

    def succeeded(self, permit: Permit, *, began: float | None = None) -> None:
        """Report an answer; ``began`` is ``clock()`` before the call, if slowness matters."""
        self.successful_calls += 1
        if permit is self._spotless:
            if began is None:
                return
            now = self.clock()
            if now < self._slice_ends_at and now - began <= self._slow_seconds:
                return
        with self._lock:
            now = self.clock()
            is_slow = began is not None and now - began > self._slow_seconds
            self.slow_calls += is_slow
            change = self._machine.succeed(
                permit,
                is_slow=is_slow,
                calls=self.successful_calls + self.failed_calls,
                now=now,
                wall_now=self._wall_clock(),
            )
            self._reflect()
        self._announce(change)

    def failed(self, permit: Permit, *, reason: str) -> None:
        """Report that the dependency failed; ``reason`` is a word for operators."""
        with self._lock:
            self.failed_calls += 1
            self.failed_at = self.clock()
            self.last_failure_time = self._wall_clock()
            change = self._machine.fail(
                permit,
                reason=reason,
                calls=self.successful_calls + self.failed_calls,
                now=self.failed_at,
                wall_now=self.last_failure_time,
            )
            self._reflect()
        self._announce(change)

    def abandoned(self, permit: Permit) -> None:
        """Report that the call was not made, or says nothing about the dependency."""
        with self._lock:
            self._machine.abandon(permit)

    def guard(self, *, failures: tuple[type[BaseException], ...]) -> Guard:
        """
        Admit the ``with`` block, and count it by how it ends; other exceptions say nothing.

        :raises CircuitOpenError: the block was not entered
        """
        return Guard(self, failures)

    def subscribe(self, listener: Listener) -> None:
        """Call ``listener`` with every transition; it must neither raise nor wait."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

    def trip(self, *, reason: str) -> None:
        """Open now, whatever was counted; recovery is as usual."""
        with self._lock:
            change = self._machine.trip(
                reason=reason, now=self.clock(), wall_now=self._wall_clock()
            )
            self._reflect()
        self._announce(change)

    def force_open(self, *, reason: str = "forced open") -> None:
        """Stay open, unprobed, until told otherwise."""
        self._force(State.OPEN, reason)

    def force_closed(self, *, reason: str = "forced closed") -> None:
        """Let every call through and count failures without acting on them."""
        self._force(State.CLOSED, reason)

    def automatic(self) -> None:
        """End a forced state: an open breaker is probed at once, a closed one counts anew."""
        with self._lock:
            change = self._machine.free(now=self.clock(), wall_now=self._wall_clock())
            self._reflect()
        self._announce(change)

    def reset(self) -> None:
        """Close now and forget the failures so far; the figures stay."""
        with self._lock:
            self.failed_at = -FOREVER
            change = self._machine.reset(wall_now=self._wall_clock())
            self._reflect()
        self._announce(change)

    def _force(self, state: State, reason: str) -> None:
        with self._lock:
            change = self._machine.force(state, reason=reason, wall_now=self._wall_clock())
            self._reflect()
        self._announce(change)

    def _reflect(self) -> None:
        """
        Show the machine's state where the closed path looks for it, one attribute deep.

        ``_spotless`` is the permit while no failure stands against the dependency: a success with
        it changes nothing, so it needs no lock.
        """
        machine = self._machine
        self.permit = machine.permit
        self._spotless = None if machine.streak else machine.permit
        self._slice_ends_at = machine.window.ends_at

    def _announce(self, change: Transition | None) -> None:
        if change is not None:
            for listener in self._listeners:
                listener(change)


class Guard:
    """One ``with`` block through a breaker; made by ``Breaker.guard``."""

    __slots__ = ("_began", "_breaker", "_failures", "_permit")

    def __init__(self, breaker: Breaker, failures: tuple[type[BaseException], ...]) -> None:
        self._breaker = breaker
        self._failures = failures

    def __enter__(self) -> None:
        breaker = self._breaker
        self._permit = breaker.permit or breaker.admit()
        self._began = breaker.clock()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._breaker.succeeded(self._permit, began=self._began)
        elif issubclass(kind, self._failures):
            self._breaker.failed(self._permit, reason=kind.__name__)
        else:
            self._breaker.abandoned(self._permit)
