"""
The thread that tells the other processes about this one, and this one what operators want.

Every few seconds, and soon after a breaker moved, it writes the row of its process and the
transitions, reads the orders and acts on them. It has a database connection of its own, and all
of it is best effort: with the database gone it keeps trying, and nothing waits for it.
"""

from __future__ import annotations

import atexit
import os
import threading
from typing import Any

import structlog
from django import db
from django.db import connections
from django.utils import timezone

from resilience import breakers, figures, orders, presence, ratelimit
from resilience.apart import Line
from resilience.circuit import Transition
from resilience.history import History
from resilience.obedience import Obedience
from resilience.presence import Kind, Life
from resilience.stores import clear_shared, store

log = structlog.get_logger(__name__)

EVERY_SECONDS = 5.0
# Moves come in groups: two breakers to one server, a probe and its outcome. And a dependency
# that flaps must not make a round of each.
_AT_MOST_EVERY = 0.25
_STOPS_WITHIN = 1.0
# One failed round is a restart of the server or a lock on SQLite; two are an outage.
_ROUNDS_UNTIL_NEWS = 2


class Reporter:
    """Reports one life of this process, from ``start`` to ``stop``."""

    def __init__(self, life: Life, *, every: float = EVERY_SECONDS) -> None:
        self.life = life
        self._every = every
        self._history = History()
        self._obedience = Obedience()
        self._inherited = 0
        self._failures = 0
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        breakers.subscribe(self._moved)
        self._thread.start()

    def stop(self, *, within: float = _STOPS_WITHIN) -> None:
        """Say goodbye, unless the database takes longer than ``within`` seconds to hear it."""
        self.abandon()
        self._ending.set()
        self._wake.set()
        self._thread.join(within)

    def abandon(self) -> None:
        """Listen no more; all there is to do for a thread that a fork has left behind."""
        breakers.unsubscribe(self._moved)
        self._obedience.stop()

    def _moved(self, change: Transition) -> None:
        self._history.note(change)
        self._wake.set()

    def _run(self) -> None:
        line = Line(**_options())
        while not self._ending.is_set():
            self._attempt(line)
            self._wake.wait(self._every)
            self._ending.wait(_AT_MOST_EVERY)
            self._wake.clear()
        self._attempt(line)
        line.close()
        connections.close_all()

    def _attempt(self, line: Line) -> None:
        try:
            self._round(line)
        except db.Error as error:
            self._failed(str(error).strip())
        except Exception:
            # Whatever is wrong here, the process serves on, and the next round may succeed.
            log.exception("reporter.round_failed")
        else:
            if self._failures >= _ROUNDS_UNTIL_NEWS:
                log.info("reporter.database_found", rounds=self._failures)
            self._failures = 0

    def _failed(self, error: str) -> None:
        self._failures += 1
        if self._failures == _ROUNDS_UNTIL_NEWS:
            log.warning("reporter.database_lost", error=error)

    def _round(self, line: Line) -> None:
        is_goodbye = self._ending.is_set()
        if self._inherited and clear_shared():
            self._inherited = 0
        # Before the line is taken: the figures are of the pool, which the line is not of.
        measured, now = figures.of_process(), timezone.now()
        with line:
            presence.show(
                self.life,
                figures=measured,
                unsettled=store().unsettled + self._inherited,
                now=now,
                ended_at=now if is_goodbye else None,
            )
            self._history.write(self.life)
            if is_goodbye:
                return
            around = presence.look_around(now=now)
            # They share the limits that each of them counts alone.
            ratelimit.believe_processes(around.live_web)
            self._inherited += presence.inherit(around.debtors, heir=self.life.id, now=now)
            newest = list(orders.newest())
        self._obedience.follow(newest, now=timezone.now())


_reporter: Reporter | None = None
_own = Life()


def life() -> Life:
    """Return the life of this process, reported or not."""
    return _own


def start(kind: Kind) -> None:
    """Begin to report this process, until it ends or ``stop`` is called."""
    global _own, _reporter
    stop()
    _own = Life(kind=kind)
    _reporter = Reporter(_own)
    _reporter.start()


def stop() -> None:
    """Say goodbye; harmless if nothing was started."""
    global _reporter
    if _reporter is not None:
        _reporter.stop()
        _reporter = None


def _begin_again() -> None:
    """Report a forked child as a life of its own; its parent's thread does not exist in it."""
    global _own, _reporter
    _own = Life(kind=_own.kind)
    if _reporter is not None:
        _reporter.abandon()
        _reporter = Reporter(_own)
        _reporter.start()


def _options() -> dict[str, Any]:
    """Shorten what a statement may take: a report that is late is not worth waiting for."""
    if connections["default"].vendor != "postgresql":
        return {"timeout": 1.0}
    return {
        "connect_timeout": 2,
        "tcp_user_timeout": 3000,
        "options": "-c statement_timeout=2000 -c lock_timeout=1000"
        " -c idle_in_transaction_session_timeout=5000",
    }


# The goodbye of a process that ends by itself; one that is killed falls silent instead.
atexit.register(stop)
if hasattr(os, "register_at_fork"):
    # Hooks run in the order of their making, and that of ``resilience.forks``, imported by the
    # modules above, is older: the thread finds every lock renewed.
    os.register_at_fork(after_in_child=_begin_again)
