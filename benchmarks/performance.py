"""
``python -m benchmarks.performance``: measure, print, and write docs/performance.* (``make bench``).

``BENCH_ROUNDS`` (5) and ``BENCH_SECONDS`` (5) make a run longer or shorter, ``BENCH_ONLY`` and
``BENCH_PEERS`` choose a part of it, ``BENCH_DIRECTORY`` is where the page goes. A part leaves what
it did not measure out of its page.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmarks import growth
from benchmarks.contenders import PEOPLE
from benchmarks.course import Choice, laid_out
from benchmarks.fan_out import fanned_out
from benchmarks.machine import machine
from benchmarks.measure import metered
from benchmarks.report import page, written

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    choice = Choice(
        only=frozenset(_words("BENCH_ONLY")),
        peers=tuple(_words("BENCH_PEERS")),
        rounds=int(os.environ.get("BENCH_ROUNDS", "5")),
        seconds=float(os.environ.get("BENCH_SECONDS", "5")),
        most_tokens=int(os.environ.get("BENCH_TOKENS", "20000")),
    )
    measured = measure(choice)
    written(measured, Path(os.environ.get("BENCH_DIRECTORY", ROOT / "docs")))
    print(page(measured))


def measure(choice: Choice) -> dict[str, Any]:
    """Run the course that was chosen, and return all that was found, ready to be written."""
    loads = []
    with metered() as meters, laid_out(meters, choice) as course:
        with tqdm(total=course.turns, unit="cell", smoothing=0) as progress:

            def advance(what: str) -> None:
                progress.set_postfix_str(what)
                progress.update()
                loads.append(os.getloadavg()[0])

            course.run(advance)
            if choice.has("fan-out"):
                progress.set_postfix_str("fan-out")
                course.apart.append(fanned_out())
        return {
            "machine": machine(meters.version()),
            "rounds": choice.rounds,
            "seconds": choice.seconds,
            "load": f"{min(loads):.1f} to {max(loads):.1f}",
            "people": PEOPLE,
            "cells": course.medians(),
            "starts": course.starts,
            "missing": course.missing,
            "growth": json.loads(growth.FIGURES.read_text()) if growth.FIGURES.exists() else None,
        }


def _words(name: str) -> list[str]:
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


if __name__ == "__main__":
    main()
