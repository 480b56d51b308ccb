"""The thread that finds out whether a dependency works again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from resilience.breaker import Breaker
from resilience.circuit import Permit
from resilience.forks import renew_after_fork

# Seconds between two good probes, and at most between two looks at the breakers: an operator
# may force or free one while the thread sleeps.
_BETWEEN_PROBES = 0.05
_BETWEEN_LOOKS = 1.0


class Chore(Protocol):
    """Work that an outage leaves behind."""

    def due_in(self) -> float | None:
        """Seconds until the next attempt; ``None`` if nothing is left to do."""

    def attempt(self) -> None:
        """Do what is due, if it is time."""

    def before_trust(self) -> bool:
        """Do what must be done before the dependency is used again; tell whether it is."""


class Recovery:
    """
    Probes ``breakers`` while any of them is not closed, so that no request has to.

    The thread is started by the first ``nudge`` and ends when all is well and the ``chore``, if
    there is one, is done. ``probe`` makes one attempt with the permit it is given and reports the
    outcome to the breaker itself.
    """

    def __init__(
        self,
        *,
        name: str,
        breakers: tuple[Breaker, ...],
        probe: Callable[[Breaker, Permit], None],
        spawn: Callable[..., threading.Thread] = threading.Thread,
    ) -> None:
        self._name = name
        self._spawn = spawn
        self._breakers = breakers
        self._probe = probe
        self.chore: Chore | None = None
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def nudge(self) -> None:
        """Make sure that somebody probes: the thread, or the caller if no thread can be had."""
        try:
            self._start()
        except RuntimeError:
            # The machine is out of threads, or the interpreter is ending.
            self._do_what_is_due()

    def _start(self) -> None:
        # Under the lock even if there is a thread: it may be about to end.
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                thread = self._spawn(target=self._run, name=self._name, daemon=True)
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        pause = threading.Event()
        while not self._is_over():
            waits = [one.next_probe_in() for one in self._breakers]
            if self.chore is not None:
                waits.append(self.chore.due_in())
            shortest = min((wait for wait in waits if wait is not None), default=_BETWEEN_LOOKS)
            pause.wait(min(max(shortest, _BETWEEN_PROBES), _BETWEEN_LOOKS))
            self._do_what_is_due()

    def _is_over(self) -> bool:
        # Under the lock: a breaker that opens now finds either this thread still at work, or none.
        with self._lock:
            is_well = all(breaker.is_closed for breaker in self._breakers)
            is_over = is_well and (self.chore is None or self.chore.due_in() is None)
            if is_over:
                self._thread = None
            return is_over

    def _do_what_is_due(self) -> None:
        for breaker in self._breakers:
            permit = breaker.take_probe()
            if permit is not None:
                self._probe(breaker, permit)
        if self.chore is not None:
            self.chore.attempt()
