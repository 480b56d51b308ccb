"""
Bodies of requests, read by granian while no thread of ours waits.

A short body that announces its length is collected whole; granian says when its client left before
the end. Others are taken piece by piece: a chunked one announces no length, so it is read only up
to the bound, and what all the long ones hold together has a bound as well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

Environ = dict[str, Any]
# Bytes of a body that is not worth the care that long ones get.
_SHORT = 64 << 10
# Bytes that the long bodies of a process hold together; one more is answered 400.
_MOST_HELD = 64 << 20
# Takes the body, or None for one whose end never came.
Then = Callable[[bytes | None], None]


class Bodies:
    """Reads bodies of ``most`` bytes; of longer ones as much as shows that they are longer."""

    def __init__(self, *, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._held = 0

    def is_announced(self, environ: Environ) -> bool:
        """Tell whether there is a body to read; one that is too long by its own word is not."""
        length = environ.get("CONTENT_LENGTH")
        if length is None:
            return "HTTP_TRANSFER_ENCODING" in environ
        return 0 < int(length) <= self.most

    def read(self, protocol: Any, environ: Environ, then: Then) -> None:
        """Call ``then`` once the body is there, in some thread of the server."""
        length = environ.get("CONTENT_LENGTH")
        if length is not None and int(length) <= _SHORT:
            protocol().add_done_callback(partial(_hand_on, then))
        else:
            _Pieces(protocol, None if length is None else int(length), self, then).go_on()

    def hold(self, size: int) -> bool:
        """Note ``size`` bytes of a long body, and tell whether there is room for them."""
        with self._lock:
            self._held += size
            return self._held <= _MOST_HELD

    def let_go(self, size: int) -> None:
        with self._lock:
            self._held -= size


def _hand_on(then: Then, future: Any) -> None:
    then(None if future.exception() else future.result())


class _Pieces:
    """
    The pieces of a long body, or of a chunked one, whose ``length`` is None.

    granian ends the pieces with an empty one, and has an empty one as well for a connection that
    broke: a chunked body with more than one has no end that can be believed.
    """

    def __init__(self, protocol: Any, length: int | None, bodies: Bodies, then: Then) -> None:
        self._pieces = aiter(protocol)
        self._length = length
        self._bodies = bodies
        self._then = then
        self._taken: list[bytes] = []
        self._size = 0
        self._empty = 0

    def go_on(self) -> None:
        """Take what is there, and come back when there is more."""
        while True:
            try:
                future = self._pieces.__anext__()
            except StopAsyncIteration:
                is_whole = self._empty <= 1 and self._length in {None, self._size}
                self._end(b"".join(self._taken) if is_whole else None)
                return
            if not future.done():
                future.add_done_callback(self._come_back)
                return
            if not self._is_wanting_more_after(future):
                return

    def _come_back(self, future: Any) -> None:
        if self._is_wanting_more_after(future):
            self.go_on()

    def _is_wanting_more_after(self, future: Any) -> bool:
        piece = b"" if future.exception() else future.result()
        self._taken.append(piece)
        self._size += len(piece)
        self._empty += not piece
        if not self._bodies.hold(len(piece)):
            self._end(None)
            return False
        if self._size > self._bodies.most:
            self._end(b"".join(self._taken))
            return False
        return True

    def _end(self, body: bytes | None) -> None:
        self._taken.clear()
        try:
            self._then(body)
        finally:
            self._bodies.let_go(self._size)
