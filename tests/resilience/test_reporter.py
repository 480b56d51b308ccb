from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from resilience import breakers, orders, overview, ratelimit, reporter
from resilience.circuit import State
from resilience.models import CircuitTransition, Process
from resilience.orders import Act
from resilience.presence import Kind, Life
from resilience.reporter import Reporter
from resilience.stores import store
from tests.resilience.conftest import eventually
from tests.resilience.rows import GONE, process

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def breaker():
    yield breakers.replace("test")
    breakers.forget("test")
    ratelimit.believe_processes(0)


@pytest.fixture
def running(breaker) -> Iterator[Reporter]:
    """A reporter that has written its row, with rounds short enough for a test."""
    running = Reporter(Life(), every=0.1)
    running.start()
    eventually(lambda: Process.objects.filter(pk=running.life.id).exists(), seconds=15)
    yield running
    running.stop(within=15)
    assert not running.is_running


def row(running: Reporter) -> Process:
    return Process.objects.get(pk=running.life.id)


def order(act: Act = Act.FORCE_OPEN, *, lasts: float | None = None) -> None:
    now = timezone.now()
    ends_at = None if lasts is None else now + timedelta(seconds=lasts)
    orders.give("test", act=act, reason="drill", by="alice", now=now, ends_at=ends_at)


def test_a_process_describes_itself_and_goes_on_doing_so(running):
    first = row(running)
    assert (first.kind, first.pid) == ("web", os.getpid())
    assert set(first.figures) == {"circuits", "cache", "pool"}
    eventually(lambda: row(running).seen_at > first.seen_at, seconds=15)


def test_the_figures_are_read_back_as_they_were_measured(running, breaker):
    breaker.trip(reason="down")
    eventually(lambda: CircuitTransition.objects.exists(), seconds=15)
    (seen,) = overview.look(now=timezone.now()).live
    (circuit,) = [one for one in seen.circuits if one.name == "test"]
    assert (circuit.state, circuit.reason, circuit.opened_count) == (State.OPEN, "down", 1)
    assert circuit.next_probe_in > 0
    assert seen.pool.max > 0


def test_a_transition_is_history_at_once_and_the_row_says_it_too(breaker):
    slow = Reporter(Life(), every=600)
    slow.start()
    eventually(lambda: Process.objects.exists(), seconds=15)
    breaker.trip(reason="down")
    eventually(lambda: CircuitTransition.objects.exists(), seconds=15)
    slow.stop(within=15)
    written = CircuitTransition.objects.get()
    assert (written.breaker, written.before, written.after) == ("test", "closed", "open")
    assert (written.process_id, written.process_label) == (slow.life.id, str(slow.life))


def test_an_order_reaches_a_breaker_and_its_release_too(running, breaker):
    order()
    eventually(lambda: breaker.standing.is_forced, seconds=15)
    order(Act.AUTOMATIC)
    eventually(lambda: not breaker.standing.is_forced, seconds=15)


def test_a_rehearsal_ends_at_its_moment(running, breaker):
    order(Act.FORCE_CLOSED, lasts=1.5)
    eventually(lambda: breaker.standing.is_forced, seconds=15)
    eventually(lambda: not breaker.standing.is_forced, seconds=15)


def test_an_order_that_is_not_committed_moves_nothing(running, breaker):
    with transaction.atomic():
        order()
        since = timezone.now()
        if connection.vendor == "postgresql":  # SQLite has one writer, who is this test
            eventually(lambda: row(running).seen_at > since, seconds=15)
        transaction.set_rollback(True)
    assert not breaker.standing.is_forced


def test_a_graceful_stop_says_goodbye_and_leaves_no_thread(breaker):
    brief = Reporter(Life(), every=600)
    brief.start()
    eventually(lambda: Process.objects.exists(), seconds=15)
    brief.stop(within=15)
    assert row(brief).ended_at is not None
    assert [one for one in threading.enumerate() if one.name == "reporter"] == []


def test_nothing_is_heard_after_the_stop(breaker):
    brief = Reporter(Life(), every=600)
    brief.start()
    brief.stop(within=15)
    breaker.trip(reason="down")
    assert not brief._history._noted


def test_the_limits_hear_how_many_web_processes_live(running, settings):
    settings.WEB_WORKERS = 1
    process(now=timezone.now())
    process(now=timezone.now(), seen=GONE)
    eventually(lambda: ratelimit.processes() == 2, seconds=15)


def test_what_a_dead_process_left_unsettled_is_cleared_from_redis(running, redis_server):
    redis_server.cli("SET", "plinto:1:stale", "x")
    redis_server.cli("SET", "plinto.copy:kept", "x")
    process(now=timezone.now(), seen=GONE, unsettled=2)
    eventually(lambda: redis_server.cli("EXISTS", "plinto:1:stale") == 0, seconds=15)
    assert redis_server.cli("EXISTS", "plinto.copy:kept") == 1
    eventually(lambda: not Process.objects.filter(unsettled__gt=0).exists(), seconds=15)


def test_a_debt_waits_in_the_heirs_row_until_redis_is_trusted_again(running, redis_server):
    door = store().door
    door.breaker.force_open()
    process(now=timezone.now(), seen=GONE, unsettled=2)
    eventually(lambda: row(running).unsettled == 2, seconds=15)
    door.breaker.reset()
    eventually(lambda: row(running).unsettled == 0, seconds=15)


def test_a_fork_after_start_reports_for_itself(breaker):
    reporter.start(Kind.WORKER)
    eventually(lambda: Process.objects.filter(ended_at=None).exists(), seconds=15)
    breaker.trip(reason="down")
    child = os.fork()
    if child == 0:
        reporter._reporter._thread.join(1)
        reporter.stop()
        os._exit(0 if breaker.is_closed else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    reporter.stop()
    pids = Process.objects.order_by("started_at").values_list("pid", "kind")
    assert list(pids) == [(os.getpid(), "worker"), (child, "worker")]
