"""
The only door to Redis: one kept client per cache alias and process, behind its breakers.

Two breakers stand at the door. ``breaker`` hears of everything that says Redis is down; ``writes``
hears of writes alone, because a Redis that is full, or cannot save, still answers reads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.dispatch import receiver
from redis.exceptions import NoScriptError, RedisError

from resilience import breakers, canary, deadline
from resilience.breaker import Breaker
from resilience.canary import Verdict
from resilience.circuit import Permit, Policy, State, Transition
from resilience.client import GuardedRedis
from resilience.errors import CircuitOpenError, RedisCommandError, RedisUnavailableError
from resilience.guarded import GuardedPool, one_attempt
from resilience.recovery import Chore, Recovery
from resilience.registry import Registry
from resilience.scripts import Script
from resilience.trouble import Trouble
from resilience.visits import Visit

NUDGE_EVERY = 1.0


class Door:
    """
    Redis at ``url`` as one process sees it.

    Use ``client`` like any redis-py client: everything it does passes the breakers, and it raises
    ``RedisUnavailableError`` at once while they are open.
    """

    def __init__(
        self,
        name: str,
        *,
        url: str,
        timeout: float = 0.25,
        max_connections: int = 100,
        policy: Policy | None = None,
    ) -> None:
        self.name = name
        self.url = url
        self.timeout = timeout
        self.policy = policy or Policy()
        self.breaker = breakers.replace(f"redis:{name}", policy=self.policy)
        self.writes = breakers.replace(f"redis:{name}:writes", policy=self.policy)
        self.pool = GuardedPool.from_url(
            url, gate=self, max_connections=max_connections, **one_attempt(timeout)
        )
        self.client = GuardedRedis(connection_pool=self.pool)
        self._recovery = Recovery(
            name=f"redis-{name}-recovery",
            breakers=(self.breaker, self.writes),
            probe=self._probe,
        )
        self._doubted_at = self._nudge_at = -math.inf
        self.breaker.subscribe(self._moved)
        self.writes.subscribe(self._moved)

    @property
    def address(self) -> str:
        """Host and port, without the password of the URL."""
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port or 6379}" if parts.hostname else parts.path

    @property
    def is_trusted(self) -> bool:
        """Whether Redis both reads and writes, so that what it holds can be kept in order."""
        return self.breaker.permit is not None and self.writes.permit is not None

    def is_up(self) -> bool:
        """Like ``is_trusted``, and a "no" counts as one rejected call."""
        if self.is_trusted:
            return True
        self.breaker.rejected_calls += 1
        self._look_after_recovery()
        return False

    def seconds_since_trouble(self) -> float:
        """How long nothing has failed at this door; infinite if nothing ever did."""
        if not self.is_trusted:
            return 0.0
        failed_at = max(self.breaker.failed_at, self.writes.failed_at, self._doubted_at)
        return self.breaker.clock() - failed_at

    def doubt(self) -> None:
        """Count this moment as trouble, although no breaker heard of any."""
        self._doubted_at = self.breaker.clock()

    def run(self, script: Script, *, keys: tuple[str, ...], arguments: tuple[Any, ...]) -> Any:
        """
        Run ``script`` in one round trip, or two after Redis has forgotten it.

        :raises RedisUnavailableError: no answer; the script may have run
        :raises RedisCommandError: Redis refused the script
        """
        try:
            return self.client.ask("EVALSHA", script.digest, len(keys), *keys, *arguments)
        except NoScriptError:
            pass
        try:
            return self.client.ask("EVAL", script.source, len(keys), *keys, *arguments)
        except NoScriptError as error:
            raise RedisCommandError(reason="Redis does not know a script it was sent") from error

    def insist(self, script: Script, *, keys: tuple[str, ...], arguments: tuple[Any, ...]) -> bool:
        """
        Run ``script`` on a connection of its own, open circuit or not, and tell whether it ran.

        For what other processes must hear although this one still avoids Redis: after an outage
        one of them may trust it again a minute earlier. No breaker hears of it, and the budget of
        the request does not bind it: a revocation is worth the wait.
        """
        pool = redis.ConnectionPool.from_url(self.url, **one_attempt(self.policy.probe_timeout))
        try:
            redis.Redis(connection_pool=pool).eval(script.source, len(keys), *keys, *arguments)
        except (RedisError, OSError):
            return False
        finally:
            pool.disconnect()
        return True

    def look(self) -> Verdict:
        """Write and read a value on a new connection; no breaker hears of it."""
        return canary.send(self.url, timeout=self.policy.probe_timeout)

    def entrust(self, chore: Chore) -> None:
        """Have ``chore`` done by the thread that probes, and before Redis is trusted again."""
        self._recovery.chore = chore

    def look_after(self) -> None:
        """Make sure that somebody sees to what was entrusted."""
        self._recovery.nudge()

    def close(self) -> None:
        """Let go of every idle connection."""
        self.pool.disconnect(inuse_connections=False)

    def reset(self) -> None:
        """Trust Redis again at once, as an operator or a test may."""
        self.breaker.reset()
        self.writes.reset()
        self._doubted_at = -math.inf

    def enter(self) -> Visit:
        breaker, budget = self.breaker, deadline.current()
        try:
            permit = breaker.permit or breaker.admit(may_probe=False)
        except CircuitOpenError:
            self._look_after_recovery()
            raise
        if budget is not None and budget.left <= 0:
            raise RedisUnavailableError(reason="the request has no time left for Redis")
        return Visit(self, permit, breaker.clock(), timeout=self.timeout, budget=budget)

    def admit_write(self) -> Permit:
        try:
            return self.writes.permit or self.writes.admit(may_probe=False)
        except CircuitOpenError:
            self._look_after_recovery()
            raise

    def is_current(self, permit: Permit) -> bool:
        return self.breaker.is_current(permit)

    def settle(self, visit: Visit) -> None:
        """Tell the breakers how a visit ended."""
        trouble, reason = visit.trouble, visit.reason
        if visit.budget is not None:
            visit.budget.spend(self.breaker.clock() - visit.began)
        if visit.is_cut_short:
            self.doubt()  # what was sent may still be carried out
        if trouble is Trouble.LOCAL or not (trouble or visit.answered):
            return  # nothing was asked of Redis, or the asking thread was stopped
        if trouble is Trouble.WRITES and visit.wrote is None:
            # A server that is busy with a script refuses reads in the same words.
            trouble = Trouble.DOWN
        if trouble is not None and trouble >= Trouble.DENIED:
            self.breaker.failed(visit.permit, reason=reason)
        else:
            self.breaker.succeeded(visit.permit, began=visit.began)
        if visit.wrote is not None:
            self._settle_write(visit.wrote, trouble, reason)

    def _settle_write(self, permit: Permit, trouble: Trouble | None, reason: str) -> None:
        if trouble is None or trouble is Trouble.CALLER:
            self.writes.succeeded(permit)
            return
        self.writes.failed(permit, reason=reason)
        if trouble is Trouble.REPLICA:
            # After a failover a new connection may lead to the new primary.
            self.close()
            if not self.writes.is_closed:
                # What a replica reads may be older than what it was told elsewhere.
                self.breaker.trip(reason=reason)

    def _probe(self, breaker: Breaker, permit: Permit) -> None:
        began = breaker.clock()
        verdict = self.look()
        chore = self._recovery.chore
        if verdict.trouble is None:
            took = breaker.clock() - began
            if chore is not None and not chore.before_trust():
                breaker.failed(permit, reason="unsettled")
                return
            # How long the chore takes does not say that Redis is slow.
            breaker.succeeded(permit, began=breaker.clock() - took)
        elif verdict.trouble is Trouble.WRITES and breaker is self.breaker:
            # Redis is read again but not trusted yet: that is for the other breaker to say.
            self.writes.trip(reason=verdict.reason)
            breaker.succeeded(permit, began=began)
        else:
            breaker.failed(permit, reason=verdict.reason)

    def _look_after_recovery(self) -> None:
        # The transition has started the thread; asking at every refused call whether it still
        # lives would cost more than the refusal.
        now = self.breaker.clock()
        if now >= self._nudge_at:
            self._nudge_at = now + NUDGE_EVERY
            self._recovery.nudge()

    def _moved(self, change: Transition) -> None:
        # Answers of the time before must not be read as answers to what comes after.
        self.close()
        # What was sent before Redis stopped is carried out when it goes on, so quiet counts from
        # the end of the trouble and not from the last failure.
        self.doubt()
        if change.after.state is not State.CLOSED:
            self._recovery.nudge()


_doors: Registry[tuple[str, str], Door] = Registry()
_by_alias: Registry[str, Door | None] = Registry()


def door_at(url: str, *, name: str, options: Mapping[str, Any]) -> Door:
    """Return this process's door to ``url``; the options of the first call stay."""
    return _doors.get((name, url), lambda: _make(url, name=name, options=options))


def door(alias: str = "default") -> Door | None:
    """Return the door behind the cache ``alias``; ``None`` if no Redis is configured for it."""
    return _by_alias.get(alias, lambda: _behind(alias))


def configured(alias: str) -> tuple[str, str, Mapping[str, Any]]:
    """Read address, name and options of a cache alias; the address may be empty."""
    config: Mapping[str, Any] = settings.CACHES[alias]
    options = config.get("OPTIONS", {})
    return str(config.get("LOCATION", "")), str(options.get("NAME", "default")), options


def _behind(alias: str) -> Door | None:
    url, name, options = configured(alias)
    return door_at(url, name=name, options=options) if url else None


def _make(url: str, *, name: str, options: Mapping[str, Any]) -> Door:
    try:
        given = {word.lower(): number for word, number in options.get("BREAKER", {}).items()}
        return Door(
            name,
            url=url,
            timeout=options.get("TIMEOUT_SECONDS", 0.25),
            max_connections=options.get("MAX_CONNECTIONS", 100),
            policy=Policy(**given),
        )
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"The cache {name!r} is not configured well: {error}") from error


@receiver(setting_changed)
def _forget_aliases(*, setting: str, **_: Any) -> None:
    if setting == "CACHES":
        _by_alias.clear()
