"""The breakers of this process, by name: ``redis:default``, ``smtp``, one per endpoint."""

from __future__ import annotations

import structlog

from resilience.breaker import Breaker
from resilience.circuit import Listener, Policy, State, Transition
from resilience.registry import Registry

# Reasons that waiting does not mend.
NEEDS_AN_OPERATOR = frozenset({"denied"})

_log = structlog.get_logger(__name__)
_breakers: Registry[str, Breaker] = Registry()
_listeners: tuple[Listener, ...] = ()


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
    """Drop a breaker whose dependency is gone, such as a deleted endpoint."""
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
    breaker.subscribe(_write_down)
    breaker.subscribe(_pass_on)
    return breaker


def _pass_on(change: Transition) -> None:
    for listener in _listeners:
        listener(change)


def _write_down(change: Transition) -> None:
    """Write one line per transition; a line per failed call would bury it."""
    write = _log.info if change.after.state is State.CLOSED else _log.warning
    if change.after.reason in NEEDS_AN_OPERATOR:
        write = _log.critical
    write(
        "circuit_moved",
        breaker=change.name,
        before=change.before.state.value,
        after=change.after.state.value,
        reason=change.after.reason,
        generation=change.after.generation,
    )
