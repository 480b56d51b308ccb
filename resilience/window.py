"""The share of bad calls among the calls of the last seconds."""

from __future__ import annotations

from collections import deque

_SLICES = 10


class Window:
    """
    Counts over a sliding window, cut into ten slices.

    Good calls are not recorded one by one: the owner keeps a running total, and each slice
    remembers what that total was when it began. ``ends_at`` is when the running slice is over,
    so that a good call costs the owner one comparison and no lock.
    """

    def __init__(self, *, seconds: float) -> None:
        self._width = seconds / _SLICES
        self._slices: deque[list[float]] = deque(maxlen=_SLICES)  # [began_at, total before, bad]
        self.ends_at = 0.0

    def clear(self) -> None:
        self._slices.clear()
        self.ends_at = 0.0

    def roll(self, *, now: float, total: int) -> None:
        """Begin a new slice if the running one is over; ``total`` counts the calls so far."""
        if now < self.ends_at:
            return
        oldest = now - self._width * _SLICES
        while self._slices and self._slices[0][0] <= oldest:
            self._slices.popleft()
        self._slices.append([now, total, 0])
        self.ends_at = now + self._width

    def note_bad(self, *, now: float, total: int) -> tuple[int, int]:
        """
        Record one bad call, already part of ``total``, and return (bad calls, calls) of the window.
        """
        self.roll(now=now, total=total - 1)
        self._slices[-1][2] += 1
        return int(sum(one[2] for one in self._slices)), total - int(self._slices[0][1])
