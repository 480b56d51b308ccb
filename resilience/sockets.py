"""A socket whose timeout is kept by the kernel."""

from __future__ import annotations

import socket
import struct
from typing import Any


class KernelTimedSocket(socket.socket):
    """
    A connection whose timeout is of the socket itself (``SO_RCVTIMEO`` and ``SO_SNDTIMEO``).

    Python keeps a timeout by a poll before each call. Here the call itself waits, which makes two
    system calls of four for a command and its answer; and each that is spared is one moment less
    at which another thread takes the interpreter. What waited for too long is a ``TimeoutError``,
    as ever.
    """

    _seconds: float | None = None

    @classmethod
    def of(cls, opened: socket.socket) -> KernelTimedSocket:
        """Take a connection over, with its timeout; the object that had it is closed."""
        seconds = opened.gettimeout()
        made = cls(fileno=opened.detach())
        made.settimeout(seconds)
        return made

    def gettimeout(self) -> float | None:
        return self._seconds

    def settimeout(self, value: float | None, /) -> None:
        """Wait so many seconds for each call, for ever with ``None``, not at all with nothing."""
        self._seconds = value
        if value == 0:
            super().settimeout(0)
            return
        super().settimeout(None)
        # To the kernel no time at all means no limit.
        whole, part = divmod(max(1, round((value or 0) * 1e6)) if value else 0, 1_000_000)
        limit = struct.pack("ll", whole, part)
        self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)

    def recv_into(self, *args: Any) -> int:
        try:
            return super().recv_into(*args)
        except BlockingIOError as error:
            raise self._judged(error) from None

    def recv(self, *args: Any) -> bytes:
        try:
            return super().recv(*args)
        except BlockingIOError as error:
            raise self._judged(error) from None

    def sendall(self, *args: Any) -> None:
        try:
            super().sendall(*args)
        except BlockingIOError as error:
            raise self._judged(error) from None

    def _judged(self, error: BlockingIOError) -> OSError:
        return TimeoutError("timed out") if self._seconds else error
