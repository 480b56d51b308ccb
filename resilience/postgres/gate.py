"""
The gate before one database: its breaker, its pool, and the figures of both.

Two things can keep a thread from its connection, and they are kept apart. A pool that is empty
because all its connections are at work is a local matter and opens no breaker. A server that
refuses connections, or is silent on those it has, opens it; the pool is closed then, with
everybody who waits in it, and a new one is made when a probe got through.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import Any
from weakref import WeakSet

import psycopg
from psycopg_pool import ConnectionPool

from resilience import breakers
from resilience.breaker import Breaker
from resilience.circuit import Permit, Policy, State, Transition
from resilience.errors import CircuitOpenError
from resilience.forks import renew_after_fork
from resilience.postgres import patience
from resilience.postgres.connection import BoundedConnection
from resilience.postgres.refusals import is_crowded, reason_of
from resilience.recovery import Recovery
from resilience.registry import Registry

# One good probe and about a second bring a database back that every request needs. Statements
# are slow for reasons of their own, so slowness never opens this breaker.
POLICY = Policy(
    failure_threshold=3,
    recovery_timeout=1.0,
    half_open_max_calls=1,
    slow_seconds=float("inf"),
    longest_recovery=1,
    probe_timeout=5.0,
)
# The pool tries a failed connection again after a second; whoever waits should know sooner, and
# a pooler that restarts is back within a tenth.
_AGAIN_AFTER = (0.03, 0.07)
# For the way to the server and back, at check-out and in a probe.
_CHECK_SECONDS = 1.0
# A pool of a read-only server is emptied at most this often.
_DRAIN_EVERY = 1.0
_WAITS_KEPT = 512


class LentConnection(BoundedConnection):
    """
    A connection of a pool; ``permit`` is of the time at which the server last answered on it.

    Of one that was not asked at check-out, silence says nothing yet.
    """

    gate: Gate
    permit: Permit
    was_asked = True

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> LentConnection:
        return cls.gate.connect(partial(super().connect, conninfo, **options))

    def fell_silent(self) -> None:
        if self.was_asked:
            self.gate.breaker.failed(self.permit, reason="silent")


Pool = ConnectionPool[LentConnection]


class Gate:
    """``waits`` are the seconds that the last check-outs took, in vain or not."""

    def __init__(self, alias: str) -> None:
        name = "database" if alias == "default" else f"database:{alias}"
        self.breaker = breakers.replace(name, policy=POLICY)
        self._recovery = Recovery(
            name=f"{name}-recovery", breakers=(self.breaker,), probe=self._probe
        )
        self._parameters: Mapping[str, Any] | None = None
        self.renew()
        renew_after_fork(self)
        self.breaker.subscribe(self._moved)

    def renew(self) -> None:
        """Begin without a pool: the threads and sockets of one do not survive a fork."""
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._drained_at = -_DRAIN_EVERY
        self._made: WeakSet[LentConnection] = WeakSet()
        self.waits: deque[float] = deque(maxlen=_WAITS_KEPT)
        self.errors = 0

    def pool(self, make: Callable[[], Pool]) -> Pool:
        """Return the pool of this open time of the gate, made by ``make`` if it has none."""
        pool = self._pool
        if pool is None:
            with self._lock:
                pool = self._pool = self._pool or make()
        return pool

    def open_connections(self) -> int:
        """
        Count the connections that are open: idle, lent, or lent by a pool that is closed now.

        psycopg's pool counts those that it is about to make, too, however long that takes.
        """
        with self._lock:
            return sum(not connection.closed for connection in self._made)

    def idle_and_waiting(self) -> tuple[int, int]:
        """Tell how many connections lie ready and how many threads wait for one."""
        pool = self._pool
        if pool is None or pool.closed:
            return 0, 0
        figures = pool.get_stats()
        return figures["pool_available"], figures.get("requests_waiting", 0)

    def close(self) -> None:
        """Close the pool, and wait for its threads."""
        pool = self._without_pool()
        if pool is not None:
            pool.close()

    def drain(self) -> None:
        """Replace every pooled connection: another one may lead to the server that takes writes."""
        pool, now = self._pool, time.monotonic()
        if pool is not None and now - self._drained_at >= _DRAIN_EVERY:
            self._drained_at = now
            pool.drain()

    def lend(
        self, pool: Pool, parameters: Mapping[str, Any], *, is_asked: bool = True
    ) -> LentConnection:
        """
        Lend a connection that has just answered, or, unless it ``is_asked``, one for ``trusted``.

        :raises psycopg.OperationalError: the breaker is open, or none was free in time
        """
        self._parameters = parameters
        self._admit()
        began = time.monotonic()
        try:
            pool.open()
            wait = patience.for_a_connection()
            return self._take(pool, deadline=began + wait) if is_asked else self._trust(pool, wait)
        except psycopg.OperationalError:
            self.errors += 1
            raise
        finally:
            waited = time.monotonic() - began
            self.waits.append(waited)
            patience.waited_for_a_connection(waited)

    @contextmanager
    def trusted(self, connection: LentConnection) -> Iterator[None]:
        """Take an answer to the work of the block for the one that was not asked for before."""
        try:
            with connection.impatient(seconds=_CHECK_SECONDS):
                yield
        finally:
            connection.was_asked = True
        self.breaker.succeeded(connection.permit)

    def _trust(self, pool: Pool, wait: float) -> LentConnection:
        permit, connection = self._admit(), pool.getconn(wait)
        connection.permit, connection.was_asked = permit, False
        return connection

    def _take(self, pool: Pool, *, deadline: float) -> LentConnection:
        """
        Take connections until one answers.

        The pool would check them too, but it sleeps after each dead one, also while it is closed.
        """
        while True:
            connection = pool.getconn(deadline - time.monotonic())
            try:
                self._check(connection)
            except psycopg.Error:
                pool.putconn(connection)
                self._admit()
            except BaseException:
                pool.putconn(connection)
                raise
            else:
                return connection

    def _check(self, connection: LentConnection) -> None:
        connection.permit, connection.was_asked = self._admit(), True
        with connection.impatient(seconds=_CHECK_SECONDS):
            ConnectionPool.check_connection(connection)
        self.breaker.succeeded(connection.permit)

    def connection_class(self) -> type[LentConnection]:
        """Make the class of connections that tell this gate how they fare."""
        return type("GatedConnection", (LentConnection,), {"gate": self})

    def connect(self, attempt: Callable[[], LentConnection]) -> LentConnection:
        """
        Connect for the pool, in its thread; a failure that came at once is tried again twice.

        :raises psycopg.OperationalError: no connection can be had
        """
        for pause in (*_AGAIN_AFTER, None):
            permit, began = self._admit(), time.monotonic()
            try:
                connection = attempt()
            except psycopg.OperationalError as error:
                self.errors += 1
                if is_crowded(error):
                    raise
                self.breaker.failed(permit, reason=reason_of(error))
                if pause is None or time.monotonic() - began > _AGAIN_AFTER[-1]:
                    raise
                time.sleep(pause)
            else:
                self.breaker.succeeded(permit)
                connection.permit = permit
                with self._lock:
                    self._made.add(connection)
                return connection
        raise AssertionError("The last attempt ends the loop.")

    def _admit(self) -> Permit:
        try:
            return self.breaker.admit(may_probe=False)
        except CircuitOpenError as error:
            self._recovery.nudge()
            raise psycopg.OperationalError(f"circuit open: {error.reason}") from error

    def _probe(self, breaker: Breaker, permit: Permit) -> None:
        """Ask a question on a connection outside the pool."""
        if self._parameters is None:
            # Nobody has wanted a connection yet, so nobody waits for the answer.
            breaker.abandoned(permit)
            return
        try:
            with (
                closing(BoundedConnection.connect(**self._parameters)) as connection,
                connection.impatient(seconds=_CHECK_SECONDS),
            ):
                connection.execute("SELECT 1")
        except psycopg.Error as error:
            breaker.failed(permit, reason=reason_of(error))
        else:
            breaker.succeeded(permit)

    def _moved(self, change: Transition) -> None:
        if change.after.state is State.CLOSED:
            return
        pool = self._without_pool()
        if pool is not None:
            # In a thread of its own: this one may be of the pool, which waits for its threads.
            # Without one, those who wait in the pool do so to the end of their budget.
            with suppress(RuntimeError):
                threading.Thread(target=partial(pool.close, timeout=0), daemon=True).start()
        self._recovery.nudge()

    def _without_pool(self) -> Pool | None:
        with self._lock:
            pool, self._pool = self._pool, None
            return pool


_gates: Registry[str, Gate] = Registry()


def gate(alias: str = "default") -> Gate:
    """Return the gate of this process before the database ``alias``."""
    return _gates.get(alias, lambda: Gate(alias))
