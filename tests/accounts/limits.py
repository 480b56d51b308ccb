"""What tests of the rate limits share."""

from __future__ import annotations

import socket
from collections.abc import Callable

from tests.servers.redis import RedisServer


def statuses(ask: Callable[[], object], *, times: int) -> list[int]:
    return [ask().status_code for _ in range(times)]


def commands_during(redis: RedisServer, act: Callable[[], object]) -> list[str]:
    """List what clients sent to Redis meanwhile; what scripts did inside it is not listed."""
    with socket.create_connection(("127.0.0.1", redis.port), timeout=5) as monitor:
        lines = monitor.makefile("r")
        monitor.sendall(b"MONITOR\r\n")
        assert lines.readline().startswith("+OK")
        act()
        redis.cli("ECHO", "the end")
        seen = []
        while "the end" not in (line := lines.readline()):
            if " lua]" not in line:
                seen.append(line.split('"')[1].upper())
        lines.close()
    # The connection that ended the list has chosen a database first.
    return seen[:-1]
