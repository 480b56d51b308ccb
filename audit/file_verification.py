"""
Verifying a file that was taken along, with public keys and without the database it came from.

The file holds lines of ``audit.records``, of one chain or of several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import IO
from uuid import UUID

from audit.findings import Broken, Fault, Finding, found
from audit.members import RecordError, read
from audit.records import LONGEST_LINE, PublicKey, Record, SignedCheckpoint, keys_of, parse
from audit.verification import Kept, Keys, Walk

Witnesses = Mapping[UUID, Mapping[int, Kept]]  # by chain, then by number


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far the walk over one chain went, and what ended it; None when it came to the end."""

    walk: Walk
    finding: Finding | None


def trusted_keys(jwks: bytes) -> Keys:
    """
    Read a JWK set, as it is served under ``/.well-known/audit-jwks.json``.

    :raises RecordError: it is none, or holds no key that signs checkpoints
    """
    keys = keys_of(read(jwks))
    if not keys:
        raise RecordError("There is no key for Ed25519 in this set.")
    return Keys(keys.values())


def kept_elsewhere(
    lines: Iterable[bytes],
    keys: Keys,
    *,
    torn: Callable[[Finding], object] = lambda _finding: None,
) -> Witnesses:
    """
    Read checkpoints as they were published, in any order.

    A line that a full disk has torn is passed over, and ``torn`` is told of it.

    :raises RecordError: a line is another record
    :raises Broken: one of them is not signed by a known key, or there are two of one number
    """
    witnesses: dict[UUID, dict[int, Kept]] = {}
    for number, line in enumerate(lines, start=1):
        try:
            record = parse(line)
        except RecordError as error:
            torn(found(Fault.LINE_UNREADABLE, line=number, why=error))
            continue
        if not isinstance(record, SignedCheckpoint):
            raise RecordError(f"Line {number} of the checkpoints is none.")
        told = record.statement
        here = partial(found, chain=told.chain, row=told.first, number=told.number, kid=told.kid)
        if told.kid not in keys:
            raise Broken(here(Fault.KEY_UNKNOWN))
        if not keys.have_signed(told, record.signature):
            raise Broken(here(Fault.CHECKPOINT_FORGED))
        kept = Kept(told.digest(), told.first, told.signed_at)
        if witnesses.setdefault(told.chain, {}).setdefault(told.number, kept) != kept:
            raise Broken(here(Fault.CHECKPOINT_TWICE))
    return witnesses


def verify_lines(
    lines: Iterable[bytes], keys: Keys, witnesses: Witnesses, *, only: UUID | None = None
) -> list[Outcome]:
    """
    Walk each chain of a file to its end or to its first fault.

    ``only`` names the one chain that is asked for; its absence is a finding too if a checkpoint
    of it was kept. Keys in the file itself are not trusted.

    :raises Broken: a line cannot be read, so that nobody knows what it says of which chain
    """
    walks: dict[UUID, Walk] = {}
    findings: dict[UUID, Finding] = {}

    def walk_of(chain: UUID) -> Walk:
        return walks.setdefault(chain, Walk(chain, keys, witnesses.get(chain, {})))

    if only is not None:
        walk_of(only)
    for _, record in _numbered(lines):
        if isinstance(record, PublicKey) or record.chain in findings:
            continue
        if only in (None, record.chain):
            walk = walk_of(record.chain)
            _note(findings, walk, partial(walk.take, record))
    for chain, walk in walks.items():
        if chain not in findings:
            _note(findings, walk, walk.end)
    return [Outcome(walk, findings.get(chain)) for chain, walk in walks.items()]


def lines_of(
    file: IO[bytes], *, seen: Callable[[int], object] = lambda _octets: None
) -> Iterator[bytes]:
    """Read a file line by line, in bounded memory; ``seen`` is told how many octets each had."""
    while line := file.readline(LONGEST_LINE + 1):
        seen(len(line))
        yield line


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, Record]]:
    for number, line in enumerate(lines, start=1):
        try:
            yield number, parse(line)
        except RecordError as error:
            raise Broken(found(Fault.LINE_UNREADABLE, line=number, why=error)) from error


def _note(findings: dict[UUID, Finding], walk: Walk, step: Callable[[], None]) -> None:
    try:
        step()
    except Broken as broken:
        findings[walk.chain] = broken.finding
