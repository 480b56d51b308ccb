"""
The web process: Gunicorn's threaded worker with an end that loses nothing and a watch on threads.

Asked to stop, it first tells balancers: ``/health/ready`` answers 503 and every answer closes its
connection, while new ones are still taken for ``drains_for`` seconds. Gunicorn by itself stops
listening at once, and whoever had not heard of it yet is refused.

A request may take ``longest_request`` seconds. Then its client is hung up on, which frees a thread
that only waited for the client. A thread that goes on all the same cannot be ended from outside,
so the process finishes its other requests and ends, and Gunicorn starts another. Gunicorn's own
timeout does not see such a thread: it watches the loop that accepts connections.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import structlog
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from plinto.kernel.stopping import stopping

# Time for a thread that was hung up on to notice it, and for the requests of the others to end.
_NOTICES_WITHIN = 3.0
_OTHERS_END_WITHIN = 10.0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Stay:
    """One connection in the hands of a thread; ``is_overdue`` once it was hung up on."""

    connection: Any
    began: float = field(default_factory=time.monotonic)
    is_overdue: bool = False


class WebProcess(ThreadWorker):  # type: ignore[misc]  # no types
    """Both times are seconds and stand in ``deploy/gunicorn.conf.py``."""

    drains_for: float
    longest_request: float
    _stops_at: float | None = None

    def init_process(self) -> None:
        self._stays: dict[int, _Stay] = {}
        threading.Thread(target=self._watch, name="request-watch", daemon=True).start()
        super().init_process()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        is_first = self._stops_at is None and self.drains_for
        if is_first:
            # Beyond this many idle connections Gunicorn answers with "Connection: close". Set
            # first, so that who is told of the stop is told to come on another connection too.
            self.max_keepalived = 0
            self._stops_at = time.monotonic() + self.drains_for
        stopping.begin()
        if not is_first:
            super().handle_exit(sig, frame)

    def notify(self) -> None:
        """Report to the master, about once a second, and stop when it is time."""
        super().notify()
        if self.alive and self._stops_at is not None and time.monotonic() >= self._stops_at:
            self._stop_listening()

    def handle(self, conn: Any) -> Any:
        """Serve one request of a connection, in a thread, with an eye on the clock."""
        thread = threading.get_ident()
        self._stays[thread] = _Stay(conn)
        try:
            return super().handle(conn)
        finally:
            del self._stays[thread]

    def _stop_listening(self) -> None:
        self.alive = False
        self.method_queue.defer(lambda: None)  # wakes the loop

    def _watch(self) -> None:
        pause = min(1.0, self.longest_request / 4)
        while not self._is_stuck():
            time.sleep(pause)
        self._end()

    def _is_stuck(self) -> bool:
        """Hang up on what takes too long, and tell whether some thread did not even notice."""
        now = time.monotonic()
        for thread, stay in list(self._stays.items()):
            over = now - stay.began - self.longest_request
            if over > _NOTICES_WITHIN and stay.is_overdue:
                return True
            if over > 0 and not stay.is_overdue:
                stay.is_overdue = True
                _hang_up(thread, stay)
        return False

    def _end(self) -> None:
        """Finish the requests that can be finished, and leave without the thread that cannot."""
        log.critical("web_process.ends", reason="a thread does not come back")
        stopping.begin()
        self._stop_listening()
        began = time.monotonic()
        while (passed := time.monotonic() - began) < _OTHERS_END_WITHIN:
            others = [stay for stay in list(self._stays.values()) if not stay.is_overdue]
            if passed > STOP_KEEPALIVE_LINGER and not others:
                break
            time.sleep(0.1)
        # sys.exit would wait for the thread.
        os._exit(1)


def _hang_up(thread: int, stay: _Stay) -> None:
    frame = sys._current_frames().get(thread)
    log.error(
        "request.too_long",
        seconds=round(time.monotonic() - stay.began, 1),
        stack=traceback.format_stack(frame) if frame else [],
    )
    try:
        stay.connection.sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client left, and the thread has yet to notice
