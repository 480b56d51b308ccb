"""Whether this process was asked to stop and only finishes what it has begun."""

from __future__ import annotations


class Stopping:
    """False until ``begin``; safe to set in a signal handler."""

    def __init__(self) -> None:
        self._has_begun = False

    def begin(self) -> None:
        self._has_begun = True

    def __bool__(self) -> bool:
        return self._has_begun


stopping = Stopping()
