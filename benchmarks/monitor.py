"""How many commands clients send to Redis: ``INFO`` counts those of scripts as well."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.servers.redis import RedisServer

# How MONITOR names the client of a command that a script runs.
_OF_A_SCRIPT = b" lua] "


@contextmanager
def sent_commands(redis: RedisServer) -> Iterator[list[int]]:
    """Watch what is sent while the block runs; the list holds how many commands that were."""
    counted = [0]
    with socket.create_connection(("127.0.0.1", redis.port), timeout=5) as watching:
        watching.sendall(b"MONITOR\r\n")
        lines = watching.makefile("rb")
        lines.readline()  # +OK

        def count() -> None:
            with suppress(OSError):
                for line in lines:
                    counted[0] += _OF_A_SCRIPT not in line

        reading = threading.Thread(target=count)
        reading.start()
        try:
            yield counted
        finally:
            with suppress(OSError):
                watching.shutdown(socket.SHUT_RDWR)
            reading.join()
            lines.close()
