"""
A lane of its own for requests that hold a thread for long, so that no other waits behind them.

A hash takes a slot for some thirty milliseconds, a thousand times what most requests take. In the
threads that answer those, as many sign-ins as there are threads would keep everybody else out: of
sixteen clients that read, none got an answer while thirty-two signed in. Here they stand in line
for a few threads of their own, in the memory of the server and at the price of a connection. So do
those that take their time on purpose (``plinto.kernel.even``), which is as long.

Where there are fewer cores than work, a hash gives way to who reads: its thread has a priority of
its own, ten steps lower. On two cores, 3,200 of 5,900 requests a second were still answered while
two hashes ran at a time, in place of 2,200; and 44 signed in each second, in place of 49.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from plinto.kernel import lines
from plinto.serving import cores

# Every path that hashes a password or answers evenly; another method of it is not told apart.
DOORS = frozenset(
    {
        "/admin/login/",
        "/api/v1/auth/login",
        "/api/v1/auth/login/passkey",
        "/api/v1/auth/magic-link",
        "/api/v1/auth/password/reset",
        "/api/v1/auth/password/reset/confirm",
        "/api/v1/auth/reauthenticate",
        "/api/v1/auth/register",
        "/api/v1/auth/verify-email",
        "/api/v1/me/password",
    }
)


# Of nice(2): a tenth of a core, where others want all of it.
_STEPS_LOWER = 10


class Lane:
    """Does the work of ``DOORS`` in ``threads`` threads, first come, first served."""

    def __init__(self, *, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="lane", initializer=_begin)

    def takes(self, environ: dict[str, Any]) -> bool:
        """Tell whether a request belongs here."""
        return environ["PATH_INFO"] in DOORS and environ["REQUEST_METHOD"] == "POST"

    def take(self, work: Callable[[], None]) -> None:
        """Do ``work``, which does not raise, when its turn has come."""
        self._threads.submit(self._do, work, time.monotonic())

    def _do(self, work: Callable[[], None], came: float) -> None:
        lines.note(time.monotonic() - came)
        try:
            work()
        finally:
            lines.note(0.0)


def _begin() -> None:
    """Have a thread of the lane hash on any core, and let others go first."""
    cores.roam()
    if sys.platform == "linux":  # elsewhere it is the process that has a priority
        thread = threading.get_native_id()
        # Where a container forbids it, better a hash of the same priority than none.
        with suppress(OSError):
            lower = os.getpriority(os.PRIO_PROCESS, thread) + _STEPS_LOWER
            os.setpriority(os.PRIO_PROCESS, thread, lower)
