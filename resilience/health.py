"""
What operators and load balancers are told about this process.

Looking moves nothing: no breaker hears of what is found here. The dependencies are looked at
once per second and process at most, since these pages are public.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from health_check.base import HealthCheck  # type: ignore[import-untyped]
from health_check.exceptions import HealthCheckException  # type: ignore[import-untyped]

from plinto.kernel.stopping import stopping
from resilience import contract, controls
from resilience.circuit import State
from resilience.contract import enforces
from resilience.probes import READ_ONLY, DatabaseAnswers, MigrationsApplied, RedisAnswers
from resilience.redis import door
from resilience.remembered import Remembered

LOOK_EVERY = 1.0
# What errors of Redis say about its state; the others say that it is gone.
_STATES = {
    "TimeoutError": "stalled",
    "BUSY": "stalled",
    "slow": "slow",
    "readonly": "read_only",
    "OutOfMemoryError": "read_only",
    "MISCONF": "read_only",
    "NOREPLICAS": "read_only",
}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Finding:
    """The outcome of one check; ``error`` is empty when all is well."""

    error: str
    milliseconds: float
    since: float = field(default_factory=time.time)

    @property
    def is_well(self) -> bool:
        return not self.error

    @property
    def answers(self) -> bool:
        """Tell of a database whether it can be read, if perhaps not written."""
        return self.is_well or self.error == READ_ONLY


def _looker(check: HealthCheck) -> Remembered[Finding]:
    """Run ``check`` now and then; ``since`` is when its outcome last turned."""
    before: list[Finding] = []

    def look() -> Finding:
        began = time.perf_counter()
        try:
            check.run()
            error = ""
        except HealthCheckException as failure:
            error = failure.message or type(failure).__name__
        except Exception as failure:  # noqa: BLE001
            # A page about failures must not be one itself.
            _log.exception("health_check_failed", check=repr(check))
            error = type(failure).__name__
        found = Finding(error=error, milliseconds=round((time.perf_counter() - began) * 1000, 1))
        if before and before[0].is_well == found.is_well:
            found = Finding(found.error, found.milliseconds, before[0].since)
        before[:] = [found]
        return found

    return Remembered(look, seconds=LOOK_EVERY)


database_look = _looker(DatabaseAnswers())
migrations_look = _looker(MigrationsApplied())
redis_look = _looker(RedisAnswers())
_required: dict[str, Remembered[Finding]] = {}
_watched: dict[str, Remembered[Finding]] = {}


def require(name: str, check: HealthCheck) -> None:
    """Let an app say what else signing in is impossible without; called when Django starts."""
    _required[name] = _looker(check)


def watch(name: str, check: HealthCheck) -> None:
    """Let an app say what else operators should hear of, though signing in works without it."""
    _watched[name] = _looker(check)


def forget() -> None:
    """Look anew at the next question, for tests and for operators who just changed something."""
    for look in (
        database_look,
        migrations_look,
        redis_look,
        *_required.values(),
        *_watched.values(),
    ):
        look.renew()


@dataclass(frozen=True)
class Readiness:
    status: str
    degraded: list[dict[str, Any]]
    findings: dict[str, Finding]


@enforces(controls.READINESS)
def readiness() -> Readiness:
    """
    Tell whether signing in is possible: ``ok``, ``degraded`` or ``unavailable``.

    It is not while the database takes no writes, because a session is a row.

    Losing Redis never makes a process unready: it would take every process out of rotation at
    once, for a dependency that none of them needs.
    """
    findings = {"database": database_look()}
    if findings["database"].is_well:
        findings["migrations"] = migrations_look()
        # What apps require is in tables, which may not be there yet.
        if findings["migrations"].is_well:
            findings |= {name: look() for name, look in (_required | _watched).items()}
    if door() is not None:
        findings["redis"] = redis_look()
    degraded = _degraded(findings["database"])
    is_able = all(findings[name].is_well for name in findings.keys() - {"redis", *_watched})
    # Nothing new for a process that is about to end, however well it is.
    if stopping or not is_able:
        return Readiness("unavailable", degraded, findings)
    return Readiness("degraded" if degraded else "ok", degraded, findings)


def missing() -> dict[str, str]:
    """Map each dependency this process misses to its state, as the degrade contract names it."""
    return {what: state for what, (state, _) in _missing(database_look()).items()}


def _degraded(database: Finding) -> list[dict[str, Any]]:
    return [
        {
            "what": what,
            "since": datetime.fromtimestamp(since, tz=UTC),
            "guarantees": contract.guarantees(what, state),
        }
        for what, (state, since) in _missing(database).items()
    ]


def _missing(database: Finding) -> dict[str, tuple[str, float]]:
    """Map what is missing to its state, and the Unix time since which it is."""
    state = "read_only" if database.answers else "gone"
    found = {} if database.is_well else {"database": (state, database.since)}
    since = degraded_since()
    return found if since is None else {**found, "redis": (_redis_state(), since)}


def _redis_state() -> str:
    """Name the trouble by what the breakers, or else the last look, say of it."""
    found = door()
    if found is None:
        return "gone"
    reads, writes = found.breaker.standing, found.writes.standing
    if reads.state is State.CLOSED and writes.state is not State.CLOSED:
        return "read_only"
    reason = redis_look().error if reads.state is State.CLOSED else reads.reason
    return _STATES.get(reason, "gone")


def degraded_since() -> float | None:
    """Unix time since which Redis cannot be used as it should; ``None`` while it can."""
    found = door()
    if found is None:
        return None
    starts = [
        breaker.standing.since
        for breaker in (found.breaker, found.writes)
        if breaker.standing.state is not State.CLOSED
    ]
    look = redis_look()
    return min([*starts, *([] if look.is_well else [look.since])], default=None)
