"""A TCP proxy that goes wrong on request, in a thread of the test process."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any

_ABORT = struct.pack("ii", 1, 0)


class FaultProxy:
    """
    Forwards to ``target`` until told otherwise; existing connections feel a new mode too.

    ``ok`` · ``refuse`` (nobody listens) · ``blackhole:S`` (accepts, passes nothing on; what it
    swallowed arrives S seconds after its end, overtaken by what is sent then) · ``reset`` (RST at
    once) · ``latency:S`` (seconds before each chunk) · ``slice`` (a byte at a time) · ``cut:N``
    (RST after N bytes in one direction).
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.connections = 0
        self._target = target
        self._mode, self._amount = "ok", 0.0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = self._wait(self._listen(0))

    def set(self, mode: str) -> None:
        """Behave like ``mode`` from now on; returns once it holds."""
        self._wait(self._change(mode))

    def close(self) -> None:
        self._wait(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(5)

    async def _listen(self, port: int) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        return int(self._server.sockets[0].getsockname()[1])

    async def _change(self, mode: str) -> None:
        self._mode, _, amount = mode.partition(":")
        self._amount = float(amount or 0)
        if self._mode in {"refuse", "reset"}:
            for writer in list(self._writers):
                _abort(writer)
        if self._mode == "refuse" and self._server is not None:
            server, self._server = self._server, None
            # A connection that was accepted a moment ago finds its server still open, or it would
            # be left without an owner.
            for listener in server.sockets:
                self._loop.remove_reader(listener.fileno())
            for _ in range(3):
                await asyncio.sleep(0)
            server.close()
        elif self._mode != "refuse" and self._server is None:
            await self._listen(self.port)

    async def _end(self) -> None:
        await self._change("refuse")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        ends = [writer]
        pumps: list[asyncio.Task[None]] = []
        self._writers.add(writer)
        try:
            if self._mode in {"refuse", "reset"}:
                raise ConnectionResetError
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            ends.append(far_writer)
            self._writers.add(far_writer)
            pumps = [
                asyncio.create_task(self._pump(reader, far_writer)),
                asyncio.create_task(self._pump(far_reader, writer)),
            ]
            await asyncio.gather(*pumps)
            for end in ends:
                end.close()
        except (OSError, asyncio.CancelledError):
            for end in ends:
                _abort(end)
        finally:
            for pump in pumps:
                pump.cancel()
            self._writers.difference_update(ends)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passed = 0
        while chunk := await reader.read(65_536):
            late = 0.0
            while self._mode == "blackhole":
                late = self._amount
                await asyncio.sleep(0.01)
            if late:
                await asyncio.sleep(late)
            if self._mode == "latency":
                await asyncio.sleep(self._amount)
            if self._mode == "cut" and passed + len(chunk) > self._amount:
                writer.write(chunk[: max(0, int(self._amount) - passed)])
                await writer.drain()
                raise ConnectionResetError
            passed += len(chunk)
            await self._forward(chunk, writer)
        if writer.can_write_eof():
            writer.write_eof()

    async def _forward(self, chunk: bytes, writer: asyncio.StreamWriter) -> None:
        size = 1 if self._mode == "slice" else len(chunk)
        for start in range(0, len(chunk), size):
            writer.write(chunk[start : start + size])
            await writer.drain()


def _abort(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() != -1:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
    writer.transport.abort()
