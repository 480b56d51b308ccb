"""Webhooks, from the sealing of the trail to their receiver, as a row of the page."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from benchmarks.contenders import KEY, ROOT
from benchmarks.table import Figures

MESSAGES = 5_000


def fanned_out() -> Figures:
    """
    Deliver messages once, with a database and workers started for it.

    :raises CalledProcessError: the workers did not deliver them
    """
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.webhooks", "fan-out"],
        cwd=ROOT,
        env={**os.environ, "BENCH_MESSAGES": str(MESSAGES)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
        timeout=600,
    )
    told = json.loads(answer.stdout.splitlines()[-1])
    spent = told["cpu_workers"] + told["cpu_postgres"]
    return {
        "workload": "fan-out",
        "contender": KEY,
        "variant": f"{MESSAGES:,} messages to 100 endpoints, by two workers",
        "connections": None,
        "cpu": spent,
        "cpu_least": spent,
        "cpu_most": spent,
        "cpu_postgres": told["cpu_postgres"],
        "rate": told["rate"],
        "rss": sum(max(each) for each in told["memory"]),
        "errors": told["came"] - told["different"],
    }
