"""
The least that a sign-in costs: argon2id with Plinto's parameters, by processes that only hash.

``python -m benchmarks.bare_hash SECONDS LIBRARY`` hashes so long and prints how often. As many of
them run at once as there are web processes, because hashes side by side wait for the same memory.
The bare hash is argon2-cffi's, which Django and the peers in Python compute; Plinto's own is by
libsodium, and is told beside it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
from argon2.low_level import Type, hash_secret
from nacl.bindings import crypto_pwhash_alg, crypto_pwhash_ALG_ARGON2ID13

from benchmarks.table import Figures

BARE_HASH, OWN_HASH = "the bare hash, argon2-cffi", "the bare hash, libsodium"
LIBRARIES = {BARE_HASH: "argon2-cffi", OWN_HASH: "libsodium"}
ROOT = Path(__file__).resolve().parents[1]
TIME_COST, MEMORY_KIB, BYTES = 2, 19 * 1024, 32
PASSWORD, SALT = b"correct horse battery staple", b"0123456789abcdef"


def measured(which: str, *, seconds: float, processes: int) -> Figures:
    """Hash in so many processes at once; CPU microseconds for each hash."""
    command = [sys.executable, "-m", "benchmarks.bare_hash", str(seconds), LIBRARIES[which]]
    hashing = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    told = [each.communicate(timeout=seconds + 60)[0].split() for each in hashing]
    done = sum(int(count) for count, _ in told)
    spent = sum(float(cpu) for _, cpu in told)
    return {"cpu": spent / done * 1e6, "rate": done / seconds, "answered": done}


def by_argon2_cffi() -> None:
    hash_secret(PASSWORD, SALT, TIME_COST, MEMORY_KIB, 1, BYTES, Type.ID)


def by_libsodium() -> None:
    kind = crypto_pwhash_ALG_ARGON2ID13
    crypto_pwhash_alg(BYTES, PASSWORD, SALT, TIME_COST, MEMORY_KIB * 1024, kind)


def main(seconds: float, library: str) -> None:
    hash_once = by_libsodium if library == "libsodium" else by_argon2_cffi
    process, done = psutil.Process(), 0
    hash_once()
    before, ends_at = sum(process.cpu_times()[:2]), time.monotonic() + seconds
    while time.monotonic() < ends_at:
        hash_once()
        done += 1
    print(done, sum(process.cpu_times()[:2]) - before)


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2])
