"""
redis-py's pool and connections with a breaker underneath.

The guard sits where every use of Redis passes: a connection leaves the pool with a permit and
comes back with an outcome. Commands, pipelines, Lua, locks, scans and raw connections are
therefore covered by construction, and a pipeline of a hundred commands is one outcome.
"""

from __future__ import annotations

import math
import os
import select
import socket
import struct
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import hiredis
from redis._parsers.hiredis import NOT_ENOUGH_DATA
from redis.backoff import NoBackoff
from redis.connection import (
    Connection,
    ConnectionPool,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from resilience import deadline
from resilience.sockets import KernelTimedSocket
from resilience.visits import LEAST_WAIT, Gate, Visit

# Seconds; far less than it takes Redis to restart.
_JUST_NOW = 0.02
_PIECE = 65_536
# Linger for no time: what was not delivered is dropped, and the other end is told by a reset.
_DISCARD = struct.pack("ii", 1, 0)


class _Guarded:
    """Mixed into a connection class; a handshake happens before a visit and is not watched."""

    visit: Visit | None = None
    # Since when nothing can be left to read; with anything else than ``ask`` that is not known.
    _rests_since = -math.inf
    _polled: Any = None

    def is_at_hand(self: Any) -> bool:
        """
        Tell whether a command can be sent at once: it is connected, and nothing is left to read.

        Just after the answer nothing can be; later Redis may have hung up. redis-py asks with a
        poll object of its own for each time. Anything unusual is a no, and then redis-py looks
        itself, and connects anew.
        """
        opened, reader = self._sock, getattr(self._parser, "_reader", None)
        if type(opened) is not KernelTimedSocket or reader is None or reader.has_data():
            return False
        if time.monotonic() - self._rests_since < _JUST_NOW:
            return True
        if self._polled is not opened:
            self._poll = select.poll()
            self._poll.register(opened, select.POLLIN)
            self._polled = opened
        return not self._poll.poll(0)

    def begin(self: Any, visit: Visit) -> None:
        self.visit = visit
        seconds = visit.may_wait()
        # The visit before may have had less time.
        if self._sock is not None and self._sock.gettimeout() != seconds:
            self._sock.settimeout(seconds)

    def _connect(self: Any) -> Any:
        # The socket keeps this timeout through the handshake.
        budget, usual = deadline.current(), (self.socket_timeout, self.socket_connect_timeout)
        if budget is not None:
            left = max(budget.left, LEAST_WAIT)
            self.socket_timeout, self.socket_connect_timeout = (min(left, each) for each in usual)
        try:
            opened = super()._connect()  # type: ignore[misc]
        finally:
            self.socket_timeout, self.socket_connect_timeout = usual
        # Of one that speaks TLS the library underneath does the waiting.
        return KernelTimedSocket.of(opened) if type(opened) is socket.socket else opened

    def disconnect(self, *args: Any) -> None:
        # Closed politely, the kernel would go on for minutes to deliver a command that was given
        # up, and Redis would carry it out after the outage.
        if (opened := getattr(self, "_sock", None)) is not None:
            with suppress(OSError):  # it may be gone already
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DISCARD)
        super().disconnect(*args)  # type: ignore[misc]

    def ask(self: Any, words: tuple[Any, ...]) -> Any:
        """
        Send one command whose words are of kinds that Redis knows, and return its reply.

        What ``send_packed_command`` and ``read_response`` do, in a quarter of their calls, for a
        connection that is open.
        """
        visit, reader = self.visit, self._parser._reader
        visit.sending(words[0])
        if reader is None or self._sock is None:
            self.send_packed_command((hiredis.pack_command(words),), check_health=False)
            return self.read_response()
        self._rests_since = -math.inf
        try:
            self._sock.sendall(hiredis.pack_command(words))
            while (reply := reader.gets()) is NOT_ENOUGH_DATA:
                piece = self._sock.recv(_PIECE)
                if not piece:
                    raise RedisConnectionError("Redis hung up.")
                reader.feed(piece)
        except BaseException as error:
            # What was not read yet would be the answer to the next question.
            self.disconnect()
            failure = _as_of_redis(error)
            if isinstance(failure, RedisError):
                visit.suffered(failure)
            raise failure from error
        self._rests_since = time.monotonic()
        if isinstance(reply, RedisError):
            visit.suffered(reply)
            if isinstance(reply, RedisConnectionError):
                self.disconnect()
            raise reply
        visit.answered = True
        return reply

    def send_command(self, *args: Any, **kwargs: Any) -> None:
        if self.visit is not None:
            self.visit.sending(args[0])
        super().send_command(*args, **kwargs)  # type: ignore[misc]

    def pack_commands(self, commands: Iterable[tuple[Any, ...]]) -> Any:
        commands = list(commands)
        if self.visit is not None:
            for command in commands:
                self.visit.sending(command[0])
        return super().pack_commands(commands)  # type: ignore[misc]

    def send_packed_command(self, *args: Any, **kwargs: Any) -> None:
        self._rests_since = -math.inf
        try:
            super().send_packed_command(*args, **kwargs)  # type: ignore[misc]
        except (RedisError, OSError) as error:
            if self.visit is not None:
                self.visit.suffered(error)
            raise

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        try:
            reply = super().read_response(*args, **kwargs)  # type: ignore[misc]
        except (RedisError, OSError) as error:
            if self.visit is not None:
                self.visit.suffered(error)
            raise
        if self.visit is not None:
            self.visit.answered = True
        return reply


