"""What processes cost, with all that they started: processor time and memory."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import psutil

_MEGABYTE = 1024**2


def cpu_seconds(*roots: int) -> float:
    """
    Sum the processor time of these processes and of all below them.

    Children that ended are in the sum of the parent that waited for them, so that a backend of
    the database that came and went counts as well.
    """
    total = 0.0
    for process in _all(roots):
        with suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:4])
    return total


def memory(root: int) -> list[float]:
    """List the resident memory of a process and of all below it, in MB, the largest first."""
    found = []
    for process in _all([root]):
        with suppress(psutil.NoSuchProcess):
            found.append(process.memory_info().rss / _MEGABYTE)
    return sorted(found, reverse=True)


def end_tree(root: int) -> None:
    """End a process and all below it at once."""
    for process in _all([root]):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _all(roots: Iterable[int]) -> list[psutil.Process]:
    found = []
    for pid in roots:
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(pid)
            found += [root, *root.children(recursive=True)]
    return found
