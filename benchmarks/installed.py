"""
``python -m benchmarks.installed NAME[EXTRA] ...``: how much of a disk installed packages take.

Prints megabytes of these distributions and of everything they require, in the environment of the
interpreter that runs it; it knows only the standard library, so that it runs in any. Requirements
that are not installed belong to other machines or to extras that nobody asked for.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

_MEGABYTE = 1024**2
_REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)\s*(?:\[(?P<extras>[^\]]*)\])?")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")


def closure(*wanted: str) -> dict[str, Distribution]:
    """Find all that some requirements need, by their normal names."""
    found: dict[str, Distribution] = {}
    asked: set[tuple[str, str]] = set()
    pending = list(wanted)
    while pending:
        match = _REQUIREMENT.match(pending.pop())
        if match is None:
            continue
        name = re.sub(r"[-_.]+", "-", match["name"]).lower()
        extras = (match["extras"] or "").replace(" ", "")
        if (name, extras) in asked:
            continue
        asked.add((name, extras))
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue
        for requirement in found[name].requires or []:
            only_for = _EXTRA.findall(requirement)
            if not only_for or set(only_for) & set(extras.split(",")):
                pending.append(requirement)
    return found


def megabytes(*wanted: str) -> float:
    """Sum the files of some requirements and of all they need, without compiled copies."""
    return (
        sum(
            path.stat().st_size
            for each in closure(*wanted).values()
            for path in (each.locate_file(file) for file in each.files or [])
            if path.suffix != ".pyc" and path.exists()
        )
        / _MEGABYTE
    )


if __name__ == "__main__":
    print(f"{megabytes(*sys.argv[1:]):.1f}")
