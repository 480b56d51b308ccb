"""
The least that a sign-in costs: argon2id with Plinto's parameters, by processes that only hash.

``python -m benchmarks.bare_hash SECONDS`` hashes so long and prints how often. As many of them run
at once as there are web processes, because hashes side by side wait for the same memory.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
from argon2.low_level import Type, hash_secret

from benchmarks.table import Figures

BARE_HASH = "the bare hash"
ROOT = Path(__file__).resolve().parents[1]
PARAMETERS = {"time_cost": 2, "memory_cost": 19 * 1024, "parallelism": 1, "hash_len": 32}


def measured(*, seconds: float, processes: int) -> Figures:
    """Hash in so many processes at once; CPU microseconds for each hash."""
    command = [sys.executable, "-m", "benchmarks.bare_hash", str(seconds)]
    hashing = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    told = [each.communicate(timeout=seconds + 60)[0].split() for each in hashing]
    done = sum(int(count) for count, _ in told)
    spent = sum(float(cpu) for _, cpu in told)
    return {"cpu": spent / done * 1e6, "rate": done / seconds, "answered": done}


def main(seconds: float) -> None:
    process, done = psutil.Process(), 0
    hash_secret(b"warm", b"0123456789abcdef", type=Type.ID, **PARAMETERS)
    before, ends_at = sum(process.cpu_times()[:2]), time.monotonic() + seconds
    while time.monotonic() < ends_at:
        hash_secret(
            b"correct horse battery staple", b"0123456789abcdef", type=Type.ID, **PARAMETERS
        )
        done += 1
    print(done, sum(process.cpu_times()[:2]) - before)


if __name__ == "__main__":
    main(float(sys.argv[1]))
