"""
Clients that keep their connections and ask again as soon as they are answered.

Run as a process of its own, so that its work is not counted as the server's: ``python -m
benchmarks.load`` reads a plan (``Plan.text``) from its standard input and prints one line of JSON,
a tally for each stream. It is one thread over epoll, because two cores have to do for it and for
what it measures. A stream is so many connections that send requests of a list in turn, or each of
which has a chain: the token in an answer goes into the next request.
"""

from __future__ import annotations

import json
import resource
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.wire import Receiver, Refreshing, encoded

ROOT = Path(__file__).resolve().parents[1]
# Whoever has not been answered by then is counted as an error.
_PATIENCE_SECONDS = 35.0
# Seconds from one connection to the next, before the clock starts. Of a thousand that come in one
# instant, the process that wakes first takes up to three quarters, and keeps them.
_PACE_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Stream:
    """
    What some connections ask; with a ``chain`` each begins with a token of ``tokens``.

    ``requests`` are sent in turn over all connections, from the start again after the last one
    unless they are ``once``. ``expects`` is the status that counts as a success, ``mark`` what
    an answer is searched for. They ask for ``lead`` seconds before anything is timed: what is
    timed is a crowd that is there, and not its arrival at a machine that stood still.
    """

    connections: int
    requests: list[dict[str, Any]] = field(default_factory=list)
    once: bool = False
    chain: dict[str, Any] | None = None
    tokens: list[str] = field(default_factory=list)
    expects: int = 200
    mark: str = ""
    lead: float = 0.0


@dataclass(slots=True)
class Tally:
    """
    What the clients of a stream saw.

    All answers are counted; ``timed`` successes, ``seconds`` and latencies, in milliseconds, are
    of what came after the lead.
    """

    answered: int = 0
    as_expected: int = 0
    errors: int = 0
    server_errors: int = 0
    marked: int = 0
    timed: int = 0
    seconds: float = 0.0
    p50: float = 0.0
    p99: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Successes a second."""
        return self.timed / self.seconds if self.seconds else 0.0


class _Crowd:
    """The connections of a stream and their tally."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._chain = Refreshing(**stream.chain) if stream.chain else None
        self._requests = [encoded(**request) for request in stream.requests]
        self._tokens = list(stream.tokens)
        self._next = 0
        self._expects, self._mark = b"%d" % stream.expects, stream.mark.encode()
        self.tally = Tally()
        self.latencies: list[float] = []
        self.timed_from = self.last_at = 0.0

    def following(self, number: int) -> bytes | None:
        """Make the next request of a connection; None when there is no more to ask."""
        if self._chain:
            return self._chain.request(self._tokens[number])
        if self._next == len(self._requests) and not self._stream.once:
            self._next = 0
        if self._next >= len(self._requests):
            return None
        self._next += 1
        return self._requests[self._next - 1]

    def note(self, number: int, status: bytes, received: bytes, seconds: float) -> None:
        tally = self.tally
        tally.answered += 1
        is_timed = self.last_at >= self.timed_from
        if is_timed:
            self.latencies.append(seconds)
        tally.marked += bool(self._mark) and self._mark in received
        if status == self._expects:
            tally.as_expected += 1
            tally.timed += is_timed
            if self._chain:
                self._tokens[number] = self._chain.successor(received)
            return
        tally.server_errors += status[:1] == b"5"
        tally.statuses[status.decode()] = tally.statuses.get(status.decode(), 0) + 1

    def finished(self, seconds: float) -> Tally:
        ordered = sorted(self.latencies) or [0.0]
        tally = self.tally
        tally.seconds = seconds
        tally.p50 = ordered[len(ordered) // 2] * 1000
        tally.p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000
        tally.tokens = self._tokens
        return tally


class _Connection:
    """One connection, one request at a time."""

    __slots__ = ("_began", "_receiver", "_socket", "crowd", "is_waiting", "number")

    def __init__(self, crowd: _Crowd, number: int) -> None:
        self.crowd, self.number = crowd, number
        self.is_waiting = False

    def open(self, port: int, poll: select.epoll) -> int:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(self._socket, select.EPOLLIN)
        return self._socket.fileno()

    def ask(self) -> None:
        request = self.crowd.following(self.number)
        if request is not None:
            self._receiver = Receiver()
            self.is_waiting = True
            self._began = time.perf_counter()
            self._socket.sendall(request)

    def hear(self) -> bool:
        """Take what came; tell whether the connection still stands."""
        chunk = self._socket.recv(262_144)
        if not chunk:
            self.crowd.tally.errors += self.is_waiting
            return False
        if self._receiver.is_whole(chunk):
            self.is_waiting = False
            now = self.crowd.last_at = time.perf_counter()
            received = self._receiver.received
            self.crowd.note(self.number, self._receiver.status, received, now - self._began)
            return not self._receiver.is_last
        return True

    def close(self) -> None:
        self.is_waiting = False
        self._socket.close()


def press(port: int, streams: list[Stream], seconds: float) -> list[Tally]:
    """Ask ``port`` in so many streams at once for so long, and tally the answers of each."""
    crowds = [_Crowd(stream) for stream in streams]
    poll = select.epoll()
    opened: dict[int, _Connection] = {}
    for crowd, stream in zip(crowds, streams, strict=True):
        for number in range(stream.connections):
            made = _Connection(crowd, number)
            opened[made.open(port, poll)] = made
            time.sleep(_PACE_SECONDS)
    began = time.perf_counter() + max(stream.lead for stream in streams)
    for crowd in crowds:
        crowd.timed_from = began
    for connection in opened.values():
        connection.ask()
    _converse(opened, poll, began + seconds, lambda made: made.open(port, poll))
    for connection in opened.values():
        connection.crowd.tally.errors += connection.is_waiting
        connection.close()
    passed = time.perf_counter() - began
    return [
        crowd.finished(crowd.last_at - began if stream.once and crowd.last_at else passed)
        for crowd, stream in zip(crowds, streams, strict=True)
    ]


def _converse(
    opened: dict[int, _Connection],
    poll: select.epoll,
    ends_at: float,
    reopen: Callable[[_Connection], int],
) -> None:
    while time.perf_counter() < ends_at + _PATIENCE_SECONDS:
        is_over = time.perf_counter() >= ends_at
        if not any(made.is_waiting for made in opened.values()) if is_over else not opened:
            return
        arrived = poll.poll(0.5)
        if not arrived and not any(made.is_waiting for made in opened.values()):
            return
        for number, _ in arrived:
            connection = opened[number]
            try:
                stands = connection.hear()
            except OSError:
                connection.crowd.tally.errors += 1
                stands = False
            if not stands:
                connection.close()
                del opened[number]
                if time.perf_counter() >= ends_at:
                    continue
                try:
                    opened[reopen(connection)] = connection
                except OSError:
                    connection.crowd.tally.errors += 1
                    continue
            if not connection.is_waiting and time.perf_counter() < ends_at:
                connection.ask()


def asked(port: int, streams: list[Stream], seconds: float) -> list[Tally]:
    """Press from a process of its own."""
    plan = {"port": port, "seconds": seconds, "streams": [asdict(each) for each in streams]}
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        cwd=ROOT,
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + _PATIENCE_SECONDS + 60,
    )
    return [Tally(**each) for each in json.loads(answer.stdout)]


def main() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    plan = json.load(sys.stdin)
    streams = [Stream(**each) for each in plan["streams"]]
    print(json.dumps([asdict(each) for each in press(plan["port"], streams, plan["seconds"])]))


if __name__ == "__main__":
    main()
