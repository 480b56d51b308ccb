"""A server with an application of its own, and the words to speak to it."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.servers.environment import production_environment
from tests.servers.plinto import ROOT
from tests.servers.process import ServerProcess, free_port, temporary_directory


class Echo:
    """``plinto.serve`` with the application of ``tests.servers.echo``."""

    def __init__(self, directory: Path, **variables: str) -> None:
        self.port = free_port()
        self.metrics_port = free_port()
        environment = production_environment(
            var_dir=directory / "var",
            PORT=str(self.port),
            METRICS_BIND=f"127.0.0.1:{self.metrics_port}",
            **{"DRAIN_SECONDS": "0", **variables},
        )
        self.process = ServerProcess(
            [sys.executable, "-m", "plinto.serve", "tests.servers.echo"],
            log=directory / "web.log",
            environment=environment,
            directory=ROOT,
        )
        self.process.wait_until(self._answers, seconds=60)

    def _answers(self) -> bool:
        try:
            return bool(self.exchange(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
        except OSError:
            return False

    def connect(self, port: int | None = None) -> socket.socket:
        return socket.create_connection(("127.0.0.1", port or self.port), timeout=30)

    def exchange(self, sent: bytes, *, port: int | None = None) -> bytes:
        """Send bytes and return all that comes back until the server closes."""
        with closing(self.connect(port)) as connection:
            connection.sendall(sent)
            return received(connection)

    def ask(self, *lines: str, body: bytes = b"", port: int | None = None) -> Told:
        """Send a request of these lines, the first one first, and return what was answered."""
        head = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
        return Told(self.exchange(head + body, port=port))


class Told:
    """An answer: its status, its head, and its body."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        head, _, self.body = content.partition(b"\r\n\r\n")
        self.head = head.decode("latin-1").lower()
        self.status = int(content.split(b" ", 2)[1]) if content else 0

    @property
    def environ(self) -> dict[str, str]:
        environ: dict[str, str] = json.loads(self.body)
        return environ


def received(connection: socket.socket) -> bytes:
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@contextmanager
def echoing(**variables: str) -> Iterator[Echo]:
    directory = temporary_directory("echo")
    echo = Echo(directory, **variables)
    try:
        yield echo
    finally:
        echo.process.stop()


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    with echoing(WEB_WORKERS="1", WEB_THREADS="2", LONGEST_REQUEST="2") as running:
        yield running
