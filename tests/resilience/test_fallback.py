from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from resilience.fallback import Fallback
from tests.resilience.conftest import Clock, at_once


@pytest.fixture
def fallback(clock) -> Fallback:
    return Fallback(entries=3, clock=clock)


def test_a_value_ends_with_its_lifetime(fallback, clock):
    fallback.set("key", b"1", lifetime=10)
    clock.advance(9.9)
    assert fallback.get("key") == b"1"
    clock.advance(0.1)
    assert fallback.get("key") is None


def test_what_was_used_longest_ago_leaves_first(fallback):
    for key in "abc":
        fallback.set(key, b"1", lifetime=None)
    fallback.get("a")
    fallback.set("d", b"1", lifetime=None)
    assert [key for key in "abcd" if fallback.get(key)] == ["a", "c", "d"]
    assert fallback.evictions == 1


def test_adding_counting_and_touching_are_uses(fallback):
    for key in "abc":
        fallback.set(key, b"1", lifetime=None)
    fallback.touch("a", lifetime=None)
    fallback.increase("b", by=1)
    fallback.add("d", b"1", lifetime=None)
    assert fallback.get("c") is None


def test_add_takes_the_place_of_what_has_ended(fallback, clock):
    assert fallback.add("key", b"1", lifetime=10)
    assert not fallback.add("key", b"2", lifetime=10)
    clock.advance(10)
    assert fallback.add("key", b"3", lifetime=10)


def test_counting_keeps_the_end(fallback, clock):
    fallback.set("key", b"1", lifetime=10)
    assert fallback.increase("key", by=4) == 5
    clock.advance(10)
    assert fallback.increase("key", by=1) is None


def test_counting_refuses_what_redis_would_refuse(fallback):
    for value in (b'"5"', b"1.5", b"true", b"%d" % (2**63 - 1)):
        fallback.set("key", value, lifetime=None)
        with pytest.raises(TypeError):
            fallback.increase("key", by=1)


def test_hits_and_misses_are_counted(fallback):
    fallback.set("key", b"1", lifetime=None)
    fallback.get("key")
    fallback.get("other")
    assert (fallback.hits, fallback.misses, len(fallback)) == (1, 1, 1)


def test_eight_threads_count_to_sixteen_thousand():
    fallback = Fallback()
    fallback.set("key", b"0", lifetime=None)
    at_once(8, lambda: [fallback.increase("key", by=1) for _ in range(2000)])
    assert fallback.get("key") == b"16000"


def test_eight_threads_never_see_a_value_of_another_key():
    fallback = Fallback(entries=20)

    def work():
        for number in range(1500):
            key = str(number % 40)
            fallback.set(key, key.encode(), lifetime=None)
            assert fallback.get(key) in (key.encode(), None)
        return True

    assert at_once(8, work) == [True] * 8
    assert len(fallback) == 20


def test_a_forked_child_starts_empty_and_unlocked():
    script = """
        import os
        from resilience.fallback import Fallback
        fallback = Fallback()
        fallback.set("key", b"1", lifetime=None)
        fallback._lock.acquire()
        child = os.fork()
        if child == 0:
            os._exit(0 if fallback.get("key") is None else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, timeout=30)


class LikeAList(RuleBasedStateMachine):
    """Compares with the plainest LRU there is: a list in order of use."""

    keys = st.sampled_from("abcdef")

    def __init__(self):
        super().__init__()
        self.clock = Clock()
        self.fallback = Fallback(entries=4, clock=self.clock)
        self.model: list[tuple[str, bytes, float]] = []

    def live(self, key):
        return next((e for e in self.model if e[0] == key and e[2] > self.clock.now), None)

    def drop(self, key):
        self.model = [entry for entry in self.model if entry[0] != key]

    def use(self, key, value, ends_at):
        self.drop(key)
        self.model = [*self.model, (key, value, ends_at)][-4:]

    @rule(seconds=st.sampled_from([1, 5]))
    def time_passes(self, seconds):
        self.clock.advance(seconds)

    @rule(key=keys, number=st.integers(0, 9), lifetime=st.sampled_from([3, 30]))
    def set(self, key, number, lifetime):
        self.fallback.set(key, b"%d" % number, lifetime=lifetime)
        self.use(key, b"%d" % number, self.clock.now + lifetime)

    @rule(key=keys)
    def get(self, key):
        entry = self.live(key)
        assert self.fallback.get(key) == (entry[1] if entry else None)
        self.use(*entry) if entry else self.drop(key)

    @rule(key=keys)
    def delete(self, key):
        assert self.fallback.delete(key) == (self.live(key) is not None)
        self.drop(key)

    @invariant()
    def it_is_never_larger_than_allowed(self):
        assert len(self.fallback) <= 4


LikeAList.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLikeAList = LikeAList.TestCase
