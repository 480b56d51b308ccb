"""``manage.py import_users``"""

from __future__ import annotations

import os
import stat
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from accounts.serializers.imports import ImportLine
from accounts.services import user_imports
from accounts.services.user_imports import Arrival, Taken
from plinto.kernel.exceptions import PlintoAPIException
from plinto.kernel.parsers import strict_json

_BATCH = 500
# A line is one person; a file without line ends must not be read into memory.
_LONGEST_LINE = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the file by its number from 1: a person to take, or why there is none."""

    number: int
    arrival: Arrival | None = None
    fault: str = ""


class Command(BaseCommand):
    """Each line stands for itself: one that cannot be read costs nobody else their account."""

    help = "Import people from JSON lines, with the password hashes of another system."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="JSON lines, one person each; - reads standard input")
        parser.add_argument("--dry-run", action="store_true", help="judge every line, write none")
        parser.add_argument("--report", type=Path, help="write what became of each line as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        counts: Counter[str] = Counter()
        with ExitStack() as open_files:
            source, report = self._open(options, open_files)
            bar = tqdm(total=_size(source), unit="B", unit_scale=True, disable=None, leave=False)
            lines = _lines(source, open_files.enter_context(bar))
            while batch := list(islice(lines, _BATCH)):
                outcomes = _taken(batch, is_rehearsal=options["dry_run"])
                for line, taken in zip(batch, outcomes, strict=True):
                    counts[self._tell(line, taken, report)] += 1
        done = "could be imported" if options["dry_run"] else "imported"
        self.stdout.write(
            f"{counts['imported'] + counts['without password']} people {done}, "
            f"{counts['without password']} of them without a password, "
            f"{counts['refused']} lines refused."
        )
        if counts["refused"]:
            raise CommandError("Some lines were refused; the others were not touched by that.")

    def _open(
        self, options: dict[str, Any], stack: ExitStack
    ) -> tuple[IO[bytes], IO[bytes] | None]:
        try:
            source: IO[bytes] = sys.stdin.buffer
            if options["file"] != "-":
                source = stack.enter_context(Path(options["file"]).open("rb"))  # noqa: SIM115 - a stack
            # A report of an earlier run is never written over.
            report = options["report"] and stack.enter_context(options["report"].open("xb"))
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from error
        return source, report

    def _tell(self, line: _Line, taken: Taken, report: IO[bytes] | None) -> str:
        outcome = "refused" if taken.reason else "imported"
        if not taken.reason and not taken.has_password:
            outcome = "without password"
        if taken.reason:
            tqdm.write(f"line {line.number}: {taken.reason}", file=self.stderr)
        if report is not None:
            told = {"line": line.number, "outcome": outcome, "reason": taken.reason}
            if line.arrival is not None:
                told["email"] = line.arrival.email
            report.write(orjson.dumps(told) + b"\n")
        return outcome


def _taken(batch: Iterable[_Line], *, is_rehearsal: bool) -> Iterator[Taken]:
    arrivals = [line.arrival for line in batch if line.arrival is not None]
    taken = iter(user_imports.take(arrivals, now=timezone.now(), is_rehearsal=is_rehearsal))
    return (next(taken) if line.arrival else Taken(reason=line.fault) for line in batch)


def _lines(source: IO[bytes], bar: tqdm[Any]) -> Iterator[_Line]:
    number = 0
    while raw := source.readline(_LONGEST_LINE):
        number += 1
        length = len(raw)
        while not raw.endswith(b"\n") and (more := source.readline(_LONGEST_LINE)):
            length += len(more)
            raw = more
        bar.update(length)
        if length > _LONGEST_LINE:
            yield _Line(number, fault="The line is longer than 64 KiB.")
        elif raw.strip():
            yield _read(number, raw)


def _read(number: int, raw: bytes) -> _Line:
    try:
        line = ImportLine(data=strict_json(raw))
    except PlintoAPIException:
        return _Line(number, fault="The line is not JSON in UTF-8.")
    if not line.is_valid():
        told = (f"{field}: {' '.join(map(str, why))}" for field, why in line.errors.items())
        return _Line(number, fault=" ".join(told))
    return _Line(number, Arrival(**line.validated_data))


def _size(source: IO[bytes]) -> int | None:
    found = os.fstat(source.fileno())
    return found.st_size if stat.S_ISREG(found.st_mode) else None
