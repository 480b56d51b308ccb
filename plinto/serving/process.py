"""
One web process; the master calls ``python -m plinto.serving.process MODULE PIPE NUMBER SOCKET…``.

Asked to stop, it first tells balancers: ``/health/ready`` answers 503 and every answer closes its
connection, while new ones are still taken for ``DRAIN_SECONDS``. Then it takes no more, finishes
what was begun, and ends.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import logging
import os
import resource
import signal
import socket
import sys
import threading
import time
import traceback
from types import FrameType

import structlog
from django.conf import settings

from plinto.kernel.stopping import stopping
from plinto.serving import options
from plinto.serving.cores import staying
from plinto.serving.engine import Engine
from plinto.serving.gateway import Application, Gateway
from plinto.serving.lanes import Lane
from plinto.serving.watch import Watch

# What the master reads from the pipe, once this process takes connections.
READY = b"r"
# The exit status of a process whose application did not load.
DID_NOT_LOAD = 3
# Files that a process holds open besides the connections of clients.
_OTHER_FILES = 256
_OTHERS_END_WITHIN = 10.0

log = structlog.get_logger(__name__)


class WebProcess:
    """Serves ``application`` at ``listeners``: the public one, and that of METRICS_BIND."""

    def __init__(
        self, application: Application, listeners: list[int], *, number: int, most: int
    ) -> None:
        self._watch = Watch(longest=options.LONGEST_REQUEST, is_stuck=self._leave_a_thread_behind)
        self._asked = threading.Event()
        self._is_urgent = threading.Event()
        self._engines = []
        # One hashes in each slot, and one prepares what comes next.
        lane = Lane(threads=settings.HASH_SLOTS + 1)
        places = [(options.ADDRESS, options.THREADS)]
        if options.METRICS_ADDRESS is not None:
            places.append((options.METRICS_ADDRESS, 1))
        for listener, (address, threads) in zip(listeners, places, strict=True):
            gateway = Gateway(
                application,
                address=address,
                is_private=address is options.METRICS_ADDRESS,
                most=most,
                watch=self._watch,
                lane=lane,
            )
            take = staying(gateway.take, number)
            self._engines.append(Engine(listener, take, threads=threads, connections=_room()))

    def run(self, pipe: socket.socket) -> int:
        """Serve until asked to stop, or until the master is gone; return the exit status."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop_at_once)
        signal.signal(signal.SIGQUIT, self._stop_at_once)
        self._watch.start()
        threading.Thread(target=self._follow, args=(pipe,), name="master", daemon=True).start()
        with contextlib.suppress(ConnectionError):
            pipe.send(READY)
        self._asked.wait()
        self._is_urgent.wait(options.DRAINS_FOR)
        return self._finish()

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        stopping.begin()
        if self._asked.is_set():
            self._is_urgent.set()
        self._asked.set()

    def _stop_at_once(self, _signal: int, _frame: FrameType | None) -> None:
        os._exit(0)

    def _follow(self, pipe: socket.socket) -> None:
        """Stop without draining when the master is gone: the next one wants the address."""
        # Reset, where the master was killed before it had read that this process is ready.
        with contextlib.suppress(ConnectionError):
            pipe.recv(1)
        stopping.begin()
        self._is_urgent.set()
        self._asked.set()

    def _finish(self) -> int:
        end = time.monotonic() + options.FINISHES_WITHIN
        for engine in self._engines:
            engine.stop_listening()
        for engine in self._engines:
            if not engine.has_ended(within=max(0.0, end - time.monotonic())):
                log.error("web_process.cut_off", seconds=options.FINISHES_WITHIN)
                logging.shutdown()
                os._exit(1)
        return 0

    def _leave_a_thread_behind(self) -> None:
        """Finish the requests that can be finished, and end without the thread that cannot."""
        log.critical("web_process.ends", reason="a thread does not come back")
        stopping.begin()
        for engine in self._engines:
            engine.stop_listening()
        end = time.monotonic() + _OTHERS_END_WITHIN
        while time.monotonic() < end and not self._watch.is_idle():
            time.sleep(0.1)
        # A moment for the last answers to be sent. sys.exit would wait for the thread.
        time.sleep(0.5)
        os._exit(1)


def _room() -> int:
    """Return how many connections this process may hold, as far as its open files go."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = options.CONNECTIONS + _OTHER_FILES
    if most != resource.RLIM_INFINITY:
        files = min(files, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    return max(files - _OTHER_FILES, 64)


def _leave_at_once() -> None:
    """
    End the process without taking the interpreter down around granian's threads.

    They would be ended within Rust, which is an abort. Whatever else is to be done at the end was
    registered later, and is done before.
    """
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


def main() -> int:
    """Load the application, serve, and return the exit status."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    name, pipe, number, *listeners = sys.argv[1:]
    atexit.register(_leave_at_once)
    try:
        application = importlib.import_module(name).application
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    except Exception:  # noqa: BLE001 - whatever it is, the master must not take it for a crash
        traceback.print_exc()
        atexit.unregister(_leave_at_once)
        return DID_NOT_LOAD
    process = WebProcess(
        application, [int(listener) for listener in listeners], number=int(number), most=most
    )
    return process.run(socket.socket(fileno=int(pipe)))


if __name__ == "__main__":
    sys.exit(main())
