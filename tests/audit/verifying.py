"""``manage.py verify_audit`` as an auditor runs it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from django.core.management import CommandError, call_command

from audit.records import PublicKey, Record, jwk, line


@dataclass(frozen=True, slots=True)
class Verdict:
    """Exit status, and what was said of what holds and of what does not."""

    status: int
    holds: str
    found: str


def verdict(**options: object) -> Verdict:
    out, err = StringIO(), StringIO()
    try:
        call_command("verify_audit", stdout=out, stderr=err, **options)
        status = 0
    except SystemExit as ended:
        status = int(ended.code or 0)
    except CommandError as error:
        status = error.returncode
        err.write(str(error))
    return Verdict(status, out.getvalue(), err.getvalue())


def keys_file(folder: Path, *keys: PublicKey) -> Path:
    path = folder / "keys.json"
    path.write_text(json.dumps({"keys": [jwk(key) for key in keys]}))
    return path


def lines_file(folder: Path, name: str, records: Iterable[Record]) -> Path:
    path = folder / name
    path.write_bytes(b"".join(map(line, records)))
    return path
