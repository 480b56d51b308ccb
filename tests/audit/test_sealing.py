"""Sealing: every committed row gets one place in its chain, in whatever order rows come."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit.chain import SYSTEM_CHAIN
from audit.models import AuditRow, ChainHead, Checkpoint
from audit.services import alarms, sealing
from audit.services.sealing import BATCH, QUEUE
from resilience.worker import Shift
from tests.audit.rows import NOON, a_row
from tests.audit.sealed import assert_whole, chain_of, seal_all, written

ACME, UMBRELLA = UUID(int=0xACE), UUID(int=0xBAD)

pytestmark = pytest.mark.django_db


def turn():
    return QUEUE.run_due(Shift(clock=lambda: NOON))


def test_rows_stand_in_their_chain_in_the_order_of_their_ids():
    ids = written(ACME, count=3)
    seal_all()
    assert [row.pk for row in assert_whole(ACME)] == ids


def test_each_organization_has_a_chain_and_the_deployment_another():
    for owner in (ACME, UMBRELLA, None, ACME, None):
        written(owner)
    seal_all()
    assert [len(assert_whole(chain)) for chain in (ACME, UMBRELLA)] == [2, 1]
    # The first key of the deployment was made meanwhile, which is an event too.
    seal_all()
    assert [row.action for row in assert_whole(SYSTEM_CHAIN)][-1] == "audit_key.rotated"


def test_a_row_that_is_committed_late_is_sealed_later():
    late = a_row(organization_id=ACME)
    (early,) = written(ACME)
    seal_all()
    late.save()
    seal_all()
    assert late.pk < early
    assert [row.pk for row in assert_whole(ACME)] == [early, late.pk]


def test_a_sealed_row_says_when_it_was_sealed_and_keeps_all_it_said():
    written(ACME, changes={"name": ["A", "Alice"]})
    said = AuditRow.objects.get().said()
    seal_all()
    (row,) = chain_of(ACME)
    assert (row.sealed_at, row.said()) == (NOON, said)


def test_a_backlog_is_sealed_batch_by_batch_and_signed_batch_by_batch():
    AuditRow.objects.bulk_create([a_row(organization_id=ACME) for _ in range(BATCH + 5)])
    assert turn() == BATCH
    assert turn() == 0
    assert len(assert_whole(ACME)) == BATCH + 5
    spans = Checkpoint.objects.filter(chain=ACME).values_list("first", "last")
    assert list(spans) == [(1, BATCH), (BATCH + 1, BATCH + 5)]


def test_a_busy_chain_keeps_no_other_waiting():
    AuditRow.objects.bulk_create([a_row(organization_id=ACME) for _ in range(BATCH + 1)])
    written(UMBRELLA)
    written(None)
    turn()
    assert [len(chain_of(chain)) for chain in (ACME, UMBRELLA, SYSTEM_CHAIN)] == [BATCH, 1, 1]


def test_an_idle_worker_asks_once_and_writes_nothing():
    written(ACME)
    seal_all()
    seal_all()
    with CaptureQueriesContext(connection) as asked:
        assert turn() == 0
    assert len(asked) == 1
    assert asked[0]["sql"].lstrip().startswith("SELECT")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no other plan")
@pytest.mark.parametrize("chain", [SYSTEM_CHAIN, ACME])
def test_the_oldest_rows_of_a_long_backlog_are_found_without_sorting_it(chain):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        plan = sealing._oldest(chain)[:BATCH].explain()
    assert "audit_row_unsealed" in plan
    assert "Sort" not in plan


def test_rows_that_come_one_by_one_are_signed_together():
    written(ACME, count=7)
    turn()
    assert Checkpoint.objects.filter(chain=ACME).count() == 1


def test_a_worker_that_is_asked_to_stop_begins_no_other_chain():
    written(ACME)
    assert QUEUE.run_due(Shift(clock=lambda: NOON, is_ending=lambda: True)) == 0
    assert AuditRow.objects.filter(sealed_hash=None).count() == 1


@pytest.mark.parametrize("how", ["deleted", "put back"])
def test_a_head_that_says_less_than_the_rows_is_not_believed(how):
    written(ACME, count=2)
    seal_all()
    if how == "deleted":
        ChainHead.objects.filter(chain=ACME).delete()
    else:
        ChainHead.objects.filter(chain=ACME).update(sequence=1, signed_sequence=1)
    written(ACME)
    seal_all()
    assert len(assert_whole(ACME)) == 3


def test_the_numbers_of_rows_that_are_gone_are_not_given_to_others():
    written(ACME, count=2)
    seal_all()
    # As if the third had been removed, signed and all.
    ChainHead.objects.filter(chain=ACME).update(sequence=3, signed_sequence=3)
    written(ACME)
    seal_all()
    assert [row.sequence for row in chain_of(ACME)] == [1, 2, 4]
    assert list(Checkpoint.objects.filter(chain=ACME).values_list("first", "last")) == [
        (1, 2),
        (4, 4),
    ]


def test_a_chain_whose_rows_were_removed_unsigned_stops_no_other_and_goes_on():
    written(ACME)
    seal_all()
    ChainHead.objects.filter(chain=ACME).update(sequence=3)
    written(UMBRELLA)
    seal_all()
    assert_whole(UMBRELLA)
    written(ACME)
    seal_all()
    spans = Checkpoint.objects.filter(chain=ACME).values_list("first", "last")
    assert list(spans) == [(1, 1), (4, 4)]


def test_a_database_that_cannot_go_on_is_not_taken_for_one_bad_chain():
    def lost() -> int:
        raise OperationalError("the server closed the connection")

    with pytest.raises(OperationalError):
        alarms.unless_stuck(ACME, lost)


def test_a_row_is_sealed_by_the_clock_of_the_worker():
    written(ACME)
    later = NOON + timedelta(hours=1)
    assert sealing.seal(ACME, now=later) == 1
    assert ChainHead.objects.get(chain=ACME).moved_at == later
