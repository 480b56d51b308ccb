from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from resilience.journal import EVERYTHING, Journal
from tests.resilience.conftest import at_once


@pytest.fixture
def journal(clock) -> Journal:
    return Journal(entries=3, late=2.0, clock=clock)


def purge(journal, clock, *, older_than: float = 2.0, is_trusted: bool = True) -> frozenset[str]:
    taken = journal.take(older_than=older_than)
    journal.purged(taken, at=clock(), is_trusted=is_trusted)
    return taken


def test_it_covers_what_was_noted_and_nothing_else(journal):
    journal.note(["a"], was_sent=False)
    assert (journal.covers("a"), journal.covers("b"), len(journal)) == (True, False, 1)


def test_a_key_is_settled_by_a_second_purge_two_seconds_after_the_first(journal, clock):
    journal.note(["a"], was_sent=True)
    assert purge(journal, clock) == {"a"}
    clock.advance(1.9)
    assert purge(journal, clock) == frozenset()
    assert journal.covers("a")
    clock.advance(0.1)
    assert purge(journal, clock) == {"a"}
    assert not journal.covers("a")


def test_a_command_that_was_given_up_again_begins_the_wait_anew(journal, clock):
    journal.note(["a"], was_sent=True)
    purge(journal, clock)
    clock.advance(1.9)
    journal.note(["a"], was_sent=True)
    purge(journal, clock)
    clock.advance(0.1)
    assert purge(journal, clock) == frozenset()
    clock.advance(1.9)
    purge(journal, clock)
    assert not journal.covers("a")


def test_changes_that_stay_here_do_not_put_off_the_end_for_ever(journal, clock):
    journal.note(["a"], was_sent=True)
    for _ in range(4):
        purge(journal, clock)
        clock.advance(0.5)
        journal.note(["a"], was_sent=False)
    assert purge(journal, clock) == {"a"}
    assert not journal.covers("a")


def test_a_change_during_the_purge_needs_another_one(journal, clock):
    journal.note(["a"], was_sent=False)
    purge(journal, clock)
    clock.advance(2)
    taken = journal.take(older_than=2)
    journal.note(["a"], was_sent=False)
    journal.purged(taken, at=clock(), is_trusted=True)
    assert journal.covers("a")
    assert journal.due_in(is_trusted=True) == 0


def test_nothing_is_settled_while_redis_is_not_trusted(journal, clock):
    journal.note(["a"], was_sent=False)
    for _ in range(3):
        purge(journal, clock, older_than=1, is_trusted=False)
        clock.advance(5)
    assert journal.covers("a")
    assert journal.due_in(is_trusted=False) is None


def test_before_trust_begins_all_is_purged_again(journal, clock):
    journal.note(["a"], was_sent=False)
    purge(journal, clock, is_trusted=False)
    clock.advance(1)
    journal.note(["b"], was_sent=False)
    assert purge(journal, clock, older_than=1, is_trusted=False) == {"a", "b"}


def test_a_purge_that_failed_is_due_at_once(journal, clock):
    journal.note(["a"], was_sent=False)
    journal.put_back(journal.take(older_than=2))
    assert journal.due_in(is_trusted=True) == 0
    assert purge(journal, clock) == {"a"}


def test_it_tells_when_the_next_purge_is_due(journal, clock):
    assert journal.due_in(is_trusted=True) is None
    journal.note(["a"], was_sent=False)
    assert journal.due_in(is_trusted=True) == 0
    purge(journal, clock)
    clock.advance(0.5)
    assert journal.due_in(is_trusted=True) == 1.5


def test_past_its_bound_it_covers_everything(journal):
    journal.note(["a", "b", "c"], was_sent=False)
    assert not journal.covers("d")
    journal.note(["d"], was_sent=False)
    assert all(journal.covers(name) for name in "abcdxyz")
    assert journal.take(older_than=2) == {EVERYTHING}


def test_names_are_counted_again_while_everything_is_being_purged(journal, clock):
    journal.note_everything()
    taken = journal.take(older_than=2)
    journal.note(["a"], was_sent=False)
    journal.purged(taken, at=clock(), is_trusted=True)
    clock.advance(2)
    purge(journal, clock)
    assert (journal.covers("a"), journal.covers("b")) == (True, False)


def test_everything_is_purged_once_for_all_that_was_noted_before(journal):
    journal.note_everything()
    journal.note(["a", "b"], was_sent=False)
    assert journal.take(older_than=2) == {EVERYTHING}


def test_an_overflow_during_a_purge_is_not_settled_by_it(journal, clock):
    journal.note(["a"], was_sent=False)
    taken = journal.take(older_than=2)
    journal.note_everything()
    journal.purged(taken, at=clock(), is_trusted=True)
    assert journal.covers("anything")
    assert journal.due_in(is_trusted=True) == 0


def test_eight_threads_lose_no_name(clock):
    journal, names = Journal(clock=clock), iter(range(8))

    def work():
        number = next(names)
        for count in range(500):
            journal.note([f"{number}:{count}"], was_sent=True)
            if count % 50 == 0:
                journal.put_back(journal.take(older_than=2))

    at_once(8, work)
    assert len(journal) == 4000
    assert len(journal.take(older_than=2)) == 4000


def test_a_forked_child_starts_empty_and_unlocked():
    script = """
        import os
        from resilience.journal import Journal
        journal = Journal()
        journal.note(["a"], was_sent=True)
        journal._lock.acquire()
        child = os.fork()
        if child == 0:
            journal.note(["b"], was_sent=True)
            os._exit(0 if len(journal) == 1 and not journal.covers("a") else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, timeout=30)
