"""An answer that is worked out at most once in a while, however often it is asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from resilience.forks import renew_after_fork

Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """
    Calls ``find`` when the last answer is older than ``seconds``.

    One thread looks and the others take the last answer meanwhile, so a crowd at a public health
    page costs a dependency one question per second.
    """

    def __init__(
        self,
        find: Callable[[], Answer],
        *,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find = find
        self._seconds = seconds
        self._clock = clock
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Forget the answer."""
        self._lock = threading.Lock()
        self._last: tuple[float, Answer] | None = None

    def __call__(self) -> Answer:
        last = self._last
        if last is None:
            with self._lock:
                # Whoever waited here finds the answer of the one who looked.
                return self._last[1] if self._last is not None else self._look()
        if self._clock() < last[0] or not self._lock.acquire(blocking=False):
            return last[1]
        try:
            return self._look()
        finally:
            self._lock.release()

    def _look(self) -> Answer:
        answer = self._find()
        self._last = (self._clock() + self._seconds, answer)
        return answer
