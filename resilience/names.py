"""Finding the addresses of a name, without waiting for ever."""

from __future__ import annotations

import queue
import socket
import threading
from typing import Protocol

from resilience.errors import OutboundFailedError


class Resolve(Protocol):
    """Finds the addresses of a name within some seconds."""

    def __call__(self, host: str, port: int, seconds: float, /) -> list[str]: ...


def resolve(host: str, port: int, seconds: float) -> list[str]:
    """
    Ask the machine's resolver, which knows no deadline of its own.

    :raises OutboundFailedError: nobody knows the name, or not in time
    """
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
    # A daemon: a resolver that hangs must not keep a process from ending.
    asking = threading.Thread(
        target=lambda: answers.put(_ask(host, port)), name=f"resolve-{host[:40]}", daemon=True
    )
    asking.start()
    try:
        found = answers.get(timeout=seconds)
    except queue.Empty as error:
        raise OutboundFailedError(reason="resolver timeout") from error
    if not found:
        raise OutboundFailedError(reason="unknown name")
    return found


def _ask(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        return []
    return list(dict.fromkeys(str(each[4][0]) for each in found))