def _as_of_redis(error: BaseException) -> BaseException:
    """Name an error as redis-py does."""
    if not isinstance(error, OSError):
        return error
    if isinstance(error, TimeoutError):
        return RedisTimeoutError("Redis did not answer in time.")
    return RedisConnectionError(f"{type(error).__name__}: {error}")


class _GuardedConnection(_Guarded, Connection): ...


class _GuardedSSLConnection(_Guarded, SSLConnection): ...


class _GuardedUnixConnection(_Guarded, UnixDomainSocketConnection): ...


_CLASSES: dict[type[Connection] | type[UnixDomainSocketConnection], type[_Guarded]] = {
    Connection: _GuardedConnection,
    SSLConnection: _GuardedSSLConnection,
    UnixDomainSocketConnection: _GuardedUnixConnection,
}


class GuardedPool(ConnectionPool):
    """A pool that lends nothing while the circuit is open and hears how each loan ended."""

    _available_connections: list[Any]
    _in_use_connections: set[Any]

    def __init__(
        self, *, gate: Gate, connection_class: type[Connection] = Connection, **options: Any
    ) -> None:
        self._gate = gate
        super().__init__(connection_class=_CLASSES[connection_class], **options)

    def get_connection(self, *_args: Any, **_options: Any) -> Any:
        """
        Lend a connection that is ready to send.

        :raises CircuitOpenError: nothing is asked of Redis at the moment
        """
        visit = self._gate.enter()
        try:
            connection: Any = self._at_hand() or super().get_connection()
        except (RedisError, OSError) as error:
            visit.suffered(error)
            self._gate.settle(visit)
            raise
        connection.begin(visit)
        return connection

    def release(self, connection: Any) -> None:
        visit, connection.visit = connection.visit, None
        # A socket that was out while the circuit moved may still have an answer on its way, and
        # the next command would read it as its own.
        if visit is not None and not self._gate.is_current(visit.permit):
            connection.disconnect()
        if not self._took_back(connection):
            super().release(connection)
        if visit is not None:
            self._gate.settle(visit)

    def _at_hand(self) -> Any:
        """
        Return the connection that came back last, if it is ready; ``None`` is for the pool's way.

        The pool counts each state of each connection for metrics that nobody reads, and takes
        most of its time for that.
        """
        if self.pid != os.getpid():
            return None
        with self._lock:
            if not self._available_connections:
                return None
            connection = self._available_connections.pop()
            self._in_use_connections.add(connection)
        if connection.is_at_hand():
            return connection
        self._took_back(connection)
        return None

    def _took_back(self, connection: Any) -> bool:
        """Put an ordinary connection back where it is lent from; others are for the pool."""
        pid = os.getpid()
        if connection.pid != pid or self.pid != pid or connection.should_reconnect():
            return False
        with self._lock:
            if connection not in self._in_use_connections:
                return False
            self._in_use_connections.remove(connection)
            self._available_connections.append(connection)
        return True


def one_attempt(timeout: float) -> dict[str, Any]:
    """
    One attempt within ``timeout`` seconds to connect and as many to answer.

    redis-py's own defaults retry ten times (6.3 s for one GET of a stalled server). Protocol 3
    would skip the look for unread answers at check-out, and announcing the driver costs a new
    connection two more round trips.
    """
    return {
        "socket_connect_timeout": timeout,
        "socket_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        "driver_info": None,
    }
