"""Answers too long for one piece: the client's pace is the pace at which they are made."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios
from collections.abc import Callable, Iterable

# Answers up to this many bytes are sent as one piece.
PIECE = 1 << 20
_LOOKS_EVERY_MS = 500


class Overdue(Exception):
    """The answer took longer than a request may."""


class Pipe:
    """
    What is written here, granian reads as if from a file, and only as fast as the client reads.

    Its own way to stream has no bound: a client that does not read would fill the memory.
    """

    def __init__(self) -> None:
        self._end, self._mouth = os.pipe()
        os.set_blocking(self._mouth, False)
        self._written = 0
        self._is_read = False

    @property
    def path(self) -> str:
        return f"/dev/fd/{self._end}"

    def write(self, chunk: bytes, *, is_overdue: Callable[[], bool]) -> None:
        """
        Hand over ``chunk``, and wait until there is room for it.

        :raises BrokenPipeError: the client has left
        :raises Overdue: ``is_overdue`` said so
        """
        rest = memoryview(chunk)
        while rest:
            if is_overdue():
                raise Overdue
            self._let_go_of_the_end()
            try:
                count = os.write(self._mouth, rest)
            except BlockingIOError:
                waiting = select.poll()
                waiting.register(self._mouth, select.POLLOUT)
                waiting.poll(_LOOKS_EVERY_MS)
                continue
            self._written += count
            rest = rest[count:]

    def close(self) -> None:
        """
        Tell the server that nothing more comes.

        An end that it never opened stays open: its number would go to the next file that this
        process opens, and be read in place of the answer.
        """
        self._let_go_of_the_end()
        os.close(self._mouth)

    def _let_go_of_the_end(self) -> None:
        """Close the copy of the end once the server has opened its own, so its leaving is seen."""
        if self._is_read or not self._written:
            return
        [left] = struct.unpack("i", fcntl.ioctl(self._end, termios.FIONREAD, b"\0\0\0\0"))
        if left < self._written:
            self._is_read = True
            os.close(self._end)


def begin(chunks: Iterable[bytes]) -> tuple[bytes, bool]:
    """Gather what fits into one piece, and tell whether it is all."""
    gathered, size = [], 0
    for chunk in chunks:
        gathered.append(chunk)
        size += len(chunk)
        if size > PIECE:
            return b"".join(gathered), False
    return b"".join(gathered), True
