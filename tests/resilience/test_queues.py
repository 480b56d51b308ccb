from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import OutboundMail
from plinto.kernel.exceptions import ExternalServiceError, ServiceUnavailableError
from resilience import leases
from resilience.queues import LeasedQueue
from resilience.turns import Outcome, turns
from resilience.worker import Shift

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.django_db


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def waiting(*recipients):
    for place, recipient in enumerate(recipients):
        OutboundMail.objects.create(
            template="address_taken",
            recipient=recipient,
            sealed_context=b"sealed",
            created_at=NOON,
            due_at=NOON - MINUTE + timedelta(seconds=place),
        )


def queue_of(act, **changed):
    @contextmanager
    def turn(shift):
        yield act

    described = {
        "name": "test",
        "rows": OutboundMail.objects.all,
        "turn": turn,
        "next_try": lambda row, now: now + MINUTE,
        "lease_for": MINUTE,
    }
    return LeasedQueue(**{**described, **changed})


def settle(row):
    leases.settle(row, now=NOON)


def states():
    return dict(OutboundMail.objects.values_list("recipient", "state"))


def test_a_batch_is_worked_on_and_counted(clock):
    waiting("a", "b", "c")
    queue = queue_of(settle, batch=2)
    assert [queue.run_due(Shift(clock=clock)) for _ in range(3)] == [2, 1, 0]
    assert states() == {"a": "settled", "b": "settled", "c": "settled"}


@pytest.mark.parametrize("error", [ExternalServiceError(reason="550"), ZeroDivisionError("bug")])
def test_a_row_that_fails_harms_no_other(clock, error):
    waiting("bad", "good")

    def act(row):
        if row.recipient == "bad":
            raise error
        settle(row)

    assert queue_of(act).run_due(Shift(clock=clock)) == 2
    assert states() == {"bad": "due", "good": "settled"}


def test_a_fault_is_shown_by_its_kind_and_never_by_its_text(clock):
    waiting("bad")

    def act(row):
        raise ValueError("the link https://id.example/#token=secret")

    queue_of(act).run_due(Shift(clock=clock))
    assert OutboundMail.objects.get().last_error == "ValueError"


def test_when_the_service_is_gone_the_rest_goes_back_untried(clock):
    waiting("first", "second", "third")

    def act(row):
        raise ServiceUnavailableError(reason="connection refused")

    assert queue_of(act).run_due(Shift(clock=clock)) == 0
    attempts = dict(OutboundMail.objects.values_list("recipient", "attempts"))
    assert attempts == {"first": 1, "second": 0, "third": 0}


def test_nothing_is_claimed_while_the_queue_is_not_ready(clock):
    waiting("a")
    assert queue_of(settle, is_ready=lambda: False).run_due(Shift(clock=clock)) == 0
    assert OutboundMail.objects.get().attempts == 0


def test_what_waits_is_told_and_what_was_given_up_a_day_ago_is_not(clock):
    waiting("a", "b", "c")
    OutboundMail.objects.filter(recipient="c").update(due_at=NOON + MINUTE)
    for ago in (timedelta(hours=23), timedelta(hours=25)):
        waiting("old")
        OutboundMail.objects.filter(recipient="old", state="due").update(
            state="abandoned", settled_at=NOON - ago
        )
    told = queue_of(settle).backlog(NOON)
    assert (told.due, told.oldest, told.abandoned) == (2, NOON - MINUTE, 1)
    assert (told.waited(NOON), told.is_more) == (60.0, False)
    queue_of(settle).run_due(Shift(clock=clock))
    told = queue_of(settle).backlog(NOON)
    assert (told.due, told.oldest, told.waited(NOON)) == (0, None, 0.0)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="explained by PostgreSQL")
def test_what_is_counted_is_found_by_partial_indexes_and_bounded():
    with CaptureQueriesContext(connection) as queries:
        queue_of(settle).backlog(NOON)
    used = []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query in queries:
            assert "LIMIT" in query["sql"]
            cursor.execute(f"EXPLAIN {query['sql']}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            used += [
                each for each in ("outboundmail_due", "outboundmail_abandoned") if each in plan
            ]
    assert used == ["outboundmail_due", "outboundmail_due", "outboundmail_abandoned"]


def test_tries_are_counted_by_what_became_of_the_row(clock):
    waiting("good", "bad", "worse")

    def act(row):
        if row.recipient != "good":
            raise ExternalServiceError(reason="550")
        settle(row)

    turns.renew()
    queue_of(
        act, next_try=lambda row, now: None if row.recipient == "worse" else now + MINUTE
    ).run_due(Shift(clock=clock))
    assert {each: turns.count_tries("test", each) for each in Outcome} == dict.fromkeys(Outcome, 1)


def test_a_row_with_no_next_try_is_abandoned_and_wiped(clock):
    waiting("a")

    def act(row):
        raise ExternalServiceError(reason="550 5.1.1")

    queue = queue_of(act, next_try=lambda row, now: None, when_abandoned={"sealed_context": b""})
    queue.run_due(Shift(clock=clock))
    row = OutboundMail.objects.get()
    assert (row.state, row.last_error, bytes(row.sealed_context)) == ("abandoned", "550 5.1.1", b"")


def test_a_worker_that_is_ending_hands_back_what_it_has_not_begun(clock):
    waiting("first", "second")
    begun = []

    def act(row):
        begun.append(row.recipient)
        settle(row)

    queue_of(act).run_due(Shift(clock=clock, is_ending=lambda: bool(begun)))
    assert states() == {"first": "settled", "second": "due"}


def test_a_row_whose_lease_ran_out_behind_a_slow_one_is_left_to_its_new_owner(clock):
    waiting("slow", "late")
    done = []

    def act(row):
        done.append(row.recipient)
        clock.now += 2 * MINUTE
        queue_of(lambda taken: None).run_due(Shift(clock=clock))

    queue_of(act).run_due(Shift(clock=clock))
    assert done == ["slow"]


def test_a_slow_row_does_not_cost_the_next_one_its_lease(clock):
    waiting("slow", "next")

    def act(row):
        clock.now += MINUTE / 2
        assert queue_of(settle).run_due(Shift(clock=clock)) == 0
        settle(row)

    assert queue_of(act).run_due(Shift(clock=clock)) == 2
    assert states() == {"slow": "settled", "next": "settled"}
