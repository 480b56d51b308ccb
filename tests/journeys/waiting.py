"""Waiting for what other processes do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def eventually(find: Callable[[], Found], *, seconds: float, every: float = 0.05) -> Found:
    """
    Return the first true value of ``find``.

    :raises TimeoutError: it had none within ``seconds``
    """
    deadline = time.monotonic() + seconds
    while not (found := find()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Nothing after {seconds} s; last seen: {found!r}")
        time.sleep(every)
    return found
