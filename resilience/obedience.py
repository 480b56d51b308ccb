"""What this process does about orders: it forces, frees and resets its breakers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime

import structlog

from resilience import breakers, orders
from resilience.breaker import Breaker
from resilience.forks import renew_after_fork
from resilience.models import CircuitOrder
from resilience.orders import Act

log = structlog.get_logger(__name__)

_NONE = 0


class Obedience:
    """
    Remembers the order that each breaker obeyed last, so that none is obeyed twice.

    A rehearsal ends on a timer of its own, which runs on the monotonic clock and asks nobody: a
    database that hangs, or a wall clock that is set, must not prolong an outage on purpose.
    """

    def __init__(self) -> None:
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Forget everything; timers of before a fork do not exist after it."""
        self._lock = threading.Lock()
        self._obeyed: dict[str, tuple[Breaker, int]] = {}
        self._timers: dict[str, threading.Timer] = {}

    def follow(self, newest: Iterable[CircuitOrder], *, now: datetime) -> None:
        """
        Act on the newest order of each breaker, unless that was done.

        A breaker that is new here adopts a forced state that holds; a release or a reset was
        meant for breakers of before its time.
        """
        ordered = {order.breaker: order for order in newest}
        for breaker in breakers.every():
            order = ordered.get(breaker.name)
            met, last = self._obeyed.get(breaker.name, (None, _NONE))
            is_known = met is breaker
            number = order.id if order is not None else _NONE
            if is_known and number == last:
                continue
            with self._lock:
                if order is not None and (is_known or orders.holds(order, now=now)):
                    self._obey(breaker, order, now=now)
                self._obeyed[breaker.name] = (breaker, number)

    def stop(self) -> None:
        """Let no timer fire any more."""
        with self._lock:
            for timer in self._timers.values():
                timer.cancel()
            self._timers.clear()

    def _obey(self, breaker: Breaker, order: CircuitOrder, *, now: datetime) -> None:
        timer = self._timers.pop(breaker.name, None)
        if timer is not None:
            timer.cancel()
        if orders.holds(order, now=now) and order.ends_at is not None:
            # Before the breaker is forced: without a thread to end it, it must not begin.
            self._end_after((order.ends_at - now).total_seconds(), breaker, order)
        act, reason = _ACTS[Act(order.act)], order.reason or order.get_act_display().lower()
        if order.act in orders.FORCED and not orders.holds(order, now=now):
            act = _free
        act(breaker, reason)
        log.warning("order.obeyed", breaker=breaker.name, act=order.act, order=order.id)

    def _end_after(self, seconds: float, breaker: Breaker, order: CircuitOrder) -> None:
        timer = threading.Timer(seconds, self._end, args=(breaker, order.id))
        timer.name, timer.daemon = f"rehearsal-{breaker.name}", True
        timer.start()
        self._timers[breaker.name] = timer

    def _end(self, breaker: Breaker, number: int) -> None:
        with self._lock:
            # A later order may have come while this thread waited for the lock.
            if self._obeyed.get(breaker.name) != (breaker, number):
                return
            self._timers.pop(breaker.name, None)
            breaker.automatic()
        log.warning("rehearsal.ended", breaker=breaker.name, order=number)


def _free(breaker: Breaker, _reason: str) -> None:
    breaker.automatic()


_ACTS: dict[Act, Callable[[Breaker, str], None]] = {
    Act.FORCE_OPEN: lambda breaker, reason: breaker.force_open(reason=reason),
    Act.FORCE_CLOSED: lambda breaker, reason: breaker.force_closed(reason=reason),
    Act.AUTOMATIC: _free,
    Act.RESET: lambda breaker, _reason: breaker.reset(),
}
