"""
A process that owns a cache and does what it is told, a line of JSON at a time.

``CacheProcess`` is its handle; run as a module, this file is the process itself.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from resilience.cache import ResilientCache

LATE = 0.1
_OPTIONS = {
    "NAME": "two-processes",
    "TIMEOUT_SECONDS": 0.05,
    "MAX_CONNECTIONS": 8,
    "LATE_SECONDS": LATE,
    "BREAKER": {
        "FAILURE_THRESHOLD": 3,
        "RECOVERY_TIMEOUT": 0.05,
        "LONGEST_RECOVERY": 1,
        "HALF_OPEN_MAX_CALLS": 2,
        "PROBE_TIMEOUT": 0.05,
    },
}
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Report:
    """
    An answer, and how it came about.

    ``was_local``: the process answered alone. ``was_heard``: Redis has been told of all that was
    changed here. ``is_settled``: and of late commands there are none any more.
    """

    answer: Any
    was_local: bool
    was_heard: bool
    is_settled: bool


class CacheProcess:
    def __init__(self, url: str) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.resilience.cache_process", url],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, method: str, *arguments: Any, **options: Any) -> Report:
        self._child.stdin.write(json.dumps([method, arguments, options]) + "\n")
        self._child.stdin.flush()
        return Report(**json.loads(self._child.stdout.readline()))

    def close(self) -> None:
        self._child.stdin.close()
        self._child.wait(10)
        self._child.stdout.close()


def _serve(url: str) -> None:
    settings.configure()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    cache = ResilientCache(url, {"KEY_PREFIX": "two", "OPTIONS": _OPTIONS})
    store = cache._store
    for line in sys.stdin:
        method, arguments, options = json.loads(line)
        before = store.fallback_calls
        try:
            answer = getattr(cache, method)(*arguments, **options)
        except ValueError:
            answer = None
        # Settled first: what is settled now was heard before.
        is_settled = cache.is_shared
        moments = list(store.journal.names.values())
        report = {
            "answer": answer,
            "was_local": store.fallback_calls > before,
            "was_heard": not store.journal._changed and math.inf not in moments,
            "is_settled": is_settled,
        }
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve(sys.argv[1])
