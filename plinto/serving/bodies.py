"""
Bodies of requests, read by granian while no thread of ours waits.

A body that announces its length is collected whole; granian says when its client left before the
end. A chunked one announces none, so it is taken piece by piece and only up to the bound.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

Environ = dict[str, Any]
# Takes the body, or None for one whose end never came.
Then = Callable[[bytes | None], None]


class Bodies:
    """Reads bodies of ``most`` bytes; of longer ones as much as shows that they are longer."""

    def __init__(self, *, most: int) -> None:
        self._most = most

    def is_announced(self, environ: Environ) -> bool:
        """Tell whether there is a body to read; one that is too long by its own word is not."""
        length = environ.get("CONTENT_LENGTH")
        if length is None:
            return "HTTP_TRANSFER_ENCODING" in environ
        return 0 < int(length) <= self._most

    def read(self, protocol: Any, environ: Environ, then: Then) -> None:
        """Call ``then`` once the body is there, in some thread of the server."""
        if "CONTENT_LENGTH" in environ:
            protocol().add_done_callback(partial(_hand_on, then))
        else:
            _Chunks(protocol, self._most, then).go_on()


def _hand_on(then: Then, future: Any) -> None:
    then(None if future.exception() else future.result())


class _Chunks:
    """
    The pieces of a chunked body.

    granian ends the pieces with an empty one, and has an empty one as well for a connection that
    broke: a body with more than one has no end that can be believed.
    """

    def __init__(self, protocol: Any, most: int, then: Then) -> None:
        self._pieces = aiter(protocol)
        self._most = most
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
                self._then(b"".join(self._taken) if self._empty <= 1 else None)
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
        if future.exception():
            self._then(None)
            return False
        piece = future.result()
        self._taken.append(piece)
        self._size += len(piece)
        self._empty += not piece
        if self._size > self._most:
            self._then(b"".join(self._taken))
            return False
        return True
