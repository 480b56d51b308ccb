"""Fifty writers whose transactions end in any order, and two sealers beside them."""

from __future__ import annotations

import random
import threading
import time
from uuid import UUID

import pytest
from django.db import connection, connections, transaction

from audit.chain import SYSTEM_CHAIN
from audit.models import AuditRow
from audit.services import checkpoint_keys
from audit.services.sealing import QUEUE
from resilience.probes import unpooled
from resilience.worker import Shift
from tests.audit.rows import NOON, a_row
from tests.audit.sealed import assert_whole, seal_all
from tests.races import at_once

# SQLite has one writer at a time, so many of them only wait.
WRITERS, TIMES = (50, 8) if connection.vendor == "postgresql" else (6, 8)
OWNERS = [UUID(int=number) for number in range(1, 6)]

pytestmark = pytest.mark.django_db(transaction=True)


def _write(writer: int, committed: list[UUID]) -> None:
    """Insert rows into the chains of several owners, and commit late, early or never."""
    draw = random.Random(writer)
    # Outside the pool, which has fewer connections than there are writers.
    connections["default"] = own = unpooled("default")
    try:
        for turn in range(TIMES):
            rows = [
                a_row(organization_id=OWNERS[(writer + step) % 5], reason=f"{writer} {turn}")
                for step in range(1 + turn % 3)
            ]
            is_undone = draw.random() < 0.15
            with transaction.atomic():
                for row in rows:
                    row.save()
                time.sleep(draw.choice([0, 0, 0.002, 0.03]))
                transaction.set_rollback(is_undone)
            if not is_undone:
                committed.extend(row.pk for row in rows)
    finally:
        own.close()


def _seal(over: threading.Event, turns: list[int]) -> None:
    shift = Shift(clock=lambda: NOON)
    try:
        while not over.is_set():
            before = time.monotonic()
            QUEUE.run_due(shift)
            turns.append(1)
            time.sleep(max(0, 0.01 - (time.monotonic() - before)))
    finally:
        connections.close_all()


def test_fifty_writers_and_two_sealers_leave_chains_without_a_gap_or_a_fork():
    checkpoint_keys.make_first(now=NOON)
    committed: list[UUID] = []
    turns: list[int] = []
    over = threading.Event()
    sealers = [threading.Thread(target=_seal, args=(over, turns)) for _ in range(2)]
    for sealer in sealers:
        sealer.start()
    try:
        at_once(lambda number: _write(number, committed), times=WRITERS)
    finally:
        over.set()
        for sealer in sealers:
            sealer.join()
    sealed_meanwhile = AuditRow.objects.exclude(sealed_hash=None).count()
    seal_all()
    found = [row for owner in OWNERS for row in assert_whole(owner)]
    assert {row.pk for row in found} == set(committed)
    assert len(found) == len(committed)
    assert len(assert_whole(SYSTEM_CHAIN)) == 1
    assert sealed_meanwhile > 0
    if connection.vendor == "postgresql":
        # Rows were indeed committed out of order: a later id was sealed before an earlier one.
        ids = [[row.pk for row in assert_whole(owner)] for owner in OWNERS]
        assert any(each != sorted(each) for each in ids)
