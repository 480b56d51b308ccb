"""
The threads of a process that answer requests, on one core of the machine.

Only one of them runs Python at a time, and each gives way to another at every question to Redis or
PostgreSQL. Where the other waits on a second core, that has to be woken for it: 8.5 switches for
one request in place of 3.2, and 3,300 requests a second in place of 5,900, in turns of a few tenths
of a second as the scheduler spreads and gathers them (ADR 0029). What runs without the interpreter,
connections and hashes, has threads of its own, which go anywhere.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from plinto.serving import options

_ANYWHERE = os.sched_getaffinity(0) if options.HAS_CORES else set()


def roam() -> None:
    """Let this thread, which has the core of the one that started it, go where the process may."""
    if _ANYWHERE:
        _bind(_ANYWHERE)


def staying(take: Callable[[Any], None], number: int) -> Callable[[Any], None]:
    """
    Bind each thread that calls ``take`` to a core, the same for all, if WEB_CPU_AFFINITY is on.

    Process ``number`` has that one of the cores that it may use, beginning again after the last.
    """
    allowed = sorted(_ANYWHERE)
    if not allowed:
        return take
    core = {allowed[number % len(allowed)]}
    bound: set[int] = set()

    def bind_and_take(watcher: Any) -> None:
        if (thread := threading.get_ident()) not in bound:
            bound.add(thread)
            _bind(core)
        take(watcher)

    return bind_and_take


def _bind(cores: set[int]) -> None:
    # They may have been taken from us since, or a container forbids it: then as the system likes.
    with suppress(OSError):
        os.sched_setaffinity(0, cores)
