"""Files of a trail, as they are asked for, written, taken and verified."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from audit.file_verification import Outcome, verify_lines
from audit.records import Record, keys_of, parse
from audit.services import checkpoint_keys, trail_exports
from audit.verification import Keys
from resilience.worker import Shift, run_until_idle
from tests.accounts.organizations import Club
from tests.accounts.people import Person
from tests.audit.sealed import seal_all


def asked(club: Club, by: Person | None = None, **body: Any) -> str:
    """Ask for a file, as JSON lines unless told how; return where it will be."""
    answer = club.as_(by or club.owner, "POST", "/audit/export", {"format": "jsonl", **body})
    assert answer.status_code == 202, answer.content
    return f"/audit/export/{answer.json()['id']}"


def work(now: datetime | None = None) -> None:
    run_until_idle([trail_exports.QUEUE], shift=Shift(clock=lambda: now or timezone.now()))


def written(club: Club, **body: Any) -> str:
    """Seal what happened, ask for a file and let the worker write it; return where it is."""
    seal_all()
    where = asked(club, **body)
    seal_all()
    work()
    return where


def read(club: Club, where: str, by: Person | None = None) -> bytes:
    answer = club.as_(by or club.owner, "GET", where)
    assert answer.status_code == 200, answer.getvalue()
    content = b"".join(answer.streaming_content)
    assert len(content) == int(answer["Content-Length"])
    return content


def records(content: bytes) -> list[Record]:
    return [parse(each) for each in content.splitlines()]


def verified(content: bytes) -> Outcome:
    """How a file fares where there is nothing but it and the public key."""
    keys = Keys(keys_of({"keys": checkpoint_keys.published()}).values())
    [outcome] = verify_lines(content.splitlines(), keys, {})
    return outcome
