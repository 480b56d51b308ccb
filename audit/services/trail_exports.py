"""
Carrying an organization's trail away: asked for, written by the worker, taken until it expires.

The file stands in parts, each compressed and sealed, so that neither who writes nor who reads
holds it whole. A part is added only by whoever holds the lease, in the transaction that renews
it, and parts are handed out once the export is settled. So a worker that is killed, or outlives
its lease, leaves parts that nobody is shown, and the next one begins by removing them.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from audit.export_errors import TrailExportLost, TrailExportOutrun
from audit.models import AuditRow, ChainHead, TrailExport, TrailExportPart
from audit.services import trail_files
from audit.services.reading import Filters
from audit.services.trail_files import Extent
from plinto.kernel.crypto import decrypt, encrypt
from plinto.kernel.exceptions import NotFoundError
from resilience import leases, trimming
from resilience.leases import State
from resilience.queues import LeasedQueue
from resilience.worker import Chore, Shift

KEPT_FOR = timedelta(days=7)
_PURPOSE = "trail export"
_PART = 1_000_000  # octets before compression, so that a part is under 1 MiB whatever they are
_LEASE = timedelta(minutes=1)
_RETRY = timedelta(minutes=1)
_GIVE_UP_AFTER = timedelta(days=1)
# An export waits until all that came before it is signed; no longer if the sealer stands still.
_PATIENCE = timedelta(minutes=10)
_FORMATS = {
    TrailExport.Format.JSON_LINES: trail_files.json_lines,
    TrailExport.Format.CSV: trail_files.csv_lines,
}


@dataclass(frozen=True, slots=True)
class File:
    """A written export; ``parts`` reads it piece by piece and raises if one is not there."""

    export: TrailExport
    parts: Iterator[bytes]


def of(organization_id: UUID) -> QuerySet[TrailExport]:
    """The exports of one organization."""
    return TrailExport.objects.filter(organization_id=organization_id)


def found(organization_id: UUID, export_id: UUID, *, now: datetime) -> TrailExport | File:
    """
    Return an export that is being written, or its file.

    :raises NotFoundError: there is none, it is another organization's, or its time is over
    """
    export = of(organization_id).filter(pk=export_id).first()
    if export is None or export.state == State.ABANDONED:
        raise NotFoundError(reason="no such export, or given up")
    if export.state == State.DUE:
        return export
    if export.expires_at is None or export.expires_at <= now:
        raise NotFoundError(reason="export has expired")
    return File(export, _read(export))


def void(organization_ids: Collection[UUID]) -> None:
    """
    Take back every file of these organizations, in the transaction that destroys a key.

    What is being written begins anew, and no longer finds that key.
    """
    concerned = TrailExport.objects.filter(organization_id__in=organization_ids)
    # A worker that holds one of them settles it before this, or not at all.
    concerned.filter(state=State.DUE).update(lease=None, due_at=F("requested_at"))
    TrailExportPart.objects.filter(export__in=concerned).delete()
    concerned.exclude(state=State.DUE).delete()


def trim(*, now: datetime) -> int:
    """Delete files whose time is over, and what was given up."""
    given_up = Q(state=State.ABANDONED, settled_at__lt=now - KEPT_FOR)
    outdated = TrailExport.objects.filter(Q(expires_at__lt=now) | given_up)
    parts = TrailExportPart.objects.filter(export__in=outdated)
    return trimming.delete(parts) + trimming.delete(outdated)


def write(export: TrailExport, *, shift: Shift) -> None:
    """
    Write the file of an export that is leased, from its beginning.

    :raises TrailExportOutrun: rows were removed meanwhile, because their time was over
    """
    TrailExportPart.objects.filter(export_id=export.pk).delete()
    told = trail_files.extent(export.organization_id)
    writing = _Writing(export, shift)
    compose = _FORMATS[TrailExport.Format(export.format)]
    for piece in compose(told, Filters.of(export.filters)):
        if shift.is_ending():
            leases.release(export, now=shift.clock())
            return
        writing.add(piece.text, is_row=piece.is_row)
    writing.finish(told)


class _Writing:
    """The file as far as it is written; a part is kept with the lease, or not at all."""

    def __init__(self, export: TrailExport, shift: Shift) -> None:
        self._export, self._shift = export, shift
        self._text = bytearray()
        self._size = self._rows = self._parts = 0

    def add(self, text: bytes, *, is_row: bool) -> None:
        if len(self._text) + len(text) > _PART:
            self._keep_part()
        elif self._export.due_at - self._shift.clock() < _LEASE / 2:
            self._keep_lease()
        self._text += text
        self._size += len(text)
        self._rows += is_row

    def finish(self, told: Extent) -> None:
        self._keep_part()
        now = self._shift.clock()
        with transaction.atomic():
            settled = leases.settle(
                self._export,
                now=now,
                expires_at=now + KEPT_FOR,
                size=self._size,
                row_count=self._rows,
            )
            if settled and trail_files.extent(told.chain).after != told.after:
                raise TrailExportOutrun(reason="rows were removed while they were written")

    def _keep_part(self) -> None:
        sealed = encrypt(zlib.compress(bytes(self._text)), purpose=_PURPOSE)
        self._parts += 1
        with transaction.atomic():
            self._keep_lease()
            TrailExportPart.objects.create(
                export_id=self._export.pk, number=self._parts, sealed=sealed
            )
        self._text.clear()

    def _keep_lease(self) -> None:
        now = self._shift.clock()
        if not leases.renew(self._export, lease_for=_LEASE, now=now):
            raise TrailExportLost(reason="another worker has it, or it was voided")
        self._export.due_at = now + _LEASE


def _read(export: TrailExport) -> Iterator[bytes]:
    parts = TrailExportPart.objects.filter(export_id=export.pk)
    for number in range(1, parts.count() + 1):
        # Without one the answer breaks off, shorter than it said that it would be.
        part = parts.filter(number=number).first()
        if part is None:
            raise NotFoundError(reason="export went while it was read")
        yield zlib.decompress(decrypt(part.sealed, purpose=_PURPOSE))


def _signed() -> QuerySet[TrailExport]:
    """The exports before which nothing is unsigned, and those that have waited long enough."""
    mine = OuterRef("organization_id")
    before = AuditRow.objects.filter(organization_id=mine, id__lt=OuterRef("pk"))
    is_behind = Exists(before.filter(sealed_hash__isnull=True)) | Exists(
        ChainHead.objects.filter(chain=mine, signed_sequence__lt=F("sequence"))
    )
    long_ago = timezone.now() - _PATIENCE
    return TrailExport.objects.filter(~is_behind | Q(requested_at__lt=long_ago))


@contextmanager
def _turn(shift: Shift) -> Iterator[Callable[[TrailExport], None]]:
    yield lambda export: write(export, shift=shift)


def _next_try(export: TrailExport, now: datetime) -> datetime | None:
    return None if now - export.requested_at > _GIVE_UP_AFTER else now + _RETRY


QUEUE = LeasedQueue(
    name="trail exports",
    rows=_signed,
    turn=_turn,
    next_try=_next_try,
    lease_for=_LEASE,
    batch=1,
)
TRIMMING = Chore(name="trim trail exports", every=timedelta(hours=1), run=lambda now: trim(now=now))
