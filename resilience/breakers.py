"""The breakers of this process that operators see, by name: ``redis:default``, ``smtp``."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import structlog

from resilience.breaker import Breaker
from resilience.circuit import Listener, Policy, State, Transition
from resilience.forks import renew_after_fork
from resilience.registry import Registry

# Reasons that waiting does not mend.
NEEDS_AN_OPERATOR = frozenset({"denied"})
_REMIND_EVERY = 60.0

_log = structlog.get_logger(__name__)
_breakers: Registry[str, Breaker] = Registry()
_listeners: tuple[Listener, ...] = ()


class Moves:
    """How often the breakers of this process moved, by name, state before and state after."""

    def __init__(self) -> None:
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        self._counted: Counter[tuple[str, State, State]] = Counter()

    def note(self, change: Transition) -> None:
        self._counted[change.name, change.before.state, change.after.state] += 1

    def counts(self) -> list[tuple[tuple[str, State, State], int]]:
        return list(self._counted.items())


moves = Moves()


def get(name: str, *, policy: Policy | None = None) -> Breaker:
    """Return the breaker called ``name``; the first call makes it and its policy stays."""
    return _breakers.get(name, lambda: _new(name, policy))


def replace(name: str, *, policy: Policy | None = None) -> Breaker:
    """Put a new breaker in the place of ``name``, for an owner that was configured anew."""
    return _breakers.put(name, _new(name, policy))


def every() -> list[Breaker]:
    """List the breakers made so far, by name."""
    return [breaker for _, breaker in sorted(_breakers.items())]


def forget(name: str) -> None:
    """Drop a breaker whose dependency is gone."""
    _breakers.drop(name)


def subscribe(listener: Listener) -> None:
    """
    Call ``listener`` with every transition of every breaker, also of those made later.

    It must neither raise nor wait: the thread that moved a breaker may be answering a request.
    """
    global _listeners
    _listeners = (*_listeners, listener)


def unsubscribe(listener: Listener) -> None:
    global _listeners
    _listeners = tuple(one for one in _listeners if one != listener)


def _new(name: str, policy: Policy | None) -> Breaker:
    breaker = Breaker(name, policy=policy)
    breaker.subscribe(Diary(clock=breaker.clock).note)
    breaker.subscribe(moves.note)
    breaker.subscribe(_pass_on)
    return breaker


def _pass_on(change: Transition) -> None:
    for listener in _listeners:
        listener(change)


class Diary:
    """
    Writes down how one breaker moves.

    Leaving and regaining the closed state is a line each. Meanwhile a failed probe is one at most
    once a minute: a wrong password may stand for days.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._reminds_at = -math.inf

    def note(self, change: Transition) -> None:
        before, after = change.before, change.after
        is_news = State.CLOSED in (before.state, after.state) or after.is_forced
        is_reminder = after.state is State.OPEN and self._clock() >= self._reminds_at
        if not (is_news or is_reminder):
            return
        self._reminds_at = self._clock() + _REMIND_EVERY
        write = _log.info if after.state is State.CLOSED else _log.warning
        if after.reason in NEEDS_AN_OPERATOR:
            write = _log.critical
        write(
            "circuit_moved",
            breaker=change.name,
            before=before.state.value,
            after=after.state.value,
            reason=after.reason,
            generation=after.generation,
        )
