from __future__ import annotations

import os
import signal
import threading
import time
from datetime import timedelta
from functools import partial

import pytest
from django import db
from django.core.management import CommandError, call_command

from resilience.turns import Outcome, turns
from resilience.worker import Chore, Shift, Stop, Worker, roster, run_until_idle


class Line:
    """A queue of callables, one a turn."""

    def __init__(self, name, *turns):
        self.name = name
        self.turns = list(turns)
        self.idle_turns = 0

    def run_due(self, shift):
        if not self.turns:
            self.idle_turns += 1
            return 0
        return self.turns.pop(0)()


def done():
    return 1


def broken():
    raise db.OperationalError("the database system is starting up")


def run_until(condition, *, queues=(), chores=(), within=8.0):
    """Run a worker until ``condition`` holds; return whether it did, and whether it stopped."""
    stop = Stop()
    worker = Worker(queues=queues, chores=chores, stop=stop, draw=lambda: 0.0)
    thread = threading.Thread(target=worker.run)
    thread.start()
    end = time.monotonic() + within
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    stop.ask()
    thread.join(within)
    return condition() and not thread.is_alive()


def test_a_busy_queue_is_worked_on_without_pauses():
    line = Line("busy", *[done] * 500)
    assert run_until(lambda: not line.turns, queues=[line], within=3)


def test_an_outage_of_the_database_is_waited_out():
    line = Line("mail", done, broken, broken, done)
    assert run_until(lambda: not line.turns, queues=[line])


def test_a_queue_that_hangs_does_not_hold_up_another():
    freed = threading.Event()
    hanging, other = Line("hanging", lambda: freed.wait(5)), Line("other", done, done)
    threading.Timer(1.5, freed.set).start()
    began = time.monotonic()
    seen = []

    def other_is_done():
        if not other.turns and not seen:
            seen.append(time.monotonic() - began)
        return bool(seen)

    assert run_until(other_is_done, queues=[hanging, other])
    assert seen[0] < 1


def test_what_was_begun_is_finished_before_the_worker_stops():
    finished, begun = [], threading.Event()

    def slow():
        begun.set()
        time.sleep(0.3)
        finished.append(True)
        return 1

    assert run_until(begun.is_set, queues=[Line("slow", slow)])
    assert finished


class Conveyor(Line):
    """A queue that has something under way when a turn is over."""

    def __init__(self, name, *turns):
        super().__init__(name, *turns)
        self.finished = False

    def drain(self):
        self.finished = True


def test_what_is_under_way_when_a_turn_is_over_is_waited_for():
    conveyor = Conveyor("conveyor", done)
    assert run_until(lambda: not conveyor.turns, queues=[conveyor])
    assert conveyor.finished
    until_idle = Conveyor("conveyor", done)
    assert run_until_idle([until_idle], shift=Shift()) == 1
    assert until_idle.finished


def test_a_chore_is_done_and_its_failure_ends_nothing():
    done_at, line = [], Line("mail")

    def trim(now):
        done_at.append(now)
        raise db.OperationalError("gone")

    chore = Chore(name="trim", every=timedelta(seconds=0.1), run=trim)
    assert run_until(lambda: len(done_at) >= 2, queues=[line], chores=[chore])
    assert all(moment.tzinfo is not None for moment in done_at)


def test_a_chore_that_hangs_holds_up_no_other():
    freed, others = threading.Event(), []

    def hang(_now):
        return freed.wait(8)

    def trim(_now):
        others.append(True)
        return 0

    every = timedelta(seconds=0.1)
    chores = [
        Chore(name="ask outside", every=every, run=hang, is_slow=True),
        Chore(name="trim", every=every, run=trim),
    ]
    stopped = []

    def others_go_on():
        if len(others) >= 3:
            stopped.append(freed.is_set())
            freed.set()
        return bool(stopped)

    assert run_until(others_go_on, chores=chores)
    assert stopped[0] is False


def test_every_chore_that_asks_outside_has_a_thread_of_its_own():
    assert roster.chores["check domains"].is_slow


def test_turns_are_counted_as_they_end():
    def raises(_now):
        raise db.OperationalError("gone")

    line = Line("counted", done, broken, done)
    chore = Chore(name="counted chore", every=timedelta(seconds=0.1), run=raises)
    turns.renew()
    failed = partial(turns.count, "counted chore", Outcome.FAILED)
    assert run_until(lambda: not line.turns and failed(), queues=[line], chores=[chore])
    assert turns.count("counted", Outcome.FAILED) == 1
    assert turns.count("counted", Outcome.DONE) >= 2
    assert turns.count("counted chore", Outcome.DONE) == 0


def test_running_until_idle_works_off_every_queue_and_raises_errors():
    first, second = Line("first", done, done), Line("second", done)
    assert run_until_idle([first, second], shift=Shift()) == 3
    with pytest.raises(db.OperationalError):
        run_until_idle([Line("broken", broken)], shift=Shift())


@pytest.fixture
def line():
    line = Line("test-line", done, done)
    roster.add_queue(line)
    yield line
    del roster.queues[line.name]


def test_the_command_works_on_the_named_queue_until_it_is_idle(line):
    call_command("run_worker", queues="test-line", until_idle=True)
    assert not line.turns


def test_the_command_refuses_a_queue_nobody_registered():
    with pytest.raises(CommandError, match="no-such-queue"):
        call_command("run_worker", queues="no-such-queue")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_command_and_restores_what_was_there(line, number):
    before = signal.getsignal(number)
    killer = threading.Timer(0.3, os.kill, (os.getpid(), number))
    killer.start()
    began = time.monotonic()
    call_command("run_worker", queues="test-line")
    assert time.monotonic() - began < 3
    assert signal.getsignal(number) == before
