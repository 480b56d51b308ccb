"""
A receiver that counts messages, and does nothing else: ``python -m benchmarks.receiver PORT``.

A process of its own, so that its work is not counted as the worker's. ``GET /`` answers what came.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any

_COUNTED: Counter[tuple[bytes, bytes]] = Counter()
_TIMES: list[float] = []


def figures() -> dict[str, Any]:
    """Say how many came, how many of them were different, and within how many seconds."""
    return {
        "came": len(_TIMES),
        "different": len(_COUNTED),
        "seconds": _TIMES[-1] - _TIMES[0] if _TIMES else 0.0,
    }


class Door(asyncio.Protocol):
    """One connection, one message."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._received = b""

    def data_received(self, chunk: bytes) -> None:
        self._received += chunk
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        lines = head.split(b"\r\n")
        method, path, _ = lines[0].split(b" ")
        headers = {name.lower(): value for name, _, value in (x.partition(b": ") for x in lines)}
        if method == b"GET":
            told = json.dumps(figures()).encode()
            self._answer(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(told), told))
        elif len(body) >= int(headers[b"content-length"]):
            _COUNTED[path, headers[b"webhook-id"]] += 1
            _TIMES.append(time.monotonic())
            self._answer(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    def _answer(self, octets: bytes) -> None:
        assert isinstance(self._transport, asyncio.Transport)
        self._transport.write(octets)
        self._transport.close()


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Door, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
