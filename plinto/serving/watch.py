"""
The watch on requests: ``longest`` seconds, then the client is hung up on.

That frees a thread that only waited for the client. A thread that goes on all the same cannot be
ended from outside, so the process finishes its other requests and ends, and another is started.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from plinto.serving import connections

# Time for a thread that was hung up on to notice it.
_NOTICES_WITHIN = 3.0

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Stay:
    """One request of the client at ``peer``: in the hands of ``thread``, or of none yet."""

    peer: str
    thread: int | None = None
    began: float = field(default_factory=time.monotonic)
    is_overdue: bool = False


class Watch:
    """
    Knows every request that is being read or answered.

    ``is_stuck`` is called once, in the thread of the watch, when a thread did not come back.
    """

    def __init__(self, *, longest: float, is_stuck: Callable[[], None]) -> None:
        self._longest = longest
        self._is_stuck = is_stuck
        self._stays: dict[Stay, None] = {}

    def start(self) -> None:
        threading.Thread(target=self._watch, name="request-watch", daemon=True).start()

    def enter(self, stay: Stay) -> None:
        self._stays[stay] = None

    def leave(self, stay: Stay) -> None:
        self._stays.pop(stay, None)

    def is_idle(self) -> bool:
        """Tell whether every request that could end has ended."""
        return all(stay.is_overdue for stay in list(self._stays))

    def _watch(self) -> None:
        pause = min(1.0, self._longest / 4)
        while not self._look():
            time.sleep(pause)
        self._is_stuck()

    def _look(self) -> bool:
        """Hang up on what takes too long, and tell whether some thread did not even notice."""
        now = time.monotonic()
        for stay in list(self._stays):
            over = now - stay.began - self._longest
            if over > _NOTICES_WITHIN and stay.is_overdue:
                if stay.thread is not None:
                    return True
                self.leave(stay)
            if over > 0 and not stay.is_overdue:
                stay.is_overdue = True
                _hang_up(stay)
        return False


def _hang_up(stay: Stay) -> None:
    frame = sys._current_frames().get(stay.thread) if stay.thread is not None else None
    log.error(
        "request.too_long",
        seconds=round(time.monotonic() - stay.began, 1),
        stack=traceback.format_stack(frame) if frame else [],
    )
    connections.hang_up(stay.peer)
