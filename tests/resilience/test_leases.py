from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from accounts.models import OutboundMail
from resilience import leases
from resilience.leases import State

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.django_db


def waiting(*, due_at=NOON):
    return OutboundMail.objects.create(
        template="address_taken",
        recipient="alice@example.com",
        sealed_context=b"sealed",
        created_at=NOON,
        due_at=due_at,
    )


def claim(*, now=NOON, limit=10):
    return leases.claim(OutboundMail.objects.all(), limit=limit, lease_for=MINUTE, now=now)


def test_a_row_is_claimed_when_due_and_not_before():
    row = waiting(due_at=NOON + MINUTE)
    assert claim(now=NOON) == []
    assert claim(now=NOON + MINUTE) == [row]


def test_the_row_longest_due_comes_first():
    later, sooner = waiting(due_at=NOON), waiting(due_at=NOON - MINUTE)
    assert claim(limit=1) == [sooner]
    assert claim(limit=1) == [later]


def test_a_claimed_row_is_nobody_elses_until_its_lease_is_over():
    row = waiting()
    claim()
    assert claim(now=NOON + MINUTE / 2) == []
    assert claim(now=NOON + MINUTE) == [row]


def test_portions_are_claimed_together_each_up_to_its_limit():
    mine, other = [waiting() for _ in range(3)], waiting(due_at=NOON - MINUTE)
    rows = OutboundMail.objects.all()
    portions = [(rows.exclude(pk=other.pk), 2), (rows.filter(pk=other.pk), 5)]
    claimed = leases.claim_each(portions, lease_for=MINUTE, now=NOON)
    assert other in claimed
    assert len(claimed) == 3
    assert len({row.lease for row in claimed}) == 1
    assert set(claim()) == set(mine) - set(claimed)


def test_a_row_whose_worker_died_counts_both_attempts():
    waiting()
    claim()
    (again,) = claim(now=NOON + MINUTE)
    assert again.attempts == OutboundMail.objects.get().attempts == 2


def test_a_settled_row_is_never_claimed_again():
    waiting()
    (row,) = claim()
    assert leases.settle(row, now=NOON, sealed_context=b"")
    stored = OutboundMail.objects.get()
    assert (stored.state, stored.settled_at, bytes(stored.sealed_context)) == ("settled", NOON, b"")
    assert claim(now=NOON + timedelta(days=1)) == []


def test_a_retried_row_comes_due_when_told_and_shows_its_error():
    waiting()
    (row,) = claim()
    assert leases.retry(row, due_at=NOON + MINUTE / 2, error="451" + "x" * 1000)
    assert claim(now=NOON + MINUTE / 4) == []
    (again,) = claim(now=NOON + MINUTE / 2)
    assert again.last_error.startswith("451x")


def test_an_abandoned_row_stays_visible_and_is_not_claimed():
    waiting()
    (row,) = claim()
    assert leases.abandon(row, now=NOON, error="550")
    stored = OutboundMail.objects.get()
    assert (stored.state, stored.last_error) == (State.ABANDONED, "550")
    assert claim(now=NOON + timedelta(days=1)) == []


def test_a_released_row_is_due_at_once_and_was_not_an_attempt():
    waiting()
    (row,) = claim()
    assert leases.release(row, now=NOON)
    (again,) = claim()
    assert again.attempts == 1


def test_a_renewed_lease_keeps_others_away_for_longer():
    waiting()
    (row,) = claim()
    assert leases.renew(row, lease_for=MINUTE, now=NOON + MINUTE / 2)
    assert claim(now=NOON + MINUTE) == []


@pytest.mark.parametrize(
    "write",
    [
        lambda row: leases.settle(row, now=NOON),
        lambda row: leases.retry(row, due_at=NOON, error="late"),
        lambda row: leases.abandon(row, now=NOON, error="late"),
        lambda row: leases.release(row, now=NOON),
        lambda row: leases.renew(row, lease_for=MINUTE, now=NOON),
    ],
)
def test_a_worker_that_outlived_its_lease_changes_nothing(write):
    waiting()
    (outlived,) = claim()
    claim(now=NOON + MINUTE)
    before = OutboundMail.objects.values().get()
    assert not write(outlived)
    assert OutboundMail.objects.values().get() == before


def test_a_row_that_was_never_claimed_cannot_be_settled():
    assert not leases.settle(waiting(), now=NOON)


@pytest.mark.django_db(transaction=True)
def test_claiming_inside_a_transaction_is_a_programming_error():
    waiting()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        claim()


@pytest.mark.django_db(transaction=True)
def test_many_workers_never_claim_one_row_twice():
    for _ in range(60):
        waiting()
    claimed, start = [], threading.Barrier(6)

    def work():
        start.wait()
        while rows := claim(limit=5):
            claimed.extend(row.pk for row in rows)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(claimed) == len(set(claimed)) == 60
