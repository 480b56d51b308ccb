"""
Clients that keep their connections and ask again as soon as they are answered.

Run as a process of its own, so that its work is not counted as the server's:
``python -m benchmarks.load PORT CONNECTIONS SECONDS`` prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field

_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
# Whoever has not been answered by then is counted as an error.
_PATIENCE_SECONDS = 35.0


@dataclass(slots=True)
class Tally:
    """What the clients saw; latencies in milliseconds."""

    answered: int = 0
    errors: int = 0
    server_errors: int = 0
    found: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)


class Client(asyncio.Protocol):
    """One connection, one request at a time, until the end."""

    def __init__(self, tally: Tally, *, ends_at: float, done: asyncio.Event) -> None:
        self._tally, self._ends_at, self._done = tally, ends_at, done
        self._received = b""
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, chunk: bytes) -> None:
        self._received += chunk
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or len(body) < _length(head):
            return
        now = time.perf_counter()
        tally = self._tally
        tally.answered += 1
        tally.latencies.append((now - self._began) * 1000)
        tally.server_errors += head[9:10] == b"5"
        tally.found += b'"found": 3' in body
        if now < self._ends_at:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        self._tally.errors += time.perf_counter() < self._ends_at
        self._done.set()

    def _ask(self) -> None:
        self._received = b""
        self._began = time.perf_counter()
        self._transport.write(_REQUEST)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    raise ValueError("The answer does not say how long it is.")


async def press(port: int, *, connections: int, seconds: float) -> Tally:
    """Ask ``port`` over so many connections at once for so long, and tally the answers."""
    tally, loop = Tally(), asyncio.get_running_loop()
    began = time.perf_counter()
    clients = []
    for _ in range(connections):
        done = asyncio.Event()
        made = Client(tally, ends_at=began + seconds, done=done)
        await loop.create_connection(lambda made=made: made, "127.0.0.1", port)  # type: ignore[misc]
        clients.append(done)
    waiting = [asyncio.create_task(done.wait()) for done in clients]
    _, pending = await asyncio.wait(waiting, timeout=seconds + _PATIENCE_SECONDS)
    tally.errors += len(pending)
    for task in pending:
        task.cancel()
    tally.seconds = time.perf_counter() - began
    return tally


def main(words: list[str]) -> None:
    port, connections, seconds = int(words[0]), int(words[1]), float(words[2])
    tally = asyncio.run(press(port, connections=connections, seconds=seconds))
    print(json.dumps(asdict(tally)))


if __name__ == "__main__":
    main(sys.argv[1:])
