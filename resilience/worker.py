"""
The process that does what requests only wrote down.

Apps register queues and chores when Django starts; ``manage.py run_worker`` works on them, in as
many processes on as many machines as wanted. Each queue has a thread of its own, because a mail
server that hangs must not hold up webhooks, and so has each chore that may be slow. Nothing ends
the loop but a signal: a database outage, or a fault in one row, is logged and waited out.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

import structlog
from django.db import close_old_connections, connections
from django.utils import timezone

from resilience import backoff
from resilience.turns import Outcome, turns

log = structlog.get_logger(__name__)

IDLE_SECONDS = 0.5
_TROUBLE_BASE = timedelta(seconds=0.5)
_TROUBLE_CAP = timedelta(seconds=15)
# Workers that start together must not all trim at the same moment.
_FIRST_CHORE_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """What a queue is given to work with: a clock, and whether the worker wants to stop."""

    clock: Callable[[], datetime] = timezone.now
    is_ending: Callable[[], bool] = lambda: False


class Queue(Protocol):
    """Rows that come due and what is done with them."""

    @property
    def name(self) -> str: ...

    def run_due(self, shift: Shift) -> int:
        """Work on one small batch of due rows; return how many were claimed, 0 when idle."""
        ...


@runtime_checkable
class Draining(Protocol):
    """A queue that has rows under way when ``run_due`` returns."""

    def drain(self) -> None:
        """Wait until what has begun is finished, within a bound of its own."""
        ...


@dataclass(frozen=True, slots=True)
class Chore:
    """
    Something to do every so often, such as trimming a table.

    Every worker does it, so it must be harmless to do twice. ``run`` returns how many rows it
    touched. One that may be slow, because it asks somebody outside, has a thread of its own;
    the others take turns on one.
    """

    name: str
    every: timedelta
    run: Callable[[datetime], int]
    is_slow: bool = False


@dataclass(frozen=True, slots=True)
class Roster:
    """The queues and chores of a deployment; one of each name."""

    queues: dict[str, Queue] = field(default_factory=dict)
    chores: dict[str, Chore] = field(default_factory=dict)

    def add_queue(self, queue: Queue) -> None:
        self.queues[queue.name] = queue

    def add_chore(self, chore: Chore) -> None:
        self.chores[chore.name] = chore


roster = Roster()


class Stop:
    """
    A request to stop, safe to make in a signal handler.

    threading.Event is not: its lock may be held by the very thread the handler interrupts.
    """

    def __init__(self) -> None:
        self._asked = False

    def ask(self) -> None:
        self._asked = True

    def is_asked(self) -> bool:
        return self._asked

    def wait(self, seconds: float) -> bool:
        """Sleep for ``seconds``, or about half a second longer than until ``ask``."""
        end = time.monotonic() + seconds
        while not self._asked and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, IDLE_SECONDS))
        return self._asked


def run_until_idle(queues: Iterable[Queue], *, shift: Shift) -> int:
    """
    Work on the calling thread until no queue has a due row; return how many were claimed.

    Errors are raised, not waited out: whoever calls this watches.
    """
    total = 0
    for queue in queues:
        while not shift.is_ending() and (claimed := queue.run_due(shift)):
            total += claimed
        _drain(queue)
    return total


def _drain(queue: Queue) -> None:
    if isinstance(queue, Draining):
        queue.drain()


class Worker:
    """Runs queues and chores until ``stop`` is asked for; what has begun is finished first."""

    def __init__(
        self,
        *,
        queues: Iterable[Queue],
        chores: Iterable[Chore],
        stop: Stop,
        clock: Callable[[], datetime] = timezone.now,
        monotonic: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._queues = list(queues)
        self._chores = list(chores)
        self._stop = stop
        self._shift = Shift(clock=clock, is_ending=stop.is_asked)
        self._monotonic = monotonic
        self._draw = draw

    def run(self) -> None:
        """Return when ``stop`` was asked for and every thread has finished its row."""
        threads = [
            threading.Thread(target=self._serve, args=(queue,), name=f"queue-{queue.name}")
            for queue in self._queues
        ]
        threads += [
            threading.Thread(target=self._keep_house, args=([chore],), name=f"chore-{chore.name}")
            for chore in self._chores
            if chore.is_slow
        ]
        for thread in threads:
            thread.start()
        log.info("worker.started", queues=[queue.name for queue in self._queues])
        self._keep_house([chore for chore in self._chores if not chore.is_slow])
        for thread in threads:
            thread.join()
        log.info("worker.stopped")

    def _serve(self, queue: Queue) -> None:
        failures = 0
        while not self._stop.is_asked():
            claimed = self._attempt(queue.name, lambda: queue.run_due(self._shift))
            failures = 0 if claimed is not None else failures + 1
            if not claimed:
                self._stop.wait(self._pause(failures))
        _drain(queue)
        connections.close_all()

    def _keep_house(self, chores: Sequence[Chore]) -> None:
        started = self._monotonic()
        due = {
            chore.name: started
            + min(chore.every, _FIRST_CHORE_WITHIN).total_seconds() * self._draw()
            for chore in chores
        }
        while not self._stop.wait(IDLE_SECONDS):
            for chore in chores:
                if self._monotonic() < due[chore.name]:
                    continue
                due[chore.name] = self._monotonic() + chore.every.total_seconds()
                self._do(chore)
        connections.close_all()

    def _do(self, chore: Chore) -> None:
        touched = self._attempt(chore.name, lambda: chore.run(self._shift.clock()))
        if touched:
            log.info("chore.done", chore=chore.name, rows=touched)

    def _attempt(self, name: str, act: Callable[[], int]) -> int | None:
        try:
            claimed = act()
        except Exception:
            log.exception("worker.turn_failed", turn=name)
            turns.note(name, Outcome.FAILED)
            return None
        else:
            turns.note(name, Outcome.DONE)
            return claimed
        finally:
            # Hands the connection back: a dead one would fail every later turn, and an idle
            # worker must not keep one of the server's few.
            close_old_connections()

    def _pause(self, failures: int) -> float:
        if not failures:
            return IDLE_SECONDS
        wait = backoff.delay(
            attempt=failures, base=_TROUBLE_BASE, cap=_TROUBLE_CAP, draw=self._draw
        )
        return max(IDLE_SECONDS, wait.total_seconds())
