"""
The master: holds the addresses, starts the processes, replaces those that end, stops them in order.

It loads neither Django nor the application, so there is little that could end it. The listening
sockets are its own, opened once and lent to every process: a process that ends takes along no
connection that it had not accepted. Each process has a pipe to it, and either side learns by its
end that the other is gone.
"""

from __future__ import annotations

import contextlib
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from types import FrameType

import structlog

from plinto.kernel.environment import Address
from plinto.serving import options

# A predecessor that was killed leaves processes that need a moment to let go of the address.
_BINDS_WITHIN = 5.0
# A process that ended before it was ready is started again after this pause.
_PAUSE = 1.0
_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Process:
    child: subprocess.Popen[bytes]
    pipe: socket.socket
    number: int
    began: float = field(default_factory=time.monotonic)
    is_ready: bool = False


class Master:
    """Runs ``WEB_WORKERS`` processes that serve the module ``application``."""

    def __init__(self, application: str) -> None:
        self._application = application
        self._listeners: list[socket.socket] = []
        self._selector = selectors.DefaultSelector()
        self._processes: set[_Process] = set()
        self._has_served = False
        self._starts_again_at = 0.0
        self._stops_by: float | None = None

    def is_listening(self) -> bool:
        """Open the addresses; say what stands in the way, and return False, if one is taken."""
        addresses = [each for each in (options.ADDRESS, options.METRICS_ADDRESS) if each]
        for address in addresses:
            try:
                self._listeners.append(_listener(address))
            except OSError as error:
                place = f"{address.host}:{address.port}"
                log.critical("server.cannot_listen", address=place, reason=error.strerror)
                return False
        return True

    def run(self) -> int:
        """Serve until asked to stop; return 0 if every process ended in order."""
        signals = self._signals()
        log.info("server.listening", address=f"{options.ADDRESS.host}:{options.ADDRESS.port}")
        status = 0
        while self._stops_by is None or self._processes:
            self._fill_up()
            for key, _ in self._selector.select(self._patience()):
                if key.fileobj is signals:
                    self._obey(signals.recv(100))
                elif not self._hear(key.data):
                    status = 1
            if self._stops_by is not None and time.monotonic() > self._stops_by:
                status = self._kill()
        return status

    def _signals(self) -> socket.socket:
        """Let signals arrive as bytes of a socket, between two looks at the processes."""
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        self._writer = writer  # kept from being closed
        signal.set_wakeup_fd(writer.fileno())
        for number in _STOPS:
            signal.signal(number, _noted)
        self._selector.register(reader, selectors.EVENT_READ)
        return reader

    def _patience(self) -> float | None:
        if self._stops_by is not None:
            return max(0.0, self._stops_by - time.monotonic()) + 0.01
        is_short = len(self._processes) < options.WORKERS
        return max(0.0, self._starts_again_at - time.monotonic()) if is_short else None

    def _fill_up(self) -> None:
        if self._stops_by is not None or time.monotonic() < self._starts_again_at:
            return
        while len(self._processes) < options.WORKERS:
            self._start()

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        number = min(set(range(options.WORKERS)) - {each.number for each in self._processes})
        lent = [str(listener.fileno()) for listener in self._listeners]
        with theirs:
            theirs.set_inheritable(True)
            child = subprocess.Popen(
                [
                    *(sys.executable, "-m", "plinto.serving.process"),
                    *(self._application, str(theirs.fileno()), str(number), *lent),
                ],
                pass_fds=[theirs.fileno(), *(listener.fileno() for listener in self._listeners)],
            )
        process = _Process(child, ours, number)
        self._processes.add(process)
        self._selector.register(ours, selectors.EVENT_READ, process)

    def _hear(self, process: _Process) -> bool:
        """Note that a process is ready or has ended; return False if it should not have."""
        with contextlib.suppress(ConnectionError):
            if process.pipe.recv(1):
                process.is_ready = self._has_served = True
                return True
        self._selector.unregister(process.pipe)
        process.pipe.close()
        self._processes.remove(process)
        status = process.child.wait()
        if self._stops_by is not None:
            return status in {0, -signal.SIGTERM, -signal.SIGKILL}
        log.error("web_process.ended", process=process.child.pid, status=status)
        if not process.is_ready:
            self._starts_again_at = time.monotonic() + _PAUSE
        # One that was killed says nothing of what it would have served.
        if self._has_served or status < 0:
            return True
        log.critical("server.did_not_start")
        self._obey(bytes([signal.SIGTERM]))
        return False

    def _obey(self, numbers: bytes) -> None:
        """Pass a signal to stop on to the processes; the last of several counts."""
        given = [number for number in numbers if number in _STOPS]
        if not given:
            return
        log.info("server.stops")
        if self._stops_by is None:
            self._stops_by = time.monotonic() + options.DRAINS_FOR + options.FINISHES_WITHIN + 5
        for listener in self._listeners:
            listener.close()
        for process in self._processes:
            process.child.send_signal(given[-1])

    def _kill(self) -> int:
        for process in self._processes:
            log.error("web_process.killed", process=process.child.pid)
            process.child.kill()
        for process in self._processes:
            process.child.wait()
        self._processes.clear()
        return 1


def _listener(address: Address) -> socket.socket:
    end = time.monotonic() + _BINDS_WITHIN
    while True:
        try:
            return _bound(address)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def _bound(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # Inherited by each connection. A client that never reads its answer would otherwise
            # keep its connection for ever: nothing above the kernel looks.
            milliseconds = int(options.KEPT_FOR * 1000)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((address.host, address.port))
        listener.listen(options.BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _noted(_signal: int, _frame: FrameType | None) -> None:
    """Leave it to the loop, which is told of each signal by its socket."""
