"""
What granian does for a web process: connections, HTTP, and the threads in which we answer.

Its server is written in Rust and known by ``granian._granian``, which has no stable interface:
this is the only module that touches it, and ``requirements.in`` keeps granian to one minor
version.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from granian.http import HTTP1Settings

from plinto.serving import options

# Typed by hand here, because the types that granian ships are those of another version.
_granian: Any = importlib.import_module("granian._granian")

# Seconds after which an idle thread ends, and with it what it holds of the database: never.
_FOR_EVER = 10 * 365 * 24 * 3600
_THREADS_OF_GRANIAN = 1
_THREADS_THAT_READ_FILES = 16


class _Loop:
    """What granian takes for an event loop: it calls at once, in the thread that calls it."""

    def call_soon(
        self,
        callback: Callable[..., None],
        *given: Any,
        context: Any = None,  # noqa: ARG002 - granian passes it
    ) -> None:
        callback(*given)

    call_soon_threadsafe = call_soon


class Engine:
    """
    Calls ``take`` in one of ``threads`` threads for each request at ``listener``, an open socket.

    ``take`` is given a watcher with ``scope``, what the client asks, and ``proto``, to read the
    body and to answer; it must not raise. At most ``connections`` are held at once.
    """

    def __init__(
        self, listener: int, take: Callable[[Any], None], *, threads: int, connections: int
    ) -> None:
        self._signal = _granian.WorkerSignal()
        self._has_ended = threading.Event()
        self._signal.add_cb(self._has_ended.set)
        loop = _Loop()
        scheduler = _granian.CallbackScheduler(loop, take, None, None, None)
        scheduler._schedule_fn = take
        worker = _granian.RSGIWorker(
            worker_id=os.getpid(),
            sock=(None, _holder_of(listener)),
            ipc=None,
            threads=_THREADS_OF_GRANIAN,
            blocking_threads=_THREADS_THAT_READ_FILES,
            py_threads=threads,
            py_threads_idle_timeout=_FOR_EVER,
            backpressure=connections,
            http_mode="1",
            http1_opts=HTTP1Settings(
                header_read_timeout=int(options.KEPT_FOR * 1000),
                max_buffer_size=options.HEAD_BYTES,
            ),
        )
        worker.serve_mtr(scheduler, loop, self._signal)

    def stop_listening(self) -> None:
        """Take no more connections, close the idle ones, and answer what was begun."""
        self._signal.set()

    def has_ended(self, *, within: float) -> bool:
        """Tell whether all that was begun is answered, after ``within`` seconds at most."""
        return self._has_ended.wait(within)


def _holder_of(listener: int) -> Any:
    is_unix_socket = False
    if sys.platform.startswith(("linux", "freebsd")):
        return _granian.SocketHolder(listener, is_unix_socket, options.BACKLOG)
    return _granian.SocketHolder(listener, is_unix_socket)
