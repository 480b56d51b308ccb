"""Doing one thing many times at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

Outcome = TypeVar("Outcome")


def at_once(act: Callable[[int], Outcome], *, times: int) -> list[Outcome]:
    """
    Call ``act`` with 0 to ``times`` - 1, each in a thread of its own, all released together.

    Database connections of the threads go back to the pool. The first exception is raised.
    The test needs ``django_db(transaction=True)``: other threads see only what was committed.
    """
    start = threading.Barrier(times)

    def run(number: int) -> Outcome:
        start.wait(30)
        try:
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(run, range(times)))
