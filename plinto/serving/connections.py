"""The open connections of this process, found by the address of the client."""

from __future__ import annotations

import os
import socket
from contextlib import closing, suppress

from plinto.kernel.environment import Address


def address_of(peer: str) -> Address:
    """Read ``127.0.0.1:8000`` or ``[::1]:8000``."""
    host, _, port = peer.rpartition(":")
    return Address(host.strip("[]"), int(port))


def hang_up(peer: str) -> None:
    """
    Close the connection with ``peer`` in both directions; do nothing when it is gone already.

    The server owns its sockets and lends nobody one, so it is sought among the open files. A copy
    of each is compared, which stays the same socket if the number is given to another meanwhile.
    """
    wanted = address_of(peer)
    for name in os.listdir("/dev/fd"):
        with suppress(OSError, ValueError), closing(_copy_of(int(name))) as connection:
            if connection.getpeername()[:2] == wanted:
                connection.shutdown(socket.SHUT_RDWR)
                return


def _copy_of(number: int) -> socket.socket:
    copy = os.dup(number)
    try:
        return socket.socket(fileno=copy)
    except OSError:  # another kind of file
        os.close(copy)
        raise
