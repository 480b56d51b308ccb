"""
``python -m benchmarks``: measure, print, and write docs/benchmarks.md and its JSON.

``BENCH_SECONDS`` and ``BENCH_ROUNDS`` make a run shorter or longer.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from benchmarks import breaker_cost, outage
from benchmarks.machine import hardware, redis_version, versions
from benchmarks.view.settings import THREADS

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
_PACKAGES = (
    *("django", "django-redis", "redis", "hiredis", "gunicorn"),
    *("pybreaker", "circuitbreaker", "purgatory"),
)
_TEXT = """# Benchmarks of the heart

Made by `make bench-resilience`, which writes this page. Everything in a table was measured in one
run on one machine, in turns, so that noise falls on all alike: trust the ratios, and CPU time more
than requests per second.

{machine}

## What a closed breaker costs

Around a function that does nothing; {breaker_rounds} rounds, the bare function subtracted. In the
open state Plinto's cache looks at one attribute and goes to its fallback, so nothing is raised.

{breakers}

## One view with three cache reads

{workers} gunicorn processes of {threads} threads, {connections} connections that ask again as soon
as they are answered, {seconds:g} s each, {rounds} rounds, medians; errors are summed. The fault
strikes as the clock starts, so what it takes to notice is included. During a fault the answers of
every cache are misses: the view reads what was written before. django-redis has timeouts of
0.25 s, like Plinto; with the defaults of its client a stalled Redis would hold it twenty times as
long.

{outages}

Side by side:

{ratios}
"""


def _machine() -> str:
    return f"{hardware()}; {redis_version()}; {versions(*_PACKAGES)}."


def _tell(text: str) -> None:
    print(f"{text} …", file=sys.stderr, flush=True)


def main() -> None:
    seconds = float(os.environ.get("BENCH_SECONDS", "10"))
    rounds = int(os.environ.get("BENCH_ROUNDS", "3"))
    _tell("breakers around nothing")
    breakers = breaker_cost.measure()
    outages = outage.medians(outage.measure(rounds=rounds, seconds=seconds, tell=_tell))
    compared = outage.ratios(outages)
    text = _TEXT.format(
        machine=_machine(),
        breaker_rounds=breaker_cost.ROUNDS,
        breakers=breaker_cost.shown(breakers),
        workers=outage.WORKERS,
        threads=THREADS,
        connections=outage.CONNECTIONS,
        seconds=seconds,
        rounds=rounds,
        outages=outage.shown(outages),
        ratios=outage.shown_ratios(compared),
    )
    DOCUMENT.write_text(text)
    measured: dict[str, Any] = {"breakers": breakers, "outages": outages, "ratios": compared}
    DOCUMENT.with_suffix(".json").write_text(json.dumps(measured, indent=1) + "\n")
    print(text)


if __name__ == "__main__":
    main()
