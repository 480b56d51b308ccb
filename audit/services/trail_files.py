"""
What an export of a trail consists of: rows in the order of their chain, a line each.

Only what is signed is told. As JSON lines it is a file that ``manage.py verify_audit`` verifies
without this deployment: keys, cuts, checkpoints, and each row exactly as it was sealed, with what
it tells of people, opened, beside it. If rows are left out by a filter, the file says so and each
row brings its path to the signed root. CSV is for people to look at and proves nothing.

Everything is read by portions of consecutive rows, so neither memory nor the time of a statement
grows with the trail.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from uuid import UUID

import orjson
from django.db.models import Max

from audit.models import AuditRow, ChainHead, Checkpoint, Truncation
from audit.paths import Paths
from audit.records import Selection, line
from audit.services import checkpoints, personal, sealed
from audit.services.personal import Opened
from audit.services.reading import Filters
from plinto.kernel import spreadsheets

PORTION = 500
_COLUMNS = (
    *("id", "occurred_at", "action", "outcome", "reason"),
    *("actor_kind", "actor_id", "actor_label", "target_kind", "target_id", "target_label"),
    *("changes", "address", "agent", "session_id", "request_id"),
    *("sequence", "hash", "sealed_at"),
)


@dataclass(frozen=True, slots=True)
class Extent:
    """The rows of a chain that are there and signed: those after ``after``, up to ``through``."""

    chain: UUID
    after: int
    through: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A line of a file, or nothing after a portion of which nothing was wanted."""

    text: bytes = b""
    is_row: bool = False


Format = Callable[[Extent, Filters], Iterator[Piece]]


def extent(chain: UUID) -> Extent:
    """Say how much of a chain there is to tell at this moment."""
    head = ChainHead.objects.filter(pk=chain).first()
    cut = Truncation.objects.filter(chain=chain).aggregate(Max("through"))["through__max"]
    return Extent(chain, after=cut or 0, through=head.signed_sequence if head else 0)


def json_lines(told: Extent, filters: Filters) -> Iterator[Piece]:
    """Tell the rows as records that can be verified offline."""
    yield from (Piece(line(key)) for key in sealed.keys())  # noqa: SIM118 - no mapping
    if filters.told():
        yield Piece(line(Selection(told.chain, filters.told())))
    for cut in sealed.cuts(told.chain):
        yield Piece(line(cut))
    rows = _Rows(told, filters)
    for checkpoint in _checkpoints(told):
        if filters.told():
            yield from _chosen(checkpoint, rows)
        else:
            yield Piece(line(sealed.signed_checkpoint(checkpoint)))
            for row, opened in rows.through(checkpoint.last):
                yield _record(row, opened, way=None)
        yield Piece()


def csv_lines(told: Extent, filters: Filters) -> Iterator[Piece]:
    """Tell the rows as a table."""
    yield Piece(spreadsheets.line(_COLUMNS).encode())
    rows = _Rows(told, filters)
    for last in range(told.after, told.through + PORTION, PORTION):
        for row, opened in rows.through(min(last, told.through)):
            cells = (spreadsheets.inert(cell) for cell in _cells(row, opened))
            yield Piece(spreadsheets.line(cells).encode(), is_row=True)
        yield Piece()


class _Rows:
    """The wanted rows of an extent, read forward by portions of consecutive sequences."""

    def __init__(self, told: Extent, filters: Filters) -> None:
        self._told, self._filters = told, filters
        self._read = told.after
        self._waiting: deque[tuple[AuditRow, Opened]] = deque()

    def through(self, last: int) -> Iterator[tuple[AuditRow, Opened]]:
        """Yield the rows up to ``last`` that were not yielded before."""
        while True:
            while self._waiting and (self._waiting[0][0].sequence or 0) <= last:
                yield self._waiting.popleft()
            if self._waiting or self._read >= last:
                return
            self._waiting = self._portion()

    def _portion(self) -> deque[tuple[AuditRow, Opened]]:
        first, self._read = self._read, min(self._read + PORTION, self._told.through)
        rows = AuditRow.objects.filter(
            chain=self._told.chain, sequence__gt=first, sequence__lte=self._read
        )
        found = list(self._filters.chosen(rows).order_by("sequence"))
        opened = personal.opened(found)
        return deque((row, opened[row.pk]) for row in found)


def _chosen(checkpoint: Checkpoint, rows: _Rows) -> Iterator[Piece]:
    """Tell a checkpoint and those of its rows that are wanted; nothing if none is."""
    paths: Paths | None = None
    for row, opened in rows.through(checkpoint.last):
        if paths is None:
            yield Piece(line(sealed.signed_checkpoint(checkpoint)))
            paths = Paths(checkpoints.hashes_of(checkpoint))
        yield _record(row, opened, way=paths.of((row.sequence or 0) - checkpoint.first))


def _checkpoints(told: Extent) -> Iterator[Checkpoint]:
    after = told.after
    while True:
        wanted = Checkpoint.objects.filter(chain=told.chain, last__gt=after, last__lte=told.through)
        portion = list(wanted.order_by("last")[:PORTION])
        yield from portion
        if len(portion) < PORTION:
            return
        after = portion[-1].last


def _record(row: AuditRow, opened: Opened, *, way: list[bytes] | None) -> Piece:
    told = {name: text for name, text in asdict(opened).items() if text}
    path = None if way is None else tuple(way)
    return Piece(line(replace(sealed.sealed_row(row), way=path, told=told)), is_row=True)


def _cells(row: AuditRow, opened: Opened) -> Iterator[str]:
    said = {**row.said(), **asdict(opened)}
    said["changes"] = orjson.dumps(opened.changes).decode() if opened.changes else ""
    said |= {"sequence": row.sequence, "hash": bytes(row.sealed_hash or b"").hex()}
    said["sealed_at"] = row.sealed_at.isoformat() if row.sealed_at else ""
    for name in _COLUMNS:
        value = said[name]
        yield "" if value is None else str(value)
